/* parse/explain_test.c - the byte that did not fit is named, and what could have stood there. */
#include "parse/explain.h"

#include "tests/harness/test.h"

#define HEAD(name)                                                                                 \
    "format: " name "\nrecognise: [{app: [doord]}]\nwrap: syslog\nset: {event.category: host, "    \
    "event.outcome: success}\n"
#define LOG "<13>Nov 20 10:00:00 h doord: "

/* What is explained borrows the set: the caller frees it. */
static size_t explain(const char *line, struct mm_explained e[MM_EXPLAIN_MAX],
                      struct mm_arena *arena, struct mm_formats **ret_set)
{
    static const char *const texts[] = {
        HEAD("a") "decode: pattern\npatterns: [{is: 'opened by {user.name:word} from "
                  "{source.ip:ip}'}]\n",
        HEAD("b") "decode: kv\nfields: {ip: source.ip}\n",
        "format: box\nwrap: syslog\nrecognise: [{starts: '{'}]\ndecode: json\n"
        "inner: {text: [log], app: [app]}\n",
    };
    struct mm_formats *set = mm_formats_new();
    struct mm_scratch *scratch = mm_scratch_new();
    struct mm_format_errors errors = {0};
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = mm_slice_str(line), .received_us = INT64_C(1795147200000000)};
    size_t n;

    for (size_t i = 0; i < MM_COUNT(texts); i++)
        CHECK(mm_formats_add(set, "t.yaml", mm_slice_str(texts[i]), &errors) == MM_OK);
    n = mm_explain(set, scratch, arena, &raw, &hint, e);
    mm_scratch_free(&scratch);
    mm_formats_free(ret_set);
    *ret_set = set;
    return n;
}

TEST(explain_names_the_byte_that_did_not_fit)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_formats *set = NULL;
    struct mm_arena arena;

    mm_arena_init(&arena, 1 << 20);
    CHECK_NUM(explain(LOG "opened by bob from there", e, &arena, &set), 2);
    CHECK(!e[0].parsed && !e[0].read);
    CHECK_NUM(e[0].stop, strlen(LOG "opened by bob from "));
    CHECK_SLICE(e[0].expected, "{ip}");
    CHECK_NUM(e[1].stop, SIZE_MAX);

    CHECK_NUM(explain(LOG "opened by bob from 192.0.2.1", e, &arena, &set), 2);
    CHECK(e[0].parsed && e[0].category && e[0].dated);

    CHECK_NUM(explain(LOG "user=bob oddly ip=nowhere", e, &arena, &set), 2);
    CHECK(e[1].read && !e[1].whole && !e[1].parsed);
    CHECK_SLICE(e[1].wrong, "nowhere");
    CHECK_SLICE(e[1].wrong_name, "ip");
    CHECK_NUM(e[1].stop, strlen(LOG "user=bob oddly "));
    mm_arena_done(&arena);
    mm_formats_free(&set);
}

TEST(explain_opens_envelopes_and_says_which)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_formats *set = NULL;
    struct mm_arena arena;

    mm_arena_init(&arena, 1 << 20);
    CHECK_NUM(explain("{\"time\":\"2026-11-20T03:59:58Z\",\"app\":\"doord\","
                      "\"log\":\"opened by bob from there\\n\"}",
                      e, &arena, &set),
              3);
    CHECK_SLICE(mm_formats_name(set, e[0].format), "box");
    CHECK(e[0].envelope == MM_FORMAT_NONE && !e[0].parsed && e[0].whole);
    CHECK(e[0].text.p[0] == '{');
    for (size_t i = 1; i < 3; i++) {
        CHECK(e[i].envelope == e[0].format);
        CHECK_SLICE(e[i].text, "opened by bob from there");
    }
    CHECK_SLICE(mm_formats_name(set, e[1].format), "a");
    CHECK_NUM(e[1].stop, strlen("opened by bob from "));
    CHECK_SLICE(e[1].expected, "{ip}");

    CHECK_NUM(explain("{\"time\":\"2026-11-20T03:59:58Z\",\"app\":\"doord\","
                      "\"log\":\"opened by bob from 192.0.2.1\"}",
                      e, &arena, &set),
              3);
    CHECK(!e[0].parsed && e[1].parsed && e[1].envelope == e[0].format);
    /* A syslog header in front of the envelope is not the inner line's. */
    CHECK_NUM(explain(LOG "{\"app\":\"other\",\"log\":\"opened by bob from 192.0.2.1\"}", e, &arena,
                      &set),
              3);
    for (size_t i = 0; i < 3; i++)
        CHECK(e[i].envelope == MM_FORMAT_NONE);
    mm_arena_done(&arena);
    mm_formats_free(&set);
}

TEST(explain_says_when_nobody_knows_a_line)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_formats *set = NULL;
    struct mm_arena arena;

    mm_arena_init(&arena, 1 << 20);
    CHECK_NUM(explain("hello", e, &arena, &set), 0);
    CHECK_NUM(explain("", e, &arena, &set), 0);
    mm_arena_done(&arena);
    mm_formats_free(&set);
}

TEST(every_reason_has_words)
{
    CHECK(strcmp(mm_formats_reason("format.unknown_key"), "this key is not known here") == 0);
    CHECK(strcmp(mm_formats_reason("did not find expected"), "did not find expected") == 0);
}
