-- Relays in companies' networks: what they listen to and follow, and may they speak.
CREATE TABLE relay (
    relay INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    site INTEGER,
    name TEXT NOT NULL,
    listen TEXT NOT NULL,
    follow TEXT,
    mode TEXT NOT NULL,
    note TEXT,
    UNIQUE (company, relay),
    FOREIGN KEY (company, site) REFERENCES site (company, site)
) STRICT;
CREATE UNIQUE INDEX relay_name ON relay (company, name) WHERE ended_us IS NULL;

-- What a relay proves itself with: the code that waits (its key sealed), the token's digest, and
-- the settings that were signed for it.
CREATE TABLE relay_key (
    relay INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    code TEXT,
    code_box BLOB,
    code_until_us INTEGER NOT NULL DEFAULT 0,
    code_tries INTEGER NOT NULL DEFAULT 0,
    digest BLOB,
    epoch INTEGER NOT NULL DEFAULT 0,
    enrolled_us INTEGER,
    machine TEXT,
    serial INTEGER NOT NULL DEFAULT 0,
    settings TEXT,
    FOREIGN KEY (company, relay) REFERENCES relay (company, relay)
) STRICT;
CREATE UNIQUE INDEX relay_key_code ON relay_key (code) WHERE code IS NOT NULL;
