/* engine/headers_test.c - header lines are kept by source, the newest last, within bounds. */
#include "engine/headers.h"

#include <stdio.h>

#include "tests/harness/test.h"

TEST(headers_knows_the_lines_that_name_columns)
{
    static const struct mm_slice yes[] = {
        MM_S_INIT("#Fields: date time"), MM_S_INIT("#fields\tts\tuid"), MM_S_INIT("#path\tconn"),
        MM_S_INIT("<134>Nov 20 13:00:00 gw iis: #Fields: date time")};
    static const struct mm_slice no[] = {MM_S_INIT(""), MM_S_INIT("#Date: 2026-11-20"),
                                         MM_S_INIT("# Fields:"), MM_S_INIT("x #1"),
                                         MM_S_INIT("#Fields: a\nb")};

    for (size_t i = 0; i < MM_COUNT(yes); i++)
        CHECK(mm_headers_is(yes[i]));
    for (size_t i = 0; i < MM_COUNT(no); i++)
        CHECK(!mm_headers_is(no[i]));
}

TEST(headers_keeps_sources_apart_and_the_newest_last)
{
    struct mm_headers *h = mm_headers_new();

    CHECK(h != NULL);
    CHECK_NUM(mm_headers_of(h, 1, 1).n, 0);
    mm_headers_note(h, 1, 1, MM_S("#path a"));
    mm_headers_note(h, 1, 1, MM_S("#fields a"));
    mm_headers_note(h, 1, 1, MM_S("#path b"));
    mm_headers_note(h, 1, 1, MM_S("#fields b"));
    mm_headers_note(h, 1, 2, MM_S("#Fields: x"));
    mm_headers_note(h, 2, 1, MM_S("#Fields: y"));
    mm_headers_note(h, 1, 1, MM_S("#path a"));
    mm_headers_note(h, 1, 1, MM_S("#fields a"));
    CHECK_SLICE(mm_headers_of(h, 1, 1), "#path b\n#fields b\n#path a\n#fields a\n");
    CHECK_SLICE(mm_headers_of(h, 1, 2), "#Fields: x\n");
    CHECK_SLICE(mm_headers_of(h, 2, 1), "#Fields: y\n");
    CHECK_NUM(mm_headers_of(h, 2, 2).n, 0);
    mm_headers_free(&h);
}

TEST(headers_of_relays_are_kept_once_whatever_time_they_came)
{
    struct mm_headers *h = mm_headers_new();

    CHECK(h != NULL);
    mm_headers_note(h, 1, 1, MM_S("<134>Nov 20 13:00:00 r a: Date,User,Action"));
    mm_headers_note(h, 1, 1, MM_S("<134>Nov 20 13:00:00 r b: Date,User,Action"));
    mm_headers_note(h, 1, 1, MM_S("<134>Nov 20 13:00:00 r a: Date,User,Place"));
    mm_headers_note(h, 1, 1, MM_S("<134>Nov 21 07:00:00 r a: Date,User,Action"));
    mm_headers_note(h, 1, 1, MM_S("<134>Nov 22 13:00:00 r a: Date,User,Action"));
    CHECK_SLICE(mm_headers_of(h, 1, 1), "<134>Nov 20 13:00:00 r b: Date,User,Action\n"
                                        "<134>Nov 20 13:00:00 r a: Date,User,Place\n"
                                        "<134>Nov 22 13:00:00 r a: Date,User,Action\n");
    mm_headers_free(&h);
}

TEST(headers_forgets_the_oldest_when_there_is_no_room)
{
    struct mm_headers *h = mm_headers_new();
    char line[1024];

    CHECK(h != NULL);
    for (int i = 0; i < 20; i++) {
        int n = snprintf(line, sizeof(line), "#Fields: %d %0900d", i, i);

        mm_headers_note(h, 1, 1, mm_slice_of(line, (size_t)n));
    }
    CHECK(mm_headers_of(h, 1, 1).n <= MM_HEADERS_TEXT);
    CHECK(mm_slice_starts(mm_headers_of(h, 1, 1), MM_S("#Fields: 12 ")));
    for (uint32_t i = 0; i < MM_HEADERS_SOURCES; i++)
        mm_headers_note(h, 2, i, MM_S("#Fields: x"));
    CHECK_NUM(mm_headers_of(h, 1, 1).n, 0);
    CHECK_SLICE(mm_headers_of(h, 2, 0), "#Fields: x\n");
    mm_headers_free(&h);
}

