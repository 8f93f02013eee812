/*
 * assess/answers_fuzz.c - any bytes as a file of answers to one questionnaire.
 *
 * No input may break these promises: a file is taken, or refused with reasons inside of it;
 * whatever was taken is an answer to a question that there is, can be scored, and is read again as
 * the same answers from what is written of it.
 */
#include <stdlib.h>

#include "assess/answers.h"
#include "tests/harness/test.h"

enum { ARENA_MAX = 64 * 1024 * 1024, OUT_MAX = 4 * 1024 * 1024 };

static const char yaml[] =
    "questionnaire: kit\nversion: 1\ntitle: {ja: j, en: e}\nscales:\n  - scale: s\n    levels:\n"
    "      - {level: no, value: 0, words: {ja: j, en: e}}\n"
    "      - {level: yes, value: 1, words: {ja: j, en: e}}\n"
    "score: {sections: mean, total: mean, rounding: {rule: floor, digits: 1}}\n"
    "sections:\n  - section: s\n    title: {ja: j, en: e}\n    scale: s\n    questions:\n"
    "      - {question: a, ask: {ja: j, en: e}, criteria: [{criterion: c, words: {ja: j, en: e}, "
    "from: yes}]}\n"
    "      - {question: m, kind: many, ask: {ja: j, en: e}}\n"
    "      - {question: t, kind: text, ask: {ja: j, en: e}}\n";

static void again(const struct mm_quest *q, const struct mm_said *said, size_t n,
                  struct mm_quest_errors *e)
{
    struct mm_said *back = NULL;
    struct mm_arena a;
    struct mm_buf out;
    struct mm_doc *doc;
    size_t back_n = 0;

    mm_arena_init(&a, ARENA_MAX);
    mm_buf_init(&out, OUT_MAX);
    doc = mm_doc_new(&a);
    mm_answers_doc(doc, q, said, n);
    mm_doc_json(&out, doc);
    MM_ASSERT(mm_buf_ok(&out));
    MM_ASSERT(mm_answers_read(q, mm_buf_slice(&out), &a, &back, &back_n, e) == MM_OK);
    MM_ASSERT(back_n == n);
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < n && !mm_slice_eq(said[k].question, back[i].question))
            k++;
        MM_ASSERT(k < n && back[i].state == said[k].state && back[i].ticked == said[k].ticked);
        MM_ASSERT(mm_slice_eq(back[i].levels, said[k].levels) &&
                  mm_slice_eq(back[i].body, said[k].body) &&
                  mm_slice_eq(back[i].comment, said[k].comment));
    }
    mm_buf_done(&out);
    mm_arena_done(&a);
}

FUZZ(in)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_quest *q = NULL;
    struct mm_said *said = NULL;
    struct mm_answer answer[3];
    struct mm_result r;
    struct mm_arena a;
    size_t n = 0;
    enum mm_code code;

    MM_ASSERT(e != NULL && mm_quest_read(MM_S(""), &q, e) == MM_E_SYNTAX);
    MM_ASSERT(mm_quest_read(mm_slice_str(yaml), &q, e) == MM_OK && q->questions == 3);
    mm_arena_init(&a, ARENA_MAX);
    code = mm_answers_read(q, in, &a, &said, &n, e);
    if (code == MM_OK) {
        MM_ASSERT(n <= q->questions);
        mm_assess_count(q, said, n, false, answer);
        MM_ASSERT(mm_score(q, answer, &a, &r) == MM_OK);
        again(q, said, n, e);
    } else if (code == MM_E_SYNTAX) {
        MM_ASSERT(e->count > 0 && e->error[0].line <= in.n + 2 && said == NULL);
    }
    mm_quest_free(&q);
    mm_arena_done(&a);
    free(e);
}
