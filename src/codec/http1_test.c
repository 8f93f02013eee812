/* codec/http1_test.c - what http1.h promises. */
#include "codec/http1.h"

#include "base/buf.h"
#include "tests/harness/test.h"

static enum mm_code request(const char *text, struct mm_http1_head *ret, struct mm_fault *fault)
{
    return mm_http1_head_parse(mm_slice_str(text), MM_HTTP1_REQUEST, ret, fault);
}

TEST(http1_reads_a_request)
{
    struct mm_http1_head h;

    CHECK(request("POST /?query=x HTTP/1.1\r\nHost: h\r\nContent-Length: 12\r\n"
                  "X-ClickHouse-Format:  Native \r\nConnection: keep-alive, Close\r\n\r\n",
                  &h, NULL) == MM_OK);
    CHECK_SLICE(h.method, "POST");
    CHECK_SLICE(h.target, "/?query=x");
    CHECK(h.framing == MM_HTTP1_LENGTH);
    CHECK_NUM(h.length, 12);
    CHECK(!h.keep_alive);
    CHECK_NUM(h.minor, 1);
    CHECK(mm_http1_field(&h, MM_S("x-clickhouse-format")) != NULL);
    CHECK_SLICE(*mm_http1_field(&h, MM_S("x-clickhouse-format")), "Native");
    CHECK(mm_http1_field(&h, MM_S("accept")) == NULL);
}

