/*
 * web/portal/router.h - which handler answers a path, and who may come there.
 *
 * Purpose   The table of routes.def and the search in it.
 * Owns      Nothing; parameters borrow the path.
 * Threads   Pure functions.
 * Trust     Paths are hostile; web/http.h has refused those with two spellings.
 */
#ifndef MM_WEB_PORTAL_ROUTER_H
#define MM_WEB_PORTAL_ROUTER_H

#include "base/base.h"
#include "register/roles.h"
#include "web/http.h"

enum {
    MM_ROUTE_MAX_PARAMS = 4, /* /companies/:company/cases/:case/requests/:request needs 3 */
    MM_ROUTE_PAGE = 1,       /* has a template and a schema */
    MM_ROUTE_ACT = 2,        /* changes something */
    MM_ROUTE_ASSET = 4,      /* answers by itself: files, streams */
    MM_ROUTE_LONG = 32,      /* its form holds a rule, log lines or a list */
    MM_ROUTE_UPLOAD = 8,     /* a body may be a file: taken from who may do so only */
    MM_ROUTE_OPEN = 16,      /* decides itself who may ask: no session or token is looked for */
};

/* Who may use a route: rights (enum mm_right) that are all needed, and these. */
enum {
    MM_WHO_COOKIE = 1 << 25, /* a person's session, never a token: what makes or ends logins */
    MM_WHO_STAFF = 1 << 26,  /* of the operator, or an auditor */
    MM_WHO_HALF = 1 << 27,   /* also a session whose second factor or password is still to be set */
    MM_WHO_SESSION = 1 << 28, /* everybody who is signed in */
    MM_WHO_ALL = 1 << 29,     /* also who is not */
    MM_WHO_RIGHTS = (1 << 16) - 1,
};

struct mm_page;

struct mm_route {
    enum mm_http_method method;
    const char *path;
    const char *name; /* of handler, template, schema and title */
    uint32_t who;
    uint32_t flags;
    enum mm_code (*handle)(struct mm_page *page);
};

struct mm_match {
    const struct mm_route *route;
    struct mm_slice param[MM_ROUTE_MAX_PARAMS];
    size_t param_n;
    bool v1; /* the path stood below /v1 */
};

/*
 * MM_OK with *ret; MM_E_NOTFOUND when no route has that path; MM_E_RANGE when one has, but not for
 * this method.
 */
MM_MUST_USE enum mm_code mm_route_find(enum mm_http_method method, struct mm_slice path,
                                       struct mm_match *ret);
/* Walk all routes; NULL behind the last. */
const struct mm_route *mm_route_at(size_t at);

#endif
