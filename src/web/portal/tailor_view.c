/* web/portal/tailor_view.c - see tailor_view.h for the contract. */
#include "web/portal/tailor_view.h"

#include "base/utf8.h"
#include "register/audit.h"
#include "web/portal/feature.h"
#include "web/portal/rules.h"

bool mm_tailor_waits(const struct mm_tailored *here, const struct mm_rule *rule)
{
    for (size_t i = 0; i < rule->wanted.n; i++) {
        if (mm_tailored_list(here, rule->wanted.v[i]) == NULL)
            return true;
    }
    return false;
}

enum mm_code mm_tailor_write_programme(struct mm_page *p, struct mm_doc *d, uint32_t programme)
{
    struct mm_q q;

    if (programme == MM_TAILOR_OWN) {
        mm_doc_null(d, "programme_name");
        return MM_OK;
    }
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_PROGRAMME_NAME]);
    mm_q_int(&q, ":programme", programme);
    if (mm_q_row(&q)) {
        struct mm_slice en = mm_q_col_text(&q, 1);

        mm_doc_text(d, "programme_name",
                    p->lang == MM_LANG_EN && en.n > 0 ? en : mm_q_col_text(&q, 0));
    } else {
        mm_doc_null(d, "programme_name");
    }
    return mm_q_end(&q);
}

/* Who made it is of the operator: of the command line, or not to be seen, there is no name. */
static enum mm_code write_person(struct mm_page *p, struct mm_doc *d, const char *key,
                                 uint32_t user)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_USER_NAME]);
    mm_q_int(&q, ":user", user);
    mm_doc_text(d, key, mm_q_row(&q) ? mm_q_col_text(&q, 0) : (struct mm_slice){0});
    return mm_q_end(&q);
}

static enum mm_code write_company(struct mm_page *p, struct mm_doc *d, uint32_t company)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COMPANY]);
    mm_q_int(&q, ":id", company);
    mm_doc_int(d, "company", company);
    mm_doc_text(d, "company_name", mm_q_row(&q) ? mm_q_col_text(&q, 1) : (struct mm_slice){0});
    return mm_q_end(&q);
}

/* The rule's title in the reader's language and its author's level, as they are today; one that is
 * gone has those of the day of the adjustment. */
static void write_rule(struct mm_page *p, struct mm_doc *d, const struct mm_tailor_adjust *x)
{
    struct mm_tailor_adjust today = *x;
    struct mm_ruleset *set = NULL;
    bool read = mm_portal_rules(p->portal, p->now_us, &set) == MM_OK;
    const struct mm_rule *rule = read ? mm_portal_rule(set, x->rule) : NULL;

    if (rule != NULL)
        today.rule_level = rule->level;
    mm_doc_text(d, "rule_title", rule == NULL ? x->title : mm_portal_rule_title(p, rule));
    mm_doc_str(d, "rule_level", mm_level_name(today.rule_level));
    mm_doc_str(d, "made_level",
               today.rule_level == x->rule_level ? NULL : mm_level_name(x->rule_level));
    /* It became a critical one since: made today, a second person would have to agree. */
    mm_doc_bool(d, "unasked",
                x->state == MM_TAILOR_ACTIVE && x->agreed_by == 0 && mm_tailor_second(&today));
    mm_rules_unref(&set);
}

enum mm_code mm_tailor_write_adjust(struct mm_page *p, struct mm_doc *list,
                                    const struct mm_tailor_adjust *x)
{
    struct mm_doc *d = mm_doc_object(list, NULL);
    bool programme = x->programme != MM_TAILOR_OWN;
    enum mm_code code = write_company(p, d, x->company);

    mm_doc_int(d, "adjust", x->adjust);
    mm_doc_int(d, "programme", x->programme);
    if (code == MM_OK)
        code = mm_tailor_write_programme(p, d, x->programme);
    mm_doc_text(d, "rule", x->rule);
    write_rule(p, d, x);
    mm_doc_bool(d, "enabled", x->enabled);
    mm_doc_str(d, "level", x->has_level ? mm_level_name(x->level) : NULL);
    mm_doc_text(d, "reason", x->reason);
    mm_doc_str(d, "state", mm_tailor_state_name(x->state));
    mm_doc_bool(d, "proposed", x->state == MM_TAILOR_PROPOSED);
    mm_doc_time(d, "made", x->made_us);
    mm_doc_bool(d, "mine", x->made_by != 0 && x->made_by == p->me.user);
    /* Of a programme: only who sees all companies may change it. */
    mm_doc_bool(d, "may_change",
                mm_page_may(p, MM_MAY_RULES) &&
                    (!programme || mm_scope_sees(p->me.scope, MM_COMPANY_OPERATOR)));
    if (code == MM_OK)
        code = write_person(p, d, "made_by", x->made_by);
    return code == MM_OK ? write_person(p, d, "agreed_by", x->agreed_by) : code;
}

enum mm_code mm_tailor_write_adjusts(struct mm_page *p, const struct mm_tailor_which *which)
{
    struct mm_doc *list = mm_doc_array(p->doc, "adjusts");
    struct mm_tailor_adjust *x = NULL;
    size_t n = 0;
    enum mm_code code = mm_tailor_adjusts(p->tx, which, p->arena, &x, &n);

    for (size_t i = 0; i < n && code == MM_OK; i++)
        code = mm_tailor_write_adjust(p, list, &x[i]);
    return code;
}

enum mm_code mm_tailor_audit(struct mm_page *p, struct mm_tx *tx, const char *action,
                             uint32_t programme, struct mm_slice what, struct mm_slice text)
{
    char object[MM_AUDIT_WORD_MAX + 1];

    if (programme == MM_TAILOR_OWN)
        (void)snprintf(object, sizeof(object), "%.*s", MM_S_ARG(mm_utf8_cut(what, 80)));
    else
        (void)snprintf(object, sizeof(object), "programme %u %.*s", programme,
                       MM_S_ARG(mm_utf8_cut(what, 70)));
    return mm_audit_add(tx, &(struct mm_audit){.time_us = p->now_us,
                                               .user = p->me.user,
                                               .actor = p->me.login,
                                               .action = mm_slice_str(action),
                                               .object = mm_slice_str(object),
                                               .text = text});
}
