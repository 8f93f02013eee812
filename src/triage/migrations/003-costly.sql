-- Of the lines that were not read those whose reading would have cost more than a line may.
ALTER TABLE source_health ADD COLUMN costly INTEGER NOT NULL DEFAULT 0;
