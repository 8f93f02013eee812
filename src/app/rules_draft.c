/* app/rules_draft.c - see rules_draft.h for the contract. */
#include "app/rules_draft.h"

#include <stdio.h>
#include <unistd.h>

#include "app/question.h"
#include "app/rules_try.h"
#include "base/limits.h"
#include "base/time.h"
#include "codec/ext/json.h"
#include "detect/filter.h"
#include "os/file.h"
#include "os/sandbox.h"
#include "text/doc.h"

enum {
    IN_MAX = 4 * 1024 * 1024,
    OUT_MAX = 1024 * 1024,
    MEMORY_MAX = 1024 * 1024 * 1024,
    ARENA_MAX = 64 * 1024 * 1024,
    REMARKS_MAX = 50, /* of what is wrong with one rule */
    QUERY_MS = 10 * 1000,
    TRY_US = 8 * 1000 * 1000, /* somebody waits for the page */
};

struct draft {
    struct mm_arena arena;
    struct mm_json_doc in;
    struct mm_doc *out;
    struct mm_ruleset *set;
    struct mm_events_client *client; /* made before the doors are shut; it connects later */
};

static void write_remark(struct mm_doc *list, const struct mm_rule_refusal *r)
{
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_int(d, "line", r->line);
    mm_doc_str(d, "code", r->what);
    mm_doc_str(d, "text", mm_rules_reason(r->what));
    mm_doc_text(d, "detail", r->detail);
}

static void write_rule(const struct draft *w, const struct mm_rule *r)
{
    static const char *const states[MM_RULE_STATE_COUNT] = {
        [MM_RULE_ACTIVE] = "active",
        [MM_RULE_NO_SOURCE] = "no_source",
        [MM_RULE_NEEDS_VALUES] = "needs_values",
        [MM_RULE_NEXT_STAGE] = "next_stage",
    };
    struct mm_doc *d = mm_doc_object(w->out, "rule");

    mm_doc_text(d, "id", r->id);
    mm_doc_text(d, "title", r->title);
    mm_doc_str(d, "level", mm_level_name(r->level));
    mm_doc_text(d, "author", r->author);
    mm_doc_text(d, "product", r->product);
    mm_doc_text(d, "category", r->category);
    mm_doc_text(d, "service", r->service);
    mm_doc_str(d, "state", states[r->state]);
}

/* False without memory. */
static bool check(struct draft *w)
{
    const struct mm_json_item *text = mm_json_get(&w->in, 0, MM_S("rule"));
    struct mm_doc *list;

    if (text == NULL || text->type != MM_JSON_STRING ||
        mm_rules_load_text(MM_S("rule.yml"), text->text, NULL, &w->set) != MM_OK)
        return false;
    list = mm_doc_array(w->out, "refused");
    for (size_t i = 0; i < mm_rules_refused(w->set) && i < REMARKS_MAX; i++)
        write_remark(list, mm_rules_refusal(w->set, i));
    list = mm_doc_array(w->out, "warnings");
    for (size_t i = 0; i < mm_rules_warnings(w->set) && i < REMARKS_MAX; i++)
        write_remark(list, mm_rules_warning(w->set, i));
    mm_doc_int(w->out, "rules", (int64_t)mm_rules_count(w->set));
    mm_doc_int(w->out, "filters", (int64_t)mm_filters_count(w->set));
    if (mm_rules_count(w->set) == 1)
        write_rule(w, mm_rules_get(w->set, 0));
    return true;
}

static void write_trial(struct mm_doc *d, const struct mm_rules_try *t)
{
    static const char *const cuts[] = {
        [MM_RULES_TRY_WHOLE] = "", [MM_RULES_TRY_ROWS] = "rows", [MM_RULES_TRY_TIME] = "time"};
    struct mm_doc *list, *o;

    mm_doc_int(d, "events", (int64_t)t->events);
    mm_doc_str(d, "cut", cuts[t->cut]);
    mm_doc_int(d, "since_us", t->since_us);
    mm_doc_int(d, "first_us", t->first_us);
    mm_doc_int(d, "last_us", t->last_us);
    mm_doc_int(d, "matches", (int64_t)t->matches);
    mm_doc_int(d, "undecided", (int64_t)t->undecided);
    mm_doc_int(d, "companies", (int64_t)t->companies);
    list = mm_doc_array(d, "by_company");
    for (size_t i = 0; i < t->company_n; i++) {
        o = mm_doc_object(list, NULL);
        mm_doc_int(o, "company", t->company[i].company);
        mm_doc_int(o, "matches", (int64_t)t->company[i].matches);
    }
    list = mm_doc_array(d, "top");
    for (size_t i = 0; i < t->top_n; i++) {
        o = mm_doc_object(list, NULL);
        mm_doc_text(o, "about", t->top[i].text);
        mm_doc_int(o, "matches", (int64_t)t->top[i].matches);
    }
    list = mm_doc_array(d, "examples");
    for (size_t i = 0; i < t->example_n; i++) {
        o = mm_doc_object(list, NULL);
        mm_doc_int(o, "company", t->example[i].company);
        mm_doc_int(o, "time_us", t->example[i].time_us);
        mm_doc_int(o, "queue", t->example[i].queue);
        mm_doc_int(o, "seq", (int64_t)t->example[i].seq);
        mm_doc_text(o, "line", t->example[i].line);
    }
}

