/* web/portal/case_view.c - see case_view.h for the contract. */
#include "web/portal/case_view.h"

#include "base/limits.h"
#include "base/rd.h"
#include "codec/ext/json.h"
#include "desk/desk.h"
#include "triage/many.h"
#include "triage/triage.h"
#include "web/portal/exception_view.h"
#include "web/portal/facts.h"
#include "web/portal/president.h"

enum {
    EVENT_SIZE_MAX = MM_ALERT_MAX_EVENT,
    FIELDS_MAX = 60,     /* of one event shown; the original line has the rest */
    TEXT_MAX = 8192,     /* a text to read out */
    EXCEPTIONS_MAX = 20, /* of one rule shown beside a finding; their page has all */
};

static void write_field(struct mm_page *p, struct mm_doc *fields, const struct mm_json_item *it)
{
    struct mm_doc *d;
    char key[MM_MAX_FIELD_NAME + 8];
    int n = snprintf(key, sizeof(key), "field.%.*s", MM_S_ARG(it->key));
    bool known;

    if (fields->n >= FIELDS_MAX || n < 0 || (size_t)n >= sizeof(key))
        return;
    /* Fields that have a word are for everybody, the others for the operator. */
    known = mm_lang_text(p->lang, mm_slice_str(key), 1) != NULL;
    if (!known && !mm_page_staff(p))
        return;
    d = mm_doc_object(fields, NULL);
    mm_doc_text(d, "name", it->key);
    mm_doc_text(d, "value", it->text);
    mm_doc_bool(d, "known", known);
}

/* Whether a rule of the case's findings found the event: what an exception can be made of. */
static bool is_found(const struct mm_page *p, struct mm_slice rule)
{
    const struct mm_doc *list = mm_doc_get(p->doc, MM_S("findings"));

    for (const struct mm_doc *f = list == NULL ? NULL : list->first; f != NULL; f = f->next) {
        const struct mm_doc *id = mm_doc_get(f, MM_S("rule"));

        if (rule.n > 0 && id != NULL && mm_slice_eq(id->text, rule))
            return true;
    }
    return false;
}

static void write_event(struct mm_page *p, struct mm_json *parser, struct mm_doc *list,
                        const struct mm_case_event *e)
{
    struct mm_doc *d = mm_doc_object(list, NULL), *fields;
    struct mm_json_doc json;
    bool staff = mm_page_staff(p);

    mm_doc_int(d, "queue", e->queue);
    mm_doc_int(d, "seq", (int64_t)e->seq);
    if (staff)
        mm_doc_text(d, "rule", e->rule);
    if (mm_page_may(p, MM_MAY_RULES))
        mm_doc_bool(d, "found", is_found(p, e->rule));
    mm_doc_time(d, "time", e->time_us);
    mm_doc_time(d, "received", e->received_us);
    mm_doc_int(d, "source", e->source);
    fields = mm_doc_array(d, "fields");
    if (mm_json_parse(parser, e->event, p->arena, &json, NULL) != MM_OK) {
        if (staff)
            mm_doc_text(d, "original", e->event);
        return;
    }
    for (size_t i = 1; i < json.n; i++) {
        const struct mm_json_item *it = &json.item[i];

        if (it->depth != 1 || !mm_json_is_scalar(it) || mm_slice_eq(it->key, MM_S("@timestamp")))
            continue;
        if (!mm_slice_eq(it->key, MM_S("event.original")))
            write_field(p, fields, it);
        else if (staff)
            mm_doc_text(d, "original", it->text);
    }
}

static enum mm_code write_events(struct mm_page *p, int64_t case_id)
{
    struct mm_doc *list = mm_doc_array(p->doc, "events");
    struct mm_case_event *events;
    struct mm_json *parser;
    size_t n;
    enum mm_code code = mm_case_events(p->tx, case_id, p->arena, &events, &n);

    if (code != MM_OK)
        return code;
    parser = mm_json_new(EVENT_SIZE_MAX);
    if (parser == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < n; i++)
        write_event(p, parser, list, &events[i]);
    mm_json_free(&parser);
    return MM_OK;
}

/* What exceptions have kept from this finding: nobody was told of it, and it is not in its count.
 * The store is asked once for a case, and only when there is an exception of one of its rules. */
static enum mm_code write_hidden(struct mm_page *p, struct mm_slice rule,
                                 struct mm_hidden_counts *hidden, struct mm_doc *d)
{
    const struct mm_exception_which which = {
        .ended_too = true, .rule = rule, .max = EXCEPTIONS_MAX};
    struct mm_doc *list = mm_doc_array(d, "hidden");
    struct mm_exception *e = NULL;
    size_t n = 0;
    enum mm_code code = MM_OK;

