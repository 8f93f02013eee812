-- Rules are made on pages as well, and sets of rules taken back.
ALTER TABLE format_wish ADD COLUMN what TEXT NOT NULL DEFAULT 'format'
    CHECK(what IN ('format', 'rule', 'set'));
