-- Bytes of these lines: what a company costs is shared out by them.
ALTER TABLE coverage_day ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
