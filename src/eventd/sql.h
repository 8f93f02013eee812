/*
 * eventd/sql.h - what kind of statement is it, and where does its data come from?
 *
 * Purpose   Decide on which connection a statement runs, turn an INSERT whose data is the body into
 *           one that reads a file, and read the one form of KILL QUERY that is answered here.
 * Owns      Nothing; slices borrow the statement.
 * Threads   Pure functions.
 * Trust     Statements are foreign bytes: quotes and comments are respected, nothing is guessed.
 *           Deciding wrongly is harmless for reads: their connections are read-only.
 * Spec      ClickHouse SQL: '…' with backslash and doubled quotes, "…", `…`, comments with two
 *           dashes and slash-star.
 */
#ifndef MM_EVENTD_SQL_H
#define MM_EVENTD_SQL_H

#include "base/buf.h"

enum mm_sql_class {
    MM_SQL_READ,   /* SELECT, WITH: their results can be streamed */
    MM_SQL_SHOW,   /* SHOW, DESCRIBE, EXISTS, EXPLAIN: these read too, and are short */
    MM_SQL_INSERT, /* INSERT */
    MM_SQL_KILL,   /* KILL QUERY */
    MM_SQL_ADMIN,  /* everything else: CREATE, ALTER, OPTIMIZE, … */
};

enum {
    MM_SQL_NAME_MAX = 64, /* letters of a format's or parameter's name; longest format: 41 */
};

enum mm_sql_class mm_sql_classify(struct mm_slice sql);

/*
 * Append to out: the INSERT with its data taken from the file `path` (ours: no quotes in it).
 *
 *     INSERT INTO t (a) SELECT a FROM input('a UInt8') WHERE … FORMAT Native
 *  -> INSERT INTO t (a) SELECT a FROM file('path', 'Native', 'a UInt8') WHERE …
 *     INSERT INTO t (a) FORMAT Native
 *  -> INSERT INTO t (a) SELECT * FROM file('path', 'Native')
 *
 * MM_E_NOTFOUND: it has no FORMAT at its end, so its data does not come from the body.
 * MM_E_SYNTAX: a quote or comment without end, or input() without a quoted structure.
 */
MM_MUST_USE enum mm_code mm_sql_insert_from(struct mm_slice sql, const char *path,
                                            struct mm_buf *out);

struct mm_sql_kill {
    bool prefix;           /* startsWith(query_id, …) rather than query_id = … */
    struct mm_slice id;    /* the value as it stands between the quotes, without escapes, or … */
    struct mm_slice param; /* … the name of the parameter that has it; the other one is empty */
};

/*
 * KILL QUERY WHERE query_id = 'x' | {name:String} [SYNC | ASYNC], or with
 * startsWith(query_id, …). False for every other form.
 */
MM_MUST_USE bool mm_sql_kill_parse(struct mm_slice sql, struct mm_sql_kill *ret);

/* The number in "Code: 243. DB::Exception: …", 0 when there is none. */
int mm_sql_exception_code(struct mm_slice text);

#endif
