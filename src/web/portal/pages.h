/*
 * web/portal/pages.h - one function a row of routes.def.
 *
 * Purpose   Declares every handler. A handler returns MM_OK with p->doc filled, or why not: then
 *           the error page or document of that code is sent.
 * Owns      Nothing.
 * Threads   See page.h.
 * Trust     See page.h.
 */
#ifndef MM_WEB_PORTAL_PAGES_H
#define MM_WEB_PORTAL_PAGES_H

#include "web/portal/page.h"

#define MM_ROUTE(method, path, who, flags, handler)                                                \
    enum mm_code mm_page_##handler(struct mm_page *p);
#include "web/portal/routes.def"
#undef MM_ROUTE

#endif
