/* web/multipart.c - see multipart.h for the contract. */
#include "web/multipart.h"

#include "base/rd.h"

/* ---- parameters: ; name="value" ---- */

/* A value in quotes, where a backslash hides a quote as curl writes it, or a token. */
static bool take_value(struct mm_rd *rd, struct mm_slice *ret)
{
    struct mm_slice rest;
    size_t n = 0;

    if (!mm_rd_byte(rd, '"')) {
        rest = mm_rd_rest(rd);
        while (n < rest.n && rest.p[n] > 0x20 && rest.p[n] < 0x7f && rest.p[n] != ';' &&
               rest.p[n] != '"')
            n++;
        return n > 0 && mm_rd_take(rd, n, ret);
    }
    rest = mm_rd_rest(rd);
    while (n < rest.n && rest.p[n] != '"')
        n += rest.p[n] == '\\' && n + 1 < rest.n && rest.p[n + 1] == '"' ? 2 : 1;
    return n < rest.n && mm_rd_take(rd, n, ret) && mm_rd_byte(rd, '"');
}

static void skip_blanks(struct mm_rd *rd)
{
    while (mm_rd_skip(rd, ' ') + mm_rd_skip(rd, '\t') > 0)
        continue;
}

/* The next parameter: MM_OK, MM_E_NOTFOUND at the end, MM_E_SYNTAX. */
static enum mm_code next_parameter(struct mm_rd *rd, struct mm_slice *ret_name,
                                   struct mm_slice *ret_value)
{
    skip_blanks(rd);
    if (mm_rd_left(rd) == 0)
        return MM_E_NOTFOUND;
    if (!mm_rd_byte(rd, ';'))
        return MM_E_SYNTAX;
    skip_blanks(rd);
    if (mm_rd_left(rd) == 0)
        return MM_E_NOTFOUND;
    return mm_rd_until(rd, '=', ret_name) && ret_name->n > 0 && take_value(rd, ret_value)
               ? MM_OK
               : MM_E_SYNTAX;
}

/* RFC 2046: not longer than 70, and none of what would end a line or a quote. */
static bool boundary_ok(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '\\')
            return false;
    }
    return s.n > 0 && s.n <= MM_MULTIPART_MAX_BOUNDARY && s.p[s.n - 1] != ' ';
}

enum mm_code mm_multipart_begin(struct mm_slice content_type, struct mm_multipart *ret)
{
    struct mm_rd rd = mm_rd_of(content_type);
    struct mm_slice name, value, boundary = {0};
    struct mm_multipart m = {.mark = "\r\n--"};
    size_t type_n = mm_min_size(mm_slice_find(content_type, ';', 0), content_type.n), seen = 0;
    enum mm_code code;

    MM_ASSERT(ret != NULL);
    if (!mm_slice_ieq(mm_slice_trim(mm_slice_sub(content_type, 0, type_n)),
                      MM_S("multipart/form-data")))
        return MM_E_NOTFOUND;
    rd.pos = type_n;
    while ((code = next_parameter(&rd, &name, &value)) == MM_OK) {
        if (mm_slice_ieq(name, MM_S("boundary"))) {
            boundary = value;
            seen++;
        }
    }
    if (code != MM_E_NOTFOUND || seen != 1 || !boundary_ok(boundary))
        return MM_E_SYNTAX;
    memcpy(m.mark + 4, boundary.p, boundary.n); /* boundary_ok: it fits */
    m.mark_n = 4 + boundary.n;
    *ret = m;
    return MM_OK;
}

/* ---- the head of a part ---- */

static bool no_controls(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return true;
}

/* "form-data; name=...; filename=..." */
static bool read_disposition(struct mm_slice text, struct mm_multipart_piece *ret)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_slice name, value;
    size_t names = 0, files = 0;
    enum mm_code code;

    skip_blanks(&rd);
    if (!mm_rd_lit(&rd, MM_S("form-data")))
        return false;
    while ((code = next_parameter(&rd, &name, &value)) == MM_OK) {
        if (mm_slice_ieq(name, MM_S("name"))) {
            ret->name = value;
            names++;
        } else if (mm_slice_ieq(name, MM_S("filename"))) {
            ret->file_name = value;
            files++;
        }
    }
    ret->file = files > 0;
    return code == MM_E_NOTFOUND && names == 1 && files <= 1 && ret->name.n > 0;
}

