-- What a call teaches: in whose words it was held, and at which step of the script it ended.
ALTER TABLE calls ADD COLUMN script_id BLOB;
ALTER TABLE calls ADD COLUMN last_step VARCHAR;

-- One agent's calls, the newest first.
CREATE INDEX calls_by_agent ON calls (organization_id, agent_name, created_at, id) WHERE agent_name <> '';

-- A webhook's last delivery.
CREATE INDEX deliveries_by_webhook ON deliveries (webhook_id, id);
