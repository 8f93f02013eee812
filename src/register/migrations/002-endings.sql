-- What ends with its owner: nobody sends, logs in or acts for what is over.
CREATE TRIGGER company_ended AFTER UPDATE OF ended_us ON company
WHEN OLD.ended_us IS NULL AND NEW.ended_us IS NOT NULL
BEGIN
    UPDATE source SET ended_us = NEW.ended_us, changed_us = NEW.ended_us
        WHERE company = NEW.company AND ended_us IS NULL;
    UPDATE user SET ended_us = NEW.ended_us, changed_us = NEW.ended_us
        WHERE company = NEW.company AND ended_us IS NULL;
    UPDATE member SET ended_us = NEW.ended_us, changed_us = NEW.ended_us
        WHERE company = NEW.company AND ended_us IS NULL;
END;

CREATE TRIGGER source_ended AFTER UPDATE OF ended_us ON source
WHEN OLD.ended_us IS NULL AND NEW.ended_us IS NOT NULL
BEGIN
    UPDATE token SET ended_us = NEW.ended_us, changed_us = NEW.ended_us
        WHERE company = NEW.company AND source = NEW.source AND ended_us IS NULL;
END;

CREATE TRIGGER user_ended AFTER UPDATE OF ended_us ON user
WHEN OLD.ended_us IS NULL AND NEW.ended_us IS NOT NULL
BEGIN
    UPDATE token SET ended_us = NEW.ended_us, changed_us = NEW.ended_us
        WHERE company = NEW.company AND user = NEW.user AND ended_us IS NULL;
    DELETE FROM session WHERE company = NEW.company AND user = NEW.user;
    DELETE FROM code WHERE company = NEW.company AND user = NEW.user AND used_us IS NULL;
    DELETE FROM credential WHERE company = NEW.company AND user = NEW.user;
END;

-- The operator's own company cannot end.
CREATE TRIGGER operator_stays BEFORE UPDATE OF ended_us ON company
WHEN NEW.company = 0 AND NEW.ended_us IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the operator stays'); END;
