-- When a finding was made, by our clock, and from which budget: triage.h, mm_lane.
ALTER TABLE finding ADD COLUMN made_us INTEGER NOT NULL DEFAULT 0;
ALTER TABLE finding ADD COLUMN lane INTEGER NOT NULL DEFAULT 0;
CREATE INDEX finding_by_made ON finding(company, made_us);

-- About how many entities a case tells of, where they are counted together; 0: it is about one.
ALTER TABLE cases ADD COLUMN many INTEGER NOT NULL DEFAULT 0;

-- What a finding of kind `many` has counted for one case of it.
CREATE TABLE many(
    many INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    finding INTEGER NOT NULL REFERENCES finding(finding),
    case_id INTEGER NOT NULL,     -- 0: its level opens none
    entities INTEGER NOT NULL,    -- about how many different ones
    events INTEGER NOT NULL,
    succeeded INTEGER NOT NULL,   -- of these: logins that succeeded
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    sketch BLOB NOT NULL,         -- triage/distinct.h
    UNIQUE(finding, case_id)
) STRICT;
CREATE INDEX many_by_case ON many(case_id);

-- Those of them that are shown by name: see triage/many.h.
CREATE TABLE many_entity(
    company INTEGER NOT NULL REFERENCES company(company),
    many INTEGER NOT NULL REFERENCES many(many),
    entity TEXT NOT NULL,
    events INTEGER NOT NULL,      -- at least: since it is shown
    succeeded INTEGER NOT NULL,
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    known INTEGER NOT NULL DEFAULT 0, -- the events knew it before
    PRIMARY KEY(many, entity)
) STRICT;
