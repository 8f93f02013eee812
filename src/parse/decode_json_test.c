/* parse/decode_json_test.c - what the engine makes of JSON lines that no format test can hold. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/time.h"
#include "codec/xml.h"
#include "parse/parse.h"
#include "tests/harness/test.h"

#include "parse/testkit.h"

struct engine {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
};

static struct engine start(void)
{
    struct engine e = {.formats = mm_formats_new(), .scratch = mm_scratch_new()};
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));

    e.ev = calloc(1, sizeof(*e.ev));
    CHECK(e.formats != NULL && e.scratch != NULL && errors != NULL && e.ev != NULL);
    CHECK(mm_formats_load(e.formats, mm_test_source("content/formats"), errors) == MM_OK);
    free(errors);
    mm_arena_init(&e.arena, 16 * 1024 * 1024);
    return e;
}

static void stop(struct engine *e)
{
    mm_arena_done(&e->arena);
    mm_scratch_free(&e->scratch);
    mm_formats_free(&e->formats);
    free(e->ev);
}

static void parse(struct engine *e, struct mm_slice line, uint16_t flags)
{
    struct mm_raw raw = {
        .body = line, .flags = flags, .received_us = INT64_C(1795140000) * MM_US_PER_S};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};

    mm_parse(e->formats, e->scratch, &e->arena, &raw, &hint, e->ev);
}

/* An attacker's script must not hide from the rules by being longer than a record may be. */
TEST(decode_json_reads_what_stands_before_the_cut_of_a_record)
{
    struct engine e = start();
    struct mm_buf line;
    const struct mm_slice *script;

    mm_buf_init(&line, 2 * MM_MAX_LINE);
    mm_buf_str(&line,
               "{\"EventTime\":\"2026-11-20 10:00:00\",\"Hostname\":\"PC1\",\"EventID\":4104,"
               "\"Channel\":\"Microsoft-Windows-PowerShell/Operational\","
               "\"ScriptBlockText\":\"Invoke-Evil ");
    while (line.n < MM_MAX_LINE)
        mm_buf_str(&line, "\xE3\x81\x82\\n");
    parse(&e, mm_slice_sub(mm_buf_slice(&line), 0, MM_MAX_LINE), MM_EV_TRUNCATED);
    CHECK_SLICE(e.ev->format, "windows");
    CHECK_NUM(e.ev->flags & (MM_EV_UNPARSED | MM_EV_TRUNCATED), MM_EV_UNPARSED | MM_EV_TRUNCATED);
    CHECK_SLICE(e.ev->val[MM_F_EVENT_CODE].text, "4104");
    CHECK_SLICE(e.ev->val[MM_F_EVENT_ACTION].text, "powershell-script-block");
    script = mm_event_extra(e.ev, MM_S("winlog.event_data.ScriptBlockText"));
    CHECK(script != NULL && script->n > MM_MAX_LINE / 2);
    CHECK(mm_slice_starts(*script, MM_S("Invoke-Evil \xE3\x81\x82\n")));
    /* The same bytes are no JSON when nobody cut them. */
    parse(&e, mm_slice_sub(mm_buf_slice(&line), 0, MM_MAX_LINE), 0);
    CHECK(!mm_event_has(e.ev, MM_F_EVENT_CODE));
    mm_buf_done(&line);
    stop(&e);
}

TEST(decode_json_keeps_a_line_under_the_first_format_that_can_read_any_of_it)
{
    struct engine e = start();

    /* Has a witness of `windows`, is no Windows event. */
    parse(&e, MM_S("{\"sharedEventID\":\"EventID\",\"EventID\":1,\"user\":\"sato\"}"), 0);
    CHECK_SLICE(e.ev->format, "json-ecs");
    CHECK_SLICE(e.ev->val[MM_F_USER_NAME].text, "sato");
    /* Nobody can read it: the first whose witness holds is named. */
    parse(&e, MM_S("{\"EventID\":1,"), 0);
    CHECK_SLICE(e.ev->format, "windows");
    stop(&e);
}

TEST(decode_json_says_when_a_line_has_more_fields_than_an_event_holds)
{
    struct engine e = start();
    struct mm_buf line;

    mm_buf_init(&line, MM_MAX_LINE);
    mm_buf_str(&line, "{\"@timestamp\":\"2026-11-20T01:00:00Z\",\"event\":{\"category\":\"web\","
                      "\"outcome\":\"success\"}");
    for (int i = 0; i <= MM_MAX_EXTRA; i++)
        mm_buf_fmt(&line, ",\"x%d\":%d", i, i);
    mm_buf_str(&line, "}");
    parse(&e, mm_buf_slice(&line), 0);
    CHECK_SLICE(e.ev->format, "json-ecs");
    CHECK_NUM(e.ev->flags, MM_EV_UNPARSED | MM_EV_EXTRA_FULL);
    mm_buf_done(&line);
    stop(&e);
}

TEST(decode_json_names_pairs_of_a_list_and_opens_envelopes)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - starts: '{'\n"
            "decode: json\ntimeless: true\nprefix: t.\n"
            "json:\n  open: [box]\n  pairs: {ops: [n, v, list]}\n"
            "set: {event.category: web, event.outcome: success}\n"
            "fields: {ops.who: user.name, ops.from: source.ip, ops.n: host.name, host: host.name}\n"
            "drop: [ops]\n");
