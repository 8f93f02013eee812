/*
 * store/records/whole.h - everything of one company, whatever tables there are.
 *
 * Purpose   To hand a company all that is kept of it, and to erase it: both must miss nothing, also
 *           not of a feature that did not exist when they were written. So they go by the schema:
 *           every table with a column `company` (records.h asks each to have one).
 * Owns      Nothing after return.
 * Threads   Any; the calls use a connection of their own.
 * Trust     Not for web/: there is no scope in front of it. Values may be anything.
 */
#ifndef MM_STORE_RECORDS_WHOLE_H
#define MM_STORE_RECORDS_WHOLE_H

#include "store/records/db.h"

enum { MM_WHOLE_COLUMNS_MAX = 64 }; /* the widest table has 24 */

struct mm_whole_value {
    const char *name; /* of the column */
    enum mm_db_type type;
    int64_t number;
    struct mm_slice bytes; /* of a text or blob */
};

struct mm_whole_row {
    const char *table;
    const struct mm_whole_value *value;
    size_t n;
};

/* Borrowed until it returns. Anything but MM_OK ends the reading. */
typedef enum mm_code mm_whole_fn(void *ctx, const struct mm_whole_row *row);
/* How many rows a table has, or had. */
typedef enum mm_code mm_whole_count_fn(void *ctx, const char *table, uint64_t rows);

/* Every row of the company, table by table, as of one moment. `dir` is the state directory. */
MM_MUST_USE enum mm_code mm_whole_rows(const char *dir, uint32_t company, mm_whole_fn *fn,
                                       void *ctx);
/* Every table that has rows of the company. */
MM_MUST_USE enum mm_code mm_whole_count(const char *dir, uint32_t company, mm_whole_count_fn *fn,
                                        void *ctx);

/*
 * Erase the company: all its rows but those of `keep` (NULL-terminated names, with the statements
 * `also`, run before, that take from them what must not stay), in one transaction; then the file is
 * written anew, so that nothing of them is left between its pages. No other program may have the
 * records open. A trigger that forbids it fails all of it. company > 0.
 */
MM_MUST_USE enum mm_code mm_whole_erase(const char *dir, uint32_t company, const char *const *keep,
                                        const char *also);

#endif
