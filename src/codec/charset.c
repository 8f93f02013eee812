/* codec/charset.c - see charset.h for the contract. */
#include "codec/charset.h"

#include "base/utf8.h"

enum {
    CELLS = 94, /* of a row */
    ROWS = 120,
    KANA_FROM = 0xFF61, /* U+FF61 is 0xA1 in code page 932 */
    BAD = 0xFFFD,
};

static const uint16_t cells[] = {
#include "codec/charset.def"
};
static_assert(MM_COUNT(cells) == ROWS * CELLS, "120 rows");

static const struct mm_slice names[] = {
    [MM_CS_UNKNOWN] = {NULL, 0},
    [MM_CS_UTF8] = MM_S_INIT("utf-8"),
    [MM_CS_CP932] = MM_S_INIT("cp932"),
    [MM_CS_EUC_JP] = MM_S_INIT("euc-jp"),
    [MM_CS_ISO_2022_JP] = MM_S_INIT("iso-2022-jp"),
    [MM_CS_UTF_16LE] = MM_S_INIT("utf-16le"),
    [MM_CS_UTF_16BE] = MM_S_INIT("utf-16be"),
};
static_assert(MM_COUNT(names) == MM_CS_COUNT, "one name each");

struct mm_slice mm_charset_name(enum mm_charset cs)
{
    MM_ASSERT(cs < MM_CS_COUNT);
    return names[cs];
}

enum mm_charset mm_charset_find(struct mm_slice name)
{
    static const struct {
        struct mm_slice name;
        enum mm_charset cs;
    } others[] = {
        {MM_S_INIT("utf8"), MM_CS_UTF8},         {MM_S_INIT("sjis"), MM_CS_CP932},
        {MM_S_INIT("shift_jis"), MM_CS_CP932},   {MM_S_INIT("shift-jis"), MM_CS_CP932},
        {MM_S_INIT("windows-31j"), MM_CS_CP932}, {MM_S_INIT("ms932"), MM_CS_CP932},
        {MM_S_INIT("eucjp"), MM_CS_EUC_JP},      {MM_S_INIT("euc"), MM_CS_EUC_JP},
        {MM_S_INIT("jis"), MM_CS_ISO_2022_JP},   {MM_S_INIT("iso2022jp"), MM_CS_ISO_2022_JP},
        {MM_S_INIT("utf16le"), MM_CS_UTF_16LE},  {MM_S_INIT("utf16be"), MM_CS_UTF_16BE},
        {MM_S_INIT("utf-16"), MM_CS_UTF_16LE},   {MM_S_INIT("utf16"), MM_CS_UTF_16LE},
    };

    for (size_t i = MM_CS_UTF8; i < MM_CS_COUNT; i++) {
        if (mm_slice_ieq(names[i], name))
            return (enum mm_charset)i;
    }
    for (size_t i = 0; i < MM_COUNT(others); i++) {
        if (mm_slice_ieq(others[i].name, name))
            return others[i].cs;
    }
    return MM_CS_UNKNOWN;
}

/* ---- one character ---- */

/* A character that was read: how many bytes, its code point (BAD when it is none). */
struct unit {
    size_t n;
    uint32_t c;
    uint8_t row; /* 1..120 of a double-byte character */
};

static inline struct unit at_cell(size_t row, size_t cell)
{
    uint16_t c = cells[row * CELLS + cell];

    MM_ASSERT(row < ROWS && cell < CELLS);
    return (struct unit){.n = 2, .c = c == 0 ? BAD : c, .row = (uint8_t)(row + 1)};
}

/* at < in.n in all of these. A lead byte whose second is missing or wrong is one bad byte. */
static inline struct unit cp932(struct mm_slice in, size_t at)
{
    uint8_t lead = in.p[at], trail;
    size_t cell;

    if (lead < 0x80)
        return (struct unit){.n = 1, .c = lead};
    if (lead >= 0xA1 && lead <= 0xDF)
        return (struct unit){.n = 1, .c = KANA_FROM + lead - 0xA1u};
    if (lead == 0x80 || lead == 0xA0 || lead > 0xFC || at + 1 >= in.n)
        return (struct unit){.n = 1, .c = BAD};
    trail = in.p[at + 1];
    if (trail < 0x40 || trail == 0x7F || trail > 0xFC)
        return (struct unit){.n = 1, .c = BAD};
    cell = (size_t)trail - 0x40 - (trail > 0x7F ? 1 : 0); /* 0..187: two rows */
    return at_cell((size_t)(lead < 0xA0 ? lead - 0x81 : lead - 0xC1) * 2 + (cell >= CELLS ? 1 : 0),
                   cell >= CELLS ? cell - CELLS : cell);
}

