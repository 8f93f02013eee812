-- What waits, how often it was tried and what went wrong stand in `job`; the outbox keeps the mails.
INSERT INTO job(company, kind, subject, state, attempts, not_before_us, lease_us, last_error,
    created_us, finished_us)
SELECT company, 'tell', case_id, 'queued', 0, opened_us, 0, '', opened_us, NULL
FROM cases WHERE case_id NOT IN (SELECT case_id FROM notified)
ON CONFLICT DO NOTHING;

INSERT INTO job(company, kind, subject, state, attempts, not_before_us, lease_us, last_error,
    created_us, finished_us)
SELECT company, 'mail', mail, CASE state WHEN 'refused' THEN 'failed' ELSE 'queued' END, tries,
    next_us, 0, last_error, created_us, CASE state WHEN 'refused' THEN next_us END
FROM outbox WHERE state <> 'sent';

DROP TABLE notified;
DROP INDEX outbox_due;
ALTER TABLE outbox DROP COLUMN state;
ALTER TABLE outbox DROP COLUMN tries;
ALTER TABLE outbox DROP COLUMN next_us;
ALTER TABLE outbox DROP COLUMN last_error;
