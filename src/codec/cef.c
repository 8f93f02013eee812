/* codec/cef.c - see cef.h for the contract. */
#include "codec/cef.h"

#include "base/rd.h"

/* Bytes of a key: the specification has letters and digits, devices add a few. */
static const bool is_key[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['_'] = true,
    ['.'] = true,         ['-'] = true,         ['['] = true,         [']'] = true,
};

/* Up to a `|` that no backslash escapes, which is consumed; false when there is none. */
static bool header_part(struct mm_rd *rd, struct mm_slice *ret, bool *ret_escaped)
{
    size_t at = rd->pos;

    *ret_escaped = false;
    while (at < rd->in.n && rd->in.p[at] != '|') {
        if (rd->in.p[at] == '\\' && at + 1 < rd->in.n) {
            *ret_escaped = true;
            at++;
        }
        at++;
    }
    *ret = mm_slice_trim(mm_slice_sub(rd->in, rd->pos, at - rd->pos));
    if (at >= rd->in.n)
        return false;
    rd->pos = at + 1;
    return true;
}

enum mm_code mm_cef_parse(struct mm_slice in, struct mm_cef *ret, struct mm_fault *fault)
{
    static const char *const whats[MM_CEF_PARTS] = {
        "cef.version", "cef.vendor", "cef.product", "cef.device_version",
        "cef.class",   "cef.name",   "cef.severity"};
    size_t front = mm_slice_search(mm_slice_sub(in, 0, MM_CEF_MAX_FRONT), MM_S("CEF:"));
    struct mm_rd rd = mm_rd_of(in);
    struct mm_cef cef = {0};
    uint64_t version;

    MM_ASSERT(ret != NULL);
    if (front == SIZE_MAX)
        return mm_fail(fault, MM_E_SYNTAX, 0, "cef.begin");
    rd.pos = front + 4;
    for (size_t i = 0; i < MM_CEF_PARTS; i++) {
        bool more = header_part(&rd, &cef.part[i], &cef.escaped[i]);

        if (i == MM_CEF_VERSION && !mm_slice_u64(cef.part[i], &version))
            return mm_fail(fault, MM_E_SYNTAX, rd.pos, whats[i]);
        /* Behind the severity there may be nothing, not even a `|`. */
        if (!more && (i != MM_CEF_SEVERITY || cef.part[i].n == 0))
            return mm_fail(fault, MM_E_SYNTAX, rd.pos, whats[i]);
        if (!more)
            rd.pos = in.n;
    }
    cef.extension = mm_slice_trim(mm_rd_rest(&rd));
    *ret = cef;
    return MM_OK;
}

/* The next `=` at or behind `from` with a key in front of it that begins the text or follows a
 * blank; an escaped one has a backslash there. A look back ends at the `=` before, so all of them
 * together are linear. */
static void find_key(struct mm_cef_walk *w, size_t from)
{
    size_t floor = from, at = from;

    w->key = w->in.n;
    w->value = w->in.n;
    while ((at = mm_slice_find(w->in, '=', at)) != SIZE_MAX) {
        size_t key = at;

        while (key > floor && is_key[w->in.p[key - 1]])
            key--;
        if (key < at && (key == 0 || w->in.p[key - 1] == ' ' || w->in.p[key - 1] == '\t')) {
            w->key = key;
            w->value = at + 1;
            return;
        }
        /* A row of them is no key either. */
        while (at + 1 < w->in.n && w->in.p[at + 1] == '=')
            at++;
        floor = ++at;
    }
}

size_t mm_cef_walk(struct mm_cef_walk *walk, struct mm_slice extension)
{
    *walk = (struct mm_cef_walk){.in = mm_slice_trim(extension)};
    find_key(walk, 0);
    walk->pos = walk->key;
    return walk->key;
}

bool mm_cef_next(struct mm_cef_walk *walk, struct mm_cef_pair *ret)
{
    size_t key = walk->key, value = walk->value;

    MM_ASSERT(key <= value && value <= walk->in.n);
    if (key >= walk->in.n)
        return false;
    find_key(walk, value);
    walk->pos = walk->key;
    ret->key = mm_slice_sub(walk->in, key, value - 1 - key);
    ret->value = mm_slice_trim(mm_slice_sub(walk->in, value, walk->key - value));
    /* Values come in order: most have the next backslash of the line far behind them. */
    if (walk->slash < value)
        walk->slash = mm_slice_find(walk->in, '\\', value);
    ret->escaped = walk->slash < walk->key;
    return true;
}

bool mm_cef_is_label(struct mm_slice key)
{
    uint8_t before;

    if (key.n < 6 || !mm_slice_ends(key, MM_S("Label")))
        return false;
    before = key.p[key.n - 6];
    return before >= '0' && before <= '9';
}

size_t mm_cef_labels(struct mm_slice extension, struct mm_cef_label ret[MM_CEF_MAX_LABELS])
{
    static const struct mm_slice mark = MM_S_INIT("Label=");
    struct mm_cef_walk walk = {.in = mm_slice_trim(extension)};
    struct mm_slice in = walk.in;
    size_t n = 0, at = 0, hit;

    while (n < MM_CEF_MAX_LABELS &&
           (hit = mm_slice_search(mm_slice_sub(in, at, SIZE_MAX), mark)) != SIZE_MAX) {
        size_t end = at + hit + mark.n - 1, key = end;
        struct mm_slice name, value;

        while (key > at && is_key[in.p[key - 1]])
            key--;
        at = end + 1;
        name = mm_slice_sub(in, key, end - key);
        if (!mm_cef_is_label(name) || (key > 0 && in.p[key - 1] != ' ' && in.p[key - 1] != '\t'))
            continue;
        find_key(&walk, at);
        value = mm_slice_trim(mm_slice_sub(in, at, walk.key - at));
        at = walk.key;
        if (value.n == 0)
            continue;
        ret[n].key = mm_slice_sub(name, 0, name.n - 5);
        ret[n].name = value;
        n++;
    }
    return n;
}

bool mm_cef_unescape(struct mm_arena *arena, struct mm_slice raw, struct mm_slice *ret)
{
    uint8_t *out = mm_arena_bytes(arena, raw.n);
    size_t n = 0;

    if (out == NULL)
        return false;
    for (size_t i = 0; i < raw.n; i++) {
        uint8_t c = raw.p[i], next = i + 1 < raw.n ? raw.p[i + 1] : 0;

        if (c == '\\' && (next == '\\' || next == '|' || next == '='))
            out[n++] = raw.p[++i];
        else if (c == '\\' && (next == 'n' || next == 'r'))
            out[n++] = raw.p[++i] == 'n' ? '\n' : '\r';
        else
            out[n++] = c;
    }
    *ret = mm_slice_of(out, n);
    return true;
}
