/* store/records/copy.c - see copy.h for the contract. */
#include "store/records/copy.h"

#include "store/records/migrate.h"
#include "store/records/tx.h"

enum mm_code mm_records_copy(struct mm_tx *tx, const char *path)
{
    MM_ASSERT(tx->magic == TX_MAGIC && tx->open == 0);
    MM_ASSERT(mm_scope_kind(tx->scope) == MM_SCOPE_SYSTEM);
    return mm_db_copy(tx->db, path);
}

/* One row "ok", or what is wrong. */
static enum mm_code whole(struct mm_db *db, struct mm_records_fault *fault)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    enum mm_code code = mm_db_prepare(db, "PRAGMA integrity_check(1)", &st);

    if (code == MM_OK)
        code = mm_db_step(st, &row);
    if (code != MM_OK)
        code = mm_records_fail(fault, MM_E_SYNTAX, "records.damaged", "%s", mm_db_error(db));
    else if (!row || !mm_slice_eq(mm_db_bytes(st, 0), MM_S("ok")))
        code = mm_records_fail(fault, MM_E_SYNTAX, "records.damaged", "%.*s",
                               MM_S_ARG(row ? mm_db_bytes(st, 0) : MM_S("no answer")));
    mm_db_finalize(&st);
    return code;
}

enum mm_code mm_records_look(const char *path, const struct mm_records_options *options,
                             struct mm_records_fault *fault)
{
    struct mm_db *db = NULL;
    enum mm_code code = mm_db_open(path, MM_DB_STILL, &db);

    if (code != MM_OK)
        return mm_records_fail(fault, MM_E_SYNTAX, "records.damaged", "%s", path);
    code = mm_migrate_known(db, options, fault);
    if (code != MM_OK && code != MM_E_VERSION)
        code = mm_records_fail(fault, MM_E_SYNTAX, "records.damaged", "%s", mm_db_error(db));
    if (code == MM_OK)
        code = whole(db, fault);
    mm_db_close(&db);
    return code;
}