#define PAIRS(rest)                                                                                \
    "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\","                         \
    "\"event.outcome\":\"success\"" rest "}"
    expect(&b, "{\"ops\":[{\"n\":\"who\",\"v\":\"sato\"},{\"n\":\"new\",\"v\":1}]}",
           PAIRS(",\"user.name\":\"sato\""));
    /* The first value that is there, joined when it is a list; the first pair of a name. */
    expect(
        &b,
        "{\"ops\":[{\"n\":\"who\",\"v\":null,\"list\":[\"a\",\"b\"]},{\"n\":\"who\",\"v\":\"c\"},"
        "{\"n\":\"from\",\"v\":\"192.0.2.1\"}]}",
        PAIRS(",\"source.ip\":\"192.0.2.1\",\"user.name\":\"a, b\""));
    /* Neither names nor values, other things in the list, an envelope. */
    expect(&b,
           "{\"ops\":[{\"v\":\"x\"},{\"n\":\"who\"},{\"n\":{},\"v\":1},7,{\"n\":\"\",\"v\":1}]}",
           PAIRS(""));
    expect(&b, "{\"box\":{\"host\":\"pc1\",\"ops\":[{\"n\":\"who\",\"v\":\"ito\"}]},\"boxer\":1}",
           PAIRS(",\"host.name\":\"pc1\",\"user.name\":\"ito\",\"t.boxer\":\"1\""));
    expect(&b, "{\"ops\":[{\"n\":\"from\",\"v\":\"here\"}]}", "!" PAIRS(""));
    end(&b);
}

TEST(decode_json_passes_by_objects_that_hold_nothing_a_format_knows)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - starts: '{'\n"
            "decode: json\ntimeless: true\njson:\n  open: [in.box]\n"
            "set: {event.category: web, event.outcome: success}\n"
            "fields: {a.b.c: user.name, l.n: host.name, top: message, d.e: source.ip}\n");
    /* Above a known name, in lists and envelopes, under a name with dots. */
    expect(&b, "{\"x\":{\"a\":{\"b\":{\"c\":\"no\"}}},\"a\":{\"x\":{},\"b\":{\"c\":\"sato\"}}}",
           PAIRS(",\"user.name\":\"sato\""));
    expect(&b,
           "{\"l\":[{\"x\":{\"n\":\"no\"},\"n\":\"pc1\"}],\"m\":[{\"n\":\"no\"}],\"top\":\"hi\"}",
           PAIRS(",\"host.name\":\"pc1\",\"message\":\"hi\""));
    expect(&b, "{\"in\":{\"box\":{\"top\":\"hi\",\"a\":{\"b\":{\"c\":\"ito\"}}},\"top\":\"no\"}}",
           PAIRS(",\"user.name\":\"ito\",\"message\":\"hi\""));
    expect(&b, "{\"a.b\":{\"c\":\"abe\"},\"d\":{\"e\":\"192.0.2.1\"}}",
           PAIRS(",\"source.ip\":\"192.0.2.1\",\"user.name\":\"abe\""));
    expect(&b, "{\"d\":{\"e\":\"here\"}}", "!" PAIRS(""));
    end(&b);
}

TEST(decode_windows_tree_gives_the_fields_of_its_line)
{
    static const char line[] =
        "<Event xmlns='x'><System><Provider Name='Microsoft-Windows-Security-Auditing'/>"
        "<EventID>4624</EventID><Keywords>0x8020000000000000</Keywords>"
        "<TimeCreated SystemTime='2026-11-20T03:59:58.123Z'/><EventRecordID>7</EventRecordID>"
        "<Channel>Security</Channel><Computer>PC-07</Computer></System><EventData>"
        "<Data Name='TargetUserName'>sato</Data><Data Name='IpAddress'>192.0.2.7</Data>"
        "<Data Name='LogonType'>10</Data><Data>odd</Data></EventData></Event>";
    struct mm_raw raw = {.received_us = INT64_C(1795140000) * MM_US_PER_S};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_buf text, tree_text;
    struct engine e = start();
    struct mm_tree *tree;

    mm_buf_init(&text, 64 * 1024);
    mm_buf_init(&tree_text, 64 * 1024);
    parse(&e, mm_slice_str(line), 0);
    CHECK_NUM(e.ev->flags, 0);
    mm_event_json(&text, e.ev, false);
    CHECK(mm_xml_parse(mm_slice_str(line), NULL, &e.arena, &tree, NULL) == MM_OK);
    mm_parse_windows(e.formats, e.scratch, &e.arena, &raw, &hint, tree, e.ev);
    CHECK_NUM(e.ev->flags, 0);
    CHECK_SLICE(e.ev->format, "windows");
    CHECK_NUM(e.ev->original.n, 0);
    mm_event_json(&tree_text, e.ev, false);
    CHECK(mm_slice_eq(mm_buf_slice(&text), mm_buf_slice(&tree_text)));
    CHECK(mm_slice_search(mm_buf_slice(&text), MM_S("\"user.name\":\"sato\"")) != SIZE_MAX);
    mm_buf_done(&text);
    mm_buf_done(&tree_text);
    stop(&e);
}
