/* desk/desk.c - looking for every case that is due; see desk.h for the contract. */
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

/* In the place of a rule: the event was copied by a look. */
#define LOOKED MM_S("looked")

struct due {
    int64_t case_id[MM_DESK_DUE_MAX];
    uint32_t company[MM_DESK_DUE_MAX];
    size_t n;
};

static enum mm_code find_due(struct mm_records *records, int64_t now_us, struct due *due)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_desk_stmts[MM_DESK_CASES_TO_LOOK]);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":settle", MM_DESK_SETTLE_US);
    mm_q_int(&q, ":max", MM_DESK_DUE_MAX);
    while (due->n < MM_DESK_DUE_MAX && mm_q_row(&q)) {
        due->case_id[due->n] = mm_q_col_int(&q, 0);
        due->company[due->n++] = mm_q_col_u32(&q, 1);
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    return code;
}

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

static enum mm_code subject_of(struct mm_records *records, uint32_t company, int64_t case_id,
                               struct mm_arena *a, struct mm_subject *s)
{
    struct mm_scope_hold hold;
    struct mm_case_event *events = NULL;
    struct mm_case c;
    struct mm_tx *tx = NULL;
    struct mm_ip ip;
    size_t n = 0;
    enum mm_code code = mm_records_read(records, mm_system_company(&hold, company), &tx);

    if (code != MM_OK)
        return code;
    code = mm_case_get(tx, case_id, a, &c);
    if (code == MM_OK)
        code = mm_case_events(tx, case_id, a, &events, &n);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    *s = (struct mm_subject){
        .company = company, .at_us = c.event_us, .detected = mm_slice_eq(c.how, MM_S("detected"))};
    /* What an earlier look copied is no reason of the case: the second look began from it. */
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(events[i].rule, LOOKED))
            continue;
        from_event(events[i].event, a, s);
        break;
    }
    if (mm_ip_parse(c.entity, &ip))
        s->ip = c.entity;
    else if (mm_slice_eq(c.entity_field, MM_S("host.name")))
        s->pc = c.entity;
    return MM_OK;
}

struct keep {
    int64_t case_id;
    const struct mm_looked *looked;
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
                                   .rule = LOOKED,
                                   .time_us = ev->time_us,
                                   .received_us = ev->received_us,
                                   .source = ev->source,
                                   .event = mm_buf_slice(&json)};
        code = mm_case_event_add(tx, k->case_id, &e);
    }
    mm_buf_done(&json);
    free(ev);
    return code;
}

static enum mm_code keep(struct mm_tx *tx, void *arg)
{
    static const char *const states[] = {"found", "none", "cannot"};
    const struct keep *k = arg;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < k->looked->n && code == MM_OK; i++) {
        const struct mm_look_result *r = &k->looked->result[i];
        struct mm_q q;

        mm_q_begin(&q, tx, &mm_desk_stmts[MM_DESK_LOOK_SET]);
        mm_q_int(&q, ":case", k->case_id);
        mm_q_text(&q, ":what", mm_slice_str(mm_look_name(r->what)));
        mm_q_text(&q, ":state", mm_slice_str(states[r->state]));
        mm_q_int(&q, ":count", r->count);
        mm_q_text(&q, ":detail", r->detail);
        mm_q_int(&q, ":now", k->now_us);
        code = mm_q_end(&q);
    }
    if (code == MM_OK)
        code = keep_events(tx, k);
    return code == MM_OK
               ? mm_case_step_add(tx, k->case_id, 0, "looked", (struct mm_slice){0}, k->now_us)
               : code;
}

static enum mm_code look_one(struct mm_records *records, struct mm_events_client *events,
                             uint32_t company, int64_t case_id, int64_t now_us)
{
    struct mm_scope_hold hold;
    struct mm_looked looked;
    struct mm_subject s;
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, 64 * 1024 * 1024);
    code = subject_of(records, company, case_id, &a, &s);
    if (code == MM_OK)
        code = mm_look_ask(events, &s, &a, &looked);
    if (code == MM_OK) {
        struct keep k = {.case_id = case_id, .looked = &looked, .now_us = now_us};

        code = mm_records_write(records, mm_system_company(&hold, company), keep, &k);
        mm_buf_done(&looked.events);
    }
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_desk_look(struct mm_records *records, struct mm_events_client *events,
                          int64_t now_us, size_t *ret_done)
{
    struct due due = {.n = 0};
    size_t done = 0;
    enum mm_code code = find_due(records, now_us, &due);

    for (size_t i = 0; i < due.n && code != MM_E_IO && code != MM_E_BUSY; i++) {
        enum mm_code one = look_one(records, events, due.company[i], due.case_id[i], now_us);

        /* One case that cannot be asked about does not hold up the others. */
        done += one == MM_OK;
        code = one == MM_OK ? code : one;
    }
    *ret_done = done;
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