/* Header lines without the empty one behind them. */
static bool read_head(struct mm_slice head, struct mm_multipart_piece *ret)
{
    size_t dispositions = 0;

    while (head.n > 0) {
        size_t end = mm_slice_search(head, MM_S("\r\n"));
        struct mm_slice line = mm_slice_sub(head, 0, end);
        size_t colon = mm_slice_find(line, ':', 0);

        head = end == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(head, end + 2, SIZE_MAX);
        if (colon == SIZE_MAX || colon == 0 || line.p[0] == ' ' || line.p[0] == '\t' ||
            !no_controls(line))
            return false;
        if (!mm_slice_ieq(mm_slice_sub(line, 0, colon), MM_S("content-disposition")))
            continue;
        if (dispositions++ > 0 || !read_disposition(mm_slice_sub(line, colon + 1, SIZE_MAX), ret))
            return false;
    }
    return dispositions == 1;
}

/* ---- the body ---- */

/* Behind a boundary of n bytes: "--", or the head of the next part. */
static enum mm_code behind_mark(struct mm_multipart *m, struct mm_slice in, size_t n,
                                size_t *ret_take, struct mm_multipart_piece *ret,
                                struct mm_fault *fault)
{
    struct mm_slice rest = mm_slice_sub(in, n, MM_MULTIPART_MAX_HEAD + 2);
    struct mm_multipart_piece piece = {.kind = MM_MULTIPART_PART};
    size_t end;

    if (rest.n < 2)
        return MM_E_MORE;
    if (mm_slice_starts(rest, MM_S("--"))) {
        *ret = (struct mm_multipart_piece){.kind = MM_MULTIPART_END};
        *ret_take = n + 2;
        return MM_OK;
    }
    if (!mm_slice_starts(rest, MM_S("\r\n")))
        return mm_fail(fault, MM_E_SYNTAX, n, "multipart.boundary");
    end = mm_slice_search(rest, MM_S("\r\n\r\n"));
    if (end == SIZE_MAX)
        return rest.n < MM_MULTIPART_MAX_HEAD + 2 ? MM_E_MORE
                                                  : mm_fail(fault, MM_E_LIMIT, n, "multipart.head");
    if (end < 2 || !read_head(mm_slice_sub(rest, 2, end - 2), &piece))
        return mm_fail(fault, MM_E_SYNTAX, n, "multipart.head");
    if (m->parts == MM_MULTIPART_MAX_PARTS)
        return mm_fail(fault, MM_E_LIMIT, n, "multipart.parts");
    m->parts++;
    *ret = piece;
    *ret_take = n + end + 4;
    return MM_OK;
}

enum mm_code mm_multipart_next(struct mm_multipart *m, struct mm_slice in, size_t *ret_take,
                               struct mm_multipart_piece *ret, struct mm_fault *fault)
{
    struct mm_slice mark = mm_slice_of(m->mark, m->mark_n), first = mm_slice_sub(mark, 2, SIZE_MAX);
    size_t at;

    MM_ASSERT(m->mark_n > 4 && m->mark_n <= sizeof(m->mark));
    if (m->parts == 0) {
        if (mm_slice_starts(in, first))
            return behind_mark(m, in, first.n, ret_take, ret, fault);
        return mm_slice_starts(first, in) ? MM_E_MORE
                                          : mm_fail(fault, MM_E_SYNTAX, 0, "multipart.boundary");
    }
    at = mm_slice_search(in, mark);
    if (at == 0)
        return behind_mark(m, in, mark.n, ret_take, ret, fault);
    if (at == SIZE_MAX) { /* the last bytes may be the beginning of one */
        if (in.n < mark.n)
            return MM_E_MORE;
        at = in.n - mark.n + 1;
    }
    *ret = (struct mm_multipart_piece){.kind = MM_MULTIPART_DATA, .data = mm_slice_sub(in, 0, at)};
    *ret_take = at;
    return MM_OK;
}
