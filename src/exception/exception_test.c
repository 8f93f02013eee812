/* exception/exception_test.c - an exception hides what it says, for as long as it says. */
#include "exception/exception.h"

#include "base/time.h"
#include "exception/feature.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

#define DAY MM_US_PER_DAY
#define NOW (20000 * DAY)

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_exception_feature};

    return mm_test_records(features, MM_COUNT(features));
}

struct act {
    enum { ADD, AGREE, END, RAN_OUT } what;
    uint32_t company, user;
    const struct mm_exception *e;
    int64_t exception, now_us;
    struct mm_fault fault;
};

static enum mm_code change(struct mm_tx *tx, void *arg)
{
    struct act *a = arg;

    switch (a->what) {
    case ADD:
        return mm_exception_add(tx, a->e, a->now_us, &a->exception, &a->fault);
    case AGREE:
        return mm_exception_agree(tx, a->exception, a->user);
    case END:
        return mm_exception_end(tx, a->exception, a->user, a->now_us);
    case RAN_OUT:
        return mm_exception_ran_out(tx, a->exception, a->now_us);
    }
    return MM_E_BUG;
}

static enum mm_code act(struct mm_records *rec, struct act *a)
{
    struct mm_scope_hold hold;

    return mm_records_write(rec, mm_system_company(&hold, a->company), change, a);
}

static const struct mm_filter_term terms[] = {
    {MM_S_INIT("host.name"), MM_FILTER_EQUALS, MM_S_INIT("PC-023")},
    {MM_S_INIT("process.executable"), MM_FILTER_ENDS, MM_S_INIT("\\backup.exe")},
};

static struct mm_exception sample(void)
{
    return (struct mm_exception){.rule = MM_S("r-1"),
                                 .title = MM_S("Shadow copies deleted"),
                                 .product = MM_S("windows"),
                                 .category = MM_S("process_creation"),
                                 .term = terms,
                                 .term_n = MM_COUNT(terms),
                                 .reason = MM_S("夜間バックアップ: 佐藤さんに確認"),
                                 .hides = 12,
                                 .until_us = NOW + 90 * DAY,
                                 .made_by = 7};
}

static int64_t add(struct mm_records *rec, uint32_t company, const struct mm_exception *e)
{
    struct act a = {.what = ADD, .company = company, .e = e, .now_us = NOW};

    CHECK_NUM(act(rec, &a), MM_OK);
    return a.exception;
}

/* What is in force, as the engine reads it. */
static void in_force(struct mm_records *rec, int64_t now_us, struct mm_buf *out)
{
    struct mm_tx *tx = NULL;
    size_t left = 9;

    mm_buf_reset(out);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_exception_write(tx, now_us, out, &left), MM_OK);
    CHECK_NUM(left, 0);
    mm_records_read_done(&tx);
}

static size_t count(struct mm_slice text, const char *word)
{
    struct mm_slice w = mm_slice_str(word);
    size_t n = 0;

    for (size_t i = 0; i + w.n <= text.n; i++)
        n += mm_slice_eq(mm_slice_sub(text, i, w.n), w) ? 1 : 0;
    return n;
}

/* Would the filters in `text` hide a match of rule r-1 in such an event? */
static bool hides(struct mm_slice text, uint32_t company, const char *host, const char *program,
                  int64_t received_us)
{
    static const char rule[] = "title: t\nid: r-1\nlogsource: {product: windows, category: "
                               "process_creation}\ndetection: {s: {Image: '*'}, condition: s}\n";
    struct mm_ruleset *set = NULL;
    struct mm_buf all;
    struct mm_matcher *m;
    struct mm_event ev;
    uint32_t hit[4];
    size_t n;

    mm_buf_init(&all, 1 << 20);
    mm_buf_str(&all, rule);
    mm_buf_str(&all, text.n > 0 ? "---\n" : "");
    mm_buf_add(&all, text);
    CHECK_NUM(mm_rules_load_text(MM_S("r.yml"), mm_buf_slice(&all), NULL, &set), MM_OK);
    CHECK_NUM(mm_rules_refused(set), 0);
    mm_buf_done(&all);
    m = mm_matcher_new(set);
    mm_event_reset(&ev);
    ev.company = company;
    ev.received_us = received_us;
    CHECK(mm_event_name(&ev, MM_S("winlog.channel"), MM_S("Microsoft-Windows-Sysmon/Operational")));
    CHECK(mm_event_name(&ev, MM_S("event.code"), MM_S("1")));
    CHECK(mm_event_name(&ev, MM_S("host.name"), mm_slice_str(host)));
    CHECK(mm_event_name(&ev, MM_S("process.executable"), mm_slice_str(program)));
    n = mm_rules_match(m, &ev, hit, MM_COUNT(hit));
    mm_matcher_free(&m);
    mm_rules_unref(&set);
    return n == 0;
}

