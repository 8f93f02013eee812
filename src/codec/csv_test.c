/* codec/csv_test.c - cells of one record. */
#include "codec/csv.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* All cells as "[cell]", with " for doubled quotes and ~ for torn. */
static void expect(struct mm_slice in, uint8_t gap, bool quotes, const char *want)
{
    struct mm_csv csv;
    struct mm_csv_cell cell;
    char got[512];
    size_t n = 0;

    mm_csv_init(&csv, in, gap, quotes);
    while (mm_csv_next(&csv, &cell)) {
        int len = snprintf(got + n, sizeof(got) - n, "[%.*s]%s%s", MM_S_ARG(cell.text),
                           cell.doubled ? "\"" : "", cell.torn ? "~" : "");

        CHECK(len > 0 && (size_t)len < sizeof(got) - n);
        n += (size_t)len;
    }
    CHECK_SLICE(mm_slice_of(got, n), want);
}

TEST(csv_reads_cells)
{
    expect(MM_S("a,b,,d"), ',', true, "[a][b][][d]");
    expect(MM_S("a,\"b,c\",\"say \"\"hi\"\"\""), ',', true, "[a][b,c][say \"\"hi\"\"]\"");
    expect(MM_S("a\tb c\t"), '\t', true, "[a][b c][]");
    expect(MM_S(""), ',', true, "[]");
    expect(MM_S("\"\",x"), ',', true, "[][x]");
}

TEST(csv_without_quotes_takes_them_as_text)
{
    expect(MM_S("\"a,b\""), ',', false, "[\"a][b\"]");
}

TEST(csv_marks_torn_cells)
{
    expect(MM_S("a,\"b,c"), ',', true, "[a][b,c]~");
    expect(MM_S("\"a\"x,b"), ',', true, "[a]~[b]");
}

TEST(csv_unquotes_into_the_arena)
{
    struct mm_arena arena;
    struct mm_slice out;

    mm_arena_init(&arena, 4096);
    CHECK(mm_csv_unquote(&arena, MM_S("say \"\"hi\"\""), &out));
    CHECK_SLICE(out, "say \"hi\"");
    mm_arena_done(&arena);
}
