/* base/utf8.c - see utf8.h for the contract. */
#include "base/utf8.h"

static const struct mm_slice replacement = MM_S_INIT("\xEF\xBF\xBD");

static bool cont(struct mm_slice s, size_t at)
{
    return at < s.n && (s.p[at] & 0xC0) == 0x80;
}

size_t mm_utf8_len(struct mm_slice s, size_t at)
{
    uint8_t c, second;

    MM_ASSERT(at < s.n);
    c = s.p[at];
    if (c < 0x80)
        return 1;
    if (c < 0xC2 || c > 0xF4 || !cont(s, at + 1))
        return 0;
    second = s.p[at + 1];
    if (c < 0xE0)
        return 2;
    if (c < 0xF0) {
        if ((c == 0xE0 && second < 0xA0) || (c == 0xED && second > 0x9F))
            return 0;
        return cont(s, at + 2) ? 3 : 0;
    }
    if ((c == 0xF0 && second < 0x90) || (c == 0xF4 && second > 0x8F))
        return 0;
    return cont(s, at + 2) && cont(s, at + 3) ? 4 : 0;
}

/* How many bytes from `at` are plain ASCII, eight at a time: most logs are nothing else. */
static size_t ascii_run(struct mm_slice s, size_t at)
{
    size_t from = at;

    while (s.n - at >= 8) {
        uint64_t w;

        memcpy(&w, s.p + at, 8);
        if ((w & UINT64_C(0x8080808080808080)) != 0)
            break;
        at += 8;
    }
    while (at < s.n && s.p[at] < 0x80)
        at++;
    return at - from;
}

bool mm_utf8_valid(struct mm_slice s)
{
    size_t at = 0;

    for (;;) {
        size_t n;

        at += ascii_run(s, at);
        if (at >= s.n)
            return true;
        n = mm_utf8_len(s, at);
        if (n == 0)
            return false;
        at += n;
    }
}

void mm_utf8_clean(struct mm_buf *out, struct mm_slice s)
{
    size_t at = 0;

    while (at < s.n) {
        size_t run = ascii_run(s, at);
        size_t n;

        mm_buf_add(out, mm_slice_sub(s, at, run));
        at += run;
        if (at >= s.n)
            return;
        n = mm_utf8_len(s, at);
        mm_buf_add(out, n == 0 ? replacement : mm_slice_sub(s, at, n));
        at += n == 0 ? 1 : n;
    }
}

static void json_byte(struct mm_buf *out, uint8_t c)
{
    static const char hex[] = "0123456789abcdef";

    switch (c) {
    case '"':
        mm_buf_str(out, "\\\"");
        break;
    case '\\':
        mm_buf_str(out, "\\\\");
        break;
    case '\n':
        mm_buf_str(out, "\\n");
        break;
    case '\r':
        mm_buf_str(out, "\\r");
        break;
    case '\t':
        mm_buf_str(out, "\\t");
        break;
    default:
        mm_buf_str(out, "\\u00");
        mm_buf_byte(out, (uint8_t)hex[c >> 4]);
        mm_buf_byte(out, (uint8_t)hex[c & 15]);
    }
}

/* How many bytes from `at` on stand for themselves in JSON, looked at eight at a time; 0 to 7 that
 * do may follow. A borrow between bytes can only end the run too early. */
static size_t json_plain(struct mm_slice s, size_t at)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    size_t n = 0;

    for (; s.n - at - n >= 8; n += 8) {
        uint64_t v, quote, slash;

        memcpy(&v, s.p + at + n, 8);
        quote = v ^ ones * '"';
        slash = v ^ ones * '\\';
        if (((v | (v + ones) | (v - ones * 0x20) | (quote - ones) | (slash - ones)) & high) != 0)
            break;
    }
    return n;
}

void mm_utf8_json(struct mm_buf *out, struct mm_slice s)
{
    size_t from = 0, at = 0;

    mm_buf_byte(out, '"');
    while (at < s.n) {
        uint8_t c;
        size_t n;

        at += json_plain(s, at);
        if (at == s.n)
            break;
        c = s.p[at];
        if (c >= 0x20 && c < 0x7F && c != '"' && c != '\\') {
            at++;
            continue;
        }
        n = c < 0x80 ? 0 : mm_utf8_len(s, at);
        if (n > 0) {
            at += n;
            continue;
        }
        mm_buf_add(out, mm_slice_sub(s, from, at - from));
        if (c < 0x80)
            json_byte(out, c);
        else
            mm_buf_add(out, replacement);
        from = ++at;
    }
    mm_buf_add(out, mm_slice_sub(s, from, s.n - from));
    mm_buf_byte(out, '"');
}

size_t mm_utf8_count(struct mm_slice s)
{
    size_t count = 0;

    for (size_t i = 0; i < s.n; count++) {
        size_t n = mm_utf8_len(s, i);

        i += n == 0 ? 1 : n;
    }
    return count;
}

struct mm_slice mm_utf8_cut(struct mm_slice s, size_t max)
{
    size_t n = max;

    if (s.n <= max)
        return s;
    while (n > 0 && max - n < 4 && (s.p[n] & 0xC0) == 0x80)
        n--;
    return mm_slice_sub(s, 0, n);
}

size_t mm_utf8_encode(uint32_t c, uint8_t ret[4])
{
    MM_ASSERT(c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF));
    /* The casts keep 8 bits on purpose: each byte carries 6 or 7 of them. */
    if (c < 0x80) {
        ret[0] = (uint8_t)c;
        return 1;
    }
    if (c < 0x800) {
        ret[0] = (uint8_t)(0xC0 | c >> 6);
        ret[1] = (uint8_t)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        ret[0] = (uint8_t)(0xE0 | c >> 12);
        ret[1] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
        ret[2] = (uint8_t)(0x80 | (c & 0x3F));
        return 3;
    }
    ret[0] = (uint8_t)(0xF0 | c >> 18);
    ret[1] = (uint8_t)(0x80 | (c >> 12 & 0x3F));
    ret[2] = (uint8_t)(0x80 | (c >> 6 & 0x3F));
    ret[3] = (uint8_t)(0x80 | (c & 0x3F));
    return 4;
}

void mm_utf8_put(struct mm_buf *out, uint32_t c)
{
    uint8_t bytes[4];

    mm_buf_add(out, mm_slice_of(bytes, mm_utf8_encode(c, bytes)));
}
