-- The hopper: in which order new contacts are called, and those to be called again, each read off an index of its own.
ALTER TABLE contacts ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
-- A lot drawn at the import, for the random order.
ALTER TABLE contacts ADD COLUMN shuffle INTEGER NOT NULL DEFAULT 0;
UPDATE contacts SET shuffle = floor(random() * 2147483647)::integer WHERE status = 'new';
CREATE INDEX contacts_oldest ON contacts (campaign_id, priority DESC, id) WHERE status = 'new';
CREATE INDEX contacts_newest ON contacts (campaign_id, priority DESC, id DESC) WHERE status = 'new';
CREATE INDEX contacts_random ON contacts (campaign_id, priority DESC, shuffle) WHERE status = 'new';
CREATE INDEX contacts_again ON contacts (campaign_id, next_attempt_at, id) WHERE status IN ('retry', 'held');
-- An expression has statistics of its own: most contacts have no attempts, but few of these do.
CREATE INDEX contacts_by_attempts ON contacts (campaign_id, (attempts + 0), next_attempt_at, id)
    WHERE status IN ('retry', 'held');
