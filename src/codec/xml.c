/* codec/xml.c - see xml.h for the contract. */
#include "codec/xml.h"

#include "base/near.h"
#include "base/rd.h"
#include "base/utf8.h"

enum { PRICE = 16 /* units of work a tag or an attribute */ };

struct reading {
    struct mm_rd rd;
    struct mm_work *work;
    struct mm_arena *a;
    struct mm_tree *open[MM_XML_MAX_DEPTH + 1]; /* [0] holds the document's element */
    struct mm_slice full[MM_XML_MAX_DEPTH + 1]; /* names with their prefixes, for the end tags */
    size_t open_n;
    size_t amp; /* no & stands in front of this offset that is not read yet */
    enum mm_code code;
    const char *why;
};

static bool fail(struct reading *r, enum mm_code code, const char *why)
{
    r->code = code;
    r->why = why;
    return false;
}

static bool is_space(int c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct mm_rd *rd)
{
    while (is_space(mm_rd_peek(rd)))
        rd->pos++;
}

/* Step behind `end`; false when it is not there. */
static bool skip_past(struct mm_rd *rd, struct mm_slice end, struct mm_slice *ret)
{
    size_t from = rd->pos;

    for (;;) {
        size_t at = mm_slice_find(rd->in, end.p[0], rd->pos);

        if (at == SIZE_MAX) {
            rd->pos = from;
            return false;
        }
        rd->pos = at;
        if (mm_rd_lit(rd, end)) {
            *ret = mm_slice_sub(rd->in, from, at - from);
            return true;
        }
        rd->pos = at + 1;
    }
}

/* What no name holds; all else is taken as it comes. */
static bool ends_name(uint8_t c)
{
    static const bool ends[256] = {
        [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, ['/'] = true, ['>'] = true,
        ['='] = true, ['<'] = true,  ['"'] = true,  ['\''] = true, ['&'] = true};

    return ends[c];
}

static bool name(struct mm_rd *rd, struct mm_slice *ret_full, struct mm_slice *ret)
{
    size_t from = rd->pos, own = from;

    for (; rd->pos < rd->in.n && !ends_name(rd->in.p[rd->pos]); rd->pos++) {
        if (rd->in.p[rd->pos] == ':' && own == from)
            own = rd->pos + 1;
    }
    if (own == rd->pos)
        own = from; /* nothing behind the colon */
    *ret_full = mm_slice_sub(rd->in, from, rd->pos - from);
    *ret = mm_slice_sub(rd->in, own, rd->pos - own);
    return ret->n > 0;
}

/* ---- text ---- */

/* Characters of XML 1.0, 2.2. */
static bool is_char(uint32_t c)
{
    return c == 9 || c == 10 || c == 13 || (c >= 0x20 && c < 0xD800) ||
           (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c < 0x110000);
}

/* "#233" or "#xE9", without & and ; */
static bool by_number(struct mm_slice s, uint32_t *ret)
{
    bool hex = s.n > 2 && s.p[1] == 'x';
    uint32_t v = 0;

    for (size_t i = hex ? 2 : 1; i < s.n; i++) {
        uint32_t c = s.p[i], d = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;

        if (d >= (hex ? 16u : 10u) || v > 0x110000)
            return false;
        v = v * (hex ? 16 : 10) + d;
    }
    *ret = v;
    return s.n > 1 && is_char(v);
}

/* One reference, without & and ;, as UTF-8: never longer than what stood there. 0: unknown. */
static size_t reference(struct mm_slice s, uint8_t *p)
{
    static const struct {
        struct mm_slice name;
        char c;
    } known[] = {{MM_S_INIT("amp"), '&'},
                 {MM_S_INIT("lt"), '<'},
                 {MM_S_INIT("gt"), '>'},
                 {MM_S_INIT("quot"), '"'},
                 {MM_S_INIT("apos"), '\''}};
    uint32_t c;

    for (size_t i = 0; i < MM_COUNT(known); i++) {
        if (mm_slice_eq(known[i].name, s))
            return mm_utf8_encode((uint8_t)known[i].c, p);
    }
    return s.n > 0 && s.p[0] == '#' && by_number(s, &c) ? mm_utf8_encode(c, p) : 0;
}

/* Text with its references resolved. */
static bool unescape(struct reading *r, struct mm_slice s, struct mm_slice *ret)
{
    enum { REFERENCE_MAX = 10 };                     /* #x10FFFF with a zero or two in front */
    size_t from = (size_t)(s.p - r->rd.in.p), at, n; /* s is a part of the input */
    uint8_t *p;

    *ret = s;
    /* Texts come in order: most have the next & of the document far behind them. */
    if (r->amp < from)
        r->amp = mm_slice_find(r->rd.in, '&', from);
    if (r->amp >= from + s.n)
        return true;
    at = r->amp - from;
    p = mm_arena_bytes(r->a, s.n);
    if (p == NULL)
        return fail(r, MM_E_NOMEM, "xml.memory");
    memcpy(p, s.p, at);
    n = at;
    while (at < s.n) {
        struct mm_slice ref = mm_slice_sub(s, at + 1, REFERENCE_MAX);
        size_t end = s.p[at] == '&' ? mm_slice_find(ref, ';', 0) : 0, len;

        if (s.p[at] != '&') {
            p[n++] = s.p[at++];
            continue;
        }
        len = end == SIZE_MAX ? 0 : reference(mm_slice_sub(ref, 0, end), p + n);
        if (len == 0)
            return fail(r, MM_E_SYNTAX, "xml.reference");
        n += len;
        at += end + 2;
    }
    *ret = mm_slice_of(p, n);
    return true;
}

static bool all_space(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (!is_space(s.p[i]))
            return false;
    }
    return true;
}