TEST(http1_reads_a_response_without_reason_and_until_close)
{
    struct mm_http1_head h;

    CHECK(mm_http1_head_parse(MM_S("HTTP/1.0 200\r\n\r\n"), MM_HTTP1_RESPONSE, &h, NULL) == MM_OK);
    CHECK_NUM(h.status, 200);
    CHECK(h.framing == MM_HTTP1_UNTIL_CLOSE);
    CHECK(!h.keep_alive);
    CHECK(mm_http1_head_parse(MM_S("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
                              MM_HTTP1_RESPONSE, &h, NULL) == MM_OK);
    CHECK(h.framing == MM_HTTP1_NO_BODY);
}

TEST(http1_refuses_what_can_be_read_in_two_ways)
{
    static const struct {
        const char *in;
        const char *what;
        enum mm_code code;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
         "http.two_lengths", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
         "http.content_length", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
         "http.content_length", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n", "http.content_length",
         MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n", "http.content_length",
         MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x1\r\n\r\n", "http.content_length",
         MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999999999999999\r\n\r\n",
         "http.content_length", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
         "http.transfer_encoding", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
         "http.transfer_encoding", MM_E_SYNTAX},
        {"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "http.transfer_encoding",
         MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nContent-Length : 1\r\n\r\n", "http.field.name", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", "http.field.name", MM_E_SYNTAX},
        {"GET / HTTP/1.1\nHost: h\n\n", "http.bare_lf", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", "http.bare_cr", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: h\r\nA: b\x01\r\n\r\n", "http.control", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\n\r\n", "http.host", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "http.host", MM_E_SYNTAX},
        {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "http.target", MM_E_SYNTAX},
        {"G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "http.method", MM_E_SYNTAX},
        {"GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "http.version", MM_E_VERSION},
        {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", "http.version", MM_E_VERSION},
        {"GET / HTTP/1.1\r\nHost: a\r\nExpect: cake\r\n\r\n", "http.expect", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: a\r\n", "http.head.end", MM_E_SYNTAX},
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\nx", "http.head.end", MM_E_SYNTAX},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_http1_head h = {.status = 77};
        struct mm_fault f = {0};

        CHECK_NUM(request(cases[i].in, &h, &f), cases[i].code);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK(f.at <= strlen(cases[i].in));
        CHECK_NUM(h.status, 77);
    }
}

TEST(http1_bounds_the_head_and_its_fields)
{
    struct mm_buf b;
    struct mm_http1_head h;
    struct mm_fault f = {0};
    size_t scan = 0, length = 0;

    mm_buf_init(&b, 1 << 20);
    mm_buf_str(&b, "GET / HTTP/1.1\r\nHost: h\r\n");
    for (int i = 0; i < MM_HTTP1_HEADERS_MAX; i++)
        mm_buf_str(&b, "A: b\r\n");
    mm_buf_str(&b, "\r\n");
    CHECK(mm_http1_head_parse(mm_buf_slice(&b), MM_HTTP1_REQUEST, &h, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "http.field.count");
    mm_buf_reset(&b);
    while (b.n <= MM_HTTP1_HEAD_MAX)
        mm_buf_str(&b, "A: b\r\n");
    CHECK(mm_http1_head_end(mm_buf_slice(&b), &scan, &length, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "http.head.size");
    mm_buf_done(&b);
}

TEST(http1_finds_the_head_byte_by_byte)
{
    struct mm_slice in = MM_S("GET / HTTP/1.1\r\nHost: h\r\n\r\nrest");
    size_t scan = 0, length = 0;

    for (size_t n = 0; n < in.n - 4; n++)
        CHECK(mm_http1_head_end(mm_slice_sub(in, 0, n), &scan, &length, NULL) == MM_E_MORE);
    CHECK(mm_http1_head_end(in, &scan, &length, NULL) == MM_OK);
    CHECK_NUM(length, in.n - 4);
}

/* Feed a body in pieces of `step` bytes; returns the code it ended with. */
static enum mm_code feed(struct mm_http1_body *b, struct mm_slice in, size_t step,
                         struct mm_buf *out)
{
    size_t at = 0, end = 0;

    while (!b->done) {
        size_t used;
        struct mm_slice data;
        enum mm_code c;

        c = mm_http1_body_next(b, mm_slice_sub(in, at, end - at), &used, &data, NULL);
        if (c != MM_OK)
            return c;
        mm_buf_add(out, data);
        at += used;
        if (used == 0 && end == in.n)
            return MM_E_MORE;
        if (used == 0)
            end = mm_min_size(in.n, end + step);
    }
    CHECK_NUM(at, in.n);
    return MM_OK;
}

static enum mm_code chunked(struct mm_slice in, size_t step, uint64_t max, struct mm_buf *out)
{
    struct mm_http1_head h = {.framing = MM_HTTP1_CHUNKED};
    struct mm_http1_body b;

    CHECK(mm_http1_body_init(&b, &h, max, NULL) == MM_OK);
    mm_buf_reset(out);
    return feed(&b, in, step, out);
}

TEST(http1_body_in_chunks_is_the_same_in_any_pieces)
{
    struct mm_buf out;

    mm_buf_init(&out, 1000);
    for (size_t step = 1; step < 40; step++) {
        CHECK(chunked(MM_S("5\r\nhello\r\nA;x=y\r\n, worldly!\r\n000\r\nTrailer: z\r\n\r\n"), step,
                      15, &out) == MM_OK);
        CHECK_SLICE(mm_buf_slice(&out), "hello, worldly!");
    }
    CHECK(chunked(MM_S("0\r\n\r\n"), 1, 0, &out) == MM_OK);
    CHECK_NUM(out.n, 0);
    mm_buf_done(&out);
}

TEST(http1_body_refuses_bad_chunks)
{
    static const struct {
        struct mm_slice in;
        enum mm_code code;
    } cases[] = {
        {MM_S_INIT("\r\n"), MM_E_SYNTAX},
        {MM_S_INIT("5\nhello"), MM_E_SYNTAX},
        {MM_S_INIT("5 \r\nhello\r\n0\r\n\r\n"), MM_E_SYNTAX},
        {MM_S_INIT("-1\r\n"), MM_E_SYNTAX},
        {MM_S_INIT("5\r\nhelloX"), MM_E_SYNTAX},
        {MM_S_INIT("5\r\nhello\rX"), MM_E_SYNTAX},
        {MM_S_INIT("5;\x01\r\n"), MM_E_SYNTAX},
        {MM_S_INIT("5\r\nhello\r\n0\r\n bad\r\n\r\n"), MM_E_SYNTAX},
        {MM_S_INIT("ffffffffffffffff\r\n"), MM_E_LIMIT},
        {MM_S_INIT("65\r\n"), MM_E_LIMIT},
        {MM_S_INIT("5\r\nhello\r\n0\r\n"), MM_E_MORE},
    };
    struct mm_buf out;

    mm_buf_init(&out, 1000);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        CHECK_NUM(chunked(cases[i].in, 1, 100, &out), cases[i].code);
        CHECK_NUM(chunked(cases[i].in, 1000, 100, &out), cases[i].code);
    }
    mm_buf_done(&out);
}

TEST(http1_body_of_known_length_ends_there)
{
    struct mm_http1_head h = {.framing = MM_HTTP1_LENGTH, .length = 5};
    struct mm_http1_body b;
    struct mm_slice data;
    size_t used;

    CHECK(mm_http1_body_init(&b, &h, 4, NULL) == MM_E_LIMIT);
    CHECK(mm_http1_body_init(&b, &h, 5, NULL) == MM_OK);
    CHECK(mm_http1_body_next(&b, MM_S("helloGET /"), &used, &data, NULL) == MM_OK);
    CHECK_SLICE(data, "hello");
    CHECK(used == 5 && b.done);
}
