/* assess/matrix_test.c - what a matrix file may say. */
#include "assess/matrix.h"
#include "tests/harness/test.h"

#include "assess/testkit.h"

#define LEVELS(v)                                                                                  \
    "{title: " KIT_W ", levels: [{level: a, value: 1, words: " KIT_W "}, {level: b, value: " v     \
    ", words: " KIT_W "}]}\n"
#define HEAD                                                                                       \
    "matrix: m\ntitle: " KIT_W "\nsource: " KIT_W "\nrows: " LEVELS("2") "columns: " LEVELS("3")

TEST(a_product_is_worked_out_and_cells_are_taken_as_they_stand)
{
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */
    struct mm_matrix *m = NULL;

    CHECK(mm_matrix_read(MM_S(HEAD "product: true\n"), &m, &e) == MM_OK);
    CHECK_NUM(mm_matrix_at(m, 1, 1).milli, 6000);
    CHECK_NUM(mm_matrix_band(m, 6000), -1);
    mm_matrix_free(&m);
    CHECK(mm_matrix_read(MM_S(HEAD "cells: [[1, 2], [3, 0.5]]\nassumed: [[b, a]]\n"), &m, &e) ==
          MM_OK);
    CHECK_NUM(mm_matrix_at(m, 1, 1).milli, 500);
    CHECK(mm_matrix_check(m, 1, 0, 3000) == MM_MATRIX_ASSUMED);
    CHECK(mm_matrix_check(m, 0, 1, 3000) == MM_MATRIX_CONTRADICTS);
    CHECK_NUM(mm_matrix_level(&m->row, MM_S("c")), -1);
    mm_matrix_free(&m);
    CHECK(m == NULL);
}

TEST(a_matrix_that_is_none_is_refused_with_the_reason)
{
    static const struct {
        const char *yaml, *what;
    } cases[] = {
        {"matrix: m\n", "missing"},
        {HEAD, "either"},
        {HEAD "product: true\ncells: [[1, 2], [3, 4]]\n", "either"},
        {HEAD "cells: [[1, 2]]\n", "list"},
        {HEAD "cells: [[1, 2], [3]]\n", "cells"},
        {HEAD "cells: [[1, 2], [3, x]]\n", "number"},
        {HEAD "product: true\nassumed: [[a, z]]\n", "cells"},
        {HEAD "product: true\nbands: [{band: a, from: 2, words: " KIT_W "}]\n", "bands"},
        {"matrix: m\ntitle: " KIT_W "\nsource: " KIT_W
         "\nproduct: true\nrows: " LEVELS("1.5") "columns: " LEVELS("2"),
         "product"},
    };
    static struct mm_quest_errors e; /* tidy: global allowed, 23 KiB are too many for a stack. */

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_matrix *m = NULL;

        CHECK(mm_matrix_read(mm_slice_str(cases[i].yaml), &m, &e) == MM_E_SYNTAX);
        CHECK(m == NULL && strcmp(e.error[0].what, cases[i].what) == 0);
    }
}
