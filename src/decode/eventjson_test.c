/* decode/eventjson_test.c - what an event is written as reads back as the event. */
#include "decode/eventjson.h"

#include "tests/harness/test.h"

static bool read(struct mm_json *j, struct mm_arena *a, const char *text, struct mm_event *ev,
                 size_t *unfit)
{
    struct mm_json_doc doc;

    mm_event_reset(ev);
    CHECK_NUM(mm_json_parse(j, mm_slice_str(text), a, &doc, NULL), MM_OK);
    return mm_event_of_json(&doc, ev, unfit);
}

TEST(json_of_an_event_reads_back)
{
    struct mm_json *j = mm_json_new(65536);
    struct mm_arena a;
    struct mm_event ev, back;
    struct mm_buf text, again;
    size_t unfit = 9;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&text, 65536);
    mm_buf_init(&again, 65536);
    mm_event_reset(&ev);
    ev.original = MM_S("line \"as\" it came");
    CHECK(mm_event_name(&ev, MM_S("host.name"), MM_S("PC-1")));
    CHECK(mm_event_name(&ev, MM_S("source.ip"), MM_S("192.0.2.1")));
    CHECK(mm_event_name(&ev, MM_S("source.port"), MM_S("443")));
    CHECK(mm_event_name(&ev, MM_S("winlog.event_data.State"), MM_S("x")));
    mm_event_json(&text, &ev, true);
    mm_buf_byte(&text, 0);
    CHECK(read(j, &a, (const char *)text.p, &back, &unfit));
    CHECK_NUM(unfit, 0);
    CHECK_SLICE(back.original, "line \"as\" it came");
    mm_event_json(&again, &back, true);
    CHECK_SLICE(mm_buf_slice(&again), (const char *)text.p);
    CHECK(strstr((const char *)text.p, "\"source.ip\":\"192.0.2.1\"") != NULL);
    CHECK(strstr((const char *)text.p, "\"source.port\":443") != NULL);
    CHECK(strstr((const char *)text.p, "\"winlog.event_data.State\":\"x\"") != NULL);
    mm_buf_done(&text);
    mm_buf_done(&again);
    mm_arena_done(&a);
    mm_json_free(&j);
}

TEST(what_is_no_event_is_said)
{
    struct mm_json *j = mm_json_new(65536);
    struct mm_arena a;
    struct mm_event ev;
    size_t unfit = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK(!read(j, &a, "[1]", &ev, NULL));
    CHECK(!read(j, &a, "7", &ev, NULL));
    CHECK(read(j, &a, "{}", &ev, NULL));
    CHECK(read(j, &a, "{\"source.ip\":\"nowhere\",\"source.port\":1,\"list\":[1],\"none\":null}",
               &ev, &unfit));
    CHECK_NUM(unfit, 1);
    CHECK(mm_event_has(&ev, MM_F_SOURCE_PORT));
    CHECK(!mm_event_has(&ev, MM_F_SOURCE_IP));
    mm_arena_done(&a);
    mm_json_free(&j);
}
