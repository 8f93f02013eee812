/* codec/binxml.c - binary XML of event records; see evtx.h for the contract. */
#include <stdio.h>

#include "base/rd.h"
#include "base/time.h"
#include "base/utf8.h"
#include "codec/evtx_priv.h"

enum {
    DEPTH_MAX = 48,        /* elements in each other, templates and embedded documents included */
    STEPS_MAX = 64 * 1024, /* tokens of one record: a chunk holds no more bytes */
    VALUES_MAX = 4096,     /* of one template; the widest event of Windows has about 100 */
    NAME_CHARS_MAX = 1024,
    TEMPLATE_HEAD = 24, /* next, GUID, size */
    TOKEN_MASK = 0x0F,
    TOKEN_MORE = 0x40,
    TYPE_ARRAY = 0x80,
};

enum token {
    T_EOF = 0x00,
    T_OPEN = 0x01,
    T_CLOSE = 0x02,
    T_CLOSE_EMPTY = 0x03,
    T_END = 0x04,
    T_VALUE = 0x05,
    T_ATTRIBUTE = 0x06,
    T_CDATA = 0x07,
    T_CHAR = 0x08,
    T_ENTITY = 0x09,
    T_PI_TARGET = 0x0A,
    T_PI_DATA = 0x0B,
    T_TEMPLATE = 0x0C,
    T_NORMAL = 0x0D,
    T_OPTIONAL = 0x0E,
    T_FRAGMENT = 0x0F,
};

enum type {
    V_NULL = 0x00,
    V_STRING = 0x01,
    V_ANSI = 0x02,
    V_I8 = 0x03,
    V_U8 = 0x04,
    V_I16 = 0x05,
    V_U16 = 0x06,
    V_I32 = 0x07,
    V_U32 = 0x08,
    V_I64 = 0x09,
    V_U64 = 0x0A,
    V_F32 = 0x0B,
    V_F64 = 0x0C,
    V_BOOL = 0x0D,
    V_BINARY = 0x0E,
    V_GUID = 0x0F,
    V_SIZE = 0x10,
    V_FILETIME = 0x11,
    V_SYSTEMTIME = 0x12,
    V_SID = 0x13,
    V_HEX32 = 0x14,
    V_HEX64 = 0x15,
    V_BINXML = 0x21,
};

struct value {
    uint8_t type;
    size_t at, n; /* in the chunk */
};

struct reading {
    struct mm_evtx *e;
    struct mm_slice chunk;
    size_t steps;
    unsigned depth;
};

/* What one fragment is read with: the values of its template, and where tokens go. */
struct level {
    struct mm_rd rd;
    const struct value *value;
    size_t value_n;
    struct mm_tree *open[DEPTH_MAX]; /* [0] is the parent of the fragment */
    size_t open_n;
    struct mm_tree *attr; /* attribute that texts go to, or NULL */
};

static bool fragment(struct reading *r, size_t from, size_t to, const struct value *value,
                     size_t value_n, struct mm_tree *parent);

static bool u8(struct mm_rd *rd, uint8_t *ret)
{
    struct mm_slice s;

    if (!mm_rd_take(rd, 1, &s))
        return false;
    *ret = s.p[0];
    return true;
}

static bool u16(struct mm_rd *rd, uint16_t *ret)
{
    struct mm_slice s;

    if (!mm_rd_take(rd, 2, &s))
        return false;
    *ret = mm_le16(s.p);
    return true;
}

/* UTF-16LE as UTF-8; a surrogate without its other half becomes U+FFFD. */
static bool utf16(struct mm_arena *a, struct mm_slice in, struct mm_slice *ret)
{
    size_t n = 0;
    uint8_t *p = mm_arena_bytes(a, in.n / 2 * 3 + 1);

    if (p == NULL)
        return false;
    for (size_t i = 0; i + 1 < in.n; i += 2) {
        uint32_t c = mm_le16(in.p + i);

        if (c < 0x80) {
            p[n++] = (uint8_t)c;
            continue;
        }
        if (c >= 0xD800 && c < 0xDC00 && i + 3 < in.n && mm_le16(in.p + i + 2) >> 10 == 0x37) {
            c = 0x10000 + ((c & 0x3FF) << 10) + (mm_le16(in.p + i + 2) & 0x3FFu);
            i += 2;
        } else if (c >> 11 == 0x1B) {
            c = 0xFFFD;
        }
        n += mm_utf8_encode(c, p + n);
    }
    *ret = mm_slice_of(p, n);
    return true;
}