    if (rule.n > 0)
        code = mm_exception_list(p->tx, &which, p->arena, &e, &n);
    if (code == MM_OK && n > 0 && hidden->row == NULL)
        code = mm_hidden_ask(p, hidden);
    for (size_t i = 0; i < n && code == MM_OK; i++) {
        struct mm_doc *o;

        if (e[i].state == MM_EXCEPTION_PROPOSED)
            continue;
        o = mm_doc_object(list, NULL);
        mm_exception_write_brief(o, &e[i]);
        mm_hidden_write(o, "n", hidden, e[i].exception);
    }
    return code;
}

static enum mm_code write_findings(struct mm_page *p, int64_t case_id)
{
    struct mm_doc *list = mm_doc_array(p->doc, "findings");
    struct mm_hidden_counts hidden = {0};
    struct mm_finding *f;
    size_t n;
    enum mm_code code = mm_case_findings(p->tx, case_id, p->arena, &f, &n);

    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < n && code == MM_OK; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);
        struct mm_case_words words;

        mm_facts_words(p, f[i].doc, &words);
        mm_doc_text(d, "kind", f[i].kind);
        mm_doc_text(d, "title", mm_facts_title(p, words.title, f[i].title));
        mm_doc_text(d, "rule", f[i].rule);
        mm_doc_text(d, "author", f[i].author);
        mm_doc_str(d, "level", mm_level_name(f[i].level));
        mm_doc_int(d, "n", (int64_t)f[i].count);
        mm_doc_time(d, "first", f[i].first_us);
        mm_doc_time(d, "last", f[i].last_us);
        code = write_hidden(p, f[i].rule, &hidden, d);
    }
    return code;
}

/* Entities that the case counts together; absent where it is about one. */
static enum mm_code write_many(struct mm_page *p, int64_t case_id)
{
    struct mm_doc *d, *list;
    struct mm_many m;
    enum mm_code code = mm_many_of_case(p->tx, case_id, p->arena, &m);

    if (code != MM_OK)
        return code == MM_E_NOTFOUND ? MM_OK : code;
    d = mm_doc_object(p->doc, "many");
    mm_doc_int(d, "n", (int64_t)m.events);
    mm_doc_int(d, "succeeded", (int64_t)m.succeeded);
    mm_doc_bool(d, "any_succeeded", m.succeeded > 0);
    mm_doc_time(d, "first", m.first_us);
    mm_doc_time(d, "last", m.last_us);
    list = mm_doc_array(d, "shown");
    for (size_t i = 0; i < m.shown_n; i++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "entity", m.shown[i].entity);
        mm_doc_int(o, "n", (int64_t)m.shown[i].events);
        mm_doc_bool(o, "succeeded", m.shown[i].succeeded > 0);
        mm_doc_bool(o, "known", m.shown[i].known);
        mm_doc_time(o, "first", m.shown[i].first_us);
        mm_doc_time(o, "last", m.shown[i].last_us);
    }
    return MM_OK;
}

/* The step of a finding repeats its title, that of a rule or of a kind of ours, which has words
 * elsewhere. */
static struct mm_slice step_text(const struct mm_page *p, const struct mm_case_step *s)
{
    if (!mm_slice_eq(s->what, MM_S("finding")))
        return s->text;
    return mm_page_staff(p) ? mm_facts_title(p, (struct mm_slice){0}, s->text) : MM_S("");
}

static enum mm_code write_steps(struct mm_page *p, int64_t case_id)
{
    struct mm_doc *list = mm_doc_array(p->doc, "steps");
    struct mm_case_step *s;
    size_t n;
    enum mm_code code = mm_case_steps(p->tx, case_id, p->arena, &s, &n);

    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        struct mm_doc *d;

        /* Alerts are no matter of a president's. */
        if (mm_page_president(p) && mm_slice_eq(s[i].what, MM_S("finding")))
            continue;
        d = mm_doc_object(list, NULL);
        mm_doc_time(d, "time", s[i].at_us);
        mm_doc_text(d, "what", s[i].what);
        mm_doc_text(d, "text", step_text(p, &s[i]));
        mm_doc_bool(d, "by_person", s[i].user > 0);
        if (s[i].minutes > 0 && mm_page_staff(p))
            mm_doc_int(d, "minutes", s[i].minutes);
    }
    return MM_OK;
}

