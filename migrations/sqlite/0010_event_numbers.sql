-- Events are numbered from the last one there is: the counter is written only when that one is deleted, so that its number
-- is not given again. It was written with each commit before.
CREATE TRIGGER events_gone BEFORE DELETE ON events
WHEN old.seq > (SELECT value FROM event_counter WHERE id = 1)
BEGIN
    UPDATE event_counter SET value = (SELECT MAX(seq) FROM events) WHERE id = 1;
END;
