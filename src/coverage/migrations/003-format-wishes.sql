-- Formats that somebody made or took away on a page; the worker brings them where the engine
-- finds them. Rows of the operator's company: formats are everybody's.
CREATE TABLE format_wish(
    wish INTEGER PRIMARY KEY,
    company INTEGER NOT NULL REFERENCES company(company),
    verb TEXT NOT NULL CHECK(verb IN ('add', 'remove')),
    name TEXT NOT NULL,
    yaml TEXT NOT NULL,           -- add: the file and its test; empty once it is done
    test TEXT NOT NULL,
    user INTEGER NOT NULL,
    who TEXT NOT NULL,            -- login, as it was then
    state TEXT NOT NULL CHECK(state IN ('waiting', 'done', 'refused')),
    why TEXT NOT NULL,            -- key of the code it was refused with
    wished_us INTEGER NOT NULL
) STRICT;
