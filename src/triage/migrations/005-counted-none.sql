-- An end of a batch that is fixed before any sender is counted: alerts that stand for many are the
-- same ones only as long as the batch is.
ALTER TABLE engine_counted ADD COLUMN any INTEGER NOT NULL DEFAULT 1; -- 0: no sender is counted yet
