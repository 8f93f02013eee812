/* codec/kv.c - see kv.h for the contract. */
#include "codec/kv.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* What a key may be made of; anything else before the assign sign makes it a stray word. */
static const bool is_key[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['_'] = true, ['-'] = true,
    ['.'] = true,         ['['] = true,         [']'] = true,         ['@'] = true, ['/'] = true,
};

bool mm_kv_is_key(uint8_t c)
{
    return is_key[c];
}

void mm_kv_init(struct mm_kv *kv, struct mm_slice in, struct mm_kv_style style)
{
    MM_ASSERT(!is_key[style.assign] && !is_key[style.gap]);
    MM_ASSERT(style.assign != 0 && style.gap != 0 && style.assign != style.gap);
    MM_ASSERT(style.quote == 0 || style.quote != style.escape);
    MM_ASSERT(style.quote2 == 0 || (style.quote2 != style.escape && style.quote != 0));
    MM_ASSERT(!style.words || (style.gap != ' ' && style.assign != ' ' && !style.spaces));
    *kv = (struct mm_kv){.in = in, .style = style};
}

/* Offset of the first byte a or b at or behind `at`, or in.n. Values are short: 16 bytes at a time
 * from where they begin beat a call of memchr. */
static size_t either(struct mm_slice in, size_t at, uint8_t a, uint8_t b)
{
#if defined(__SSE2__)
    const __m128i va = _mm_set1_epi8((char)a), vb = _mm_set1_epi8((char)b);

    while (in.n - at >= 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in.p + at));
        int hit = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(v, va), _mm_cmpeq_epi8(v, vb)));

        if (hit != 0)
            return at + (size_t)__builtin_ctz((unsigned)hit);
        at += 16;
    }
#endif
    while (at < in.n && in.p[at] != a && in.p[at] != b)
        at++;
    return at;
}

/* Offset of the first byte at or behind `at` that no key is made of, or in.n. */
static size_t key_end(struct mm_slice in, size_t at)
{
#if defined(__SSE2__)
    if (in.n - at >= 16) {
        /* The same set as the table: '-' to '9' without ':', letters by folding case, five more. */
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(in.p + at));
        __m128i low = _mm_or_si128(v, _mm_set1_epi8(0x20));
        __m128i digits = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('-' - 1)),
                                       _mm_cmplt_epi8(v, _mm_set1_epi8('9' + 1)));
        __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(low, _mm_set1_epi8('a' - 1)),
                                        _mm_cmplt_epi8(low, _mm_set1_epi8('z' + 1)));
        __m128i more =
            _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('_')),
                         _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('@')),
                                      _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('[')),
                                                   _mm_cmpeq_epi8(v, _mm_set1_epi8(']')))));
        int key = _mm_movemask_epi8(_mm_or_si128(digits, _mm_or_si128(letters, more)));

        if (key != 0xFFFF)
            return at + (size_t)__builtin_ctz(~(unsigned)key);
        at += 16;
    }
#endif
    while (at < in.n && is_key[in.p[at]])
        at++;
    return at;
}

static size_t quoted_value(const struct mm_kv *kv, size_t at, uint8_t quote,
                           struct mm_kv_pair *pair)
{
    const uint8_t *p = kv->in.p;
    size_t from = at;

    pair->quoted = true;
    for (;;) {
        at = either(kv->in, at, quote, kv->style.escape);
        if (at >= kv->in.n || p[at] == quote)
            break;
        /* A NUL stands for "no escape": there it is an ordinary byte. */
        if (kv->style.escape != 0 && at + 1 < kv->in.n) {
            pair->escaped = true;
            at++;
        }
        at++;
    }
    pair->value = mm_slice_sub(kv->in, from, at - from);
    if (at >= kv->in.n) {
        pair->torn = true;
        return at;
    }
    return at + 1;
}

