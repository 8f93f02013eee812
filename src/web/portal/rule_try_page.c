/* web/portal/rule_try_page.c - a rule is typed, checked, tried on stored events, and added. */
#include "base/time.h"
#include "web/portal/ask.h"
#include "web/portal/exception_view.h"
#include "web/portal/facts.h"
#include "web/portal/feature.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"
#include "web/portal/wishes.h"

enum {
    COMPANIES_MAX = 5000, /* as many numbers as one question has room for */
    DAYS_MAX = 366,       /* as `mimamori rules try` */
    DAYS_DEFAULT = 7,
    WAIT_MS = 30 * 1000, /* the program stops reading after 8 s; one page of events may be slow */
};

struct company {
    uint32_t company;
    struct mm_slice name;
};

struct trying {
    struct mm_page *p;
    struct company *company; /* that who asks sees */
    size_t company_n;
    struct mm_slice text; /* the rule, lines ended by LF */
    uint64_t only, days;  /* only 0: all companies */
    struct mm_doc *answer;
};

/* ---- the form ---- */

static enum mm_code load_companies(struct trying *t)
{
    struct mm_q q;
    enum mm_code code = mm_page_read(t->p);

    t->company = mm_arena_array(t->p->arena, COMPANIES_MAX, sizeof(*t->company));
    if (code != MM_OK || t->company == NULL)
        return code != MM_OK ? code : MM_E_NOMEM;
    mm_q_begin(&q, t->p->tx, &mm_portal_stmts[MM_P_COMPANY_NAMES]);
    mm_q_int(&q, ":max", COMPANIES_MAX);
    while (t->company_n < COMPANIES_MAX && mm_q_row(&q)) {
        t->company[t->company_n].company = mm_q_col_u32(&q, 0);
        t->company[t->company_n++].name = mm_q_col_dup(&q, 2, t->p->arena);
    }
    return mm_q_end(&q);
}

static struct mm_slice name_of(const struct trying *t, int64_t company)
{
    for (size_t i = 0; i < t->company_n; i++) {
        if (t->company[i].company == company)
            return t->company[i].name;
    }
    return (struct mm_slice){0};
}

/* Browsers end lines by CR and LF; a file of ours by LF. */
static bool take_text(struct trying *t, struct mm_slice text)
{
    uint8_t *to = mm_arena_bytes(t->p->arena, text.n + 2);
    size_t n = 0;

    if (to == NULL)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\r')
            to[n++] = text.p[i];
    }
    if (n > 0)
        to[n++] = '\n';
    t->text = mm_slice_of(to, n);
    return true;
}

static enum mm_code read_form(struct trying *t)
{
    struct mm_page *p = t->p;
    struct mm_slice only = mm_input_get(&p->in, "company"), days = mm_input_get(&p->in, "days");

    if (!take_text(t, mm_input_get(&p->in, "rule")))
        return MM_E_NOMEM;
    if (t->text.n == 0 || t->text.n > MM_WISH_YAML)
        mm_page_refuse(p, "rule", "rule.text");
    if (only.n > 0 && (!mm_slice_u64(only, &t->only) || t->only > UINT32_MAX ||
                       name_of(t, (int64_t)t->only).n == 0))
        mm_page_refuse(p, "company", "rule.company");
    t->days = DAYS_DEFAULT;
    if (days.n > 0 && (!mm_slice_u64(days, &t->days) || t->days < 1 || t->days > DAYS_MAX))
        mm_page_refuse(p, "days", "rule.days");
    return MM_OK;
}

/* ---- the program ---- */

/* A trial reads events of every company asked for. The text stays out of the log of a company that
 * is not the only one: it may hold another's names. */
static enum mm_code note_trial(struct trying *t)
{
    uint32_t *list = mm_arena_array(t->p->arena, COMPANIES_MAX, sizeof(*list));
    struct mm_page_looked l = {.action = "look.rule", .object = ""};
    size_t n = 0;

    if (list == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < t->company_n; i++) {
        if (t->only == 0 || t->company[i].company == t->only)
            list[n++] = t->company[i].company;
    }
    if (t->only != 0)
        l.text = t->text;
    return mm_page_look_at(t->p, list, n, &l);
}

static enum mm_code ask(struct trying *t, bool trial)
{
    struct mm_page *p = t->p;
    const char *argv[] = {p->portal->cfg.rules_program, "draft", "--state",
                          p->portal->cfg.state_dir, NULL};
    struct mm_doc *question = mm_doc_new(p->arena), *list, *box = mm_doc_new(p->arena);
    enum mm_code code;

