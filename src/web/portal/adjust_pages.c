/* web/portal/adjust_pages.c - one rule: where it is off or of another level, and making it so. */
#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"
#include "web/portal/tailor_view.h"

enum { COMPANIES_MAX = 10000, PROGRAMMES_MAX = 500, ADJUSTS_MAX = 1000, SAID_MAX = 64 * 1024 };

/* Where an adjustment is to stand: "c12" a company, "p3" the members of a programme. */
static bool read_where(struct mm_slice text, uint32_t *ret_company, uint32_t *ret_programme)
{
    uint64_t n;

    if (text.n < 2 || !mm_slice_u64(mm_slice_sub(text, 1, SIZE_MAX), &n) || n > UINT32_MAX)
        return false;
    *ret_company = text.p[0] == 'c' ? (uint32_t)n : MM_COMPANY_OPERATOR;
    *ret_programme = text.p[0] == 'p' ? (uint32_t)n : MM_TAILOR_OWN;
    return text.p[0] == 'c' || (text.p[0] == 'p' && n != MM_TAILOR_OWN);
}

/* ---- the document ---- */

static void write_choice(struct mm_page *p, struct mm_doc *list, char kind, int64_t number,
                         struct mm_slice name)
{
    struct mm_doc *d = mm_doc_object(list, NULL);
    char *where = mm_arena_alloc(p->arena, 24);

    if (where == NULL)
        return;
    (void)snprintf(where, 24, "%c%lld", kind, (long long)number);
    mm_doc_str(d, "where", where);
    mm_doc_text(d, "name", name);
    mm_doc_bool(d, "chosen", mm_slice_eq(mm_input_get(&p->in, "where"), mm_slice_str(where)));
}

static enum mm_code write_places(struct mm_page *p)
{
    struct mm_doc *companies = mm_doc_array(p->doc, "companies");
    struct mm_doc *programmes = mm_doc_array(p->doc, "programmes");
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COMPANY_NAMES]);
    mm_q_int(&q, ":max", COMPANIES_MAX);
    while (mm_q_row(&q))
        write_choice(p, companies, 'c', mm_q_col_int(&q, 0), mm_q_col_dup(&q, 2, p->arena));
    code = mm_q_end(&q);
    /* A programme's rows are company 0's: made by who sees all companies. */
    if (code != MM_OK || !mm_scope_sees(p->me.scope, MM_COMPANY_OPERATOR))
        return code;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_PROGRAMMES]);
    mm_q_int(&q, ":only", 0);
    mm_q_int(&q, ":max", PROGRAMMES_MAX);
    while (mm_q_row(&q))
        write_choice(p, programmes, 'p', mm_q_col_int(&q, 7), mm_q_col_dup(&q, 2, p->arena));
    return mm_q_end(&q);
}

static void write_form(struct mm_page *p)
{
    struct mm_doc *form = mm_doc_object(p->doc, "form"), *levels = mm_doc_array(p->doc, "levels");

    mm_doc_bool(form, "off", mm_slice_eq(mm_input_get(&p->in, "switch"), MM_S("off")));
    mm_doc_text(form, "reason", mm_input_get(&p->in, "reason"));
    for (int i = MM_LEVEL_COUNT - 1; i >= 0; i--) {
        const char *name = mm_level_name((enum mm_level)i);
        struct mm_doc *d = mm_doc_object(levels, NULL);

        mm_doc_str(d, "key", name);
        mm_doc_bool(d, "chosen", mm_slice_eq(mm_input_get(&p->in, "level"), mm_slice_str(name)));
    }
}

static void write_rule(struct mm_page *p, const struct mm_rule *r)
{
    const struct mm_rule_words *w = p->lang == MM_LANG_EN ? &r->en : &r->ja;
    struct mm_doc *wanted;

    mm_doc_text(p->doc, "rule", r->id);
    mm_doc_text(p->doc, "rule_title", mm_portal_rule_title(p, r));
    mm_doc_text(p->doc, "author", r->author);
    mm_doc_text(p->doc, "what", w->what);
    mm_doc_text(p->doc, "first", w->first);
    /* Of a rule without words in the reader's language: its author's, in whatever language. */
    mm_doc_text(p->doc, "description", w->what.n > 0 ? MM_S("") : r->description);
    mm_doc_str(p->doc, "rule_level", mm_level_name(r->level));
    mm_doc_str(p->doc, "rule_state", mm_portal_rule_state(r));
    mm_doc_bool(p->doc, "critical", r->level == MM_LEVEL_CRITICAL);
    wanted = mm_doc_array(p->doc, "wanted");
    for (size_t i = 0; i < r->wanted.n; i++)
        mm_doc_text(wanted, NULL, r->wanted.v[i]);
}

static enum mm_code show(struct mm_page *p)
{
    struct mm_ruleset *set = NULL;
    const struct mm_rule *rule;
    enum mm_code code = mm_portal_rules(p->portal, p->now_us, &set);

    if (code != MM_OK)
        return code;
    rule = mm_portal_rule(set, mm_input_get(&p->in, "rule"));
    if (rule == NULL)
        code = MM_E_NOTFOUND;
    else
        write_rule(p, rule);
    if (code == MM_OK && p->tx == NULL)
        code = mm_page_read(p);
    if (code == MM_OK)
        code = mm_tailor_write_adjusts(
            p, &(struct mm_tailor_which){.programme = -1, .rule = rule->id, .max = ADJUSTS_MAX});
    if (code == MM_OK)
        code = write_places(p);
    if (code == MM_OK)
        write_form(p);
    mm_rules_unref(&set); /* documents hold copies */
    return code;
}

