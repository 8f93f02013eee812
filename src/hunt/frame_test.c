/* hunt/frame_test.c - promises of what a reader child tells. */
#include "hunt/frame.h"

#include "tests/harness/test.h"

static struct mm_hunt_frame hit(void)
{
    return (struct mm_hunt_frame){.kind = MM_HF_HIT,
                                  .rule = 7,
                                  .record = 99,
                                  .time_us = -5,
                                  .shown = 1,
                                  .host = MM_S("pc"),
                                  .user = MM_S("sato"),
                                  .entity_field = MM_S("host.name"),
                                  .entity = MM_S("pc"),
                                  .event = MM_S("{}")};
}

TEST(frame_comes_back_as_it_was)
{
    struct mm_hunt_frame f = hit(), back;
    struct mm_hunt_frame end = {.kind = MM_HF_END, .state = MM_HUNT_DAMAGED};
    struct mm_buf out;
    struct mm_rd rd;

    end.sums = (struct mm_hunt_sums){.events = 3, .first_us = -1, .last_us = 2, .seen = 5};
    mm_buf_init(&out, 1024 * 1024);
    mm_hunt_frame_put(&out, &f);
    mm_hunt_frame_put(&out, &end);
    rd = mm_rd_of(mm_buf_slice(&out));
    CHECK(mm_hunt_frame_read(&rd, &back) == MM_OK);
    CHECK(back.kind == MM_HF_HIT && back.rule == 7 && back.record == 99 && back.time_us == -5);
    CHECK_SLICE(back.host, "pc");
    CHECK_SLICE(back.event, "{}");
    CHECK(mm_hunt_frame_read(&rd, &back) == MM_OK);
    CHECK(back.kind == MM_HF_END && back.state == MM_HUNT_DAMAGED && back.sums.events == 3);
    CHECK(back.sums.first_us == -1 && back.sums.last_us == 2 && back.sums.seen == 5);
    CHECK(mm_hunt_frame_read(&rd, &back) == MM_E_MORE);
    mm_buf_done(&out);
}

TEST(frame_waits_for_the_rest_and_refuses_what_is_none)
{
    static const struct mm_slice bad[] = {
        MM_S_INIT("\0\0\0\0"),       /* no kind */
        MM_S_INIT("\x01\0\0\0\x00"), /* no such kind */
        MM_S_INIT("\x01\0\0\0\x63"),
        MM_S_INIT("\xFF\xFF\xFF\x7F\x06"),             /* longer than any */
        MM_S_INIT("\x02\0\0\0\x06x"),                  /* something behind the end */
        MM_S_INIT("\x09\0\0\0\x01\0\0\0\0\xFF\0\0\0"), /* a text longer than the frame */
    };
    struct mm_hunt_frame f = hit(), back = {.rule = 1};
    struct mm_buf out;

    mm_buf_init(&out, 1024 * 1024);
    mm_hunt_frame_put(&out, &f);
    for (size_t n = 0; n < out.n; n++) {
        struct mm_rd rd = mm_rd_of(mm_slice_sub(mm_buf_slice(&out), 0, n));

        CHECK(mm_hunt_frame_read(&rd, &back) == MM_E_MORE);
        CHECK_NUM(rd.pos, 0);
    }
    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        struct mm_rd rd = mm_rd_of(bad[i]);

        CHECK(mm_hunt_frame_read(&rd, &back) == MM_E_SYNTAX);
        CHECK_NUM(back.rule, 1);
    }
    mm_buf_done(&out);
}

TEST(frame_cuts_texts_that_are_too_long)
{
    static uint8_t text[MM_HF_MAX_TEXT + 10];
    struct mm_hunt_frame f = hit(), back;
    struct mm_slice name, value;
    struct mm_buf out, tells;
    struct mm_rd rd;

    memset(text, 'x', sizeof(text));
    f.host = mm_slice_of(text, sizeof(text));
    mm_buf_init(&out, 1024 * 1024);
    mm_buf_init(&tells, MM_HF_MAX_TELLS);
    for (int i = 0; i < 100; i++)
        mm_hunt_frame_put_tell(&tells, MM_S("n"), f.host);
    CHECK(mm_buf_ok(&tells));
    f.tells = mm_buf_slice(&tells);
    mm_hunt_frame_put(&out, &f);
    rd = mm_rd_of(mm_buf_slice(&out));
    CHECK(mm_hunt_frame_read(&rd, &back) == MM_OK);
    CHECK_NUM(back.host.n, MM_HF_MAX_TEXT);
    rd = mm_rd_of(back.tells);
    CHECK(mm_hunt_frame_tell(&rd, &name, &value));
    CHECK_SLICE(name, "n");
    CHECK_NUM(value.n, MM_HF_MAX_TEXT);
    mm_buf_done(&out);
    mm_buf_done(&tells);
}
