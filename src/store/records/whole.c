/* store/records/whole.c - see whole.h for the contract. */
#include "store/records/whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "store/records/lock.h"
#include "store/records/tx.h"

struct tables {
    char name[TX_TABLES_MAX][TX_NAME_MAX];
    size_t n;
};

enum { SQL_MAX = 4096 };

static enum mm_code open_records(const char *dir, enum mm_db_mode mode, struct mm_db **ret)
{
    char path[MM_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%s/records.db", dir);

    return n < 0 || (size_t)n >= sizeof(path) ? MM_E_LIMIT : mm_db_open(path, mode, ret);
}

/* Names are of our schema: letters and '_'. */
static enum mm_code find_tables(struct mm_db *db, struct tables *ret)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    enum mm_code code = mm_db_prepare(
        db,
        "SELECT t.name FROM pragma_table_list t WHERE t.schema = 'main' AND t.type = 'table' AND "
        "EXISTS (SELECT 1 FROM pragma_table_info(t.name, 'main') WHERE name = 'company') "
        "ORDER BY t.name",
        &st);

    ret->n = 0;
    while (code == MM_OK && (code = mm_db_step(st, &row)) == MM_OK && row) {
        struct mm_slice name = mm_db_bytes(st, 0);

        if (ret->n == TX_TABLES_MAX || name.n >= TX_NAME_MAX ||
            mm_slice_find(name, '"', 0) != SIZE_MAX) {
            code = MM_E_LIMIT;
            break;
        }
        memcpy(ret->name[ret->n], name.p, name.n);
        ret->name[ret->n++][name.n] = 0;
    }
    mm_db_finalize(&st);
    return code;
}

/* A statement on one table, its company bound. */
static enum mm_code prepare(struct mm_db *db, const char *form, const char *table, uint32_t company,
                            struct mm_db_stmt **ret)
{
    struct mm_buf sql;
    size_t at = mm_slice_find(mm_slice_str(form), '$', 0);
    enum mm_code code;

    MM_ASSERT(at != SIZE_MAX);
    mm_buf_init(&sql, SQL_MAX);
    mm_buf_fmt(&sql, "%.*s\"%s\"%s", (int)at, form, table, form + at + 1);
    mm_buf_byte(&sql, 0);
    code = mm_buf_ok(&sql) ? mm_db_prepare(db, (const char *)sql.p, ret) : MM_E_LIMIT;
    mm_buf_done(&sql);
    return code == MM_OK ? mm_db_bind_int(*ret, 1, company) : code;
}

static enum mm_code give_row(struct mm_db_stmt *st, const char *table, mm_whole_fn *fn, void *ctx)
{
    struct mm_whole_value value[MM_WHOLE_COLUMNS_MAX];
    struct mm_whole_row row = {.table = table, .value = value};

    if (mm_db_columns(st) > MM_WHOLE_COLUMNS_MAX)
        return MM_E_LIMIT;
    for (int i = 0; i < mm_db_columns(st); i++) {
        struct mm_whole_value *v = &value[row.n++];

        *v = (struct mm_whole_value){.name = mm_db_column_name(st, i), .type = mm_db_type(st, i)};
        if (v->type == MM_DB_INTEGER)
            v->number = mm_db_int(st, i);
        else if (v->type != MM_DB_NOTHING)
            v->bytes = mm_db_bytes(st, i);
    }
    return fn(ctx, &row);
}

enum mm_code mm_whole_rows(const char *dir, uint32_t company, mm_whole_fn *fn, void *ctx)
{
    struct mm_db *db = NULL;
    struct tables *tables = calloc(1, sizeof(*tables));
    enum mm_code code = tables == NULL ? MM_E_NOMEM : open_records(dir, MM_DB_READ, &db);

    if (code == MM_OK)
        code = mm_db_exec(db, "BEGIN");
    if (code == MM_OK)
        code = find_tables(db, tables);
    for (size_t i = 0; code == MM_OK && i < tables->n; i++) {
        struct mm_db_stmt *st = NULL;
        bool row = false;

        code =
            prepare(db, "SELECT * FROM main.$ WHERE company = ?1", tables->name[i], company, &st);
        while (code == MM_OK && (code = mm_db_step(st, &row)) == MM_OK && row)
            code = give_row(st, tables->name[i], fn, ctx);
        mm_db_finalize(&st);
    }
    mm_db_close(&db);
    free(tables);
    return code;
}

