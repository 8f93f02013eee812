/* app/job.c - `mimamori job list|show|retry`: what the program has to do, and what it gave up. */
#include <stdio.h>
#include <unistd.h>

#include "app/nouns.h"
#include "app/tables.h"
#include "base/time.h"
#include "base/utf8.h"
#include "job/job.h"
#include "register/audit.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum { JOBS_DEFAULT = 50 };

static int usage(void)
{
    fputs("usage: mimamori job list [--company CODE] [--from NUMBER] [--limit COUNT] [--ended]\n"
          "       mimamori job show|retry NUMBER\n"
          "       also: --state DIR  --json  --lang ja|en\n"
          "list: everything that waits, runs or was given up; --ended: what was done, too\n",
          stderr);
    return MM_NOUNS_USAGE;
}

/* Our own keys have words; what a peer said is shown as it said it, controls escaped. */
static void add_error(const struct mm_noun *n, struct mm_buf *out, struct mm_slice error)
{
    const char *text = error.n == 0 ? "" : mm_lang_text(n->lang, error, 1);

    if (text != NULL)
        mm_buf_str(out, text);
    else
        mm_utf8_json(out, error);
}

static void write_doc(struct mm_doc *d, const struct mm_job_row *j)
{
    bool waits = j->state == MM_JOB_QUEUED, runs = j->state == MM_JOB_RUNNING;

    mm_doc_int(d, "job", j->job);
    mm_doc_int(d, "company", j->company);
    mm_doc_text(d, "kind", j->kind);
    mm_doc_int(d, "subject", j->subject);
    mm_doc_str(d, "state", mm_job_state_name(j->state));
    mm_doc_int(d, "attempts", j->attempts);
    mm_doc_time(d, "not_before", waits ? j->not_before_us : 0);
    mm_doc_time(d, "lease", runs ? j->lease_us : 0);
    mm_doc_text(d, "last_error", j->last_error);
    mm_doc_time(d, "created", j->created_us);
    mm_doc_time(d, "finished", j->finished_us);
}

static void print_row(const struct mm_noun *n, const struct mm_job_row *j)
{
    struct mm_buf out;

    mm_buf_init(&out, 65536);
    mm_buf_fmt(&out, "%lld\t%u\t", (long long)j->job, j->company);
    mm_buf_add(&out, mm_noun_words(n, "job.kind.", j->kind));
    mm_buf_fmt(&out, " %lld\t", (long long)j->subject);
    mm_buf_add(&out, mm_noun_words(n, "job.state.", mm_slice_str(mm_job_state_name(j->state))));
    mm_buf_fmt(&out, "\t%u\t", j->attempts);
    mm_lang_time(&out, n->lang, MM_TIME_SECONDS,
                 j->state == MM_JOB_QUEUED ? j->not_before_us : j->created_us, n->now_us, 9 * 3600);
    mm_buf_byte(&out, '\t');
    add_error(n, &out, j->last_error);
    printf("%.*s\n", MM_S_ARG(mm_buf_slice(&out)));
    mm_buf_done(&out);
}

/* "title: value" of one field; value may be empty: then nothing. */
static void print_field(const struct mm_noun *n, const char *field, struct mm_slice value)
{
    if (value.n > 0)
        printf("%.*s: %.*s\n", MM_S_ARG(mm_noun_words(n, "job.field.", mm_slice_str(field))),
               MM_S_ARG(value));
}

static void print_number(const struct mm_noun *n, const char *field, int64_t v)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)v);
    print_field(n, field, mm_slice_str(text));
}

static void print_time(const struct mm_noun *n, const char *field, int64_t us)
{
    struct mm_buf out;

    if (us <= 0)
        return;
    mm_buf_init(&out, 256);
    mm_lang_time(&out, n->lang, MM_TIME_SECONDS, us, n->now_us, 9 * 3600);
    print_field(n, field, mm_buf_slice(&out));
    mm_buf_done(&out);
}

static void print_one(const struct mm_noun *n, const struct mm_job_row *j)
{
    struct mm_buf error;

    mm_buf_init(&error, 65536);
    add_error(n, &error, j->last_error);
    print_number(n, "job", j->job);
    print_number(n, "company", j->company);
    print_field(n, "kind", mm_noun_words(n, "job.kind.", j->kind));
    print_number(n, "subject", j->subject);
    print_field(n, "state",
                mm_noun_words(n, "job.state.", mm_slice_str(mm_job_state_name(j->state))));
    print_number(n, "attempts", j->attempts);
    print_field(n, "last_error", mm_buf_slice(&error));
    print_time(n, "not_before", j->state == MM_JOB_QUEUED ? j->not_before_us : 0);
    print_time(n, "lease", j->state == MM_JOB_RUNNING ? j->lease_us : 0);
    print_time(n, "created", j->created_us);
    print_time(n, "finished", j->finished_us);
    mm_buf_done(&error);
}

