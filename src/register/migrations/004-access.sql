-- What opens doors in a user's name, as its owner and administrators see it: where a session was
-- begun, what a token may do and when it was last used, and invitations.
ALTER TABLE session ADD COLUMN peer TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE token ADD COLUMN scopes TEXT;
ALTER TABLE token ADD COLUMN used_us INTEGER;

-- A code with which somebody sets the first password: once, and not for long.
CREATE TABLE invitation (
    invitation INTEGER PRIMARY KEY AUTOINCREMENT,
    company INTEGER NOT NULL REFERENCES company (company),
    user INTEGER NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    made_us INTEGER NOT NULL,
    until_us INTEGER NOT NULL,
    ended_us INTEGER,
    FOREIGN KEY (company, user) REFERENCES user (company, user)
) STRICT;
CREATE UNIQUE INDEX invitation_once ON invitation (company, user) WHERE ended_us IS NULL;

CREATE TRIGGER user_ended_invitation AFTER UPDATE OF ended_us ON user
WHEN OLD.ended_us IS NULL AND NEW.ended_us IS NOT NULL
BEGIN
    UPDATE invitation SET ended_us = NEW.ended_us
        WHERE company = NEW.company AND user = NEW.user AND ended_us IS NULL;
END;
