/*
 * eventd/sql_fuzz.c - no input may break these promises: an INSERT that was rewritten is an INSERT,
 * and names our file; a kill that was read has a value or a parameter, never both.
 */
#include "eventd/sql.h"
#include "tests/harness/test.h"

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
        MM_ASSERT(mm_slice_search(mm_buf_slice(&out), call) != SIZE_MAX);
    }
    mm_buf_done(&out);
    if (mm_sql_kill_parse(in, &k)) {
        MM_ASSERT(mm_sql_classify(in) == MM_SQL_KILL);
        MM_ASSERT(k.param.n == 0 || k.id.n == 0);
    }
    (void)mm_sql_exception_code(in);
}
