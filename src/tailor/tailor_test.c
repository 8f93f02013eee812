/* tailor/tailor_test.c - lists and adjustments of companies and programmes, and what counts. */
#include "tailor/tailor.h"

#include "store/records/system_scope.h"
#include "tailor/feature.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

/* Stands in for the register: companies 1, 2 and 3; 1 and 2 are members of both programmes. */
static const struct mm_migration migrations[] = {
    {1, "companies",
     "CREATE TABLE company(company INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT;"
     "CREATE TABLE programme(programme INTEGER PRIMARY KEY, ended_us INTEGER) STRICT;"
     "CREATE TABLE member(member INTEGER PRIMARY KEY, company INTEGER NOT NULL REFERENCES "
     "company(company), programme INTEGER NOT NULL, changed_us INTEGER NOT NULL, ended_us INTEGER) "
     "STRICT;"
     "INSERT INTO company VALUES (0, 'operator'), (1, 'a'), (2, 'b'), (3, 'c');"
     "INSERT INTO programme(programme) VALUES (1), (2);"
     "INSERT INTO member(company, programme, changed_us) VALUES (1, 1, 0), (2, 1, 0), (1, 2, 0), "
     "(2, 2, 0);"},
};
static const char *const shared[] = {"programme", NULL};
static const struct mm_feature companies = {
    .name = "register", .migrations = migrations, .migration_count = 1, .shared = shared};

static const struct mm_stmt leave = {
    "L", MM_STMT_SYSTEM, "UPDATE main.member SET ended_us = 5, changed_us = 5 WHERE company = 2"};

static enum mm_code do_leave(struct mm_tx *tx, void *arg)
{
    struct mm_q q;

    (void)arg;
    mm_q_begin(&q, tx, &leave);
    return mm_q_end(&q);
}

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&companies, &mm_tailor_feature};

    return mm_test_records(features, MM_COUNT(features));
}

struct put {
    uint32_t company, programme;
    const char *name, *lines;
    struct mm_fault fault;
};

static enum mm_code do_put(struct mm_tx *tx, void *arg)
{
    struct put *p = arg;
    struct mm_slices values = {0};
    struct mm_arena a;
    enum mm_code code = mm_tx_narrow(tx, p->company);

    mm_arena_init(&a, 4 * 1024 * 1024);
    if (code == MM_OK)
        code = mm_tailor_values(mm_slice_str(p->lines), &a, &values, &p->fault);
    if (code == MM_OK)
        code = mm_tailor_put(tx, p->programme, mm_slice_str(p->name), values, 7, 1, &p->fault);
    mm_arena_done(&a);
    mm_tx_widen(tx);
    return code;
}

static enum mm_code put(struct mm_records *rec, uint32_t company, uint32_t programme,
                        const char *name, const char *lines)
{
    struct put p = {.company = company, .programme = programme, .name = name, .lines = lines};

    return mm_records_write(rec, mm_system_scope(), do_put, &p);
}

struct adjusting {
    struct mm_tailor_adjust x;
    uint32_t company, user; /* agree: who */
    int64_t id;
    enum mm_tailor_state state;
    struct mm_fault fault;
};

static enum mm_code do_adjust(struct mm_tx *tx, void *arg)
{
    struct adjusting *d = arg;
    enum mm_code code = mm_tx_narrow(tx, d->company);

    if (code == MM_OK && d->user > 0)
        code = mm_tailor_agree(tx, d->id, d->user, 2);
    else if (code == MM_OK)
        code = mm_tailor_adjust_rule(tx, &d->x, 1, &d->id, &d->state, &d->fault);
    mm_tx_widen(tx);
    return code;
}

/* level MM_LEVEL_COUNT: the author's, which is critical for "crit" and high for others. */
static struct adjusting adjust(struct mm_records *rec, uint32_t company, uint32_t programme,
                               const char *rule, bool on, enum mm_level level)
{
    struct adjusting d = {
        .company = company,
        .x = {.programme = programme,
              .rule = mm_slice_str(rule),
              .title = MM_S("t"),
              .rule_level = strcmp(rule, "crit") == 0 ? MM_LEVEL_CRITICAL : MM_LEVEL_HIGH,
              .enabled = on,
              .has_level = level != MM_LEVEL_COUNT,
              .level = level == MM_LEVEL_COUNT ? MM_LEVEL_LOW : level,
              .reason = MM_S("because"),
              .made_by = 4}};

    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_adjust, &d), MM_OK);
    return d;
}

/* What the engine is given, read back. */
static struct mm_tuning *written(struct mm_records *rec)
{
    struct mm_tuning *t = NULL;
    struct mm_tx *tx = NULL;
    struct mm_buf out;
    size_t left = 9;

