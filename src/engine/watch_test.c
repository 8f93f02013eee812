/* engine/watch_test.c - when a source counts as silent or no longer understood, rules as behind. */
#include "engine/watch.h"

#include "base/time.h"
#include "job/job.h"
#include "register/feature.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"
#include "triage/triage.h"

TEST(a_source_is_silent_only_past_what_was_agreed)
{
    struct mm_source_info s = {.silence_s = 3600, .created_us = 100 * MM_US_PER_S, .active = true};
    int64_t hour = 3600 * MM_US_PER_S;

    CHECK(!mm_watch_silent(&s, 0, 100 * MM_US_PER_S + hour));
    CHECK(mm_watch_silent(&s, 0, 100 * MM_US_PER_S + hour + 1)); /* never came at all */
    CHECK(!mm_watch_silent(&s, 500 * MM_US_PER_S, 500 * MM_US_PER_S + hour));
    CHECK(mm_watch_silent(&s, 500 * MM_US_PER_S, 501 * MM_US_PER_S + hour));
    s.silence_s = 0;
    CHECK(!mm_watch_silent(&s, 500 * MM_US_PER_S, INT64_MAX / 2));
    s.silence_s = 3600;
    s.active = false;
    CHECK(!mm_watch_silent(&s, 0, INT64_MAX / 2));
}

TEST(coverage_fell_needs_enough_lines_before_and_after)
{
    CHECK(mm_watch_fell(1000, 0, 100, 100));
    CHECK(!mm_watch_fell(1000, 0, 195, 5));    /* a few odd lines */
    CHECK(!mm_watch_fell(1000, 100, 0, 1000)); /* it was never well understood */
    CHECK(!mm_watch_fell(100, 0, 0, 1000));    /* too new */
    CHECK(!mm_watch_fell(1000, 0, 0, 100));    /* too few */
    CHECK(mm_watch_fell(980, 20, 179, 21));
}

static const struct mm_stmt open_findings = {
    .name = "OPEN_FINDINGS",
    .kind = MM_STMT_READ,
    .sql = "SELECT count(finding) FROM finding WHERE company = 0 AND kind = 'rules_behind' AND "
           "state = 'open'"};
static const struct mm_stmt open_cases = {
    .name = "OPEN_CASES",
    .kind = MM_STMT_READ,
    .sql = "SELECT count(case_id) FROM finding WHERE company = 0 AND kind = 'rules_behind'"};

/* With words of what happened and what to do, in both languages. */
static const struct mm_stmt told_cases = {
    .name = "TOLD_CASES",
    .kind = MM_STMT_READ,
    .sql = "SELECT count(*) FROM cases WHERE company = 0 AND length(doc ->> '$.ja.what') > 9 AND "
           "length(doc ->> '$.en.what') > 9 AND length(doc ->> '$.ja.first') > 9 AND "
           "length(doc ->> '$.en.first') > 9"};

/* How often it was said. */
static const struct mm_stmt behind_said = {
    .name = "BEHIND_SAID",
    .kind = MM_STMT_READ,
    .sql = "SELECT coalesce(sum(count), 0) FROM finding WHERE company = 0 AND kind = "
           "'rules_behind'"};

static int64_t count_of(struct mm_records *rec, const struct mm_stmt *stmt)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    int64_t n = -1;

    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    mm_q_begin(&q, tx, stmt);
    CHECK_NUM(mm_q_end_int(&q, &n), MM_OK);
    mm_records_read_done(&tx);
    return n;
}

/* Half a file is whole a minute later; what lasts reaches somebody. */
TEST(rules_that_stay_behind_become_a_case)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_job_feature,
                                                        &mm_triage_feature};
    struct mm_records *rec = mm_test_records(features, MM_COUNT(features));
    struct mm_watch *w = NULL;
    int64_t now = 20000 * MM_US_PER_DAY, lasts = MM_WATCH_BEHIND_S * MM_US_PER_S;

    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &w), MM_OK);
    mm_watch_rules(w, true, now);
    mm_watch_rules(w, true, now + lasts - 1);
    CHECK_NUM(count_of(rec, &open_findings), 1);
    CHECK_NUM(count_of(rec, &open_cases), 0);
    mm_watch_rules(w, false, now + lasts);
    mm_watch_rules(w, true, now + lasts + 1); /* another one */
    mm_watch_rules(w, true, now + lasts + 2);
    CHECK_NUM(count_of(rec, &open_cases), 0);
    mm_watch_rules(w, true, now + 2 * lasts + 1);
    CHECK_NUM(count_of(rec, &open_findings), 1);
    CHECK_NUM(count_of(rec, &open_cases), 1);
    CHECK_NUM(count_of(rec, &told_cases), 1);
    mm_watch_rules(w, false, now + 2 * lasts + 2);
    CHECK_NUM(count_of(rec, &open_findings), 0);
    mm_watch_free(&w);
    mm_records_close(&rec);
}

