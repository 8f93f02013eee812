/* web/portal/router.c - see router.h for the contract. */
#include "web/portal/router.h"

#include "base/rd.h"
#include "web/portal/pages.h"

static const struct mm_route routes[] = {
#define MM_ROUTE(m, route_path, roles, route_flags, handler)                                       \
    {.method = MM_HTTP_##m,                                                                        \
     .path = route_path,                                                                           \
     .name = #handler,                                                                             \
     .who = (roles),                                                                               \
     .flags = (route_flags),                                                                       \
     .handle = mm_page_##handler},
#include "web/portal/routes.def"
#undef MM_ROUTE
};

/* The next part of a path; false at the end. */
static bool next_part(struct mm_rd *rd, struct mm_slice *ret)
{
    if (!mm_rd_byte(rd, '/') || mm_rd_left(rd) == 0)
        return false;
    *ret = mm_slice_sub(mm_rd_rest(rd), 0, mm_slice_find(mm_rd_rest(rd), '/', 0));
    rd->pos += ret->n;
    return true;
}

static bool fits(const struct mm_route *route, struct mm_slice path, struct mm_match *m)
{
    struct mm_rd want = mm_rd_of(mm_slice_str(route->path)), got = mm_rd_of(path);
    struct mm_slice w, g;

    m->param_n = 0;
    for (;;) {
        bool more_want = next_part(&want, &w), more_got = next_part(&got, &g);

        if (!more_want || !more_got)
            return more_want == more_got && mm_rd_left(&got) == 0;
        if (g.n == 0)
            return false; /* two slashes: no part that varies is nothing */
        if (w.p[0] == ':') {
            MM_ASSERT(m->param_n < MM_ROUTE_MAX_PARAMS);
            m->param[m->param_n++] = g;
        } else if (!mm_slice_eq(w, g)) {
            return false;
        }
    }
}

enum mm_code mm_route_find(enum mm_http_method method, struct mm_slice path, struct mm_match *ret)
{
    struct mm_match m = {0};
    bool other_method = false;

    if (mm_slice_starts(path, MM_S("/v1/"))) {
        m.v1 = true;
        path = mm_slice_sub(path, 3, SIZE_MAX);
    }
    if (path.n == 0 || (path.n > 1 && path.p[path.n - 1] == '/'))
        return MM_E_NOTFOUND; /* a path has one spelling */
    for (size_t i = 0; i < MM_COUNT(routes); i++) {
        if (!fits(&routes[i], path, &m))
            continue;
        if (routes[i].method == method) {
            m.route = &routes[i];
            *ret = m;
            return MM_OK;
        }
        other_method = true;
    }
    return other_method ? MM_E_RANGE : MM_E_NOTFOUND;
}

const struct mm_route *mm_route_at(size_t at)
{
    return at < MM_COUNT(routes) ? &routes[at] : NULL;
}
