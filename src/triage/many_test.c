/* triage/many_test.c - a flood of made-up names takes no room from anybody, and hides nobody. */
#include "triage/many.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "job/job.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"
#include "triage/case.h"
#include "triage/triage.h"
#include "triage/triage_priv.h"

enum { ALERTS_MAX = 2000, NAME = 24, RULE_HOUR = MM_TRIAGE_RULE_HOUR };

#define NOW (INT64_C(1795000000) * MM_US_PER_S)

/* Alerts with names of their own; seqs rise. */
struct flood {
    struct mm_records *rec;
    struct mm_alert alert[ALERTS_MAX];
    char name[ALERTS_MAX][NAME];
    size_t n;
    uint64_t seq;
    int64_t now_us;
    size_t opened;
};

static struct flood *begin(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_job_feature,
                                                        &mm_triage_feature};
    static struct flood f;

    f = (struct flood){.rec = mm_test_records(features, MM_COUNT(features)), .now_us = NOW};
    return &f;
}

static struct mm_alert *add(struct flood *f, uint32_t company, const char *rule,
                            enum mm_level level, const char *name)
{
    struct mm_alert *a = &f->alert[f->n];

    MM_ASSERT(f->n < ALERTS_MAX);
    (void)snprintf(f->name[f->n], NAME, "%s", name);
    *a = (struct mm_alert){.seq = ++f->seq,
                           .company = company,
                           .source = 3,
                           .received_us = f->now_us,
                           .time_us = (int64_t)f->seq * 10,
                           .events = 1,
                           .level = level,
                           .rule_id = mm_slice_str(rule),
                           .title = mm_slice_str(rule),
                           .author = MM_S("Mimamori"),
                           .entity_field = MM_S("user.name"),
                           .entity = mm_slice_str(f->name[f->n]),
                           .doc = MM_S("{\"en\":{}}"),
                           .event = MM_S("{}")};
    f->n++;
    return a;
}

/* n made-up names, each once. */
static void make_up(struct flood *f, uint32_t company, const char *rule, enum mm_level level,
                    const char *prefix, size_t n)
{
    char name[NAME];

    for (size_t i = 0; i < n; i++) {
        (void)snprintf(name, sizeof(name), "%s%zu", prefix, i);
        (void)add(f, company, rule, level, name);
    }
}

struct part {
    const struct mm_triage_plan *plan;
    size_t from, to, opened_n;
    int64_t now_us;
};

static enum mm_code apply(struct mm_tx *tx, void *arg)
{
    struct part *p = arg;
    struct mm_opened opened[MM_TRIAGE_RUNS_MAX];

    return mm_triage_alerts(tx, p->plan, p->from, p->now_us, &p->to, opened, &p->opened_n);
}

/* Plan and take the batch, at most `parts` transactions of it. True when that was all. */
static bool run(struct flood *f, size_t parts)
{
    struct mm_tx *tx = NULL;
    struct mm_triage_plan plan;
    struct part p = {.plan = &plan, .now_us = f->now_us};
    bool all;

    qsort(f->alert, f->n, sizeof(*f->alert), mm_alert_order);
    CHECK_NUM(mm_records_read(f->rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_triage_plan(tx, f->alert, f->n, f->now_us, &plan), MM_OK);
    mm_records_read_done(&tx);
    for (; p.from < mm_triage_steps(&plan) && parts > 0; p.from = p.to, parts--) {
        CHECK_NUM(mm_records_write(f->rec, mm_system_scope(), apply, &p), MM_OK);
        f->opened += p.opened_n;
    }
    all = p.from == mm_triage_steps(&plan);
    mm_triage_plan_done(&plan);
    return all;
}

/* The whole batch; the next one begins empty. */
static void take(struct flood *f)
{
    CHECK(run(f, SIZE_MAX));
    f->n = 0;
}

/* What one rule has found in a company: by itself, and counted together. */
struct seen {
    size_t own, many;
    int64_t own_count, many_count, many_case;
};

static struct seen look(struct flood *f, uint32_t company, const char *rule)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct seen s = {0};
    struct mm_q q;

    CHECK(mm_records_read(f->rec, mm_system_company(&hold, company), &tx) == MM_OK);
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_LIST]);
    mm_q_int(&q, ":open", 0);
    mm_q_int(&q, ":max", 100000);
    while (mm_q_row(&q)) {
        if (!mm_slice_eq(mm_q_col_text(&q, 3), mm_slice_str(rule)))
            continue;
        if (mm_slice_eq(mm_q_col_text(&q, 2), MM_S("many"))) {
            CHECK_NUM(mm_q_col_text(&q, 5).n, 0);
            s.many++;
            s.many_count = mm_q_col_int(&q, 10);
            s.many_case = mm_q_col_int(&q, 13);
        } else {
            s.own++;
            s.own_count += mm_q_col_int(&q, 10);
        }
    }
    CHECK(mm_q_end(&q) == MM_OK);
    mm_records_read_done(&tx);
    return s;
}

