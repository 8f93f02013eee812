-- Open cases that nobody has looked for, or only before the logs of that hour had time to arrive,
-- were found by asking; now a job says so.
INSERT INTO job(company, kind, subject, state, attempts, not_before_us, lease_us, last_error,
    created_us, finished_us)
SELECT company, 'look', case_id, 'queued', 0,
    CASE WHEN case_id IN (SELECT case_id FROM case_look) THEN opened_us + 600000000
         ELSE opened_us END,
    0, '', opened_us, NULL
FROM cases WHERE state <> 'closed' AND NOT EXISTS
    (SELECT 1 FROM case_look l WHERE l.case_id = cases.case_id AND
        l.at_us >= cases.opened_us + 600000000)
ON CONFLICT DO NOTHING;
