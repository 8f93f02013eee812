/* web/portal/own_report.c - a report without a company in its address: that of who asks, or, for
 * the operator, the one that is named. */
#include "web/portal/feature.h"
#include "web/portal/pages.h"

enum { CHOICES_MAX = 1000 }; /* as many as the board shows at once */

/* Whether it is known whose report this is. A wrong number is not: it must be chosen again. */
static bool company_named(const struct mm_page *p)
{
    uint64_t number;

    if (mm_scope_kind(p->me.scope) == MM_SCOPE_COMPANY)
        return true;
    return mm_slice_u64(mm_input_get(&p->in, "company"), &number) && number > 0;
}

/* The companies that may be named, by number. */
static enum mm_code choose(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "companies");
    struct mm_q q;
    enum mm_code code = mm_page_read(p);

    p->template = "report_company";
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_COMPANY_NAMES]);
    mm_q_int(&q, ":max", CHOICES_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "company", mm_q_col_int(&q, 0));
        mm_doc_text(d, "code", mm_q_col_text(&q, 1));
        mm_doc_text(d, "name", mm_q_col_text(&q, 2));
    }
    return mm_q_end(&q);
}

enum mm_code mm_page_own_report(struct mm_page *p)
{
    if (!company_named(p))
        return choose(p);
    p->template = "report";
    return mm_page_report(p);
}

enum mm_code mm_page_own_report_make(struct mm_page *p)
{
    if (company_named(p))
        return mm_page_report_make(p);
    mm_page_refuse(p, "company", "report.company");
    /* Programs get the sentence too: they have no catalogue. */
    mm_doc_str(p->doc, "message", mm_lang_text(p->lang, MM_S("error.report.company"), 1));
    return choose(p);
}
