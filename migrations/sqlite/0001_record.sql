-- The record. Names and columns of calls, call_events, contacts and campaigns are those that existing users query;
-- times are UTC without zone.
-- SQLite has no decimal: intent_score and cost are integers of ten-thousandths here.

CREATE TABLE organizations (
    id VARCHAR PRIMARY KEY,
    name VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    name VARCHAR NOT NULL UNIQUE,
    role VARCHAR NOT NULL,
    password_hash VARCHAR NOT NULL,
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    created_at TIMESTAMP NOT NULL
);

-- Log-ins. Only a hash of the token is kept.
CREATE TABLE sessions (
    id BLOB PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash VARCHAR NOT NULL UNIQUE,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    revoked_at TIMESTAMP
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE scripts (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    name VARCHAR NOT NULL,
    body TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX scripts_by_organization ON scripts (organization_id);

-- Caller-ID numbers of ours.
CREATE TABLE phone_numbers (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    number VARCHAR NOT NULL,
    label VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (organization_id, number)
);

CREATE TABLE campaigns (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    name VARCHAR NOT NULL,
    type VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    description VARCHAR NOT NULL DEFAULT '',
    script_id BLOB REFERENCES scripts (id),
    call_settings TEXT NOT NULL,
    phone_number_id BLOB REFERENCES phone_numbers (id),
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX campaigns_by_organization ON campaigns (organization_id, created_at);

-- One row a campaign: what its queue does now, and running totals of its calls.
CREATE TABLE queues (
    campaign_id BLOB PRIMARY KEY REFERENCES campaigns (id) ON DELETE CASCADE,
    state VARCHAR NOT NULL DEFAULT 'stopped',
    reason VARCHAR NOT NULL DEFAULT '',
    phone_number_id BLOB REFERENCES phone_numbers (id),
    review_after INTEGER,
    started_calls INTEGER NOT NULL DEFAULT 0,
    successful_calls BIGINT NOT NULL DEFAULT 0,
    failed_calls BIGINT NOT NULL DEFAULT 0,
    last_call_at TIMESTAMP,
    next_call_at TIMESTAMP,
    updated_at TIMESTAMP NOT NULL
);

CREATE TABLE contacts (
    id BLOB PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    first_name VARCHAR NOT NULL DEFAULT '',
    last_name VARCHAR NOT NULL DEFAULT '',
    phone VARCHAR NOT NULL,
    email VARCHAR NOT NULL DEFAULT '',
    company VARCHAR NOT NULL DEFAULT '',
    status VARCHAR NOT NULL DEFAULT 'new',
    last_contacted TIMESTAMP,
    retry_count INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMP NOT NULL,
    -- When the dialer may look at it next; far in the future when only a change can free it.
    next_attempt_at TIMESTAMP NOT NULL,
    held_reason VARCHAR NOT NULL DEFAULT '',
    state VARCHAR NOT NULL DEFAULT '',
    postal_code VARCHAR NOT NULL DEFAULT '',
    timezone VARCHAR NOT NULL DEFAULT '',
    consent_basis VARCHAR NOT NULL DEFAULT '',
    consent_at TIMESTAMP,
    consent_source VARCHAR NOT NULL DEFAULT '',
    custom_fields TEXT NOT NULL,
    UNIQUE (campaign_id, phone)
);
CREATE INDEX contacts_by_status ON contacts (campaign_id, status);
CREATE INDEX contacts_by_phone ON contacts (organization_id, phone);
-- What the hopper reads: the next callable contacts of a campaign.
CREATE INDEX contacts_callable ON contacts (campaign_id, next_attempt_at, id)
    WHERE status IN ('new', 'retry', 'held');

CREATE TABLE do_not_call (
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    phone VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    call_id VARCHAR,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, phone)
);

CREATE TABLE calls (
    id VARCHAR PRIMARY KEY,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    campaign_id BLOB REFERENCES campaigns (id) ON DELETE SET NULL,
    contact_id BLOB REFERENCES contacts (id) ON DELETE SET NULL,
    status VARCHAR NOT NULL,
    outcome VARCHAR,
    duration INTEGER NOT NULL DEFAULT 0,
    transcript TEXT NOT NULL DEFAULT '',
    emotion VARCHAR,
    intent_score INTEGER,
    csat_score INTEGER,
    ai_insights TEXT,
    cost INTEGER NOT NULL DEFAULT 0,
    automated BOOLEAN NOT NULL DEFAULT TRUE,
    from_number VARCHAR NOT NULL DEFAULT '',
    to_number VARCHAR NOT NULL,
    channel_id VARCHAR NOT NULL,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    contact_name VARCHAR NOT NULL DEFAULT '',
    contact_company VARCHAR NOT NULL DEFAULT '',
    detail VARCHAR NOT NULL DEFAULT '',
    answered_at TIMESTAMP,
    -- Which server places and keeps this call; it alone settles it after a crash.
    owner VARCHAR NOT NULL
);
CREATE INDEX calls_by_time ON calls (organization_id, created_at, id);
CREATE INDEX calls_by_campaign ON calls (campaign_id, created_at, id);
CREATE INDEX calls_by_contact ON calls (contact_id, created_at);
-- One call to a number at a time, whichever campaign asks.
CREATE UNIQUE INDEX calls_live ON calls (organization_id, to_number)
    WHERE status IN ('initiated', 'in_progress');

CREATE TABLE call_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    call_id VARCHAR NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
    event_type VARCHAR NOT NULL,
    event_data TEXT NOT NULL,
    timestamp TIMESTAMP NOT NULL
);
CREATE INDEX call_events_by_call ON call_events (call_id, id);

-- Why an attempt was allowed, or a contact held. Kept with the attempt.
CREATE TABLE decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    contact_id BLOB REFERENCES contacts (id) ON DELETE SET NULL,
    call_id VARCHAR REFERENCES calls (id) ON DELETE SET NULL,
    phone VARCHAR NOT NULL,
    rule VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    facts TEXT NOT NULL,
    decided_at TIMESTAMP NOT NULL
);
CREATE INDEX decisions_by_phone ON decisions (organization_id, phone, decided_at);
CREATE INDEX decisions_by_call ON decisions (call_id);
CREATE INDEX decisions_by_contact ON decisions (contact_id);

-- All events in commit order, which consoles resume from. The counter is taken last in a transaction and held to
-- its end, so that numbers become visible in order and without gaps.
CREATE TABLE event_counter (
    id INTEGER PRIMARY KEY,
    value BIGINT NOT NULL
);
INSERT INTO event_counter (id, value) VALUES (1, 0);

CREATE TABLE events (
    seq BIGINT PRIMARY KEY,
    organization_id VARCHAR NOT NULL,
    campaign_id BLOB,
    call_id VARCHAR,
    type VARCHAR NOT NULL,
    body TEXT NOT NULL,
    at TIMESTAMP NOT NULL
);

-- Every command: who, when, what, and what came of it. Each row carries the hash of the one before it.
CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id VARCHAR NOT NULL,
    at TIMESTAMP NOT NULL,
    actor VARCHAR NOT NULL,
    command VARCHAR NOT NULL,
    target VARCHAR NOT NULL,
    detail TEXT NOT NULL,
    result VARCHAR NOT NULL,
    previous_hash VARCHAR NOT NULL,
    hash VARCHAR NOT NULL
);
CREATE INDEX audit_by_time ON audit (organization_id, at);

INSERT INTO organizations (id, name, created_at) VALUES ('default', 'Default', '2000-01-01 00:00:00');
