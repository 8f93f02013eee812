/* web/portal/event_pages.c - search in the events of one company, and one event. */
#include "base/time.h"
#include "base/utf8.h"
#include "store/events/rows.h"
#include "store/events/search.h"
#include "web/portal/exception_view.h"
#include "web/portal/facts.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"

enum {
    PAGE_EVENTS = 50,
    LINE_SHOWN = 400, /* bytes of a line in the list; the event's page has all of it */
    ALERTS_MAX = 50,  /* rules that found one event; ours find a few */
    ALERTS_BYTES_MAX = ALERTS_MAX * MM_ALERT_MAX_EVENT, /* each row has the event again */
};

/* "received-queue-number", as `next` hands it out. */
static bool read_cursor(struct mm_slice s, struct mm_search_cursor *ret)
{
    size_t one = mm_slice_find(s, '-', 0);
    size_t two = one == SIZE_MAX ? SIZE_MAX : mm_slice_find(s, '-', one + 1);
    uint64_t received, queue, seq;

    if (two == SIZE_MAX || !mm_slice_u64(mm_slice_sub(s, 0, one), &received) ||
        !mm_slice_u64(mm_slice_sub(s, one + 1, two - one - 1), &queue) ||
        !mm_slice_u64(mm_slice_sub(s, two + 1, SIZE_MAX), &seq) || received > INT64_MAX ||
        queue > UINT16_MAX)
        return false;
    *ret = (struct mm_search_cursor){
        .received_us = (int64_t)received, .queue = (uint16_t)queue, .seq = seq};
    return true;
}

static void write_envelope(struct mm_page *p, struct mm_doc *d, const struct mm_event *ev)
{
    int64_t late_us = ev->received_us - ev->time_us;
    char id[48];

    (void)snprintf(id, sizeof(id), "%u/%llu", ev->queue, (unsigned long long)ev->seq);
    mm_doc_str(d, "id", id);
    mm_doc_int(d, "queue", ev->queue);
    mm_doc_int(d, "seq", (int64_t)ev->seq);
    mm_doc_time(d, "time", ev->time_us);
    mm_doc_time(d, "received", ev->received_us);
    mm_doc_bool(d, "apart", late_us > MM_US_PER_DAY || late_us < -MM_US_PER_DAY);
    mm_doc_int(d, "source", ev->source);
    mm_doc_text(d, "format", ev->format);
    mm_doc_text(d, "format_title", mm_facts_format_title(p, ev->format));
    mm_doc_bool(d, "parsed", (ev->flags & MM_EV_UNPARSED) == 0);
}

static void write_field(struct mm_page *p, struct mm_doc *list, struct mm_slice name,
                        struct mm_slice value)
{
    struct mm_doc *d = mm_doc_object(list, NULL);
    char key[MM_MAX_FIELD_NAME + 8];

    (void)snprintf(key, sizeof(key), "field.%.*s", MM_S_ARG(name));
    mm_doc_text(d, "name", name);
    mm_doc_text(d, "value", value);
    mm_doc_bool(d, "known", mm_lang_text(p->lang, mm_slice_str(key), 1) != NULL);
}

static void write_fields(struct mm_page *p, struct mm_doc *list, const struct mm_event *ev,
                         bool hot_only)
{
    char tmp[MM_FIELD_TEXT];

    for (enum mm_field f = 0; f < MM_F_COUNT; f++) {
        if (mm_event_has(ev, f) && (!hot_only || mm_field_store(f) == MM_FS_HOT))
            write_field(p, list, mm_field_name(f), mm_event_as_text(ev, f, tmp));
    }
    for (size_t i = 0; i < ev->extra_n && !hot_only; i++)
        write_field(p, list, ev->extra[i].name, ev->extra[i].value);
}

