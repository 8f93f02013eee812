-- What the machine has used, by day in Japan (days since 1970-01-01) and who used it: programs
-- their processor time, "inserting" and "searching" the time that the store was at it. Of the
-- operator's company.
CREATE TABLE machine_day(
    company INTEGER NOT NULL REFERENCES company(company),
    day INTEGER NOT NULL,
    name TEXT NOT NULL,
    us INTEGER NOT NULL,
    PRIMARY KEY(company, day, name)
) STRICT;

-- Where these counters stood when they were last added: they begin at 0 with who counts.
CREATE TABLE machine_counter(
    company INTEGER NOT NULL REFERENCES company(company),
    name TEXT NOT NULL,
    began_us INTEGER NOT NULL,
    us INTEGER NOT NULL,
    PRIMARY KEY(company, name)
) STRICT;

-- Searches of a month, without reading years of looks.
CREATE INDEX audit_by_search ON audit(time_us, company) WHERE action = 'look.search';
