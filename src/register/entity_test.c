/* register/entity_test.c - adding, changing, ending, listing; nothing past a company's border. */
#include "register/entity.h"

#include <stdio.h>

#include "register/register_test.h"
#include "tests/harness/test.h"

TEST(register_statements_are_all_bound_to_the_scope)
{
    struct mm_records *rec = mm_register_open();
    const struct mm_stmt *bad = NULL;
    char why[512] = "";

    if (mm_records_check(rec, &bad, why, sizeof(why)) != MM_OK)
        mm_test_fail(__FILE__, __LINE__, why);
    mm_records_close(&rec);
}

TEST(register_keeps_every_field_of_every_entity)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha");

    for (int e = 0; e < MM_REG_COUNT; e++)
        mm_register_round_trip(rec, mm_entity((enum mm_entity_id)e), a);
    mm_records_close(&rec);
}

static bool count_row(void *arg, const struct mm_rec *rec)
{
    (void)rec;
    (*(int *)arg)++;
    return true;
}

static int count_of(struct mm_records *rec, const struct mm_scope *scope, enum mm_entity_id id,
                    bool ended)
{
    struct mm_tx *tx = NULL;
    int n = 0;

    CHECK_NUM(mm_records_read(rec, scope, &tx), MM_OK);
    CHECK_NUM(
        mm_rec_each(tx, mm_entity(id), &(struct mm_rec_filter){.ended = ended}, count_row, &n),
        MM_OK);
    mm_records_read_done(&tx);
    return n;
}

TEST(register_shows_a_company_nothing_of_another)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta");
    struct mm_scope_hold hold;
    struct mm_arena arena;
    struct mm_tx *tx = NULL;
    struct mm_rec out;
    uint32_t ids[MM_REG_COUNT];

    mm_arena_init(&arena, 1 << 20);
    for (int e = 0; e < MM_REG_COUNT; e++)
        ids[e] = mm_register_round_trip(rec, mm_entity((enum mm_entity_id)e), a);
    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, b), &tx), MM_OK);
    for (int e = 0; e < MM_REG_COUNT; e++) {
        const struct mm_entity *entity = mm_entity((enum mm_entity_id)e);
        int n = 0;

        if (entity->owner == MM_OWNER_SHARED || e == MM_REG_COMPANY)
            continue;
        CHECK_NUM(mm_rec_get(tx, entity, ids[e], &arena, &out), MM_E_NOTFOUND);
        CHECK_NUM(mm_rec_each(tx, entity, &(struct mm_rec_filter){.ended = true}, count_row, &n),
                  MM_OK);
        CHECK_NUM(n, 0);
    }
    CHECK_NUM(mm_rec_get(tx, mm_entity(MM_REG_COMPANY), a, &arena, &out), MM_E_NOTFOUND);
    CHECK_NUM(mm_company_by_code(tx, MM_S("alpha"), &a), MM_E_NOTFOUND);
    CHECK_NUM(mm_company_by_code(tx, MM_S("beta"), &a), MM_OK);
    CHECK_NUM(a, b);
    mm_records_read_done(&tx);
    mm_arena_done(&arena);
    mm_records_close(&rec);
}

TEST(register_changes_and_ends_only_what_the_scope_sees)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta");

    for (int e = 0; e < MM_REG_COUNT; e++) {
        const struct mm_entity *entity = mm_entity((enum mm_entity_id)e);
        struct mm_scope_hold hold;
        const struct mm_scope *other = mm_system_company(&hold, b);
        uint32_t id = mm_register_round_trip(rec, entity, a);

        if (entity->owner == MM_OWNER_SHARED) { /* everyone reads, the operator writes */
            CHECK_NUM(mm_register_set(rec, other, entity, id), MM_E_DENIED);
            CHECK_NUM(mm_register_end(rec, other, entity, id), MM_E_DENIED);
            continue;
        }
        CHECK_NUM(mm_register_set(rec, other, entity, id), MM_E_NOTFOUND);
        CHECK_NUM(mm_register_end(rec, other, entity, id), MM_E_NOTFOUND);
        CHECK_NUM(mm_register_end(rec, mm_system_company(&hold, e == MM_REG_COMPANY ? id : a),
                                  entity, id),
                  MM_OK);
    }
    mm_records_close(&rec);
}

TEST(register_refuses_a_reference_to_another_companys_row)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta");
    uint32_t site = mm_register_add(rec, a, MM_REG_SITE, "name", "a-site", NULL), id = 0;
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", site);
    CHECK_NUM(
        mm_register_try(rec, b, MM_REG_DEVICE, &id, "name", "x", "kind", "pc", "site", text, NULL),
        MM_E_NOTFOUND);
    CHECK_NUM(
        mm_register_try(rec, a, MM_REG_DEVICE, &id, "name", "x", "kind", "pc", "site", text, NULL),
        MM_OK);
    mm_records_close(&rec);
}

