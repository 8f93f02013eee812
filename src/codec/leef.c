/* codec/leef.c - see leef.h for the contract. */
#include "codec/leef.h"

#include "base/rd.h"

static bool is_key(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* A delimiter as the header of version 2.0 writes it: nothing (tab), one byte, 0x5E or x5E. */
static bool read_gap(struct mm_slice s, uint8_t *ret)
{
    struct mm_slice hex = s;
    uint64_t v;

    if (s.n == 0) {
        *ret = '\t';
        return true;
    }
    if (s.n == 1) {
        *ret = s.p[0];
        return *ret != '=';
    }
    if (mm_slice_starts(hex, MM_S("0")))
        hex = mm_slice_sub(hex, 1, SIZE_MAX);
    if (hex.n < 2 || (hex.p[0] != 'x' && hex.p[0] != 'X') ||
        !mm_slice_hex(mm_slice_sub(hex, 1, SIZE_MAX), &v) || v == 0 || v > 0xFF || v == '=')
        return false;
    *ret = (uint8_t)v; /* at most 0xFF */
    return true;
}

/* Tabs that are not there although the header promises them: what stands in their place. */
static void find_tabs(struct mm_leef *leef)
{
    if (leef->gap != '\t' || mm_slice_find(leef->pairs, '\t', 0) != SIZE_MAX)
        return;
    leef->escaped = mm_slice_search(leef->pairs, MM_S("#011")) != SIZE_MAX;
    leef->blanks = !leef->escaped;
    if (leef->blanks)
        leef->gap = ' ';
}

enum mm_code mm_leef_parse(struct mm_slice in, struct mm_leef *ret, struct mm_fault *fault)
{
    static const char *const whats[MM_LEEF_PARTS] = {"leef.version", "leef.vendor", "leef.product",
                                                     "leef.product_version", "leef.event"};
    size_t front = mm_slice_search(mm_slice_sub(in, 0, MM_LEEF_MAX_FRONT), MM_S("LEEF:"));
    struct mm_rd rd = mm_rd_of(in);
    struct mm_leef leef = {.gap = '\t'};
    struct mm_slice gap;

    MM_ASSERT(ret != NULL);
    if (front == SIZE_MAX)
        return mm_fail(fault, MM_E_SYNTAX, 0, "leef.begin");
    rd.pos = front + 5;
    for (size_t i = 0; i < MM_LEEF_PARTS; i++) {
        /* A record without pairs may end behind the event's name. */
        if (!mm_rd_until(&rd, '|', &leef.part[i])) {
            if (i != MM_LEEF_EVENT || mm_rd_left(&rd) == 0)
                return mm_fail(fault, MM_E_SYNTAX, rd.pos, whats[i]);
            leef.part[i] = mm_rd_rest(&rd);
            rd.pos = in.n;
        }
        leef.part[i] = mm_slice_trim(leef.part[i]);
    }
    if (!mm_slice_eq(leef.part[MM_LEEF_VERSION], MM_S("1.0")) &&
        !mm_slice_eq(leef.part[MM_LEEF_VERSION], MM_S("2.0")))
        return mm_fail(fault, MM_E_SYNTAX, front + 5, "leef.version");
    if (leef.part[MM_LEEF_VERSION].p[0] == '2') {
        size_t pos = rd.pos;

        if (!mm_rd_until(&rd, '|', &gap) || !read_gap(gap, &leef.gap))
            rd.pos = pos;
    }
    leef.pairs = mm_rd_rest(&rd);
    find_tabs(&leef);
    *ret = leef;
    return MM_OK;
}

void mm_leef_walk(struct mm_leef_walk *walk, const struct mm_leef *leef)
{
    *walk = (struct mm_leef_walk){.leef = *leef};
}

/* Where the pair that begins at `from` ends, when pairs end at the blank before the next key. */
static size_t blank_end(struct mm_slice in, size_t from)
{
    size_t end = SIZE_MAX; /* a blank behind which only key bytes stood so far */
    bool assigned = false;

    for (size_t at = from; at < in.n; at++) {
        uint8_t c = in.p[at];

        if (c == '=' && !assigned) {
            assigned = true;
            end = SIZE_MAX;
        } else if (c == '=' && end != SIZE_MAX && at > end + 1) {
            return end;
        } else if (c == ' ') {
            end = at;
        } else if (!is_key(c)) {
            end = SIZE_MAX;
        }
    }
    return in.n;
}

/* The end of the pair at `from`, and behind what parts it from the next. */
static size_t pair_end(const struct mm_leef *leef, size_t from, size_t *ret_next)
{
    struct mm_slice in = leef->pairs;
    size_t end;

    if (leef->blanks) {
        end = blank_end(in, from);
        *ret_next = end;
        return end;
    }
    if (leef->escaped) {
        end = mm_slice_search(mm_slice_sub(in, from, SIZE_MAX), MM_S("#011"));
        end = end == SIZE_MAX ? in.n : from + end;
        *ret_next = mm_min_size(end + 4, in.n);
        return end;
    }
    end = mm_slice_find(in, leef->gap, from);
    end = end == SIZE_MAX ? in.n : end;
    *ret_next = mm_min_size(end + 1, in.n);
    return end;
}

bool mm_leef_next(struct mm_leef_walk *walk, struct mm_leef_pair *ret, size_t *ret_stray)
{
    struct mm_slice in = walk->leef.pairs;

    MM_ASSERT(walk->pos <= in.n);
    while (walk->pos < in.n) {
        struct mm_slice pair;
        size_t end, next, assign;

        while (walk->pos < in.n && (in.p[walk->pos] == ' ' || in.p[walk->pos] == '\t'))
            walk->pos++;
        end = pair_end(&walk->leef, walk->pos, &next);
        pair = mm_slice_trim(mm_slice_sub(in, walk->pos, end - walk->pos));
        walk->pos = next;
        assign = mm_slice_find(pair, '=', 0);
        if (assign != SIZE_MAX && assign > 0) {
            ret->key = mm_slice_trim(mm_slice_sub(pair, 0, assign));
            ret->value = mm_slice_trim(mm_slice_sub(pair, assign + 1, SIZE_MAX));
            if (ret->key.n > 0)
                return true;
        }
        if (pair.n > 0)
            (*ret_stray)++;
    }
    return false;
}