/* What the program looked at, what it found and what it could not see. */
static enum mm_code write_looks(struct mm_page *p, int64_t case_id)
{
    static const char *const states[] = {"found", "none", "cannot"};
    struct mm_doc *list = mm_doc_array(p->doc, "looks");
    struct mm_look_result *r;
    size_t n;
    enum mm_code code = mm_desk_looks(p->tx, case_id, p->arena, &r, &n);

    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_str(d, "what", mm_look_name(r[i].what));
        mm_doc_str(d, "state", states[r[i].state]);
        mm_doc_int(d, "count", r[i].count);
        mm_doc_text(d, "why", mm_facts_member(p, r[i].detail, "why"));
        mm_doc_text(d, "ip", mm_facts_member(p, r[i].detail, "ip"));
        mm_doc_text(d, "mac", mm_facts_member(p, r[i].detail, "mac"));
        mm_doc_text(d, "pc", mm_facts_member(p, r[i].detail, "pc"));
        mm_doc_text(d, "user", mm_facts_member(p, r[i].detail, "user"));
        mm_doc_time(d, "at", r[i].at_us);
    }
    return MM_OK;
}

static void write_keys(struct mm_doc *to, const char *name, struct mm_slice words)
{
    struct mm_doc *list = mm_doc_array(to, name);
    struct mm_rd rd = mm_rd_of(words);
    struct mm_slice word;

    while (mm_rd_left(&rd) > 0) {
        if (!mm_rd_until(&rd, ' ', &word)) {
            word = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (word.n > 0)
            mm_doc_text(mm_doc_object(list, NULL), "key", word);
    }
}

/* What the person said; absent for detected cases. */
static enum mm_code write_report(struct mm_page *p, int64_t case_id)
{
    struct mm_report r;
    struct mm_doc *d;
    enum mm_code code = mm_desk_report_of(p->tx, case_id, p->arena, &r);

    if (code != MM_OK)
        return code == MM_E_NOTFOUND ? MM_OK : code;
    d = mm_doc_object(p->doc, "report");
    mm_doc_time(d, "noticed", r.noticed_us);
    mm_doc_time(d, "made", r.made_us);
    mm_doc_text(d, "who", r.who);
    mm_doc_text(d, "pc", r.pc);
    mm_doc_text(d, "place", r.place);
    mm_doc_text(d, "needed", r.needed);
    mm_doc_text(d, "via", r.via);
    mm_doc_text(d, "words", r.text);
    write_keys(d, "symptoms", r.symptoms);
    write_keys(d, "done", r.done);
    return MM_OK;
}

static enum mm_code write_requests(struct mm_page *p, int64_t case_id)
{
    struct mm_doc *list = mm_doc_array(p->doc, "requests");
    struct mm_case_request *r;
    size_t n;
    enum mm_code code = mm_case_requests(p->tx, case_id, p->arena, &r, &n);

    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "request", r[i].request);
        mm_doc_text(d, "text", r[i].text);
        mm_doc_text(d, "state", r[i].state);
        mm_doc_text(d, "reason", r[i].reason);
        mm_doc_bool(d, "open", mm_slice_eq(r[i].state, MM_S("asked")));
        mm_doc_time(d, "asked", r[i].asked_us);
        mm_doc_time(d, "answered", r[i].answered_us);
    }
    return MM_OK;
}

/* A text of a template, as it is read out or sent: part of the document, so that the API has it. */
static void write_text(struct mm_page *p, struct mm_doc *to, const char *key, const char *tpl)
{
    struct mm_buf out;
    struct mm_tpl_render r = {
        .set = p->portal->templates,
        .lang = p->lang,
        .mode = MM_TPL_PLAIN,
        .now_us = p->now_us,
        .offset_s = MM_PAGE_OFFSET_S,
        .base = p->chrome,
        .doc = p->doc,
        .out = &out,
    };

    mm_buf_init(&out, TEXT_MAX);
    if (mm_tpl_render(&r, tpl) == MM_OK)
        mm_doc_text(to, key, mm_slice_trim(mm_buf_slice(&out)));
    mm_buf_done(&out);
}

static void write_texts(struct mm_page *p)
{
    struct mm_doc *texts = mm_doc_object(p->doc, "texts");

    write_text(p, texts, "read_out", "case_read_out");
    write_text(p, texts, "to_send", "case_to_send");
}

/*
 * Whom the case is about, as far as it is known by now: the logs may have named the PC that had the
 * address, or that stood behind a proxy. That name is what a person on the telephone needs.
 */
