/* cost/cost_test.c - what is shared out adds up, and who costs more than it brings is told why. */
#include "cost/cost.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/time.h"
#include "cost/cost_priv.h"
#include "coverage/coverage.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

#define NOW (INT64_C(1795176000) * MM_US_PER_S) /* 2026-11-20, 21:00 in Japan */

/* Companies 0 (strangers), 1 and 2, and a machine that worked for them. */
static void fill(struct mm_cost *c, struct mm_cost_company company[3])
{
    company[0] = (struct mm_cost_company){.company = 0, .lines = 100, .bytes = 10000};
    company[1] = (struct mm_cost_company){.company = 1,
                                          .lines = 700,
                                          .bytes = 30000,
                                          .event_bytes = 900,
                                          .entries = 10,
                                          .minutes = 150,
                                          .acts = 3};
    company[2] = (struct mm_cost_company){.company = 2,
                                          .lines = 200,
                                          .bytes = 60000,
                                          .event_bytes = 100,
                                          .searches = 5,
                                          .entries = 30};
    *c = (struct mm_cost){.prices = {.machine = 6000, .hour = 4000, .fee = 10000},
                          .intake_us = 1000,
                          .engine_us = 10000,
                          .store_us = 8000,
                          .rest_us = 600,
                          .inserting_us = 3,
                          .searching_us = 1,
                          .store_bytes = 1000,
                          .spool_bytes = 100,
                          .records_bytes = 400,
                          .store_there = true,
                          .company = company,
                          .n = 3};
}

TEST(cost_is_shared_out_by_work)
{
    struct mm_cost_company k[3];
    struct mm_cost c;

    fill(&c, k);
    mm_cost_share(&c);
    /* intake by bytes, engine and inserts by lines, searches by searches, the rest evenly */
    CHECK_NUM(k[0].cpu_us, 100 + 1000 + 600);
    CHECK_NUM(k[1].cpu_us, 300 + 7000 + 4200 + 300);
    CHECK_NUM(k[2].cpu_us, 600 + 2000 + 1200 + 2000 + 300);
    CHECK_NUM(k[0].disk_bytes, 10);
    CHECK_NUM(k[1].disk_bytes, 900 + 30 + 100);
    CHECK_NUM(k[2].disk_bytes, 100 + 60 + 300);
    CHECK_NUM(k[1].people_yen, 10000);
    CHECK_NUM(k[1].machine_yen, (6000 * 11800 / 19600 + 6000 * 1030 / 1500) / 2);
    CHECK_NUM(k[1].yen, k[1].machine_yen + k[1].people_yen);
    CHECK(k[0].machine_yen + k[1].machine_yen + k[2].machine_yen > 6000 - 6);
    CHECK(k[0].machine_yen + k[1].machine_yen + k[2].machine_yen <= 6000);
}

TEST(cost_of_what_nobody_has_work_for_is_the_same_for_each)
{
    struct mm_cost_company k[3];
    struct mm_cost c;

    fill(&c, k);
    for (size_t i = 0; i < 3; i++)
        k[i] = (struct mm_cost_company){.company = (uint32_t)i};
    mm_cost_share(&c);
    CHECK_NUM(k[0].cpu_us + k[0].disk_bytes + k[0].yen, 0);
    CHECK_NUM(k[1].cpu_us, 19600 / 2);
    CHECK_NUM(k[2].machine_yen, 3000);
    /* Nothing is known of the machine: nobody is told a price that was made up. */
    c = (struct mm_cost){.prices = c.prices, .company = k, .n = 3};
    mm_cost_share(&c);
    CHECK_NUM(k[1].yen, 0);
    /* What lies on the disk now says nothing of a month in which nothing ran. */
    c.records_bytes = 1000;
    mm_cost_share(&c);
    CHECK(k[1].disk_bytes == 500 && k[1].yen == 0);
}