/* The name at an offset of the chunk; one that stands right here is stepped over. */
static bool name_at(struct reading *r, struct mm_rd *rd, struct mm_slice *ret)
{
    struct mm_evtx_name *kept;
    struct mm_rd at = mm_rd_of(r->chunk);
    struct mm_slice head, chars;
    uint32_t offset;
    uint16_t n;

    if (!mm_rd_u32le(rd, &offset) || offset > r->chunk.n)
        return false;
    at.pos = offset;
    if (!mm_rd_take(&at, 6, &head) || !u16(&at, &n) || n == 0 || n > NAME_CHARS_MAX ||
        !mm_rd_take(&at, (size_t)n * 2, &chars) || !mm_rd_take(&at, 2, &head))
        return false;
    if (offset == rd->pos) {
        if (at.pos > rd->in.n)
            return false;
        rd->pos = at.pos;
    }
    kept = &r->e->name[offset / 2 % MM_EVTX_NAMES];
    if (kept->text.p == NULL || kept->at != offset) {
        kept->text.p = NULL;
        if (!utf16(&r->e->names, chars, &kept->text)) {
            kept->text.p = NULL;
            return utf16(&r->e->record, chars, ret); /* hostile: more names than fit */
        }
        kept->at = offset;
    }
    *ret = kept->text;
    return true;
}

/* ---- values ---- */

static size_t width_of(uint8_t type)
{
    static const uint8_t width[] = {
        [V_I8] = 1,       [V_U8] = 1,    [V_I16] = 2,   [V_U16] = 2,
        [V_I32] = 4,      [V_U32] = 4,   [V_I64] = 8,   [V_U64] = 8,
        [V_F32] = 4,      [V_F64] = 8,   [V_BOOL] = 4,  [V_GUID] = 16,
        [V_FILETIME] = 8, [V_HEX32] = 4, [V_HEX64] = 8, [V_SYSTEMTIME] = 16,
    };

    return type < MM_COUNT(width) ? width[type] : 0;
}

static uint64_t number(struct mm_slice s)
{
    uint64_t v = 0;

    for (size_t i = mm_min_size(s.n, 8); i > 0; i--)
        v = v << 8 | s.p[i - 1];
    return v;
}

/* Two's complement of s.n bytes. */
static int64_t integer(struct mm_slice s)
{
    uint64_t v = number(s);

    if (s.n < 8 && (v >> (s.n * 8 - 1) & 1) != 0)
        v |= ~UINT64_C(0) << (s.n * 8);
    return (int64_t)v;
}

/* Formatting by hand: every record has a dozen of these, and printf took a fifth of all time. */
static void put_hex(struct mm_buf *out, uint64_t v, size_t digits)
{
    static const char letters[] = "0123456789ABCDEF";
    uint8_t *p = mm_buf_room(out, digits);

    MM_ASSERT(digits <= 16);
    if (p == NULL)
        return;
    for (size_t i = digits; i > 0; i--, v >>= 4)
        p[i - 1] = (uint8_t)letters[v & 0xF];
    out->n += digits;
}

/* "0x" and as few small letters as will do. */
static void put_0x(struct mm_buf *out, uint64_t v)
{
    static const char letters[] = "0123456789abcdef";
    size_t digits = 1;
    uint8_t *p;

    while (digits < 16 && v >> (4 * digits) != 0)
        digits++;
    p = mm_buf_room(out, 2 + digits);
    if (p == NULL)
        return;
    p[0] = '0';
    p[1] = 'x';
    for (size_t i = digits; i > 0; i--, v >>= 4)
        p[1 + i] = (uint8_t)letters[v & 0xF];
    out->n += 2 + digits;
}

