/* codec/query_test.c - what query.h promises. */
#include "codec/query.h"

#include "tests/harness/test.h"

TEST(query_reads_what_people_type)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"", ""},
        {" \xe3\x80\x80 ", ""},
        {"word", "\"word\""},
        {"a b", "(\"a\" and \"b\")"},
        {"a\xe3\x80\x80"
         "b or c",
         "((\"a\" and \"b\") or \"c\")"},
        {"a AND not b", "(\"a\" and (not \"b\"))"},
        {"(a or b) c", "((\"a\" or \"b\") and \"c\")"},
        {"not(a or b)", "(not (\"a\" or \"b\"))"},
        {"\"two words\"", "\"two words\""},
        {"order notable andes", "((\"order\" and \"notable\") and \"andes\")"},
        {"user.name:tanaka", "user.name:\"tanaka\""},
        {"user.name=tanaka", "user.name:\"tanaka\""},
        {"user.name:tan*ka", "user.name:tan*ka"},
        {"user.name:a\\*b", "user.name:\"a*b\""},
        {"user.name:a\\*b?", "user.name:a\\*b?"},
        {"path:C\\):\\\\x*", "path:C\\)\\:\\\\x*"},
        {"path:\"C:\\\\x \\\"y\\\"\"", "path:\"C:\\\\x \\\"y\\\"\""},
        {"user.name:\"\"", "user.name:\"\""},
        {"user.name:*", "user.name:*"},
        {"source.ip:10.0.0.0/8", "source.ip:\"10.0.0.0/8\""},
        {"destination.port:[1 to 1023]", "destination.port:[\"1\" to \"1023\"]"},
        {"p:[* TO 5]", "p:[* to \"5\"]"},
        {"bytes>=100 bytes:<5", "(bytes:>=\"100\" and bytes:<\"5\")"},
        {"p:(80 or 443 8080)", "((p:\"80\" or p:\"443\") or p:\"8080\")"},
        {"last 24h", "last 86400s"},
        {"(last 7d) x", "(last 604800s and \"x\")"},
        {"last 86400s", "last 86400s"},
        {"last 9999999w", "(\"last\" and \"9999999w\")"},
        {"last", "\"last\""},
        {"last week", "(\"last\" and \"week\")"},
        {"last 24hours", "(\"last\" and \"24hours\")"},
        {"time:2020-12-23T10:34", "time:\"2020-12-23T10:34\""},
        {"http://x/", "http:\"//x/\""},
        {"-EncodedCommand", "\"-EncodedCommand\""},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a;
        struct mm_query q, again;
        struct mm_buf out;
        struct mm_fault f = {0};

        mm_arena_init(&a, 1 << 20);
        mm_buf_init(&out, 1 << 16);
        if (mm_query_parse(mm_slice_str(cases[i].in), &a, &q, &f) != MM_OK)
            printf("# %s: %s at %zu\n", cases[i].in, f.what, f.at);
        CHECK(mm_query_parse(mm_slice_str(cases[i].in), &a, &q, NULL) == MM_OK);
        mm_query_print(&out, &q);
        CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
        CHECK(mm_query_parse(mm_buf_slice(&out), &a, &again, NULL) == MM_OK);
        mm_buf_done(&out);
        mm_arena_done(&a);
    }
}

TEST(query_names_the_byte_it_refused)
{
    static const struct {
        const char *in, *what;
        size_t at;
        enum mm_code code;
    } cases[] = {
        {"user.name:", "query.value", 10, MM_E_SYNTAX},
        {"x user.name: y", "query.value", 12, MM_E_SYNTAX},
        {"a \"b", "query.quote", 2, MM_E_SYNTAX},
        {"\"a\\n\"", "query.escape", 2, MM_E_SYNTAX},
        {"a\\", "query.escape", 1, MM_E_SYNTAX},
        {"(a", "query.paren", 0, MM_E_SYNTAX},
        {"a)", "query.paren", 1, MM_E_SYNTAX},
        {"()", "query.operator", 1, MM_E_SYNTAX},
        {"a or", "query.operator", 2, MM_E_SYNTAX},
        {"a and", "query.operator", 2, MM_E_SYNTAX},
        {"or a", "query.operator", 0, MM_E_SYNTAX},
        {"not", "query.operator", 0, MM_E_SYNTAX},
        {"p:[1 2]", "query.range", 5, MM_E_SYNTAX},
        {"p:[1 to 2", "query.range", 2, MM_E_SYNTAX},
        {"p:[* to *]", "query.range", 2, MM_E_SYNTAX},
        {"p:[1* to 2]", "query.range", 3, MM_E_SYNTAX},
        {"p:>=*", "query.value", 2, MM_E_SYNTAX},
        {"p:(1 or 2", "query.paren", 2, MM_E_SYNTAX},
        {"((((((((((((((((a))))))))))))))))", "query.depth", 16, MM_E_LIMIT},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_arena a;
        struct mm_query q = {.n = 77};
        struct mm_fault f = {0};

        mm_arena_init(&a, 1 << 20);
        if (mm_query_parse(mm_slice_str(cases[i].in), &a, &q, &f) != cases[i].code ||
            f.at != cases[i].at)
            printf("# %s: %s at %zu\n", cases[i].in, f.what, f.at);
        CHECK_NUM(mm_query_parse(mm_slice_str(cases[i].in), &a, &q, &f), cases[i].code);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK_NUM(f.at, cases[i].at);
        CHECK_NUM(q.n, 77);
        mm_arena_done(&a);
    }
}

TEST(query_bounds_its_terms)
{
    struct mm_arena a;
    struct mm_query q;
    struct mm_fault f = {0};
    struct mm_buf b;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&b, 1 << 16);
    for (int i = 0; i < MM_QUERY_TERMS_MAX; i++)
        mm_buf_str(&b, "a ");
    CHECK(mm_query_parse(mm_buf_slice(&b), &a, &q, &f) == MM_OK);
    CHECK_NUM(q.terms, MM_QUERY_TERMS_MAX);
    mm_buf_str(&b, "a ");
    CHECK(mm_query_parse(mm_buf_slice(&b), &a, &q, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "query.terms");
    while (b.n <= MM_QUERY_TEXT_MAX)
        mm_buf_byte(&b, ' ');
    CHECK(mm_query_parse(mm_buf_slice(&b), &a, &q, &f) == MM_E_LIMIT);
    CHECK_SLICE(mm_slice_str(f.what), "query.size");
    mm_buf_done(&b);
    mm_arena_done(&a);
}
