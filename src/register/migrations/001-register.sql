-- Who is watched, where, by whom, and who may be called. One row belongs to one company; a row
-- that others may cite is ended (ended_us), never deleted. Forms and checks: register/fields.def.

CREATE TABLE programme (
    programme INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    name_en TEXT,
    owner TEXT,
    area TEXT,
    since TEXT,
    until TEXT,
    note TEXT
) STRICT;

CREATE TABLE company (
    company INTEGER PRIMARY KEY AUTOINCREMENT,
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kana TEXT,
    name_en TEXT,
    area TEXT,
    address TEXT,
    industry TEXT,
    capital TEXT,
    employees TEXT,
    tier INTEGER,
    products TEXT,
    product_type TEXT,
    sensor TEXT,
    timezone TEXT NOT NULL,
    stage TEXT,
    note TEXT
) STRICT;
CREATE INDEX company_cohort ON company (industry, employees, area);
-- Number 0 is the operator's own company: its staff, unknown senders, Mimamori's own health.
INSERT INTO company (company, created_us, changed_us, code, name, timezone)
    VALUES (0, 0, 0, 'operator', 'Mimamori', 'Asia/Tokyo');

CREATE TABLE member (
    member INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    programme INTEGER NOT NULL REFERENCES programme (programme),
    number TEXT,
    since TEXT,
    until TEXT
) STRICT;
CREATE UNIQUE INDEX member_once ON member (company, programme) WHERE ended_us IS NULL;
CREATE INDEX member_programme ON member (programme);

CREATE TABLE site (
    site INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    name TEXT NOT NULL,
    address TEXT,
    network TEXT,
    note TEXT,
    UNIQUE (company, site)
) STRICT;
CREATE UNIQUE INDEX site_name ON site (company, name) WHERE ended_us IS NULL;

CREATE TABLE device (
    device INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    site INTEGER,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    place TEXT,
    vendor TEXT,
    model TEXT,
    serial TEXT,
    address TEXT,
    maintainer TEXT,
    maintainer_tel TEXT,
    maintainer_hours TEXT,
    contract TEXT,
    remote_change TEXT,
    note TEXT,
    UNIQUE (company, device),
    FOREIGN KEY (company, site) REFERENCES site (company, site)
) STRICT;
CREATE UNIQUE INDEX device_name ON device (company, name) WHERE ended_us IS NULL;

CREATE TABLE source (
    source INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    site INTEGER,
    device INTEGER,
    name TEXT NOT NULL,
    format TEXT,
    bind TEXT NOT NULL,
    listener TEXT,
    address TEXT,
    keep_days INTEGER NOT NULL,
    silence_s INTEGER,
    state TEXT NOT NULL,
    note TEXT,
    UNIQUE (company, source),
    FOREIGN KEY (company, site) REFERENCES site (company, site),
    FOREIGN KEY (company, device) REFERENCES device (company, device)
) STRICT;
CREATE UNIQUE INDEX source_name ON source (company, name) WHERE ended_us IS NULL;
-- Two companies must never claim the same address of one listener.
CREATE UNIQUE INDEX source_address ON source (listener, address)
    WHERE ended_us IS NULL AND bind = 'address';
CREATE UNIQUE INDEX source_listener ON source (listener)
    WHERE ended_us IS NULL AND bind = 'listener';

CREATE TABLE post (
    post INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    title TEXT NOT NULL,
    duty TEXT,
    call_order INTEGER,
    telephone TEXT,
    hours TEXT,
    note TEXT,
    UNIQUE (company, post)
) STRICT;
CREATE UNIQUE INDEX post_title ON post (company, title) WHERE ended_us IS NULL;

CREATE TABLE contact (
    contact INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    post INTEGER NOT NULL,
    person TEXT NOT NULL,
    kana TEXT,
    telephone TEXT,
    mail TEXT,
    hours TEXT,
    language TEXT,
    verified TEXT,
    valid_from TEXT,
    valid_to TEXT,
    note TEXT,
    FOREIGN KEY (company, post) REFERENCES post (company, post)
) STRICT;
CREATE INDEX contact_post ON contact (company, post);

CREATE TABLE service (
    service INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    kind TEXT NOT NULL,
    since TEXT,
    until TEXT,
    note TEXT
) STRICT;
CREATE UNIQUE INDEX service_once ON service (company, kind) WHERE ended_us IS NULL;

CREATE TABLE consent (
    consent INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    what TEXT NOT NULL,
    scope TEXT,
    giver TEXT NOT NULL,
    giver_post TEXT,
    given TEXT NOT NULL,
    valid_from TEXT,
    valid_to TEXT,
    note TEXT,
    UNIQUE (company, consent)
) STRICT;