/* Decimal, with zeros in front up to this many digits. */
static void put_dec(struct mm_buf *out, uint64_t v, size_t least)
{
    enum { DIGITS_MAX = 20 };
    uint8_t digits[DIGITS_MAX];
    size_t at = DIGITS_MAX;

    MM_ASSERT(least <= DIGITS_MAX);
    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0 || DIGITS_MAX - at < least);
    mm_buf_add(out, mm_slice_of(digits + at, DIGITS_MAX - at));
}

static void put_sid(struct mm_buf *out, struct mm_slice s)
{
    uint64_t authority = 0;

    if (s.n < 8 || s.n < 8 + (size_t)s.p[1] * 4)
        return;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | s.p[i];
    mm_buf_str(out, "S-");
    mm_buf_u64(out, s.p[0]);
    mm_buf_byte(out, '-');
    mm_buf_u64(out, authority);
    for (size_t i = 0; i < s.p[1]; i++) {
        mm_buf_byte(out, '-');
        mm_buf_u64(out, mm_le32(s.p + 8 + i * 4));
    }
}

static void put_guid(struct mm_buf *out, const uint8_t *p)
{
    put_hex(out, mm_le32(p), 8);
    mm_buf_byte(out, '-');
    put_hex(out, mm_le16(p + 4), 4);
    mm_buf_byte(out, '-');
    put_hex(out, mm_le16(p + 6), 4);
    for (size_t i = 8; i < 16; i++) {
        if (i == 8 || i == 10)
            mm_buf_byte(out, '-');
        put_hex(out, p[i], 2);
    }
}

struct moment {
    uint64_t year, month, day, hour, minute, second, fraction;
};

static void put_moment(struct mm_buf *out, const struct moment *m, size_t fraction_digits)
{
    put_dec(out, m->year, 4);
    mm_buf_byte(out, '-');
    put_dec(out, m->month, 2);
    mm_buf_byte(out, '-');
    put_dec(out, m->day, 2);
    mm_buf_byte(out, 'T');
    put_dec(out, m->hour, 2);
    mm_buf_byte(out, ':');
    put_dec(out, m->minute, 2);
    mm_buf_byte(out, ':');
    put_dec(out, m->second, 2);
    mm_buf_byte(out, '.');
    put_dec(out, m->fraction, fraction_digits);
    mm_buf_byte(out, 'Z');
}

/* Windows counts 100 ns; events keep microseconds. */
static void put_filetime(struct mm_buf *out, uint64_t t)
{
    int64_t us = mm_filetime_us(t);
    struct mm_civil c;

    if (us == 0) {
        put_0x(out, t);
        return;
    }
    mm_civil_of_us(us, 0, &c);
    /* Of a moment between 1970 and 2106: no part is negative. */
    put_moment(out,
               &(struct moment){(uint64_t)c.year, (uint64_t)c.month, (uint64_t)c.day,
                                (uint64_t)c.hour, (uint64_t)c.minute, (uint64_t)c.second,
                                (uint64_t)c.us},
               6);
}

static void put_systemtime(struct mm_buf *out, const uint8_t *p)
{
    put_moment(out,
               &(struct moment){mm_le16(p), mm_le16(p + 2), mm_le16(p + 6), mm_le16(p + 8),
                                mm_le16(p + 10), mm_le16(p + 12), mm_le16(p + 14)},
               3);
}

static void put_double(struct mm_buf *out, uint8_t type, struct mm_slice s)
{
    double d;
    float f;

    if (type == V_F32) {
        memcpy(&f, s.p, sizeof(f));
        d = (double)f;
    } else {
        memcpy(&d, s.p, sizeof(d));
    }
    mm_buf_fmt(out, "%.17g", d);
}

