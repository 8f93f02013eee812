/* codec/http1.c - see http1.h for the contract. */
#include "codec/http1.h"

#include "base/rd.h"

enum {
    METHOD_MAX = 16,       /* longest registered method is BASELINE-CONTROL, 16 */
    CHUNK_DIGITS_MAX = 15, /* 60 bits: additions to it cannot overflow */
};

/* States of the chunked reader, in wire order. */
enum {
    CHUNK_SIZE_FIRST,
    CHUNK_SIZE,
    CHUNK_EXTENSION,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    TRAILER_START,
    TRAILER_FIELD,
    TRAILER_FIELD_LF,
    TRAILER_END_LF,
};

enum mm_code mm_http1_head_end(struct mm_slice in, size_t *scan, size_t *ret_length,
                               struct mm_fault *fault)
{
    MM_ASSERT(scan != NULL && ret_length != NULL);
    MM_ASSERT(*scan <= in.n);

    for (size_t i = *scan; i < in.n; i++) {
        uint8_t c = in.p[i];

        if (i >= MM_HTTP1_HEAD_MAX)
            return mm_fail(fault, MM_E_LIMIT, i, "http.head.size");
        if (c == '\n') {
            if (i == 0 || in.p[i - 1] != '\r')
                return mm_fail(fault, MM_E_SYNTAX, i, "http.bare_lf");
            if (i >= 3 && in.p[i - 2] == '\n') {
                *scan = i + 1;
                *ret_length = i + 1;
                return MM_OK;
            }
        } else if (i > 0 && in.p[i - 1] == '\r') {
            return mm_fail(fault, MM_E_SYNTAX, i, "http.bare_cr");
        } else if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7f) {
            return mm_fail(fault, MM_E_SYNTAX, i, "http.control");
        }
    }
    *scan = in.n;
    return MM_E_MORE;
}

static bool is_tchar(uint8_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_token(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_tchar(s.p[i]))
            return false;
    }
    return s.n > 0;
}

/* The line at rd without its CRLF; the head was scanned, so that CR stands only before LF. */
static bool next_line(struct mm_rd *rd, struct mm_slice *ret)
{
    return mm_rd_until(rd, '\r', ret) && mm_rd_byte(rd, '\n');
}

static enum mm_code version_of(struct mm_slice s, size_t at, uint8_t *ret_minor,
                               struct mm_fault *fault)
{
    if (mm_slice_eq(s, MM_S("HTTP/1.1")))
        *ret_minor = 1;
    else if (mm_slice_eq(s, MM_S("HTTP/1.0")))
        *ret_minor = 0;
    else
        return mm_fail(fault, MM_E_VERSION, at, "http.version");
    return MM_OK;
}

static enum mm_code request_line(struct mm_slice line, struct mm_http1_head *h,
                                 struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(line);

    if (!mm_rd_token(&rd, ' ', METHOD_MAX, &h->method) || !is_token(h->method))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "http.method");
    if (!mm_rd_token(&rd, ' ', MM_HTTP1_HEAD_MAX, &h->target))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "http.target");
    return version_of(mm_rd_rest(&rd), rd.pos, &h->minor, fault);
}

static enum mm_code status_line(struct mm_slice line, struct mm_http1_head *h,
                                struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(line);
    struct mm_slice version;
    uint32_t status;
    enum mm_code c;

    if (!mm_rd_until(&rd, ' ', &version))
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.status_line");
    c = version_of(version, 0, &h->minor, fault);
    if (c != MM_OK)
        return c;
    if (!mm_rd_fixed(&rd, 3, &status) || status < 100 || status > 599)
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "http.status");
    /* RFC 9112 4: the blank stands there even when no reason follows; some leave it out. */
    if (mm_rd_left(&rd) > 0 && !mm_rd_byte(&rd, ' '))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "http.status");
    h->status = (uint16_t)status;
    return MM_OK;
}