/* The count of one entity's finding; -1: it has none. */
static int64_t count_of(struct flood *f, uint32_t company, const char *rule, const char *entity)
{
    struct mm_made m = {.kind = "alert",
                        .rule = mm_slice_str(rule),
                        .field = MM_S("user.name"),
                        .entity = mm_slice_str(entity)};
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    CHECK(mm_records_read(f->rec, mm_system_company(&hold, company), &tx) == MM_OK);
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_FINDING_GET]);
    mm_q_text(&q, ":kind", mm_slice_str(m.kind));
    mm_q_text(&q, ":rule", m.rule);
    mm_q_text(&q, ":field", m.field);
    mm_q_text(&q, ":entity", m.entity);
    if (mm_q_row(&q))
        n = mm_q_col_int(&q, 1);
    CHECK(mm_q_end(&q) == MM_OK);
    mm_records_read_done(&tx);
    return n;
}

static enum mm_code read_many(struct flood *f, int64_t case_id, struct mm_arena *a,
                              struct mm_many *ret)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    enum mm_code code;

    CHECK(mm_records_read(f->rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    code = mm_many_of_case(tx, case_id, a, ret);
    mm_records_read_done(&tx);
    return code;
}

TEST(a_flood_of_made_up_names_is_one_finding_beside_the_first)
{
    struct flood *f = begin();
    struct mm_many m;
    struct mm_arena a;
    struct seen s;

    mm_arena_init(&a, 1 << 20);
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "u", 1000);
    (void)add(f, 2, "spray", MM_LEVEL_HIGH, "u5");
    take(f);
    CHECK_NUM(f->opened, RULE_HOUR + 1 + 1);
    s = look(f, 1, "spray");
    CHECK_NUM(s.own, RULE_HOUR);
    CHECK_NUM(s.many, 1);
    CHECK_NUM(s.own_count + s.many_count, 1000);
    CHECK_NUM(look(f, 2, "spray").own, 1);
    CHECK_NUM(look(f, 2, "spray").many, 0);
    CHECK_NUM(read_many(f, s.many_case, &a, &m), MM_OK);
    CHECK(m.entities > 890 && m.entities < 1030); /* 960; six standard errors */
    CHECK_NUM(m.events, 1000 - RULE_HOUR);
    CHECK_NUM(m.shown_n, MM_MANY_SHOWN);
    CHECK_NUM(m.first_us, (RULE_HOUR + 1) * 10);
    CHECK_NUM(m.last_us, 1000 * 10);
    CHECK_NUM(read_many(f, s.many_case - 1, &a, &m), MM_E_NOTFOUND);
    /* More of it: not one row more, but for the company that has none of it. */
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "v", 1000);
    take(f);
    CHECK_NUM(f->opened, RULE_HOUR + 1 + 1);
    s = look(f, 1, "spray");
    CHECK_NUM(s.own, RULE_HOUR);
    CHECK_NUM(s.own_count + s.many_count, 2000);
    CHECK_NUM(read_many(f, s.many_case, &a, &m), MM_OK);
    CHECK(m.entities > 1800 && m.entities < 2120); /* 1,960 */
    mm_arena_done(&a);
    mm_records_close(&f->rec);
}

