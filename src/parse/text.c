/* parse/text.c - see text.h for the contract. */
#include "parse/text.h"

#include "base/utf8.h"

static bool is_utf16(enum mm_charset cs)
{
    return cs == MM_CS_UTF_16LE || cs == MM_CS_UTF_16BE;
}

static void note_charset(enum mm_charset cs, struct mm_text *t)
{
    t->extra[t->extra_n++] =
        (struct mm_extra){.name = MM_S("mimamori.charset"), .value = mm_charset_name(cs)};
}

/* The bytes as they came, as text that any page and document can carry (base64url, RFC 4648). Log
 * lines are no secrets: tables may be used, which codec/ext/crypt.h does without. */
static bool note_raw(struct mm_arena *arena, struct mm_slice body, struct mm_text *t)
{
    static const uint8_t digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = body.n / 3 * 4 + (body.n % 3 == 0 ? 0 : body.n % 3 + 1), at = 0;
    uint8_t *p = mm_arena_bytes(arena, (body.n + 2) / 3 * 4); /* of at most MM_MAX_LINE */
    const uint8_t *in = body.p, *end = in + body.n / 3 * 3;
    uint32_t three;

    if (p == NULL)
        return false;
    for (; in < end; in += 3, at += 4) {
        three = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        p[at] = digits[three >> 18];
        p[at + 1] = digits[three >> 12 & 63];
        p[at + 2] = digits[three >> 6 & 63];
        p[at + 3] = digits[three & 63];
    }
    if (body.n % 3 > 0) {
        three = (uint32_t)in[0] << 16 | (body.n % 3 == 2 ? (uint32_t)in[1] << 8 : 0);
        p[at] = digits[three >> 18];
        p[at + 1] = digits[three >> 12 & 63];
        p[at + 2] = digits[three >> 6 & 63];
    }
    t->extra[t->extra_n++] =
        (struct mm_extra){.name = MM_S("mimamori.raw"), .value = mm_slice_of(p, n)};
    return true;
}

static bool decode(struct mm_arena *arena, struct mm_slice body, enum mm_charset cs,
                   struct mm_text *t)
{
    size_t max = mm_min_size(body.n * 3, MM_MAX_LINE), n;
    uint8_t *p = mm_arena_bytes(arena, max + MM_PADDING); /* JSON is read beyond its end */
    struct mm_text got = {.flags = 0};
    bool whole;

    if (p == NULL)
        return false;
    n = mm_charset_decode(cs, body, p, max, &whole);
    memset(p + n, 0, max + MM_PADDING - n);
    got.read = got.original = mm_slice_of(p, n);
    if (mm_slice_eq(got.read, body)) { /* ASCII */
        *t = (struct mm_text){.read = body, .original = body};
        return true;
    }
    if (!whole)
        got.flags |= MM_EV_BAD_UTF8;
    if (n + 4 > MM_MAX_LINE) /* no room for another character */
        got.flags |= MM_EV_TRUNCATED;
    note_charset(cs, &got);
    if (!note_raw(arena, body, &got))
        return false;
    *t = got;
    return true;
}

void mm_text_of(struct mm_arena *arena, struct mm_slice body, enum mm_charset said,
                struct mm_charset_seen *seen, struct mm_text *ret)
{
    static const struct mm_slice mark = MM_S_INIT("\xEF\xBB\xBF");
    enum mm_charset cs = is_utf16(said) ? MM_CS_UTF8 : said;

    MM_ASSERT(body.n <= MM_MAX_LINE);
    *ret = (struct mm_text){.read = body, .original = body};
    if (cs == MM_CS_UNKNOWN)
        cs = mm_charset_detect(body, seen);
    if (cs != MM_CS_UNKNOWN && cs != MM_CS_UTF8) {
        if (decode(arena, body, cs, ret))
            return;
        cs = MM_CS_UNKNOWN;
    }
    if (mm_slice_starts(body, mark))
        ret->read = mm_slice_sub(body, mark.n, SIZE_MAX);
    if (is_utf16(said))
        note_charset(said, ret);
    /* What was detected as UTF-8 is valid. */
    if (cs == MM_CS_UNKNOWN || (said != MM_CS_UNKNOWN && !mm_utf8_valid(body)))
        ret->flags |= MM_EV_BAD_UTF8;
}
