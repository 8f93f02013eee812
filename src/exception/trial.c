/* exception/trial.c - see trial.h for the contract. */
#include "exception/trial.h"

#include "base/time.h"
#include "decode/eventjson.h"
#include "store/events/rows.h"

enum { ANSWER_MAX = 256 * 1024 * 1024, ARENA_MAX = 16 * 1024 * 1024 };

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

static enum mm_code ask(struct mm_events_client *events, enum mm_statement st,
                        const struct mm_exception *e, int64_t now_us, bool limited,
                        struct mm_buf *answer)
{
    char company[24], from[24], limit[24];
    struct mm_events_param params[] = {
        {"company", mm_events_u64(e->company, company)},
        {"rule", e->rule},
        {"from", mm_events_i64(now_us - MM_TRIAL_DAYS * MM_US_PER_DAY, from)},
        {"limit", mm_events_u64(MM_TRIAL_ALERTS_MAX, limit)},
    };
    struct mm_events_answer said;

    return mm_events_run(events, st, params, MM_COUNT(params) - (limited ? 0 : 1), gather, answer,
                         &said);
}

/* The exception's filter, ready to be asked; NULL and a code when it cannot be. */
static enum mm_code prepare(const struct mm_exception *e, struct mm_matcher **ret,
                            struct mm_fault *fault)
{
    struct mm_exception all_time = *e;
    struct mm_ruleset *set = NULL;
    struct mm_buf yaml;
    enum mm_code code;

    all_time.until_us = MM_FILTER_NO_END;
    mm_buf_init(&yaml, 1024 * 1024);
    code = mm_exception_filter(&all_time, &yaml, fault);
    if (code == MM_OK)
        code = mm_rules_load_text(MM_S("exception"), mm_buf_slice(&yaml), NULL, &set);
    mm_buf_done(&yaml);
    if (code != MM_OK)
        return code;
    if (mm_filters_count(set) == 1)
        *ret = mm_matcher_new(set);
    else
        code = mm_fail(fault, MM_E_SYNTAX, 0, "exception.value");
    mm_rules_unref(&set);
    return code == MM_OK && *ret == NULL ? MM_E_NOMEM : code;
}

struct trying {
    struct mm_matcher *filter;
    struct mm_json *json;
    struct mm_arena work;  /* of one alert */
    struct mm_arena *kept; /* of the examples */
    struct mm_trial *out;
};

/* The alert's event; false when none is kept with it or it cannot be read. */
static bool read_event(struct trying *t, const struct mm_alert *alert, struct mm_event *ev)
{
    struct mm_json_doc doc;

    mm_event_reset(ev);
    ev->company = alert->company;
    ev->received_us = alert->received_us;
    return mm_json_parse(t->json, alert->event, &t->work, &doc, NULL) == MM_OK &&
           mm_event_of_json(&doc, ev, NULL);
}

static void add_example(struct trying *t, const struct mm_alert *alert,
                        struct mm_trial_example *list, size_t *n)
{
    if (*n == MM_TRIAL_EXAMPLES_MAX || !mm_arena_dup(t->kept, alert->entity, &list[*n].entity))
        return;
    list[*n].time_us = alert->time_us;
    list[*n].queue = alert->queue;
    list[*n].seq = alert->seq;
    (*n)++;
}

static void try_one(struct trying *t, const struct mm_alert *alert)
{
    uint64_t critical = alert->level == MM_LEVEL_CRITICAL ? 1 : 0;
    struct mm_trial *o = t->out;
    struct mm_event ev;

    o->tried++;
    if (!read_event(t, alert, &ev)) {
        o->unread++;
    } else if (mm_filter_holds(t->filter, 0, &ev)) {
        o->hidden++;
        o->hidden_critical += critical;
        add_example(t, alert, o->hides, &o->hides_n);
    } else {
        o->stays++;
        o->stays_critical += critical;
        add_example(t, alert, o->keeps, &o->keeps_n);
    }
}

bool mm_trial_second(const struct mm_trial *t, enum mm_level rule_level)
{
    return rule_level == MM_LEVEL_CRITICAL || t->found_critical > t->stays_critical;
}

static enum mm_code try_rows(struct trying *t, struct mm_slice rows)
{
    struct mm_rd rd = mm_rd_of(rows);
    enum mm_code code = MM_OK;

    while (mm_rd_left(&rd) > 0 && code == MM_OK) {
        struct mm_alert alert;

        mm_arena_reset(&t->work);
        code = mm_rows_alert(&rd, &alert);
        if (code == MM_OK)
            try_one(t, &alert);
    }
    return code;
}

enum mm_code mm_exception_try(struct mm_events_client *events, const struct mm_exception *e,
                              int64_t now_us, struct mm_arena *a, struct mm_trial *ret,
                              struct mm_fault *fault)
{
    struct mm_trial trial = {0};
    struct trying t = {.kept = a, .out = &trial};
    struct mm_buf answer;
    enum mm_code code = prepare(e, &t.filter, fault);

    mm_arena_init(&t.work, ARENA_MAX);
    mm_buf_init(&answer, ANSWER_MAX);
    t.json = mm_json_new(MM_ALERT_MAX_EVENT);
    if (code == MM_OK && t.json == NULL)
        code = MM_E_NOMEM;
    if (code == MM_OK)
        code = ask(events, MM_ST_ALERTS_OF_RULE_COUNT, e, now_us, false, &answer);
    if (code == MM_OK) {
        struct mm_slice tsv = mm_slice_trim(mm_buf_slice(&answer));
        size_t tab = mm_slice_find(tsv, '\t', 0);

        if (tab == SIZE_MAX || !mm_slice_u64(mm_slice_sub(tsv, 0, tab), &trial.found) ||
            !mm_slice_u64(mm_slice_sub(tsv, tab + 1, SIZE_MAX), &trial.found_critical))
            code = MM_E_SYNTAX;
    }
    mm_buf_reset(&answer);
    if (code == MM_OK)
        code = ask(events, MM_ST_ALERTS_OF_RULE, e, now_us, true, &answer);
    if (code == MM_OK)
        code = try_rows(&t, mm_buf_slice(&answer));
    if (code == MM_OK)
        *ret = trial;
    mm_json_free(&t.json);
    mm_matcher_free(&t.filter);
    mm_buf_done(&answer);
    mm_arena_done(&t.work);
    return code;
}