TEST(cost_above_the_fee_says_why)
{
    struct mm_cost_source top = {.parsed = 90, .unparsed = 10};
    struct mm_cost_company k[3];
    struct mm_cost c;

    fill(&c, k);
    k[1].top = k[2].top = &top;
    mm_cost_share(&c);
    CHECK_NUM(k[1].reason, MM_COST_BY_PEOPLE);
    CHECK_NUM(k[0].reason, MM_COST_NONE);
    c.prices.machine = 90000;
    mm_cost_share(&c);
    CHECK_NUM(k[0].reason, MM_COST_NONE); /* strangers bring nothing and are nobody's */
    CHECK_NUM(k[1].reason, MM_COST_BY_UNUSED);
    top.alerts = 1;
    mm_cost_share(&c);
    CHECK_NUM(k[1].reason, MM_COST_BY_MUCH);
    top.unparsed = 91;
    mm_cost_share(&c);
    CHECK_NUM(k[1].reason, MM_COST_BY_UNREAD);
    c.searching_us = 1000;
    mm_cost_share(&c);
    CHECK_NUM(k[2].reason, MM_COST_BY_SEARCHES);
    c.prices.fee = 1000000;
    mm_cost_share(&c);
    CHECK_NUM(k[1].reason, MM_COST_NONE);
    /* A store that does not answer has not found nothing. */
    c.prices.fee = 0;
    c.store_there = false;
    top.unparsed = 0;
    top.alerts = 0;
    mm_cost_share(&c);
    CHECK_NUM(k[1].reason, MM_COST_BY_MUCH);
}

TEST(cost_months_are_those_of_japan)
{
    struct mm_cost_month m, before;

    mm_cost_month_of(NOW, NOW, &m);
    CHECK(strcmp(m.name, "2026-11") == 0 && !m.over);
    CHECK_NUM(m.to_day - m.from_day, 30);
    CHECK_NUM(mm_cover_day_of(m.from_us), m.from_day);
    CHECK_NUM(mm_cover_day_of(m.from_us - 1), m.from_day - 1);
    CHECK_NUM(mm_cover_day_of(m.to_us), m.to_day);
    CHECK(mm_cost_month_before(&m, NOW, &before) && strcmp(before.name, "2026-10") == 0);
    CHECK(before.over && before.to_us == m.from_us);
    CHECK(mm_cost_month_parse(MM_S("2026-08"), NOW, &m) && m.to_day - m.from_day == 31);
    CHECK(!mm_cost_month_before(&m, NOW, &before)); /* no day of July is kept */
    CHECK(mm_cost_month_parse(MM_S("2024-02"), NOW, &m) && m.to_day - m.from_day == 29);
    CHECK(mm_cost_month_parse(MM_S("2025-12"), NOW, &m) && m.to_day - m.from_day == 31);
    CHECK(!mm_cost_month_parse(MM_S("2026-12"), NOW, &m));
    CHECK(!mm_cost_month_parse(MM_S("2026-13"), NOW, &m));
    CHECK(!mm_cost_month_parse(MM_S("2026-00"), NOW, &m));
    CHECK(!mm_cost_month_parse(MM_S("2026/11"), NOW, &m));
    CHECK(!mm_cost_month_parse(MM_S("2026-1"), NOW, &m));
    CHECK(!mm_cost_month_parse(MM_S("99999-11"), NOW, &m));
    CHECK(strcmp(m.name, "2025-12") == 0); /* untouched by what was refused */
}

/* Stands in for the tables of other features that are read. */
static const struct mm_migration others[] = {
    {1, "others",
     "CREATE TABLE audit(company INTEGER NOT NULL REFERENCES company(company), number INTEGER, "
     "time_us INTEGER NOT NULL, action TEXT NOT NULL) STRICT;"
     "CREATE TABLE audit_head(company INTEGER NOT NULL REFERENCES company(company), "
     "number INTEGER NOT NULL) STRICT;"
     "CREATE TABLE cases(company INTEGER NOT NULL REFERENCES company(company), "
     "number INTEGER NOT NULL) STRICT;"
     "CREATE TABLE case_step(company INTEGER NOT NULL REFERENCES company(company), "
     "at_us INTEGER NOT NULL, minutes INTEGER) STRICT;"
     "CREATE TABLE source(company INTEGER NOT NULL REFERENCES company(company), source INTEGER, "
     "name TEXT) STRICT;"
     "ALTER TABLE company ADD COLUMN code TEXT NOT NULL DEFAULT '=c\"1';"
     "ALTER TABLE company ADD COLUMN ended_us INTEGER;"
     "INSERT INTO source VALUES (1, 7, 'utm');"
     "INSERT INTO audit VALUES (1, 1, 1795176000000000, 'look.search'), "
     "(1, 2, 1795176000000000, 'look.lines'), (1, 3, 1700000000000000, 'look.search');"
     "INSERT INTO audit_head VALUES (1, 3);"
     "INSERT INTO cases VALUES (1, 1), (1, 2);"
     "INSERT INTO case_step VALUES (1, 1795176000000000, 20), (1, 1795176000000000, NULL), "
     "(1, 1795176000000000, 25), (1, 1700000000000000, 99);"},
};
static const struct mm_feature others_feature = {
    .name = "others", .migrations = others, .migration_count = 1};

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &others_feature,
                                                        &mm_coverage_feature, &mm_cost_feature};

    return mm_test_records(features, MM_COUNT(features));
}

