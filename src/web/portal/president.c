/* web/portal/president.c - see president.h for the contract. */
#include "web/portal/president.h"

#include "base/time.h"
#include "codec/ext/json.h"
#include "triage/case.h"
#include "triage/triage.h"
#include "web/portal/feature.h"

enum {
    EVENTS_MAX = 20, /* cases on the president's page; more are for the list */
    TACTIC_MAX = 40,
};

/* Tactics as rules tag them, and what they mean. Where two are equally far, the later row says. */
static const struct {
    const char *tactic;
    unsigned stage;
    const char *name;
} tactics[] = {
    {"reconnaissance", 1, "looking"},
    {"initial-access", 1, "looking"},
    {"execution", 2, "virus"},
    {"defense-evasion", 3, "changed"},
    {"persistence", 3, "changed"},
    {"privilege-escalation", 3, "changed"},
    {"discovery", 3, "spreading"},
    {"credential-access", 3, "password"},
    {"lateral-movement", 3, "spreading"},
    {"command-and-control", 4, "remote"},
    {"collection", 5, "leak"},
    {"exfiltration", 5, "leak"},
    {"impact", 5, "damage"},
};

bool mm_page_president(const struct mm_page *p)
{
    return p->signed_in && p->me.role != NULL && p->me.role->id == MM_ROLE_PRESIDENT;
}

/* Row of a tag, or SIZE_MAX. Older rules write "command_and_control". */
static size_t row_of(struct mm_slice tag)
{
    char name[TACTIC_MAX];
    size_t n;

    if (!mm_slice_starts(tag, MM_S("attack.")))
        return SIZE_MAX;
    tag = mm_slice_sub(tag, strlen("attack."), SIZE_MAX);
    if (tag.n >= sizeof(name))
        return SIZE_MAX;
    for (n = 0; n < tag.n; n++)
        name[n] = tag.p[n] == '_' ? '-' : (char)tag.p[n];
    for (size_t i = 0; i < MM_COUNT(tactics); i++) {
        if (mm_slice_eq(mm_slice_of(name, n), mm_slice_str(tactics[i].tactic)))
            return i;
    }
    return SIZE_MAX;
}

unsigned mm_president_stage(struct mm_slice doc, struct mm_arena *arena, const char **ret_name)
{
    struct mm_json *parser = NULL;
    const struct mm_json_item *tags;
    struct mm_json_doc json;
    unsigned stage = 0;

    *ret_name = "general";
    if (doc.n >= 3 && doc.n <= MM_ALERT_MAX_DOC) /* "{}" says nothing */
        parser = mm_json_new(MM_ALERT_MAX_DOC);
    if (parser == NULL)
        return 0;
    if (mm_json_parse(parser, doc, arena, &json, NULL) == MM_OK &&
        json.item[0].type == MM_JSON_OBJECT &&
        (tags = mm_json_get(&json, 0, MM_S("tags"))) != NULL) {
        for (size_t i = mm_json_index(&json, tags) + 1; i < tags->end; i++) {
            size_t row = row_of(json.item[i].text);

            if (row != SIZE_MAX && tactics[row].stage >= stage) {
                stage = tactics[row].stage;
                *ret_name = tactics[row].name;
            }
        }
    }
    mm_json_free(&parser);
    return stage;
}

static struct mm_slice words_of(const struct mm_page *p, const char *name)
{
    char key[64];
    int n = snprintf(key, sizeof(key), "president.event.%s", name);
    const char *text = mm_lang_text(p->lang, mm_slice_of(key, (size_t)n), 1);

    MM_ASSERT(text != NULL); /* a test walks the table */
    return mm_slice_str(text);
}

struct mm_slice mm_president_title(const struct mm_page *p, struct mm_slice how,
                                   struct mm_slice doc)
{
    const char *name;

    (void)mm_president_stage(doc, p->arena, &name);
    return words_of(p, mm_slice_eq(how, MM_S("reported")) ? "reported" : name);
}

/* ---- one case ---- */

struct event {
    int64_t case_id, happened_us, opened_us, asked, answered;
    uint32_t number, confidence;
    bool reported, handled;
    struct mm_slice act;
    const char *name;
    unsigned stage;
};

/* Until when: the end of what "today" and "this week" mean; 0 for the next meeting. */
static int64_t due_us(const struct event *e)
{
    if (mm_slice_eq(e->act, MM_S("now")) || mm_slice_eq(e->act, MM_S("today")))
        return e->opened_us;
    return mm_slice_eq(e->act, MM_S("week")) ? e->opened_us + 7 * MM_US_PER_DAY : 0;
}

