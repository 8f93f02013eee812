/* detect/pattern.c - see pattern.h for the contract. */
#include "detect/pattern.h"

#include "base/utf8.h"
#include "detect/fold.h"

/* A token buffer of `room` in the arena, checked against MM_PAT_MAX. */
static uint16_t *tokens(struct mm_arena *a, size_t room, enum mm_code *ret_code)
{
    uint16_t *t;

    if (room > MM_PAT_MAX) {
        *ret_code = MM_E_LIMIT;
        return NULL;
    }
    t = mm_arena_array(a, room == 0 ? 1 : room, sizeof(*t));
    *ret_code = t == NULL ? MM_E_NOMEM : MM_OK;
    return t;
}

enum mm_code mm_pat_parse(struct mm_arena *a, struct mm_slice text, struct mm_pat *ret)
{
    enum mm_code code;
    uint16_t *t = tokens(a, text.n, &code);
    size_t n = 0;

    if (t == NULL)
        return code;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        uint8_t next = i + 1 < text.n ? text.p[i + 1] : 0;

        if (c == '\\' && (next == '*' || next == '?' || next == '\\')) {
            t[n++] = next;
            i++;
        } else if (c == '*') {
            if (n == 0 || t[n - 1] != MM_PAT_ANY) /* two stars say no more than one */
                t[n++] = MM_PAT_ANY;
        } else {
            t[n++] = c == '?' ? MM_PAT_ONE : c;
        }
    }
    *ret = (struct mm_pat){.t = t, .n = n};
    return MM_OK;
}

bool mm_pat_wild(const struct mm_pat *p)
{
    for (size_t i = 0; i < p->n; i++) {
        if (p->t[i] > 0xff)
            return true;
    }
    return false;
}

enum mm_code mm_pat_wrap(struct mm_arena *a, bool front, bool back, struct mm_pat *io)
{
    enum mm_code code;
    uint16_t *t = tokens(a, io->n + 2, &code);
    size_t n = 0;

    if (t == NULL)
        return code;
    if (front && (io->n == 0 || io->t[0] != MM_PAT_ANY))
        t[n++] = MM_PAT_ANY;
    for (size_t i = 0; i < io->n; i++)
        t[n++] = io->t[i];
    if (back && (n == 0 || t[n - 1] != MM_PAT_ANY))
        t[n++] = MM_PAT_ANY;
    *io = (struct mm_pat){.t = t, .n = n};
    return MM_OK;
}

/* The code point at tokens[i], its length in *ret_n; a byte that is no UTF-8 counts as Latin-1. */
static uint32_t point_at(const struct mm_pat *p, size_t i, size_t *ret_n)
{
    uint8_t raw[4];
    size_t n = 0, len;

    while (n < 4 && i + n < p->n && p->t[i + n] <= 0xff) {
        raw[n] = (uint8_t)p->t[i + n];
        n++;
    }
    MM_ASSERT(n > 0);
    len = mm_utf8_len(mm_slice_of(raw, n), 0);
    *ret_n = len == 0 ? 1 : len;
    switch (len) {
    case 2:
        return (uint32_t)(raw[0] & 0x1f) << 6 | (raw[1] & 0x3fU);
    case 3:
        return (uint32_t)(raw[0] & 0x0f) << 12 | (uint32_t)(raw[1] & 0x3f) << 6 | (raw[2] & 0x3fU);
    case 4:
        return (uint32_t)(raw[0] & 0x07) << 18 | (uint32_t)(raw[1] & 0x3f) << 12 |
               (uint32_t)(raw[2] & 0x3f) << 6 | (raw[3] & 0x3fU);
    default:
        return raw[0];
    }
}

static size_t put_unit(uint16_t *t, uint32_t unit, bool big)
{
    t[big ? 0 : 1] = (uint16_t)(unit >> 8 & 0xff);
    t[big ? 1 : 0] = (uint16_t)(unit & 0xff);
    return 2;
}

enum mm_code mm_pat_utf16(struct mm_arena *a, bool big, bool bom, struct mm_pat *io)
{
    enum mm_code code;
    uint16_t *t = tokens(a, io->n * 2 + 2, &code); /* io->n is at most MM_PAT_MAX */
    size_t n = 0, i = 0;

    if (t == NULL)
        return code;
    if (bom)
        n += put_unit(t, 0xfeff, big);
    while (i < io->n) {
        size_t len;
        uint32_t c;

        if (io->t[i] > 0xff) {
            t[n++] = io->t[i++];
            continue;
        }
        c = point_at(io, i, &len);
        i += len;
        if (c < 0x10000) {
            n += put_unit(t + n, c, big);
        } else {
            n += put_unit(t + n, 0xd800 + ((c - 0x10000) >> 10), big);
            n += put_unit(t + n, 0xdc00 + ((c - 0x10000) & 0x3ff), big);
        }
    }
    *io = (struct mm_pat){.t = t, .n = n};
    return MM_OK;
}

