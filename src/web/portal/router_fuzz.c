/*
 * web/portal/router_fuzz.c - no path may break these promises: what was found is that path, part
 * for part, and for that method; its varying parts are not empty, hold no slash, and lie inside the
 * path in order; below /v1 stands the same. A refusal leaves the result as it was.
 */
#include "tests/harness/test.h"
#include "web/portal/router.h"

/* The path of the match's route with its parts is `path`. */
static void is_path(const struct mm_match *m, struct mm_slice path)
{
    size_t at = 0, param = 0;

    for (const char *c = m->route->path; *c != 0; c++) {
        if (*c != ':') {
            MM_ASSERT(at < path.n && path.p[at++] == (uint8_t)*c);
            continue;
        }
        MM_ASSERT(param < m->param_n && m->param[param].p == path.p + at);
        MM_ASSERT(m->param[param].n > 0 && mm_slice_find(m->param[param], '/', 0) == SIZE_MAX);
        at += m->param[param++].n;
        while (c[1] != 0 && c[1] != '/')
            c++;
    }
    MM_ASSERT(at == path.n && param == m->param_n);
}

FUZZ(in)
{
    enum mm_http_method method =
        in.n == 0 ? MM_HTTP_GET : (enum mm_http_method)(in.p[0] % (MM_HTTP_OTHER + 1));
    struct mm_slice path = mm_slice_sub(in, 1, SIZE_MAX);
    struct mm_match m = {.param_n = 99}, get;
    enum mm_code code = mm_route_find(method, path, &m);

    MM_ASSERT(code == MM_OK || code == MM_E_NOTFOUND || code == MM_E_RANGE);
    if (code != MM_OK) {
        MM_ASSERT(m.param_n == 99 && m.route == NULL);
        /* Another method's: then one of them has it. */
        MM_ASSERT(code == MM_E_NOTFOUND || mm_route_find(MM_HTTP_GET, path, &get) == MM_OK ||
                  mm_route_find(MM_HTTP_POST, path, &get) == MM_OK);
        return;
    }
    MM_ASSERT(m.route->method == method && m.param_n <= MM_ROUTE_MAX_PARAMS);
    is_path(&m, mm_slice_sub(path, m.v1 ? 3 : 0, SIZE_MAX));
}
