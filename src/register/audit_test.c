/* register/audit_test.c - what was written cannot be changed without being seen. */
#include "register/audit.h"

#include <stdio.h>
#include <unistd.h>

#include "register/register_test.h"
#include "register/roles.h"
#include "store/records/db.h"
#include "store/records/scope_make.h"
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

static struct mm_audit_proof verify_by(struct mm_records *rec, uint32_t company,
                                       const struct mm_audit_head *known)
{
    struct mm_audit_proof proof = {.broken_at = 99};
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;

    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, company), &tx), MM_OK);
    CHECK_NUM(mm_audit_verify(tx, known, &proof), MM_OK);
    mm_records_read_done(&tx);
    return proof;
}

static struct mm_audit_proof verify(struct mm_records *rec, uint32_t company)
{
    return verify_by(rec, company, NULL);
}

TEST(audit_chain_is_whole_and_each_companys_own)
{
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    struct mm_audit_proof a = verify(rec, company[0]), b = verify(rec, company[1]);

    CHECK_NUM(a.entries, 5);
    CHECK_NUM(a.broken_at, 0);
    CHECK_NUM(b.broken_at, 0);
    CHECK(memcmp(a.last.hash.b, b.last.hash.b, sizeof(a.last.hash.b)) != 0);
    CHECK_NUM(a.last.number, 5);
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
        /* From the end, where only the head tells. */
        {"DELETE FROM audit WHERE number = 5", 5},
        {"DELETE FROM audit", 1},
        {"DELETE FROM audit WHERE number > 2; UPDATE audit_head SET number = 2", 2},
        {"DELETE FROM audit_head", 1},
        {"UPDATE audit_head SET hash = zeroblob(32)", 5},
        {"UPDATE audit_head SET number = 9", 6},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char path[128], sql[512];
        uint32_t company[2];
        struct mm_records *rec = filled(company);
        struct mm_db *db = NULL;

        (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
        CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
        (void)snprintf(sql, sizeof(sql),
                       "DROP TRIGGER audit_stands; DROP TRIGGER audit_is_not_rewritten;"
                       "DROP TRIGGER audit_head_stands; DROP TRIGGER audit_head_goes_on; %s",
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
        "DELETE FROM audit_head",
        "UPDATE audit_head SET number = 4",
        "UPDATE audit_head SET hash = zeroblob(32)",
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

/* ---- days ---- */

struct closing {
    int64_t day;
    struct mm_audit_head head;
};

static enum mm_code work_close(struct mm_tx *tx, void *arg)
{
    struct closing *c = arg;

    return mm_audit_close_day(tx, c->day, MM_REGISTER_NOW, &c->head);
}

static struct mm_audit_head close_day(struct mm_records *rec, int64_t day)
{
    struct closing c = {.day = day};

    CHECK_NUM(mm_records_write(rec, mm_system_scope(), work_close, &c), MM_OK);
    return c.head;
}

static struct mm_audit_days verify_days(struct mm_records *rec)
{
    struct mm_audit_days days = {.broken_at = 99};
    struct mm_tx *tx = NULL;

    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_audit_verify_days(tx, &days), MM_OK);
    mm_records_read_done(&tx);
    return days;
}

static void add(struct mm_records *rec, uint32_t company, int count)
{
    struct mm_scope_hold hold;

    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, company), work_entries, &count),
              MM_OK);
}

TEST(audit_days_note_the_chains_that_grew_once_a_day)
{
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    struct mm_audit_head first = close_day(rec, 20777), again = close_day(rec, 20777), next;

    CHECK_NUM(first.number, 1);
    CHECK_NUM(again.number, 1);
    add(rec, company[0], 2);
    next = close_day(rec, 20778);
    CHECK_NUM(next.number, 2);
    CHECK_NUM(verify_days(rec).days, 2);
    CHECK_NUM(verify_days(rec).broken_at, 0);
    CHECK_NUM(verify(rec, company[0]).broken_at, 0);
    CHECK_NUM(verify(rec, company[1]).broken_at, 0);
    CHECK_NUM(verify_by(rec, MM_COMPANY_OPERATOR, &first).broken_at, 0);
    CHECK_NUM(verify_by(rec, MM_COMPANY_OPERATOR, &next).broken_at, 0);
    mm_records_close(&rec);
}

