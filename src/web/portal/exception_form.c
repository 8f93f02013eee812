/* web/portal/exception_form.c - an exception is made: from what a rule found, tried on the past. */
#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "codec/ext/json.h"
#include "exception/trial.h"
#include "register/audit.h"
#include "store/events/rows.h"
#include "store/events/search.h"
#include "web/portal/exception_view.h"
#include "web/portal/feature.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"

enum {
    CANDIDATES_MAX = 32, /* as many as the table of exception_view.c has, and room */
    DAYS_MAX = 365,
    SAID_MAX = 16 * 1024, /* an exception as text: eight long values, title and reason */
    FOUND_MAX = 2 * MM_ALERT_MAX_EVENT, /* a row: the event, and some texts beside it */
};

/* A field of the event, and what the form says of it. */
struct offer {
    const struct mm_candidate *field;
    struct mm_slice value;
    enum mm_filter_how how;
    bool used, wrong;
};

/* One request for an exception. */
struct making {
    struct mm_page *p;
    struct mm_ruleset *set;
    const struct mm_rule *rule; /* of set */
    uint16_t queue;
    uint64_t seq;
    int64_t time_us;
    struct offer offer[CANDIDATES_MAX];
    size_t offer_n;
    uint64_t days;
    struct mm_filter_term term[MM_EXCEPTION_TERMS_MAX];
    size_t term_offer[MM_EXCEPTION_TERMS_MAX]; /* index of offer */
    struct mm_exception e;
    int64_t id; /* when it was kept */
    struct mm_fault fault;
};

/* ---- the event that led here ---- */

static void put_offer(struct making *m, struct mm_slice name, struct mm_slice value)
{
    const struct mm_candidate *field = mm_candidate_find(name);
    struct offer *o;

    if (field == NULL || value.n == 0 || m->offer_n == MM_COUNT(m->offer))
        return;
    o = &m->offer[m->offer_n];
    *o = (struct offer){.field = field, .how = MM_FILTER_EQUALS};
    if (value.n > MM_EXCEPTION_VALUE_MAX)
        o->how = MM_FILTER_STARTS;
    if (mm_arena_dup(m->p->arena, mm_utf8_cut(value, MM_EXCEPTION_VALUE_MAX), &o->value))
        m->offer_n++;
}

static enum mm_code offer_json(struct making *m, struct mm_slice event)
{
    struct mm_json *parser = mm_json_new(MM_ALERT_MAX_EVENT);
    struct mm_json_doc json;
    enum mm_code code;

    if (parser == NULL)
        return MM_E_NOMEM;
    code = mm_json_parse(parser, event, m->p->arena, &json, NULL);
    for (size_t i = 0; code == MM_OK && mm_candidate_at(i) != NULL; i++) {
        const struct mm_json_item *it = mm_json_get(&json, 0, mm_candidate_at(i)->name);

        if (it != NULL && mm_json_is_scalar(it))
            put_offer(m, it->key, it->text);
    }
    mm_json_free(&parser);
    return code == MM_E_SYNTAX ? MM_OK : code; /* nothing to choose from, and the page says so */
}

/* The event as a case of the company has kept it; its newest of the rule when none is named. */
static enum mm_code load_kept(struct making *m, bool any)
{
    struct mm_slice event = {0};
    bool found = false;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, m->p->tx, &mm_portal_stmts[MM_P_EXCEPTION_EVENT]);
    mm_q_text(&q, ":rule", m->rule->id);
    mm_q_int(&q, ":any", any);
    mm_q_int(&q, ":queue", m->queue);
    mm_q_int(&q, ":seq", (int64_t)(m->seq & INT64_MAX));
    if (mm_q_row(&q)) {
        m->queue = (uint16_t)mm_q_col_int(&q, 0); /* of a column that holds our own queues */
        m->seq = (uint64_t)mm_q_col_int(&q, 1);
        m->time_us = mm_q_col_int(&q, 2);
        event = mm_q_col_dup(&q, 3, m->p->arena);
        found = true;
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    return found ? offer_json(m, event) : MM_E_NOTFOUND;
}

