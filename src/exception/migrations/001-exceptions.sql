-- An exception: what a rule may find in one company without anybody being told, until a day.
-- Kept for ever: who hid what, why and until when is evidence.
CREATE TABLE exception(
    exception INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    rule TEXT NOT NULL,           -- id of the rule
    title TEXT NOT NULL,          -- its title when the exception was made
    product TEXT NOT NULL,        -- its logsource
    category TEXT NOT NULL,
    service TEXT NOT NULL,
    reason TEXT NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('proposed', 'active', 'ended')),
    hides INTEGER NOT NULL,       -- alerts of the past that it would have hidden, ...
    hides_critical INTEGER NOT NULL, -- ... and critical ones: then somebody else has to agree
    until_us INTEGER NOT NULL,
    made_us INTEGER NOT NULL,
    made_by INTEGER NOT NULL,     -- user; 0: on the command line
    agreed_by INTEGER,            -- user, where somebody else had to agree
    ended_us INTEGER,             -- taken back or run out
    ended_by INTEGER,             -- user; NULL: it ran out
    revision INTEGER NOT NULL     -- counts the changes of the company's exceptions
) STRICT;
CREATE INDEX exception_by_state ON exception(state, until_us);
CREATE INDEX exception_by_rule ON exception(company, rule);

-- What must be so: all terms, those of one field and `how` being alternatives.
CREATE TABLE exception_term(
    company INTEGER NOT NULL REFERENCES company(company),
    exception INTEGER NOT NULL REFERENCES exception(exception),
    at INTEGER NOT NULL,
    field TEXT NOT NULL,          -- ECS name, or the name that the rule uses
    how TEXT NOT NULL CHECK(how IN ('equals', 'contains', 'starts', 'ends', 'cidr')),
    value TEXT NOT NULL,
    PRIMARY KEY(exception, at)
) STRICT;
