/*
 * assess/answers.h - answers as a file: JSON or YAML, out of the records and into them.
 *
 * Purpose   What `mimamori assess export` writes and `import` and `score` read.
 * Owns      Texts live in the arena passed.
 * Threads   Pure functions.
 * Trust     A file is foreign: ids are held against the questionnaire, every fault is told with its
 *           line, and a file with any fault gives no answer at all.
 * Spec      content/questionnaires/SCHEMA.md, "Answers". Fuzzed by answers_fuzz.c.
 */
#ifndef MM_ASSESS_ANSWERS_H
#define MM_ASSESS_ANSWERS_H

#include "assess/assess.h"
#include "text/doc.h"

/*
 * Read answers to q; *ret holds the n that the file gives, of the company's own side, imported.
 * MM_E_SYNTAX with errors; MM_E_NOMEM; *ret is untouched then.
 */
MM_MUST_USE enum mm_code mm_answers_read(const struct mm_quest *q, struct mm_slice text,
                                         struct mm_arena *a, struct mm_said **ret, size_t *ret_n,
                                         struct mm_quest_errors *errors);
/* Answers of one assessment as such a file; the interviewer's stand beside the company's. */
void mm_answers_doc(struct mm_doc *at, const struct mm_quest *q, const struct mm_said *said,
                    size_t n);

#endif
