/*
 * assess/matrix.h - two judgements make a third: risk matrices as data.
 *
 * Purpose   Likelihood x importance, threat x vulnerability: the table stands in content/matrices,
 *           with cells that its source does not show marked as assumed.
 * Owns      struct mm_matrix owns its texts until mm_matrix_free.
 * Threads   Immutable after loading.
 * Trust     As quest.h: a file may be foreign.
 * Spec      content/questionnaires/SCHEMA.md, "content/matrices". Fuzzed by matrix_fuzz.c.
 */
#ifndef MM_ASSESS_MATRIX_H
#define MM_ASSESS_MATRIX_H

#include "assess/quest.h"

enum { MM_MATRIX_LEVELS_MAX = 10 };

struct mm_matrix_axis {
    struct mm_words title;
    struct mm_scale_level *level; /* from low to high */
    size_t levels;
};

struct mm_matrix_cell {
    int64_t milli;
    bool assumed; /* its source does not show it */
};

struct mm_matrix {
    struct mm_arena arena;
    struct mm_slice id;
    struct mm_words title, source;
    struct mm_matrix_axis row, column;
    struct mm_matrix_cell *cell; /* row by row */
    struct mm_quest_band *band;
    size_t bands;
};

/* As mm_quest_read. */
MM_MUST_USE enum mm_code mm_matrix_read(struct mm_slice yaml, struct mm_matrix **ret,
                                        struct mm_quest_errors *errors);
void mm_matrix_free(struct mm_matrix **m);

/* The level of that id, or -1. */
int mm_matrix_level(const struct mm_matrix_axis *axis, struct mm_slice id);
/* The cell of two levels. */
struct mm_matrix_cell mm_matrix_at(const struct mm_matrix *m, size_t row, size_t column);
/* The band of a value; -1: none. */
int mm_matrix_band(const struct mm_matrix *m, int64_t milli);

enum mm_matrix_verdict {
    MM_MATRIX_AGREES,
    MM_MATRIX_CONTRADICTS, /* somebody wrote another value than the table has: ask, do not copy */
    MM_MATRIX_ASSUMED      /* it agrees with a cell that only we filled in */
};
/* What the table says of a value that somebody wrote for two levels. */
enum mm_matrix_verdict mm_matrix_check(const struct mm_matrix *m, size_t row, size_t column,
                                       int64_t milli);

#endif