TEST(an_hour_later_a_rule_may_find_new_names_again)
{
    struct flood *f = begin();

    make_up(f, 1, "spray", MM_LEVEL_HIGH, "u", 100);
    take(f);
    f->now_us += 3599 * MM_US_PER_S;
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "v", 100);
    take(f);
    CHECK_NUM(look(f, 1, "spray").own, RULE_HOUR);
    f->now_us += 2 * MM_US_PER_S;
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "w", 100);
    take(f);
    CHECK_NUM(look(f, 1, "spray").own, 2 * RULE_HOUR);
    mm_records_close(&f->rec);
}

TEST(names_that_come_one_by_one_use_up_the_hour_as_well)
{
    struct flood *f = begin();

    for (int i = 0; i < RULE_HOUR + 10; i++) {
        char name[NAME];

        (void)snprintf(name, sizeof(name), "u%d", i);
        (void)add(f, 1, "spray", MM_LEVEL_LOW, name);
        take(f);
    }
    CHECK_NUM(look(f, 1, "spray").own, RULE_HOUR);
    CHECK_NUM(look(f, 1, "spray").many_count, 10);
    mm_records_close(&f->rec);
}

TEST(many_rules_together_leave_critical_ones_and_logins_that_succeeded_their_own)
{
    static const char *const rules[] = {"r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7"};
    struct flood *f = begin();
    size_t own = 0;

    for (size_t i = 0; i < MM_COUNT(rules); i++)
        make_up(f, 1, rules[i], MM_LEVEL_LOW, "u", RULE_HOUR);
    take(f);
    for (size_t i = 0; i < MM_COUNT(rules); i++) {
        struct seen s = look(f, 1, rules[i]);

        own += s.own;
        CHECK_NUM(s.own_count + s.many_count, RULE_HOUR);
    }
    CHECK_NUM(own, MM_TRIAGE_COMPANY_HOUR);
    make_up(f, 1, "worm", MM_LEVEL_CRITICAL, "pc", 3);
    add(f, 1, "login", MM_LEVEL_LOW, "sato")->succeeded = true;
    (void)add(f, 1, "login", MM_LEVEL_LOW, "nobody");
    make_up(f, 2, "login", MM_LEVEL_LOW, "other", 5);
    take(f);
    CHECK_NUM(look(f, 1, "worm").own, 3);
    CHECK_NUM(count_of(f, 1, "login", "sato"), 1);
    CHECK_NUM(count_of(f, 1, "login", "nobody"), -1);
    CHECK_NUM(look(f, 2, "login").own, 5);
    mm_records_close(&f->rec);
}

