-- The character set of a source's lines, where somebody has said it; else it is found out.
ALTER TABLE source ADD COLUMN charset TEXT;
