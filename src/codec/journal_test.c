/* codec/journal_test.c - entries of the journal export format, whole and torn. */
#include "codec/journal.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* All fields as "name|value;" and how the walk ended. */
static void expect(struct mm_slice in, const char *want, enum mm_code end)
{
    struct mm_journal j;
    struct mm_journal_field f;
    struct mm_fault fault = {0};
    char got[256];
    size_t n = 0;
    enum mm_code code;

    mm_journal_init(&j, in);
    while ((code = mm_journal_next(&j, &f, &fault)) == MM_OK) {
        int len =
            snprintf(got + n, sizeof(got) - n, "%.*s|%.*s;", MM_S_ARG(f.name), MM_S_ARG(f.value));

        CHECK(len > 0 && (size_t)len < sizeof(got) - n);
        n += (size_t)len;
    }
    CHECK_SLICE(mm_slice_of(got, n), want);
    CHECK(code == end);
    CHECK((code == MM_E_NOTFOUND) == (fault.what == NULL));
}

TEST(journal_reads_lines_and_values_with_a_length)
{
    expect(MM_S("__CURSOR=s=1;i=2\nMESSAGE=a = b\n_PID=7\n"),
           "__CURSOR|s=1;i=2;MESSAGE|a = b;_PID|7;", MM_E_NOTFOUND);
    expect(MM_S("\n\nA=1\nMESSAGE\n\x03\0\0\0\0\0\0\0x\ny\nB=\n\nNEXT=1\n"), "A|1;MESSAGE|x\ny;B|;",
           MM_E_NOTFOUND);
    expect(MM_S("A=1"), "A|1;", MM_E_NOTFOUND);
    expect(MM_S(""), "", MM_E_NOTFOUND);
}

TEST(journal_says_where_an_entry_is_torn)
{
    expect(MM_S("A=1\nMESSAGE\n\x03\0\0"), "A|1;", MM_E_MORE);
    expect(MM_S("A=1\nMESSAGE\n\x09\0\0\0\0\0\0\0x"), "A|1;", MM_E_MORE);
    expect(MM_S("A=1\nMESSAGE\n\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFFx"), "A|1;", MM_E_MORE);
    expect(MM_S("A=1\nMESSAGE\n\x01\0\0\0\0\0\0\0xy\n"), "A|1;", MM_E_SYNTAX);
    expect(MM_S("A=1\nlower=2\n"), "A|1;", MM_E_SYNTAX);
    expect(MM_S("=2\n"), "", MM_E_SYNTAX);
}