enum mm_code mm_whole_count(const char *dir, uint32_t company, mm_whole_count_fn *fn, void *ctx)
{
    struct mm_db *db = NULL;
    struct tables *tables = calloc(1, sizeof(*tables));
    enum mm_code code = tables == NULL ? MM_E_NOMEM : open_records(dir, MM_DB_READ, &db);

    if (code == MM_OK)
        code = find_tables(db, tables);
    for (size_t i = 0; code == MM_OK && i < tables->n; i++) {
        struct mm_db_stmt *st = NULL;
        bool row = false;

        code = prepare(db, "SELECT count(*) FROM main.$ WHERE company = ?1", tables->name[i],
                       company, &st);
        if (code == MM_OK)
            code = mm_db_step(st, &row);
        if (code == MM_OK && row && mm_db_int(st, 0) > 0)
            code = fn(ctx, tables->name[i], (uint64_t)mm_db_int(st, 0));
        mm_db_finalize(&st);
    }
    mm_db_close(&db);
    free(tables);
    return code;
}

static bool kept(const char *const *keep, const char *table)
{
    for (; *keep != NULL; keep++) {
        if (strcmp(*keep, table) == 0)
            return true;
    }
    return false;
}

/* `also` with the number of the company for each ?1. */
static enum mm_code run_also(struct mm_db *db, const char *also, uint32_t company)
{
    struct mm_slice rest = mm_slice_str(also), mark = MM_S("?1");
    struct mm_buf sql;
    size_t at;
    enum mm_code code;

    mm_buf_init(&sql, SQL_MAX);
    while ((at = mm_slice_search(rest, mark)) != SIZE_MAX) {
        mm_buf_add(&sql, mm_slice_sub(rest, 0, at));
        mm_buf_u64(&sql, company);
        rest = mm_slice_sub(rest, at + mark.n, SIZE_MAX);
    }
    mm_buf_add(&sql, rest);
    mm_buf_byte(&sql, 0);
    code = mm_buf_ok(&sql) ? mm_db_exec(db, (const char *)sql.p) : MM_E_LIMIT;
    mm_buf_done(&sql);
    return code;
}

static enum mm_code erase(struct mm_db *db, uint32_t company, const char *const *keep,
                          const char *also)
{
    struct tables *tables = calloc(1, sizeof(*tables));
    enum mm_code code = tables == NULL ? MM_E_NOMEM : find_tables(db, tables);

    /* Rows cite each other in any order: what counts is how it ends. */
    if (code == MM_OK)
        code = mm_db_exec(db, "BEGIN IMMEDIATE; PRAGMA defer_foreign_keys=ON;");
    if (code == MM_OK)
        code = run_also(db, also, company);
    for (size_t i = 0; code == MM_OK && i < tables->n; i++) {
        struct mm_db_stmt *st = NULL;
        bool row;

        if (kept(keep, tables->name[i]))
            continue;
        code = prepare(db, "DELETE FROM main.$ WHERE company = ?1", tables->name[i], company, &st);
        if (code == MM_OK)
            code = mm_db_step(st, &row);
        mm_db_finalize(&st);
    }
    if (code == MM_OK)
        code = mm_db_exec(db, "COMMIT");
    if (code != MM_OK)
        (void)mm_db_rollback(db);
    free(tables);
    return code;
}

enum mm_code mm_whole_erase(const char *dir, uint32_t company, const char *const *keep,
                            const char *also)
{
    struct mm_db *db = NULL;
    int64_t waited;
    int lock = -1;
    enum mm_code code = mm_lock_open(dir, &lock);

    MM_ASSERT(company > 0);
    if (code == MM_OK)
        code = mm_lock_take(lock, &waited);
    if (code == MM_OK)
        code = open_records(dir, MM_DB_WRITE, &db);
    if (code == MM_OK)
        code = erase(db, company, keep, also);
    /* Deleted rows stay in free pages, and in the log, until both are written anew. */
    if (code == MM_OK)
        code = mm_db_vacuum(db);
    mm_db_close(&db);
    if (lock >= 0)
        (void)close(lock);
    return code;
}
