/* job/job_test.c - a job is done once, whoever dies over it, and never given up in silence. */
#include "job/job.h"

#include "base/time.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

#define S MM_US_PER_S

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_job_feature};

    return mm_test_records(features, MM_COUNT(features));
}

/* One change of a job in its company. */
struct act {
    enum { ADD, DONE, AGAIN, FAIL, RETRY } what;
    struct mm_job job; /* ADD: company, kind, subject; RETRY: company, job */
    int64_t at_us, now_us;
    struct mm_job_failure why;
    bool given_up;
};

static enum mm_code change(struct mm_tx *tx, void *arg)
{
    struct act *a = arg;

    switch (a->what) {
    case ADD:
        return mm_job_add(tx, a->job.kind, a->job.subject, a->at_us, a->now_us);
    case DONE:
        return mm_job_done(tx, &a->job, a->now_us);
    case AGAIN:
        return mm_job_again(tx, &a->job, a->at_us);
    case FAIL:
        return mm_job_failed(tx, &a->job, &a->why, a->now_us, &a->given_up);
    default:
        return mm_job_retry(tx, a->job.job, a->now_us);
    }
}

static enum mm_code act(struct mm_records *rec, struct act *a)
{
    struct mm_scope_hold hold;

    return mm_records_write(rec, mm_system_company(&hold, a->job.company), change, a);
}

static void add(struct mm_records *rec, uint32_t company, enum mm_job_kind kind, int64_t subject,
                int64_t at_us)
{
    CHECK_NUM(act(rec, &(struct act){.what = ADD,
                                     .job = {.company = company, .kind = kind, .subject = subject},
                                     .at_us = at_us}),
              MM_OK);
}

static struct mm_job_row row(struct mm_records *rec, uint32_t company, int64_t job)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    struct mm_job_row r = {0};
    static struct mm_arena a; /* the row's texts live until the next call */

    mm_arena_done(&a);
    mm_arena_init(&a, 1 << 20);
    CHECK(mm_records_read(rec, mm_system_company(&hold, company), &tx) == MM_OK);
    if (mm_job_get(tx, job, &a, &r) != MM_OK)
        r = (struct mm_job_row){.job = 0};
    mm_records_read_done(&tx);
    return r;
}

TEST(a_job_is_taken_when_it_is_due_the_longest_waiting_first_and_by_one_only)
{
    struct mm_records *rec = open_records();
    struct mm_job j = {0}, k = {0};

    add(rec, 1, MM_JOB_LOOK, 7, 20 * S);
    add(rec, 1, MM_JOB_LOOK, 8, 10 * S);
    add(rec, 1, MM_JOB_TELL, 8, 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 9 * S, NULL, &j), MM_E_NOTFOUND);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 20 * S, NULL, &j), MM_OK);
    CHECK(j.company == 1 && j.subject == 8 && j.attempts == 1 && j.lease_us > 20 * S);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 20 * S, NULL, &k), MM_OK);
    CHECK(k.company == 1 && k.subject == 7);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 20 * S, NULL, &k), MM_E_NOTFOUND);
    mm_records_close(&rec);
}

TEST(who_has_one_job_waits_for_nobody_who_has_many)
{
    static const int64_t order[] = {1, 20, 2, 3, 4, 5};
    struct mm_records *rec = open_records();
    uint32_t last = 0;
    struct mm_job j = {0};

    for (int64_t i = 1; i <= 5; i++)
        add(rec, 1, MM_JOB_MAIL, i, i * S);
    add(rec, 2, MM_JOB_MAIL, 20, 9 * S);
    for (size_t i = 0; i < MM_COUNT(order); i++) {
        CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, 10 * S, &last, &j), MM_OK);
        CHECK_NUM(j.subject, order[i]);
        CHECK_NUM(last, j.company);
    }
    CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, 10 * S, &last, &j), MM_E_NOTFOUND);
    CHECK_NUM(last, 1);
    mm_records_close(&rec);
}