/* A value of a fixed width, or a SID or bytes, as text. */
static void put_scalar(struct mm_buf *out, uint8_t type, struct mm_slice s)
{
    switch ((enum type)type) {
    case V_I8:
    case V_I16:
    case V_I32:
    case V_I64:
        mm_buf_i64(out, integer(s));
        return;
    case V_F32:
    case V_F64:
        put_double(out, type, s);
        return;
    case V_BOOL:
        mm_buf_str(out, number(s) != 0 ? "true" : "false");
        return;
    case V_GUID:
        put_guid(out, s.p);
        return;
    case V_FILETIME:
        put_filetime(out, number(s));
        return;
    case V_SYSTEMTIME:
        put_systemtime(out, s.p);
        return;
    case V_SID:
        put_sid(out, s);
        return;
    case V_SIZE:
    case V_HEX32:
    case V_HEX64:
        put_0x(out, number(s));
        return;
    case V_U8:
    case V_U16:
    case V_U32:
    case V_U64:
        mm_buf_u64(out, number(s));
        return;
    default:
        for (size_t i = 0; i < s.n; i++)
            put_hex(out, s.p[i], 2);
    }
}

static bool is_number(uint8_t type)
{
    return (type >= V_I8 && type <= V_U64) || type == V_BOOL;
}

/* Text of one value that is no array; *ret_kind says whether JSON takes it as it is. */
static bool value_text(struct reading *r, uint8_t type, struct mm_slice s, struct mm_slice *ret,
                       enum mm_tree_kind *ret_kind)
{
    struct mm_buf *out = &r->e->text;
    size_t width = width_of(type);

    *ret_kind = is_number(type) ? MM_TREE_RAW : MM_TREE_TEXT;
    if (type == V_STRING) {
        while (s.n >= 2 && s.p[s.n - 1] == 0 && s.p[s.n - 2] == 0)
            s.n -= 2;
        return utf16(&r->e->record, s, ret);
    }
    if (type == V_ANSI) {
        while (s.n > 0 && s.p[s.n - 1] == 0)
            s.n--;
        *ret = s;
        return true;
    }
    if (width > 0 && s.n < width)
        return false;
    if (width > 0)
        s.n = width;
    mm_buf_reset(out);
    put_scalar(out, type, s);
    return mm_buf_ok(out) && mm_arena_dup(&r->e->record, mm_buf_slice(out), ret);
}

/* The next item of an array: fixed width, or up to a NUL. */
static struct mm_slice array_item(uint8_t type, struct mm_slice *left)
{
    size_t width = width_of(type), n = 0, skip;

    if (width > 0) {
        n = skip = mm_min_size(width, left->n);
    } else if (type == V_ANSI) {
        while (n < left->n && left->p[n] != 0)
            n++;
        skip = mm_min_size(n + 1, left->n);
    } else if (type == V_STRING) {
        while (n + 1 < left->n && mm_le16(left->p + n) != 0)
            n += 2;
        skip = n + 1 < left->n ? n + 2 : left->n;
    } else {
        n = skip = left->n;
    }
    struct mm_slice item = mm_slice_sub(*left, 0, n);

    *left = mm_slice_sub(*left, skip, SIZE_MAX);
    return item;
}

static struct mm_tree *target(struct level *l)
{
    return l->attr != NULL ? l->attr : l->open[l->open_n - 1];
}

/* An array fills its element once and stands in further elements of that name beside it. */
static bool put_array(struct reading *r, struct level *l, uint8_t type, struct mm_slice s)
{
    struct mm_tree *node = target(l);

    for (size_t i = 0; s.n > 0; i++) {
        struct mm_slice text;
        enum mm_tree_kind kind;

        if (++r->steps > STEPS_MAX || !value_text(r, type, array_item(type, &s), &text, &kind))
            return false;
        if (i > 0 && l->attr == NULL && l->open_n >= 2) {
            struct mm_tree *first = node;

            node = mm_tree_child(&r->e->record, l->open[l->open_n - 2], first->name);
            if (node == NULL)
                return false;
            node->attr = first->attr;
        }
        node->kind = kind;
        if (!mm_tree_text(&r->e->record, node, text))
            return false;
    }
    return true;
}

