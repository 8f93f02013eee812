/* hunt/packed.c - see packed.h for the contract. */
#include "hunt/packed.h"

#include <stdio.h>

struct unpacking {
    struct mm_archive *a;
    uint64_t out, out_max;
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

/* One member; what came of it. */
static enum mm_hunt_state one_member(struct mm_hunt_worker *w, struct unpacking *u,
                                     const struct mm_archive_member *m)
{
    enum mm_hunt_state state;
    struct mm_feed feed;

    mm_feed_init(&feed, read_member, u);
    if (m->changed_us > 0)
        w->received_us = m->changed_us;
    if (mm_archive_is(mm_feed_head(&feed)))
        return MM_HUNT_NESTED;
    state = feed.failed && feed.head_n == 0 && m->encrypted ? MM_HUNT_LOCKED
                                                            : mm_hunt_read_stream(w, &feed);
    return u->bomb ? MM_HUNT_BOMB : state;
}

enum mm_hunt_state mm_hunt_read_packed(struct mm_hunt_worker *w, uint32_t part,
                                       const struct mm_archive_source *source, uint64_t size)
{
    struct unpacking u = {.out_max = MM_PACKED_FLOOR};
    struct mm_archive_member m = {.regular = false};
    size_t members = 0;
    enum mm_code c = mm_archive_new(source, &u.a);
    enum mm_hunt_state state = MM_HUNT_PACKED;

    if (size > MM_PACKED_FLOOR / MM_PACKED_RATIO_MAX && size < UINT64_MAX / MM_PACKED_RATIO_MAX)
        u.out_max = size * MM_PACKED_RATIO_MAX;
    while (c == MM_OK && !u.bomb && !w->failed && (c = mm_archive_next(u.a, &m)) == MM_OK) {
        if (!m.regular)
            continue;
        if (members++ == MM_PACKED_MEMBERS_MAX) {
            u.bomb = true;
            break;
        }
        if (m.name.n == 0) {
            /* One packed file is that file. */
            state = one_member(w, &u, &m);
            break;
        }
        mm_hunt_begin(w, part, m.name);
        mm_hunt_end(w, one_member(w, &u, &m));
    }
    /* What members brought was told as theirs. */
    if (members > 0 && m.name.n > 0)
        mm_hunt_begin_sums(w);
    if (u.bomb)
        state = MM_HUNT_BOMB;
    else if (c != MM_E_NOTFOUND && c != MM_OK)
        state = MM_HUNT_DAMAGED;
    mm_archive_free(&u.a);
    return state;
}
