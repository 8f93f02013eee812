/*
 * web/portal/page.h - one request on its way to a page: what handlers get and fill.
 *
 * Purpose   A handler reads p->in and p->param, works under p->me.scope, fills p->doc. What
 *           becomes of the document (HTML or JSON, which language, which chrome around it) is
 *           decided here, once.
 * Owns      Everything in it lives in the request's arena and dies with the request.
 * Threads   One request, one thread.
 * Trust     p->in and p->param are hostile; p->me was checked.
 */
#ifndef MM_WEB_PORTAL_PAGE_H
#define MM_WEB_PORTAL_PAGE_H

#include "register/auth.h"
#include "store/events/client.h"
#include "store/records/query.h"
#include "store/records/records.h"
#include "text/doc.h"
#include "text/mustache.h"
#include "web/http.h"
#include "web/portal/input.h"
#include "web/portal/portal.h"
#include "web/portal/router.h"

enum { MM_PAGE_OFFSET_S = 9 * 3600 }; /* pages are read in Japan; documents carry UTC */

struct mm_page {
    struct mm_portal *portal;
    struct mm_http_req *req;
    struct mm_arena *arena;
    const struct mm_match *match;
    bool json;
    enum mm_lang lang;
    int64_t now_us;
    bool signed_in;
    struct mm_session me;  /* valid when signed_in */
    struct mm_slice token; /* of the session cookie */
    struct mm_slice csrf;  /* what forms of this session or visitor must bring back */
    struct mm_input in;    /* query string, then body */
    struct mm_doc *doc;
    struct mm_doc *chrome;         /* what stands around: not part of the JSON document */
    const char *template;          /* the route's name unless a handler says otherwise */
    int status;                    /* 200 unless a handler says otherwise */
    const char *go;                /* browsers are sent there (303); in the arena */
    const struct mm_scope *narrow; /* scope of the company in the path, by mm_page_company */
    uint32_t company;
    struct mm_scope_hold hold;
    struct mm_tx *tx;
    const struct mm_known_formats *formats; /* by mm_page_known; given back after the handler */
};

/* Number of a path parameter; MM_E_NOTFOUND when it is none. */
MM_MUST_USE enum mm_code mm_page_number(const struct mm_page *p, size_t at, uint64_t *ret);
/* As mm_page_number, of a row of the records: MM_E_NOTFOUND also above INT64_MAX. */
MM_MUST_USE enum mm_code mm_page_row(const struct mm_page *p, size_t at, int64_t *ret);
/*
 * The company that the first parameter names: p->company and p->narrow are set, the chrome knows
 * its name, p->tx is a snapshot under the narrowed scope. MM_E_NOTFOUND when who asks may not see
 * it: the same answer as for a company that does not exist.
 */
MM_MUST_USE enum mm_code mm_page_company(struct mm_page *p);
/*
 * A client of the store of events that can only read; the caller frees it. One a request:
 * connecting to a local socket costs nothing beside a query.
 */
MM_MUST_USE enum mm_code mm_page_events_client(const struct mm_page *p,
                                               struct mm_events_client **ret);
/* The same for what a page can do without: it waits three seconds at most. */
MM_MUST_USE enum mm_code mm_page_events_soon(const struct mm_page *p,
                                             struct mm_events_client **ret);
/* The log formats in force, until the handler is through; NULL when none can be read. */
const struct mm_known_formats *mm_page_known(struct mm_page *p);
/* A snapshot under the whole scope of who asks, in p->tx; ended after the handler. */
MM_MUST_USE enum mm_code mm_page_read(struct mm_page *p);
/* Send browsers to a path made from a pattern of ours and numbers; JSON gets the document. */
void mm_page_go(struct mm_page *p, const char *fmt, ...) MM_PRINTF(2, 3);
/* Whether who asks has this right. */
bool mm_page_may(const struct mm_page *p, enum mm_right right);
/* Whether who asks is of the operator, or an auditor of it. */
bool mm_page_staff(const struct mm_page *p);
/* Whether who asks sees all companies, and so the machine that they share: staff of one programme
 * does not. */
bool mm_page_machine(const struct mm_page *p);
/* Say in the answer when it makes sense to come again; 0: nothing. */
void mm_page_retry(struct mm_page *p, int64_t seconds);
/* Note that a form's field was refused: shown beside the field and in a summary. The page is
 * rendered again with status 422. */
void mm_page_refuse(struct mm_page *p, const char *field, const char *key);
/* Whether some field was refused. */
bool mm_page_refused(const struct mm_page *p);
/* Put what was entered under "form", so that a refused form comes back filled in. */
void mm_page_echo(struct mm_page *p, const char *const *names, size_t n);

/*
 * Before the body of an upload is taken: may who asks send one, of this length, now? False after
 * the answer was set.
 */
bool mm_page_admit_upload(struct mm_portal *portal, struct mm_http_req *req, uint64_t size_max,
                          bool busy);
/* Answer one request; called by portal.c on the connection's thread. */
void mm_page_serve(struct mm_portal *portal, struct mm_http_req *req);

#endif