static inline struct unit euc(struct mm_slice in, size_t at)
{
    uint8_t lead = in.p[at], second = at + 1 < in.n ? in.p[at + 1] : 0;

    if (lead < 0x80)
        return (struct unit){.n = 1, .c = lead};
    if (lead == 0x8E && second >= 0xA1 && second <= 0xDF)
        return (struct unit){.n = 2, .c = KANA_FROM + second - 0xA1u};
    if (lead == 0x8F && second >= 0xA1 && at + 2 < in.n && in.p[at + 2] >= 0xA1)
        return (struct unit){.n = 3, .c = BAD}; /* JIS X 0212 */
    if (lead < 0xA1 || lead > 0xFE || second < 0xA1 || second > 0xFE)
        return (struct unit){.n = 1, .c = BAD};
    return at_cell(lead - 0xA1u, second - 0xA1u);
}

static struct unit utf8(struct mm_slice in, size_t at)
{
    static const uint8_t first[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    size_t n = mm_utf8_len(in, at);
    uint32_t c;

    if (n == 0)
        return (struct unit){.n = 1, .c = BAD};
    c = in.p[at] & first[n];
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (in.p[at + i] & 0x3F);
    return (struct unit){.n = n, .c = c};
}

static uint32_t word16(enum mm_charset cs, const uint8_t *p)
{
    return cs == MM_CS_UTF_16LE ? (uint32_t)p[0] | (uint32_t)p[1] << 8
                                : (uint32_t)p[1] | (uint32_t)p[0] << 8;
}

static struct unit utf16(enum mm_charset cs, struct mm_slice in, size_t at)
{
    uint32_t a, b;

    if (in.n - at < 2)
        return (struct unit){.n = 1, .c = BAD};
    a = word16(cs, in.p + at);
    if (a < 0xD800 || a > 0xDFFF)
        return (struct unit){.n = 2, .c = a};
    b = in.n - at < 4 ? 0 : word16(cs, in.p + at + 2);
    if (a > 0xDBFF || b < 0xDC00 || b > 0xDFFF)
        return (struct unit){.n = 2, .c = BAD};
    return (struct unit){.n = 4, .c = 0x10000 + ((a - 0xD800) << 10) + (b - 0xDC00)};
}

/* ISO-2022-JP remembers what the last escape said, up to the end of the line. */
enum jis { JIS_ASCII, JIS_KANJI, JIS_KANA, JIS_OTHER };

static size_t jis_escape(struct mm_slice in, size_t at, enum jis *mode)
{
    static const struct {
        struct mm_slice text;
        enum jis mode;
    } escapes[] = {
        {MM_S_INIT("\x1B(B"), JIS_ASCII},  {MM_S_INIT("\x1B(J"), JIS_ASCII},
        {MM_S_INIT("\x1B$B"), JIS_KANJI},  {MM_S_INIT("\x1B$@"), JIS_KANJI},
        {MM_S_INIT("\x1B(I"), JIS_KANA},   {MM_S_INIT("\x1B$(B"), JIS_KANJI},
        {MM_S_INIT("\x1B$(D"), JIS_OTHER}, {MM_S_INIT("\x1B$A"), JIS_OTHER},
        {MM_S_INIT("\x0E"), JIS_KANA},     {MM_S_INIT("\x0F"), JIS_ASCII},
    };
    struct mm_slice rest = mm_slice_sub(in, at, 4);

    for (size_t i = 0; i < MM_COUNT(escapes); i++) {
        if (mm_slice_starts(rest, escapes[i].text)) {
            *mode = escapes[i].mode;
            return escapes[i].text.n;
        }
    }
    return 0;
}

static struct unit jis(struct mm_slice in, size_t at, enum jis mode)
{
    uint8_t a = in.p[at], b = at + 1 < in.n ? in.p[at + 1] : 0;

