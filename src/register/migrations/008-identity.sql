-- Whom the operator's provider of identities (OpenID Connect) knows one of its people as. A user has
-- one such identity, and an identity is one user's.
CREATE TABLE identity (
    identity INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (company),
    user INTEGER NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    made_us INTEGER NOT NULL,
    used_us INTEGER,
    UNIQUE (company, user),
    UNIQUE (issuer, subject),
    FOREIGN KEY (company, user) REFERENCES user (company, user)
) STRICT;

CREATE TRIGGER user_ended_identity AFTER UPDATE OF ended_us ON user
WHEN OLD.ended_us IS NULL AND NEW.ended_us IS NOT NULL
BEGIN
    DELETE FROM identity WHERE company = NEW.company AND user = NEW.user;
END;

-- The password does not open the door any more; a new one does.
ALTER TABLE credential ADD COLUMN password_off INTEGER NOT NULL DEFAULT 0;
-- How a session was begun: password, code, oidc.
ALTER TABLE session ADD COLUMN how TEXT NOT NULL DEFAULT 'password';

-- Where the provider's page is; the worker asks and notes it. One row.
CREATE TABLE provider (
    issuer TEXT PRIMARY KEY,
    authorize TEXT NOT NULL,
    asked_us INTEGER NOT NULL
) STRICT;

-- Somebody came back from the provider with a code, and the worker finds out who it is. Kept until
-- the browser's ticket is too old to come again. state: digest of what the provider handed back.
CREATE TABLE sign_in (
    sign_in INTEGER PRIMARY KEY AUTOINCREMENT,
    state BLOB NOT NULL UNIQUE,
    peer TEXT NOT NULL,
    until_us INTEGER NOT NULL,
    step TEXT NOT NULL CHECK (step IN ('back', 'proven', 'refused', 'used')),
    nonce TEXT NOT NULL,
    verifier TEXT,
    code TEXT,
    subject TEXT,
    mfa INTEGER NOT NULL DEFAULT 0,
    why TEXT
) STRICT;
CREATE INDEX sign_in_until ON sign_in (until_us);
