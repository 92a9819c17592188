-- Recordings of calls: where each is kept, and until when. The sound itself lies outside, on a shelf. A row outlives its call, so
-- that the sound is found and deleted after it.
CREATE TABLE recordings (
    call_id VARCHAR PRIMARY KEY,
    organization_id VARCHAR NOT NULL,
    place VARCHAR NOT NULL,
    seconds INTEGER NOT NULL,
    bytes BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    delete_at TIMESTAMP
);
CREATE INDEX recordings_due ON recordings (delete_at);
