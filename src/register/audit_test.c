/* register/audit_test.c - what was written cannot be changed without being seen. */
#include "register/audit.h"

#include <stdio.h>
#include <unistd.h>

#include "register/register_test.h"
#include "register/roles.h"
#include "store/records/db.h"
#include "tests/harness/test.h"

static enum mm_code work_entries(struct mm_tx *tx, void *arg)
{
    int *count = arg;

    for (int i = 0; i < *count; i++) {
        char object[16];
        enum mm_code code;

        (void)snprintf(object, sizeof(object), "site %d", i);
        code = mm_audit_add(tx, &(struct mm_audit){.time_us = MM_REGISTER_NOW + i,
                                                   .user = 3,
                                                   .actor = MM_S("ana"),
                                                   .action = MM_S("site.add"),
                                                   .object = mm_slice_str(object),
                                                   .text = MM_S("with a text")});
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

/* Two companies with five entries each. */
static struct mm_records *filled(uint32_t company[2])
{
    struct mm_records *rec = mm_register_open();
    struct mm_scope_hold hold;
    int count = 5;

    for (int i = 0; i < 2; i++) {
        company[i] = mm_register_company(rec, i == 0 ? "alpha" : "beta");
        CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, company[i]), work_entries, &count),
                  MM_OK);
    }
    return rec;
}

static struct mm_audit_proof verify(struct mm_records *rec, uint32_t company)
{
    struct mm_audit_proof proof = {.broken_at = 99};
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;

    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, company), &tx), MM_OK);
    CHECK_NUM(mm_audit_verify(tx, &proof), MM_OK);
    mm_records_read_done(&tx);
    return proof;
}

TEST(audit_chain_is_whole_and_each_companys_own)
{
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    struct mm_audit_proof a = verify(rec, company[0]), b = verify(rec, company[1]);

    CHECK_NUM(a.entries, 5);
    CHECK_NUM(a.broken_at, 0);
    CHECK_NUM(b.broken_at, 0);
    CHECK(memcmp(a.last.b, b.last.b, sizeof(a.last.b)) != 0);
    mm_records_close(&rec);
}

static enum mm_code work_erase(struct mm_tx *tx, void *arg)
{
    return mm_audit_erase(tx, *(uint64_t *)arg);
}

static bool third(void *arg, const struct mm_audit_row *row)
{
    if (row->number == 3)
        *(struct mm_audit_row *)arg = *row;
    return true;
}

TEST(audit_text_can_be_erased_and_the_chain_stays_whole)
{
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    struct mm_scope_hold hold;
    const struct mm_scope *own = mm_system_company(&hold, company[0]);
    struct mm_audit_row row = {0};
    struct mm_tx *tx = NULL;
    uint64_t number = 3, none = 6;

    CHECK_NUM(mm_records_write(rec, own, work_erase, &number), MM_OK);
    CHECK_NUM(mm_records_write(rec, own, work_erase, &none), MM_E_NOTFOUND);
    CHECK_NUM(verify(rec, company[0]).broken_at, 0);
    CHECK_NUM(mm_records_read(rec, own, &tx), MM_OK);
    CHECK_NUM(mm_audit_each(tx, 0, 100, third, &row), MM_OK);
    CHECK(row.number == 3 && row.erased);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

TEST(audit_finds_every_kind_of_tampering)
{
    static const struct {
        const char *sql;
        uint64_t broken_at;
    } cases[] = {
        {"UPDATE audit SET actor = 'eve' WHERE number = 2", 2},
        {"UPDATE audit SET text = 'other' WHERE number = 4", 4},
        {"UPDATE audit SET time_us = time_us + 1 WHERE number = 1", 1},
        {"UPDATE audit SET user = NULL WHERE number = 5", 5},
        {"UPDATE audit SET hash = zeroblob(32) WHERE number = 3", 3},
        {"DELETE FROM audit WHERE number = 3", 3},
        {"DELETE FROM audit WHERE number = 1", 1},
        {"UPDATE audit SET number = 9 WHERE number = 5", 5},
        {"INSERT INTO audit SELECT company, 6, time_us, user, actor, action, object, text,"
         " text_digest, hash FROM audit WHERE number = 5",
         6},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char path[128], sql[512];
        uint32_t company[2];
        struct mm_records *rec = filled(company);
        struct mm_db *db = NULL;

        (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
        CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
        (void)snprintf(sql, sizeof(sql),
                       "DROP TRIGGER audit_stands; DROP TRIGGER audit_is_not_rewritten; %s",
                       cases[i].sql);
        CHECK_NUM(mm_db_exec(db, sql), MM_OK);
        mm_db_close(&db);
        if (verify(rec, company[0]).broken_at != cases[i].broken_at)
            mm_test_fail(__FILE__, __LINE__, cases[i].sql);
        mm_records_close(&rec);
        CHECK(unlink(path) == 0);
    }
}

TEST(audit_schema_refuses_to_change_and_to_delete)
{
    static const char *const sql[] = {
        "UPDATE audit SET actor = 'eve' WHERE number = 2",
        "UPDATE audit SET text = 'x' WHERE number = 2",
        "DELETE FROM audit WHERE number = 5",
        "DELETE FROM audit",
    };
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    struct mm_db *db = NULL;
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
    CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
    for (size_t i = 0; i < MM_COUNT(sql); i++)
        CHECK_NUM(mm_db_exec(db, sql[i]), MM_E_DENIED);
    mm_db_close(&db);
    CHECK_NUM(verify(rec, company[0]).entries, 5);
    mm_records_close(&rec);
}

TEST(roles_are_the_choices_of_the_user_field_and_no_others)
{
    const struct mm_entity *e = mm_entity(MM_REG_USER);
    const char *choices = e->fields[MM_F_user_role].extra;
    size_t bars = 0;

    for (const char *c = choices; *c != 0; c++)
        bars += *c == '|';
    CHECK_NUM(bars + 1, MM_ROLE_COUNT - 1);
    for (int i = 1; i < MM_ROLE_COUNT; i++) {
        const struct mm_role *r = mm_role((enum mm_role_id)i);

        CHECK(mm_choice_has(choices, mm_slice_str(r->name)));
        CHECK(mm_role_find(mm_slice_str(r->name)) == r);
    }
    CHECK(mm_role_find(MM_S("")) == NULL);
    CHECK_NUM(mm_role(MM_ROLE_NONE)->rights, 0);
}
