/* engine/exceptions_test.c - the file of filters follows the records, and days come. */
#include "engine/exceptions.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "exception/exception.h"
#include "exception/feature.h"
#include "os/file.h"
#include "register/feature.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"
#include "triage/triage.h"

#define NOW (20000 * MM_US_PER_DAY)

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_triage_feature,
                                                        &mm_exception_feature};

    return mm_test_records(features, MM_COUNT(features));
}

static enum mm_code add(struct mm_tx *tx, void *arg)
{
    static const struct mm_filter_term term[] = {
        {MM_S_INIT("host.name"), MM_FILTER_EQUALS, MM_S_INIT("PC-1")}};
    struct mm_exception e = {.rule = MM_S("r-1"),
                             .title = MM_S("t"),
                             .product = MM_S("windows"),
                             .term = term,
                             .term_n = 1,
                             .reason = MM_S("agreed"),
                             .until_us = NOW + MM_US_PER_DAY};

    return mm_exception_add(tx, &e, NOW, arg, NULL);
}

static bool file_has(const struct mm_exceptions *x, const char *word)
{
    struct mm_buf text;
    bool has;

    mm_buf_init(&text, 1 << 20);
    CHECK_NUM(mm_file_read(x->mirror.path, &text), MM_OK);
    mm_buf_byte(&text, 0);
    CHECK(mm_buf_ok(&text));
    has = strstr((const char *)text.p, word) != NULL;
    mm_buf_done(&text);
    return has;
}

static const struct mm_stmt ended = {
    .name = "ENDED",
    .kind = MM_STMT_READ,
    .sql = "SELECT count(finding) FROM finding WHERE company = 0 AND kind = 'exception_ended' AND "
           "entity = 'exception-1' AND state = 'open'"};

static int64_t findings(struct mm_records *rec)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    mm_q_begin(&q, tx, &ended);
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    mm_records_read_done(&tx);
    return n;
}

static const struct mm_stmt open_of = {
    .name = "OPEN_OF",
    .kind = MM_STMT_READ,
    .sql = "SELECT coalesce(sum(count), 0) FROM finding WHERE company = 0 AND kind = :kind AND "
           "state = 'open'"};

/* How often what is open of this kind was told. */
static int64_t told(struct mm_records *rec, const char *kind)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    mm_q_begin(&q, tx, &open_of);
    mm_q_text(&q, ":kind", mm_slice_str(kind));
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    mm_records_read_done(&tx);
    return n;
}

struct wish {
    bool critical;
    int64_t days, id;
};

static enum mm_code add_wish(struct mm_tx *tx, void *arg)
{
    static const struct mm_filter_term term[] = {
        {MM_S_INIT("host.name"), MM_FILTER_EQUALS, MM_S_INIT("PC-1")}};
    struct wish *w = arg;
    struct mm_exception e = {.rule = MM_S("r-1"),
                             .title = MM_S("t"),
                             .product = MM_S("windows"),
                             .term = term,
                             .term_n = 1,
                             .reason = MM_S("agreed"),
                             .made_by = 7,
                             .second = w->critical,
                             .until_us = NOW + w->days * MM_US_PER_DAY};

    return mm_exception_add(tx, &e, NOW, &w->id, NULL);
}

static enum mm_code agree(struct mm_tx *tx, void *arg)
{
    return mm_exception_agree(tx, *(const int64_t *)arg, 8);
}

TEST(what_waits_for_somebody_is_a_finding_once_until_it_waits_no_more)
{
    struct mm_records *rec = open_records();
    struct wish waits = {.critical = true, .days = 30}, shortly = {.days = 3};
    struct mm_scope_hold hold;
    struct mm_exceptions x;
    int64_t mono = 1;

    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 0), add_wish, &waits), MM_OK);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 0), add_wish, &shortly), MM_OK);
    mm_exceptions_init(&x, rec, mm_test_dir());
    for (int i = 0; i < 3; i++) { /* told once, however often it is looked at */
        mm_exceptions_tick(&x, NOW, mono);
        mono += MM_EXCEPTIONS_DUE_S * MM_US_PER_S;
        CHECK_NUM(told(rec, "exception_waits"), 1);
    }
    CHECK_NUM(told(rec, "exception_soon"), 0); /* three days were meant to be short */
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 0), agree, &waits.id), MM_OK);
    mm_exceptions_tick(&x, NOW, mono);
    CHECK_NUM(told(rec, "exception_waits"), 0);
    mono += MM_EXCEPTIONS_DUE_S * MM_US_PER_S;
    mm_exceptions_tick(&x, NOW + 23 * MM_US_PER_DAY, mono);
    CHECK_NUM(told(rec, "exception_soon"), 1);
    mono += MM_EXCEPTIONS_DUE_S * MM_US_PER_S;
    mm_exceptions_tick(&x, NOW + 30 * MM_US_PER_DAY, mono);
    CHECK_NUM(told(rec, "exception_soon"), 0);
    CHECK_NUM(told(rec, "exception_ended"), 2);
    mm_records_close(&rec);
}

TEST(the_file_follows_the_records_and_a_day_that_comes_is_told)
{
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    struct mm_exceptions x;
    int64_t id = 0, mono = 1;

    mm_exceptions_init(&x, rec, mm_test_dir());
    mm_exceptions_tick(&x, NOW, mono);
    CHECK(!file_has(&x, "filter"));
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 0), add, &id), MM_OK);
    CHECK_NUM(id, 1);
    mm_exceptions_tick(&x, NOW, ++mono);
    CHECK(file_has(&x, "exception-1") && file_has(&x, "PC-1"));
    /* A new engine writes what is in force, whatever stands in the file. */
    CHECK_NUM(mm_file_put(x.mirror.path, MM_S("title: left by an older one\n")), MM_OK);
    mm_exceptions_init(&x, rec, mm_test_dir());
    mm_exceptions_tick(&x, NOW, ++mono);
    CHECK(file_has(&x, "exception-1") && !file_has(&x, "older"));
    /* What cannot be written is tried again although the records stay as they are. */
    CHECK(unlink(x.mirror.path) == 0 && mkdir(x.mirror.path, 0700) == 0);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 0), add, &id), MM_OK);
    mm_exceptions_tick(&x, NOW, ++mono);
    CHECK(rmdir(x.mirror.path) == 0);
    mm_exceptions_tick(&x, NOW, ++mono);
    CHECK(file_has(&x, "exception-2"));
    CHECK_NUM(findings(rec), 0);
    mono += MM_EXCEPTIONS_DUE_S * MM_US_PER_S;
    mm_exceptions_tick(&x, NOW + MM_US_PER_DAY, mono);
    CHECK_NUM(findings(rec), 1);
    CHECK(!file_has(&x, "filter"));
    mono += MM_EXCEPTIONS_DUE_S * MM_US_PER_S;
    mm_exceptions_tick(&x, NOW + 2 * MM_US_PER_DAY, mono);
    CHECK_NUM(findings(rec), 1);
    mm_records_close(&rec);
}
