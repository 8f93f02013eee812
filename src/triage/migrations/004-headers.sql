-- The lines by which a source has named the columns of its logs, as of the engine's position.
CREATE TABLE source_header(
    company INTEGER NOT NULL REFERENCES company(company),
    source INTEGER NOT NULL,
    lines BLOB NOT NULL,          -- oldest first, a newline behind each; at most 8 KiB
    PRIMARY KEY(company, source)
) STRICT;