static bool add_text(struct reading *r, struct mm_slice s, bool escaped)
{
    struct mm_tree *t = r->open[r->open_n - 1];

    if (r->open_n == 1)
        return all_space(s) || fail(r, MM_E_SYNTAX, "xml.outside");
    if (escaped && all_space(s) &&
        (t->child != NULL || !mm_slice_starts(mm_rd_rest(&r->rd), MM_S("</"))))
        return true; /* between elements */
    if (escaped && !unescape(r, s, &s))
        return false;
    return mm_tree_text(r->a, t, s) || fail(r, MM_E_NOMEM, "xml.memory");
}

/* ---- tags ---- */

static bool attributes(struct reading *r, struct mm_tree *t)
{
    for (;;) {
        struct mm_slice full, short_name, value;
        struct mm_tree *attr;
        size_t from, end;
        int quote;

        skip_space(&r->rd);
        if (mm_rd_peek(&r->rd) == '/' || mm_rd_peek(&r->rd) == '>')
            return true;
        if (!name(&r->rd, &full, &short_name))
            return fail(r, MM_E_SYNTAX, "xml.attribute");
        skip_space(&r->rd);
        if (!mm_rd_byte(&r->rd, '='))
            return fail(r, MM_E_SYNTAX, "xml.attribute");
        skip_space(&r->rd);
        if (!mm_work_take(r->work, PRICE))
            return fail(r, MM_E_LIMIT, "xml.work");
        quote = mm_rd_peek(&r->rd);
        if (quote != '"' && quote != '\'')
            return fail(r, MM_E_SYNTAX, "xml.attribute");
        from = ++r->rd.pos;
        end = mm_near_find(r->rd.in, (uint8_t)quote, from);
        if (end == r->rd.in.n)
            return fail(r, MM_E_SYNTAX, "xml.attribute");
        value = mm_slice_sub(r->rd.in, from, end - from);
        r->rd.pos = end + 1;
        if (!unescape(r, value, &value))
            return false;
        attr = mm_tree_attr(r->a, t, short_name);
        if (attr == NULL || !mm_tree_text(r->a, attr, value))
            return fail(r, MM_E_NOMEM, "xml.memory");
    }
}