TEST(the_one_real_name_among_thousands_is_seen)
{
    struct flood *f = begin();
    struct mm_many m;
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    (void)add(f, 1, "spray", MM_LEVEL_HIGH, "zz-before"); /* has a finding when the flood comes */
    (void)add(f, 1, "other", MM_LEVEL_HIGH, "zz-worked-on");
    take(f);
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "u", 500);
    (void)add(f, 1, "spray", MM_LEVEL_HIGH, "zz-before");
    (void)add(f, 1, "spray", MM_LEVEL_HIGH, "zz-worked-on");
    (void)add(f, 1, "spray", MM_LEVEL_HIGH, "192.0.2.1"); /* the company's router */
    (void)add(f, 1, "spray", MM_LEVEL_HIGH, "nas");       /* another company's device */
    for (int i = 0; i < 3; i++)
        (void)add(f, 1, "spray", MM_LEVEL_HIGH, "zz-often");
    add(f, 1, "spray", MM_LEVEL_HIGH, "zz-in")->succeeded = true;
    take(f);
    CHECK_NUM(count_of(f, 1, "spray", "zz-before"), 2);
    CHECK_NUM(count_of(f, 1, "spray", "zz-worked-on"), 1);
    CHECK_NUM(count_of(f, 1, "spray", "192.0.2.1"), 1);
    CHECK_NUM(count_of(f, 1, "spray", "nas"), -1);
    CHECK_NUM(count_of(f, 1, "spray", "zz-often"), 3);
    CHECK_NUM(count_of(f, 1, "spray", "zz-in"), 1);
    /* Now that the hour is used up: shown by name where they are counted. */
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "v", 500);
    for (int i = 0; i < 3; i++)
        (void)add(f, 1, "spray", MM_LEVEL_HIGH, "zz-late");
    take(f);
    CHECK_NUM(count_of(f, 1, "spray", "zz-late"), -1);
    CHECK_NUM(read_many(f, look(f, 1, "spray").many_case, &a, &m), MM_OK);
    CHECK_SLICE(m.shown[0].entity, "zz-late");
    CHECK_NUM(m.shown[0].events, 3);
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "w", RULE_HOUR);
    for (size_t i = 0; i < f->n; i++)
        f->alert[i].succeeded = true;
    add(f, 1, "spray", MM_LEVEL_HIGH, "zz-in-too")->succeeded = true;
    (void)add(f, 1, "spray", MM_LEVEL_HIGH, "zz-late");
    take(f);
    CHECK_NUM(read_many(f, look(f, 1, "spray").many_case, &a, &m), MM_OK);
    CHECK_NUM(m.succeeded, 2); /* zz-in is the 40th of the hour */
    CHECK(m.shown[0].succeeded == 1 && m.shown[1].succeeded == 1);
    CHECK_SLICE(m.shown[2].entity, "zz-late");
    CHECK_NUM(m.shown[2].events, 4);
    CHECK_NUM(m.shown_n, MM_MANY_SHOWN);
    mm_arena_done(&a);
    mm_records_close(&f->rec);
}

/* The batch of numbers from + 1 to n, in which names come again. */
static void batch(struct flood *f, size_t from, size_t n)
{
    f->n = 0;
    f->seq = from;
    for (size_t i = from; i < n; i++) {
        char name[NAME];

        (void)snprintf(name, sizeof(name), "u%zu", i % 150);
        (void)add(f, 1, "spray", MM_LEVEL_HIGH, name);
    }
}

/* Killed behind so many transactions of the first 300, then done again, as the same or as a longer
 * batch, perhaps when the hour is over; then the rest comes. */
static void killed(size_t parts, size_t again, int64_t later_us, size_t own)
{
    static const char *const files[] = {"records.db", "records.db-wal", "records.db-shm"};
    struct flood *f = begin();
    struct mm_many m;
    struct mm_arena a;
    struct seen s;

    mm_arena_init(&a, 1 << 20);
    batch(f, 0, 300);
    (void)run(f, parts);
    f->now_us += later_us;
    batch(f, 0, again);
    CHECK(run(f, SIZE_MAX));
    f->now_us = NOW;
    batch(f, again, 400);
    CHECK(run(f, SIZE_MAX));
    s = look(f, 1, "spray");
    CHECK_NUM(s.own, own);
    CHECK_NUM(s.own_count + s.many_count, 400);
    CHECK_NUM(read_many(f, s.many_case, &a, &m), MM_OK);
    CHECK_NUM(m.events, s.many_count);
    CHECK(m.entities >= 100 && m.entities <= 120); /* 110: 150 without those of their own */
    mm_arena_done(&a);
    mm_records_close(&f->rec);
    for (size_t i = 0; i < MM_COUNT(files); i++) {
        char path[1100];

        (void)snprintf(path, sizeof(path), "%s/%s", mm_test_dir(), files[i]);
        (void)remove(path);
    }
}