static enum mm_code write_whom(struct mm_page *p, const struct mm_case *c)
{
    const char *kind = mm_facts_entity_kind(c->entity_field, c->many);
    struct mm_slice pc = {0}, ip = {0};
    struct mm_look_result *r;
    size_t n;
    enum mm_code code = mm_desk_looks(p->tx, c->case_id, p->arena, &r, &n);

    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < n; i++) {
        if (r[i].what == MM_LOOK_BEHIND_PROXY && r[i].state == MM_LOOK_FOUND)
            kind = "behind";
        if (r[i].what == MM_LOOK_ADDRESS && r[i].state == MM_LOOK_FOUND) {
            pc = mm_facts_member(p, r[i].detail, "pc");
            ip = mm_facts_member(p, r[i].detail, "ip");
        }
    }
    if (pc.n > 0 && strcmp(kind, "behind") != 0)
        kind = "named";
    if (pc.n == 0 && strcmp(kind, "behind") == 0)
        kind = mm_facts_entity_kind(c->entity_field, c->many);
    if (c->many > 0) { /* the PC that one of their events names says nothing of the others */
        kind = mm_facts_entity_kind(c->entity_field, c->many);
        mm_doc_int(p->doc, "entities", (int64_t)c->many);
    }
    mm_doc_str(p->doc, "entity_kind", kind);
    mm_doc_text(p->doc, "pc", pc);
    mm_doc_text(p->doc, "pc_address", ip);
    return MM_OK;
}

static void write_head(struct mm_page *p, const struct mm_case *c)
{
    struct mm_doc *d = p->doc;
    struct mm_case_words words;
    bool closed = mm_slice_eq(c->state, MM_S("closed"));

    mm_facts_words(p, c->doc, &words);
    mm_doc_int(d, "case", c->case_id);
    mm_doc_int(d, "number", c->number);
    mm_doc_text(d, "title",
                mm_page_president(p) ? mm_president_title(p, c->how, c->doc)
                                     : mm_facts_title(p, words.title, c->title));
    /* For texts that go to the company: never an engineer's title. */
    mm_doc_text(d, "plain_title",
                words.title.n > 0
                    ? words.title
                    : mm_slice_str(mm_lang_text(p->lang, MM_S("case.title.general"), 1)));
    mm_doc_text(d, "what", words.what);
    mm_doc_text(d, "first", words.first);
    mm_doc_text(d, "entity_field", c->entity_field);
    mm_doc_text(d, "entity", c->entity);
    mm_doc_text(d, "how", c->how);
    mm_doc_bool(d, "reported", mm_slice_eq(c->how, MM_S("reported")));
    if (mm_page_staff(p)) {
        mm_doc_str(d, "level", mm_level_name(c->level));
        mm_doc_int(d, "confidence", c->confidence);
    }
    mm_doc_text(d, "act", c->act);
    mm_doc_str(d, "sure", mm_sure_name(mm_sure_of(c->confidence)));
    mm_doc_text(d, "state", c->state);
    mm_doc_bool(d, "closed", closed);
    if (closed)
        mm_doc_text(d, "outcome", c->outcome);
    mm_doc_text(d, "outcome_text", c->outcome_text);
    mm_doc_time(d, "happened", c->event_us);
    mm_doc_time(d, "opened", c->opened_us);
    mm_doc_time(d, "updated", c->updated_us);
}

enum mm_code mm_case_view(struct mm_page *p, int64_t case_id)
{
    struct mm_case c;
    struct mm_doc *may;
    enum mm_code code = mm_case_get(p->tx, case_id, p->arena, &c);

    if (code != MM_OK)
        return code;
    write_head(p, &c);
    code = write_whom(p, &c);
    if (code != MM_OK)
        return code;
    may = mm_doc_object(p->doc, "may");
    mm_doc_bool(may, "handle", mm_page_may(p, MM_MAY_HANDLE));
    mm_doc_bool(may, "answer", mm_page_may(p, MM_MAY_REPORT));
    code = write_report(p, case_id);
    /* Each reader's document holds what the page shows that reader (requirements.md 6.4). */
    if (code == MM_OK && !mm_page_president(p))
        code = write_looks(p, case_id);
    if (code == MM_OK && mm_page_staff(p)) {
        write_texts(p);
        code = write_findings(p, case_id);
    }
    if (code == MM_OK && !mm_page_president(p))
        code = write_many(p, case_id);
    if (code == MM_OK && !mm_page_president(p))
        code = write_events(p, case_id);
    if (code == MM_OK)
        code = write_requests(p, case_id);
    if (code == MM_OK && mm_page_president(p))
        code = mm_president_write(p, case_id);
    return code == MM_OK ? write_steps(p, case_id) : code;
}