-- The scanned page, sealed: it carries signatures and seals.
CREATE TABLE consent_scan (
    consent INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    name TEXT NOT NULL,
    digest BLOB NOT NULL,
    sealed BLOB NOT NULL,
    FOREIGN KEY (company, consent) REFERENCES consent (company, consent)
) STRICT;

CREATE TABLE user (
    user INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    login TEXT NOT NULL,
    name TEXT NOT NULL,
    mail TEXT,
    role TEXT NOT NULL,
    language TEXT,
    programme INTEGER REFERENCES programme (programme),
    note TEXT,
    UNIQUE (company, user),
    -- The operator's people belong to company 0, a company's people to it; an auditor to either.
    CHECK (CASE WHEN role IN ('administrator', 'analyst', 'desk', 'assessor') THEN company = 0
                WHEN role IN ('charge', 'president', 'employee') THEN company <> 0
                WHEN role = 'owner' THEN company = 0 AND programme IS NOT NULL
                ELSE role = 'auditor' END)
) STRICT;
CREATE UNIQUE INDEX user_login ON user (login) WHERE ended_us IS NULL;

-- What a user proves itself with. totp is sealed; totp_step is the last step used, -1 until the
-- app was seen to work.
CREATE TABLE credential (
    user INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    password TEXT,
    password_us INTEGER,
    must_change INTEGER NOT NULL DEFAULT 0,
    totp BLOB,
    totp_step INTEGER NOT NULL DEFAULT -1,
    FOREIGN KEY (company, user) REFERENCES user (company, user)
) STRICT;

-- Digests of passwords that may not come back.
CREATE TABLE past_password (
    user INTEGER NOT NULL,
    company INTEGER NOT NULL REFERENCES company (company),
    since_us INTEGER NOT NULL,
    password TEXT NOT NULL,
    PRIMARY KEY (user, since_us),
    FOREIGN KEY (company, user) REFERENCES user (company, user)
) STRICT;

-- Printed one-time codes of company people.
CREATE TABLE code (
    digest BLOB PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    user INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    used_us INTEGER,
    FOREIGN KEY (company, user) REFERENCES user (company, user)
) STRICT;
CREATE INDEX code_user ON code (company, user);

CREATE TABLE session (
    digest BLOB PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company (company),
    user INTEGER NOT NULL,
    created_us INTEGER NOT NULL,
    seen_us INTEGER NOT NULL,
    expires_us INTEGER NOT NULL,
    strong INTEGER NOT NULL,
    FOREIGN KEY (company, user) REFERENCES user (company, user)
) STRICT;
CREATE INDEX session_user ON session (company, user);
CREATE INDEX session_expires ON session (expires_us);

-- A token of a source lets it send logs; a token of a user acts with that user's role.
CREATE TABLE token (
    token INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (company),
    created_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL,
    ended_us INTEGER,
    name TEXT NOT NULL,
    source INTEGER,
    user INTEGER,
    rights TEXT NOT NULL,
    until TEXT,
    prefix TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    FOREIGN KEY (company, source) REFERENCES source (company, source),
    FOREIGN KEY (company, user) REFERENCES user (company, user),
    CHECK ((source IS NULL) <> (user IS NULL))
) STRICT;

-- Failed logins by login name and by address (digests), so that guessing gets slower.
CREATE TABLE throttle (
    digest BLOB PRIMARY KEY,
    failures INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    changed_us INTEGER NOT NULL
) STRICT;

-- One chain a company: hash covers the previous hash and the digest of the text, so that a text
-- can be erased and the chain still verifies.
CREATE TABLE audit (
    company INTEGER NOT NULL REFERENCES company (company),
    number INTEGER NOT NULL,
    time_us INTEGER NOT NULL,
    user INTEGER,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    text TEXT,
    text_digest BLOB NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (company, number)
) STRICT;
CREATE TRIGGER audit_stands BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'audit entries stay'); END;
CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
WHEN NEW.text IS NOT NULL OR NEW.company <> OLD.company OR NEW.number <> OLD.number
    OR NEW.time_us <> OLD.time_us OR NEW.user IS NOT OLD.user OR NEW.actor <> OLD.actor
    OR NEW.action <> OLD.action OR NEW.object <> OLD.object
    OR NEW.text_digest <> OLD.text_digest OR NEW.hash <> OLD.hash
BEGIN SELECT RAISE(ABORT, 'audit entries stay'); END;
