-- How far the counters of a queue's next batch are written, while that takes several transactions.
-- No row: nothing of it is. Belongs to nobody.
CREATE TABLE engine_counted(
    queue INTEGER PRIMARY KEY,
    to_seq INTEGER NOT NULL,      -- the batch begins at the position and ends before this number
    company INTEGER NOT NULL,     -- senders up to this one are counted, by company, then source
    source INTEGER NOT NULL
) STRICT;

-- Which page of intake's counters was added last, and what stood in it: adding it again adds what
-- has come since, whoever has forgotten what.
ALTER TABLE source_health ADD COLUMN page INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source_health ADD COLUMN page_received INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source_health ADD COLUMN page_spooled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE source_health ADD COLUMN page_dropped INTEGER NOT NULL DEFAULT 0;