/* Why a search was not done: shown beside the field, with the place in what was typed. */
static void refuse_query(struct mm_page *p, const struct mm_fault *fault)
{
    struct mm_doc *e = mm_doc_object(p->doc, "fault");

    p->status = 422;
    mm_doc_str(e, "code", fault->what);
    mm_doc_int(e, "n", (int64_t)fault->at + 1);
}

static enum mm_code run_search(struct mm_page *p, const struct mm_query *query,
                               struct mm_search_result *result, struct mm_events_client **client)
{
    struct mm_search_request r = {.company = mm_scope_company(p->narrow),
                                  .query = query,
                                  .now_us = p->now_us,
                                  .zone_s = MM_PAGE_OFFSET_S,
                                  .limit = PAGE_EVENTS};
    struct mm_slice cursor = mm_input_get(&p->in, "before");
    struct mm_fault fault = {0};
    int64_t began_us;
    enum mm_code code;

    r.has_cursor = cursor.n > 0;
    if (r.has_cursor && !read_cursor(cursor, &r.cursor))
        return MM_E_RANGE;
    code = mm_page_events_client(p, client);
    if (code == MM_OK) {
        began_us = mm_mono_us();
        code = mm_search_run(*client, &r, result, &fault);
        mm_meter_add(p->portal->cfg.meters, MM_METER_SEARCH, mm_mono_us() - began_us);
    }
    if ((code == MM_E_SYNTAX || code == MM_E_LIMIT) && fault.what != NULL) {
        refuse_query(p, &fault);
        return MM_OK;
    }
    return code;
}

static void write_result(struct mm_page *p, struct mm_search_result *r)
{
    struct mm_doc *list = mm_doc_array(p->doc, "events");
    struct mm_event *ev = mm_arena_alloc(p->arena, sizeof(*ev));
    char next[80];

    while (ev != NULL && mm_search_next(r, ev)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        write_envelope(p, d, ev);
        mm_doc_text(d, "line", mm_utf8_cut(ev->original, LINE_SHOWN));
        write_fields(p, mm_doc_array(d, "fields"), ev, true);
    }
    mm_doc_int(p->doc, "elapsed_ms", (int64_t)(r->answer.elapsed_us / 1000));
    mm_doc_int(p->doc, "read_rows", (int64_t)r->answer.read_rows);
    if (!r->more)
        return;
    (void)snprintf(next, sizeof(next), "%lld-%u-%llu", (long long)r->next.received_us,
                   r->next.queue, (unsigned long long)r->next.seq);
    mm_doc_str(p->doc, "next", next);
}

enum mm_code mm_page_events(struct mm_page *p)
{
    struct mm_slice text = mm_input_get(&p->in, "q");
    struct mm_query *query = mm_arena_alloc(p->arena, sizeof(*query));
    struct mm_search_result *result = mm_arena_alloc(p->arena, sizeof(*result));
    struct mm_events_client *client = NULL;
    struct mm_fault fault = {0};
    enum mm_code code = mm_page_company(p);

    if (query == NULL || result == NULL)
        return MM_E_NOMEM;
    if (code != MM_OK)
        return code;
    mm_doc_text(p->doc, "q", text);
    mm_doc_bool(p->doc, "asked", mm_input_has(&p->in, "q"));
    if (!mm_input_has(&p->in, "q"))
        return MM_OK;
    code = mm_query_parse(text, p->arena, query, &fault);
    if (code == MM_E_SYNTAX || code == MM_E_LIMIT) {
        refuse_query(p, &fault);
        return MM_OK;
    }
    if (code == MM_OK)
        code = mm_page_look(
            p, &(struct mm_page_looked){.action = "look.search", .object = "", .text = text});
    if (code == MM_OK)
        code = run_search(p, query, result, &client);
    if (code == MM_OK && p->status == 200)
        write_result(p, result);
    mm_search_done(result);
    mm_events_free(&client);
    return code;
}

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

/* The exception that hid it, when one did; a filter from a file has none. */
static enum mm_code write_exception(struct mm_page *p, struct mm_slice hidden_by, struct mm_doc *d)
{
    struct mm_exception e;
    int64_t number;
    enum mm_code code;

