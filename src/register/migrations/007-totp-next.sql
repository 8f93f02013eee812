-- An app that is being set up: the one before it counts until this one was seen to work.
ALTER TABLE credential ADD COLUMN totp_next BLOB;
UPDATE credential SET totp_next = totp, totp = NULL WHERE totp_step < 0;
