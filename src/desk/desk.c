/* desk/desk.c - looking for a case in the logs; see desk.h for the contract. */
#include "desk/desk.h"

#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "codec/ext/json.h"
#include "desk/desk_priv.h"
#include "desk/look.h"
#include "store/events/rows.h"
#include "store/records/system_scope.h"
#include "triage/case.h"

/* The value of a member, or empty; member names hold dots ("source.ip"). */
static struct mm_slice member(const struct mm_json_doc *doc, const char *key)
{
    const struct mm_json_item *it = mm_json_get(doc, 0, mm_slice_str(key));

    return it != NULL && it->type == MM_JSON_STRING ? it->text : (struct mm_slice){0};
}

/* What the event that opened the case says about who and where to. */
static void from_event(struct mm_slice event, struct mm_arena *a, struct mm_subject *s)
{
    struct mm_json *json = mm_json_new(MM_ALERT_MAX_EVENT);
    struct mm_json_doc doc;

    if (json != NULL && event.n > 0 && mm_json_parse(json, event, a, &doc, NULL) == MM_OK) {
        /* Texts may borrow the parser: keep copies. */
        const struct {
            const char *key;
            struct mm_slice *dst;
        } wanted[] = {
            {"source.ip", &s->ip},
            {"destination.ip", &s->dest_ip},
            {"destination.domain", &s->dest_domain},
            {"tls.client.server_name", &s->dest_domain},
            {"dns.question.name", &s->dest_domain},
            {"user.name", &s->user},
        };

        for (size_t i = 0; i < MM_COUNT(wanted); i++) {
            struct mm_slice v = member(&doc, wanted[i].key);

            if (v.n > 0 && wanted[i].dst->n == 0 && !mm_arena_dup(a, v, wanted[i].dst))
                break; /* what is missing is not asked for */
        }
    }
    mm_json_free(&json);
}

/* What a look asks about, and how its case stands. */
struct asked {
    struct mm_subject subject;
    int64_t opened_us;
    bool closed;
};

static enum mm_code read_case(struct mm_records *records, const struct mm_job *job,
                              struct mm_arena *a, struct asked *ret)
{
    struct mm_subject *s = &ret->subject;
    struct mm_scope_hold hold;
    struct mm_case_event *events = NULL;
    struct mm_finding *findings = NULL;
    size_t findings_n = 0;
    struct mm_case c;
    struct mm_tx *tx = NULL;
    struct mm_ip ip;
    size_t n = 0;
    enum mm_code code = mm_records_read(records, mm_system_company(&hold, job->company), &tx);

    if (code != MM_OK)
        return code;
    code = mm_case_get(tx, job->subject, a, &c);
    if (code == MM_OK)
        code = mm_case_events(tx, job->subject, a, &events, &n);
    if (code == MM_OK && c.many > 0)
        code = mm_case_findings(tx, job->subject, a, &findings, &findings_n);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    ret->opened_us = c.opened_us;
    ret->closed = mm_slice_eq(c.state, MM_S("closed"));
    *s = (struct mm_subject){.company = job->company,
                             .at_us = c.event_us,
                             .detected = mm_slice_eq(c.how, MM_S("detected"))};
    /* What an earlier look copied is no reason of the case: the second look began from it. */
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(events[i].rule, MM_LOOKED))
            continue;
        from_event(events[i].event, a, s);
        break;
    }
    if (mm_ip_parse(c.entity, &ip))
        s->ip = c.entity;
    else if (mm_slice_eq(c.entity_field, MM_S("host.name")))
        s->pc = c.entity;
    if (findings_n > 0) {
        s->rule = findings[0].rule;
        s->field = c.entity_field;
        s->flood_us = mm_look_flood(c.opened_us, events, n);
    }
    return MM_OK;
}

struct keep {
    const struct mm_job *job;
    const struct asked *asked;
    const struct mm_looked *looked; /* NULL: the case is closed, nothing was asked */
    int64_t now_us;
};

static enum mm_code keep_events(struct mm_tx *tx, const struct keep *k)
{
    struct mm_event *ev = malloc(sizeof(*ev)); /* several KB: not for a stack */
    struct mm_rd rd = mm_rd_of(mm_buf_slice(&k->looked->events));
    enum mm_code code = ev == NULL ? MM_E_NOMEM : MM_OK;
    struct mm_buf json;

    mm_buf_init(&json, MM_ALERT_MAX_EVENT);
    while (code == MM_OK && mm_rd_left(&rd) > 0) {
        struct mm_case_event e;

        code = mm_rows_event(&rd, ev);
        if (code != MM_OK)
            break;
        mm_buf_reset(&json);
        mm_event_json(&json, ev, true);
        if (!mm_buf_ok(&json))
            continue; /* longer than a case keeps; it stays in the store */
        e = (struct mm_case_event){.queue = ev->queue,
                                   .seq = ev->seq,
                                   .rule = MM_LOOKED,
                                   .time_us = ev->time_us,
                                   .received_us = ev->received_us,
                                   .source = ev->source,
                                   .event = mm_buf_slice(&json)};
        code = mm_case_event_add(tx, k->job->subject, &e);
    }
    mm_buf_done(&json);
    free(ev);
    return code;
}