    if (a >= 0x80)
        return (struct unit){.n = 1, .c = BAD};
    if (mode == JIS_ASCII || a < 0x21 || a == 0x7F)
        return (struct unit){.n = 1, .c = a};
    if (mode == JIS_KANA)
        return (struct unit){.n = 1, .c = a <= 0x5F ? KANA_FROM + a - 0x21u : BAD};
    if (b < 0x21 || b > 0x7E)
        return (struct unit){.n = 1, .c = BAD};
    if (mode == JIS_OTHER)
        return (struct unit){.n = 2, .c = BAD};
    return at_cell(a - 0x21u, b - 0x21u);
}

/* ---- a line ---- */

static inline struct unit read_unit(enum mm_charset cs, struct mm_slice in, size_t at,
                                    enum jis mode)
{
    switch (cs) {
    case MM_CS_CP932:
        return cp932(in, at);
    case MM_CS_EUC_JP:
        return euc(in, at);
    case MM_CS_ISO_2022_JP:
        return jis(in, at, mode);
    case MM_CS_UTF_16LE:
    case MM_CS_UTF_16BE:
        return utf16(cs, in, at);
    case MM_CS_UTF8:
    case MM_CS_UNKNOWN:
    case MM_CS_COUNT:
        break;
    }
    return utf8(in, at);
}

/* How many bytes from `at` on are ASCII, in the sets where such a byte is always itself. */
static size_t ascii_run(enum mm_charset cs, struct mm_slice in, size_t at)
{
    size_t n = 0;
    uint64_t word;

    if (cs != MM_CS_CP932 && cs != MM_CS_EUC_JP)
        return 0;
    for (; in.n - at - n >= sizeof(word); n += sizeof(word)) {
        memcpy(&word, in.p + at + n, sizeof(word));
        if ((word & UINT64_C(0x8080808080808080)) != 0)
            break;
    }
    while (at + n < in.n && in.p[at + n] < 0x80)
        n++;
    return n;
}

size_t mm_charset_decode(enum mm_charset cs, struct mm_slice in, uint8_t *out, size_t max,
                         bool *ret_whole)
{
    enum jis mode = JIS_ASCII;
    size_t at = 0, n = 0;
    bool whole = true;

    MM_ASSERT(cs > MM_CS_UNKNOWN && cs < MM_CS_COUNT);
    while (at < in.n) {
        uint8_t text[4];
        size_t escape = cs == MM_CS_ISO_2022_JP ? jis_escape(in, at, &mode) : 0, text_n;
        size_t run = in.p[at] < 0x80 ? mm_min_size(ascii_run(cs, in, at), max - n) : 0;
        struct unit u;

        if (run > 0) {
            memcpy(out + n, in.p + at, run);
            n += run;
            at += run;
            continue;
        }
        if (escape > 0) {
            at += escape;
            continue;
        }
        u = read_unit(cs, in, at, mode);
        if (at == 0 && u.c == 0xFEFF) {
            at += u.n;
            continue;
        }
        whole = whole && u.c != BAD;
        if (max - n >= sizeof(text)) {
            n += mm_utf8_encode(u.c, out + n);
            at += u.n;
            continue;
        }
        text_n = mm_utf8_encode(u.c, text);
        if (n + text_n > max) {
            whole = false;
            break;
        }
        memcpy(out + n, text, text_n);
        n += text_n;
        at += u.n;
    }
    *ret_whole = whole;
    return n;
}

/* ---- which one ---- */

/* How unlike Japanese log text this reads; the smaller the better. */
struct weight {
    uint32_t cost;
    bool valid;
};

enum {
    /* A kanji that schools teach costs 4, whatever is rarer more; kana of full width nothing. */
    COST_KANJI = 4,
    COST_RARE = 12,
    COST_ODD = 20,
    COST_SIGN = 2,
    COST_HALF = 1, /* half-width kana in an order that Japanese has, by byte */
    COST_HALF_ODD = 8,
    COST_CLEAR = 12, /* so much more, and there is no choice */
};

static uint32_t cost_of_row(uint8_t row)
{
    if (row == 4 || row == 5)
        return 0;
    if (row == 1 || row == 3)
        return COST_SIGN;
    if (row >= 16 && row <= 47)
        return COST_KANJI;
    return row >= 48 && row <= 84 ? COST_RARE : COST_ODD;
}

/* Half-width kana: voicing marks stand behind letters that have a voiced sound, small letters and
 * the long mark not in front, punctuation rarely. */
static uint32_t cost_of_half(uint32_t before, uint32_t c)
{
    uint32_t kana = c - KANA_FROM + 0xA1, prev = before - KANA_FROM + 0xA1;
    bool first = before < KANA_FROM || before > KANA_FROM + 0x3E;
    bool voiced = (prev >= 0xB6 && prev <= 0xC4) || (prev >= 0xCA && prev <= 0xCE) || prev == 0xB3;

    if (kana == 0xDE)
        return first || !voiced ? COST_HALF_ODD : 0;
    if (kana == 0xDF)
        return first || prev < 0xCA || prev > 0xCE ? COST_HALF_ODD : 0;
    if (kana <= 0xA6)
        return COST_HALF_ODD / 2;
    if (kana <= 0xB0 || kana == 0xDD)
        return first || (kana < 0xB0 && prev <= 0xAF) ? COST_HALF_ODD : COST_HALF;
    return COST_HALF;
}

/* Made anew for each of the two sets, as the compiler knows them: every line in them comes here. */
static inline __attribute__((always_inline)) struct weight weigh(enum mm_charset cs,
                                                                 struct mm_slice in)
{
    struct weight w = {.valid = true};
    uint32_t before = 0;

