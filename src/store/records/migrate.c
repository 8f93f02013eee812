/* store/records/migrate.c - see migrate.h for the contract. */
#include "store/records/migrate.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/time.h"

enum mm_code mm_records_fail(struct mm_records_fault *fault, enum mm_code code, const char *what,
                             const char *fmt, ...)
{
    va_list ap;

    if (fault == NULL)
        return code;
    fault->what = what;
    va_start(ap, fmt);
    (void)vsnprintf(fault->detail, sizeof(fault->detail), fmt, ap);
    va_end(ap);
    return code;
}

static const char base_table[] = "CREATE TABLE IF NOT EXISTS mm_migration("
                                 " feature TEXT NOT NULL, number INTEGER NOT NULL,"
                                 " name TEXT NOT NULL, digest INTEGER NOT NULL,"
                                 " version TEXT NOT NULL, applied_us INTEGER NOT NULL,"
                                 " PRIMARY KEY (feature, number)) STRICT";

/* Tells an edited migration from the one that was applied; not a defence against malice. */
static int64_t digest(const struct mm_migration *m)
{
    struct mm_seed seed = {.k0 = 0x6d696d616d6f7269, .k1 = 1};

    return (int64_t)(mm_hash(seed, mm_slice_str(m->sql)) >> 1); /* 63 bits fit */
}

/* What the file knows of migration `number`: *ret_found and its digest. */
static enum mm_code applied(struct mm_db *db, const char *feature, uint32_t number, bool *ret_found,
                            int64_t *ret_digest)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    enum mm_code code =
        mm_db_prepare(db, "SELECT digest FROM mm_migration WHERE feature=?1 AND number=?2", &st);

    if (code == MM_OK)
        code = mm_db_bind_text(st, 1, mm_slice_str(feature));
    if (code == MM_OK)
        code = mm_db_bind_int(st, 2, number);
    if (code == MM_OK)
        code = mm_db_step(st, &row);
    if (code == MM_OK) {
        *ret_found = row;
        *ret_digest = row ? mm_db_int(st, 0) : 0;
    }
    mm_db_finalize(&st);
    return code;
}

static enum mm_code note(struct mm_db *db, const char *feature, const struct mm_migration *m,
                         const char *version)
{
    struct mm_db_stmt *st = NULL;
    bool row;
    enum mm_code code =
        mm_db_prepare(db, "INSERT INTO mm_migration VALUES (?1, ?2, ?3, ?4, ?5, ?6)", &st);

    if (code == MM_OK)
        code = mm_db_bind_text(st, 1, mm_slice_str(feature));
    if (code == MM_OK)
        code = mm_db_bind_int(st, 2, m->number);
    if (code == MM_OK)
        code = mm_db_bind_text(st, 3, mm_slice_str(m->name));
    if (code == MM_OK)
        code = mm_db_bind_int(st, 4, digest(m));
    if (code == MM_OK)
        code = mm_db_bind_text(st, 5, mm_slice_str(version));
    if (code == MM_OK)
        code = mm_db_bind_int(st, 6, mm_now_us());
    if (code == MM_OK)
        code = mm_db_step(st, &row);
    mm_db_finalize(&st);
    return code;
}

static enum mm_code apply(struct mm_db *db, const char *feature, const struct mm_migration *m,
                          const char *version, struct mm_records_fault *fault)
{
    enum mm_code code = mm_db_exec(db, "BEGIN IMMEDIATE");

    if (code == MM_OK)
        code = mm_db_exec(db, m->sql);
    if (code == MM_OK)
        code = note(db, feature, m, version);
    if (code == MM_OK)
        code = mm_db_exec(db, "COMMIT");
    if (code == MM_OK)
        return MM_OK;
    (void)mm_records_fail(fault, code, "records.migration", "%s %03u-%s: %s", feature, m->number,
                          m->name, mm_db_error(db));
    (void)mm_db_rollback(db);
    return code;
}

/* How many migrations of a feature we have; 0 for a feature we never heard of. */
static int64_t known(const struct mm_records_options *options, struct mm_slice feature)
{
    for (size_t i = 0; i < options->feature_count; i++) {
        if (mm_slice_eq(feature, mm_slice_str(options->features[i]->name)))
            return (int64_t)options->features[i]->migration_count;
    }
    return 0;
}

enum mm_code mm_migrate_known(struct mm_db *db, const struct mm_records_options *options,
                              struct mm_records_fault *fault)
{
    struct mm_db_stmt *st = NULL;
    bool row = false;
    enum mm_code code = mm_db_prepare(
        db, "SELECT feature, max(number), version FROM mm_migration GROUP BY feature", &st);

    while (code == MM_OK && (code = mm_db_step(st, &row)) == MM_OK && row) {
        struct mm_slice feature = mm_db_bytes(st, 0), version = mm_db_bytes(st, 2);

        if (mm_db_int(st, 1) > known(options, feature))
            code =
                mm_records_fail(fault, MM_E_VERSION, "records.newer", "%.*s (%.*s %03lld)",
                                MM_S_ARG(version), MM_S_ARG(feature), (long long)mm_db_int(st, 1));
    }
    mm_db_finalize(&st);
    return code;
}

static enum mm_code migrate_feature(struct mm_db *db, const struct mm_feature *f,
                                    const char *version, struct mm_records_fault *fault)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < f->migration_count && code == MM_OK; i++) {
        const struct mm_migration *m = &f->migrations[i];
        bool found = false;
        int64_t was = 0;

        MM_ASSERT(m->number == i + 1); /* embed_sql.py refuses gaps */
        code = applied(db, f->name, m->number, &found, &was);
        if (code != MM_OK)
            return mm_records_fail(fault, code, "records.io", "%s", mm_db_error(db));
        if (!found)
            code = apply(db, f->name, m, version, fault);
        else if (was != digest(m))
            code = mm_records_fail(fault, MM_E_VERSION, "records.changed", "%s %03u-%s", f->name,
                                   m->number, m->name);
    }
    return code;
}

enum mm_code mm_migrate(struct mm_db *db, const struct mm_records_options *options,
                        struct mm_records_fault *fault)
{
    enum mm_code code = mm_db_exec(db, base_table);

    if (code != MM_OK)
        return mm_records_fail(fault, code, "records.io", "%s", mm_db_error(db));
    /* Of all features before the first is changed. */
    code = mm_migrate_known(db, options, fault);
    for (size_t i = 0; i < options->feature_count && code == MM_OK; i++)
        code = migrate_feature(db, options->features[i], options->version, fault);
    return code;
}