/* Where the value that holds gaps ends: before the gap that precedes the next `key=`. */
static size_t spaced_end(const struct mm_kv *kv, size_t from)
{
    const uint8_t *p = kv->in.p;
    size_t end = SIZE_MAX; /* a gap behind which only key bytes stood so far */
    size_t key = 0;        /* where they begin */

    for (size_t at = from; at < kv->in.n; at++) {
        if (p[at] == kv->style.gap) {
            end = at;
            key = at + 1;
        } else if (p[at] == ' ' && at == key && end != SIZE_MAX) {
            key = at + 1; /* "a: 1, b: 2" */
        } else if (p[at] == kv->style.escape && kv->style.escape != 0 && at + 1 < kv->in.n) {
            at++;
            end = SIZE_MAX;
        } else if (p[at] == kv->style.assign && end != SIZE_MAX && at > key) {
            return end;
        } else if (!is_key[p[at]]) {
            end = SIZE_MAX;
        }
    }
    return kv->in.n;
}

static size_t plain_value(const struct mm_kv *kv, size_t at, struct mm_kv_pair *pair)
{
    size_t from = at;

    if (kv->style.spaces) {
        at = spaced_end(kv, from);
        pair->value = mm_slice_trim(mm_slice_sub(kv->in, from, at - from));
    } else {
        at = either(kv->in, at, kv->style.gap, kv->style.gap);
        pair->value = mm_slice_sub(kv->in, from, at - from);
        if (kv->style.words)
            pair->value = mm_slice_trim(pair->value);
    }
    pair->escaped = kv->style.escape != 0 &&
                    either(pair->value, 0, kv->style.escape, kv->style.escape) < pair->value.n;
    return at;
}

/* Behind a word that is no pair. */
static size_t skip_word(const struct mm_kv *kv, size_t at)
{
    while (at < kv->in.n && kv->in.p[at] != kv->style.gap)
        at++;
    return at;
}

/* The pair whose key stands at [from, at), an assignment behind it; returns where it ends. */
static size_t pair_at(const struct mm_kv *kv, size_t from, size_t at, struct mm_kv_pair *ret)
{
    const uint8_t *p = kv->in.p;
    size_t n = kv->in.n;

    /* Field by field: copying a whole pair that was just written waits for its stores. */
    ret->key.p = p + from;
    ret->key.n = at - from;
    ret->quoted = ret->escaped = ret->torn = false;
    at++;
    if (kv->style.words) {
        while (p[from + ret->key.n - 1] == ' ') /* the first byte is none */
            ret->key.n--;
        while (at < n && p[at] == ' ')
            at++;
    }
    if (at < n && p[at] != 0 && (p[at] == kv->style.quote || p[at] == kv->style.quote2))
        return quoted_value(kv, at + 1, p[at], ret);
    return plain_value(kv, at, ret);
}

bool mm_kv_next(struct mm_kv *kv, struct mm_kv_pair *ret, size_t *ret_stray)
{
    const uint8_t *p = kv->in.p;
    size_t at = kv->pos, n = kv->in.n;

    MM_ASSERT(at <= n);
    while (at < n) {
        size_t from;

        while (at < n && (p[at] == kv->style.gap || p[at] == ' '))
            at++;
        from = at;
        at = kv->style.words ? either(kv->in, from, kv->style.assign, kv->style.gap)
                             : key_end(kv->in, from);
        if (at < n && p[at] == kv->style.assign && at > from) {
            kv->pos = pair_at(kv, from, at, ret);
            return true;
        }
        if (at < n || at > from) {
            at = skip_word(kv, at);
            if (ret_stray != NULL)
                (*ret_stray)++;
        }
    }
    kv->pos = n;
    return false;
}

bool mm_kv_unescape(struct mm_arena *arena, struct mm_slice raw, uint8_t escape,
                    struct mm_slice *ret)
{
    uint8_t *out = mm_arena_bytes(arena, raw.n);
    size_t n = 0;

    if (out == NULL)
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        if (raw.p[i] == escape && i + 1 < raw.n)
            i++;
        out[n++] = raw.p[i];
    }
    *ret = mm_slice_of(out, n);
    return true;
}
