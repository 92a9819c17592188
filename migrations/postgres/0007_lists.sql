-- What is on a list may leave it again at a moment; null: never.
ALTER TABLE do_not_call ADD COLUMN expires_at TIMESTAMP;
-- Numbers that one campaign alone does not call.
CREATE TABLE campaign_do_not_call (
    campaign_id UUID NOT NULL REFERENCES campaigns (id) ON DELETE CASCADE,
    phone VARCHAR NOT NULL,
    organization_id VARCHAR NOT NULL REFERENCES organizations (id),
    source VARCHAR NOT NULL,
    call_id VARCHAR,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    PRIMARY KEY (campaign_id, phone)
);
CREATE INDEX campaign_do_not_call_by_phone ON campaign_do_not_call (organization_id, phone);
-- A contact's other numbers and those that turned out to be dead, each list with a space between two; which is next.
ALTER TABLE contacts ADD COLUMN alternates VARCHAR NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN dead_numbers VARCHAR NOT NULL DEFAULT '';
ALTER TABLE contacts ADD COLUMN number_turn INTEGER NOT NULL DEFAULT 0;
-- What a call is about, where a rule counts by that: a debt.
ALTER TABLE calls ADD COLUMN subject VARCHAR NOT NULL DEFAULT '';
CREATE INDEX calls_by_subject ON calls (organization_id, subject, created_at) WHERE subject <> '';
