/*
 * web/portal/looks.h - who looked into a company's data: noted before it is shown.
 *
 * Purpose   Companies ask who reads their logs. A handler that shows lines of theirs says so here
 *           first; what cannot be noted is not shown. The company reads the list on its page.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     What was asked for is written as it came, bounded by register/audit.h.
 */
#ifndef MM_WEB_PORTAL_LOOKS_H
#define MM_WEB_PORTAL_LOOKS_H

#include "register/audit.h"
#include "web/portal/page.h"

struct mm_page_looked {
    const char *action;   /* "look.search"; words for people: po/, audit.do.ACTION */
    const char *object;   /* "event 0/17", or "" */
    struct mm_slice text; /* the query, or empty */
};

/* Who asks looks into the data of the company of the page; mm_page_company comes first. */
MM_MUST_USE enum mm_code mm_page_look(const struct mm_page *p, const struct mm_page_looked *l);
/* The same for several companies that its scope sees. */
MM_MUST_USE enum mm_code mm_page_look_at(const struct mm_page *p, const uint32_t *company, size_t n,
                                         const struct mm_page_looked *l);

/* An entry of the audit log, with the words that people have for it, as a member of a list. */
bool mm_page_audit_entry(void *list, const struct mm_audit_row *row);

#endif
