/* codec/kv.c - see kv.h for the contract. */
#include "codec/kv.h"

void mm_kv_init(struct mm_kv *kv, struct mm_slice in, struct mm_kv_style style)
{
    MM_ASSERT(style.assign != 0 && style.gap != 0 && style.assign != style.gap);
    MM_ASSERT(style.quote == 0 || style.quote != style.escape);
    *kv = (struct mm_kv){.in = in, .style = style};
}

/* What a key may be made of; anything else before the assign sign makes it a stray word. */
static bool is_key(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '[' || c == ']' || c == '@' || c == '/';
}

static size_t quoted_value(const struct mm_kv *kv, size_t at, struct mm_kv_pair *pair)
{
    const uint8_t *p = kv->in.p;
    size_t from = at;

    pair->quoted = true;
    while (at < kv->in.n && p[at] != kv->style.quote) {
        if (p[at] == kv->style.escape && kv->style.escape != 0 && at + 1 < kv->in.n) {
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

    for (size_t at = from; at < kv->in.n; at++) {
        if (p[at] == kv->style.gap) {
            end = at;
        } else if (p[at] == kv->style.escape && kv->style.escape != 0 && at + 1 < kv->in.n) {
            at++;
            end = SIZE_MAX;
        } else if (p[at] == kv->style.assign && end != SIZE_MAX && at > end + 1) {
            return end;
        } else if (!is_key(p[at])) {
            end = SIZE_MAX;
        }
    }
    return kv->in.n;
}

static size_t plain_value(const struct mm_kv *kv, size_t at, struct mm_kv_pair *pair)
{
    const uint8_t *p = kv->in.p;
    size_t from = at;

    if (kv->style.spaces) {
        at = spaced_end(kv, from);
        pair->value = mm_slice_trim(mm_slice_sub(kv->in, from, at - from));
    } else {
        while (at < kv->in.n && p[at] != kv->style.gap)
            at++;
        pair->value = mm_slice_sub(kv->in, from, at - from);
    }
    pair->escaped = kv->style.escape != 0 && pair->value.n > 0 &&
                    mm_slice_find(pair->value, kv->style.escape, 0) != SIZE_MAX;
    return at;
}

/* Behind a word that is no pair. */
static size_t skip_word(const struct mm_kv *kv, size_t at)
{
    while (at < kv->in.n && kv->in.p[at] != kv->style.gap)
        at++;
    return at;
}

bool mm_kv_next(struct mm_kv *kv, struct mm_kv_pair *ret, size_t *ret_stray)
{
    const uint8_t *p = kv->in.p;
    size_t at = kv->pos, n = kv->in.n;

    MM_ASSERT(at <= n);
    while (at < n) {
        struct mm_kv_pair pair = {0};
        size_t from;

        while (at < n && (p[at] == kv->style.gap || p[at] == ' '))
            at++;
        from = at;
        while (at < n && is_key(p[at]) && p[at] != kv->style.assign)
            at++;
        if (at < n && p[at] == kv->style.assign && at > from) {
            pair.key = mm_slice_sub(kv->in, from, at - from);
            at++;
            if (at < n && p[at] == kv->style.quote && kv->style.quote != 0)
                at = quoted_value(kv, at + 1, &pair);
            else
                at = plain_value(kv, at, &pair);
            kv->pos = at;
            *ret = pair;
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