/* The numbers of "companies" and "days"; false when they are none. */
static bool read_ask(struct draft *w, struct mm_rules_try_ask *ask)
{
    const struct mm_json_item *list = mm_json_get(&w->in, 0, MM_S("companies"));
    const struct mm_json_item *days = mm_json_get(&w->in, 0, MM_S("days"));
    uint32_t *company = mm_arena_array(&w->arena, w->in.n, sizeof(*company));
    uint64_t v;

    if (company == NULL || list == NULL || list->type != MM_JSON_ARRAY || days == NULL ||
        !mm_slice_u64(days->text, &v) || v < 1 || v > MM_RULES_TRY_DAYS_MAX)
        return false;
    ask->days = (uint32_t)v;
    for (size_t i = mm_json_index(&w->in, list) + 1; i < list->end; i = w->in.item[i].end) {
        if (!mm_slice_u64(w->in.item[i].text, &v) || v > UINT32_MAX)
            return false;
        company[ask->company_n++] = (uint32_t)v;
    }
    ask->company = company;
    return ask->company_n >= 1 && ask->company_n <= MM_RULES_TRY_COMPANIES_MAX;
}

/* Without an answer of the store the document has no "trial" but "said", the code's key. */
static bool try_it(struct draft *w)
{
    struct mm_rules_try_ask ask = {.set = w->set,
                                   .now_us = mm_now_us(),
                                   .events_max = MM_RULES_TRY_EVENTS_MAX,
                                   .until_mono_us = mm_mono_us() + TRY_US};
    struct mm_events_answer said;
    struct mm_rules_try trial;
    enum mm_code code;

    if (mm_rules_count(w->set) != 1)
        return true;
    if (!read_ask(w, &ask))
        return false;
    code = mm_rules_try(w->client, &ask, &w->arena, &trial, &said);
    if (code == MM_OK)
        write_trial(mm_doc_object(w->out, "trial"), &trial);
    else
        mm_doc_str(w->out, "said", mm_code_key(code));
    return true;
}

static bool work(struct draft *w, struct mm_json *json, struct mm_slice question)
{
    const struct mm_json_item *wanted;

    if (mm_json_parse(json, question, &w->arena, &w->in, NULL) != MM_OK ||
        w->in.item[0].type != MM_JSON_OBJECT || !check(w))
        return false;
    wanted = mm_json_get(&w->in, 0, MM_S("try"));
    if (wanted != NULL && wanted->type == MM_JSON_TRUE && !try_it(w))
        return false;
    return mm_question_answer(w->out, OUT_MAX);
}

_Noreturn void mm_rules_draft(const char *state)
{
    static const struct mm_sandbox box = {.may = MM_MAY_UNIX, .memory_max = MEMORY_MAX};
    struct draft w = {0};
    char path[MM_MAX_PATH], address[MM_MAX_PATH + 8];
    struct mm_json *json = mm_json_new(IN_MAX);
    struct mm_buf in;
    unsigned missing = 0;
    bool ok = json != NULL && mm_path_join(path, state, "run/eventd-read.sock") == MM_OK;

    (void)snprintf(address, sizeof(address), "unix:%s", ok ? path : "");
    ok = ok && mm_events_new(mm_slice_str(address), QUERY_MS, &w.client) == MM_OK &&
         mm_sandbox_enter(&box, &missing) == MM_OK;
    mm_arena_init(&w.arena, ARENA_MAX);
    mm_buf_init(&in, IN_MAX);
    w.out = mm_doc_new(&w.arena);
    ok = ok && mm_question_read(&in) && work(&w, json, mm_buf_slice(&in));
    /* In the jail: what others do at the end of a program (leak detectors) is not allowed here. */
    _exit(ok ? 0 : 1);
}
