-- What of a source's lines is not read: templates of like lines, at most 100 a source.
CREATE TABLE unread(
    unread INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    source INTEGER NOT NULL,
    app TEXT NOT NULL,            -- the program that wrote it, as far as a syslog header said
    shape TEXT NOT NULL,          -- mm_shape_key
    format TEXT NOT NULL,         -- the format that knew the last of them and could not read it all
    count INTEGER NOT NULL,
    first_us INTEGER NOT NULL,    -- received
    last_us INTEGER NOT NULL,
    queue INTEGER NOT NULL,       -- number of the newest example
    seq INTEGER NOT NULL,
    line1 BLOB NOT NULL,          -- examples: the first two and the newest
    line2 BLOB,
    line3 BLOB
) STRICT;
CREATE INDEX unread_by_source ON unread(company, source);

-- Lines of a source read and not read, by day of receipt in Japan (days since 1970-01-01).
CREATE TABLE coverage_day(
    company INTEGER NOT NULL REFERENCES company(company),
    source INTEGER NOT NULL,
    day INTEGER NOT NULL,
    parsed INTEGER NOT NULL,
    unparsed INTEGER NOT NULL,
    PRIMARY KEY(company, source, day)
) STRICT;

-- By which formats a source's lines were read, and what stood in them (topics.def).
CREATE TABLE source_format(
    company INTEGER NOT NULL REFERENCES company(company),
    source INTEGER NOT NULL,
    format TEXT NOT NULL,
    parsed INTEGER NOT NULL,
    unparsed INTEGER NOT NULL,
    topics INTEGER NOT NULL,      -- bits of topics.def
    first_us INTEGER NOT NULL,
    last_us INTEGER NOT NULL,
    PRIMARY KEY(company, source, format)
) STRICT;
