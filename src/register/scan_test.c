/* register/scan_test.c - scans come back as they were, sealed in between; cohorts hide the few. */
#include "register/scan.h"

#include <stdio.h>

#include "register/cohort.h"
#include "register/register_test.h"
#include "store/records/db.h"
#include "tests/harness/test.h"

static const struct mm_key key = {.b = {5}};

struct scan {
    uint32_t consent;
    struct mm_slice name, bytes;
};

static enum mm_code work_put(struct mm_tx *tx, void *arg)
{
    const struct scan *s = arg;

    return mm_scan_put(tx, &key, s->consent, s->name, s->bytes, MM_REGISTER_NOW);
}

static enum mm_code get(struct mm_records *rec, uint32_t company, const struct mm_key *with,
                        uint32_t consent, struct mm_arena *a, struct scan *ret)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    enum mm_code code;

    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, company), &tx), MM_OK);
    code = mm_scan_get(tx, with, consent, a, &ret->name, &ret->bytes);
    mm_records_read_done(&tx);
    return code;
}

TEST(scan_comes_back_to_its_company_only_and_is_sealed_in_between)
{
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha"), b = mm_register_company(rec, "beta");
    uint32_t consent = mm_register_add(rec, a, MM_REG_CONSENT, "what", "probe", "giver", "G",
                                       "given", "2020-08-01", NULL);
    struct scan s = {consent, MM_S("page.pdf"), MM_S("%PDF-1.4 signed")}, got = {0};
    struct mm_key other = {.b = {6}};
    struct mm_scope_hold hold;
    struct mm_arena arena;

    mm_arena_init(&arena, 1 << 20);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, a), work_put, &s), MM_OK);
    s.bytes = MM_S("%PDF-1.5 signed again");
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, a), work_put, &s), MM_OK);
    CHECK_NUM(get(rec, a, &key, consent, &arena, &got), MM_OK);
    CHECK_SLICE(got.name, "page.pdf");
    CHECK_SLICE(got.bytes, "%PDF-1.5 signed again");
    CHECK_NUM(get(rec, b, &key, consent, &arena, &got), MM_E_NOTFOUND);
    CHECK_NUM(get(rec, a, &other, consent, &arena, &got), MM_E_SYNTAX);
    CHECK(mm_records_write(rec, mm_system_company(&hold, b), work_put, &s) != MM_OK);
    CHECK_NUM(get(rec, a, &key, consent, &arena, &got), MM_OK);
    mm_arena_done(&arena);
    mm_records_close(&rec);
}

TEST(scan_refuses_what_is_empty_or_too_large)
{
    static uint8_t large[MM_SCAN_MAX + 1];
    struct mm_records *rec = mm_register_open();
    uint32_t a = mm_register_company(rec, "alpha");
    struct scan s = {1, MM_S("x"), {0}};
    struct mm_scope_hold hold;

    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, a), work_put, &s), MM_E_LIMIT);
    s.bytes = mm_slice_of(large, sizeof(large));
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, a), work_put, &s), MM_E_LIMIT);
    s.bytes = mm_slice_of(large, MM_SCAN_MAX);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, a), work_put, &s), MM_E_NOTFOUND);
    mm_records_close(&rec);
}

struct groups {
    char text[256];
};

static void add_group(void *arg, struct mm_slice what, int64_t companies)
{
    struct groups *g = arg;
    size_t n = strlen(g->text);

    (void)snprintf(g->text + n, sizeof(g->text) - n, "%.*s=%lld ", MM_S_ARG(what),
                   (long long)companies);
}

TEST(cohort_counts_companies_by_kind)
{
    static const enum mm_cohort by[] = {MM_COHORT_SIZE, MM_COHORT_SENSOR, MM_COHORT_SERVICE};
    static const char *const want[] = {"=7 ", "=1 inline=4 mirror=2 ", "drill=1 monitoring=6 "};
    struct mm_records *rec = mm_register_open();
    struct mm_tx *tx = NULL;

    for (int i = 0; i < 6; i++) {
        char code[4] = {'c', (char)('0' + i), 0};
        uint32_t c = mm_register_add(rec, 0, MM_REG_COMPANY, "code", code, "name", code, "sensor",
                                     i < 4 ? "inline" : "mirror", NULL);

        (void)mm_register_add(rec, c, MM_REG_SERVICE, "kind", "monitoring", NULL);
        if (i == 0)
            (void)mm_register_add(rec, c, MM_REG_SERVICE, "kind", "drill", NULL);
    }
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    for (size_t i = 0; i < MM_COUNT(by); i++) {
        struct groups g = {0};

        CHECK_NUM(mm_cohort_each(tx, by[i], add_group, &g), MM_OK);
        CHECK_SLICE(mm_slice_str(g.text), want[i]);
    }
    mm_records_read_done(&tx);
    mm_records_close(&rec);
}
