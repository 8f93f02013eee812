/* web/portal/exception_pages.c - exceptions of one company: what is hidden, by whom, until when. */
#include "base/time.h"
#include "register/audit.h"
#include "web/portal/exception_view.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"

enum { NAMES_MAX = 64 }; /* different people of one page; of further ones the name is unknown */

struct person {
    uint32_t user;
    struct mm_slice name;
};

/* One page about all exceptions of a company. */
struct showing {
    struct mm_page *p;
    struct mm_exception *list;
    size_t n;
    struct mm_hidden_counts hidden;
    struct mm_ruleset *rules; /* NULL: they cannot be read now */
    struct person person[NAMES_MAX];
    size_t person_n;
};

/* ---- who ---- */

/* Who makes exceptions is of the operator: asked under the whole scope of who looks. */
static enum mm_code name_of(struct showing *s, uint32_t user, struct mm_slice *ret)
{
    struct mm_slice name = {0};
    struct mm_q q;
    enum mm_code code;

    for (size_t i = 0; i < s->person_n; i++) {
        if (s->person[i].user == user) {
            *ret = s->person[i].name;
            return MM_OK;
        }
    }
    if (s->person_n < NAMES_MAX && user > 0) {
        mm_q_begin(&q, s->p->tx, &mm_portal_stmts[MM_P_USER_NAME]);
        mm_q_int(&q, ":user", user);
        if (mm_q_row(&q))
            name = mm_q_col_dup(&q, 0, s->p->arena);
        code = mm_q_end(&q);
        if (code != MM_OK)
            return code;
        s->person[s->person_n++] = (struct person){.user = user, .name = name};
    }
    *ret = name;
    return MM_OK;
}

static enum mm_code write_person(struct showing *s, struct mm_doc *d, const char *key,
                                 uint32_t user)
{
    struct mm_slice name = {0};
    enum mm_code code = name_of(s, user, &name);

    mm_doc_text(d, key, name);
    return code;
}

/* ---- the document ---- */

static enum mm_code write_one(struct showing *s, size_t at, struct mm_doc *list)
{
    const struct mm_exception *e = &s->list[at];
    struct mm_doc *d = mm_doc_object(list, NULL), *terms;
    const struct mm_rule *rule = s->rules == NULL ? NULL : mm_portal_rule(s->rules, e->rule);
    int64_t left_us = e->until_us - s->p->now_us;
    enum mm_code code;

    mm_doc_int(d, "exception", e->exception);
    mm_doc_str(d, "state", mm_exception_state_name(e->state));
    mm_doc_text(d, "rule", e->rule);
    mm_doc_text(d, "rule_title", rule == NULL ? e->title : mm_portal_rule_title(s->p, rule));
    terms = mm_doc_array(d, "terms");
    for (size_t i = 0; i < e->term_n; i++)
        mm_exception_write_term(terms, &e->term[i]);
    mm_doc_text(d, "reason", e->reason);
    mm_doc_time(d, "made", e->made_us);
    mm_doc_time(d, "until", e->until_us);
    mm_doc_int(d, "days_left", left_us <= 0 ? 0 : (left_us + MM_US_PER_DAY - 1) / MM_US_PER_DAY);
    mm_doc_time(d, "ended", e->ended_us);
    mm_doc_bool(d, "ran_out", e->state == MM_EXCEPTION_ENDED && e->ended_us >= e->until_us);
    mm_doc_int(d, "tried", (int64_t)e->hides);
    mm_doc_int(d, "tried_critical", (int64_t)e->hides_critical);
    if (e->state == MM_EXCEPTION_PROPOSED)
        mm_doc_none(d, "hidden", "not_applicable");
    else
        mm_hidden_write(d, "hidden", &s->hidden, e->exception);
    mm_doc_bool(d, "mine", e->made_by == s->p->me.user);
    code = write_person(s, d, "made_by", e->made_by);
    if (code == MM_OK)
        code = write_person(s, d, "agreed_by", e->agreed_by);
    return code == MM_OK ? write_person(s, d, "ended_by", e->ended_by) : code;
}

static enum mm_code write_all(struct showing *s)
{
    struct mm_doc *lists[MM_EXCEPTION_STATES];
    enum mm_code code = MM_OK;

    for (int i = 0; i < MM_EXCEPTION_STATES; i++)
        lists[i] = mm_doc_array(s->p->doc, mm_exception_state_name((enum mm_exception_state)i));
    /* Without the rules each stands under the title that it had when the exception was made. */
    if (mm_portal_rules(s->p->portal, s->p->now_us, &s->rules) != MM_OK)
        s->rules = NULL;
    for (size_t i = 0; i < s->n && code == MM_OK; i++)
        code = write_one(s, i, lists[s->list[i].state]);
    mm_rules_unref(&s->rules);
    mm_doc_int(s->p->doc, "hidden_days", MM_HIDDEN_DAYS);
    mm_doc_int(s->p->doc, "ended_count", (int64_t)lists[MM_EXCEPTION_ENDED]->n);
    return code;
}

static enum mm_code show(struct mm_page *p)
{
    const struct mm_exception_which which = {.ended_too = true, .max = MM_EXCEPTION_LIST_MAX};
    struct showing *s = mm_arena_alloc(p->arena, sizeof(*s));
    enum mm_code code;

    if (s == NULL)
        return MM_E_NOMEM;
    *s = (struct showing){.p = p};
    code = mm_exception_list(p->tx, &which, p->arena, &s->list, &s->n);
    if (code == MM_OK && s->n > 0)
        code = mm_hidden_ask(p, &s->hidden);
    mm_records_read_done(&p->tx);
    if (code == MM_OK)
        code = mm_page_read(p);
    return code == MM_OK ? write_all(s) : code;
}

enum mm_code mm_page_exceptions(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    return code == MM_OK ? show(p) : code;
}

/* ---- what people do to one ---- */

struct act {
    struct mm_page *p;
    int64_t exception;
    bool agree;
};

static enum mm_code do_act(struct mm_tx *tx, void *arg)
{
    const struct act *a = arg;
    struct mm_page *p = a->p;
    struct mm_audit entry = {.time_us = p->now_us,
                             .user = p->me.user,
                             .actor = p->me.login,
                             .action = a->agree ? MM_S("exception.agree") : MM_S("exception.end"),
                             .text = mm_input_get(&p->in, "why")};
    char object[32];
    enum mm_code code = a->agree ? mm_exception_agree(tx, a->exception, p->me.user)
                                 : mm_exception_end(tx, a->exception, p->me.user, p->now_us);

    if (code != MM_OK)
        return code;
    (void)snprintf(object, sizeof(object), "exception %lld", (long long)a->exception);
    entry.object = mm_slice_str(object);
    return mm_audit_add(tx, &entry);
}

static enum mm_code act_on(struct mm_page *p, bool agree)
{
    struct act a = {.p = p, .agree = agree};
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_row(p, 1, &a.exception);
    if (code != MM_OK)
        return code;
    code = mm_records_write(p->portal->cfg.records, p->narrow, do_act, &a);
    if (code == MM_E_DENIED && agree) {
        p->template = "exceptions";
        mm_page_refuse(p, "agree", "exception.agree");
        return show(p);
    }
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/companies/%u/exceptions", p->company);
    mm_doc_int(p->doc, "exception", a.exception);
    return MM_OK;
}

enum mm_code mm_page_exception_agree(struct mm_page *p)
{
    return act_on(p, true);
}

enum mm_code mm_page_exception_end(struct mm_page *p)
{
    return act_on(p, false);
}
