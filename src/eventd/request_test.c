/* eventd/request_test.c - what request.h promises. */
#include "eventd/request.h"

#include "base/buf.h"
#include "tests/harness/test.h"

/* Parse a target given as text, with one more header field. */
static enum mm_code ask(const char *method, const char *target, const char *field,
                        struct mm_arena *arena, struct mm_request *ret, struct mm_fault *fault)
{
    static struct mm_buf b; /* the request borrows it until the next call */
    struct mm_http1_head head;

    mm_buf_done(&b);
    mm_buf_init(&b, MM_HTTP1_HEAD_MAX);
    mm_buf_fmt(&b, "%s %s HTTP/1.1\r\nHost: h\r\n%s\r\n", method, target, field);
    CHECK(mm_http1_head_parse(mm_buf_slice(&b), MM_HTTP1_REQUEST, &head, NULL) == MM_OK);
    return mm_request_parse(&head, arena, ret, fault);
}

TEST(request_reads_what_is_asked)
{
    struct mm_arena a;
    struct mm_request r;

    mm_arena_init(&a, MM_REQUEST_ARENA_MAX);
    CHECK(ask("POST",
              "/?database=default&query=SELECT+%7Bx:String%7D&param_x=a%5Ctb&param_company=31&"
              "query_id=mimamori-events-1-2-3",
              "X-ClickHouse-Format: RowBinary\r\nX-ClickHouse-Key: secret\r\n", &a, &r,
              NULL) == MM_OK);
    CHECK_SLICE(r.query, "SELECT {x:String}");
    CHECK_SLICE(r.id, "mimamori-events-1-2-3");
    CHECK_SLICE(r.format, "RowBinary");
    CHECK_SLICE(r.key, "secret");
    CHECK_NUM(r.company, 31);
    CHECK_NUM(r.param_n, 2);
    CHECK(!r.read_only && !r.ping);
    CHECK_SLICE(*mm_request_param(&r, MM_S("x")), "a\\tb");
    CHECK(mm_request_param(&r, MM_S("y")) == NULL);
    CHECK(ask("GET", "/ping?x", "", &a, &r, NULL) == MM_OK);
    CHECK(r.ping);
    CHECK(ask("GET", "/", "", &a, &r, NULL) == MM_OK);
    CHECK(r.read_only);
    CHECK_SLICE(r.format, "TabSeparated");
    mm_arena_done(&a);
}

TEST(request_refuses_by_name)
{
    static const struct {
        const char *method, *target, *field, *what;
        enum mm_code code;
    } cases[] = {
        {"PUT", "/", "", "request.method", MM_E_DENIED},
        {"GET", "/play", "", "request.path", MM_E_NOTFOUND},
        {"GET", "/?query=%zz", "", "request.escape", MM_E_SYNTAX},
        {"GET", "/?max_memory_usage=0", "", "request.setting", MM_E_SYNTAX},
        {"GET", "/?session_id=1", "", "request.setting", MM_E_SYNTAX},
        {"GET", "/?database=system", "", "request.database", MM_E_SYNTAX},
        {"GET", "/?query_id=a%0d%0ab", "", "request.query_id", MM_E_SYNTAX},
        {"GET", "/?query_id=", "", "request.query_id", MM_E_SYNTAX},
        {"GET", "/?param_a-b=1", "", "request.param", MM_E_SYNTAX},
        {"GET", "/?default_format=A'B", "", "request.format", MM_E_SYNTAX},
        {"GET", "/", "X-ClickHouse-Format: A B\r\n", "request.format", MM_E_SYNTAX},
    };
    struct mm_arena a;

    mm_arena_init(&a, MM_REQUEST_ARENA_MAX);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_request r = {.company = 77};
        struct mm_fault f = {0};

        CHECK_NUM(ask(cases[i].method, cases[i].target, cases[i].field, &a, &r, &f), cases[i].code);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK_NUM(r.company, 77);
    }
    mm_arena_done(&a);
}

TEST(request_bounds_the_parameters)
{
    struct mm_arena a;
    struct mm_request r;
    struct mm_fault f;
    struct mm_buf b;

    mm_arena_init(&a, MM_REQUEST_ARENA_MAX);
    mm_buf_init(&b, MM_HTTP1_HEAD_MAX);
    mm_buf_str(&b, "/?");
    for (int i = 0; i <= MM_STORE_PARAMS_MAX; i++)
        mm_buf_fmt(&b, "&param_p%d=1", i);
    mm_buf_byte(&b, 0);
    CHECK(ask("GET", (const char *)b.p, "", &a, &r, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "request.params");
    mm_buf_done(&b);
    mm_arena_done(&a);
}