TEST(headers_keeps_what_was_seen_of_a_character_set_as_one_line)
{
    const struct mm_charset_seen none = {0}, euc = {.lean = -2}, cp932 = {.lean = MM_CHARSET_LEAN};
    struct mm_headers *h = mm_headers_new(), *again = mm_headers_new();
    struct mm_charset_seen seen;
    char line[1024];

    CHECK(h != NULL && again != NULL);
    CHECK_NUM(mm_headers_seen(h, 1, 1).lean, 0);
    CHECK_NUM(mm_headers_lean(h, 1, 1, none).n, 0);
    CHECK_SLICE(mm_headers_lean(h, 1, 1, euc), "#charset -2");
    CHECK_NUM(mm_headers_lean(h, 1, 1, euc).n, 0);
    mm_headers_note(h, 1, 1, MM_S("#Fields: x"));
    CHECK_SLICE(mm_headers_lean(h, 1, 1, cp932), "#charset 3");
    CHECK_SLICE(mm_headers_of(h, 1, 1), "#Fields: x\n#charset 3\n");
    CHECK_NUM(mm_headers_seen(h, 1, 2).lean, 0);
    mm_headers_put(again, 1, 1, mm_headers_of(h, 1, 1));
    CHECK_NUM(mm_headers_seen(again, 1, 1).lean, 3);
    CHECK(mm_headers_seen_of(MM_S("#charset -2"), &seen) && seen.lean == -2);
    CHECK(!mm_headers_seen_of(MM_S("#charset 4"), &seen));
    CHECK(!mm_headers_seen_of(MM_S("#charset "), &seen));
    /* Nobody but us writes it. */
    CHECK(!mm_headers_is(MM_S("#charset 3")) && !mm_headers_may(MM_S("#charset 3,a,b")));
    /* When it had to make room it is not known any more, and said anew. */
    for (int i = 0; i < 9; i++) {
        int n = snprintf(line, sizeof(line), "#Fields: %d %0900d", i, i);

        mm_headers_note(h, 1, 1, mm_slice_of(line, (size_t)n));
    }
    CHECK(mm_slice_search(mm_headers_of(h, 1, 1), MM_S("#charset")) == SIZE_MAX);
    CHECK_SLICE(mm_headers_lean(h, 1, 1, cp932), "#charset 3");
    mm_headers_free(&h);
    mm_headers_free(&again);
}

TEST(headers_finds_every_source_after_many_had_to_make_room)
{
    struct mm_headers *h = mm_headers_new();
    char line[32];

    CHECK(h != NULL);
    for (uint32_t i = 0; i < 3 * MM_HEADERS_SOURCES; i++) {
        int n = snprintf(line, sizeof(line), "#Fields: %u", i);

        mm_headers_note(h, i % 7, i, mm_slice_of(line, (size_t)n));
    }
    for (uint32_t i = 0; i < 3 * MM_HEADERS_SOURCES; i++) {
        int n = snprintf(line, sizeof(line), "#Fields: %u\n", i);
        struct mm_slice got = mm_headers_of(h, i % 7, i);

        CHECK(i < 2 * MM_HEADERS_SOURCES ? got.n == 0
                                         : mm_slice_eq(got, mm_slice_of(line, (size_t)n)));
    }
    mm_headers_free(&h);
}

