/* codec/cef_test.c - CEF headers and extensions as devices write them. */
#include "codec/cef.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* All pairs as "key|value;" with \ for escaped. */
static void expect(struct mm_slice in, const char *want, size_t front)
{
    struct mm_cef_walk walk;
    struct mm_cef_pair pair;
    char got[512];
    size_t n = 0;

    CHECK_NUM(mm_cef_walk(&walk, in), front);
    while (mm_cef_next(&walk, &pair)) {
        int len = snprintf(got + n, sizeof(got) - n, "%.*s|%.*s%s;", MM_S_ARG(pair.key),
                           MM_S_ARG(pair.value), pair.escaped ? "\\" : "");

        CHECK(len > 0 && (size_t)len < sizeof(got) - n);
        n += (size_t)len;
    }
    CHECK_SLICE(mm_slice_of(got, n), want);
}

TEST(cef_splits_the_header_at_pipes_that_are_not_escaped)
{
    struct mm_cef c;

    CHECK(mm_cef_parse(
              MM_S("CEF:0|Example|Gate\\|Way|1.2|100|Blocked a \\\\ thing|7| src=192.0.2.1 "), &c,
              NULL) == MM_OK);
    CHECK_SLICE(c.part[MM_CEF_VERSION], "0");
    CHECK_SLICE(c.part[MM_CEF_VENDOR], "Example");
    CHECK_SLICE(c.part[MM_CEF_PRODUCT], "Gate\\|Way");
    CHECK(c.escaped[MM_CEF_PRODUCT] && c.escaped[MM_CEF_NAME] && !c.escaped[MM_CEF_VENDOR]);
    CHECK_SLICE(c.part[MM_CEF_DEVICE_VERSION], "1.2");
    CHECK_SLICE(c.part[MM_CEF_CLASS], "100");
    CHECK_SLICE(c.part[MM_CEF_SEVERITY], "7");
    CHECK_SLICE(c.extension, "src=192.0.2.1");
}

TEST(cef_finds_the_record_behind_what_a_relay_wrote)
{
    struct mm_cef c;

    CHECK(mm_cef_parse(MM_S("Nov 20 gw app: CEF: 1|V|P|1|2|n|Low"), &c, NULL) == MM_OK);
    CHECK_SLICE(c.part[MM_CEF_VERSION], "1");
    CHECK_SLICE(c.part[MM_CEF_SEVERITY], "Low");
    CHECK_NUM(c.extension.n, 0);
}

TEST(cef_names_the_part_it_refused_and_leaves_the_result)
{
    static const struct {
        struct mm_slice in;
        const char *what;
    } cases[] = {
        {MM_S_INIT(""), "cef.begin"},
        {MM_S_INIT("cef:0|a|b|c|d|e|5|"), "cef.begin"},
        {MM_S_INIT("CEF:x|a|b|c|d|e|5|"), "cef.version"},
        {MM_S_INIT("CEF:0"), "cef.version"},
        {MM_S_INIT("CEF:0|a\\|"), "cef.vendor"},
        {MM_S_INIT("CEF:0|a|b|c|d|e"), "cef.name"},
        {MM_S_INIT("CEF:0|a|b|c|d|e|"), "cef.severity"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_cef c = {.extension = MM_S("as before")};
        struct mm_fault f = {0};

        CHECK(mm_cef_parse(cases[i].in, &c, &f) == MM_E_SYNTAX);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK(f.at <= cases[i].in.n);
        CHECK_SLICE(c.extension, "as before");
    }
}

TEST(cef_values_reach_to_the_next_key)
{
    expect(MM_S("src=192.0.2.1 msg=File was found act=blocked"),
           "src|192.0.2.1;msg|File was found;act|blocked;", 0);
    expect(MM_S("request=http://h/?a=1&b=2 msg=x\\=y \\= z end=1"),
           "request|http://h/?a=1&b=2;msg|x\\=y \\= z\\;end|1;", 0);
    expect(MM_S("a= b=\tc=3  d = 4 "), "a|;b|;c|3  d = 4;", 0);
    expect(MM_S("filePath=C:\\dir\\ fname=a b.exe ad.x[0]=1"),
           "filePath|C:\\dir\\\\;fname|a b.exe;ad.x[0]|1;", 0);
}

TEST(cef_counts_what_stands_in_front_of_the_first_key)
{
    expect(MM_S("some text src=1"), "src|1;", 10);
    expect(MM_S("no pair at all"), "", 14);
    expect(MM_S("=a =b"), "", 5);
    expect(MM_S(""), "", 0);
}

TEST(cef_collects_labels_before_and_behind_their_values)
{
    struct mm_cef_label label[MM_CEF_MAX_LABELS];

    CHECK_NUM(mm_cef_labels(MM_S("cs1Label=Policy Name cs1=x cn10=5 cn10Label=Hits cs2Label= "
                                 "fooLabel=no Label=no cs3=y"),
                            label),
              2);
    CHECK_SLICE(label[0].key, "cs1");
    CHECK_SLICE(label[0].name, "Policy Name");
    CHECK_SLICE(label[1].key, "cn10");
    CHECK_SLICE(label[1].name, "Hits");
}

TEST(cef_collects_no_more_labels_than_its_table_holds)
{
    struct mm_cef_label label[MM_CEF_MAX_LABELS];
    char text[2048];
    size_t n = 0;

    for (int i = 0; i < MM_CEF_MAX_LABELS + 8; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "cs%dLabel=n%d ", i, i);
    CHECK_NUM(mm_cef_labels(mm_slice_of(text, n), label), MM_CEF_MAX_LABELS);
}

TEST(cef_unescapes_what_the_specification_escapes_and_nothing_else)
{
    struct mm_arena arena;
    struct mm_slice out;

    mm_arena_init(&arena, 4096);
    CHECK(mm_cef_unescape(&arena, MM_S("a\\=b\\|c\\\\d\\ne\\rC:\\Users\\sato\\"), &out));
    CHECK_SLICE(out, "a=b|c\\d\ne\rC:\\Users\\sato\\");
    mm_arena_done(&arena);
    mm_arena_init(&arena, 1);
    out = MM_S("as before");
    CHECK(!mm_cef_unescape(&arena, MM_S("abc"), &out));
    CHECK_SLICE(out, "as before");
    mm_arena_done(&arena);
}
