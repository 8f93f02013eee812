-- What a person reported: on the page, by telephone (an operator writes it down), through the API.
CREATE TABLE report(
    report INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER NOT NULL REFERENCES cases(case_id),
    made_us INTEGER NOT NULL,
    noticed_us INTEGER NOT NULL,
    who TEXT NOT NULL,            -- who noticed; may be left out
    pc TEXT NOT NULL,             -- the PC's name or address, as the person knows it
    place TEXT NOT NULL,          -- where it stands
    symptoms TEXT NOT NULL,       -- keys of desk/symptoms.def, parted by blanks
    done TEXT NOT NULL,           -- keys of what was done already
    needed TEXT NOT NULL CHECK(needed IN ('yes', 'no', 'unknown')), -- is the PC needed for work?
    via TEXT NOT NULL CHECK(via IN ('page', 'call', 'api')),
    text TEXT NOT NULL
) STRICT;
CREATE INDEX report_by_case ON report(case_id);

-- What the program looked at for a case, what it found, and what it could not see.
CREATE TABLE case_look(
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER NOT NULL REFERENCES cases(case_id),
    what TEXT NOT NULL,           -- key of desk/looks.def
    state TEXT NOT NULL CHECK(state IN ('found', 'none', 'cannot')),
    count INTEGER NOT NULL,
    detail TEXT NOT NULL,         -- JSON object of particulars
    at_us INTEGER NOT NULL,
    PRIMARY KEY(case_id, what)
) STRICT;