TEST(the_same_work_waits_once_and_at_the_earlier_time)
{
    struct mm_records *rec = open_records();
    struct mm_job j = {0};

    add(rec, 1, MM_JOB_LOOK, 7, 600 * S);
    add(rec, 1, MM_JOB_LOOK, 7, 5 * S);
    add(rec, 1, MM_JOB_LOOK, 7, 700 * S);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 5 * S, NULL, &j), MM_OK);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 9000 * S, NULL, &j), MM_E_NOTFOUND);
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = j, .now_us = 6 * S}), MM_OK);
    CHECK_NUM(row(rec, 1, j.job).state, MM_JOB_DONE);
    /* Done work may become necessary anew. */
    add(rec, 1, MM_JOB_LOOK, 7, 8 * S);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 8 * S, NULL, &j), MM_OK);
    CHECK_NUM(act(rec, &(struct act){.what = AGAIN, .job = j, .at_us = 99 * S}), MM_OK);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 98 * S, NULL, &j), MM_E_NOTFOUND);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 99 * S, NULL, &j), MM_OK);
    CHECK_NUM(j.attempts, 1);
    mm_records_close(&rec);
}

static size_t lost(struct mm_records *rec, bool all, int64_t now_us, struct mm_job *ret)
{
    struct mm_job list[MM_JOB_LOST_MAX];
    struct mm_tx *tx = NULL;
    size_t n = 99;

    CHECK(mm_records_read(rec, mm_system_scope(), &tx) == MM_OK);
    CHECK(mm_job_lost(tx, all, now_us, list, &n) == MM_OK);
    mm_records_read_done(&tx);
    if (n > 0)
        *ret = list[0];
    return n;
}

TEST(who_let_the_lease_run_out_ends_nothing_any_more)
{
    struct mm_records *rec = open_records();
    struct mm_job slow = {0}, found = {0}, next = {0};
    struct act a;

    add(rec, 1, MM_JOB_MAIL, 3, 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, 1 * S, NULL, &slow), MM_OK);
    CHECK_NUM(lost(rec, false, slow.lease_us - 1, &found), 0);
    CHECK_NUM(lost(rec, true, slow.lease_us - 1, &found), 1);
    CHECK_NUM(lost(rec, false, slow.lease_us, &found), 1);
    a = (struct act){.what = FAIL,
                     .job = found,
                     .now_us = found.lease_us,
                     .why = {.error = MM_S("job.lost"), .pause_s = 1}};
    CHECK_NUM(act(rec, &a), MM_OK);
    CHECK(!a.given_up);
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = slow}), MM_E_NOTFOUND);
    CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, found.lease_us + S, NULL, &next), MM_OK);
    CHECK(next.job == slow.job && next.attempts == 2);
    /* Somebody else has it now. */
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = slow}), MM_E_NOTFOUND);
    CHECK_NUM(act(rec, &(struct act){.what = AGAIN, .job = slow}), MM_E_NOTFOUND);
    CHECK_NUM(act(rec, &(struct act){.what = FAIL, .job = slow}), MM_E_NOTFOUND);
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = next}), MM_OK);
    mm_records_close(&rec);
}

/* As if it had been begun so often; a row of its own, since statements are known by address. */
static const struct mm_stmt wear_out = {
    "WEAR_OUT", MM_STMT_WRITE,
    "UPDATE main.job SET attempts = 153 WHERE company = :company AND job = :job"};

static enum mm_code work_wear_out(struct mm_tx *tx, void *arg)
{
    const int64_t *job = arg;
    struct mm_q q;

    mm_q_begin(&q, tx, &wear_out);
    mm_q_int(&q, ":job", *job);
    return mm_q_end_touch(&q);
}

TEST(pauses_grow_to_their_bound_and_in_the_end_the_job_is_given_up_with_the_last_error)
{
    static const int64_t pauses_s[] = {2, 4, 8, 600, 0};
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    struct mm_job_row r = {0};
    struct mm_job j = {0};
    int64_t now_us = 0;

    add(rec, 1, MM_JOB_TELL, 3, 0);
    for (size_t i = 0; i < MM_COUNT(pauses_s); i++) {
        struct act a = {.what = FAIL, .now_us = now_us, .why = {.error = MM_S("no \xFF answer")}};

        if (i == 3)
            CHECK(mm_records_write(rec, mm_system_company(&hold, 1), work_wear_out, &j.job) ==
                  MM_OK);
        CHECK_NUM(mm_job_take(rec, MM_JOB_TELL, now_us, NULL, &j), MM_OK);
        a.job = j;
        CHECK_NUM(act(rec, &a), MM_OK);
        CHECK(a.given_up == (pauses_s[i] == 0));
        r = row(rec, 1, j.job);
        CHECK(a.given_up || r.not_before_us == now_us + pauses_s[i] * S);
        now_us = r.not_before_us;
    }
    CHECK(r.attempts == 155 && r.state == MM_JOB_FAILED && r.finished_us != 0);
    CHECK_SLICE(r.last_error, "no \xEF\xBF\xBD answer");
    CHECK_NUM(mm_job_take(rec, MM_JOB_TELL, now_us + MM_JOB_KEEP_US, NULL, &j), MM_E_NOTFOUND);
    mm_records_close(&rec);
}