static enum mm_code fields(struct mm_rd *rd, struct mm_http1_head *h, struct mm_fault *fault)
{
    for (;;) {
        size_t at = rd->pos;
        struct mm_slice line;
        size_t colon;

        if (!next_line(rd, &line))
            return mm_fail(fault, MM_E_SYNTAX, at, "http.head.end");
        if (line.n == 0)
            return mm_rd_left(rd) == 0 ? MM_OK
                                       : mm_fail(fault, MM_E_SYNTAX, rd->pos, "http.head.end");
        colon = mm_slice_find(line, ':', 0);
        if (colon == SIZE_MAX || !is_token(mm_slice_sub(line, 0, colon)))
            return mm_fail(fault, MM_E_SYNTAX, at, "http.field.name");
        if (h->field_n >= MM_HTTP1_HEADERS_MAX)
            return mm_fail(fault, MM_E_LIMIT, at, "http.field.count");
        h->field[h->field_n++] = (struct mm_http1_field){
            .name = mm_slice_sub(line, 0, colon),
            .value = mm_slice_trim(mm_slice_sub(line, colon + 1, SIZE_MAX)),
        };
    }
}

/* Is `token` one of the comma-separated words of list? */
static bool list_has(struct mm_slice list, struct mm_slice token)
{
    size_t from = 0;

    while (from <= list.n) {
        size_t end = mm_slice_find(list, ',', from);

        if (end == SIZE_MAX)
            end = list.n;
        if (mm_slice_ieq(mm_slice_trim(mm_slice_sub(list, from, end - from)), token))
            return true;
        from = end + 1;
    }
    return false;
}

struct framing_seen {
    unsigned length;
    unsigned coding;
    unsigned host;
};

static enum mm_code framing_field(struct mm_http1_head *h, const struct mm_http1_field *f,
                                  size_t at, struct framing_seen *seen, struct mm_fault *fault)
{
    if (mm_slice_ieq(f->name, MM_S("content-length"))) {
        /* 18 digits: no sum with another size can overflow. */
        if (seen->length++ > 0 || f->value.n > 18 || !mm_slice_u64(f->value, &h->length))
            return mm_fail(fault, MM_E_SYNTAX, at, "http.content_length");
    } else if (mm_slice_ieq(f->name, MM_S("transfer-encoding"))) {
        if (seen->coding++ > 0 || h->minor == 0 || !mm_slice_ieq(f->value, MM_S("chunked")))
            return mm_fail(fault, MM_E_SYNTAX, at, "http.transfer_encoding");
    } else if (mm_slice_ieq(f->name, MM_S("connection"))) {
        if (list_has(f->value, MM_S("close")))
            h->keep_alive = false;
    } else if (mm_slice_ieq(f->name, MM_S("host"))) {
        seen->host++;
    } else if (mm_slice_ieq(f->name, MM_S("expect"))) {
        if (!mm_slice_ieq(f->value, MM_S("100-continue")))
            return mm_fail(fault, MM_E_SYNTAX, at, "http.expect");
        h->expect_continue = true;
    }
    return MM_OK;
}

/* Decide how the body is framed; everything that can be understood in two ways ends here. */
static enum mm_code framing(struct mm_slice head, enum mm_http1_kind kind, struct mm_http1_head *h,
                            struct mm_fault *fault)
{
    struct framing_seen seen = {0};

    h->keep_alive = h->minor == 1;
    for (size_t i = 0; i < h->field_n; i++) {
        size_t at = (size_t)(h->field[i].name.p - head.p);
        enum mm_code c = framing_field(h, &h->field[i], at, &seen, fault);

        if (c != MM_OK)
            return c;
    }
    if (seen.length > 0 && seen.coding > 0)
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.two_lengths");
    if (kind == MM_HTTP1_REQUEST && (seen.host > 1 || (seen.host == 0 && h->minor == 1)))
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.host");
    if (kind == MM_HTTP1_RESPONSE && (h->status < 200 || h->status == 204 || h->status == 304))
        h->framing = MM_HTTP1_NO_BODY;
    else if (seen.coding > 0)
        h->framing = MM_HTTP1_CHUNKED;
    else if (seen.length > 0)
        h->framing = h->length > 0 ? MM_HTTP1_LENGTH : MM_HTTP1_NO_BODY;
    else
        h->framing = kind == MM_HTTP1_REQUEST ? MM_HTTP1_NO_BODY : MM_HTTP1_UNTIL_CLOSE;
    return MM_OK;
}

