-- Leads of a VICIdial and contacts here: which is which, what was changed here and is not there yet.
CREATE TABLE lead_links (
    vicidial VARCHAR NOT NULL,
    lead_id BIGINT NOT NULL,
    list_id BIGINT NOT NULL,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    campaign_id BLOB NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    -- What stood on both sides when they last agreed, by field.
    agreed TEXT NOT NULL,
    -- Whether the lead is to be looked at.
    dirty BOOLEAN NOT NULL,
    next_try_at TIMESTAMP NOT NULL,
    PRIMARY KEY (vicidial, campaign_id, lead_id)
);
CREATE INDEX lead_links_by_contact ON lead_links (contact_id);
CREATE INDEX lead_links_dirty ON lead_links (vicidial, campaign_id, next_try_at) WHERE dirty;

CREATE TABLE lead_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    organization_id VARCHAR NOT NULL,
    vicidial VARCHAR NOT NULL,
    contact_id BLOB NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
    field VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    at TIMESTAMP NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    -- Why VICIdial did not take it; empty: it has not been refused.
    refused VARCHAR NOT NULL DEFAULT '',
    UNIQUE (contact_id, vicidial, field)
);
CREATE INDEX lead_changes_by_organization ON lead_changes (organization_id, id);

-- How far each list, and each do-not-call list, was read.
CREATE TABLE lead_marks (
    vicidial VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    at BIGINT NOT NULL,
    place VARCHAR NOT NULL,
    PRIMARY KEY (vicidial, what)
);