    for (size_t at = 0; at < in.n;) {
        struct unit u;
        bool cut;

        if (in.p[at] < 0x80) {
            before = 0;
            at += ascii_run(cs, in, at);
            continue;
        }
        u = cs == MM_CS_CP932 ? cp932(in, at) : euc(in, at);
        cut = u.n == 1 && at + 1 == in.n && in.p[at] >= 0x80;
        if (u.c == BAD && !cut) { /* a character may be cut off at the end */
            w.valid = false;
            return w;
        }
        if (u.row > 0)
            w.cost += cost_of_row(u.row);
        else if (u.c >= KANA_FROM && u.c <= KANA_FROM + 0x3E)
            w.cost += cs == MM_CS_CP932 ? cost_of_half(before, u.c) : COST_SIGN;
        else if (cut)
            w.cost += COST_ODD;
        before = u.c;
        at += u.n;
    }
    return w;
}

/* Valid UTF-8 but for a character that was cut off at the end. */
static bool utf8_cut(struct mm_slice in)
{
    for (size_t back = 1; back <= 3 && back < in.n; back++) {
        uint8_t c = in.p[in.n - back];

        if (c >= 0xC2 && c <= 0xF4)
            return back < (c < 0xE0   ? 2u
                           : c < 0xF0 ? 3u
                                      : 4u) &&
                   mm_utf8_valid(mm_slice_sub(in, 0, in.n - back));
        if ((c & 0xC0) != 0x80)
            return false;
    }
    return false;
}

/* Is there a character of three bytes or more, as all Japanese ones are in UTF-8? The last three
 * bytes do not count: a character may be cut off there. */
static bool has_long(struct mm_slice in)
{
    for (size_t i = 0; i + 3 < in.n; i++) {
        if (in.p[i] >= 0xE0)
            return true;
    }
    return false;
}

static bool has_escape(struct mm_slice in)
{
    size_t at = mm_slice_find(in, 0x1B, 0);
    enum jis mode = JIS_ASCII;

    while (at != SIZE_MAX) {
        if (jis_escape(in, at, &mode) > 0 && mode != JIS_ASCII)
            return true;
        at = mm_slice_find(in, 0x1B, at + 1);
    }
    return false;
}

static void learn(struct mm_charset_seen *seen, bool is_cp932)
{
    int lean = seen->lean + (is_cp932 ? 1 : -1);

    if (lean >= -MM_CHARSET_LEAN && lean <= MM_CHARSET_LEAN)
        seen->lean = (int8_t)lean;
}

/* Valid UTF-8 of two-byte characters only is what short EUC-JP and half-width kana look like: a
 * source that has sent one of them has sent it again. */
static bool is_utf8(struct mm_slice in, const struct mm_charset_seen *seen)
{
    if (!mm_utf8_valid(in))
        return false;
    if (MM_LIKELY(seen->lean == 0))
        return true;
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] >= 0x80)
            return has_long(in) || in.p[i] >= 0xE0;
    }
    return true;
}