enum mm_code mm_http1_head_parse(struct mm_slice head, enum mm_http1_kind kind,
                                 struct mm_http1_head *ret, struct mm_fault *fault)
{
    struct mm_http1_head h = {0};
    struct mm_rd rd = mm_rd_of(head);
    struct mm_slice line;
    size_t scan = 0, length;
    enum mm_code c;

    MM_ASSERT(ret != NULL);
    c = mm_http1_head_end(head, &scan, &length, fault);
    if (c == MM_E_MORE || (c == MM_OK && length != head.n))
        return mm_fail(fault, MM_E_SYNTAX, scan, "http.head.end");
    if (c != MM_OK)
        return c;
    if (!next_line(&rd, &line))
        return mm_fail(fault, MM_E_SYNTAX, 0, "http.start_line");
    c = kind == MM_HTTP1_REQUEST ? request_line(line, &h, fault) : status_line(line, &h, fault);
    if (c == MM_OK)
        c = fields(&rd, &h, fault);
    if (c == MM_OK)
        c = framing(head, kind, &h, fault);
    if (c != MM_OK)
        return c;
    *ret = h;
    return MM_OK;
}

const struct mm_slice *mm_http1_field(const struct mm_http1_head *head, struct mm_slice name)
{
    for (size_t i = 0; i < head->field_n; i++) {
        if (mm_slice_ieq(head->field[i].name, name))
            return &head->field[i].value;
    }
    return NULL;
}

enum mm_code mm_http1_body_init(struct mm_http1_body *body, const struct mm_http1_head *head,
                                uint64_t total_max, struct mm_fault *fault)
{
    MM_ASSERT(body != NULL && head != NULL);
    if (head->framing == MM_HTTP1_LENGTH && head->length > total_max)
        return mm_fail(fault, MM_E_LIMIT, 0, "http.body.size");
    *body = (struct mm_http1_body){
        .framing = head->framing,
        .done = head->framing == MM_HTTP1_NO_BODY,
        .left = head->framing == MM_HTTP1_LENGTH ? head->length : 0,
        .total_max = total_max,
    };
    return MM_OK;
}

/* One byte of a size line. `line` counts its bytes: digits first, then extensions. */
static enum mm_code size_byte(struct mm_http1_body *b, uint8_t c, size_t at, struct mm_fault *fault)
{
    struct mm_slice one = mm_slice_of(&c, 1);
    uint64_t digit;

    if (++b->line > MM_HTTP1_CHUNK_LINE_MAX)
        return mm_fail(fault, MM_E_LIMIT, at, "http.chunk.line");
    if (b->state != CHUNK_EXTENSION && mm_slice_hex(one, &digit)) {
        if (b->line > CHUNK_DIGITS_MAX)
            return mm_fail(fault, MM_E_LIMIT, at, "http.chunk.size");
        b->left = b->left << 4 | digit;
        b->state = CHUNK_SIZE;
        return MM_OK;
    }
    if (b->state == CHUNK_SIZE_FIRST)
        return mm_fail(fault, MM_E_SYNTAX, at, "http.chunk.size");
    if (c == '\r') {
        b->state = CHUNK_SIZE_LF;
        return MM_OK;
    }
    if (b->state == CHUNK_SIZE ? c != ';' : (c < 0x20 && c != '\t') || c > 0x7e)
        return mm_fail(fault, MM_E_SYNTAX, at, "http.chunk.extension");
    b->state = CHUNK_EXTENSION;
    return MM_OK;
}

