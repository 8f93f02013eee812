/* web/portal/privacy_pages.c - who looked at a company's logs and how long they are kept; and the
 * sheet that tells its staff of the monitoring. */
#include "base/time.h"
#include "register/keep.h"
#include "web/portal/feature.h"
#include "web/portal/looks.h"
#include "web/portal/pages.h"

enum { LOOKS_PAGE = 50, SOURCES_MAX = 500, CONTACTS_MAX = 10 };

struct kept {
    int64_t days_max; /* of all sources */
    size_t sources;
};

/* The company's sources: what each sends, and how long that is kept. */
static enum mm_code write_sources(struct mm_page *p, struct kept *ret)
{
    struct mm_doc *list = mm_doc_array(p->doc, "sources");
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_KEPT]);
    mm_q_int(&q, ":max", SOURCES_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);
        int64_t days = mm_q_col_int(&q, 4);

        mm_doc_text(d, "name", mm_q_col_text(&q, 0));
        mm_doc_text(d, "device", mm_q_col_text(&q, 1));
        mm_doc_text(d, "place", mm_q_col_text(&q, 2));
        mm_doc_text(d, "kind", mm_q_col_text(&q, 3));
        mm_doc_int(d, "days", days);
        mm_doc_time(d, "gone_before", p->now_us - days * MM_US_PER_DAY);
        ret->days_max = days > ret->days_max ? days : ret->days_max;
        ret->sources++;
    }
    return mm_q_end(&q);
}

static enum mm_code write_terms(struct mm_page *p, const struct kept *kept)
{
    struct mm_doc *d = mm_doc_object(p->doc, "terms");
    int64_t alerts = MM_KEEP_ALERTS_DAYS, cases = MM_KEEP_CASES_DAYS;
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_KEPT_TERMS]);
    mm_q_int(&q, ":id", p->company);
    if (mm_q_row(&q)) {
        alerts = mm_q_col_null(&q, 0) ? alerts : mm_q_col_int(&q, 0);
        cases = mm_q_col_null(&q, 1) ? cases : mm_q_col_int(&q, 1);
    }
    mm_doc_int(d, "event_days", kept->days_max);
    mm_doc_bool(d, "events", kept->sources > 0);
    mm_doc_int(d, "alert_days", alerts);
    mm_doc_time(d, "alerts_gone_before", p->now_us - alerts * MM_US_PER_DAY);
    mm_doc_int(d, "case_days", cases);
    mm_doc_time(d, "cases_gone_before", p->now_us - cases * MM_US_PER_DAY);
    return mm_q_end(&q);
}

enum mm_code mm_page_privacy(struct mm_page *p)
{
    struct kept kept = {0};
    struct mm_doc *list;
    uint64_t before = 0;
    enum mm_code code = mm_page_company(p);

    if (mm_input_has(&p->in, "before") && !mm_slice_u64(mm_input_get(&p->in, "before"), &before))
        return MM_E_RANGE;
    if (code == MM_OK)
        code = write_sources(p, &kept);
    if (code == MM_OK)
        code = write_terms(p, &kept);
    if (code != MM_OK)
        return code;
    list = mm_doc_array(p->doc, "looks");
    code = mm_audit_looks(p->tx, before, LOOKS_PAGE, mm_page_audit_entry, list);
    if (list->n == LOOKS_PAGE)
        mm_doc_int(p->doc, "next", mm_doc_get(list->last, MM_S("number"))->i);
    return code;
}

/* Whom the staff may ask: the company's own people, in the order of calling. */
static enum mm_code write_contacts(struct mm_page *p)
{
    struct mm_doc *list = mm_doc_array(p->doc, "contacts");
    char today[MM_TIME_TEXT];
    struct mm_q q;

    mm_time_text(p->now_us, today);
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_CONTACTS]);
    mm_q_text(&q, ":today", mm_slice_of(today, 10));
    mm_q_int(&q, ":max", CONTACTS_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_text(d, "post", mm_q_col_text(&q, 0));
        mm_doc_text(d, "person", mm_q_col_text(&q, 2));
        mm_doc_text(d, "telephone", mm_q_col_text(&q, 3));
    }
    return mm_q_end(&q);
}

enum mm_code mm_page_notice(struct mm_page *p)
{
    struct kept kept = {0};
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = write_sources(p, &kept);
    if (code == MM_OK)
        code = write_terms(p, &kept);
    return code == MM_OK ? write_contacts(p) : code;
}