enum mm_code mm_page_rule_adjust(struct mm_page *p)
{
    return show(p);
}

/* ---- what people do ---- */

struct setting {
    struct mm_page *p;
    struct mm_tailor_adjust x;
    enum mm_tailor_state became;
    int64_t id;
    struct mm_fault fault;
};

static enum mm_code do_set(struct mm_tx *tx, void *arg)
{
    struct setting *s = arg;
    struct mm_buf said;
    enum mm_code code =
        mm_tailor_adjust_rule(tx, &s->x, s->p->now_us, &s->id, &s->became, &s->fault);

    if (code != MM_OK)
        return code;
    mm_buf_init(&said, SAID_MAX);
    mm_tailor_say(&s->x, &said);
    code = mm_tailor_audit(s->p, tx, "rule.adjust", s->x.programme, s->x.rule, mm_buf_slice(&said));
    mm_buf_done(&said);
    return code;
}

/* What the form says; refusals are noted. The rule's texts are copied. */
static enum mm_code read_form(struct setting *s, const struct mm_rule *rule, uint32_t *ret_company)
{
    struct mm_page *p = s->p;
    struct mm_slice level = mm_input_get(&p->in, "level");

    s->x = (struct mm_tailor_adjust){.rule_level = rule->level,
                                     .enabled =
                                         !mm_slice_eq(mm_input_get(&p->in, "switch"), MM_S("off")),
                                     .has_level = level.n > 0,
                                     .reason = mm_input_get(&p->in, "reason"),
                                     .made_by = p->me.user};
    if (!mm_arena_dup(p->arena, rule->id, &s->x.rule) ||
        !mm_arena_dup(p->arena, rule->title, &s->x.title))
        return MM_E_NOMEM;
    if (level.n > 0 && !mm_level_find(level, &s->x.level))
        mm_page_refuse(p, "level", "rule.level");
    if (!read_where(mm_input_get(&p->in, "where"), ret_company, &s->x.programme))
        mm_page_refuse(p, "where", "tailor.where");
    return MM_OK;
}

static enum mm_code keep(struct setting *s, uint32_t company)
{
    struct mm_page *p = s->p;
    struct mm_scope_hold hold;
    const struct mm_scope *narrow = NULL;
    enum mm_code code = mm_scope_narrow(p->me.scope, company, &hold, &narrow);

    if (code == MM_OK)
        code = mm_records_write(p->portal->cfg.records, narrow, do_set, s);
    if (code == MM_E_RANGE && s->fault.what != NULL) {
        mm_page_refuse(p, "reason", s->fault.what);
        return show(p);
    }
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "adjust", s->id);
    mm_doc_str(p->doc, "state", mm_tailor_state_name(s->became));
    if (company != MM_COMPANY_OPERATOR)
        mm_page_go(p, "/companies/%u/rules#adjusts", company);
    else
        mm_page_go(p, "/rules#adjusts");
    return MM_OK;
}

enum mm_code mm_page_rule_adjust_set(struct mm_page *p)
{
    struct setting s = {.p = p};
    struct mm_ruleset *set = NULL;
    const struct mm_rule *rule;
    uint32_t company = 0;
    enum mm_code code = mm_portal_rules(p->portal, p->now_us, &set);

    if (code != MM_OK)
        return code;
    p->template = "rule_adjust";
    rule = mm_portal_rule(set, mm_input_get(&p->in, "rule"));
    code = rule == NULL ? MM_E_NOTFOUND : read_form(&s, rule, &company);
    mm_rules_unref(&set);
    if (code != MM_OK)
        return code;
    return mm_page_refused(p) ? show(p) : keep(&s, company);
}

struct act {
    struct mm_page *p;
    int64_t adjust;
    bool agree;
};

static enum mm_code do_act(struct mm_tx *tx, void *arg)
{
    const struct act *a = arg;
    struct mm_page *p = a->p;
    struct mm_tailor_adjust x;
    enum mm_code code = mm_tailor_adjust_get(tx, a->adjust, p->arena, &x);

    if (code == MM_OK)
        code = a->agree ? mm_tailor_agree(tx, a->adjust, p->me.user, p->now_us)
                        : mm_tailor_end(tx, a->adjust, p->me.user, p->now_us);
    if (code != MM_OK)
        return code;
    return mm_tailor_audit(p, tx, a->agree ? "rule.adjust.agree" : "rule.adjust.end", x.programme,
                           x.rule, mm_input_get(&p->in, "why"));
}

static enum mm_code act_on(struct mm_page *p, bool agree)
{
    struct act a = {.p = p, .agree = agree};
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_row(p, 1, &a.adjust);
    if (code != MM_OK)
        return code;
    code = mm_records_write(p->portal->cfg.records, p->narrow, do_act, &a);
    if (code != MM_OK)
        return code;
    if (p->company != MM_COMPANY_OPERATOR)
        mm_page_go(p, "/companies/%u/rules#adjusts", p->company);
    else
        mm_page_go(p, "/rules#adjusts");
    mm_doc_int(p->doc, "adjust", a.adjust);
    return MM_OK;
}

enum mm_code mm_page_adjust_agree(struct mm_page *p)
{
    return act_on(p, true);
}

enum mm_code mm_page_adjust_end(struct mm_page *p)
{
    return act_on(p, false);
}
