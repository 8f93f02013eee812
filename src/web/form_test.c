/* web/form_test.c - promises of web/form.h. */
#include "tests/harness/test.h"
#include "web/form.h"

TEST(form_reads_pairs_in_order)
{
    struct mm_arena arena;
    struct mm_rd rd = mm_rd_of(MM_S("&&a=1&b=x+y%2B%3D&c&%E7%A4%BE=%E5%86%85&d=p=q"));
    static const char *const want[][2] = {
        {"a", "1"}, {"b", "x y+="}, {"c", ""}, {"\xe7\xa4\xbe", "\xe5\x86\x85"}, {"d", "p=q"}};
    struct mm_slice name, value;

    mm_arena_init(&arena, 4096);
    for (size_t i = 0; i < MM_COUNT(want); i++) {
        CHECK_NUM(mm_form_next(&arena, &rd, &name, &value, NULL), MM_OK);
        CHECK_SLICE(name, want[i][0]);
        CHECK_SLICE(value, want[i][1]);
    }
    CHECK_NUM(mm_form_next(&arena, &rd, &name, &value, NULL), MM_E_NOTFOUND);
    mm_arena_done(&arena);
}

TEST(form_refuses_torn_escapes_and_what_is_not_text)
{
    static const char *const bad[] = {"a=%",   "a=%4",     "a=%4g",    "a=%00",
                                      "%ff=1", "a=%1b[0m", "a=%c0%80", "a=%ed%a0%80"};

    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        struct mm_arena arena;
        struct mm_rd rd = mm_rd_of(mm_slice_str(bad[i]));
        struct mm_slice name = MM_S("kept"), value = MM_S("kept");
        struct mm_fault fault = {0};

        mm_arena_init(&arena, 4096);
        CHECK_NUM(mm_form_next(&arena, &rd, &name, &value, &fault), MM_E_SYNTAX);
        CHECK(fault.what != NULL);
        CHECK_SLICE(name, "kept");
        CHECK_SLICE(value, "kept");
        mm_arena_done(&arena);
    }
}

TEST(form_says_when_memory_is_out)
{
    struct mm_arena arena;
    static uint8_t big[8192];
    struct mm_slice out;

    memset(big, 'a', sizeof(big));
    mm_arena_init(&arena, 4096);
    CHECK_NUM(mm_form_decode(&arena, mm_slice_of(big, sizeof(big)), false, &out, NULL), MM_E_NOMEM);
    mm_arena_done(&arena);
}

TEST(cookie_reads_pairs_and_skips_what_is_none)
{
    struct mm_rd rd = mm_rd_of(MM_S("a=1; junk;=x;  b=two=2 ;"));
    struct mm_slice name, value;

    CHECK_NUM(mm_cookie_next(&rd, &name, &value), MM_OK);
    CHECK_SLICE(name, "a");
    CHECK_SLICE(value, "1");
    CHECK_NUM(mm_cookie_next(&rd, &name, &value), MM_OK);
    CHECK_SLICE(name, "b");
    CHECK_SLICE(value, "two=2");
    CHECK_NUM(mm_cookie_next(&rd, &name, &value), MM_E_NOTFOUND);
}
