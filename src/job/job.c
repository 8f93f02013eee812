/* job/job.c - see job.h for the contract. */
#include "job/job.h"

#include "base/time.h"
#include "base/utf8.h"
#include "job/job_priv.h"
#include "store/records/system_scope.h"

static const struct {
    const char *key;
    uint32_t lease_s, pause_s, pause_max_s, tries;
} kinds[] = {
#define MM_JOB_KIND(id, key, lease_s, pause_s, pause_max_s, tries)                                 \
    {key, lease_s, pause_s, pause_max_s, tries},
#include "job/kinds.def"
#undef MM_JOB_KIND
};
static_assert(MM_COUNT(kinds) == MM_JOB_KINDS, "one row a kind");

static const char *const states[] = {"queued", "running", "done", "failed"};
static_assert(MM_COUNT(states) == MM_JOB_STATES, "one name a state");

const char *mm_job_kind_name(enum mm_job_kind kind)
{
    MM_ASSERT(kind < MM_JOB_KINDS);
    return kinds[kind].key;
}

const char *mm_job_state_name(enum mm_job_state state)
{
    MM_ASSERT(state < MM_JOB_STATES);
    return states[state];
}

static bool state_parse(struct mm_slice name, enum mm_job_state *ret)
{
    for (int i = 0; i < MM_JOB_STATES; i++) {
        if (mm_slice_eq(name, mm_slice_str(states[i]))) {
            *ret = (enum mm_job_state)i;
            return true;
        }
    }
    return false;
}

static bool kind_parse(struct mm_slice name, enum mm_job_kind *ret)
{
    for (int i = 0; i < MM_JOB_KINDS; i++) {
        if (mm_slice_eq(name, mm_slice_str(kinds[i].key))) {
            *ret = (enum mm_job_kind)i;
            return true;
        }
    }
    return false;
}

static void begin(struct mm_q *q, struct mm_tx *tx, enum mm_job_stmt st)
{
    mm_q_begin(q, tx, &mm_job_stmts[st]);
}

enum mm_code mm_job_add(struct mm_tx *tx, enum mm_job_kind kind, int64_t subject, int64_t at_us,
                        int64_t now_us)
{
    struct mm_q q;

    begin(&q, tx, MM_JOB_STMT_ADD);
    mm_q_text(&q, ":kind", mm_slice_str(mm_job_kind_name(kind)));
    mm_q_int(&q, ":subject", subject);
    mm_q_int(&q, ":at", at_us);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end(&q);
}

/* ---- taking ---- */

struct taking {
    struct mm_job job;
    int64_t now_us;
    uint32_t last; /* the company that had the last one */
};

/* The job that is due: MM_E_NOTFOUND when none is. */
static enum mm_code find_due(struct mm_tx *tx, struct taking *t)
{
    struct mm_q q;
    enum mm_code code;

    t->job.job = 0;
    begin(&q, tx, MM_JOB_STMT_DUE);
    mm_q_text(&q, ":kind", mm_slice_str(mm_job_kind_name(t->job.kind)));
    mm_q_int(&q, ":now", t->now_us);
    mm_q_int(&q, ":last", t->last);
    if (mm_q_row(&q)) {
        t->job.job = mm_q_col_int(&q, 0);
        t->job.company = mm_q_col_u32(&q, 1);
        t->job.subject = mm_q_col_int(&q, 2);
        t->job.attempts = mm_q_col_u32(&q, 3) + 1;
    }
    code = mm_q_end(&q);
    return code == MM_OK && t->job.job == 0 ? MM_E_NOTFOUND : code;
}

static enum mm_code take(struct mm_tx *tx, void *arg)
{
    struct taking *t = arg;
    struct mm_q q;
    enum mm_code code = find_due(tx, t);

