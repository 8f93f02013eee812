-- The daily mail is about no case.
CREATE TABLE outbox_new(
    mail INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER REFERENCES cases(case_id),
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,  -- the same at every try: a doubled mail can be seen as one
    created_us INTEGER NOT NULL,
    sent_us INTEGER,
    UNIQUE(case_id, recipient)
) STRICT;
INSERT INTO outbox_new(mail, company, case_id, recipient, subject, body, message_id, created_us,
    sent_us)
SELECT mail, company, case_id, recipient, subject, body, message_id, created_us, sent_us
FROM outbox;
DROP TABLE outbox;
ALTER TABLE outbox_new RENAME TO outbox;
