/* codec/ext/json.c - see json.h for the contract. */
#include "codec/ext/json.h"

#include <stdlib.h>

#include "base/near.h"
#include "base/utf8.h"
#include "codec/ext/json_simd.h"

struct mm_json {
    struct mm_simd *simd;
    size_t size_max;
    struct mm_json_item item[MM_JSON_MAX_ITEMS];
};

/* One walk over the structural characters of one document. */
struct walker {
    struct mm_slice in;
    const uint32_t *index;
    size_t index_n;
    size_t at;    /* next structural character */
    size_t slash; /* no backslash stands in front of this offset that is not read yet */
    struct mm_json_item *item;
    size_t n;
    uint32_t open[MM_JSON_MAX_DEPTH]; /* items of the open containers */
    size_t depth;
    struct mm_arena *arena;
    struct mm_fault fault;
};

struct mm_json *mm_json_new(size_t size_max)
{
    struct mm_json *j;

    MM_ASSERT(size_max > 0 && size_max <= MM_JSON_MAX_SIZE);
    j = malloc(sizeof(*j)); /* items are written before they are read: no need to clear them */
    if (j == NULL)
        return NULL;
    j->size_max = size_max;
    j->simd = mm_simd_new(size_max);
    if (j->simd == NULL) {
        free(j);
        return NULL;
    }
    return j;
}

void mm_json_free(struct mm_json **j)
{
    if (*j == NULL)
        return;
    mm_simd_free((*j)->simd);
    free(*j);
    *j = NULL;
}

