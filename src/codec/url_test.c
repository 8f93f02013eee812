/* codec/url_test.c - what url.h promises. */
#include "codec/url.h"

#include "tests/harness/test.h"

TEST(url_splits_path_and_query)
{
    struct mm_slice path, query;

    mm_url_split(MM_S("/a/b?c=d&e#f"), &path, &query);
    CHECK_SLICE(path, "/a/b");
    CHECK_SLICE(query, "c=d&e");
    mm_url_split(MM_S("/a"), &path, &query);
    CHECK_SLICE(path, "/a");
    CHECK_NUM(query.n, 0);
}

TEST(url_walks_the_pairs)
{
    struct mm_rd rd = mm_rd_of(MM_S("&a=1=2&&b&c=&=d"));
    struct mm_slice n, v;
    static const char *const want[][2] = {{"a", "1=2"}, {"b", ""}, {"c", ""}, {"", "d"}};

    for (size_t i = 0; i < MM_COUNT(want); i++) {
        CHECK(mm_url_next(&rd, &n, &v));
        CHECK_SLICE(n, want[i][0]);
        CHECK_SLICE(v, want[i][1]);
    }
    CHECK(!mm_url_next(&rd, &n, &v));
}

TEST(url_decodes_and_refuses)
{
    struct mm_buf b;

    mm_buf_init(&b, 100);
    CHECK(mm_url_decode(&b, MM_S("a+b%20%e6%97%A5%00")));
    CHECK(mm_slice_eq(mm_buf_slice(&b), MM_S("a b \xe6\x97\xa5\0")));
    CHECK(!mm_url_decode(&b, MM_S("%4")));
    CHECK(!mm_url_decode(&b, MM_S("%zz")));
    CHECK(!mm_url_decode(&b, MM_S("%")));
    mm_buf_done(&b);
}