bool mm_charset_plain(struct mm_slice in)
{
    /* CP932 stands for the sets in which ASCII is always itself. */
    return ascii_run(MM_CS_CP932, in, 0) == in.n;
}

enum mm_charset mm_charset_detect(struct mm_slice in, struct mm_charset_seen *seen)
{
    struct weight a, b;
    bool cp932_clear;

    if (is_utf8(in, seen))
        return has_escape(in) ? MM_CS_ISO_2022_JP : MM_CS_UTF8;
    a = weigh(MM_CS_CP932, in);
    b = weigh(MM_CS_EUC_JP, in);
    if (!a.valid && !b.valid)
        return mm_utf8_valid(in) ? MM_CS_UTF8 : MM_CS_UNKNOWN;
    if (has_long(in) && utf8_cut(in))
        return MM_CS_UNKNOWN;
    cp932_clear = !b.valid || (a.valid && a.cost + COST_CLEAR <= b.cost);
    if (cp932_clear || !a.valid || b.cost + COST_CLEAR <= a.cost) {
        learn(seen, cp932_clear);
        return cp932_clear ? MM_CS_CP932 : MM_CS_EUC_JP;
    }
    if (seen->lean != 0)
        return seen->lean > 0 ? MM_CS_CP932 : MM_CS_EUC_JP;
    return b.cost < a.cost ? MM_CS_EUC_JP : MM_CS_CP932;
}

enum mm_charset mm_charset_utf16(struct mm_slice head)
{
    size_t zero[2] = {0, 0}, n = head.n & ~(size_t)1;

    if (mm_slice_starts(head, MM_S("\xFF\xFE")))
        return MM_CS_UTF_16LE;
    if (mm_slice_starts(head, MM_S("\xFE\xFF")))
        return MM_CS_UTF_16BE;
    for (size_t i = 0; i < n; i++)
        zero[i % 2] += head.p[i] == 0 ? 1 : 0;
    /* A quarter of the units are Latin letters, digits and blanks; none is a zero character. */
    if (zero[1] * 8 >= n && zero[1] > 1 && zero[0] == 0)
        return MM_CS_UTF_16LE;
    if (zero[0] * 8 >= n && zero[0] > 1 && zero[1] == 0)
        return MM_CS_UTF_16BE;
    return MM_CS_UNKNOWN;
}

/* Must this byte wait for others? Half a unit, or the first of two. */
static bool wants_more(const struct mm_utf16 *u)
{
    uint32_t a;

    if (u->n % 2 != 0)
        return true;
    a = word16(u->cs, u->part);
    return u->n == 2 && a >= 0xD800 && a <= 0xDBFF;
}

size_t mm_utf16_feed(struct mm_utf16 *u, struct mm_slice in, uint8_t *out)
{
    size_t n = 0;

    MM_ASSERT(u->cs == MM_CS_UTF_16LE || u->cs == MM_CS_UTF_16BE);
    for (size_t i = 0; i < in.n; i++) {
        struct unit c;

        MM_ASSERT(u->n < sizeof(u->part));
        u->part[u->n++] = in.p[i];
        while (u->n >= 2 && !wants_more(u)) {
            c = utf16(u->cs, mm_slice_of(u->part, u->n), 0);
            u->damaged = u->damaged || c.c == BAD;
            if (u->begun || c.c != 0xFEFF)
                n += mm_utf8_encode(c.c, out + n);
            u->begun = true;
            u->n -= c.n;
            memmove(u->part, u->part + c.n, u->n);
        }
    }
    return n;
}
