-- The text of a questionnaire as it was answered: files of the content change, answers do not. Of
-- nobody: the same for all companies.
CREATE TABLE questionnaire(
    questionnaire INTEGER PRIMARY KEY,
    name TEXT NOT NULL,           -- its id, such as 'first-look'
    version INTEGER NOT NULL,
    digest TEXT NOT NULL,         -- SHA-256 of the text, hexadecimal
    yaml TEXT NOT NULL,
    made_us INTEGER NOT NULL,
    UNIQUE(name, version, digest)
) STRICT;

-- One company answers one questionnaire. Kept for ever: what a company said of itself, and when.
CREATE TABLE assessment(
    assessment INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    questionnaire INTEGER NOT NULL REFERENCES questionnaire(questionnaire),
    name TEXT NOT NULL,           -- of the questionnaire, for lists
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK(state IN ('open', 'submitted', 'interview', 'signed', 'closed')),
    due_us INTEGER,
    follows INTEGER REFERENCES assessment(assessment), -- the one before it, whose answers it took over
    opened_us INTEGER NOT NULL,
    opened_by INTEGER NOT NULL,   -- user; 0: on the command line
    submitted_us INTEGER,
    signed_us INTEGER,
    signed_by INTEGER,
    closed_us INTEGER
) STRICT;
CREATE INDEX assessment_by_company ON assessment(company, name, assessment);

-- Every answer that was ever given; the one in force is the latest of its question and side.
CREATE TABLE assessment_answer(
    answer INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    assessment INTEGER NOT NULL REFERENCES assessment(assessment),
    question TEXT NOT NULL,       -- its id in the questionnaire
    side TEXT NOT NULL CHECK(side IN ('self', 'interviewer')),
    state TEXT NOT NULL CHECK(state IN ('blank', 'given', 'unknown', 'not-applicable')),
    levels TEXT NOT NULL,         -- ids with a blank between them
    body TEXT NOT NULL,           -- of questions for a text, a number, a date
    met TEXT,                     -- ids of the criteria that hold; NULL: nobody ticked any
    comment TEXT NOT NULL,        -- the company's own words
    origin TEXT NOT NULL
        CHECK(origin IN ('self', 'interviewer', 'carried', 'imported', 'proposed')),
    provisional INTEGER NOT NULL CHECK(provisional IN (0, 1)), -- waits until somebody confirms it
    reason TEXT NOT NULL,         -- why it was changed, where it is from
    by_user INTEGER NOT NULL,     -- 0: no user
    by_name TEXT NOT NULL,        -- of who answered without being a user
    made_us INTEGER NOT NULL,
    latest INTEGER CHECK(latest = 1) -- NULL: there is a later one
) STRICT;
CREATE UNIQUE INDEX assessment_answer_latest ON assessment_answer(assessment, question, side)
    WHERE latest = 1;
CREATE INDEX assessment_answer_past ON assessment_answer(assessment, question, answer);

-- What an assessment came to when it was last scored, exactly: num/den in what its questionnaire shows.
CREATE TABLE assessment_score(
    company INTEGER NOT NULL REFERENCES company(company),
    assessment INTEGER NOT NULL REFERENCES assessment(assessment),
    part TEXT NOT NULL CHECK(part IN ('total', 'section', 'category', 'pillar', 'measure', 'tier')),
    id TEXT NOT NULL,             -- of the section and so on; of the total ''
    at INTEGER NOT NULL,          -- its place in the questionnaire
    num INTEGER,                  -- NULL: not measured
    den INTEGER,
    k INTEGER NOT NULL,           -- of shares and tiers
    n INTEGER NOT NULL,           -- answers counted
    questions INTEGER NOT NULL,
    unknown INTEGER NOT NULL,
    not_applicable INTEGER NOT NULL,
    blank INTEGER NOT NULL,
    not_asked INTEGER NOT NULL,
    scored_us INTEGER NOT NULL,
    PRIMARY KEY(assessment, part, id)
) STRICT;