/* Cutting a line or stopping a machine is asked at once and of the head of the house. */
static bool needs_decision(const struct event *e)
{
    return mm_slice_eq(e->act, MM_S("now"));
}

static void write_stages(struct mm_doc *d, const struct event *e)
{
    struct mm_doc *list;

    mm_doc_int(d, "stage", e->stage);
    if (e->stage == 0)
        return;
    list = mm_doc_array(d, "stages");
    for (unsigned i = 1; i <= MM_STAGES; i++) {
        struct mm_doc *s = mm_doc_object(list, NULL);

        mm_doc_int(s, "at", i);
        mm_doc_bool(s, "reached", i <= e->stage);
        mm_doc_bool(s, "here", i == e->stage);
    }
}

static void write_event(struct mm_page *p, struct mm_doc *d, const struct event *e)
{
    mm_doc_int(d, "case", e->case_id);
    mm_doc_int(d, "number", e->number);
    mm_doc_text(d, "what", words_of(p, e->reported ? "reported" : e->name));
    mm_doc_time(d, "happened", e->happened_us);
    mm_doc_bool(d, "decide", needs_decision(e));
    mm_doc_str(d, "sure", mm_sure_name(mm_sure_of(e->confidence)));
    mm_doc_bool(d, "handled", e->handled);
    mm_doc_time(d, "due", due_us(e));
    mm_doc_int(d, "asked", e->asked);
    mm_doc_int(d, "answered", e->answered);
    write_stages(d, e);
}

/* The furthest that any finding of the case tells of. */
static enum mm_code read_stage(struct mm_page *p, struct event *e)
{
    enum mm_code code;
    struct mm_finding *f;
    size_t n;

    code = mm_case_findings(p->tx, e->case_id, p->arena, &f, &n);
    e->name = "general";
    for (size_t i = 0; code == MM_OK && i < n; i++) {
        const char *name;
        unsigned stage = mm_president_stage(f[i].doc, p->arena, &name);

        if (stage > e->stage) {
            e->stage = stage;
            e->name = name;
        }
    }
    return code;
}

static enum mm_code read_events(struct mm_page *p, int64_t case_id, struct event *list,
                                size_t *ret_n)
{
    struct mm_q q;
    size_t n = 0;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_PRESIDENT]);
    mm_q_int(&q, ":case", case_id);
    mm_q_int(&q, ":max", EVENTS_MAX);
    while (n < EVENTS_MAX && mm_q_row(&q))
        list[n++] = (struct event){
            .case_id = mm_q_col_int(&q, 0),
            .number = mm_q_col_u32(&q, 1),
            .reported = mm_slice_eq(mm_q_col_text(&q, 2), MM_S("reported")),
            .confidence = mm_q_col_u32(&q, 3),
            .act = mm_q_col_dup(&q, 4, p->arena),
            .handled = !mm_q_col_null(&q, 5),
            .happened_us = mm_q_col_int(&q, 6),
            .opened_us = mm_q_col_int(&q, 7),
            .asked = mm_q_col_int(&q, 8),
            .answered = mm_q_col_int(&q, 9),
        };
    *ret_n = n;
    return mm_q_end(&q);
}

/* Reports of people that turned out to be nothing: the right thing to do, and said so. */
static enum mm_code write_right_reports(struct mm_page *p, struct mm_doc *d)
{
    int64_t n = 0;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_RIGHT_REPORTS]);
    mm_q_int(&q, ":since", p->now_us - 365 * MM_US_PER_DAY);
    code = mm_q_end_int(&q, &n);
    mm_doc_int(d, "right_reports", n);
    return code;
}

enum mm_code mm_president_write(struct mm_page *p, int64_t case_id)
{
    struct event *list = mm_arena_array(p->arena, EVENTS_MAX, sizeof(*list));
    struct mm_doc *d = mm_doc_object(p->doc, "president"), *events = mm_doc_array(d, "events");
    int64_t decisions = 0;
    size_t n = 0;
    enum mm_code code = list == NULL ? MM_E_NOMEM : read_events(p, case_id, list, &n);

    for (size_t i = 0; code == MM_OK && i < n; i++) {
        code = read_stage(p, &list[i]);
        decisions += needs_decision(&list[i]);
        if (code == MM_OK)
            write_event(p, mm_doc_object(events, NULL), &list[i]);
    }
    mm_doc_int(d, "n", (int64_t)n);
    mm_doc_int(d, "decisions", decisions);
    return code == MM_OK ? write_right_reports(p, d) : code;
}