TEST(headers_tells_names_of_columns_from_lines_of_a_log_cheaply)
{
    static const struct mm_slice may[] = {
        MM_S_INIT("Date,User,Action"), MM_S_INIT("\"No\",\"IPv4 address\",\"SHA256\""),
        MM_S_INIT("\xEF\xBB\xBFTime;Host;Event"), MM_S_INIT("a\tb\tc"), MM_S_INIT("a,,b"),
        /* Behind what relays put in front. */
        MM_S_INIT("<134>Nov 20 13:00:00 relay assets: Date,User,Action"),
        MM_S_INIT("<134>1 2026-11-20T04:00:00Z relay assets - - - Date;User;Action"),
        MM_S_INIT("Nov 20 13:00:00 relay assets[7]: \"Date\",\"User\",\"Action\""),
        MM_S_INIT("<134>Date,User,Action")};
    static const struct mm_slice no[] = {
        MM_S_INIT(""), MM_S_INIT("Date,User"),
        MM_S_INIT("<134>Nov 20 13:00:00 relay assets: 2026/11/20 10:00:00,sato,login"),
        MM_S_INIT("<134>Nov 20 13:00:00 fw kernel: a=1,b=2,c=3"),
        MM_S_INIT("<134>Nov 20 13:00:00 relay assets: Date,User"),
        MM_S_INIT("2026/11/20 10:00:00,sato,login"), MM_S_INIT("a=1,b=2,c=3"),
        MM_S_INIT("{\"a\":1,\"b\":2,\"c\":3}"), MM_S_INIT("sato,10.0.0.1,login"),
        MM_S_INIT(
            "Nov 20 10:00:00 srv sshd[1]: Failed password for sato from somewhere else, a, b"),
        MM_S_INIT("#Software: a, b, c"),
        /* Known at once, so nobody has to answer. */
        MM_S_INIT("Nov 20 13:00:00 relay zeek: #fields\tts\tuid\tproto"), MM_S_INIT("a,b\nc,d")};

    for (size_t i = 0; i < MM_COUNT(may); i++)
        CHECK(mm_headers_may(may[i]));
    for (size_t i = 0; i < MM_COUNT(no); i++)
        CHECK(!mm_headers_may(no[i]));
}

TEST(headers_hands_on_what_may_be_one_until_it_is_known)
{
    struct mm_headers *h = mm_headers_new();

    CHECK(h != NULL);
    mm_headers_note(h, 1, 1, MM_S("#Fields: x"));
    mm_headers_try(h, 1, 1, MM_S("a,b,c"));
    mm_headers_try(h, 1, 1, MM_S("a,b,c"));
    mm_headers_try(h, 1, 1, MM_S("x,y,z"));
    mm_headers_try(h, 1, 2, MM_S("d,e,f"));
    CHECK_SLICE(mm_headers_of(h, 1, 1), "#Fields: x\na,b,c\nx,y,z\n");
    CHECK_SLICE(mm_headers_of(h, 1, 2), "d,e,f\n");
    mm_headers_answer(h, 1, 1, MM_S("a,b,c"), false);
    mm_headers_answer(h, 1, 1, MM_S("x,y,z"), true);
    mm_headers_answer(h, 1, 1, MM_S("a,b,c"), false);
    mm_headers_answer(h, 1, 2, MM_S("d,e,f"), false);
    CHECK(!mm_headers_trying(h));
    CHECK_SLICE(mm_headers_of(h, 1, 1), "#Fields: x\nx,y,z\n");
    CHECK_NUM(mm_headers_of(h, 1, 2).n, 0);
    mm_headers_answer(h, 1, 2, MM_S("never,tried,but"), true);
    CHECK_SLICE(mm_headers_of(h, 1, 2), "never,tried,but\n");
    for (uint32_t i = 0; i < MM_HEADERS_TRIES + 5; i++)
        mm_headers_try(h, 2, i, MM_S("p,q,r"));
    CHECK_NUM(mm_headers_of(h, 2, MM_HEADERS_TRIES - 1).n, 6);
    CHECK_NUM(mm_headers_of(h, 2, MM_HEADERS_TRIES).n, 0);
    mm_headers_free(&h);
}

