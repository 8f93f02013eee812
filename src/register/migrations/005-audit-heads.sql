-- Where each audit chain ends, so that entries taken from its end are missed.
CREATE TABLE audit_head (
    company INTEGER PRIMARY KEY REFERENCES company (company),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL
) STRICT;
INSERT INTO audit_head (company, number, hash)
    SELECT a.company, a.number, a.hash FROM audit a
    WHERE a.number = (SELECT max(b.number) FROM audit b WHERE b.company = a.company);
CREATE TRIGGER audit_moves_head AFTER INSERT ON audit
BEGIN
    INSERT INTO audit_head (company, number, hash) VALUES (NEW.company, NEW.number, NEW.hash)
        ON CONFLICT (company) DO UPDATE SET number = excluded.number, hash = excluded.hash;
END;
CREATE TRIGGER audit_head_stands BEFORE DELETE ON audit_head
BEGIN SELECT RAISE(ABORT, 'audit heads stay'); END;
CREATE TRIGGER audit_head_goes_on BEFORE UPDATE ON audit_head
WHEN NEW.company <> OLD.company OR NEW.number <= OLD.number
BEGIN SELECT RAISE(ABORT, 'audit heads go on'); END;

-- Where the chains ended at the close of a day: a row for each that had grown since its last one.
-- The digest of a day's rows stands in the operator's chain, whose head is mailed to its staff.
CREATE TABLE audit_day (
    day INTEGER NOT NULL,
    company INTEGER NOT NULL REFERENCES company (company),
    number INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (day, company)
) STRICT;
CREATE INDEX audit_day_company ON audit_day (company, day);
CREATE TRIGGER audit_day_stands BEFORE DELETE ON audit_day
BEGIN SELECT RAISE(ABORT, 'audit days stay'); END;
CREATE TRIGGER audit_day_is_not_rewritten BEFORE UPDATE ON audit_day
BEGIN SELECT RAISE(ABORT, 'audit days stay'); END;
