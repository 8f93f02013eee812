-- Which finding of the operator's stands open about it: that it waits for a second person, or that
-- its day comes soon.
ALTER TABLE exception ADD COLUMN care TEXT NOT NULL DEFAULT '' CHECK(care IN ('', 'waits', 'soon'));