static bool substitute(struct reading *r, struct level *l)
{
    struct mm_tree *node = target(l);
    const struct value *v;
    struct mm_slice s, text;
    enum mm_tree_kind kind;
    uint16_t index;
    uint8_t type;

    if (!u16(&l->rd, &index) || !u8(&l->rd, &type))
        return false;
    if (index >= l->value_n)
        return true; /* writers leave values out that are null to the end */
    v = &l->value[index];
    if (v->type == V_NULL || (v->n == 0 && v->type != V_STRING))
        return true;
    if (v->type == V_BINXML)
        return l->attr == NULL && fragment(r, v->at, v->at + v->n, NULL, 0, node);
    s = mm_slice_sub(r->chunk, v->at, v->n);
    if ((v->type & TYPE_ARRAY) != 0)
        return put_array(r, l, v->type & (TYPE_ARRAY - 1), s);
    if (!value_text(r, v->type, s, &text, &kind))
        return false;
    if (node->text.p == NULL)
        node->kind = kind;
    return mm_tree_text(&r->e->record, node, text);
}

/* ---- templates ---- */

/* The values behind a template instance. */
static bool read_values(struct reading *r, struct mm_rd *rd, struct value **ret, size_t *ret_n)
{
    struct mm_slice table;
    struct value *v;
    uint32_t n;
    size_t at;

    if (!mm_rd_u32le(rd, &n) || n > VALUES_MAX || !mm_rd_take(rd, (size_t)n * 4, &table))
        return false;
    v = mm_arena_array(&r->e->record, n, sizeof(*v));
    if (v == NULL)
        return false;
    at = rd->pos;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = table.p + i * 4;

        v[i] = (struct value){.type = p[2], .at = at, .n = mm_le16(p)};
        at += v[i].n;
    }
    if (at > rd->in.n)
        return false;
    rd->pos = at;
    *ret = v;
    *ret_n = n;
    return true;
}

static bool template_instance(struct reading *r, struct level *l)
{
    struct mm_rd def = mm_rd_of(r->chunk);
    struct mm_slice skip;
    struct value *value;
    size_t value_n;
    uint32_t offset, n;

    /* A byte of unknown use, the template's number, where it is defined. */
    if (!mm_rd_take(&l->rd, 5, &skip) || !mm_rd_u32le(&l->rd, &offset) || offset > r->chunk.n)
        return false;
    def.pos = offset;
    if (!mm_rd_take(&def, TEMPLATE_HEAD - 4, &skip) || !mm_rd_u32le(&def, &n) ||
        n > mm_rd_left(&def))
        return false;
    if (offset == l->rd.pos && !mm_rd_take(&l->rd, TEMPLATE_HEAD + (size_t)n, &skip))
        return false;
    return read_values(r, &l->rd, &value, &value_n) &&
           fragment(r, def.pos, def.pos + n, value, value_n, l->open[l->open_n - 1]);
}

/* ---- tokens ---- */

static bool open_element(struct reading *r, struct level *l, bool attributes)
{
    struct mm_slice skip, name;
    uint32_t n;

    /* An identifier of the manifest's dependencies, the element's size. */
    if (l->open_n == DEPTH_MAX || !mm_rd_take(&l->rd, 6, &skip) || !name_at(r, &l->rd, &name))
        return false;
    if (attributes && !mm_rd_u32le(&l->rd, &n))
        return false;
    l->attr = NULL;
    l->open[l->open_n] = mm_tree_child(&r->e->record, l->open[l->open_n - 1], name);
    return l->open[l->open_n++] != NULL;
}

static bool attribute(struct reading *r, struct level *l)
{
    struct mm_slice name;

    if (l->open_n < 2 || !name_at(r, &l->rd, &name))
        return false;
    l->attr = mm_tree_attr(&r->e->record, l->open[l->open_n - 1], name);
    return l->attr != NULL;
}