TEST(an_exception_hides_what_it_says_in_its_company_until_its_day)
{
    struct mm_records *rec = open_records();
    struct mm_exception e = sample();
    struct mm_buf text;
    struct mm_slice all;

    mm_buf_init(&text, 1 << 20);
    in_force(rec, NOW, &text);
    CHECK_NUM(text.n, 0);
    CHECK(!hides(mm_buf_slice(&text), 1, "PC-023", "C:\\x\\backup.exe", NOW));
    (void)add(rec, 1, &e);
    e.reason = MM_S("also: it \"has\" 'quotes'\nand lines");
    e.rule = MM_S("r-2");
    (void)add(rec, 2, &e);
    in_force(rec, NOW, &text);
    all = mm_buf_slice(&text);
    CHECK_NUM(count(all, "filter:"), 2);
    CHECK(hides(all, 1, "PC-023", "C:\\x\\backup.exe", NOW));
    CHECK(hides(all, 1, "pc-023", "C:\\x\\BACKUP.EXE", NOW)); /* as rules compare */
    CHECK(!hides(all, 2, "PC-023", "C:\\x\\backup.exe", NOW));
    CHECK(!hides(all, 1, "PC-024", "C:\\x\\backup.exe", NOW));
    CHECK(!hides(all, 1, "PC-023", "C:\\x\\backup.exe.exe", NOW));
    CHECK(!hides(all, 1, "PC-023", "C:\\x\\backup.exe", NOW + 90 * DAY));
    in_force(rec, NOW + 90 * DAY, &text);
    CHECK_NUM(text.n, 0);
    mm_buf_done(&text);
    mm_records_close(&rec);
}

TEST(what_would_have_hidden_a_critical_alert_needs_a_second_person)
{
    struct mm_records *rec = open_records();
    struct mm_exception e = sample(), got;
    struct act a = {.what = AGREE, .company = 1, .user = 7, .now_us = NOW + 1};
    struct mm_tx *tx = NULL;
    struct mm_arena arena;
    struct mm_buf text;

    mm_buf_init(&text, 1 << 20);
    mm_arena_init(&arena, 1 << 20);
    e.hides_critical = 1;
    a.exception = add(rec, 1, &e);
    in_force(rec, NOW, &text);
    CHECK_NUM(text.n, 0);
    CHECK_NUM(act(rec, &a), MM_E_DENIED); /* the one who made it */
    a.user = 0;
    CHECK_NUM(act(rec, &a), MM_E_DENIED); /* nobody */
    a.user = 8;
    a.company = 2;
    CHECK_NUM(act(rec, &a), MM_E_NOTFOUND); /* of another company */
    a.company = 1;
    CHECK_NUM(act(rec, &a), MM_OK);
    CHECK_NUM(act(rec, &a), MM_E_NOTFOUND); /* no longer proposed */
    in_force(rec, NOW, &text);
    CHECK_NUM(count(mm_buf_slice(&text), "filter:"), 1);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_exception_get(tx, a.exception, &arena, &got), MM_OK);
    mm_records_read_done(&tx);
    CHECK_NUM(got.made_by, 7);
    CHECK_NUM(got.agreed_by, 8);
    CHECK_NUM(got.term_n, 2);
    CHECK_SLICE(got.term[1].value, "\\backup.exe");
    CHECK_NUM(got.term[1].how, MM_FILTER_ENDS);
    mm_arena_done(&arena);
    mm_buf_done(&text);
    mm_records_close(&rec);
}

TEST(a_clock_that_is_set_back_hides_no_change)
{
    struct mm_records *rec = open_records();
    struct mm_exception e = sample();
    struct act a = {.what = END, .company = 1, .user = 9, .now_us = NOW - 5 * DAY};
    uint64_t before = 0, after = 0;
    struct mm_tx *tx = NULL;

    a.exception = add(rec, 1, &e);
    (void)add(rec, 2, &e);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_exception_stamp(tx, &before), MM_OK);
    mm_records_read_done(&tx);
    CHECK_NUM(act(rec, &a), MM_OK);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_exception_stamp(tx, &after), MM_OK);
    mm_records_read_done(&tx);
    CHECK(after > before);
    mm_records_close(&rec);
}