static enum mm_code load_stored(struct making *m)
{
    struct mm_search_result *result = mm_arena_alloc(m->p->arena, sizeof(*result));
    struct mm_event *ev = mm_arena_alloc(m->p->arena, sizeof(*ev));
    struct mm_events_client *client = NULL;
    char tmp[MM_FIELD_TEXT];
    enum mm_code code;

    if (result == NULL || ev == NULL)
        return MM_E_NOMEM;
    code = mm_page_events_client(m->p, &client);
    if (code == MM_OK)
        code = mm_search_event(client, m->p->company, m->queue, m->seq, result, ev);
    for (size_t i = 0; code == MM_OK && mm_candidate_at(i) != NULL; i++) {
        enum mm_field f = mm_field_find(mm_candidate_at(i)->name);

        if (f != MM_F_NONE && mm_event_has(ev, f))
            put_offer(m, mm_candidate_at(i)->name, mm_event_as_text(ev, f, tmp));
    }
    if (code == MM_OK)
        m->time_us = ev->time_us;
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

/* The newest event that the rule has found in the company, where no case has kept one: of a level
 * that opens none. */
static enum mm_code load_found(struct making *m)
{
    char company[24], from[24], limit[24];
    const struct mm_events_param params[] = {
        {"company", mm_events_u64(m->p->company, company)},
        {"rule", m->rule->id},
        {"from", mm_events_i64(m->p->now_us - MM_TRIAL_DAYS * MM_US_PER_DAY, from)},
        {"limit", mm_events_u64(1, limit)},
    };
    struct mm_events_client *client = NULL;
    struct mm_events_answer said;
    struct mm_alert alert;
    struct mm_buf answer;
    struct mm_rd rd;
    enum mm_code code = mm_page_events_client(m->p, &client);

    mm_buf_init(&answer, FOUND_MAX);
    if (code == MM_OK)
        code = mm_events_run(client, MM_ST_ALERTS_OF_RULE, params, MM_COUNT(params), gather,
                             &answer, &said);
    mm_events_free(&client);
    rd = mm_rd_of(mm_buf_slice(&answer));
    if (code == MM_OK)
        code = mm_rd_left(&rd) == 0 ? MM_E_NOTFOUND : mm_rows_alert(&rd, &alert);
    if (code == MM_OK) {
        m->queue = alert.queue;
        m->seq = alert.seq;
        m->time_us = alert.time_us;
        code = offer_json(m, alert.event);
    }
    mm_buf_done(&answer);
    return code;
}

static enum mm_code load_event(struct making *m)
{
    const struct mm_input *in = &m->p->in;
    bool any = !mm_input_has(in, "queue") && !mm_input_has(in, "seq");
    char object[48];
    uint64_t queue = 0;
    enum mm_code code;

    if (!any && (!mm_slice_u64(mm_input_get(in, "queue"), &queue) || queue > UINT16_MAX ||
                 !mm_slice_u64(mm_input_get(in, "seq"), &m->seq)))
        return MM_E_NOTFOUND;
    m->queue = (uint16_t)queue;
    code = load_kept(m, any);
    if (code == MM_E_NOTFOUND)
        code = any ? load_found(m) : load_stored(m);
    (void)snprintf(object, sizeof(object), "event %u/%llu", m->queue, (unsigned long long)m->seq);
    if (code == MM_OK)
        code =
            mm_page_look(m->p, &(struct mm_page_looked){.action = "look.event", .object = object});
    return code;
}

static enum mm_code load(struct making *m)
{
    struct mm_page *p = m->p;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK && p->company == MM_COMPANY_OPERATOR)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = mm_portal_rules(p->portal, p->now_us, &m->set);
    if (code != MM_OK)
        return code;
    m->rule = mm_portal_rule(m->set, mm_input_get(&p->in, "rule"));
    return m->rule == NULL ? MM_E_NOTFOUND : load_event(m);
}

/* ---- what the form says ---- */