    if (argv[0] == NULL)
        return MM_E_NOTFOUND;
    mm_doc_text(question, "rule", t->text);
    mm_doc_int(question, "days", (int64_t)t->days);
    mm_doc_bool(question, "try", trial);
    list = mm_doc_array(question, "companies");
    for (size_t i = 0; i < t->company_n; i++) {
        if (t->only == 0 || t->company[i].company == t->only)
            mm_doc_int(list, NULL, t->company[i].company);
    }
    code = mm_page_ask(p, MM_ASK_TRIAL, argv, question, WAIT_MS, box, "answer");
    /* A member of a document of ours. */
    t->answer = (struct mm_doc *)(uintptr_t)mm_doc_get(box, MM_S("answer"));
    return code;
}

/* ---- what it answered, as a page says it ---- */

static void write_remarks(struct trying *t, struct mm_doc *to, const char *key)
{
    struct mm_doc *list = mm_doc_array(to, key);

    for (const struct mm_doc *r = mm_answer_first(t->answer, key); r != NULL; r = r->next) {
        struct mm_slice code = mm_answer_text(r, "code");
        const char *words = mm_lang_text(t->p->lang, code, 1);
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "line", mm_answer_number(r, "line"));
        mm_doc_text(d, "code", code);
        mm_doc_text(d, "reason", words != NULL ? mm_slice_str(words) : mm_answer_text(r, "text"));
        mm_doc_text(d, "detail", mm_portal_rule_detail(t->p, mm_answer_text(r, "detail")));
    }
}

static void write_check(struct trying *t)
{
    static const char *const texts[] = {"id",      "title",    "level",   "author",
                                        "product", "category", "service", "state"};
    const struct mm_doc *rule = mm_answer_member(t->answer, "rule", MM_DOC_OBJECT);
    struct mm_doc *d = mm_doc_object(t->p->doc, "check");

    mm_doc_int(d, "rules", mm_answer_number(t->answer, "rules"));
    mm_doc_int(d, "filters", mm_answer_number(t->answer, "filters"));
    write_remarks(t, d, "refused");
    write_remarks(t, d, "warnings");
    if (rule == NULL)
        return;
    d = mm_doc_object(t->p->doc, "rule");
    for (size_t i = 0; i < MM_COUNT(texts); i++)
        mm_doc_text(d, texts[i], mm_answer_text(rule, texts[i]));
    mm_portal_rule_source(t->p,
                          (const struct mm_slice[]){mm_answer_text(rule, "product"),
                                                    mm_answer_text(rule, "category"),
                                                    mm_answer_text(rule, "service")},
                          d);
}

static void write_companies(struct trying *t, const struct mm_doc *trial, struct mm_doc *d)
{
    struct mm_doc *list = mm_doc_array(d, "by_company");

    for (const struct mm_doc *r = mm_answer_first(trial, "by_company"); r != NULL; r = r->next) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "company", mm_answer_number(r, "company"));
        mm_doc_text(o, "company_name", name_of(t, mm_answer_number(r, "company")));
        mm_doc_int(o, "matches", mm_answer_number(r, "matches"));
    }
    list = mm_doc_array(d, "top");
    for (const struct mm_doc *r = mm_answer_first(trial, "top"); r != NULL; r = r->next) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "about", mm_answer_text(r, "about"));
        mm_doc_int(o, "matches", mm_answer_number(r, "matches"));
    }
}

static void write_trial(struct trying *t)
{
    const struct mm_doc *trial = mm_answer_member(t->answer, "trial", MM_DOC_OBJECT);
    struct mm_slice cut = mm_answer_text(trial, "cut");
    struct mm_doc *d, *list;

    if (trial == NULL)
        return;
    d = mm_doc_object(t->p->doc, "trial");
    mm_doc_int(d, "days", (int64_t)t->days);
    mm_doc_int(d, "events", mm_answer_number(trial, "events"));
    mm_doc_int(d, "matches", mm_answer_number(trial, "matches"));
    mm_doc_int(d, "undecided", mm_answer_number(trial, "undecided"));
    mm_doc_int(d, "companies", mm_answer_number(trial, "companies"));
    mm_doc_str(d, "cut", cut.n == 0 ? NULL : mm_slice_eq(cut, MM_S("rows")) ? "rows" : "time");
    mm_doc_time(d, "since", mm_answer_number(trial, "since_us"));
    mm_doc_time(d, "first", mm_answer_number(trial, "first_us"));
    mm_doc_time(d, "last", mm_answer_number(trial, "last_us"));
    write_companies(t, trial, d);
    list = mm_doc_array(d, "examples");
    for (const struct mm_doc *r = mm_answer_first(trial, "examples"); r != NULL; r = r->next) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_int(o, "company", mm_answer_number(r, "company"));
        mm_doc_text(o, "company_name", name_of(t, mm_answer_number(r, "company")));
        mm_doc_int(o, "queue", mm_answer_number(r, "queue"));
        mm_doc_int(o, "seq", mm_answer_number(r, "seq"));
        mm_doc_time(o, "time", mm_answer_number(r, "time_us"));
        mm_doc_text(o, "line", mm_answer_text(r, "line"));
    }
}

