-- Mails on their way. A row is written in the transaction that decides to tell somebody, and is
-- never deleted before its mail was taken by a server.
CREATE TABLE outbox(
    mail INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    case_id INTEGER NOT NULL REFERENCES cases(case_id),
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    body TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,  -- the same at every try: a doubled mail can be seen as one
    state TEXT NOT NULL CHECK(state IN ('queued', 'unsure', 'sent', 'refused')),
    tries INTEGER NOT NULL,
    next_us INTEGER NOT NULL,         -- not tried again before
    last_error TEXT NOT NULL,
    created_us INTEGER NOT NULL,
    sent_us INTEGER,
    UNIQUE(case_id, recipient)
) STRICT;
CREATE INDEX outbox_due ON outbox(state, next_us);

-- Cases for which it was decided whom to tell (possibly nobody).
CREATE TABLE notified(
    case_id INTEGER PRIMARY KEY REFERENCES cases(case_id),
    company INTEGER NOT NULL REFERENCES company(company),
    at_us INTEGER NOT NULL
) STRICT;
