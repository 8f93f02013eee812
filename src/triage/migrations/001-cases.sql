-- A finding: something wrong in a company. One row per (company, kind, rule, entity); repeats raise
-- its counter. Texts of the rule are kept as they were when the finding was made.
CREATE TABLE finding(
    finding INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    kind TEXT NOT NULL,           -- alert, source_silent, coverage_fell, set_aside, disk_full, ...
    rule TEXT NOT NULL,           -- rule id, or '' for kinds without rules
    entity_field TEXT NOT NULL,   -- ECS name of what it is about: host.name, source.ip, ...
    entity TEXT NOT NULL,
    level INTEGER NOT NULL CHECK(level BETWEEN 0 AND 4),
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    doc TEXT NOT NULL,            -- JSON: the rule's texts in ja and en
    state TEXT NOT NULL CHECK(state IN ('open', 'closed')),
    count INTEGER NOT NULL,
    first_us INTEGER NOT NULL,    -- event time of the first and the last
    last_us INTEGER NOT NULL,
    case_id INTEGER,
    UNIQUE(company, kind, rule, entity_field, entity)
) STRICT;
CREATE INDEX finding_by_case ON finding(case_id);
CREATE INDEX finding_by_time ON finding(company, last_us);

-- Up to which number of a queue a finding has counted: a batch that is done again changes nothing.
CREATE TABLE finding_mark(
    company INTEGER NOT NULL REFERENCES company(company),
    finding INTEGER NOT NULL REFERENCES finding(finding),
    queue INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY(finding, queue)
) STRICT;

-- A case: findings and reports that one person handles together.
CREATE TABLE cases(
    case_id INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    number INTEGER NOT NULL,      -- counts from 1 in each company; what people say on the telephone
    how TEXT NOT NULL CHECK(how IN ('detected', 'reported')),
    entity_field TEXT NOT NULL,
    entity TEXT NOT NULL,
    level INTEGER NOT NULL,
    confidence INTEGER NOT NULL CHECK(confidence BETWEEN 0 AND 100), -- percent
    act TEXT NOT NULL CHECK(act IN ('now', 'today', 'week', 'meeting')),
    state TEXT NOT NULL CHECK(state IN ('new', 'taken', 'waiting', 'closed')),
    outcome TEXT CHECK(outcome IN ('resolved', 'nothing_found', 'expected', 'unknown')),
    outcome_text TEXT NOT NULL,
    handler INTEGER,              -- user number of the operator who took it
    title TEXT NOT NULL,
    doc TEXT NOT NULL,            -- JSON: texts of its gravest finding, or {}
    opened_us INTEGER NOT NULL,   -- when the program or a person opened it
    event_us INTEGER NOT NULL,    -- when it happened
    updated_us INTEGER NOT NULL,
    UNIQUE(company, number)
) STRICT;
CREATE INDEX cases_by_entity ON cases(company, entity_field, entity);
CREATE INDEX cases_by_state ON cases(state, act);

-- Evidence, copied so that it outlives retention.
CREATE TABLE case_event(
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER NOT NULL REFERENCES cases(case_id),
    queue INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    rule TEXT NOT NULL,           -- rule that cited it, or why it was collected
    time_us INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    source INTEGER NOT NULL,
    event TEXT NOT NULL,          -- JSON object with event.original
    PRIMARY KEY(case_id, queue, seq, rule)
) STRICT;

-- What happened to the case, in order.
CREATE TABLE case_step(
    step INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER NOT NULL REFERENCES cases(case_id),
    at_us INTEGER NOT NULL,
    user INTEGER NOT NULL,        -- 0: the program
    what TEXT NOT NULL,           -- opened, finding, taken, called, note, decided, closed, reopened
    text TEXT NOT NULL
) STRICT;
CREATE INDEX case_step_by_case ON case_step(case_id, step);

-- What the company was asked to do, and how it went.
CREATE TABLE case_request(
    request INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER NOT NULL REFERENCES cases(case_id),
    text TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('asked', 'done', 'cannot', 'unknown')),
    reason TEXT NOT NULL,
    asked_us INTEGER NOT NULL,
    answered_us INTEGER
) STRICT;
CREATE INDEX case_request_by_case ON case_request(case_id, request);

-- Records that were kept but not read: a shard died twice at them, or the store refused them.
CREATE TABLE set_aside(
    company INTEGER NOT NULL REFERENCES company(company),
    queue INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    source INTEGER NOT NULL,
    received_us INTEGER NOT NULL,
    why TEXT NOT NULL,
    bytes BLOB NOT NULL,          -- the first 4 KiB
    PRIMARY KEY(queue, seq)
) STRICT;

-- What each source has sent, as the engine and intake counted it.
CREATE TABLE source_health(
    company INTEGER NOT NULL REFERENCES company(company),
    source INTEGER NOT NULL,
    received INTEGER NOT NULL,    -- intake: records that came
    spooled INTEGER NOT NULL,     -- intake: records made durable
    dropped INTEGER NOT NULL,     -- intake: records known to be lost
    parsed INTEGER NOT NULL,
    unparsed INTEGER NOT NULL,
    last_seen_us INTEGER NOT NULL,
    updated_us INTEGER NOT NULL,
    PRIMARY KEY(company, source)
) STRICT;

-- How far the engine has come in each queue. Belongs to nobody.
CREATE TABLE engine_position(
    queue INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL          -- every record below this number is stored and judged
) STRICT;