static enum mm_code refuse(struct walker *w, enum mm_code code, size_t at, const char *what)
{
    return mm_fail(&w->fault, code, at, what);
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Offset of the structural character number i; the end of the input behind the last one. */
static size_t offset(const struct walker *w, size_t i)
{
    return i < w->index_n ? w->index[i] : w->in.n;
}

/* The next structural character without moving, or 0 at the end. */
static uint8_t peek(const struct walker *w)
{
    return w->at < w->index_n ? w->in.p[w->index[w->at]] : 0;
}

/* Source text of the scalar at w->at, without the white space behind it. */
static inline __attribute__((always_inline)) struct mm_slice scalar(const struct walker *w)
{
    size_t from = offset(w, w->at), to = offset(w, w->at + 1);

    MM_ASSERT(from < to && to <= w->in.n);
    while (MM_UNLIKELY(w->in.p[to - 1] <= ' ') && to > from + 1 && is_space(w->in.p[to - 1]))
        to--;
    return mm_slice_of(w->in.p + from, to - from);
}

static bool hex4(struct mm_slice s, size_t at, uint32_t *ret)
{
    uint64_t v;

    if (at + 4 > s.n || !mm_slice_hex(mm_slice_sub(s, at, 4), &v))
        return false;
    *ret = (uint32_t)v;
    return true;
}

/* \uXXXX at s[at] ('u'), with its partner when it is half of a pair. Bytes consumed, 0 = bad. */
static size_t unescape_u(struct mm_slice s, size_t at, uint32_t *ret)
{
    uint32_t hi, lo;

    if (!hex4(s, at + 1, &hi))
        return 0;
    if (hi >= 0xD800 && hi < 0xDC00 && at + 7 < s.n && s.p[at + 5] == '\\' && s.p[at + 6] == 'u' &&
        hex4(s, at + 7, &lo) && lo >= 0xDC00 && lo < 0xE000) {
        *ret = 0x10000 + ((hi - 0xD800) << 10) + (lo - 0xDC00);
        return 11;
    }
    *ret = hi >= 0xD800 && hi < 0xE000 ? 0xFFFD : hi;
    return 5;
}

/* What stands for itself behind a backslash, or its meaning; 0 = no escape of JSON. */
static uint8_t simple_escape(uint8_t c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

/* Resolve the escapes of s, whose first backslash is at `from`, into the arena. */
static enum mm_code unescape(struct walker *w, struct mm_slice s, size_t from, struct mm_slice *ret)
{
    /* No escape is shorter than the bytes it stands for. */
    uint8_t *out = mm_arena_bytes(w->arena, s.n);
    size_t n = from, at = from, base = (size_t)(s.p - w->in.p);

    if (out == NULL)
        return refuse(w, MM_E_NOMEM, base, "json.memory");
    memcpy(out, s.p, from);
    while (at < s.n) {
        size_t run = mm_near_copy(out + n, s, at, '\\'), used;
        uint32_t code;
        uint8_t c;

        n += run;
        at += run;
        if (at >= s.n)
            break;
        if (at + 1 >= s.n)
            return refuse(w, MM_E_SYNTAX, base + at, "json.escape");
        c = s.p[at + 1];
        if (simple_escape(c) != 0) {
            out[n++] = simple_escape(c);
            at += 2;
            continue;
        }
        used = c == 'u' ? unescape_u(s, at + 1, &code) : 0;
        if (used == 0)
            return refuse(w, MM_E_SYNTAX, base + at, "json.escape");
        n += mm_utf8_encode(code, out + n);
        at += 1 + used;
    }
    MM_ASSERT(n <= s.n);
    *ret = mm_slice_of(out, n);
    return MM_OK;
}

/* The string at w->at, without quotes and escapes; moves behind it. */
static enum mm_code string(struct walker *w, struct mm_slice *ret)
{
    struct mm_slice s = scalar(w);
    size_t from = offset(w, w->at) + 1;

    MM_ASSERT(s.p[0] == '"');
    /* The first stage found the end; a lone quote cannot get here, but costs nothing to refuse. */
    if (MM_NEVER(s.n < 2 || s.p[s.n - 1] != '"'))
        return refuse(w, MM_E_SYNTAX, offset(w, w->at), "json.string");
    w->at++;
    s = mm_slice_sub(s, 1, s.n - 2);
    /* Strings come in order: most have the next backslash of the document far behind them. */
    if (w->slash < from)
        w->slash = mm_slice_find(w->in, '\\', from);
    if (w->slash >= from + s.n) {
        *ret = s;
        return MM_OK;
    }
    return unescape(w, s, w->slash - from, ret);
}

static size_t digits(struct mm_slice s, size_t at)
{
    while (at < s.n && s.p[at] >= '0' && s.p[at] <= '9')
        at++;
    return at;
}

/* RFC 8259 section 6, whole slice. */
static bool is_number(struct mm_slice s)
{
    size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0, from = at;

    at = digits(s, at);
    if (at == from || (s.p[from] == '0' && at > from + 1))
        return false;
    if (at < s.n && s.p[at] == '.') {
        from = at + 1;
        at = digits(s, from);
        if (at == from)
            return false;
    }
    if (at < s.n && (s.p[at] | 0x20) == 'e') {
        from = at + 1;
        if (from < s.n && (s.p[from] == '+' || s.p[from] == '-'))
            from++;
        at = digits(s, from);
        if (at == from)
            return false;
    }
    return at == s.n;
}

/* The type of a scalar that is no string; false when it is none. */
static bool bare_type(struct mm_slice s, uint8_t *ret)
{
    if (mm_slice_eq(s, MM_S("true")))
        *ret = MM_JSON_TRUE;
    else if (mm_slice_eq(s, MM_S("false")))
        *ret = MM_JSON_FALSE;
    else if (mm_slice_eq(s, MM_S("null")))
        *ret = MM_JSON_NULL;
    else if (is_number(s))
        *ret = MM_JSON_NUMBER;
    else
        return false;
    return true;
}

/* One value: a scalar is done, a container is opened. */
static enum mm_code value(struct walker *w, struct mm_slice key)
{
    struct mm_json_item *it;
    uint8_t c = peek(w);

    if (w->at >= w->index_n)
        return refuse(w, MM_E_SYNTAX, w->in.n, "json.end");
    if (w->n >= MM_JSON_MAX_ITEMS)
        return refuse(w, MM_E_LIMIT, offset(w, w->at), "json.items");
    it = &w->item[w->n];
    *it = (struct mm_json_item){.key = key, .depth = (uint8_t)w->depth};
    if (c == '{' || c == '[') {
        if (w->depth >= MM_JSON_MAX_DEPTH)
            return refuse(w, MM_E_LIMIT, offset(w, w->at), "json.depth");
        it->type = c == '{' ? MM_JSON_OBJECT : MM_JSON_ARRAY;
        it->text = mm_slice_sub(w->in, offset(w, w->at), SIZE_MAX);
        w->open[w->depth++] = (uint32_t)w->n++;
        w->at++;
        return MM_OK;
    }
    it->end = (uint32_t)++w->n;
    if (c == '"') {
        it->type = MM_JSON_STRING;
        return string(w, &it->text);
    }
    it->text = scalar(w);
    if (!bare_type(it->text, &it->type))
        return refuse(w, MM_E_SYNTAX, offset(w, w->at), "json.value");
    w->at++;
    return MM_OK;
}

static void close_container(struct walker *w)
{
    struct mm_json_item *it = &w->item[w->open[--w->depth]];

    it->end = (uint32_t)w->n;
    it->text.n = (size_t)(w->in.p + offset(w, w->at) + 1 - it->text.p);
    w->at++;
}

/* One more member of the innermost open container, or its end. */
static enum mm_code member(struct walker *w)
{
    uint32_t container = w->open[w->depth - 1];
    bool object = w->item[container].type == MM_JSON_OBJECT;
    bool first = w->n == container + 1;
    struct mm_slice key = {0};
    enum mm_code code;
    uint8_t c = peek(w);

    if (c == (object ? '}' : ']')) {
        close_container(w);
        return MM_OK;
    }
    if (!first) {
        if (c != ',')
            return refuse(w, MM_E_SYNTAX, offset(w, w->at), "json.comma");
        w->at++;
    }
    if (!object)
        return value(w, key);
    if (peek(w) != '"')
        return refuse(w, MM_E_SYNTAX, offset(w, w->at), "json.key");
    code = string(w, &key);
    if (code != MM_OK)
        return code;
    if (peek(w) != ':')
        return refuse(w, MM_E_SYNTAX, offset(w, w->at), "json.colon");
    w->at++;
    return value(w, key);
}

static enum mm_code walk(struct walker *w)
{
    enum mm_code code = value(w, (struct mm_slice){0});

    while (code == MM_OK && w->depth > 0)
        code = member(w);
    if (code == MM_OK && w->at != w->index_n)
        return refuse(w, MM_E_SYNTAX, offset(w, w->at), "json.trailing");
    return code;
}

/* The slow path after the first stage refused: which byte was it? */
static size_t first_bad_utf8(struct mm_slice in)
{
    size_t at = 0, n;

    while (at < in.n && (n = mm_utf8_len(in, at)) > 0)
        at += n;
    return at;
}

/* First raw control character inside a string, or the end. */
static size_t first_control(struct mm_slice in)
{
    bool inside = false;

    for (size_t i = 0; i < in.n; i++) {
        if (inside && in.p[i] < 0x20)
            return i;
        if (inside && in.p[i] == '\\')
            i++;
        else if (in.p[i] == '"')
            inside = !inside;
    }
    return in.n;
}

static enum mm_code index_fault(struct mm_slice in, enum mm_simd_result r, struct mm_fault *fault)
{
    switch (r) {
    case MM_SIMD_UTF8:
        return mm_fail(fault, MM_E_SYNTAX, first_bad_utf8(in), "json.utf8");
    case MM_SIMD_CONTROL:
        return mm_fail(fault, MM_E_SYNTAX, first_control(in), "json.control");
    case MM_SIMD_UNCLOSED:
        return mm_fail(fault, MM_E_SYNTAX, in.n, "json.string");
    case MM_SIMD_EMPTY:
        return mm_fail(fault, MM_E_SYNTAX, in.n, "json.end");
    case MM_SIMD_OK:
    case MM_SIMD_OTHER:
        break;
    }
    return mm_fail(fault, MM_E_SYNTAX, 0, "json.structure");
}

enum mm_code mm_json_parse(struct mm_json *j, struct mm_slice in, struct mm_arena *arena,
                           struct mm_json_doc *ret, struct mm_fault *fault)
{
    return mm_json_parse_within(j, in, NULL, arena, ret, fault);
}

enum mm_code mm_json_parse_within(struct mm_json *j, struct mm_slice in, struct mm_work *work,
                                  struct mm_arena *arena, struct mm_json_doc *ret,
                                  struct mm_fault *fault)
{
    enum { PRICE = 4 /* units a structural character: an item has two or three */ };
    struct walker w;
    enum mm_simd_result r;
    enum mm_code code;
    size_t bom = mm_slice_starts(in, MM_S("\xEF\xBB\xBF")) ? 3 : 0;

    MM_ASSERT(j != NULL && arena != NULL && ret != NULL);
    MM_ASSERT(in.p != NULL || in.n == 0);
    if (in.n > j->size_max)
        return mm_fail(fault, MM_E_LIMIT, j->size_max, "json.size");
    w.in = mm_slice_sub(in, bom, SIZE_MAX);
    w.at = w.slash = w.n = w.depth = 0;
    w.item = j->item;
    w.arena = arena;
    r = mm_simd_index(j->simd, w.in.p, w.in.n, &w.index, &w.index_n);
    if (r != MM_SIMD_OK)
        code = index_fault(w.in, r, &w.fault);
    else if (!mm_work_take(work, w.index_n * PRICE)) /* at most 4 times MM_JSON_MAX_SIZE */
        code = refuse(&w, MM_E_LIMIT, 0, "json.work");
    else
        code = walk(&w);
    if (code != MM_OK)
        return mm_fail(fault, code, w.fault.at + bom, w.fault.what);
    MM_ASSERT(w.n > 0 && w.item[0].end == w.n);
    *ret = (struct mm_json_doc){.item = j->item, .n = w.n};
    return MM_OK;
}

const struct mm_json_item *mm_json_get(const struct mm_json_doc *doc, size_t object,
                                       struct mm_slice key)
{
    MM_ASSERT(object < doc->n && doc->item[object].type == MM_JSON_OBJECT);
    for (size_t i = object + 1; i < doc->item[object].end; i = doc->item[i].end) {
        if (mm_slice_eq(doc->item[i].key, key))
            return &doc->item[i];
    }
    return NULL;
}