    if (code == MM_OK)
        code = mm_tx_narrow(tx, t->job.company);
    if (code != MM_OK)
        return code;
    t->job.lease_us = t->now_us + (int64_t)kinds[t->job.kind].lease_s * MM_US_PER_S;
    begin(&q, tx, MM_JOB_STMT_TAKE);
    mm_q_int(&q, ":job", t->job.job);
    mm_q_int(&q, ":lease", t->job.lease_us);
    code = mm_q_end_touch(&q);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_job_take(struct mm_records *records, enum mm_job_kind kind, int64_t now_us,
                         uint32_t *io_last, struct mm_job *ret)
{
    struct taking t = {
        .job = {.kind = kind}, .now_us = now_us, .last = io_last == NULL ? UINT32_MAX : *io_last};
    struct mm_tx *tx = NULL;
    enum mm_code code;

    MM_ASSERT(kind < MM_JOB_KINDS);
    code = mm_records_read(records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = find_due(tx, &t);
    mm_records_read_done(&tx);
    if (code == MM_OK)
        code = mm_records_write(records, mm_system_scope(), take, &t);
    if (code != MM_OK)
        return code;
    if (io_last != NULL)
        *io_last = t.job.company;
    *ret = t.job;
    return MM_OK;
}

enum mm_code mm_job_lost(struct mm_tx *tx, bool all, int64_t now_us,
                         struct mm_job ret[MM_JOB_LOST_MAX], size_t *ret_n)
{
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    begin(&q, tx, MM_JOB_STMT_LOST);
    mm_q_int(&q, ":all", all ? 1 : 0);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":max", MM_JOB_LOST_MAX);
    while (n < MM_JOB_LOST_MAX && mm_q_row(&q)) {
        struct mm_job j = {.job = mm_q_col_int(&q, 0),
                           .company = mm_q_col_u32(&q, 1),
                           .subject = mm_q_col_int(&q, 3),
                           .attempts = mm_q_col_u32(&q, 4),
                           .lease_us = mm_q_col_int(&q, 5)};

        if (kind_parse(mm_q_col_text(&q, 2), &j.kind))
            ret[n++] = j;
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret_n = n;
    return code;
}

/* ---- ending ---- */

/* The statement of an end, with what proves that the job is still ours. */
static void begin_end(struct mm_q *q, struct mm_tx *tx, enum mm_job_stmt st,
                      const struct mm_job *job)
{
    begin(q, tx, st);
    mm_q_int(q, ":job", job->job);
    mm_q_int(q, ":attempts", job->attempts);
    mm_q_int(q, ":lease", job->lease_us);
}

enum mm_code mm_job_done(struct mm_tx *tx, const struct mm_job *job, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    begin_end(&q, tx, MM_JOB_STMT_DONE, job);
    mm_q_int(&q, ":now", now_us);
    code = mm_q_end_touch(&q);
    if (code != MM_OK)
        return code;
    begin(&q, tx, MM_JOB_STMT_FORGET);
    mm_q_int(&q, ":before", now_us - MM_JOB_KEEP_US);
    return mm_q_end(&q);
}

enum mm_code mm_job_again(struct mm_tx *tx, const struct mm_job *job, int64_t at_us)
{
    struct mm_q q;

    begin_end(&q, tx, MM_JOB_STMT_AGAIN, job);
    mm_q_int(&q, ":at", at_us);
    return mm_q_end_touch(&q);
}

/* Doubles with each attempt that failed. */
static int64_t pause_us(enum mm_job_kind kind, uint32_t first_s, uint32_t attempts)
{
    int64_t s = first_s != 0 ? first_s : kinds[kind].pause_s, max = kinds[kind].pause_max_s;

    for (uint32_t i = 1; i < attempts && s < max; i++)
        s *= 2;
    return (s < max ? s : max) * MM_US_PER_S;
}

enum mm_code mm_job_failed(struct mm_tx *tx, const struct mm_job *job,
                           const struct mm_job_failure *why, int64_t now_us, bool *ret_given_up)
{
    bool given_up = why->for_good || job->attempts >= kinds[job->kind].tries;
    struct mm_buf words;
    struct mm_q q;
    enum mm_code code;

    mm_buf_init(&words, 4 * MM_JOB_ERROR_MAX);
    mm_utf8_clean(&words, mm_slice_sub(why->error, 0, MM_JOB_ERROR_MAX));
    begin_end(&q, tx, MM_JOB_STMT_FAILED, job);
    mm_q_text(&q, ":state", mm_slice_str(states[given_up ? MM_JOB_FAILED : MM_JOB_QUEUED]));
    mm_q_text(&q, ":error", mm_buf_slice(&words));
    mm_q_int(&q, ":at", now_us + pause_us(job->kind, why->pause_s, job->attempts));
    if (given_up)
        mm_q_int(&q, ":finished", now_us);
    else
        mm_q_null(&q, ":finished");
    code = mm_q_end_touch(&q);
    mm_buf_done(&words);
    if (code == MM_OK)
        *ret_given_up = given_up;
    return code;
}

enum mm_code mm_job_forget(struct mm_tx *tx, enum mm_job_kind kind, int64_t subject)
{
    struct mm_q q;

    begin(&q, tx, MM_JOB_STMT_FORGET_OF);
    mm_q_text(&q, ":kind", mm_slice_str(mm_job_kind_name(kind)));
    mm_q_int(&q, ":subject", subject);
    return mm_q_end(&q);
}

/* ---- for people ---- */

/* Columns of GET and LIST. */
static void read_row(struct mm_q *q, struct mm_arena *a, struct mm_job_row *ret)
{
    *ret = (struct mm_job_row){.job = mm_q_col_int(q, 0),
                               .company = mm_q_col_u32(q, 1),
                               .kind = mm_q_col_dup(q, 2, a),
                               .subject = mm_q_col_int(q, 3),
                               .attempts = mm_q_col_u32(q, 5),
                               .not_before_us = mm_q_col_int(q, 6),
                               .lease_us = mm_q_col_int(q, 7),
                               .last_error = mm_q_col_dup(q, 8, a),
                               .created_us = mm_q_col_int(q, 9),
                               .finished_us = mm_q_col_int(q, 10)};
    if (!state_parse(mm_q_col_text(q, 4), &ret->state))
        ret->state = MM_JOB_FAILED; /* the table's CHECK is damaged: somebody must look */
}

enum mm_code mm_job_list(struct mm_tx *tx, const struct mm_job_filter *f, struct mm_arena *a,
                         struct mm_job_row **ret, size_t *ret_n)
{
    struct mm_job_row *list;
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    MM_ASSERT(f->max >= 1 && f->max <= MM_JOB_LIST_MAX);
    list = mm_arena_array(a, f->max, sizeof(*list));
    if (list == NULL)
        return MM_E_NOMEM;
    begin(&q, tx, MM_JOB_STMT_LIST);
    mm_q_int(&q, ":done", f->done_too ? 1 : 0);
    mm_q_int(&q, ":before", f->before > 0 ? f->before : INT64_MAX);
    mm_q_int(&q, ":max", (int64_t)f->max);
    while (n < f->max && mm_q_row(&q))
        read_row(&q, a, &list[n++]);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

enum mm_code mm_job_get(struct mm_tx *tx, int64_t job, struct mm_arena *a, struct mm_job_row *ret)
{
    struct mm_job_row row = {0};
    struct mm_q q;
    enum mm_code code;

    begin(&q, tx, MM_JOB_STMT_GET);
    mm_q_int(&q, ":job", job);
    if (mm_q_row(&q))
        read_row(&q, a, &row);
    code = mm_q_end(&q);
    if (code == MM_OK && row.job == 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = row;
    return code;
}

enum mm_code mm_job_retry(struct mm_tx *tx, int64_t job, int64_t now_us)
{
    struct mm_q q;

    begin(&q, tx, MM_JOB_STMT_RETRY);
    mm_q_int(&q, ":job", job);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end_touch(&q);
}

enum mm_code mm_job_failed_count(struct mm_tx *tx, struct mm_slice kind, uint64_t *ret)
{
    int64_t n = 0;
    struct mm_q q;
    enum mm_code code;

    begin(&q, tx, MM_JOB_STMT_FAILED_COUNT);
    mm_q_text(&q, ":kind", kind);
    code = mm_q_end_int(&q, &n);
    if (code == MM_OK)
        *ret = (uint64_t)n;
    return code;
}