static enum mm_code add_day(struct mm_tx *tx, void *arg)
{
    const struct mm_cover_day *d = arg;

    return mm_cover_day_add(tx, 1, 7, d);
}

TEST(cost_is_read_from_what_was_noted)
{
    struct mm_records *rec = open_records();
    struct mm_vitals v = {.began_us = 5,
                          .supervisor = {.cpu_us = 40},
                          .program = {{.name = "engine", .cpu_us = 1000}, {.name = "intake"}},
                          .n = 2};
    struct mm_durations d[MM_METERS] = {[MM_METER_INSERT] = {.sum_us = 70}};
    struct mm_cover_day day = {
        .day = mm_cover_day_of(NOW), .parsed = 90, .unparsed = 10, .bytes = 5000};
    struct mm_cost_options o = {.state_dir = mm_test_dir(), .prices = {6000, 40000, 10}};
    struct mm_doc *doc;
    struct mm_cost c;
    struct mm_arena a;
    struct mm_buf out;

    mm_arena_init(&a, 4 << 20);
    mm_buf_init(&out, 1 << 20);
    CHECK_NUM(mm_cost_note(rec, &v, d, NOW), MM_OK);
    v.program[0].cpu_us = 3000;
    CHECK_NUM(mm_cost_note(rec, &v, d, NOW), MM_OK); /* 2,000 more */
    v.began_us = 6;                                  /* a supervisor that counts anew */
    v.program[0].cpu_us = 500;
    d[MM_METER_INSERT].sum_us = 30;
    CHECK_NUM(mm_cost_note(rec, &v, d, NOW), MM_OK);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), add_day, &day), MM_OK);
    mm_cost_month_of(NOW, NOW, &o.month);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &o.tx), MM_OK);
    CHECK_NUM(mm_cost_read(&o, &a, &c), MM_OK);
    CHECK_NUM(c.engine_us, 3500);
    CHECK_NUM(c.rest_us, 80);
    CHECK_NUM(c.inserting_us, 100);
    CHECK_NUM(c.n, 2); /* no stranger sent anything */
    CHECK(c.company[0].company == 1 && c.company[0].lines == 100 && c.company[0].bytes == 5000);
    CHECK(c.company[0].searches == 1 && c.company[0].minutes == 45 && c.company[0].acts == 2);
    CHECK_NUM(c.company[0].entries, 3 + 2 * MM_COST_CASE);
    CHECK_SLICE(c.company[0].top->name, "utm");
    CHECK_NUM(c.company[0].people_yen, 30000);
    mm_cost_csv(&c, MM_LANG_EN, &out);
    /* A code that a spreadsheet would work out as a formula is text. */
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("2026-11,\"'=c\"\"1\",\"a\",100,5000,1,")) !=
          SIZE_MAX);
    CHECK(mm_slice_starts(mm_buf_slice(&out), MM_S("\xef\xbb\xbf\"")));
    doc = mm_doc_new(&a);
    mm_cost_doc(&c, NOW, 0, 1, doc);
    mm_buf_reset(&out);
    mm_doc_json(&out, doc);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("\"next\":1")) != SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("\"reason\":\"people\"")) != SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("\"disk_bytes\":{\"v\":null,")) != SIZE_MAX);
    mm_records_read_done(&o.tx);
    mm_buf_done(&out);
    mm_arena_done(&a);
    mm_records_close(&rec);
}
