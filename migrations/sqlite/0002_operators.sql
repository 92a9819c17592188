-- What operators need of the record: scopes, tokens, small nouns, callbacks, holds, webhooks, search, resumable imports.

-- Campaigns that a user is confined to, as a JSON list of ids; NULL: all of the organization's.
ALTER TABLE users ADD COLUMN campaigns TEXT;
ALTER TABLE users ADD COLUMN updated_at TIMESTAMP;
-- From where a log-in came, for whoever looks at the list of their own.
ALTER TABLE sessions ADD COLUMN client VARCHAR NOT NULL DEFAULT '';

-- Tokens for programs. Only a hash is kept. They act as their user, within their scopes.
CREATE TABLE api_tokens (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR NOT NULL,
    scopes TEXT NOT NULL,
    token_hash VARCHAR NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP
);
CREATE INDEX api_tokens_by_organization ON api_tokens (organization_id, id);

-- Small nouns that are read whole and changed rarely: dispositions, pause codes, knowledge base, agents, webhooks.
CREATE TABLE catalog (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    kind VARCHAR NOT NULL,
    campaign_id BLOB REFERENCES campaigns (id) ON DELETE CASCADE,
    name VARCHAR NOT NULL,
    body TEXT NOT NULL,
    -- What is never shown again once given, such as a webhook's signing secret.
    secret VARCHAR NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX catalog_by_name ON catalog (organization_id, kind, COALESCE(campaign_id, x'00'), name);
CREATE INDEX catalog_by_kind ON catalog (organization_id, kind, id);

CREATE TABLE callbacks (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    -- Whose; NULL: anyone's.
    user_id BLOB REFERENCES users (id) ON DELETE SET NULL,
    due_at TIMESTAMP NOT NULL,
    timezone VARCHAR NOT NULL DEFAULT '',
    note VARCHAR NOT NULL DEFAULT '',
    status VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX callbacks_due ON callbacks (organization_id, status, due_at, id);

-- Numbers whose record must be kept until the hold is lifted.
CREATE TABLE legal_holds (
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    phone VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    placed_by VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, phone)
);

-- What goes out to webhooks, and what became of it.
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id VARCHAR NOT NULL,
    webhook_id BLOB NOT NULL REFERENCES catalog (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    type VARCHAR NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    status VARCHAR NOT NULL,
    response INTEGER,
    error VARCHAR NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    next_attempt_at TIMESTAMP NOT NULL,
    UNIQUE (webhook_id, seq)
);
CREATE INDEX deliveries_due ON deliveries (next_attempt_at, id) WHERE status = 'pending';
-- Up to which event webhooks have been looked at.
CREATE TABLE webhook_cursor (
    id INTEGER PRIMARY KEY,
    seq BIGINT NOT NULL
);

-- Answers to requests that carried an Idempotency-Key. An unanswered row is a request under way, or one cut off.
CREATE TABLE idempotency (
    organization_id VARCHAR NOT NULL,
    actor VARCHAR NOT NULL,
    key VARCHAR NOT NULL,
    fingerprint VARCHAR NOT NULL,
    status INTEGER,
    content_type VARCHAR NOT NULL DEFAULT '',
    body TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, actor, key)
);

-- Imports, batch by batch: what is done is not done again when the same file is sent again.
CREATE TABLE imports (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    campaign_id BLOB REFERENCES campaigns (id) ON DELETE CASCADE,
    rows_done BIGINT NOT NULL DEFAULT 0,
    imported BIGINT NOT NULL DEFAULT 0,
    rejected BIGINT NOT NULL DEFAULT 0,
    created_at TIMESTAMP NOT NULL,
    finished_at TIMESTAMP
);

-- Words of what was said, newest last; the number orders hits without sorting them.
CREATE TABLE call_texts (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id VARCHAR NOT NULL UNIQUE REFERENCES calls (id) ON DELETE CASCADE
);
CREATE VIRTUAL TABLE call_words USING fts5 (
    organization, words, content = '', contentless_delete = 1, detail = 'column', tokenize = 'unicode61'
);
CREATE TRIGGER call_texts_gone AFTER DELETE ON call_texts BEGIN
    DELETE FROM call_words WHERE rowid = old.number;
END;
INSERT INTO call_texts (call_id) SELECT id FROM calls
    WHERE status NOT IN ('initiated', 'in_progress') ORDER BY created_at, id;
INSERT INTO call_words (rowid, organization, words)
    SELECT t.number, 'o' || hex(c.organization_id), c.contact_name || ' ' || c.transcript
    FROM call_texts t JOIN calls c ON c.id = t.call_id ORDER BY t.number;

-- One order for all filters of the history: newest first, by time and id.
CREATE INDEX calls_by_outcome ON calls (organization_id, outcome, created_at, id);
CREATE INDEX calls_by_emotion ON calls (organization_id, emotion, created_at, id);
CREATE INDEX calls_by_status ON calls (organization_id, status, created_at, id);
CREATE INDEX calls_by_number ON calls (organization_id, to_number, created_at);
CREATE INDEX calls_of_owner ON calls (owner) WHERE status IN ('initiated', 'in_progress');

-- On SQLite only an INTEGER PRIMARY KEY is the row's own place; under another type each event cost a second tree.
CREATE TABLE events_in_place (
    seq INTEGER PRIMARY KEY,
    organization_id VARCHAR NOT NULL,
    campaign_id BLOB,
    call_id VARCHAR,
    type VARCHAR NOT NULL,
    body TEXT NOT NULL,
    at TIMESTAMP NOT NULL
);
INSERT INTO events_in_place SELECT seq, organization_id, campaign_id, call_id, type, body, at FROM events ORDER BY seq;
DROP TABLE events;
ALTER TABLE events_in_place RENAME TO events;
CREATE INDEX events_by_call ON events (call_id) WHERE call_id IS NOT NULL;
CREATE INDEX audit_by_organization ON audit (organization_id, id);
