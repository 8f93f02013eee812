-- What companies and programmes say about detection rules. Rows of programme 0 are the company's
-- own; those of company 0 with a programme are for the members of that programme.

-- Values for a placeholder of rules (%name%). Kept without values when it was taken away.
CREATE TABLE rule_list(
    rule_list INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    programme INTEGER NOT NULL,
    name TEXT NOT NULL,
    lines TEXT NOT NULL,          -- one value a line
    changed_us INTEGER NOT NULL,
    changed_by INTEGER NOT NULL,  -- user; 0: on the command line
    revision INTEGER NOT NULL     -- counts the changes of the company's rows here
) STRICT;
CREATE UNIQUE INDEX rule_list_name ON rule_list(company, programme, name);

-- A rule switched off or on, or of another level. Kept for ever: who did it and why is evidence.
CREATE TABLE rule_adjust(
    rule_adjust INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    programme INTEGER NOT NULL,
    rule TEXT NOT NULL,           -- id of the rule
    title TEXT NOT NULL,          -- its title and its author's level when this was made
    rule_level TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK(enabled IN (0, 1)),
    level TEXT NOT NULL,          -- '': the author's
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('proposed', 'active', 'ended')),
    made_us INTEGER NOT NULL,
    made_by INTEGER NOT NULL,     -- user; 0: on the command line
    agreed_by INTEGER,            -- user, where somebody else had to agree
    ended_us INTEGER,
    ended_by INTEGER,
    revision INTEGER NOT NULL
) STRICT;
CREATE INDEX rule_adjust_rule ON rule_adjust(company, programme, rule);
-- One in force for a rule in one place.
CREATE UNIQUE INDEX rule_adjust_active ON rule_adjust(company, programme, rule)
    WHERE state = 'active';