TEST(a_rule_that_became_critical_while_weakened_is_a_case)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_job_feature,
                                                        &mm_triage_feature};
    static const struct mm_stmt open_ones = {
        .name = "UNASKED",
        .kind = MM_STMT_READ,
        .sql = "SELECT count(case_id) FROM finding WHERE company = 0 AND kind = 'rules_unasked' "
               "AND state = 'open'"};
    struct mm_records *rec = mm_test_records(features, MM_COUNT(features));
    struct mm_watch *first = NULL, *second = NULL;
    int64_t now = 20000 * MM_US_PER_DAY;

    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &first), MM_OK);
    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &second), MM_OK);
    mm_watch_unasked(first, false, now);
    CHECK_NUM(count_of(rec, &open_ones), 0);
    mm_watch_unasked(first, true, now + 1);
    CHECK_NUM(count_of(rec, &open_ones), 1);
    mm_watch_unasked(second, false, now + 2); /* ended by another engine */
    CHECK_NUM(count_of(rec, &open_ones), 0);
    mm_watch_free(&first);
    mm_watch_free(&second);
    mm_records_close(&rec);
}

/* Also by an engine that did not see it begin. */
TEST(rules_that_are_behind_are_a_finding_until_they_are_not)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_triage_feature};
    struct mm_records *rec = mm_test_records(features, MM_COUNT(features));
    struct mm_watch *first = NULL, *second = NULL;
    int64_t now = 20000 * MM_US_PER_DAY;

    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &first), MM_OK);
    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &second), MM_OK);
    mm_watch_rules(first, false, now);
    CHECK_NUM(count_of(rec, &open_findings), 0);
    mm_watch_rules(first, true, now + 1);
    mm_watch_rules(first, true, now + 2);
    CHECK_NUM(count_of(rec, &open_findings), 1);
    CHECK_NUM(count_of(rec, &behind_said), 1); /* when it began, not at every look */
    mm_watch_rules(second, false, now + 3);
    CHECK_NUM(count_of(rec, &open_findings), 0);
    mm_watch_rules(second, true, now + 4);
    CHECK_NUM(count_of(rec, &open_findings), 1);
    mm_watch_rules(second, false, now + 5);
    CHECK_NUM(count_of(rec, &open_findings), 0);
    mm_watch_free(&first);
    mm_watch_free(&second);
    mm_records_close(&rec);
}

/* What an engine before this one said is closed also when this one's first word was not written. */
TEST(rules_no_longer_behind_are_said_after_a_word_that_was_lost)
{
    static const struct mm_migration refuse[] = {
        {1, "refuse",
         "CREATE TRIGGER refuse BEFORE UPDATE ON finding WHEN NEW.last_us = 7 "
         "BEGIN SELECT RAISE(ABORT, 'refused'); END;"},
    };
    static const struct mm_feature refusing = {
        .name = "refusing", .migrations = refuse, .migration_count = MM_COUNT(refuse)};
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_job_feature,
                                                        &mm_triage_feature, &refusing};
    struct mm_records *rec = mm_test_records(features, MM_COUNT(features));
    struct mm_watch *before = NULL, *now = NULL;

    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &before), MM_OK);
    CHECK_NUM(mm_watch_new(rec, mm_test_dir(), &now), MM_OK);
    mm_watch_rules(before, true, 6);
    mm_watch_rules(now, true, 7);
    CHECK_NUM(count_of(rec, &behind_said), 1); /* the second word was refused */
    mm_watch_rules(now, false, 8);
    CHECK_NUM(count_of(rec, &open_findings), 0);
    mm_watch_free(&before);
    mm_watch_free(&now);
    mm_records_close(&rec);
}