/* One byte of the trailer: lines of text, ended by an empty one; nothing of it is kept. */
static enum mm_code trailer_byte(struct mm_http1_body *b, uint8_t c, size_t at,
                                 struct mm_fault *fault)
{
    if (++b->line > MM_HTTP1_TRAILER_MAX)
        return mm_fail(fault, MM_E_LIMIT, at, "http.trailer.size");
    if (b->state == TRAILER_START && c != '\r' && !is_tchar(c))
        return mm_fail(fault, MM_E_SYNTAX, at, "http.trailer");
    if (c == '\r') {
        b->state = b->state == TRAILER_START ? TRAILER_END_LF : TRAILER_FIELD_LF;
        return MM_OK;
    }
    if ((c < 0x20 && c != '\t') || c == 0x7f)
        return mm_fail(fault, MM_E_SYNTAX, at, "http.trailer");
    b->state = TRAILER_FIELD;
    return MM_OK;
}

/* One byte of framing, that is any byte that isn't data. */
static enum mm_code chunk_byte(struct mm_http1_body *b, uint8_t c, size_t at,
                               struct mm_fault *fault)
{
    switch (b->state) {
    case CHUNK_SIZE_FIRST:
    case CHUNK_SIZE:
    case CHUNK_EXTENSION:
        return size_byte(b, c, at, fault);
    case TRAILER_START:
    case TRAILER_FIELD:
        return trailer_byte(b, c, at, fault);
    case CHUNK_DATA_CR:
        if (c != '\r')
            return mm_fail(fault, MM_E_SYNTAX, at, "http.chunk.end");
        b->state = CHUNK_DATA_LF;
        return MM_OK;
    default:
        break;
    }
    if (c != '\n')
        return mm_fail(fault, MM_E_SYNTAX, at, "http.bare_cr");
    if (b->state == CHUNK_SIZE_LF) {
        b->state = b->left > 0 ? CHUNK_DATA : TRAILER_START;
        if (b->left > b->total_max - b->total)
            return mm_fail(fault, MM_E_LIMIT, at, "http.body.size");
    } else if (b->state == CHUNK_DATA_LF) {
        b->state = CHUNK_SIZE_FIRST;
    } else if (b->state == TRAILER_FIELD_LF) {
        b->state = TRAILER_START;
        return MM_OK; /* `line` goes on counting: it bounds the whole trailer */
    } else {
        MM_ASSERT(b->state == TRAILER_END_LF);
        b->done = true;
    }
    b->line = 0;
    return MM_OK;
}

/* Hand out what `in` has of the `left` bytes. */
static struct mm_slice take(struct mm_http1_body *b, struct mm_slice in, size_t from)
{
    size_t n = in.n - from;

    if (n > b->left)
        n = (size_t)b->left;
    b->left -= n;
    b->total += n;
    return mm_slice_sub(in, from, n);
}

enum mm_code mm_http1_body_next(struct mm_http1_body *body, struct mm_slice in, size_t *ret_used,
                                struct mm_slice *ret_data, struct mm_fault *fault)
{
    struct mm_http1_body b = *body;
    struct mm_slice data = {0};
    size_t used = 0;

    MM_ASSERT(ret_used != NULL && ret_data != NULL);
    MM_ASSERT(b.total <= b.total_max);
    if (b.framing == MM_HTTP1_LENGTH) {
        data = take(&b, in, 0);
        used = data.n;
        b.done = b.left == 0;
    } else if (b.framing == MM_HTTP1_UNTIL_CLOSE) {
        if (in.n > b.total_max - b.total)
            return mm_fail(fault, MM_E_LIMIT, 0, "http.body.size");
        b.left = in.n;
        data = take(&b, in, 0);
        used = data.n;
    } else if (b.framing == MM_HTTP1_CHUNKED) {
        while (used < in.n && !b.done && b.state != CHUNK_DATA) {
            enum mm_code c = chunk_byte(&b, in.p[used], used, fault);

            if (c != MM_OK)
                return c;
            used++;
        }
        if (b.state == CHUNK_DATA) {
            data = take(&b, in, used);
            used += data.n;
            if (b.left == 0)
                b.state = CHUNK_DATA_CR;
        }
    }
    MM_ASSERT(used <= in.n);
    *body = b;
    *ret_used = used;
    *ret_data = data;
    return MM_OK;
}
