/*
 * store/records/query.h - statements: declared in statements.def, bound by name, read by column.
 *
 * Purpose   The only way SQL runs. SQL text is static; values are bound; the company comes from
 *           the scope and from nowhere else.
 * Owns      A query borrows its transaction's connection until mm_q_end. Column slices are
 *           borrowed until the next mm_q_row or mm_q_end: copy what must live longer.
 * Threads   As the transaction.
 * Trust     Values may be hostile; they are bound, never pasted.
 *
 * The rules that mm_q_begin enforces for every statement, each time it is first compiled:
 *   MM_STMT_READ   names tables bare: `FROM site`. A bare name is a view of the rows that the
 *                  scope sees. `main.site` (the whole table) is refused.
 *   MM_STMT_WRITE  names its one target `main.site` and binds `:company` (which the scope binds,
 *                  never the caller); other tables bare. A guard refuses every row of a company
 *                  that the scope doesn't see, so that a forgotten WHERE cannot reach it.
 *                  A second guard refuses a row that points (REFERENCES) at another company's.
 *   MM_STMT_AGGREGATE  a READ that starts with "SELECT count(DISTINCT company) AS companies,": the
 *                  only kind a programme scope runs; rows of fewer than MM_SCOPE_COHORT_MIN
 *                  companies are left out for it.
 *   MM_STMT_SYSTEM names tables as main.TABLE; system scope or between mm_tx_elevate and _drop.
 *
 *   struct mm_q q;
 *   mm_q_begin(&q, tx, &stmts[SITE_LIST]);
 *   mm_q_int(&q, ":site", site);
 *   while (mm_q_row(&q))
 *       use(mm_q_col_int(&q, 0), mm_q_col_text(&q, 1));
 *   code = mm_q_end(&q);
 *
 * The first failure sticks: later calls do nothing, mm_q_row answers false, mm_q_end says why.
 */
#ifndef MM_STORE_RECORDS_QUERY_H
#define MM_STORE_RECORDS_QUERY_H

#include "base/arena.h"
#include "base/base.h"
#include "store/records/records.h"

enum mm_stmt_kind { MM_STMT_READ = 1, MM_STMT_WRITE, MM_STMT_AGGREGATE, MM_STMT_SYSTEM };

/* One row of a statements.def; static, since the cache knows a statement by its address.
 * `"" sql` makes sure that the text is a literal. */
struct mm_stmt {
    const char *name;
    enum mm_stmt_kind kind;
    const char *sql;
};
#define MM_STMT_ROW(id, stmt_kind, text) [id] = {.name = #id, .kind = stmt_kind, .sql = "" text},

struct mm_prepared;

struct mm_q {
    struct mm_tx *tx;
    struct mm_prepared *st; /* NULL when it could not be begun */
    enum mm_code code;      /* first failure */
    uint64_t bound;         /* bit i: parameter i + 1 has a value */
    bool row;
    bool stepped;
};

/* Statements have at most 64 parameters. */
void mm_q_begin(struct mm_q *q, struct mm_tx *tx, const struct mm_stmt *stmt);
/* Names with their colon. A name the statement doesn't have is a bug and stops the program. */
void mm_q_int(struct mm_q *q, const char *name, int64_t v);
void mm_q_text(struct mm_q *q, const char *name, struct mm_slice v); /* empty text is not NULL */
void mm_q_blob(struct mm_q *q, const char *name, struct mm_slice v);
void mm_q_null(struct mm_q *q, const char *name);
/* Parameters that were not bound are NULL only if bound so: leaving one out is a bug. */
bool mm_q_row(struct mm_q *q);
/* Columns of the current row, from 0. NULL reads as 0 or the empty slice. */
int64_t mm_q_col_int(struct mm_q *q, int at);
struct mm_slice mm_q_col_text(struct mm_q *q, int at);
struct mm_slice mm_q_col_blob(struct mm_q *q, int at);
bool mm_q_col_null(struct mm_q *q, int at);
/* Column as u32; what doesn't fit is a damaged file: the query fails with MM_E_IO. */
uint32_t mm_q_col_u32(struct mm_q *q, int at);
/* Column text copied into the arena; fails the query with MM_E_NOMEM. */
struct mm_slice mm_q_col_dup(struct mm_q *q, int at, struct mm_arena *a);
/* Runs what was not run yet, gives the statement back, says how it went. */
MM_MUST_USE enum mm_code mm_q_end(struct mm_q *q);
/* As _end for a write that must touch a row: MM_E_NOTFOUND when it touched none. */
MM_MUST_USE enum mm_code mm_q_end_touch(struct mm_q *q);
/* As _end for one row of one integer: MM_E_NOTFOUND without a row. */
MM_MUST_USE enum mm_code mm_q_end_int(struct mm_q *q, int64_t *ret);
/* Rowid of the last INSERT of this transaction. */
int64_t mm_tx_last_id(struct mm_tx *tx);

/*
 * Compile every statement of every feature under the rules above. Returns the first that is
 * refused: MM_OK when none is. For tests and for `serve` at start.
 */
MM_MUST_USE enum mm_code mm_records_check(struct mm_records *rec, const struct mm_stmt **ret_stmt,
                                          char *ret_why, size_t size);

#endif
