-- What stood in a source's lines of a day: a device that was set otherwise a month ago is seen.
ALTER TABLE coverage_day ADD COLUMN topics INTEGER NOT NULL DEFAULT 0;