static bool fail(struct mm_noun *n, enum mm_code code)
{
    mm_noun_word(n, "why", mm_code_key(code));
    mm_noun_word(n, "value", n->id == NULL ? "" : n->id);
    return mm_noun_complain(n, code == MM_E_NOTFOUND ? "cli.job.none"
                               : code == MM_E_EXISTS ? "cli.job.waits"
                                                     : "cli.failed");
}

/* ---- the verbs ---- */

static bool list(struct mm_noun *n)
{
    struct mm_job_filter f = {
        .done_too = n->ended, .before = n->from, .max = n->limit == 0 ? JOBS_DEFAULT : n->limit};
    struct mm_doc *items = mm_doc_array(n->doc, "items");
    struct mm_scope_hold hold;
    struct mm_job_row *rows = NULL;
    struct mm_tx *tx = NULL;
    size_t count = 0;
    enum mm_code code;

    f.max = mm_min_size(f.max, MM_JOB_LIST_MAX);
    if (!mm_noun_see(n, &hold, &tx))
        return false;
    code = mm_job_list(tx, &f, &n->arena, &rows, &count);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return fail(n, code);
    for (size_t i = 0; i < count; i++) {
        if (n->json)
            write_doc(mm_doc_object(items, NULL), &rows[i]);
        else
            print_row(n, &rows[i]);
    }
    if (count == f.max)
        mm_doc_int(n->doc, "next", rows[count - 1].job);
    else
        mm_doc_null(n->doc, "next");
    return true;
}

static enum mm_code find(struct mm_noun *n, struct mm_job_row *ret)
{
    struct mm_tx *tx = NULL;
    uint64_t number;
    enum mm_code code;

    if (!mm_slice_u64(mm_slice_str(n->id), &number) || number > INT64_MAX)
        return MM_E_NOTFOUND;
    code = mm_records_read(n->records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_job_get(tx, (int64_t)number, &n->arena, ret);
    mm_records_read_done(&tx);
    return code;
}

static bool show(struct mm_noun *n)
{
    struct mm_job_row j;
    enum mm_code code = find(n, &j);

    if (code != MM_OK)
        return fail(n, code);
    if (n->json)
        write_doc(n->doc, &j);
    else
        print_one(n, &j);
    return true;
}

struct retrying {
    struct mm_job_row row;
    int64_t now_us;
};

/* In the job's company: the change, and who asked for it. */
static enum mm_code retry_noted(struct mm_tx *tx, const struct retrying *r)
{
    char actor[32], object[64];
    enum mm_code code = mm_job_retry(tx, r->row.job, r->now_us);

    if (code != MM_OK)
        return code;
    (void)snprintf(actor, sizeof(actor), "uid %u", (unsigned)getuid());
    (void)snprintf(object, sizeof(object), "job %lld", (long long)r->row.job);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = r->now_us,
                                               .actor = mm_slice_str(actor),
                                               .action = MM_S("job.retry"),
                                               .object = mm_slice_str(object)});
}

/* With the last job of its kind that had failed, the operator's finding is over. */
static enum mm_code work_retry(struct mm_tx *tx, void *arg)
{
    const struct retrying *r = arg;
    uint64_t left = 0;
    enum mm_code code = mm_tx_narrow(tx, r->row.company);

    if (code != MM_OK)
        return code;
    code = retry_noted(tx, r);
    mm_tx_widen(tx);
    if (code == MM_OK)
        code = mm_job_failed_count(tx, r->row.kind, &left);
    if (code != MM_OK || left > 0)
        return code;
    return mm_triage_over(tx, &(struct mm_note){.company = MM_COMPANY_OPERATOR,
                                                .kind = MM_JOB_FINDING,
                                                .entity_field = MM_JOB_FINDING_FIELD,
                                                .entity = r->row.kind});
}

static bool retry(struct mm_noun *n)
{
    struct retrying r = {.now_us = n->now_us};
    enum mm_code code = find(n, &r.row);

    if (code == MM_OK)
        code = mm_records_write(n->records, mm_system_scope(), work_retry, &r);
    if (code != MM_OK)
        return fail(n, code);
    mm_doc_int(n->doc, "job", r.row.job);
    mm_noun_word(n, "value", n->id);
    mm_noun_tell(n, "cli.job.retried");
    return true;
}

int main(int argc, char **argv)
{
    static const struct mm_noun_own own = {
        .verb = "retry", .pages = true, .usage = usage, .list = list, .show = show, .act = retry};

    return mm_noun_own_main(&own, argc, argv);
}