/* What who can write the file would do, on a state with a closed day and two entries behind it. */
TEST(audit_days_find_a_chain_that_was_made_anew)
{
    static const struct {
        const char *sql;
        uint64_t broken_at; /* of the company */
        int64_t day;
    } cases[] = {
        {"SELECT 1", 0, 0},
        /* The end with its head: the day remembers. */
        {"DELETE FROM audit WHERE company = 1 AND number > 3;"
         "UPDATE audit_head SET number = 3, hash = (SELECT hash FROM audit WHERE company = 1 AND"
         " number = 3) WHERE company = 1",
         4, 0},
        {"DELETE FROM audit WHERE company = 1; DELETE FROM audit_head WHERE company = 1", 1, 0},
        {"UPDATE audit_day SET hash = zeroblob(32) WHERE company = 1", 5, 20777},
        {"UPDATE audit_day SET number = 4 WHERE company = 1", 4, 20777},
        /* With its day: the operator's chain remembers that. */
        {"DELETE FROM audit WHERE company = 1; DELETE FROM audit_head WHERE company = 1;"
         "DELETE FROM audit_day WHERE company = 1",
         0, 20777},
        {"UPDATE audit_day SET day = 20776", 0, 20777},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        char path[128], sql[1024];
        uint32_t company[2];
        struct mm_records *rec = filled(company);
        struct mm_db *db = NULL;
        struct mm_audit_proof proof;

        (void)close_day(rec, 20777);
        add(rec, company[0], 2);
        CHECK_NUM(company[0], 1);
        (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
        CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
        (void)snprintf(sql, sizeof(sql),
                       "DROP TRIGGER audit_stands; DROP TRIGGER audit_head_stands;"
                       "DROP TRIGGER audit_head_goes_on; DROP TRIGGER audit_day_stands;"
                       "DROP TRIGGER audit_day_is_not_rewritten; %s",
                       cases[i].sql);
        CHECK_NUM(mm_db_exec(db, sql), MM_OK);
        mm_db_close(&db);
        proof = verify(rec, company[0]);
        if (proof.broken_at != cases[i].broken_at || verify_days(rec).broken_at != cases[i].day)
            mm_test_fail(__FILE__, __LINE__, cases[i].sql);
        CHECK_NUM(verify(rec, company[1]).broken_at, 0);
        mm_records_close(&rec);
        CHECK(unlink(path) == 0);
    }
}

TEST(audit_head_of_a_mail_finds_what_the_file_has_forgotten)
{
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    struct mm_audit_head mailed = close_day(rec, 20777), made;
    char path[128], text[MM_AUDIT_HEAD_TEXT];
    struct mm_db *db = NULL;

    mm_audit_head_text(&mailed, text);
    CHECK(mm_audit_head_parse(mm_slice_str(text), &made));
    CHECK(made.number == mailed.number && memcmp(made.hash.b, mailed.hash.b, MM_DIGEST) == 0);
    (void)snprintf(path, sizeof(path), "%s/records.db", mm_test_dir());
    CHECK_NUM(mm_db_open(path, MM_DB_WRITE, &db), MM_OK);
    CHECK_NUM(mm_db_exec(db, "DROP TRIGGER audit_stands; DROP TRIGGER audit_head_stands;"
                             "DROP TRIGGER audit_day_stands;"
                             "DELETE FROM audit; DELETE FROM audit_head; DELETE FROM audit_day"),
              MM_OK);
    mm_db_close(&db);
    CHECK_NUM(verify_by(rec, MM_COMPANY_OPERATOR, NULL).broken_at, 0);
    CHECK_NUM(verify_by(rec, MM_COMPANY_OPERATOR, &made).broken_at, 1);
    add(rec, MM_COMPANY_OPERATOR, 1); /* the chain made anew, as long as it was */
    CHECK_NUM(verify_by(rec, MM_COMPANY_OPERATOR, NULL).broken_at, 0);
    CHECK_NUM(verify_by(rec, MM_COMPANY_OPERATOR, &made).broken_at, 1);
    mm_records_close(&rec);
}

TEST(audit_head_is_read_as_it_is_written_and_not_otherwise)
{
    static const char hash[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    static const char *const refused[] = {"",
                                          ":",
                                          "7",
                                          "7:",
                                          "0:%s",
                                          ":%s",
                                          "7:%s0",
                                          "x:%s",
                                          "7 %s",
                                          "-7:%s",
                                          "18446744073709551616:%s"};
    struct mm_audit_head head = {.number = 77};
    char text[128];

    (void)snprintf(text, sizeof(text), "7:%s", hash);
    CHECK(mm_audit_head_parse(mm_slice_str(text), &head) && head.number == 7);
    CHECK_NUM(head.hash.b[0], 0);
    CHECK_NUM(head.hash.b[31], 0xff);
    for (size_t i = 0; i < MM_COUNT(refused); i++) {
        const char *mark = strstr(refused[i], "%s");

        (void)snprintf(text, sizeof(text), "%.*s%s%s",
                       (int)(mark == NULL ? strlen(refused[i]) : (size_t)(mark - refused[i])),
                       refused[i], mark == NULL ? "" : hash, mark == NULL ? "" : mark + 2);
        CHECK(!mm_audit_head_parse(mm_slice_str(text), &head));
    }
    (void)snprintf(text, sizeof(text), "7:%s", hash);
    text[9] = 'G';
    CHECK(!mm_audit_head_parse(mm_slice_str(text), &head));
    CHECK_NUM(head.number, 7);
}

/* ---- looks ---- */

static bool count_look(void *arg, const struct mm_audit_row *row)
{
    int *n = arg;

    if (mm_slice_eq(row->entry.action, MM_S("look.search")) &&
        mm_slice_eq(row->entry.text, MM_S("user.name:x")))
        ++*n;
    return true;
}

TEST(audit_look_is_written_for_who_may_write_nothing_and_where_it_may_look_only)
{
    const struct mm_audit look = {.time_us = MM_REGISTER_NOW,
                                  .actor = MM_S("eve"),
                                  .action = MM_S("look.search"),
                                  .text = MM_S("user.name:x")};
    uint32_t company[2];
    struct mm_records *rec = filled(company);
    const struct mm_scope *auditor = NULL;
    struct mm_arena arena;
    struct mm_tx *tx = NULL;
    int n = 0;

    mm_arena_init(&arena, 1 << 16);
    CHECK_NUM(mm_scope_make(
                  &arena,
                  &(struct mm_scope_spec){
                      .kind = MM_SCOPE_COMPANY, .company = company[0], .user = 3, .readonly = true},
                  &auditor),
              MM_OK);
    CHECK_NUM(mm_audit_look(rec, auditor, company, 1, &look), MM_OK);
    CHECK_NUM(mm_audit_look(rec, auditor, company, 2, &look), MM_E_NOTFOUND);
    CHECK_NUM(mm_records_read(rec, auditor, &tx), MM_OK);
    CHECK_NUM(mm_audit_looks(tx, 0, 100, count_look, &n), MM_OK);
    mm_records_read_done(&tx);
    CHECK_NUM(n, 1);
    CHECK_NUM(verify(rec, company[0]).entries, 6);
    CHECK_NUM(verify(rec, company[0]).broken_at, 0);
    CHECK_NUM(verify(rec, company[1]).entries, 5);
    mm_arena_done(&arena);
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