TEST(register_names_are_taken_once_and_free_again_when_ended)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta"), id = 0;
    uint32_t site = mm_register_add(rec, a, MM_REG_SITE, "name", "main", NULL);
    struct mm_scope_hold hold;

    CHECK_NUM(mm_register_try(rec, a, MM_REG_SITE, &id, "name", "main", NULL), MM_E_EXISTS);
    CHECK_NUM(mm_register_try(rec, b, MM_REG_SITE, &id, "name", "main", NULL), MM_OK);
    CHECK_NUM(mm_register_end(rec, mm_system_company(&hold, a), mm_entity(MM_REG_SITE), site),
              MM_OK);
    CHECK_NUM(mm_register_end(rec, mm_system_company(&hold, a), mm_entity(MM_REG_SITE), site),
              MM_E_NOTFOUND);
    CHECK_NUM(mm_register_try(rec, a, MM_REG_SITE, &id, "name", "main", NULL), MM_OK);
    CHECK_NUM(count_of(rec, mm_system_company(&hold, a), MM_REG_SITE, false), 1);
    CHECK_NUM(count_of(rec, mm_system_company(&hold, a), MM_REG_SITE, true), 2);
    mm_records_close(&rec);
}

TEST(register_ends_what_belongs_to_what_ended)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta");
    static const enum mm_entity_id ending[] = {MM_REG_SOURCE, MM_REG_USER, MM_REG_TOKEN,
                                               MM_REG_MEMBER};
    struct mm_scope_hold hold;

    for (size_t i = 0; i < MM_COUNT(ending); i++) {
        (void)mm_register_round_trip(rec, mm_entity(ending[i]), a);
        (void)mm_register_round_trip(rec, mm_entity(ending[i]), b);
        CHECK(count_of(rec, mm_system_company(&hold, a), ending[i], false) > 0);
    }
    CHECK_NUM(mm_register_end(rec, mm_system_company(&hold, a), mm_entity(MM_REG_COMPANY), a),
              MM_OK);
    for (size_t i = 0; i < MM_COUNT(ending); i++) {
        CHECK_NUM(count_of(rec, mm_system_company(&hold, a), ending[i], false), 0);
        CHECK(count_of(rec, mm_system_company(&hold, a), ending[i], true) > 0);
        CHECK(count_of(rec, mm_system_company(&hold, b), ending[i], false) > 0);
    }
    CHECK_NUM(mm_register_end(rec, mm_system_company(&hold, 0), mm_entity(MM_REG_COMPANY), 0),
              MM_E_DENIED);
    mm_records_close(&rec);
}

TEST(register_two_companies_cannot_claim_one_address)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta"), id = 0;

    CHECK_NUM(mm_register_try(rec, a, MM_REG_SOURCE, &id, "name", "fw", "bind", "address",
                              "listener", "lan", "address", "192.168.0.1", NULL),
              MM_OK);
    CHECK_NUM(mm_register_try(rec, b, MM_REG_SOURCE, &id, "name", "fw", "bind", "address",
                              "listener", "lan", "address", "192.168.0.1", NULL),
              MM_E_EXISTS);
    CHECK_NUM(mm_register_try(rec, b, MM_REG_SOURCE, &id, "name", "fw", "bind", "address",
                              "listener", "lan2", "address", "192.168.0.1", NULL),
              MM_OK);
    mm_records_close(&rec);
}

TEST(register_pages_by_number)
{
    struct mm_records *rec = mm_register_open();
    struct mm_tx *tx = NULL;
    int n = 0;

    for (int i = 0; i < 5; i++) {
        char code[8];

        (void)snprintf(code, sizeof(code), "c%d", i);
        (void)mm_register_company(rec, code);
    }
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_rec_each(tx, mm_entity(MM_REG_COMPANY), &(struct mm_rec_filter){.limit = 2},
                          count_row, &n),
              MM_OK);
    CHECK_NUM(n, 2); /* the operator's own and c0 */
    CHECK_NUM(mm_rec_each(tx, mm_entity(MM_REG_COMPANY),
                          &(struct mm_rec_filter){.from = 2, .limit = 100}, count_row, &n),
              MM_OK);
    CHECK_NUM(n, 2 + 4);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}

TEST(register_json_says_null_for_what_was_not_entered_and_hides_digests)
{
    struct mm_rec rec;
    struct mm_buf out;

    mm_rec_init(&rec, mm_entity(MM_REG_TOKEN));
    rec.id = 3;
    rec.company = 2;
    rec.v[MM_F_token_name] = (struct mm_value){.s = MM_S("a \"b\"")};
    rec.v[MM_F_token_digest] = (struct mm_value){.s = MM_S("secret")};
    rec.created_us = 1600000000000000;
    mm_buf_init(&out, 4096);
    mm_rec_json(&out, &rec);
    CHECK_SLICE(mm_buf_slice(&out),
                "{\"id\":3,\"company\":2,\"name\":\"a \\\"b\\\"\",\"source\":null,\"user\":null,"
                "\"rights\":null,\"scopes\":null,\"until\":null,\"prefix\":null,"
                "\"created\":\"2020-09-13T12:26:40Z\",\"changed\":null,\"ended\":null}");
    mm_buf_done(&out);
}