static bool start_tag(struct reading *r)
{
    struct mm_slice full, short_name;
    struct mm_tree *parent = r->open[r->open_n - 1], *t;

    if (r->open_n > MM_XML_MAX_DEPTH)
        return fail(r, MM_E_LIMIT, "xml.depth");
    if (r->open_n == 1 && parent->child != NULL)
        return fail(r, MM_E_SYNTAX, "xml.outside");
    if (!name(&r->rd, &full, &short_name))
        return fail(r, MM_E_SYNTAX, "xml.tag");
    t = mm_tree_child(r->a, parent, short_name);
    if (t == NULL)
        return fail(r, MM_E_NOMEM, "xml.memory");
    if (!attributes(r, t))
        return false;
    if (mm_rd_byte(&r->rd, '/'))
        return mm_rd_byte(&r->rd, '>') || fail(r, MM_E_SYNTAX, "xml.tag");
    r->rd.pos++; /* attributes() stopped at / or > */
    r->full[r->open_n] = full;
    r->open[r->open_n++] = t;
    return true;
}

static bool end_tag(struct reading *r)
{
    if (r->open_n < 2 || !mm_rd_lit(&r->rd, r->full[r->open_n - 1]))
        return fail(r, MM_E_SYNTAX, "xml.end");
    skip_space(&r->rd);
    if (!mm_rd_byte(&r->rd, '>'))
        return fail(r, MM_E_SYNTAX, "xml.end");
    r->open_n--;
    return true;
}

/* What begins with < */
static bool markup(struct reading *r)
{
    struct mm_slice inside, rest = mm_rd_rest(&r->rd);
    uint8_t second = rest.n > 1 ? rest.p[1] : 0;

    if (!mm_work_take(r->work, PRICE))
        return fail(r, MM_E_LIMIT, "xml.work");
    if (second != '/' && second != '!' && second != '?') {
        r->rd.pos++;
        return start_tag(r);
    }
    if (mm_rd_lit(&r->rd, MM_S("</")))
        return end_tag(r);
    if (mm_rd_lit(&r->rd, MM_S("<![CDATA[")))
        return skip_past(&r->rd, MM_S("]]>"), &inside) ? add_text(r, inside, false)
                                                       : fail(r, MM_E_SYNTAX, "xml.cdata");
    if (mm_rd_lit(&r->rd, MM_S("<!--")))
        return skip_past(&r->rd, MM_S("-->"), &inside) || fail(r, MM_E_SYNTAX, "xml.comment");
    if (mm_rd_lit(&r->rd, MM_S("<?")))
        return skip_past(&r->rd, MM_S("?>"), &inside) || fail(r, MM_E_SYNTAX, "xml.instruction");
    (void)mm_rd_lit(&r->rd, MM_S("<!"));
    return fail(r, MM_E_SYNTAX, "xml.doctype");
}

enum mm_code mm_xml_parse(struct mm_slice in, struct mm_work *work, struct mm_arena *a,
                          struct mm_tree **ret, struct mm_fault *fault)
{
    struct reading r = {.rd = mm_rd_of(in), .work = work, .a = a, .open_n = 1};
    bool ok = true;

    r.open[0] = mm_arena_alloc(a, sizeof(*r.open[0]));
    if (r.open[0] == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "xml.memory");
    (void)mm_rd_lit(&r.rd, MM_S("\xEF\xBB\xBF"));
    while (ok && mm_rd_left(&r.rd) > 0) {
        size_t from = r.rd.pos;

        if (in.p[from] == '<') {
            ok = markup(&r);
            continue;
        }
        r.rd.pos = mm_near_find(in, '<', from);
        ok = add_text(&r, mm_slice_sub(in, from, r.rd.pos - from), true);
    }
    if (ok && (r.open_n > 1 || r.open[0]->child == NULL))
        ok = fail(&r, MM_E_SYNTAX, "xml.end");
    if (!ok)
        return mm_fail(fault, r.code, r.rd.pos, r.why);
    *ret = r.open[0];
    return MM_OK;
}
