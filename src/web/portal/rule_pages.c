/* web/portal/rule_pages.c - the detection rules that are in force, and those that were refused. */
#include "base/limits.h"
#include "web/portal/exception_view.h"
#include "web/portal/feature.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"
#include "web/portal/tailor_view.h"
#include "web/portal/wishes.h"

enum { RULES_PAGE = 200, COMPANIES_MAX = 1000, ADJUSTS_SHOWN = 50 };

/* Made on a page: the file that the worker has written, and nothing else, can go again. */
static bool is_own(const struct mm_page *p, const struct mm_rule *r)
{
    char path[MM_MAX_PATH];
    int n = snprintf(path, sizeof(path), "%s/rules/pages/%.*s.yml", p->portal->cfg.state_dir,
                     MM_S_ARG(r->id));

    return n > 0 && (size_t)n < sizeof(path) && mm_wish_rule_name_ok(r->id) &&
           mm_slice_eq(r->file, mm_slice_of(path, (size_t)n));
}

static void write_rule(struct mm_page *p, struct mm_doc *list, const struct mm_rule *r)
{
    const struct mm_rule_words *w = p->lang == MM_LANG_EN ? &r->en : &r->ja;
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_text(d, "id", r->id);
    mm_doc_text(d, "title", w->title.n > 0 ? w->title : r->title);
    mm_doc_str(d, "level", mm_level_name(r->level));
    mm_doc_text(d, "author", r->author);
    mm_doc_text(d, "product", r->product);
    mm_doc_text(d, "category", r->category);
    mm_doc_text(d, "service", r->service);
    mm_portal_rule_source(p, (const struct mm_slice[]){r->product, r->category, r->service}, d);
    mm_doc_str(d, "state", mm_portal_rule_state(r));
    mm_doc_text(d, "file", r->file);
    mm_doc_int(d, "line", r->line);
    mm_doc_bool(d, "own", is_own(p, r));
}

static void write_refusal(struct mm_page *p, struct mm_doc *list, const struct mm_rule_refusal *r)
{
    const char *words = mm_lang_text(p->lang, mm_slice_str(r->what), 1);
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_text(d, "file", r->file);
    mm_doc_int(d, "line", r->line);
    mm_doc_str(d, "code", r->what);
    mm_doc_str(d, "reason", words != NULL ? words : mm_rules_reason(r->what));
    mm_doc_text(d, "detail", mm_portal_rule_detail(p, r->detail));
}

static bool lower_has(struct mm_slice text, struct mm_slice part)
{
    for (size_t i = 0; i + part.n <= text.n; i++) {
        if (mm_slice_ieq(mm_slice_sub(text, i, part.n), part))
            return true;
    }
    return part.n == 0;
}

/* Is the rule one that is looked for? */
static bool looked_for(const struct mm_page *p, const struct mm_rule *r)
{
    struct mm_slice q = mm_input_get(&p->in, "q");
    const struct mm_slice texts[] = {r->title,  r->ja.title, r->en.title, r->id,
                                     r->author, r->product,  r->category, r->service};

    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        if (lower_has(texts[i], q))
            return true;
    }
    return false;
}

/* Rules of this page, from the one of that number on, and how many are looked for in all. */
static void write_rules(struct mm_page *p, const struct mm_ruleset *set, uint64_t from)
{
    struct mm_doc *list = mm_doc_array(p->doc, "rules");
    size_t n = mm_rules_count(set), next = n;
    int64_t found = 0;

    for (size_t at = 0; at < n; at++) {
        if (!looked_for(p, mm_rules_get(set, at)))
            continue;
        found++;
        if (at >= from && list->n < RULES_PAGE)
            write_rule(p, list, mm_rules_get(set, at));
        else if (at >= from && next == n)
            next = at;
    }
    mm_doc_int(p->doc, "found", found);
    mm_doc_text(p->doc, "q", mm_input_get(&p->in, "q"));
    if (next < n)
        mm_doc_int(p->doc, "next", (int64_t)next);
}

/* Where something is hidden, or is to be. */
static enum mm_code write_exceptions(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "exceptions");
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_EXCEPTION_COUNTS]);
    mm_q_int(&q, ":max", COMPANIES_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "company", mm_q_col_int(&q, 0));
        mm_doc_text(d, "company_name", mm_q_col_text(&q, 1));
        mm_doc_int(d, "proposed", mm_q_col_int(&q, 2));
        mm_doc_int(d, "active", mm_q_col_int(&q, 3));
    }
    mm_doc_bool(p->doc, "has_exceptions", list->n > 0);
    return mm_q_end(&q);
}

enum mm_code mm_page_rules(struct mm_page *p)
{
    struct mm_ruleset *set = NULL;
    struct mm_doc *list;
    uint64_t from = 0;
    enum mm_code code;

    if (mm_input_has(&p->in, "from") && !mm_slice_u64(mm_input_get(&p->in, "from"), &from))
        return MM_E_RANGE;
    code = mm_portal_rules(p->portal, p->now_us, &set);
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "n", (int64_t)mm_rules_count(set));
    mm_doc_int(p->doc, "refused_count", (int64_t)mm_rules_refused(set));
    list = mm_doc_array(p->doc, "refused");
    for (size_t i = 0; i < mm_rules_refused(set) && i < RULES_PAGE && from == 0; i++)
        write_refusal(p, list, mm_rules_refusal(set, i));
    write_rules(p, set, from);
    mm_rules_unref(&set);
    code = mm_page_read(p);
    if (code == MM_OK)
        code = write_exceptions(p);
    /* What is adjusted anywhere that who asks sees, proposed ones among them. */
    if (code == MM_OK)
        code = mm_tailor_write_adjusts(
            p, &(struct mm_tailor_which){.programme = -1, .max = ADJUSTS_SHOWN});
    return code == MM_OK ? mm_page_wishes(p, MM_WISH_RULE) : code;
}

enum mm_code mm_page_rule_remove(struct mm_page *p)
{
    struct mm_wish wish = {.what = MM_WISH_RULE, .remove = true, .name = p->match->param[0]};
    struct mm_ruleset *set = NULL;
    const struct mm_rule *rule;
    bool own;
    enum mm_code code = mm_portal_rules(p->portal, p->now_us, &set);

    if (code != MM_OK)
        return code;
    rule = mm_portal_rule(set, wish.name);
    own = rule != NULL && is_own(p, rule);
    mm_rules_unref(&set);
    if (!own)
        return MM_E_NOTFOUND;
    if (!mm_slice_eq(mm_input_get(&p->in, "sure"), MM_S("yes"))) {
        p->template = "rules";
        mm_page_refuse(p, "sure", "formats.sure");
        return mm_page_rules(p);
    }
    code = mm_page_wish(p, &wish);
    if (code != MM_OK)
        return code;
    mm_page_go(p, "/rules#own");
    mm_doc_text(p->doc, "rule", wish.name);
    return MM_OK;
}