/* Text as it stands in the fragment: characters after their count. */
static bool literal(struct reading *r, struct level *l)
{
    struct mm_slice chars, text;
    uint16_t n;

    return u16(&l->rd, &n) && mm_rd_take(&l->rd, (size_t)n * 2, &chars) &&
           utf16(&r->e->record, chars, &text) && mm_tree_text(&r->e->record, target(l), text);
}

static bool character(struct reading *r, struct level *l)
{
    struct mm_slice unit, text;

    return mm_rd_take(&l->rd, 2, &unit) && utf16(&r->e->record, unit, &text) &&
           mm_tree_text(&r->e->record, target(l), text);
}

static bool entity(struct reading *r, struct level *l)
{
    static const struct {
        struct mm_slice name, text;
    } known[] = {{MM_S_INIT("amp"), MM_S_INIT("&")},
                 {MM_S_INIT("lt"), MM_S_INIT("<")},
                 {MM_S_INIT("gt"), MM_S_INIT(">")},
                 {MM_S_INIT("quot"), MM_S_INIT("\"")},
                 {MM_S_INIT("apos"), MM_S_INIT("'")}};
    struct mm_slice name;

    if (!name_at(r, &l->rd, &name))
        return false;
    for (size_t i = 0; i < MM_COUNT(known); i++) {
        if (mm_slice_eq(known[i].name, name))
            return mm_tree_text(&r->e->record, target(l), known[i].text);
    }
    return true;
}

static bool one_token(struct reading *r, struct level *l, uint8_t token)
{
    struct mm_slice skip;
    uint8_t type;
    uint16_t n;

    switch ((enum token)(token & TOKEN_MASK)) {
    case T_OPEN:
        return open_element(r, l, (token & TOKEN_MORE) != 0);
    case T_CLOSE:
        l->attr = NULL;
        return true;
    case T_CLOSE_EMPTY:
    case T_END:
        l->attr = NULL;
        if (l->open_n < 2)
            return false;
        l->open_n--;
        return true;
    case T_VALUE:
        return u8(&l->rd, &type) && type == V_STRING && literal(r, l);
    case T_ATTRIBUTE:
        return attribute(r, l);
    case T_CDATA:
        return literal(r, l);
    case T_CHAR:
        return character(r, l);
    case T_ENTITY:
        return entity(r, l);
    case T_PI_TARGET:
        return name_at(r, &l->rd, &skip);
    case T_PI_DATA:
        return u16(&l->rd, &n) && mm_rd_take(&l->rd, (size_t)n * 2, &skip);
    case T_TEMPLATE:
        return template_instance(r, l);
    case T_NORMAL:
    case T_OPTIONAL:
        return substitute(r, l);
    case T_FRAGMENT:
        return mm_rd_take(&l->rd, 3, &skip);
    case T_EOF:
        break;
    }
    return false;
}

/* Tokens of the chunk's bytes [from, to) below parent. */
static bool fragment(struct reading *r, size_t from, size_t to, const struct value *value,
                     size_t value_n, struct mm_tree *parent)
{
    struct level l = {.value = value, .value_n = value_n, .open = {parent}, .open_n = 1};
    bool ok = false;

    if (to > r->chunk.n || from > to || r->depth == DEPTH_MAX)
        return false;
    r->depth++;
    l.rd = mm_rd_of(mm_slice_sub(r->chunk, 0, to));
    l.rd.pos = from;
    for (;;) {
        uint8_t token;

        if (l.rd.pos == to) {
            ok = l.open_n == 1;
            break;
        }
        if (++r->steps > STEPS_MAX || !u8(&l.rd, &token))
            break;
        if (token == T_EOF) {
            ok = l.open_n == 1;
            break;
        }
        if (!one_token(r, &l, token))
            break;
    }
    r->depth--;
    return ok;
}

bool mm_binxml_read(struct mm_evtx *e, struct mm_slice chunk, size_t from, size_t to,
                    struct mm_tree *top)
{
    struct reading r = {.e = e, .chunk = chunk};

    return fragment(&r, from, to, NULL, 0, top);
}
