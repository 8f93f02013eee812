/* web/multipart_test.c - what browsers and curl send, torn at every byte, and what is refused. */
#include "base/buf.h"
#include "tests/harness/test.h"
#include "web/multipart.h"

#define TYPE "multipart/form-data; boundary=XX"
#define FIELD "--XX\r\nContent-Disposition: form-data; name=\"set\"\r\n\r\nmine"
#define FILED                                                                                      \
    "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22.zip\"\r\n"        \
    "Content-Type: application/zip\r\n\r\n"
#define BYTES "PK\r\n--X\r\n--XY\r\n\r\n"

static struct mm_multipart begun(void)
{
    struct mm_multipart m;

    CHECK(mm_multipart_begin(MM_S(TYPE), &m) == MM_OK);
    return m;
}

TEST(multipart_reads_the_boundary_of_its_type_only)
{
    static const struct {
        struct mm_slice in;
        enum mm_code code;
        size_t n; /* of the boundary with what stands before it */
    } cases[] = {
        {MM_S_INIT("multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk"), MM_OK, 34},
        {MM_S_INIT("Multipart/Form-Data;charset=utf-8; boundary=\"a b\""), MM_OK, 7},
        {MM_S_INIT("multipart/form-data; BOUNDARY=x;"), MM_OK, 5},
        {MM_S_INIT("application/x-www-form-urlencoded"), MM_E_NOTFOUND, 0},
        {MM_S_INIT("multipart/mixed; boundary=x"), MM_E_NOTFOUND, 0},
        {MM_S_INIT(""), MM_E_NOTFOUND, 0},
        {MM_S_INIT("multipart/form-data"), MM_E_SYNTAX, 0},
        {MM_S_INIT("multipart/form-data; boundary="), MM_E_SYNTAX, 0},
        {MM_S_INIT("multipart/form-data; boundary=\"\""), MM_E_SYNTAX, 0},
        {MM_S_INIT("multipart/form-data; boundary=\"x"), MM_E_SYNTAX, 0},
        {MM_S_INIT("multipart/form-data; boundary=x; boundary=y"), MM_E_SYNTAX, 0},
        {MM_S_INIT("multipart/form-data; boundary=0123456789012345678901234567890123456789"
                   "0123456789012345678901234567890"),
         MM_E_SYNTAX, 0},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_multipart m = {.mark_n = 99};

        CHECK_NUM(mm_multipart_begin(cases[i].in, &m), cases[i].code);
        CHECK_NUM(m.mark_n, cases[i].code == MM_OK ? cases[i].n : 99);
    }
}

/* Read `in` in steps of `step` bytes, as a connection brings them, into one text. */
static enum mm_code walk(struct mm_slice in, size_t step, struct mm_buf *out)
{
    struct mm_multipart m = begun();
    struct mm_multipart_piece piece = {.kind = MM_MULTIPART_PART};
    size_t from = 0, to = 0;
    enum mm_code code = MM_E_MORE;

    while (piece.kind != MM_MULTIPART_END) {
        size_t take = 0;

        code = mm_multipart_next(&m, mm_slice_sub(in, from, to - from), &take, &piece, NULL);
        if (code == MM_E_MORE && to < in.n) {
            to = to + step < in.n ? to + step : in.n;
            continue;
        }
        if (code != MM_OK)
            return code;
        from += take;
        CHECK(from <= to);
        if (piece.kind == MM_MULTIPART_PART)
            mm_buf_fmt(out, "[%.*s|%s%.*s]", MM_S_ARG(piece.name), piece.file ? "file " : "",
                       MM_S_ARG(piece.file_name));
        if (piece.kind == MM_MULTIPART_DATA)
            mm_buf_add(out, piece.data);
    }
    return code;
}

TEST(multipart_is_the_same_however_it_is_torn)
{
    static const struct mm_slice in =
        MM_S_INIT(FIELD "\r\n" FILED BYTES "\r\n--XX\r\n"
                        "content-disposition:form-data;name=empty\r\n\r\n\r\n--XX--\r\nrest");

    for (size_t step = 1; step <= in.n; step++) {
        struct mm_buf out;

        mm_buf_init(&out, 4096);
        CHECK_NUM(walk(in, step, &out), MM_OK);
        CHECK_SLICE(mm_buf_slice(&out),
                    "[set|]mine[file|file a %22b%22.zip]PK\r\n--X\r\n--XY\r\n\r\n[empty|]");
        mm_buf_done(&out);
    }
}

TEST(multipart_refuses_what_is_read_in_two_ways)
{
    static const struct {
        const char *in;
        enum mm_code code;
    } cases[] = {
        {"", MM_E_MORE},
        {"--X", MM_E_MORE},
        {FIELD, MM_E_MORE}, /* cut off */
        {FIELD "\r\n--XX", MM_E_MORE},
        {FIELD "\r\n--XX--", MM_OK},
        {"--XX--", MM_OK},
        {"\r\n" FIELD "\r\n--XX--", MM_E_SYNTAX}, /* something before the first */
        {"--XX \r\nA: b\r\n\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\n\r\nx\r\n--XX--", MM_E_SYNTAX}, /* no name */
        {"--XX\r\nContent-Disposition: form-data\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: form-data; name=\"a\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: attachment; name=a\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: form-data; name=a; name=b\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: form-data; name=a\r\n"
         "Content-Disposition: form-data; name=b\r\n\r\nx\r\n--XX--",
         MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: form-data;\r\n name=a\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition: form-data; name=a\x01\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
        {"--XX\r\nContent-Disposition form-data; name=a\r\n\r\nx\r\n--XX--", MM_E_SYNTAX},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_buf out;

        mm_buf_init(&out, 4096);
        CHECK_NUM(walk(mm_slice_str(cases[i].in), 9999, &out), cases[i].code);
        mm_buf_done(&out);
    }
}

TEST(multipart_has_limits_for_heads_and_parts)
{
    struct mm_buf in, out;

    mm_buf_init(&in, 1 << 16);
    mm_buf_init(&out, 1 << 16);
    mm_buf_str(&in, "--XX\r\nContent-Disposition: form-data; name=\"");
    for (size_t i = 0; i < MM_MULTIPART_MAX_HEAD; i++)
        mm_buf_byte(&in, 'n');
    mm_buf_str(&in, "\"\r\n\r\nx\r\n--XX--");
    CHECK_NUM(walk(mm_buf_slice(&in), 1, &out), MM_E_LIMIT);
    mm_buf_reset(&in);
    for (size_t i = 0; i <= MM_MULTIPART_MAX_PARTS; i++)
        mm_buf_str(&in, FIELD "\r\n");
    mm_buf_str(&in, "--XX--");
    CHECK_NUM(walk(mm_buf_slice(&in), 4096, &out), MM_E_LIMIT);
    mm_buf_done(&in);
    mm_buf_done(&out);
}
