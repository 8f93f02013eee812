/* codec/leef_test.c - LEEF records as devices and relays write them. */
#include "codec/leef.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* All pairs as "key|value;". */
static void expect(struct mm_slice in, const char *want, size_t strays)
{
    struct mm_leef leef;
    struct mm_leef_walk walk;
    struct mm_leef_pair pair;
    char got[512];
    size_t n = 0, stray = 0;

    CHECK(mm_leef_parse(in, &leef, NULL) == MM_OK);
    mm_leef_walk(&walk, &leef);
    while (mm_leef_next(&walk, &pair, &stray)) {
        int len = snprintf(got + n, sizeof(got) - n, "%.*s|%.*s;", MM_S_ARG(pair.key),
                           MM_S_ARG(pair.value));

        CHECK(len > 0 && (size_t)len < sizeof(got) - n);
        n += (size_t)len;
    }
    CHECK_SLICE(mm_slice_of(got, n), want);
    CHECK_NUM(stray, strays);
}

TEST(leef_splits_the_header)
{
    struct mm_leef l;

    CHECK(mm_leef_parse(MM_S("gw LEEF:1.0|Example|Gate|2.1|deny| src=192.0.2.1\tdst=192.0.2.2"), &l,
                        NULL) == MM_OK);
    CHECK_SLICE(l.part[MM_LEEF_VENDOR], "Example");
    CHECK_SLICE(l.part[MM_LEEF_PRODUCT], "Gate");
    CHECK_SLICE(l.part[MM_LEEF_PRODUCT_VERSION], "2.1");
    CHECK_SLICE(l.part[MM_LEEF_EVENT], "deny");
    CHECK(l.gap == '\t' && !l.blanks && !l.escaped);
    CHECK(mm_leef_parse(MM_S("LEEF:1.0|a|b|c|login"), &l, NULL) == MM_OK);
    CHECK_SLICE(l.part[MM_LEEF_EVENT], "login");
    CHECK_NUM(l.pairs.n, 0);
}

TEST(leef_parts_pairs_as_the_header_says)
{
    expect(MM_S("LEEF:1.0|a|b|c|d|x=1\ty=two words\tz=a=b"), "x|1;y|two words;z|a=b;", 0);
    expect(MM_S("LEEF:2.0|a|b|c|d|^|x=1^y=2 ^ z=3"), "x|1;y|2;z|3;", 0);
    expect(MM_S("LEEF:2.0|a|b|c|d|0x7C|x=1|y=2"), "x|1;y|2;", 0);
    expect(MM_S("LEEF:2.0|a|b|c|d|x5e|x=1^y=2"), "x|1;y|2;", 0);
    expect(MM_S("LEEF:2.0|a|b|c|d||x=1\ty=2"), "x|1;y|2;", 0);
    expect(MM_S("LEEF:2.0|a|b|c|d|x=1|2\ty=2"), "x|1|2;y|2;", 0);
}

TEST(leef_reads_what_became_of_tabs_on_the_way)
{
    expect(MM_S("LEEF:1.0|a|b|c|d|x=1#011y=two words#011z=3"), "x|1;y|two words;z|3;", 0);
    expect(MM_S("LEEF:1.0|a|b|c|d|x=1    y=two words z=http://h/?q=1"),
           "x|1;y|two words;z|http://h/?q=1;", 0);
}

TEST(leef_counts_what_is_no_pair)
{
    expect(MM_S("LEEF:1.0|a|b|c|d|x=1\tstray\t=5\t\ty=2"), "x|1;y|2;", 2);
    expect(MM_S("LEEF:1.0|a|b|c|d|nothing here"), "", 1);
    expect(MM_S("LEEF:1.0|a|b|c|d|"), "", 0);
}

TEST(leef_names_the_part_it_refused_and_leaves_the_result)
{
    static const struct {
        struct mm_slice in;
        const char *what;
    } cases[] = {
        {MM_S_INIT(""), "leef.begin"},
        {MM_S_INIT("LEEF 1.0|"), "leef.begin"},
        {MM_S_INIT("LEEF:3.0|a|b|c|d|"), "leef.version"},
        {MM_S_INIT("LEEF:1.0|a|b"), "leef.product"},
        {MM_S_INIT("LEEF:1.0|a|b|c|"), "leef.event"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_leef l = {.gap = '!'};
        struct mm_fault f = {0};

        CHECK(mm_leef_parse(cases[i].in, &l, &f) == MM_E_SYNTAX);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK(f.at <= cases[i].in.n);
        CHECK(l.gap == '!');
    }
}
