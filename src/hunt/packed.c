/* hunt/packed.c - see packed.h for the contract. */
#include "hunt/packed.h"

#include <stdio.h>

enum { HEADER = 512 }; /* what a member costs without contents: a block of tar */

struct unpacking {
    struct mm_archive *a;
    uint64_t out, out_max;
    size_t members;
    bool bomb;
};

static ssize_t read_member(void *ctx, uint8_t *p, size_t n)
{
    struct unpacking *u = ctx;
    ssize_t got = mm_archive_read(u->a, p, n);

    if (got <= 0)
        return got;
    u->out += (uint64_t)got;
    u->bomb = u->bomb || u->out > u->out_max;
    return u->bomb ? -1 : got;
}

/* One member; what came of it. What nobody reads is unpacked all the same, so that it counts. */
static enum mm_hunt_state one_member(struct mm_hunt_worker *w, struct unpacking *u,
                                     const struct mm_archive_member *m)
{
    enum mm_hunt_state state = MM_HUNT_NESTED;
    struct mm_feed feed;

    mm_feed_init(&feed, read_member, u);
    if (m->changed_us > 0)
        w->received_us = m->changed_us;
    if (!mm_archive_is(mm_feed_head(&feed)))
        state = feed.failed && feed.head_n == 0 && m->encrypted ? MM_HUNT_LOCKED
                                                                : mm_hunt_read_stream(w, &feed);
    while (!feed.failed && read_member(u, w->block, MM_FEED_BLOCK) > 0)
        continue;
    return u->bomb ? MM_HUNT_BOMB : state;
}

/* A member as a file of its own: under its name, or its number when it has none. */
static void tell_member(struct mm_hunt_worker *w, struct unpacking *u, uint32_t part,
                        const struct mm_archive_member *m)
{
    struct mm_slice name = m->name;
    char number[32];

    (void)snprintf(number, sizeof(number), "#%zu", u->members);
    if (name.n == 0)
        name = mm_slice_str(number);
    mm_hunt_begin(w, part, name);
    mm_hunt_end(w, m->regular ? one_member(w, u, m) : MM_HUNT_NO_FILE);
}

/* All members; MM_E_NOTFOUND behind the last. *ret_raw: what came of a packed file without
 * container, which is that file. */
static enum mm_code all_members(struct mm_hunt_worker *w, struct unpacking *u, uint32_t part,
                                enum mm_hunt_state *ret_raw)
{
    struct mm_archive_member m;
    enum mm_code c = MM_OK;

    while (!u->bomb && !w->failed && (c = mm_archive_next(u->a, &m)) == MM_OK) {
        u->out += HEADER;
        u->bomb = u->members++ == MM_PACKED_MEMBERS_MAX || u->out > u->out_max;
        if (u->bomb)
            break;
        if (m.raw) {
            *ret_raw = one_member(w, u, &m);
            return MM_E_NOTFOUND;
        }
        if (!m.folder)
            tell_member(w, u, part, &m);
    }
    return c;
}

enum mm_hunt_state mm_hunt_read_packed(struct mm_hunt_worker *w, uint32_t part,
                                       const struct mm_archive_source *source, uint64_t size)
{
    struct unpacking u = {.out_max = MM_PACKED_FLOOR};
    enum mm_hunt_state state = MM_HUNT_PACKED;
    enum mm_code c = mm_archive_new(source, &u.a);

    if (c == MM_E_LIMIT)
        return MM_HUNT_NESTED;
    if (size > MM_PACKED_FLOOR / MM_PACKED_RATIO_MAX && size < UINT64_MAX / MM_PACKED_RATIO_MAX)
        u.out_max = size * MM_PACKED_RATIO_MAX;
    if (c == MM_OK)
        c = all_members(w, &u, part, &state);
    /* What members brought was told as theirs. */
    if (state == MM_HUNT_PACKED)
        mm_hunt_begin_sums(w);
    if (u.bomb)
        state = MM_HUNT_BOMB;
    else if (c != MM_E_NOTFOUND && c != MM_OK)
        state = MM_HUNT_DAMAGED;
    mm_archive_free(&u.a);
    return state;
}
