/* web/framing.c - see framing.h for the contract. */
#include "web/framing.h"

#include "base/rd.h"

/* RFC 9110 5.6.2. */
static bool is_token_byte(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool all_token(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_token_byte(s.p[i]))
            return false;
    }
    return s.n > 0;
}

/*
 * Find the empty line that ends the head, refusing bare CR and LF on the way. *ret_n is the length
 * of the head with that line, or 0 when it has not arrived.
 */
static enum mm_code find_end(struct mm_framing *f, struct mm_slice in, size_t *ret_n,
                             struct mm_fault *fault)
{
    size_t i = f->scanned;

    for (; i < in.n; i++) {
        uint8_t c = in.p[i];

        if (c == '\n')
            return mm_fail(fault, MM_E_SYNTAX, i, "http.bare_lf");
        if (c == 0 || (c < 0x20 && c != '\t' && c != '\r') || c == 0x7f)
            return mm_fail(fault, MM_E_SYNTAX, i, "http.control");
        if (c != '\r')
            continue;
        if (i + 1 >= in.n)
            break;
        if (in.p[i + 1] != '\n')
            return mm_fail(fault, MM_E_SYNTAX, i, "http.bare_cr");
        if (i == 0)
            return mm_fail(fault, MM_E_SYNTAX, 0, "http.empty_line");
        if (i >= 2 && in.p[i - 1] == '\n') {
            *ret_n = i + 2;
            return MM_OK;
        }
        i++;
    }
    f->scanned = i;
    if (in.n >= MM_FRAMING_MAX_HEAD)
        return mm_fail(fault, MM_E_LIMIT, MM_FRAMING_MAX_HEAD, "http.head_too_long");
    *ret_n = 0;
    return MM_OK;
}

struct head {
    bool bodiless; /* the method has no body */
    bool v10;
    bool chunked;
    bool has_length;
    uint64_t length;
    unsigned hosts;
};

static enum mm_code request_line(struct mm_rd *rd, struct head *h, struct mm_fault *fault)
{
    static const struct mm_slice bodiless[] = {MM_S_INIT("GET"), MM_S_INIT("HEAD"),
                                               MM_S_INIT("OPTIONS"), MM_S_INIT("TRACE")};
    struct mm_slice method, target;
    size_t at = rd->pos;

    if (!mm_rd_token(rd, ' ', 32, &method) || !all_token(method))
        return mm_fail(fault, MM_E_SYNTAX, at, "http.method");
    if (mm_slice_eq(method, MM_S("CONNECT")))
        return mm_fail(fault, MM_E_SYNTAX, at, "http.connect");
    for (size_t i = 0; i < MM_COUNT(bodiless); i++)
        h->bodiless |= mm_slice_eq(method, bodiless[i]);
    at = rd->pos;
    if (!mm_rd_token(rd, ' ', MM_FRAMING_MAX_LINE, &target))
        return mm_fail(fault, MM_E_SYNTAX, at, "http.target");
    if (target.p[0] != '/' && !(mm_slice_eq(target, MM_S("*")) && h->bodiless))
        return mm_fail(fault, MM_E_SYNTAX, at, "http.target");
    if (mm_slice_find(target, '#', 0) != SIZE_MAX)
        return mm_fail(fault, MM_E_SYNTAX, at, "http.fragment");
    at = rd->pos;
    if (mm_rd_lit(rd, MM_S("HTTP/1.0\r\n"))) {
        h->v10 = true;
        return MM_OK;
    }
    if (!mm_rd_lit(rd, MM_S("HTTP/1.1\r\n")))
        return mm_fail(fault, MM_E_VERSION, at, "http.version");
    return MM_OK;
}

static enum mm_code one_field(struct head *h, struct mm_slice name, struct mm_slice value,
                              size_t at, struct mm_fault *fault)
{
    uint64_t length;

    if (mm_slice_ieq(name, MM_S("content-length"))) {
        /* Two that agree are refused as well: nobody honest sends them. */
        if (h->has_length)
            return mm_fail(fault, MM_E_SYNTAX, at, "http.two_lengths");
        if (!mm_slice_u64(value, &length) || value.n > 15)
            return mm_fail(fault, MM_E_SYNTAX, at, "http.length");
        h->has_length = true;
        h->length = length;
    } else if (mm_slice_ieq(name, MM_S("transfer-encoding"))) {
        if (h->chunked || h->v10 || !mm_slice_ieq(value, MM_S("chunked")))
            return mm_fail(fault, MM_E_SYNTAX, at, "http.transfer_encoding");
        h->chunked = true;
    } else if (mm_slice_ieq(name, MM_S("host"))) {
        h->hosts++;
        if (h->hosts > 1 || mm_slice_find(value, ',', 0) != SIZE_MAX ||
            mm_slice_find(value, ' ', 0) != SIZE_MAX)
            return mm_fail(fault, MM_E_SYNTAX, at, "http.host");
    } else if (mm_slice_ieq(name, MM_S("upgrade"))) {
        /* Another protocol on this stream would go past this guard. */
        return mm_fail(fault, MM_E_SYNTAX, at, "http.upgrade");
    }
    return MM_OK;
}

/* `line` is without its CR LF and not empty; `at` is its place in the input. */
static enum mm_code field_line(struct head *h, struct mm_slice line, size_t at,
                               struct mm_fault *fault)
{
    size_t colon = mm_slice_find(line, ':', 0);