/* As it was entered: a space at the end of a command line is part of it. */
static bool whole_value(const struct mm_input *in, const char *name, struct mm_slice *ret)
{
    for (size_t i = 0; i < in->n; i++) {
        if (mm_slice_eq(in->pair[i].name, mm_slice_str(name))) {
            *ret = in->pair[i].value;
            return true;
        }
    }
    return false;
}

static void read_offer(struct making *m, size_t at)
{
    struct offer *o = &m->offer[at];
    const struct mm_input *in = &m->p->in;
    char key[MM_MAX_FIELD_NAME + 8];
    bool good;

    (void)snprintf(key, sizeof(key), "value.%.*s", MM_S_ARG(o->field->name));
    (void)whole_value(in, key, &o->value);
    (void)snprintf(key, sizeof(key), "how.%.*s", MM_S_ARG(o->field->name));
    good = !mm_input_has(in, key) || mm_exception_how_find(mm_input_get(in, key), &o->how);
    o->used = mm_input_ticked(in, "use", o->field->name);
    if (!o->used)
        return;
    o->wrong = !good || !mm_candidate_takes(o->field->kind, o->how) ||
               mm_slice_trim(o->value).n == 0 || o->value.n > MM_EXCEPTION_VALUE_MAX;
    if (o->wrong)
        mm_page_refuse(m->p, "value", "exception.value");
    if (m->e.term_n < MM_COUNT(m->term)) {
        m->term[m->e.term_n] =
            (struct mm_filter_term){.field = o->field->name, .how = o->how, .value = o->value};
        m->term_offer[m->e.term_n] = at;
    }
    m->e.term_n++; /* one too many is refused, not left out */
}

/* A field that the event does not have would be forgotten in silence: a wider exception. */
static bool all_offered(const struct making *m)
{
    for (size_t i = 0; i < m->p->in.n; i++) {
        const struct mm_input_pair *pair = &m->p->in.pair[i];
        bool there = !mm_slice_eq(pair->name, MM_S("use"));

        for (size_t k = 0; k < m->offer_n && !there; k++)
            there = mm_slice_eq(m->offer[k].field->name, pair->value);
        if (!there)
            return false;
    }
    return true;
}

static void read_form(struct making *m, bool save)
{
    struct mm_page *p = m->p;

    m->e = (struct mm_exception){.company = p->company,
                                 .rule = m->rule->id,
                                 .title = m->rule->title,
                                 .product = m->rule->product,
                                 .category = m->rule->category,
                                 .service = m->rule->service,
                                 .term = m->term,
                                 .reason = mm_input_get(&p->in, "reason"),
                                 .made_by = p->me.user};
    for (size_t i = 0; i < m->offer_n; i++)
        read_offer(m, i);
    if (m->e.term_n == 0 || m->e.term_n > MM_COUNT(m->term) || !all_offered(m))
        mm_page_refuse(p, "terms", "exception.terms");
    if (!mm_slice_u64(mm_input_get(&p->in, "days"), &m->days) || m->days == 0 || m->days > DAYS_MAX)
        mm_page_refuse(p, "until", "exception.until");
    else
        m->e.until_us = p->now_us + (int64_t)m->days * MM_US_PER_DAY;
    if (m->e.reason.n > MM_EXCEPTION_REASON_MAX || (save && m->e.reason.n == 0))
        mm_page_refuse(p, "reason", "exception.reason");
    if (m->rule->product.n + m->rule->category.n + m->rule->service.n == 0)
        mm_page_refuse(p, "rule", "exception.rule");
}

/* ---- trying ---- */

static void write_examples(struct mm_doc *d, const char *key, const struct mm_trial_example *list,
                           size_t n)
{
    struct mm_doc *examples = mm_doc_array(d, key);

    for (size_t i = 0; i < n; i++) {
        struct mm_doc *o = mm_doc_object(examples, NULL);

        mm_doc_time(o, "time", list[i].time_us);
        mm_doc_int(o, "queue", list[i].queue);
        mm_doc_int(o, "seq", (int64_t)list[i].seq);
        mm_doc_text(o, "entity", list[i].entity);
    }
}

