/* web/portal/programme_page.c - what the owner of a programme sees: aggregates, never a company. */
#include "register/feature.h"
#include "web/portal/pages.h"

/* Rows of fewer than MM_SCOPE_COHORT_MIN companies are left out by the records themselves. */
static enum mm_code write_cohort(struct mm_page *p, const char *name, enum mm_register_stmt stmt)
{
    struct mm_doc *list = mm_doc_array(p->doc, name);
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_register_stmts[stmt]);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_int(d, "companies", mm_q_col_int(&q, 0));
        if (mm_q_col_null(&q, 1))
            mm_doc_null(d, "key");
        else
            mm_doc_text(d, "key", mm_q_col_text(&q, 1));
    }
    return mm_q_end(&q);
}

enum mm_code mm_page_programme(struct mm_page *p)
{
    static const struct {
        const char *name;
        enum mm_register_stmt stmt;
    } cohorts[] = {
        {"size", MM_R_COHORT_SIZE},           {"areas", MM_R_COHORT_AREA},
        {"employees", MM_R_COHORT_EMPLOYEES}, {"sensors", MM_R_COHORT_SENSOR},
        {"services", MM_R_COHORT_SERVICE},
    };
    enum mm_code code;

    /* A company's person has a page of its own; this one is for who sees many. */
    if (mm_scope_kind(p->me.scope) == MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    code = mm_page_read(p);
    mm_doc_int(p->doc, "n", MM_SCOPE_COHORT_MIN);
    for (size_t i = 0; code == MM_OK && i < MM_COUNT(cohorts); i++)
        code = write_cohort(p, cohorts[i].name, cohorts[i].stmt);
    return code;
}