/* One good rule: otherwise it is refused, with what is wrong in "check". */
static void judge(struct trying *t, bool trial)
{
    struct mm_page *p = t->p;

    if (mm_answer_first(t->answer, "refused") != NULL)
        mm_page_refuse(p, "rule", "rule.refused");
    else if (mm_answer_number(t->answer, "rules") != 1 ||
             mm_answer_number(t->answer, "filters") != 0)
        mm_page_refuse(p, "rule", "rule.one");
    else if (trial && mm_answer_member(t->answer, "trial", MM_DOC_OBJECT) == NULL) {
        mm_page_refuse(p, "trial", "rule.store");
        p->status = 503;
    }
}

/* ---- adding it ---- */

static enum mm_code keep(struct trying *t)
{
    struct mm_page *p = t->p;
    const struct mm_doc *rule = mm_answer_member(t->answer, "rule", MM_DOC_OBJECT);
    struct mm_wish wish = {
        .what = MM_WISH_RULE, .name = mm_answer_text(rule, "id"), .yaml = t->text};
    struct mm_ruleset *set = NULL;
    enum mm_code code = mm_portal_rules(p->portal, p->now_us, &set);
    bool there = code == MM_OK && mm_portal_rule(set, wish.name) != NULL;

    mm_rules_unref(&set);
    /* Without rules there is none of that id. */
    if (code != MM_OK && code != MM_E_NOTFOUND)
        return code;
    if (!mm_wish_rule_name_ok(wish.name))
        mm_page_refuse(p, "rule", "rule.id");
    else if (there)
        mm_page_refuse(p, "rule", "rule.there");
    if (mm_page_refused(p))
        return MM_OK;
    code = mm_page_wish(p, &wish);
    if (code == MM_OK)
        mm_page_go(p, "/rules#own");
    return code;
}

/* ---- the page ---- */

static void write_form(struct trying *t)
{
    struct mm_doc *form = mm_doc_object(t->p->doc, "form");
    struct mm_doc *list = mm_doc_array(t->p->doc, "companies");

    mm_doc_text(form, "rule", t->text);
    mm_doc_int(form, "days", (int64_t)(t->days <= DAYS_MAX ? t->days : DAYS_DEFAULT));
    mm_doc_int(t->p->doc, "days_max", DAYS_MAX);
    for (size_t i = 0; i < t->company_n; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "company", t->company[i].company);
        mm_doc_text(d, "company_name", t->company[i].name);
        mm_doc_bool(d, "chosen", t->company[i].company == t->only);
    }
}

enum mm_code mm_page_rule_try(struct mm_page *p)
{
    struct trying t = {.p = p, .days = DAYS_DEFAULT};
    enum mm_code code = load_companies(&t);

    if (code == MM_OK)
        write_form(&t);
    return code;
}

enum mm_code mm_page_rule_try_it(struct mm_page *p)
{
    struct trying t = {.p = p};
    bool save = mm_slice_eq(mm_input_get(&p->in, "do"), MM_S("save"));
    enum mm_code code = load_companies(&t);

    p->template = "rule_try";
    if (code == MM_OK)
        code = read_form(&t);
    if (code != MM_OK)
        return code;
    if (!mm_page_refused(p)) {
        code = save ? MM_OK : note_trial(&t);
        if (code == MM_OK)
            code = ask(&t, !save);
        if (code != MM_OK)
            return code;
        judge(&t, !save);
        write_check(&t);
        write_trial(&t);
    }
    if (save && !mm_page_refused(p))
        code = keep(&t);
    write_form(&t);
    return code;
}