    if (line.p[0] == ' ' || line.p[0] == '\t')
        return mm_fail(fault, MM_E_SYNTAX, at, "http.folded");
    if (line.n > MM_FRAMING_MAX_LINE)
        return mm_fail(fault, MM_E_LIMIT, at, "http.field_too_long");
    if (colon == SIZE_MAX || !all_token(mm_slice_sub(line, 0, colon)))
        return mm_fail(fault, MM_E_SYNTAX, at, "http.field_name");
    return one_field(h, mm_slice_sub(line, 0, colon),
                     mm_slice_trim(mm_slice_sub(line, colon + 1, SIZE_MAX)), at, fault);
}

/* A whole head, empty line included; find_end has seen that every CR stands before an LF. */
static enum mm_code check_head(struct mm_slice head, struct head *ret, struct mm_fault *fault)
{
    struct head h = {0};
    struct mm_rd rd = mm_rd_of(head);
    enum mm_code code = request_line(&rd, &h, fault);
    size_t fields = 0;

    while (code == MM_OK) {
        size_t at = rd.pos;
        struct mm_slice line;

        if (!mm_rd_until(&rd, '\n', &line) || line.n == 0)
            return mm_fail(fault, MM_E_SYNTAX, at, "http.line");
        line.n--; /* the CR */
        if (line.n == 0)
            break;
        if (++fields > MM_FRAMING_MAX_FIELDS)
            return mm_fail(fault, MM_E_LIMIT, at, "http.fields");
        code = field_line(&h, line, at, fault);
    }
    if (code != MM_OK)
        return code;
    if (h.chunked && h.has_length)
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.length_and_encoding");
    if (h.bodiless && (h.chunked || h.length > 0))
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.body_not_allowed");
    if (!h.v10 && h.hosts != 1)
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.host");
    *ret = h;
    return MM_OK;
}

static enum mm_code take_head(struct mm_framing *f, struct mm_slice in, size_t *ret_take,
                              struct mm_fault *fault)
{
    size_t n;
    struct head h;
    enum mm_code code = find_end(f, in, &n, fault);

    if (code != MM_OK)
        return code;
    if (n == 0) {
        *ret_take = 0;
        return MM_OK;
    }
    if (n > MM_FRAMING_MAX_HEAD)
        return mm_fail(fault, MM_E_LIMIT, MM_FRAMING_MAX_HEAD, "http.head_too_long");
    code = check_head(mm_slice_sub(in, 0, n), &h, fault);
    if (code != MM_OK)
        return code;
    f->scanned = 0;
    f->requests++;
    if (h.chunked) {
        f->state = MM_FRAMING_CHUNK_LINE;
    } else if (h.length > 0) {
        f->state = MM_FRAMING_BODY;
        f->left = h.length;
    }
    *ret_take = n;
    return MM_OK;
}

/* Exactly CR LF, then the state `next`. */
static enum mm_code take_crlf(struct mm_framing *f, struct mm_slice in, enum mm_framing_state next,
                              size_t *ret_take, struct mm_fault *fault)
{
    if (in.n > 0 && in.p[0] != '\r')
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.chunk_end");
    if (in.n > 1 && in.p[1] != '\n')
        return mm_fail(fault, MM_E_SYNTAX, 1, "http.chunk_end");
    *ret_take = in.n < 2 ? 0 : 2;
    if (in.n >= 2)
        f->state = next;
    return MM_OK;
}

static enum mm_code take_chunk_line(struct mm_framing *f, struct mm_slice in, size_t *ret_take,
                                    struct mm_fault *fault)
{
    size_t lf = mm_slice_find(mm_slice_sub(in, 0, MM_FRAMING_MAX_CHUNK_LINE), '\n', 0);
    uint64_t size;

    if (lf == SIZE_MAX) {
        if (in.n >= MM_FRAMING_MAX_CHUNK_LINE)
            return mm_fail(fault, MM_E_SYNTAX, 0, "http.chunk_line");
        *ret_take = 0;
        return MM_OK;
    }
    if (lf < 2 || in.p[lf - 1] != '\r' || !mm_slice_hex(mm_slice_sub(in, 0, lf - 1), &size))
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.chunk_line");
    f->left = size;
    f->state = size == 0 ? MM_FRAMING_LAST_END : MM_FRAMING_CHUNK_DATA;
    *ret_take = lf + 1;
    return MM_OK;
}

static size_t take_counted(struct mm_framing *f, struct mm_slice in, enum mm_framing_state next)
{
    size_t n = in.n < f->left ? in.n : (size_t)f->left;

    MM_ASSERT(f->left > 0);
    f->left -= n;
    if (f->left == 0)
        f->state = next;
    return n;
}

enum mm_code mm_framing_next(struct mm_framing *f, struct mm_slice in, size_t *ret_take,
                             struct mm_fault *fault)
{
    MM_ASSERT(f != NULL && ret_take != NULL);
    MM_ASSERT(in.p != NULL || in.n == 0);
    switch (f->state) {
    case MM_FRAMING_HEAD:
        return take_head(f, in, ret_take, fault);
    case MM_FRAMING_BODY:
        *ret_take = take_counted(f, in, MM_FRAMING_HEAD);
        return MM_OK;
    case MM_FRAMING_CHUNK_LINE:
        return take_chunk_line(f, in, ret_take, fault);
    case MM_FRAMING_CHUNK_DATA:
        *ret_take = take_counted(f, in, MM_FRAMING_CHUNK_END);
        return MM_OK;
    case MM_FRAMING_CHUNK_END:
        return take_crlf(f, in, MM_FRAMING_CHUNK_LINE, ret_take, fault);
    case MM_FRAMING_LAST_END:
        return take_crlf(f, in, MM_FRAMING_HEAD, ret_take, fault);
    }
    return mm_fail(fault, MM_E_BUG, 0, "http.state");
}