    mm_buf_init(&out, 8 * 1024 * 1024);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_tailor_write(tx, &out, &left), MM_OK);
    CHECK_NUM(left, 0);
    mm_records_read_done(&tx);
    CHECK_NUM(mm_tuning_read(mm_buf_slice(&out), &t, NULL), MM_OK);
    mm_buf_done(&out);
    return t;
}

static uint64_t stamp(struct mm_records *rec)
{
    struct mm_tx *tx = NULL;
    uint64_t s = 0;

    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_tailor_stamp(tx, &s), MM_OK);
    mm_records_read_done(&tx);
    return s;
}

static const char rules[] =
    "title: t\nid: r\nlevel: high\nlogsource: {product: windows}\ndetection:\n"
    "  s: {A|expand: '%L%'}\n  condition: s\n---\n"
    "title: u\nid: crit\nlevel: critical\nlogsource: {product: windows}\ndetection:\n"
    "  s: {A: any}\n  condition: s\n";

static struct mm_ruleset *compiled(struct mm_records *rec)
{
    struct mm_tuning *t = written(rec);
    struct mm_ruleset *set = NULL;

    CHECK_NUM(mm_rules_load_text(MM_S("r"), mm_slice_str(rules),
                                 &(struct mm_rules_options){.tuning = t}, &set),
              MM_OK);
    mm_tuning_free(&t);
    return set;
}

/* Does rule "r" match A=a in the company? */
static bool hits(struct mm_ruleset *set, uint32_t company, const char *a)
{
    struct mm_matcher *m = mm_matcher_new(set);
    struct mm_event ev;
    size_t n;

    mm_event_reset(&ev);
    ev.company = company;
    CHECK(mm_event_name(&ev, MM_S("winlog.channel"), MM_S("Security")));
    CHECK(mm_event_name(&ev, MM_S("A"), mm_slice_str(a)));
    n = mm_rules_match(m, &ev, NULL, 0);
    mm_matcher_free(&m);
    return n > 0;
}

TEST(list_of_a_company_is_its_own_and_before_its_programmes)
{
    struct mm_records *rec = open_records();
    struct mm_ruleset *set;

    CHECK_NUM(put(rec, 0, 2, "L", "second"), MM_OK);
    CHECK_NUM(put(rec, 0, 1, "L", "first\nfirst\n\n  common \n"), MM_OK);
    CHECK_NUM(put(rec, 2, 0, "L", "own"), MM_OK);
    set = compiled(rec);
    CHECK(hits(set, 1, "common") && hits(set, 1, "first") && !hits(set, 1, "second"));
    CHECK(hits(set, 2, "own") && !hits(set, 2, "common"));
    CHECK(!hits(set, 3, "own") && !hits(set, 3, "common") && mm_rules_waits(set, 0, 3));
    CHECK(!hits(set, 0, "common")); /* a programme's list is not the operator's own */
    mm_rules_unref(&set);
    CHECK_NUM(put(rec, 2, 0, "L", ""), MM_OK); /* taken away: the programme's again */
    set = compiled(rec);
    CHECK(hits(set, 2, "common") && !hits(set, 2, "own"));
    mm_rules_unref(&set);
    mm_records_close(&rec);
}

TEST(who_leaves_a_programme_loses_its_lists_and_the_stamp_says_so)
{
    struct mm_records *rec = open_records();
    struct mm_ruleset *set;
    uint64_t before;

    CHECK_NUM(put(rec, 0, 1, "L", "common"), MM_OK);
    before = stamp(rec);
    CHECK(stamp(rec) == before);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_leave, NULL), MM_OK);
    CHECK(stamp(rec) != before);
    set = compiled(rec);
    CHECK(hits(set, 1, "common") && !hits(set, 2, "common"));
    mm_rules_unref(&set);
    before = stamp(rec);
    (void)adjust(rec, 1, 0, "r", false, MM_LEVEL_COUNT);
    CHECK(stamp(rec) != before);
    mm_records_close(&rec);
}

TEST(adjustment_of_a_company_goes_before_and_of_programmes_the_stronger)
{
    struct mm_records *rec = open_records();
    struct mm_ruleset *set;

    CHECK_NUM(put(rec, 0, 1, "L", "x"), MM_OK);
    (void)adjust(rec, 0, 1, "r", false, MM_LEVEL_COUNT);
    set = compiled(rec);
    CHECK(mm_rules_off(set, 0, 1) && mm_rules_off(set, 0, 2));
    CHECK(!mm_rules_off(set, 0, 0) && !mm_rules_off(set, 0, 3)); /* before and behind its members */
    mm_rules_unref(&set);
    (void)adjust(rec, 0, 2, "r", true, MM_LEVEL_LOW);
    (void)adjust(rec, 2, 0, "r", true, MM_LEVEL_COUNT);
    set = compiled(rec);
    CHECK(!mm_rules_off(set, 0, 1) && mm_rules_level(set, 0, 1) == MM_LEVEL_LOW);
    CHECK(!mm_rules_off(set, 0, 2) && mm_rules_level(set, 0, 2) == MM_LEVEL_HIGH);
    CHECK(mm_rules_level(set, 0, 3) == MM_LEVEL_HIGH);
    mm_rules_unref(&set);
    mm_records_close(&rec);
}

