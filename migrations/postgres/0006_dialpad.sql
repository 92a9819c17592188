-- Dialpad: legs as they were told, the calls they make, and what agents did each day. Moments are milliseconds of Unix time.
CREATE TABLE dialpad_legs (
    organization_id VARCHAR NOT NULL,
    id BIGINT NOT NULL,
    -- The least id of the legs that are one call.
    root BIGINT NOT NULL,
    -- Each fact with the moment as of which it was told. Empty: only its id is known.
    facts JSONB NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX dialpad_legs_by_root ON dialpad_legs (organization_id, root);

CREATE TABLE dialpad_calls (
    organization_id VARCHAR NOT NULL,
    id BIGINT NOT NULL,
    leg_id BIGINT NOT NULL,
    department_id BIGINT NOT NULL,
    -- Day and hour in the department's zone.
    day VARCHAR NOT NULL,
    hour BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    direction VARCHAR NOT NULL,
    status VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    agent_id BIGINT NOT NULL,
    agent VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    duration_ms BIGINT NOT NULL,
    labels VARCHAR NOT NULL,
    -- Number, names and labels in small letters: what is searched.
    search VARCHAR NOT NULL,
    recorded BOOLEAN NOT NULL,
    legs BIGINT NOT NULL,
    PRIMARY KEY (organization_id, id)
);
CREATE INDEX dialpad_calls_by_day ON dialpad_calls (organization_id, day, started_at, id);
CREATE INDEX dialpad_calls_by_number ON dialpad_calls (organization_id, number);
CREATE INDEX dialpad_calls_live ON dialpad_calls (organization_id, agent_id) WHERE status = 'live';

-- What an agent did of a call.
CREATE TABLE dialpad_parts (
    organization_id VARCHAR NOT NULL,
    call_id BIGINT NOT NULL,
    agent_id BIGINT NOT NULL,
    department_id BIGINT NOT NULL,
    day VARCHAR NOT NULL,
    direction VARCHAR NOT NULL,
    completed BOOLEAN NOT NULL,
    duration_ms BIGINT NOT NULL,
    PRIMARY KEY (organization_id, call_id, agent_id)
);
CREATE INDEX dialpad_parts_by_day ON dialpad_parts (organization_id, day, department_id, agent_id);

-- What each agent did each day; agent 0: all of the department's calls, each once.
CREATE TABLE dialpad_activity (
    organization_id VARCHAR NOT NULL,
    day VARCHAR NOT NULL,
    department_id BIGINT NOT NULL,
    agent_id BIGINT NOT NULL,
    total BIGINT NOT NULL,
    inbound BIGINT NOT NULL,
    outbound BIGINT NOT NULL,
    completed BIGINT NOT NULL,
    missed BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    PRIMARY KEY (organization_id, day, department_id, agent_id)
);

CREATE TABLE dialpad_hours (
    organization_id VARCHAR NOT NULL,
    day VARCHAR NOT NULL,
    department_id BIGINT NOT NULL,
    hour BIGINT NOT NULL,
    calls BIGINT NOT NULL,
    missed BIGINT NOT NULL,
    PRIMARY KEY (organization_id, day, department_id, hour)
);

-- Days whose calls changed since they were counted.
CREATE TABLE dialpad_changed_days (
    organization_id VARCHAR NOT NULL,
    day VARCHAR NOT NULL,
    department_id BIGINT NOT NULL,
    PRIMARY KEY (organization_id, day, department_id)
);

CREATE TABLE dialpad_agents (
    organization_id VARCHAR NOT NULL,
    id BIGINT NOT NULL,
    body JSONB NOT NULL,
    PRIMARY KEY (organization_id, id)
);

-- How far each department was read.
CREATE TABLE dialpad_marks (
    organization_id VARCHAR NOT NULL,
    department_id BIGINT NOT NULL,
    body JSONB NOT NULL,
    PRIMARY KEY (organization_id, department_id)
);

CREATE TABLE dialpad_transcripts (
    organization_id VARCHAR NOT NULL,
    call_id BIGINT NOT NULL,
    lines JSONB NOT NULL,
    PRIMARY KEY (organization_id, call_id)
);

-- Reports that were made.
CREATE TABLE dialpad_reports (
    organization_id VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    made_at TIMESTAMP NOT NULL,
    PRIMARY KEY (organization_id, name)
);

-- Calls that we had Dialpad start: the law counts them before they are fetched.
CREATE TABLE dialpad_attempts (
    organization_id VARCHAR NOT NULL,
    number VARCHAR NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX dialpad_attempts_by_number ON dialpad_attempts (organization_id, number, at);

-- Whoever changes several of these tables takes this row first.
CREATE TABLE dialpad_lock (id BIGINT PRIMARY KEY, turns BIGINT NOT NULL);
INSERT INTO dialpad_lock (id, turns) VALUES (1, 0);