/* Base64 with '=' padding of `lead` spaces and the tokens (all bytes), into t; returns the length.
 */
static size_t base64(uint16_t *t, const struct mm_pat *p, size_t lead)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = 0, total = p->n + lead;

    for (size_t i = 0; i < total; i += 3) {
        uint32_t w = 0;

        for (size_t k = 0; k < 3; k++) {
            uint32_t byte = 0;

            if (i + k < lead)
                byte = ' ';
            else if (i + k < total)
                byte = p->t[i + k - lead];
            w = w << 8 | byte;
        }
        for (size_t k = 0; k < 4; k++)
            t[n++] = i + k > total ? '=' : (uint8_t)digits[w >> (18 - 6 * k) & 0x3f];
    }
    return n;
}

enum mm_code mm_pat_base64(struct mm_arena *a, struct mm_pat *io)
{
    enum mm_code code;
    uint16_t *t = tokens(a, io->n / 3 * 4 + 8, &code);

    if (t == NULL)
        return code;
    if (mm_pat_wild(io))
        return MM_E_SYNTAX;
    *io = (struct mm_pat){.t = t, .n = base64(t, io, 0)};
    return MM_OK;
}

enum mm_code mm_pat_base64offset(struct mm_arena *a, unsigned shift, struct mm_pat *io)
{
    /* Digits that also hold bits of what stands before or behind are cut off. */
    static const size_t cut_front[3] = {0, 2, 3};
    static const size_t cut_back[3] = {0, 3, 2};
    enum mm_code code;
    uint16_t *t = tokens(a, io->n / 3 * 4 + 12, &code);
    size_t n;

    MM_ASSERT(shift < 3);
    if (t == NULL)
        return code;
    if (mm_pat_wild(io) || io->n == 0)
        return MM_E_SYNTAX;
    n = base64(t, io, shift) - cut_back[(io->n + shift) % 3];
    if (n <= cut_front[shift])
        return MM_E_SYNTAX; /* one byte shifted leaves nothing that is its own */
    *io = (struct mm_pat){.t = t + cut_front[shift], .n = n - cut_front[shift]};
    return MM_OK;
}

static bool word_byte(uint16_t t)
{
    return (t >= '0' && t <= '9') || (t >= 'a' && t <= 'z') || (t >= 'A' && t <= 'Z') || t == '_' ||
           (t >= 0x80 && t <= 0xff);
}

static const struct mm_slice dashes[5] = {MM_S_INIT("-"), MM_S_INIT("/"), MM_S_INIT("\xe2\x80\x93"),
                                          MM_S_INIT("\xe2\x80\x94"), MM_S_INIT("\xe2\x80\x95")};

/* Length of the dash at token i when it stands in front of a word and not inside one, else 0. */
static size_t dash_at(const struct mm_pat *p, size_t i)
{
    for (size_t d = 0; d < MM_COUNT(dashes); d++) {
        size_t n = dashes[d].n, k = 0;

        while (k < n && i + k < p->n && p->t[i + k] == dashes[d].p[k])
            k++;
        if (k == n && i + n < p->n && word_byte(p->t[i + n]) && (i == 0 || !word_byte(p->t[i - 1])))
            return n;
    }
    return 0;
}

enum mm_code mm_pat_windash(struct mm_arena *a, const struct mm_pat *p, struct mm_pat *ret,
                            size_t *ret_n)
{
    size_t count = 1, dash_n = 0;

    for (size_t i = 0; i < p->n; i++) {
        if (dash_at(p, i) == 0)
            continue;
        if (++dash_n > MM_PAT_MAX_DASHES)
            return MM_E_LIMIT;
        count *= MM_COUNT(dashes);
    }
    for (size_t v = 0; v < count; v++) {
        enum mm_code code;
        uint16_t *t = tokens(a, p->n + 2 * dash_n, &code);
        size_t n = 0, choice = v;

        if (t == NULL)
            return code;
        for (size_t i = 0; i < p->n;) {
            size_t len = dash_at(p, i);

            if (len == 0) {
                t[n++] = p->t[i++];
                continue;
            }
            for (size_t k = 0; k < dashes[choice % 5].n; k++)
                t[n++] = dashes[choice % 5].p[k];
            choice /= 5;
            i += len;
        }
        ret[v] = (struct mm_pat){.t = t, .n = n};
    }
    *ret_n = count;
    return MM_OK;
}

/* Fold the bytes among the tokens; wildcards stay. */
static enum mm_code fold_tokens(struct mm_arena *a, const struct mm_pat *p, struct mm_pat *ret)
{
    uint16_t *t = mm_arena_array(a, mm_fold_room(p->n), sizeof(*t));
    uint8_t *in = mm_arena_bytes(a, p->n + 1), *out = mm_arena_bytes(a, mm_fold_room(p->n));
    size_t n = 0, i = 0;