TEST(a_second_person_is_needed_where_the_trial_says_so)
{
    struct mm_records *rec = open_records();
    struct mm_exception e = sample();
    struct mm_buf text;

    mm_buf_init(&text, 1 << 20);
    e.second = true;
    (void)add(rec, 1, &e);
    in_force(rec, NOW, &text);
    CHECK_NUM(text.n, 0);
    mm_buf_done(&text);
    mm_records_close(&rec);
}

TEST(it_ends_by_hand_or_on_its_day_and_the_stamp_tells)
{
    struct mm_records *rec = open_records();
    struct mm_exception e = sample(), *list = NULL;
    struct act a = {.what = END, .company = 1, .user = 9, .now_us = NOW + 5};
    struct mm_exception_which which = {.max = 10};
    uint64_t stamp[4] = {0};
    struct mm_tx *tx = NULL;
    struct mm_arena arena;
    size_t n = 0;
    int64_t second = 0;

    mm_arena_init(&arena, 1 << 20);
    for (int i = 0; i < 4; i++) {
        if (i == 1)
            a.exception = add(rec, 1, &e);
        if (i == 2)
            second = add(rec, 2, &e);
        if (i == 3) {
            CHECK_NUM(act(rec, &a), MM_OK);
            CHECK_NUM(act(rec, &a), MM_E_NOTFOUND); /* ended */
        }
        CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
        CHECK_NUM(mm_exception_stamp(tx, &stamp[i]), MM_OK);
        mm_records_read_done(&tx);
        for (int k = 0; k < i; k++)
            CHECK(stamp[k] != stamp[i]);
    }
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_exception_due(tx, NOW + 89 * DAY, &arena, &list, &n), MM_OK);
    CHECK_NUM(n, 0);
    CHECK_NUM(mm_exception_due(tx, NOW + 90 * DAY, &arena, &list, &n), MM_OK);
    CHECK_NUM(n, 1);
    CHECK_NUM(list[0].exception, second);
    CHECK_NUM(mm_exception_list(tx, &which, &arena, &list, &n), MM_OK);
    CHECK_NUM(n, 1);
    which.ended_too = true;
    CHECK_NUM(mm_exception_list(tx, &which, &arena, &list, &n), MM_OK);
    CHECK_NUM(n, 2);
    CHECK_NUM(list[1].state, MM_EXCEPTION_ENDED);
    CHECK_NUM(list[1].ended_by, 9);
    which.rule = MM_S("r-9");
    CHECK_NUM(mm_exception_list(tx, &which, &arena, &list, &n), MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    a = (struct act){.what = RAN_OUT, .company = 2, .exception = second, .now_us = NOW + 90 * DAY};
    CHECK_NUM(act(rec, &a), MM_OK);
    CHECK_NUM(act(rec, &a), MM_E_NOTFOUND);
    mm_arena_done(&arena);
    mm_records_close(&rec);
}

TEST(what_is_no_exception_is_refused_and_says_why)
{
    static const struct mm_filter_term empty[] = {{MM_S_INIT("host.name"), MM_FILTER_EQUALS, {0}}};
    static const struct mm_filter_term bad[] = {
        {MM_S_INIT("host.name"), MM_FILTER_EQUALS, MM_S_INIT("\xff")}};
    struct mm_records *rec = open_records();
    struct {
        const char *what;
        struct mm_exception e;
    } c[7];

    for (size_t i = 0; i < MM_COUNT(c); i++)
        c[i].e = sample();
    c[0].what = "exception.terms";
    c[0].e.term_n = 0;
    c[1].what = "exception.value";
    c[1].e.term = empty;
    c[1].e.term_n = 1;
    c[2].what = "exception.value";
    c[2].e.term = bad;
    c[2].e.term_n = 1;
    c[3].what = "exception.reason";
    c[3].e.reason = (struct mm_slice){0};
    c[4].what = "exception.until";
    c[4].e.until_us = NOW;
    c[5].what = "exception.until";
    c[5].e.until_us = NOW + 367 * DAY;
    c[6].what = "exception.rule";
    c[6].e.product = c[6].e.category = (struct mm_slice){0};
    for (size_t i = 0; i < MM_COUNT(c); i++) {
        struct act a = {.what = ADD, .company = 1, .e = &c[i].e, .now_us = NOW};

        CHECK_NUM(act(rec, &a), MM_E_RANGE);
        CHECK(strcmp(a.fault.what, c[i].what) == 0);
    }
    mm_records_close(&rec);
}
