/* codec/kv_test.c - key=value in the shapes that devices write. */
#include "codec/kv.h"

#include <stdio.h>

#include "tests/harness/test.h"

static const struct mm_kv_style plain = {.gap = ' ', .assign = '=', .quote = '"', .escape = '\\'};
static const struct mm_kv_style cef = {.gap = ' ', .assign = '=', .escape = '\\', .spaces = true};

/* All pairs as "key|value;" with ' for quoted, \ for escaped, ~ for torn; then the strays. */
static void expect(struct mm_slice in, struct mm_kv_style style, const char *want, size_t strays)
{
    struct mm_kv kv;
    struct mm_kv_pair pair;
    char got[512];
    size_t n = 0, stray = 0;

    mm_kv_init(&kv, in, style);
    while (mm_kv_next(&kv, &pair, &stray)) {
        int len = snprintf(got + n, sizeof(got) - n, "%.*s|%.*s%s%s%s;", MM_S_ARG(pair.key),
                           MM_S_ARG(pair.value), pair.quoted ? "'" : "", pair.escaped ? "\\" : "",
                           pair.torn ? "~" : "");

        CHECK(len > 0 && (size_t)len < sizeof(got) - n);
        n += (size_t)len;
    }
    CHECK_SLICE(mm_slice_of(got, n), want);
    CHECK_NUM(stray, strays);
}

TEST(kv_reads_plain_and_quoted_values)
{
    expect(MM_S("a=1 b=\"two words\" c= d=\"\""), plain, "a|1;b|two words';c|;d|';", 0);
    expect(MM_S("  a=1   b=2  "), plain, "a|1;b|2;", 0);
    expect(MM_S("msg=\"say \\\"hi\\\"\" z=1"), plain, "msg|say \\\"hi\\\"'\\;z|1;", 0);
    expect(MM_S("url=http://x/?q=1&r=2 n=1"), plain, "url|http://x/?q=1&r=2;n|1;", 0);
    expect(MM_S(""), plain, "", 0);
}

TEST(kv_says_what_it_could_not_read)
{
    expect(MM_S("a=1 stray words b=2"), plain, "a|1;b|2;", 2);
    expect(MM_S("a=1 =5 b=2"), plain, "a|1;b|2;", 1);
    expect(MM_S("a=\"torn at the end"), plain, "a|torn at the end'~;", 0);
    expect(MM_S("a=\"x\\"), plain, "a|x\\'~;", 0);
    expect(MM_S("(a)=1"), plain, "", 1);
}

TEST(kv_reads_unquoted_values_with_spaces)
{
    expect(MM_S("msg=File was found act=blocked src=10.0.0.1"), cef,
           "msg|File was found;act|blocked;src|10.0.0.1;", 0);
    expect(MM_S("request=http://h/?db\\=1 msg=a \\= b end=1"), cef,
           "request|http://h/?db\\=1\\;msg|a \\= b\\;end|1;", 0);
    expect(MM_S("a=x y"), cef, "a|x y;", 0);
}

TEST(kv_reads_other_separators)
{
    struct mm_kv_style both = {.gap = ' ', .assign = '=', .quote = '"', .quote2 = '\''};
    struct mm_kv_style blanks = {.gap = ',', .assign = ':', .spaces = true};

    expect(MM_S("a='b \"c' d=\"e 'f\" g='h"), both, "a|b \"c';d|e 'f';g|h'~;", 0);
    expect(MM_S("A: 1, B: x, y, C:  http://h/?a,b , D: "), blanks, "A|1;B|x, y;C|http://h/?a,b;D|;",
           0);
    struct mm_kv_style commas = {.gap = ',', .assign = ':', .quote = '"', .escape = 0};

    expect(MM_S("a:1, b:\"x,y\",c:z"), commas, "a|1;b|x,y';c|z;", 0);
}

/* Long and short inputs are read by different code: every byte must end a key in both alike. */
TEST(kv_reads_a_key_the_same_with_and_without_text_behind_it)
{
    for (int c = 1; c < 256; c++) {
        uint8_t in[64];
        struct mm_kv a, b;
        struct mm_kv_pair pa = {0}, pb = {0};
        bool got;

        memset(in, ' ', sizeof(in));
        memcpy(in, "a_=1", 4);
        in[1] = (uint8_t)c;
        mm_kv_init(&a, mm_slice_of(in, 4), plain);
        mm_kv_init(&b, mm_slice_of(in, sizeof(in)), plain);
        got = mm_kv_next(&a, &pa, NULL);
        CHECK(mm_kv_next(&b, &pb, NULL) == got);
        CHECK(mm_slice_eq(pa.key, pb.key) && mm_slice_eq(pa.value, pb.value));
    }
}

TEST(kv_reads_keys_of_several_words)
{
    struct mm_kv_style words = {.gap = ',', .assign = ':', .quote = '"', .words = true};

    expect(MM_S("Source IP: 192.0.2.1, Start Time : 13:00:01 , Name:\"a, b\", stray, End:"), words,
           "Source IP|192.0.2.1;Start Time|13:00:01;Name|a, b';End|;", 1);
    expect(MM_S(" : x, y"), words, "", 2);
}

TEST(kv_unescapes_into_the_arena)
{
    struct mm_arena arena;
    struct mm_slice out;

    mm_arena_init(&arena, 4096);
    CHECK(mm_kv_unescape(&arena, MM_S("a\\\"b\\\\c\\"), '\\', &out));
    CHECK_SLICE(out, "a\"b\\c\\");
    mm_arena_done(&arena);
    mm_arena_init(&arena, 1);
    out = MM_S("as before");
    CHECK(!mm_kv_unescape(&arena, MM_S("abc"), '\\', &out));
    CHECK_SLICE(out, "as before");
    mm_arena_done(&arena);
}