    if (t == NULL || in == NULL || out == NULL)
        return MM_E_NOMEM;
    while (i < p->n) {
        size_t run = 0, folded;

        while (i + run < p->n && p->t[i + run] <= 0xff) {
            in[run] = (uint8_t)p->t[i + run];
            run++;
        }
        if (run == 0) {
            t[n++] = p->t[i++];
            continue;
        }
        folded = mm_fold(out, mm_slice_of(in, run));
        for (size_t k = 0; k < folded; k++)
            t[n++] = out[k];
        i += run;
    }
    *ret = (struct mm_pat){.t = t, .n = n};
    return MM_OK;
}

static bool make_part(struct mm_arena *a, const uint16_t *t, size_t n, struct mm_glob_part *ret)
{
    uint8_t *text = mm_arena_bytes(a, n + 1);

    if (text == NULL)
        return false;
    *ret = (struct mm_glob_part){.t = t, .n = n};
    for (size_t i = 0; i < n; i++) {
        if (t[i] == MM_PAT_ONE)
            ret->has_one = true;
        else
            text[i] = (uint8_t)t[i];
    }
    if (!ret->has_one)
        ret->text = mm_slice_of(text, n);
    return true;
}

enum mm_code mm_glob_make(struct mm_arena *a, const struct mm_pat *p, bool cased,
                          struct mm_glob *ret)
{
    struct mm_pat f = *p;
    struct mm_glob g = {0};
    size_t stars = 0, from = 0;

    if (!cased) {
        enum mm_code code = fold_tokens(a, p, &f);

        if (code != MM_OK)
            return code;
    }
    for (size_t i = 0; i < f.n; i++)
        stars += f.t[i] == MM_PAT_ANY;
    g.open_front = f.n > 0 && f.t[0] == MM_PAT_ANY;
    g.open_back = f.n > 0 && f.t[f.n - 1] == MM_PAT_ANY;
    g.part = mm_arena_array(a, stars + 1, sizeof(*g.part));
    if (g.part == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i <= f.n; i++) {
        if (i < f.n && f.t[i] != MM_PAT_ANY)
            continue;
        if (i > from && !make_part(a, f.t + from, i - from, &g.part[g.part_n++]))
            return MM_E_NOMEM;
        from = i + 1;
    }
    *ret = g;
    return MM_OK;
}

/* Does the part stand at text[at]? *ret_end is where it ends. */
static bool part_at(const struct mm_glob_part *part, struct mm_slice text, size_t at,
                    size_t *ret_end)
{
    for (size_t i = 0; i < part->n; i++) {
        if (at >= text.n)
            return false;
        if (part->t[i] == MM_PAT_ONE) {
            size_t len = mm_utf8_len(text, at);

            at += len == 0 ? 1 : len;
        } else if (part->t[i] == text.p[at]) {
            at++;
        } else {
            return false;
        }
    }
    *ret_end = at;
    return true;
}

/* First place at or after `from` where the part stands. */
static bool part_find(const struct mm_glob_part *part, struct mm_slice text, size_t from,
                      size_t *ret_end)
{
    if (!part->has_one) {
        size_t at = mm_slice_search(mm_slice_sub(text, from, SIZE_MAX), part->text);

        if (at == SIZE_MAX)
            return false;
        *ret_end = from + at + part->n;
        return true;
    }
    for (size_t at = from; at < text.n; at++) {
        if (part_at(part, text, at, ret_end))
            return true;
    }
    return false;
}

/* Does the part stand at the very end of text, beginning at or after `from`? */
static bool part_ends(const struct mm_glob_part *part, struct mm_slice text, size_t from)
{
    size_t end;

    if (!part->has_one)
        return text.n - from >= part->n && mm_slice_ends(text, part->text);
    /* A "?" may take 1 to 4 bytes, so the beginning isn't known: try those that can be. */
    for (size_t at = from; at < text.n; at++) {
        if (text.n - at <= part->n * 4 && part_at(part, text, at, &end) && end == text.n)
            return true;
    }
    return false;
}

bool mm_glob_match(const struct mm_glob *g, struct mm_slice text)
{
    size_t at = 0, i = 0, n = g->part_n;

    if (n == 0)
        return g->open_front || text.n == 0;
    if (!g->open_front) {
        if (!part_at(&g->part[0], text, 0, &at))
            return false;
        i = 1;
        if (n == 1)
            return g->open_back || at == text.n;
    }
    for (; i + 1 < n || (i < n && g->open_back); i++) {
        if (!part_find(&g->part[i], text, at, &at))
            return false;
    }
    return i == n || part_ends(&g->part[i], text, at);
}