static void write_trial(struct mm_page *p, const struct mm_trial *t, bool second)
{
    struct mm_doc *d = mm_doc_object(p->doc, "trial");

    mm_doc_int(d, "days", MM_TRIAL_DAYS);
    mm_doc_int(d, "found", (int64_t)t->found);
    mm_doc_int(d, "tried", (int64_t)t->tried);
    mm_doc_bool(d, "part", t->tried < t->found);
    mm_doc_int(d, "hidden", (int64_t)t->hidden);
    mm_doc_int(d, "critical", (int64_t)t->hidden_critical);
    mm_doc_int(d, "left", (int64_t)(t->tried - t->hidden));
    mm_doc_int(d, "unread", (int64_t)t->unread);
    mm_doc_bool(d, "second", second);
    write_examples(d, "hides", t->hides, t->hides_n);
    write_examples(d, "stays", t->keeps, t->keeps_n);
}

/* MM_OK also when something was refused: ask mm_page_refused. */
static enum mm_code try_it(struct making *m)
{
    struct mm_page *p = m->p;
    struct mm_events_client *client = NULL;
    struct mm_trial trial;
    enum mm_code code = mm_page_events_client(p, &client);

    if (code == MM_OK)
        code = mm_exception_try(client, &m->e, p->now_us, p->arena, &trial, &m->fault);
    mm_events_free(&client);
    if (code == MM_OK) {
        m->e.hides = trial.hidden;
        m->e.hides_critical = trial.hidden_critical;
        m->e.second = mm_trial_second(&trial, m->rule->level);
        write_trial(p, &trial, m->e.second);
        return MM_OK;
    }
    if ((code == MM_E_SYNTAX || code == MM_E_LIMIT) && m->fault.what != NULL) {
        if (m->fault.at < m->e.term_n)
            m->offer[m->term_offer[m->fault.at]].wrong = true;
        mm_page_refuse(p, "value", "exception.value");
        return MM_OK;
    }
    if (code == MM_E_NOMEM)
        return code;
    /* Nobody can say what it would hide: it is not kept. */
    mm_page_refuse(p, "trial", "exception.store");
    p->status = 503;
    return MM_OK;
}

/* ---- keeping ---- */

/* Rule, reason and terms as lines: an audit entry is cut at its end, so what is longest is last. */
static void say(const struct mm_exception *e, struct mm_buf *out)
{
    mm_buf_fmt(out, "%.*s (%.*s)\n%.*s", MM_S_ARG(e->title), MM_S_ARG(e->rule),
               MM_S_ARG(e->reason));
    for (size_t i = 0; i < e->term_n; i++)
        mm_buf_fmt(out, "\n%.*s %s %.*s", MM_S_ARG(e->term[i].field),
                   mm_exception_how_name(e->term[i].how), MM_S_ARG(e->term[i].value));
}

static enum mm_code write_exception(struct mm_tx *tx, void *arg)
{
    struct making *m = arg;
    struct mm_audit entry = {.time_us = m->p->now_us,
                             .user = m->p->me.user,
                             .actor = m->p->me.login,
                             .action = MM_S("exception.add")};
    struct mm_buf text;
    char object[32];
    enum mm_code code = mm_exception_add(tx, &m->e, m->p->now_us, &m->id, &m->fault);

    if (code != MM_OK)
        return code;
    mm_buf_init(&text, SAID_MAX);
    say(&m->e, &text);
    (void)snprintf(object, sizeof(object), "exception %lld", (long long)m->id);
    entry.object = mm_slice_str(object);
    entry.text = mm_buf_slice(&text);
    code = mm_audit_add(tx, &entry);
    mm_buf_done(&text);
    return code;
}

static enum mm_code keep(struct making *m)
{
    struct mm_page *p = m->p;
    enum mm_code code = mm_records_write(p->portal->cfg.records, p->narrow, write_exception, m);

    if (code == MM_E_RANGE && m->fault.what != NULL) {
        mm_page_refuse(p, "exception", m->fault.what);
        return MM_OK;
    }
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "exception", m->id);
    mm_doc_bool(p->doc, "proposed", m->e.second);
    mm_page_go(p, "/companies/%u/exceptions#exception-%lld", p->company, (long long)m->id);
    return MM_OK;
}

