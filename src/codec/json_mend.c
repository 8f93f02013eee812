/* codec/json_mend.c - see json_mend.h for the contract. */
#include "codec/json_mend.h"

#include "base/utf8.h"

/* A walk over the document's structure. */
struct mend {
    struct mm_slice in;
    uint8_t closer[MM_JSON_MEND_DEPTH];
    size_t depth;
    size_t safe;       /* up to here everything is whole … */
    size_t safe_depth; /* … but for this many open containers */
    bool key;          /* the next string is a name */
    bool torn;         /* the last value is a string without its end, `safe` is in it */
};

static void mark(struct mend *m, size_t at)
{
    m->safe = at;
    m->safe_depth = m->depth;
}

/* Where the text ends that does not tear a character apart. */
static size_t whole_characters(struct mm_slice in)
{
    for (size_t back = 1; back <= 3 && back <= in.n; back++) {
        uint8_t c = in.p[in.n - back];

        if (c < 0x80)
            break;
        if (c >= 0xC0)
            return mm_utf8_len(in, in.n - back) == 0 ? in.n - back : in.n;
    }
    return in.n;
}

static bool is_hex(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Length of the escape at in[at], 0 when it is cut off, SIZE_MAX when it is none of JSON's. */
static size_t escape(struct mm_slice in, size_t at)
{
    if (at + 1 >= in.n)
        return 0;
    if (in.p[at + 1] != 'u')
        return mm_slice_find(MM_S("\"\\/bfnrt"), in.p[at + 1], 0) == SIZE_MAX ? SIZE_MAX : 2;
    for (size_t i = at + 2; i < at + 6; i++) {
        if (i >= in.n)
            return 0;
        if (!is_hex(in.p[i]))
            return SIZE_MAX;
    }
    return 6;
}

/*
 * The string whose quote is at `at`: the offset behind it, in.n when it has no end, SIZE_MAX when
 * it is no string of JSON.
 */
static size_t string(struct mend *m, size_t at)
{
    size_t cut = m->in.n;

    for (size_t i = at + 1; i < m->in.n; i++) {
        uint8_t c = m->in.p[i];

        if (c == '"') {
            if (!m->key)
                mark(m, i + 1);
            return i + 1;
        }
        if (c == '\\') {
            size_t n = escape(m->in, i);

            if (n == SIZE_MAX)
                return SIZE_MAX;
            if (n == 0) {
                cut = i;
                break;
            }
            i += n - 1;
        }
    }
    if (!m->key) {
        mark(m, cut < m->in.n ? cut : whole_characters(m->in));
        m->torn = true;
    }
    return m->in.n;
}

static bool open_container(struct mend *m, size_t at)
{
    if (m->depth >= MM_JSON_MEND_DEPTH)
        return false;
    m->key = m->in.p[at] == '{';
    m->closer[m->depth++] = m->key ? '}' : ']';
    mark(m, at + 1);
    return true;
}

static bool close_container(struct mend *m, size_t at)
{
    if (m->depth == 0 || m->closer[m->depth - 1] != m->in.p[at])
        return false;
    m->depth--;
    m->key = false;
    mark(m, at + 1);
    return true;
}

static bool walk(struct mend *m)
{
    for (size_t i = 0; i < m->in.n;) {
        switch (m->in.p[i]) {
        case '"':
            if (m->depth == 0)
                return false;
            i = string(m, i);
            if (i == SIZE_MAX)
                return false;
            continue;
        case '{':
        case '[':
            if (!open_container(m, i))
                return false;
            break;
        case '}':
        case ']':
            if (!close_container(m, i))
                return false;
            break;
        case ',':
            if (m->depth == 0)
                return false;
            mark(m, i);
            m->key = m->closer[m->depth - 1] == '}';
            break;
        case ':':
            m->key = false;
            break;
        default:
            break;
        }
        i++;
    }
    return m->safe > 0;
}

bool mm_json_mend(struct mm_arena *arena, struct mm_slice in, struct mm_slice *ret)
{
    struct mend m = {.in = in};
    uint8_t *out;
    size_t n;

    if (!walk(&m))
        return false;
    out = mm_arena_bytes(arena, m.safe + MM_JSON_MEND_MORE);
    if (out == NULL)
        return false;
    memcpy(out, in.p, m.safe);
    n = m.safe;
    if (m.torn)
        out[n++] = '"';
    while (m.safe_depth > 0)
        out[n++] = m.closer[--m.safe_depth];
    MM_ASSERT(n <= in.n + MM_JSON_MEND_MORE);
    *ret = mm_slice_of(out, n);
    return true;
}
