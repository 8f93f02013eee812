-- Work that somebody made necessary, written in the transaction that made it so. A row is `done` in
-- the transaction that keeps what the work brought about; until then the worker comes back to it.
CREATE TABLE job(
    job INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    kind TEXT NOT NULL,               -- key of job/kinds.def
    subject INTEGER NOT NULL,         -- what it is about: a case, a mail
    state TEXT NOT NULL CHECK(state IN ('queued', 'running', 'done', 'failed')),
    attempts INTEGER NOT NULL,        -- begun since it was made or asked for again
    not_before_us INTEGER NOT NULL,   -- not begun earlier
    lease_us INTEGER NOT NULL,        -- running: the worker's until then; else 0
    last_error TEXT NOT NULL,         -- a key of base/codes.def, or a peer's words
    created_us INTEGER NOT NULL,
    finished_us INTEGER               -- done or given up
) STRICT;
CREATE INDEX job_due ON job(state, kind, not_before_us);
-- Waiting work is not asked for twice.
CREATE UNIQUE INDEX job_live ON job(company, kind, subject) WHERE state IN ('queued', 'running');