/* ---- the document ---- */

static void write_offer(struct mm_doc *list, const struct offer *o)
{
    struct mm_doc *d = mm_doc_object(list, NULL), *hows;

    mm_doc_text(d, "name", o->field->name);
    mm_doc_text(d, "value", o->value);
    mm_doc_bool(d, "used", o->used);
    mm_doc_bool(d, "wrong", o->wrong);
    hows = mm_doc_array(d, "hows");
    for (int i = 0; i < MM_FILTER_HOW_COUNT; i++) {
        enum mm_filter_how how = (enum mm_filter_how)i;
        struct mm_doc *h;

        if (!mm_candidate_takes(o->field->kind, how))
            continue;
        h = mm_doc_object(hows, NULL);
        mm_doc_str(h, "key", mm_exception_how_name(how));
        mm_doc_bool(h, "chosen", how == o->how);
    }
}

/* Which parts of the form were refused: what stands beside them. */
static void write_wrong(struct mm_page *p)
{
    const struct mm_doc *errors = mm_doc_get(p->doc, MM_S("errors"));
    struct mm_doc *wrong = mm_doc_object(p->chrome, "wrong");
    static const char *const fields[] = {"terms", "until", "reason"};

    for (const struct mm_doc *e = errors == NULL ? NULL : errors->first; e != NULL; e = e->next) {
        const struct mm_doc *field = mm_doc_get(e, MM_S("field"));

        for (size_t i = 0; field != NULL && i < MM_COUNT(fields); i++) {
            if (mm_slice_eq(field->text, mm_slice_str(fields[i])))
                mm_doc_bool(wrong, fields[i], true);
        }
    }
}

static void write_page(struct making *m, bool asked)
{
    struct mm_page *p = m->p;
    struct mm_doc *list = mm_doc_array(p->doc, "offers");
    struct mm_doc *form = mm_doc_object(p->doc, "form");

    mm_doc_text(p->doc, "rule", m->rule->id);
    mm_doc_text(p->doc, "rule_title", mm_portal_rule_title(p, m->rule));
    mm_doc_str(p->doc, "level", mm_level_name(m->rule->level));
    mm_doc_int(p->doc, "queue", m->queue);
    mm_doc_int(p->doc, "seq", (int64_t)m->seq);
    mm_doc_time(p->doc, "time", m->time_us);
    mm_doc_int(p->doc, "days_max", DAYS_MAX);
    for (size_t i = 0; i < m->offer_n; i++)
        write_offer(list, &m->offer[i]);
    mm_doc_text(form, "reason", mm_input_get(&p->in, "reason"));
    if (asked)
        mm_doc_text(form, "days", mm_input_get(&p->in, "days"));
    else
        mm_doc_int(form, "days", MM_EXCEPTION_DAYS_DEFAULT);
    write_wrong(p);
}

enum mm_code mm_page_exception_new(struct mm_page *p)
{
    struct making *m = mm_arena_alloc(p->arena, sizeof(*m));
    enum mm_code code;

    if (m == NULL)
        return MM_E_NOMEM;
    *m = (struct making){.p = p};
    code = load(m);
    if (code == MM_OK)
        write_page(m, false);
    mm_rules_unref(&m->set);
    return code;
}

enum mm_code mm_page_exception_make(struct mm_page *p)
{
    struct making *m = mm_arena_alloc(p->arena, sizeof(*m));
    bool save = mm_slice_eq(mm_input_get(&p->in, "do"), MM_S("save"));
    enum mm_code code;

    if (m == NULL)
        return MM_E_NOMEM;
    *m = (struct making){.p = p};
    p->template = "exception_new";
    code = load(m);
    if (code == MM_OK)
        read_form(m, save);
    if (code == MM_OK && !mm_page_refused(p))
        code = try_it(m);
    if (code == MM_OK && save && p->status == 200)
        code = keep(m);
    if (code == MM_OK)
        write_page(m, true);
    mm_rules_unref(&m->set);
    return code;
}