TEST(who_weakens_a_critical_rule_needs_a_second_person)
{
    struct mm_records *rec = open_records();
    struct adjusting d = adjust(rec, 1, 0, "crit", false, MM_LEVEL_COUNT);
    struct mm_ruleset *set = compiled(rec);
    struct mm_tuning *t;

    CHECK(d.state == MM_TAILOR_PROPOSED && !mm_rules_off(set, 1, 1));
    mm_rules_unref(&set);
    d.user = 4;
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_adjust, &d), MM_E_DENIED);
    d.user = 5;
    d.company = 2;
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_adjust, &d), MM_E_NOTFOUND);
    d.company = 1;
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_adjust, &d), MM_OK);
    set = compiled(rec);
    CHECK(mm_rules_off(set, 1, 1) && !mm_rules_off(set, 1, 2));
    mm_rules_unref(&set);
    (void)adjust(rec, 2, 0, "r", false, MM_LEVEL_COUNT);
    t = written(rec); /* what one person alone has said goes with the level of that day */
    CHECK_NUM(t->rule_n, 2);
    for (size_t i = 0; i < t->rule_n; i++)
        CHECK(t->rule[i].has_made == (t->rule[i].rule.n == 1) &&
              (!t->rule[i].has_made || t->rule[i].made == MM_LEVEL_HIGH));
    mm_tuning_free(&t);
    d = adjust(rec, 1, 0, "crit", true, MM_LEVEL_LOW); /* waits; what counted goes on */
    CHECK(d.state == MM_TAILOR_PROPOSED);
    d = adjust(rec, 1, 0, "crit", true, MM_LEVEL_COUNT); /* stronger: at once */
    CHECK(d.state == MM_TAILOR_ACTIVE);
    set = compiled(rec);
    CHECK(!mm_rules_off(set, 1, 1));
    mm_rules_unref(&set);
    mm_records_close(&rec);
}

TEST(company_is_told_its_own_and_its_programmes_and_nobody_elses)
{
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    struct mm_tailored t;
    struct mm_tx *tx = NULL;
    struct mm_arena a;

    CHECK_NUM(put(rec, 0, 1, "L", "common"), MM_OK);
    CHECK_NUM(put(rec, 0, 1, "M", "m"), MM_OK);
    CHECK_NUM(put(rec, 2, 0, "L", "own"), MM_OK);
    CHECK_NUM(put(rec, 3, 0, "L", "other"), MM_OK);
    (void)adjust(rec, 0, 1, "r", true, MM_LEVEL_LOW);
    (void)adjust(rec, 3, 0, "r", false, MM_LEVEL_COUNT);
    mm_arena_init(&a, 1024 * 1024);
    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, 2), &tx), MM_OK);
    CHECK_NUM(mm_tailor_of(tx, 3, MM_S(""), &a, &t), MM_E_NOTFOUND);
    CHECK_NUM(mm_tailor_of(tx, 2, MM_S(""), &a, &t), MM_OK);
    CHECK_NUM(t.list_n, 3);
    CHECK_SLICE(mm_tailored_list(&t, MM_S("L"))->values.v[0], "own");
    CHECK_NUM(mm_tailored_list(&t, MM_S("M"))->programme, 1);
    CHECK(mm_tailored_list(&t, MM_S("N")) == NULL);
    CHECK_NUM(t.adjust_n, 1);
    CHECK(mm_tailored_adjust(&t, MM_S("r"))->level == MM_LEVEL_LOW);
    CHECK(mm_tailored_adjust(&t, MM_S("crit")) == NULL);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(bad_lists_and_adjustments_are_refused_with_a_reason)
{
    static const struct {
        uint32_t company, programme;
        const char *name, *lines;
        enum mm_code code;
        const char *what;
    } cases[] = {
        {1, 0, "", "x", MM_E_RANGE, "tailor.name"},
        {1, 0, "a b", "x", MM_E_RANGE, "tailor.name"},
        {1, 0, "L", "x\n\x01", MM_E_RANGE, "tailor.value"},
        {1, 0, "L", "\xff", MM_E_RANGE, "tailor.value"},
        {0, 9, "L", "x", MM_E_NOTFOUND, NULL},
        {1, 1, "L", "x", MM_E_DENIED, NULL}, /* a programme's rows are company 0's */
    };
    struct mm_records *rec = open_records();
    struct adjusting d = {.company = 1, .x = {.rule = MM_S("r"), .title = MM_S("t")}};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct put p = {.company = cases[i].company,
                        .programme = cases[i].programme,
                        .name = cases[i].name,
                        .lines = cases[i].lines};

        CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_put, &p), cases[i].code);
        CHECK((p.fault.what == NULL) == (cases[i].what == NULL));
        if (cases[i].what != NULL && p.fault.what != NULL)
            CHECK_SLICE(mm_slice_str(p.fault.what), cases[i].what);
    }
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_adjust, &d), MM_E_RANGE);
    CHECK_SLICE(mm_slice_str(d.fault.what), "tailor.reason");
    d = (struct adjusting){.company = 0,
                           .x = {.programme = 1,
                                 .rule = MM_S("r"),
                                 .title = MM_S("t"),
                                 .enabled = true,
                                 .reason = MM_S("why")}};
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_adjust, &d), MM_E_RANGE);
    CHECK_SLICE(mm_slice_str(d.fault.what), "tailor.nothing");
    mm_records_close(&rec);
}