/* A slow shard answers after a fast one that has read a later line. */
TEST(headers_keeps_the_order_of_lines_whatever_the_order_of_answers)
{
    struct mm_headers *h = mm_headers_new();

    CHECK(h != NULL);
    mm_headers_try(h, 1, 1, MM_S("old,b,c"));
    mm_headers_try(h, 1, 1, MM_S("some,other,words"));
    mm_headers_try(h, 1, 2, MM_S("of,another,source"));
    mm_headers_try(h, 1, 1, MM_S("new,b,c"));
    mm_headers_answer(h, 1, 1, MM_S("new,b,c"), true);
    CHECK_SLICE(mm_headers_of(h, 1, 1), "old,b,c\nsome,other,words\nnew,b,c\n");
    mm_headers_answer(h, 1, 1, MM_S("some,other,words"), false);
    CHECK_SLICE(mm_headers_of(h, 1, 1), "old,b,c\nnew,b,c\n");
    mm_headers_answer(h, 1, 1, MM_S("old,b,c"), true);
    CHECK_SLICE(mm_headers_of(h, 1, 1), "old,b,c\nnew,b,c\n");
    mm_headers_answer(h, 1, 2, MM_S("of,another,source"), true);
    CHECK(!mm_headers_trying(h));
    mm_headers_free(&h);
}

TEST(headers_waits_for_the_answer_to_each_line_that_says_the_same)
{
    struct mm_headers *h = mm_headers_new();

    CHECK(h != NULL);
    /* Twice in a row, then between others: the newest is the last one that was read. */
    mm_headers_try(h, 1, 1, MM_S("a,b,c"));
    mm_headers_try(h, 1, 1, MM_S("a,b,c"));
    mm_headers_try(h, 1, 1, MM_S("c,b,a"));
    mm_headers_answer(h, 1, 1, MM_S("c,b,a"), true);
    mm_headers_answer(h, 1, 1, MM_S("a,b,c"), true);
    CHECK_SLICE(mm_headers_of(h, 1, 1), "a,b,c\nc,b,a\n");
    mm_headers_try(h, 1, 1, MM_S("a,b,c"));
    CHECK_SLICE(mm_headers_of(h, 1, 1), "a,b,c\nc,b,a\na,b,c\n");
    mm_headers_answer(h, 1, 1, MM_S("a,b,c"), true);
    CHECK_SLICE(mm_headers_of(h, 1, 1), "a,b,c\nc,b,a\na,b,c\n");
    mm_headers_answer(h, 1, 1, MM_S("a,b,c"), true);
    CHECK_SLICE(mm_headers_of(h, 1, 1), "c,b,a\na,b,c\n");
    CHECK(!mm_headers_trying(h));
    mm_headers_free(&h);
}

/* Write what has changed of one table into another, as the records do. */
static size_t carry(struct mm_headers *from, struct mm_headers *to)
{
    uint32_t company, source;
    struct mm_slice lines;
    size_t at = 0, n = 0;

    while (mm_headers_changed(from, &at, &company, &source, &lines)) {
        mm_headers_put(to, company, source, lines);
        n++;
    }
    mm_headers_written(from);
    return n;
}

TEST(headers_tells_what_has_changed_and_who_had_to_go)
{
    struct mm_headers *h = mm_headers_new(), *stored = mm_headers_new();
    uint32_t company = 0, source = 0;
    struct mm_slice lines;
    size_t at = 0;

    CHECK(h != NULL && stored != NULL);
    mm_headers_note(h, 1, 1, MM_S("#path a"));
    mm_headers_note(h, 1, 1, MM_S("#fields a"));
    mm_headers_note(h, 1, 2, MM_S("#Fields: x"));
    CHECK_NUM(carry(h, stored), 2);
    CHECK_NUM(carry(h, stored), 0);
    CHECK_SLICE(mm_headers_of(stored, 1, 1), "#path a\n#fields a\n");
    mm_headers_note(h, 1, 2, MM_S("#Fields: y"));
    CHECK_NUM(carry(h, stored), 1);
    for (uint32_t i = 0; i < MM_HEADERS_SOURCES - 1; i++)
        mm_headers_note(h, 2, i, MM_S("#Fields: z"));
    CHECK(mm_headers_changed(h, &at, &company, &source, &lines));
    CHECK(company == 1 && source == 1 && lines.n == 0);
    CHECK_NUM(carry(h, stored), MM_HEADERS_SOURCES);
    mm_headers_free(&h);
    mm_headers_free(&stored);
}
