/* parse/text_test.c - lines in the character sets of Japanese devices. */
#include "parse/text.h"
#include "tests/harness/test.h"

#include "parse/testkit.h"

#define CP932 "\x83\x8D\x83\x4F"     /* log */
#define EUC_LOG "\xA5\xED\xA5\xB0"   /* the same */
#define EUC_ENTRY "\xB5\xAD\xCF\xBF" /* record: half-width kana as well */
#define PLAIN                                                                                      \
    "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"web\",\"event.outcome\":"       \
    "\"success\",\"user.name\":\""

static const char *const yaml = HEAD "decode: kv\ntimeless: true\ndrop: [x]\n"
                                     "set: {event.category: web, event.outcome: success}\n"
                                     "fields: {u: user.name}\n";

static void check_original(struct bench *b, const char *want)
{
    CHECK_SLICE(b->ev->original, want);
}

TEST(text_of_any_set_is_read_as_utf8_and_kept_as_it_came)
{
    struct bench b;

    begin(&b);
    add(&b, yaml);
    expect(&b, "x=1 u=" CP932,
           PLAIN "ログ\",\"mimamori.charset\":\"cp932\","
                 "\"mimamori.raw\":\"eD0xIHU9g42DTw\"}");
    check_original(&b, "x=1 u=ログ");
    expect(&b, "x=1 u=ログ", PLAIN "ログ\"}");
    expect_of(&b, 2, "x=1 u=" EUC_LOG,
              PLAIN "ログ\",\"mimamori.charset\":\"euc-jp\","
                    "\"mimamori.raw\":\"eD0xIHU9pe2lsA\"}");
    expect_of(&b, 3, "x=1 u=\x1B$B%m%0\x1B(B",
              PLAIN "ログ\",\"mimamori.charset\":\"iso-2022-jp\","
                    "\"mimamori.raw\":\"eD0xIHU9GyRCJW0lMBsoQg\"}");
    expect_of(&b, 4, "\xEF\xBB\xBFx=1 u=sato", PLAIN "sato\"}");
    check_original(&b, "\xEF\xBB\xBFx=1 u=sato");
    end(&b);
}

TEST(text_that_leaves_a_choice_is_what_its_source_has_sent)
{
    struct bench b;

    begin(&b);
    add(&b, yaml);
    expect_of(&b, 2, "x=1 u=" EUC_LOG,
              PLAIN "ログ\",\"mimamori.charset\":\"euc-jp\","
                    "\"mimamori.raw\":\"eD0xIHU9pe2lsA\"}");
    expect_of(&b, 2, "x=1 u=" EUC_ENTRY,
              PLAIN "記録\",\"mimamori.charset\":\"euc-jp\","
                    "\"mimamori.raw\":\"eD0xIHU9ta3Pvw\"}");
    expect_of(&b, 5, "x=1 u=" EUC_ENTRY,
              PLAIN "ｵｭﾏｿ\",\"mimamori.charset\":\"cp932\","
                    "\"mimamori.raw\":\"eD0xIHU9ta3Pvw\"}");
    end(&b);
}

TEST(text_is_in_the_set_that_record_source_or_format_say)
{
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .charset = MM_CS_EUC_JP};
    struct mm_raw raw = {.body = MM_S("x=1 u=" EUC_ENTRY), .company = 1, .source = 1};
    struct bench b;

    begin(&b);
    add(&b, yaml);
    add(&b, "format: said\ncharset: Shift_JIS\nrecognise:\n  - starts: y\n"
            "decode: kv\n");
    mm_parse(b.set, b.scratch, &b.arena, &raw, &hint, b.ev);
    check_original(&b, "x=1 u=記録");
    raw.flags = MM_CS_CP932 << MM_EV_CHARSET_SHIFT;
    mm_parse(b.set, b.scratch, &b.arena, &raw, &hint, b.ev);
    check_original(&b, "x=1 u=ｵｭﾏｿ");
    CHECK_NUM(b.ev->flags, 0);
    hint.charset = MM_CS_UNKNOWN;
    raw.flags = 0;
    raw.body = MM_S("y=" EUC_LOG);
    hint.format = mm_formats_find(b.set, MM_S("said"));
    mm_parse(b.set, b.scratch, &b.arena, &raw, &hint, b.ev);
    check_original(&b, "y=･愠ｰ"); /* nonsense, as it was said */
    end(&b);
}

TEST(text_of_no_set_stays_as_it_is_and_is_marked)
{
    static const struct {
        const char *line;
        uint16_t flags;
    } cases[] = {
        {"x=1 u=\xFF\xFF\x80", MM_EV_BAD_UTF8},
        {"x=1 u=\xE3\x83\xAD\xE3\x82", MM_EV_BAD_UTF8}, /* cut off in a character */
        {"x=1 u=sato", 0},
    };
    struct bench b;

    begin(&b);
    add(&b, yaml);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_hint hint = {.format = MM_FORMAT_NONE};
        struct mm_raw raw = {.body = mm_slice_str(cases[i].line), .company = 1, .source = 9};

        mm_parse(b.set, b.scratch, &b.arena, &raw, &hint, b.ev);
        check_original(&b, cases[i].line);
        CHECK_NUM(b.ev->flags, cases[i].flags);
    }
    end(&b);
}

TEST(text_that_grows_beyond_a_line_is_cut_between_characters)
{
    static uint8_t body[MM_MAX_LINE];
    struct mm_charset_seen seen = {0};
    struct mm_arena arena;
    struct mm_text t;

    memset(body, 0xB1, sizeof(body)); /* a half-width kana: one byte becomes three */
    mm_arena_init(&arena, 1024 * 1024);
    mm_text_of(&arena, mm_slice_of(body, sizeof(body)), MM_CS_CP932, &seen, &t);
    CHECK_NUM(t.read.n, MM_MAX_LINE / 3 * 3);
    CHECK((t.flags & MM_EV_TRUNCATED) != 0);
    mm_arena_done(&arena);
    mm_arena_init(&arena, 4096); /* no memory */
    mm_text_of(&arena, mm_slice_of(body, sizeof(body)), MM_CS_CP932, &seen, &t);
    CHECK(t.read.p == body && t.flags == MM_EV_BAD_UTF8 && t.extra_n == 0);
    mm_arena_done(&arena);
}