static uint64_t failed_of(struct mm_records *rec, uint32_t company)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    uint64_t n = 99;

    CHECK(mm_records_read(rec, mm_system_company(&hold, company), &tx) == MM_OK);
    CHECK(mm_job_failed_count(tx, MM_S("mail"), &n) == MM_OK);
    mm_records_read_done(&tx);
    return n;
}

TEST(what_cannot_help_is_given_up_at_once_and_a_retry_begins_anew)
{
    struct mm_records *rec = open_records();
    struct mm_job j = {0};
    struct act a;

    add(rec, 1, MM_JOB_MAIL, 3, 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, 0, NULL, &j), MM_OK);
    CHECK_NUM(act(rec, &(struct act){.what = RETRY, .job = j}), MM_E_NOTFOUND); /* it runs */
    a = (struct act){.what = FAIL, .job = j, .why = {.error = MM_S("550"), .for_good = true}};
    CHECK_NUM(act(rec, &a), MM_OK);
    CHECK(a.given_up);
    CHECK(failed_of(rec, 1) == 1 && failed_of(rec, 2) == 0);
    CHECK_NUM(act(rec, &(struct act){.what = RETRY, .job = j, .now_us = 5 * S}), MM_OK);
    CHECK_NUM(failed_of(rec, 1), 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, 5 * S, NULL, &j), MM_OK);
    CHECK_NUM(j.attempts, 1);
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = j, .now_us = 6 * S}), MM_OK);
    CHECK_NUM(act(rec, &(struct act){.what = RETRY, .job = j}), MM_E_NOTFOUND); /* it is done */
    /* Given up, and asked for again by somebody else meanwhile: one is enough. */
    add(rec, 1, MM_JOB_MAIL, 4, 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_MAIL, 9 * S, NULL, &j), MM_OK);
    a.job = j;
    CHECK_NUM(act(rec, &a), MM_OK);
    add(rec, 1, MM_JOB_MAIL, 4, 0);
    CHECK_NUM(act(rec, &(struct act){.what = RETRY, .job = j}), MM_E_EXISTS);
    mm_records_close(&rec);
}

TEST(a_company_sees_and_ends_its_own_jobs_only)
{
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    struct mm_job j = {0}, stolen;
    struct mm_job_row *list = NULL;
    struct mm_tx *tx = NULL;
    struct mm_arena arena;
    size_t n = 0;

    mm_arena_init(&arena, 1 << 20);
    add(rec, 1, MM_JOB_LOOK, 7, 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 0, NULL, &j), MM_OK);
    stolen = j;
    stolen.company = 2;
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = stolen}), MM_E_NOTFOUND);
    CHECK_NUM(row(rec, 2, j.job).job, 0);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 2), &tx) == MM_OK);
    CHECK(mm_job_list(tx, &(struct mm_job_filter){.max = 10}, &arena, &list, &n) == MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_job_list(tx, &(struct mm_job_filter){.max = 10}, &arena, &list, &n) == MM_OK);
    CHECK(n == 1 && list[0].job == j.job && list[0].state == MM_JOB_RUNNING);
    CHECK(mm_job_list(tx, &(struct mm_job_filter){.max = 10, .before = j.job}, &arena, &list, &n) ==
          MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    mm_arena_done(&arena);
    mm_records_close(&rec);
}

TEST(what_was_done_is_forgotten_after_its_time)
{
    struct mm_records *rec = open_records();
    struct mm_job first = {0}, j = {0};

    add(rec, 1, MM_JOB_TELL, 1, 0);
    CHECK_NUM(mm_job_take(rec, MM_JOB_TELL, 0, NULL, &first), MM_OK);
    CHECK_NUM(act(rec, &(struct act){.what = DONE, .job = first, .now_us = S}), MM_OK);
    for (int64_t late = 0; late <= 1; late++) {
        add(rec, 1, MM_JOB_TELL, 2 + late, 0);
        CHECK_NUM(mm_job_take(rec, MM_JOB_TELL, S, NULL, &j), MM_OK);
        CHECK_NUM(
            act(rec, &(struct act){.what = DONE, .job = j, .now_us = MM_JOB_KEEP_US + S + late}),
            MM_OK);
        CHECK_NUM(row(rec, 1, first.job).job, late == 0 ? first.job : 0);
    }
    mm_records_close(&rec);
}