static enum mm_code keep_results(struct mm_tx *tx, const struct keep *k)
{
    static const char *const states[] = {"found", "none", "cannot"};
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < k->looked->n && code == MM_OK; i++) {
        const struct mm_look_result *r = &k->looked->result[i];
        struct mm_q q;

        mm_q_begin(&q, tx, &mm_desk_stmts[MM_DESK_LOOK_SET]);
        mm_q_int(&q, ":case", k->job->subject);
        mm_q_text(&q, ":what", mm_slice_str(mm_look_name(r->what)));
        mm_q_text(&q, ":state", mm_slice_str(states[r->state]));
        mm_q_int(&q, ":count", r->count);
        mm_q_text(&q, ":detail", r->detail);
        mm_q_int(&q, ":now", k->now_us);
        code = mm_q_end(&q);
    }
    for (size_t i = 0; i < k->looked->known_n && code == MM_OK; i++)
        code = mm_many_known(tx, k->job->subject, &k->looked->known[i]);
    if (code == MM_OK)
        code = keep_events(tx, k);
    return code == MM_OK
               ? mm_case_step_add(tx, k->job->subject, 0, "looked", (struct mm_slice){0}, k->now_us)
               : code;
}

static enum mm_code keep(struct mm_tx *tx, void *arg)
{
    const struct keep *k = arg;
    int64_t settled_us = k->asked->opened_us + MM_DESK_SETTLE_US;
    enum mm_code code = k->looked == NULL ? MM_OK : keep_results(tx, k);

    if (code != MM_OK)
        return code;
    return k->looked != NULL && k->now_us < settled_us ? mm_job_again(tx, k->job, settled_us)
                                                       : mm_job_done(tx, k->job, k->now_us);
}

enum mm_code mm_desk_look(struct mm_records *records, struct mm_events_client *events,
                          const struct mm_job *job, int64_t now_us)
{
    struct asked asked;
    struct keep k = {.job = job, .asked = &asked, .now_us = now_us};
    struct mm_scope_hold hold;
    struct mm_looked looked = {.n = 0};
    struct mm_arena a;
    enum mm_code code;

    MM_ASSERT(job->kind == MM_JOB_LOOK);
    mm_arena_init(&a, 64 * 1024 * 1024);
    code = read_case(records, job, &a, &asked);
    if (code == MM_OK && !asked.closed) {
        code = mm_look_ask(events, &asked.subject, &a, &looked);
        k.looked = &looked;
    }
    if (code == MM_OK) {
        code = mm_records_write(records, mm_system_company(&hold, job->company), keep, &k);
        if (k.looked != NULL)
            mm_buf_done(&looked.events);
    }
    mm_arena_done(&a);
    return code;
}

static int by_look(const void *pa, const void *pb)
{
    const struct mm_look_result *a = pa, *b = pb;

    return (int)a->what - (int)b->what;
}

enum mm_code mm_desk_looks(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                           struct mm_look_result **ret, size_t *ret_n)
{
    struct mm_look_result *list = mm_arena_array(a, MM_LOOK_COUNT, sizeof(*list));
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_desk_stmts[MM_DESK_LOOK_LIST]);
    mm_q_int(&q, ":case", case_id);
    while (n < MM_LOOK_COUNT && mm_q_row(&q)) {
        struct mm_slice what = mm_q_col_text(&q, 0), state = mm_q_col_text(&q, 1);
        struct mm_look_result r = {.what = MM_LOOK_COUNT};

        for (int i = 0; i < MM_LOOK_COUNT; i++) {
            if (mm_slice_eq(what, mm_slice_str(mm_look_name((enum mm_look)i))))
                r.what = (enum mm_look)i;
        }
        if (r.what == MM_LOOK_COUNT)
            continue; /* written by a newer release */
        r.state = mm_slice_eq(state, MM_S("found"))  ? MM_LOOK_FOUND
                  : mm_slice_eq(state, MM_S("none")) ? MM_LOOK_NONE
                                                     : MM_LOOK_CANNOT;
        r.count = mm_q_col_int(&q, 2);
        r.detail = mm_q_col_dup(&q, 3, a);
        r.at_us = mm_q_col_int(&q, 4);
        list[n++] = r;
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    if (n > 1)
        qsort(list, n, sizeof(*list), by_look);
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

enum mm_code mm_desk_forget(struct mm_tx *tx, int64_t case_id)
{
    static const enum mm_desk_stmt parts[] = {MM_DESK_FORGET_REPORTS, MM_DESK_FORGET_LOOKS};
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < MM_COUNT(parts) && code == MM_OK; i++) {
        struct mm_q q;

        mm_q_begin(&q, tx, &mm_desk_stmts[parts[i]]);
        mm_q_int(&q, ":case", case_id);
        code = mm_q_end(&q);
    }
    return code;
}
