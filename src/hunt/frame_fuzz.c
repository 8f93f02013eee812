/*
 * hunt/frame_fuzz.c - whatever a child writes: a frame lies inside it, the next begins behind it,
 * written again it is the same bytes.
 */
#include "hunt/frame.h"

#include "tests/harness/test.h"

static void inside(struct mm_slice in, struct mm_slice part, size_t max)
{
    MM_ASSERT(part.n <= max);
    MM_ASSERT(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

FUZZ(in)
{
    struct mm_rd rd = mm_rd_of(in), tells;
    struct mm_slice name, value;
    struct mm_hunt_frame f;
    struct mm_buf again;

    mm_buf_init(&again, 2 * (size_t)MM_HF_MAX);
    for (;;) {
        size_t from = rd.pos;

        if (mm_hunt_frame_read(&rd, &f) != MM_OK) {
            MM_ASSERT(rd.pos == from);
            break;
        }
        inside(in, f.name, MM_HF_MAX_NAME);
        inside(in, f.host, MM_HF_MAX_TEXT);
        inside(in, f.user, MM_HF_MAX_TEXT);
        inside(in, f.entity, MM_HF_MAX_TEXT);
        inside(in, f.event, MM_HF_MAX_EVENT);
        mm_buf_reset(&again);
        mm_hunt_frame_put(&again, &f);
        MM_ASSERT(mm_slice_eq(mm_buf_slice(&again), mm_slice_sub(in, from, rd.pos - from)));
        tells = mm_rd_of(f.tells);
        while (mm_hunt_frame_tell(&tells, &name, &value)) {
            inside(f.tells, name, MM_HF_MAX_TEXT);
            inside(f.tells, value, MM_HF_MAX_TEXT);
        }
    }
    mm_buf_done(&again);
}
