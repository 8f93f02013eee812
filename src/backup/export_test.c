/* backup/export_test.c - promises of what is handed to a company. */
#include "backup/export.h"

#include "codec/ext/json.h"
#include "tests/harness/test.h"

TEST(exported_alert_is_one_json_object_whatever_stands_in_it)
{
    const struct mm_alert a = {.seq = 7,
                               .queue = 3,
                               .source = 9,
                               .time_us = 1,
                               .received_us = 1000000,
                               .events = 2,
                               .level = MM_LEVEL_HIGH,
                               .rule_id = MM_S("r-1"),
                               .title = MM_S("a \"title\"\n"),
                               .entity = MM_S("\xff\x01"),
                               .event = MM_S("{\"a\":1}")};
    struct mm_json *j = mm_json_new(65536);
    struct mm_json_doc doc;
    struct mm_arena arena;
    struct mm_buf out;

    mm_arena_init(&arena, 65536);
    mm_buf_init(&out, 65536);
    mm_export_alert(&out, &a);
    CHECK(mm_buf_ok(&out) && mm_slice_find(mm_buf_slice(&out), '\n', 0) == SIZE_MAX);
    CHECK(mm_json_parse(j, mm_buf_slice(&out), &arena, &doc, NULL) == MM_OK);
    CHECK_SLICE(mm_json_get(&doc, 0, MM_S("rule_title"))->text, "a \"title\"\n");
    CHECK_SLICE(mm_json_get(&doc, 0, MM_S("level"))->text, "high");
    CHECK_SLICE(mm_json_get(&doc, 0, MM_S("received"))->text, "1970-01-01T00:00:01Z");
    CHECK_SLICE(mm_json_get(&doc, 0, MM_S("seq"))->text, "7");
    CHECK_SLICE(mm_json_get(&doc, 0, MM_S("event"))->text, "{\"a\":1}");
    mm_buf_done(&out);
    mm_arena_done(&arena);
    mm_json_free(&j);
}