    if (!mm_exception_of_filter(hidden_by, &number))
        return MM_OK;
    code = mm_exception_get(p->tx, number, p->arena, &e);
    if (code == MM_OK)
        mm_exception_write_brief(mm_doc_object(d, "by_exception"), &e);
    return code == MM_E_NOTFOUND ? MM_OK : code;
}

/* Which rules found it, and what hid that. */
static enum mm_code write_alerts(struct mm_page *p, struct mm_events_client *client,
                                 const struct mm_event *ev)
{
    char company[24], received[24], queue[24], seq[24], limit[24];
    const struct mm_events_param params[] = {
        {"company", mm_events_u64(ev->company, company)},
        {"received", mm_events_i64(ev->received_us, received)},
        {"queue", mm_events_u64(ev->queue, queue)},
        {"seq", mm_events_u64(ev->seq, seq)},
        {"limit", mm_events_u64(ALERTS_MAX, limit)},
    };
    struct mm_doc *list = mm_doc_array(p->doc, "alerts");
    struct mm_events_answer said;
    struct mm_buf answer;
    struct mm_rd rd;
    enum mm_code code;

    mm_buf_init(&answer, ALERTS_BYTES_MAX);
    code = mm_events_run(client, MM_ST_ALERTS_OF_EVENT, params, MM_COUNT(params), gather, &answer,
                         &said);
    rd = mm_rd_of(mm_buf_slice(&answer));
    while (code == MM_OK && mm_rd_left(&rd) > 0) {
        struct mm_alert alert;
        struct mm_doc *d;

        code = mm_rows_alert(&rd, &alert);
        if (code != MM_OK)
            break;
        d = mm_doc_object(list, NULL);
        mm_doc_text(d, "rule", alert.rule_id);
        mm_doc_text(d, "title", alert.title);
        mm_doc_str(d, "level", mm_level_name(alert.level));
        mm_doc_str(d, "rule_level", mm_level_name(alert.rule_level));
        mm_doc_bool(d, "relevelled", alert.rule_level != alert.level);
        mm_doc_text(d, "hidden_by", alert.hidden_by);
        code = write_exception(p, alert.hidden_by, d);
    }
    mm_buf_done(&answer);
    mm_doc_bool(p->doc, "has_alerts", list->n > 0);
    return code;
}

enum mm_code mm_page_event(struct mm_page *p)
{
    struct mm_search_result *result = mm_arena_alloc(p->arena, sizeof(*result));
    struct mm_event *ev = mm_arena_alloc(p->arena, sizeof(*ev));
    struct mm_events_client *client = NULL;
    char object[48];
    uint64_t queue, seq;
    enum mm_code code = mm_page_company(p);

    if (result == NULL || ev == NULL)
        return MM_E_NOMEM;
    if (code == MM_OK)
        code = mm_page_number(p, 1, &queue);
    if (code == MM_OK)
        code = mm_page_number(p, 2, &seq);
    if (code != MM_OK || queue > UINT16_MAX)
        return MM_E_NOTFOUND;
    code = mm_page_events_client(p, &client);
    if (code == MM_OK)
        code =
            mm_search_event(client, mm_scope_company(p->narrow), (uint16_t)queue, seq, result, ev);
    (void)snprintf(object, sizeof(object), "event %u/%llu", (unsigned)queue,
                   (unsigned long long)seq);
    if (code == MM_OK)
        code = mm_page_look(p, &(struct mm_page_looked){.action = "look.event", .object = object});
    if (code == MM_OK) {
        write_envelope(p, p->doc, ev);
        mm_doc_text(p->doc, "original", ev->original);
        write_fields(p, mm_doc_array(p->doc, "fields"), ev, false);
        code = write_alerts(p, client, ev);
    }
    mm_search_done(result);
    mm_events_free(&client);
    return code;
}
