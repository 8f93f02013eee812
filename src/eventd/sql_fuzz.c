/*
 * eventd/sql_fuzz.c - no input may break these promises: an INSERT that was rewritten is an INSERT,
 * names our file exactly once more than before, and holds nothing of its FORMAT clause; a kill that
 * was read has a value or a parameter, never both.
 */
#include "eventd/sql.h"
#include "tests/harness/test.h"

static size_t count(struct mm_slice in, struct mm_slice what)
{
    size_t n = 0, at;

    while ((at = mm_slice_search(in, what)) != SIZE_MAX) {
        n++;
        in = mm_slice_sub(in, at + what.n, SIZE_MAX);
    }
    return n;
}

FUZZ(in)
{
    static const char path[] = "/proc/self/fd/77777";
    struct mm_slice call = MM_S("file('/proc/self/fd/77777', '");
    struct mm_sql_kill k;
    struct mm_buf out;

    mm_buf_init(&out, in.n + 256);
    if (mm_sql_insert_from(in, path, &out) == MM_OK) {
        MM_ASSERT(mm_sql_classify(mm_buf_slice(&out)) == mm_sql_classify(in) ||
                  mm_sql_classify(in) == MM_SQL_ADMIN);
        MM_ASSERT(count(mm_buf_slice(&out), call) == count(in, call) + 1);
    }
    mm_buf_done(&out);
    if (mm_sql_kill_parse(in, &k)) {
        MM_ASSERT(mm_sql_classify(in) == MM_SQL_KILL);
        MM_ASSERT(k.param.n == 0 || k.id.n == 0);
    }
    (void)mm_sql_exception_code(in);
}
