/* web/portal/router_test.c - every address leads to its own handler, and nothing else to any. */
#include "web/portal/router.h"

#include "tests/harness/test.h"

/* The route's path, perhaps below /v1, with "7" for each of its parts that vary. */
static struct mm_slice filled(const struct mm_route *r, bool v1, char *to, size_t size)
{
    size_t n = (size_t)snprintf(to, size, "%s", v1 ? "/v1" : "");
    bool varies = false;

    for (const char *c = r->path; *c != 0; c++) {
        CHECK(n + 1 < size);
        if (*c == '/')
            varies = false;
        if (!varies)
            to[n++] = *c == ':' ? '7' : *c;
        varies = varies || *c == ':';
    }
    return mm_slice_of(to, n);
}

TEST(router_finds_every_route_by_its_own_address)
{
    char path[256];
    struct mm_match m;
    size_t n = 0;

    for (const struct mm_route *r; (r = mm_route_at(n)) != NULL; n++) {
        CHECK(mm_route_find(r->method, filled(r, false, path, sizeof(path)), &m) == MM_OK);
        CHECK(m.route == r && !m.v1);
        CHECK(mm_route_find(r->method, filled(r, true, path, sizeof(path)), &m) == MM_OK);
        CHECK(m.route == r && m.v1);
    }
    CHECK(n > 60);
}

TEST(router_leads_nowhere_else)
{
    static const struct {
        enum mm_http_method method;
        struct mm_slice path;
        enum mm_code code;
    } rows[] = {
        {MM_HTTP_GET, MM_S_INIT("/companies/7/cases/8"), MM_OK},
        {MM_HTTP_GET, MM_S_INIT("/companies/7/cases/8/"), MM_E_NOTFOUND},
        {MM_HTTP_GET, MM_S_INIT("/companies/7/cases/8/take"), MM_E_RANGE},
        {MM_HTTP_POST, MM_S_INIT("/companies/7/cases/8/take"), MM_OK},
        {MM_HTTP_PUT, MM_S_INIT("/companies/7/cases/8"), MM_E_RANGE},
        {MM_HTTP_OTHER, MM_S_INIT("/login"), MM_E_RANGE},
        {MM_HTTP_GET, MM_S_INIT("/Login"), MM_E_NOTFOUND},
        {MM_HTTP_GET, MM_S_INIT("login"), MM_E_NOTFOUND},
        {MM_HTTP_GET, MM_S_INIT(""), MM_E_NOTFOUND},
        {MM_HTTP_GET, MM_S_INIT("/v1/v1/login"), MM_E_NOTFOUND},
        {MM_HTTP_GET, MM_S_INIT("/v1"), MM_E_NOTFOUND},
    };

    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct mm_match m = {.param_n = 99};

        CHECK_NUM(mm_route_find(rows[i].method, rows[i].path, &m), rows[i].code);
        CHECK(rows[i].code == MM_OK || m.param_n == 99);
    }
}

TEST(router_hands_out_the_parts_that_vary)
{
    struct mm_match m;

    CHECK(mm_route_find(MM_HTTP_POST, MM_S("/v1/companies/1/cases/22/requests/x y"), &m) == MM_OK);
    CHECK_NUM(m.param_n, 3);
    CHECK_SLICE(m.param[0], "1");
    CHECK_SLICE(m.param[1], "22");
    CHECK_SLICE(m.param[2], "x y");
}