TEST(a_flood_that_is_done_again_from_any_moment_counts_each_event_once)
{
    enum { PARTS = 3 }; /* 25 findings, 15, the rest together */

    for (size_t parts = 0; parts <= PARTS; parts++) {
        killed(parts, 300, 0, RULE_HOUR);
        killed(parts, 400, 0, RULE_HOUR);
    }
    /* Who was counted gets no finding of that when the hour is over, but of what is new. */
    killed(PARTS, 300, 2 * 3600 * MM_US_PER_S, RULE_HOUR);
    killed(PARTS, 400, 2 * 3600 * MM_US_PER_S, 2 * RULE_HOUR);
}

TEST(names_that_a_crash_brings_again_take_nothing_from_new_ones)
{
    struct flood *f = begin();

    batch(f, 0, 300);
    CHECK(run(f, SIZE_MAX));
    f->now_us += 2 * 3600 * MM_US_PER_S;
    batch(f, 0, 300);
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "new", 30);
    take(f);
    CHECK_NUM(look(f, 1, "spray").own, RULE_HOUR + 30);
    CHECK_NUM(count_of(f, 1, "spray", "new29"), 1);
    mm_records_close(&f->rec);
}

static enum mm_code close_case(struct mm_tx *tx, void *arg)
{
    return mm_case_close(tx, *(int64_t *)arg, 7, MM_S("nothing_found"), MM_S(""), NOW);
}

TEST(a_closed_case_keeps_its_numbers_and_the_next_counts_anew)
{
    struct flood *f = begin();
    struct mm_scope_hold hold;
    struct mm_many m;
    struct mm_arena a;
    int64_t first, second;

    mm_arena_init(&a, 1 << 20);
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "u", RULE_HOUR + 100);
    take(f);
    first = look(f, 1, "spray").many_case;
    CHECK(mm_records_write(f->rec, mm_system_company(&hold, 1), close_case, &first) == MM_OK);
    make_up(f, 1, "spray", MM_LEVEL_HIGH, "v", 30);
    take(f);
    second = look(f, 1, "spray").many_case;
    CHECK(second != first);
    CHECK_NUM(read_many(f, first, &a, &m), MM_OK);
    CHECK_NUM(m.events, 100);
    CHECK_NUM(read_many(f, second, &a, &m), MM_OK);
    CHECK_NUM(m.events, 30);
    CHECK(m.entities >= 26 && m.entities <= 31);
    mm_arena_done(&a);
    mm_records_close(&f->rec);
}

TEST(what_opens_no_case_alone_opens_none_together)
{
    struct flood *f = begin();

    make_up(f, 1, "p2p", MM_LEVEL_LOW, "u", 100);
    take(f);
    CHECK_NUM(f->opened, 0);
    CHECK_NUM(look(f, 1, "p2p").many_count, 100 - RULE_HOUR);
    mm_records_close(&f->rec);
}

TEST(many_are_as_urgent_as_one_that_came_through)
{
    struct flood *f = begin();
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    struct mm_case c;

    mm_arena_init(&a, 1 << 20);
    make_up(f, 1, "virus", MM_LEVEL_CRITICAL, "u", 100);
    for (size_t i = 0; i < f->n; i++)
        f->alert[i].prevented = i != 90;
    f->alert[90].doc = f->alert[90].event = (struct mm_slice){0};
    take(f);
    CHECK(mm_records_read(f->rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK_NUM(mm_case_get(tx, look(f, 1, "virus").many_case, &a, &c), MM_OK);
    mm_records_read_done(&tx);
    CHECK_SLICE(c.act, "now");
    CHECK_SLICE(c.doc, "{\"en\":{}}");
    CHECK(c.many >= 54 && c.many <= 62);
    mm_arena_done(&a);
    mm_records_close(&f->rec);
}
