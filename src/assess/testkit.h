/*
 * assess/testkit.h - small questionnaires for tests.
 *
 * Purpose   A head, scales and a score around what a test is about; files of tests/golden.
 * Owns      What is read: free it.
 * Threads   Test code.
 * Trust     Test code only.
 */
#ifndef MM_ASSESS_TESTKIT_H
#define MM_ASSESS_TESTKIT_H

#include <stdio.h>
#include <stdlib.h>

#include "assess/score.h"

/* The test includes tests/harness/test.h before this. */

#define KIT_W "{ja: j, en: e}"
#define KIT_HEAD "questionnaire: kit\nversion: 1\ntitle: " KIT_W "\n"
/* Three levels as in the pilot's first region. */
#define KIT_THREE                                                                                  \
    "scales:\n"                                                                                    \
    "  - scale: three\n"                                                                           \
    "    levels:\n"                                                                                \
    "      - {level: none, value: 1, words: " KIT_W "}\n"                                          \
    "      - {level: partly, value: 2, words: " KIT_W "}\n"                                        \
    "      - {level: done, value: 3, words: " KIT_W "}\n"
#define KIT_SCORE "score: {sections: mean, total: mean, rounding: {rule: half-up, digits: 2}}\n"
#define KIT_SECTION(id) "  - section: " id "\n    title: " KIT_W "\n    questions:\n"
#define KIT_Q(id) "      - {question: " id ", scale: three, ask: " KIT_W "}\n"
#define KIT_QX(id, more) "      - {question: " id ", scale: three, ask: " KIT_W ", " more "}\n"

static inline void kit_tell(const struct mm_quest_errors *e)
{
    for (size_t i = 0; i < e->count && i < MM_QUEST_ERRORS_MAX; i++)
        printf("# %u:%u %s: %s (%s)\n", e->error[i].line, e->error[i].column, e->error[i].what,
               e->error[i].detail, e->error[i].expected);
}

static inline struct mm_quest *kit_read(const char *yaml)
{
    static struct mm_quest_errors
        errors; /* tidy: global allowed, 23 KiB are too many for a stack. */
    struct mm_quest *q = NULL;

    if (mm_quest_read(mm_slice_str(yaml), &q, &errors) != MM_OK)
        kit_tell(&errors);
    CHECK(q != NULL);
    return q;
}

/* A file of the source tree; *ret_text is the caller's. */
static inline struct mm_slice kit_text(const char *path, char **ret_text)
{
    FILE *f = fopen(mm_test_source(path), "rb");
    size_t n;

    CHECK(f != NULL);
    *ret_text = malloc(1 << 20);
    CHECK(*ret_text != NULL);
    n = fread(*ret_text, 1, (1 << 20) - 1, f);
    (*ret_text)[n] = 0;
    CHECK(feof(f) != 0);
    (void)fclose(f);
    return mm_slice_of(*ret_text, n);
}

static inline struct mm_quest *kit_file(const char *path)
{
    char *text;
    struct mm_quest *q;

    (void)kit_text(path, &text);
    q = kit_read(text);
    free(text);
    return q;
}

/* Answers of a word: 1-9 a level (from 1), ? unknown, - does not apply, . blank. */
static inline void kit_answers(const struct mm_quest *q, const char *word, struct mm_answer *ret)
{
    CHECK_NUM(strlen(word), q->questions);
    for (size_t i = 0; i < q->questions; i++) {
        ret[i] = (struct mm_answer){.state = MM_ANSWER_GIVEN};
        if (word[i] >= '1' && word[i] <= '9')
            ret[i].levels = UINT32_C(1) << (word[i] - '1');
        else
            ret[i].state = word[i] == '?'   ? MM_ANSWER_UNKNOWN
                           : word[i] == '-' ? MM_ANSWER_NOT_APPLICABLE
                                            : MM_ANSWER_BLANK;
        CHECK(mm_answer_check(&q->question[i], &ret[i]));
    }
}

static inline struct mm_result kit_score(const struct mm_quest *q, const char *word,
                                         struct mm_arena *a)
{
    struct mm_answer answer[MM_QUEST_QUESTIONS_MAX] = {0};
    struct mm_result r = {0};

    kit_answers(q, word, answer);
    CHECK(mm_score(q, answer, a, &r) == MM_OK);
    return r;
}

#define CHECK_RATIO(got, n, d)                                                                     \
    do {                                                                                           \
        struct mm_ratio kit_got = (got);                                                           \
        CHECK_NUM(kit_got.num, (n));                                                               \
        CHECK_NUM(kit_got.den, (d));                                                               \
    } while (0)

#define CHECK_PRINTED(q, score, want)                                                              \
    do {                                                                                           \
        struct mm_buf kit_out;                                                                     \
        mm_buf_init(&kit_out, 64);                                                                 \
        mm_score_print(&kit_out, (q), (score));                                                    \
        CHECK_SLICE(mm_buf_slice(&kit_out), want);                                                 \
        mm_buf_done(&kit_out);                                                                     \
    } while (0)

#endif
