-- Agents: who is logged in, what they did, and what they said came of their calls.
CREATE TABLE agent_seats (
    user_id BLOB PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    -- Which server has the agent's phone.
    owner VARCHAR NOT NULL,
    -- The phone's channel there.
    leg VARCHAR NOT NULL DEFAULT '',
    state VARCHAR NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX agent_seats_by_organization ON agent_seats (organization_id, user_id);

CREATE TABLE agent_log (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state VARCHAR NOT NULL,
    pause_code VARCHAR NOT NULL DEFAULT '',
    campaign_id BLOB,
    call_id VARCHAR,
    at TIMESTAMP NOT NULL
);
CREATE INDEX agent_log_by_user ON agent_log (organization_id, user_id, at);

ALTER TABLE calls ADD COLUMN agent_id BLOB;
ALTER TABLE calls ADD COLUMN agent_name VARCHAR NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN connected_at TIMESTAMP;
ALTER TABLE calls ADD COLUMN disposition VARCHAR NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN disposed_at TIMESTAMP;
-- What the disposition makes of the contact, for a call that is still under way when it is set.
ALTER TABLE calls ADD COLUMN contact_after VARCHAR;
ALTER TABLE calls ADD COLUMN contact_after_at TIMESTAMP;
ALTER TABLE calls ADD COLUMN note TEXT NOT NULL DEFAULT '';
-- What an AI caller found out before it handed the call over.
ALTER TABLE calls ADD COLUMN summary TEXT NOT NULL DEFAULT '';
-- Answered by a person for whom no agent was free in time.
ALTER TABLE calls ADD COLUMN abandoned BOOLEAN NOT NULL DEFAULT FALSE;
-- Who was to take it: an AI caller, or an agent.
ALTER TABLE calls ADD COLUMN taker VARCHAR NOT NULL DEFAULT 'ai';
-- The ledger of thirty days reads only these.
CREATE INDEX calls_for_agents ON calls (campaign_id, answered_at) WHERE taker = 'person';
-- Who waited in vain is not dialled ahead for a while, whichever campaign asks.
CREATE INDEX calls_abandoned ON calls (organization_id, to_number, created_at) WHERE abandoned;