TEST(place_holds_so_many_lists_and_bytes)
{
    struct mm_records *rec = open_records();
    char name[24];
    struct mm_buf lines;

    for (int i = 0; i < MM_TAILOR_LISTS_MAX; i++) {
        (void)snprintf(name, sizeof(name), "L%d", i);
        CHECK_NUM(put(rec, 1, 0, name, "x"), MM_OK);
    }
    CHECK_NUM(put(rec, 1, 0, "more", "x"), MM_E_RANGE);
    CHECK_NUM(put(rec, 1, 0, "L5", "y"), MM_OK); /* what is there may change */
    CHECK_NUM(put(rec, 2, 0, "more", "x"), MM_OK);
    mm_buf_init(&lines, 1024 * 1024);
    for (int i = 0; i < 700; i++)
        mm_buf_fmt(&lines, "%0200d\n", i);
    mm_buf_byte(&lines, 0);
    CHECK_NUM(put(rec, 2, 0, "large", (const char *)lines.p), MM_E_RANGE);
    mm_buf_done(&lines);
    mm_records_close(&rec);
}

/* As many companies, members of programme 1, and as many values of companies as are taken. */
static const struct mm_stmt crowd[] = {
    {"C", MM_STMT_SYSTEM,
     "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 1007) "
     "INSERT INTO main.company SELECT i, 'x' FROM n"},
    {"M", MM_STMT_SYSTEM,
     "INSERT INTO main.member(company, programme, changed_us) SELECT company, 1, 0 FROM "
     "main.company WHERE company >= 10"},
    {"L", MM_STMT_SYSTEM,
     "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 209) "
     "INSERT INTO main.rule_list(company, programme, name, lines, changed_us, changed_by, "
     "revision) SELECT i, 0, 'L', replace(hex(zeroblob(1000)), '00', 'x' || char(10)), 1, 1, 1 "
     "FROM n"},
    {"A", MM_STMT_SYSTEM,
     "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200) "
     "INSERT INTO main.rule_adjust(company, programme, rule, title, rule_level, enabled, level, "
     "reason, state, made_us, made_by, revision) SELECT 0, 1, 'r' || i, 't', 'high', 0, '', 'w', "
     "'active', 1, 1, 1 FROM n"},
};

static enum mm_code do_crowd(struct mm_tx *tx, void *arg)
{
    enum mm_code code = MM_OK;

    (void)arg;
    for (size_t i = 0; i < MM_COUNT(crowd) && code == MM_OK; i++) {
        struct mm_q q;

        mm_q_begin(&q, tx, &crowd[i]);
        code = mm_q_end(&q);
    }
    return code;
}

TEST(what_is_too_much_is_left_out_and_the_rest_is_read)
{
    struct mm_records *rec = open_records();
    struct mm_tuning *t = NULL;
    struct mm_tx *tx = NULL;
    struct mm_buf out;
    size_t left = 0;

    CHECK_NUM(mm_records_write(rec, mm_system_scope(), do_crowd, NULL), MM_OK);
    mm_buf_init(&out, 8 * 1024 * 1024);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_tailor_write(tx, &out, &left), MM_OK);
    mm_records_read_done(&tx);
    CHECK(left > 0);
    CHECK_NUM(mm_tuning_read(mm_buf_slice(&out), &t, NULL), MM_OK);
    CHECK_NUM(t->list_n, 200);
    CHECK(t->rule_n > 150 && t->rule_n < 200);
    mm_tuning_free(&t);
    mm_buf_done(&out);
    mm_records_close(&rec);
}
