/* web/framing_test.c - promises of web/framing.h. */
#include "tests/harness/test.h"
#include "web/framing.h"

#define HOST "Host: a\r\n"

/* Take as much as is there; returns the code, *ret_taken says how far. */
static enum mm_code take_all(struct mm_framing *f, struct mm_slice in, size_t *ret_taken,
                             struct mm_fault *fault)
{
    size_t at = 0, take;

    for (;;) {
        enum mm_code code = mm_framing_next(f, mm_slice_sub(in, at, SIZE_MAX), &take, fault);

        if (code != MM_OK || take == 0) {
            *ret_taken = at;
            return code;
        }
        at += take;
    }
}

TEST(framing_takes_every_kind_of_whole_request)
{
    static const struct {
        struct mm_slice in;
        uint64_t requests;
    } cases[] = {
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "\r\n"), 1},
        {MM_S_INIT("GET /a?b=%20 HTTP/1.0\r\n\r\n"), 1},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"), 1},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"), 1},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST
                   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
         1},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST
                   "Transfer-Encoding: Chunked\r\n\r\n0A\r\n0123\r\n5678\r\n0\r\n\r\n"
                   "GET / HTTP/1.1\r\n" HOST "\r\n"),
         2},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST
                   "\r\nGET /b HTTP/1.1\r\n" HOST "X: \t y \r\n\r\n"),
         3},
        {MM_S_INIT("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), 1},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_framing f = {0};
        struct mm_fault fault = {0};
        size_t taken;

        CHECK_NUM(take_all(&f, cases[i].in, &taken, &fault), MM_OK);
        CHECK_NUM(taken, cases[i].in.n);
        CHECK_NUM(f.requests, cases[i].requests);
        CHECK(mm_framing_idle(&f));
    }
}

TEST(framing_refuses_what_servers_cut_differently)
{
    static const struct {
        struct mm_slice in;
        const char *what;
    } cases[] = {
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST
                   "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "http.length_and_encoding"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST
                   "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n"),
         "http.length_and_encoding"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n"),
         "http.two_lengths"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\ncontent-length: 3\r\n\r\n"),
         "http.two_lengths"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n"), "http.length"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n"), "http.length"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n"), "http.length"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n"), "http.length"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n"),
         "http.length"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
         "http.transfer_encoding"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n"),
         "http.transfer_encoding"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST
                   "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"),
         "http.transfer_encoding"},
        {MM_S_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "http.transfer_encoding"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding : chunked\r\n\r\n"),
         "http.field_name"},
        {MM_S_INIT("POST / HTTP/1.1\r\n" HOST "Content-Length: 3\n\r\n"), "http.bare_lf"},
        {MM_S_INIT("GET / HTTP/1.1\n" HOST "\r\n"), "http.bare_lf"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "A: b\rC: d\r\n\r\n"), "http.bare_cr"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n"), "http.folded"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "A: b\r\n\tc\r\n\r\n"), "http.folded"},
        {MM_S_INIT("GET / HTTP/1.1\r\n A: b\r\n" HOST "\r\n"), "http.folded"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n\r\n"), "http.control"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "no colon\r\n\r\n"), "http.field_name"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST ": nameless\r\n\r\n"), "http.field_name"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc"),
         "http.body_not_allowed"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n\r\n"), "http.upgrade"},
        {MM_S_INIT("GET / HTTP/1.1\r\n\r\n"), "http.host"},
        {MM_S_INIT("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), "http.host"},
        {MM_S_INIT("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), "http.empty_line"},
        {MM_S_INIT("GET  / HTTP/1.1\r\n" HOST "\r\n"), "http.target"},
        {MM_S_INIT("GET / x HTTP/1.1\r\n" HOST "\r\n"), "http.version"},
        {MM_S_INIT("GET http://a/ HTTP/1.1\r\n" HOST "\r\n"), "http.target"},
        {MM_S_INIT("GET / HTTP/2.0\r\n" HOST "\r\n"), "http.version"},
        {MM_S_INIT("GET /\r\n\r\n"), "http.target"},
        {MM_S_INIT("GET /#a HTTP/1.1\r\n" HOST "\r\n"), "http.fragment"},
        {MM_S_INIT("CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n"), "http.connect"},
        {MM_S_INIT("G(T / HTTP/1.1\r\n" HOST "\r\n"), "http.method"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_framing f = {0};
        struct mm_fault fault = {0};
        size_t taken = 99;

        CHECK(take_all(&f, cases[i].in, &taken, &fault) != MM_OK);
        CHECK_SLICE(mm_slice_str(fault.what), cases[i].what);
        CHECK_NUM(taken, 0);
        CHECK_NUM(f.requests, 0);
    }
}

TEST(framing_refuses_a_bad_second_request_after_a_good_first)
{
    struct mm_slice first = MM_S("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nok");
    struct mm_slice both =
        MM_S("POST / HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nok"
             "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n");
    struct mm_framing f = {0};
    struct mm_fault fault = {0};
    size_t taken;

    CHECK_NUM(take_all(&f, both, &taken, &fault), MM_E_SYNTAX);
    CHECK_NUM(taken, first.n);
    CHECK_SLICE(mm_slice_str(fault.what), "http.length_and_encoding");
}

TEST(framing_refuses_chunks_that_are_not_plain)
{
    static const struct mm_slice bad[] = {
        MM_S_INIT("5;a=b\r\nhello\r\n"),
        MM_S_INIT("5\nhello\r\n"),
        MM_S_INIT("5\r\nhelloX"),
        MM_S_INIT("5\r\nhello\rX"),
        MM_S_INIT("-5\r\nhello\r\n"),
        MM_S_INIT("0x5\r\nhello\r\n"),
        MM_S_INIT("123456789\r\n"),
        MM_S_INIT("\r\nhello\r\n"),
        MM_S_INIT("0\r\nTrailer: x\r\n\r\n"),
        MM_S_INIT(" 5\r\nhello\r\n"),
    };

    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        struct mm_framing f = {.state = MM_FRAMING_CHUNK_LINE};
        struct mm_fault fault = {0};
        size_t taken;

        CHECK_NUM(take_all(&f, bad[i], &taken, &fault), MM_E_SYNTAX);
        CHECK(fault.what != NULL);
    }
}

TEST(framing_bounds_heads_lines_and_fields)
{
    static uint8_t big[MM_FRAMING_MAX_HEAD + 64];
    static const char start[] = "GET / HTTP/1.1\r\nHost: a\r\n";
    struct mm_framing f = {0};
    struct mm_fault fault = {0};
    size_t taken = 7, n = sizeof(start) - 1;

    memset(big, 'a', sizeof(big));
    memcpy(big, start, n);
    CHECK_NUM(mm_framing_next(&f, mm_slice_of(big, MM_FRAMING_MAX_HEAD), &taken, &fault),
              MM_E_LIMIT);
    CHECK_NUM(taken, 7);
    for (size_t i = 0; i < MM_FRAMING_MAX_FIELDS; i++, n += 4)
        memcpy(big + n, "A:\r\n", 4);
    memcpy(big + n, "\r\n", 2);
    f = (struct mm_framing){0};
    CHECK_NUM(mm_framing_next(&f, mm_slice_of(big, n + 2), &taken, &fault), MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(fault.what), "http.fields");
}
