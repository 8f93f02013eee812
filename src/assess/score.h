/*
 * assess/score.h - from a questionnaire and answers to a result: pure, exact, without any number of
 * its own.
 *
 * Purpose   The one scoring engine. Levels, values, weights, policies, roll-ups, tiers, lines and
 *           rounding come from the questionnaire; nothing here knows what is asked.
 * Owns      struct mm_result lives in the arena passed; it borrows the questionnaire.
 * Threads   Pure functions.
 * Trust     Answers may be foreign: a level that the scale has not is refused by mm_answer_check,
 *           which every reader of answers asks; the engine asserts it.
 * Spec      content/questionnaires/SCHEMA.md, "The score".
 */
#ifndef MM_ASSESS_SCORE_H
#define MM_ASSESS_SCORE_H

#include "assess/quest.h"

enum mm_answer_state {
    MM_ANSWER_BLANK,
    MM_ANSWER_GIVEN, /* a level, levels, or a text that the engine does not see */
    MM_ANSWER_UNKNOWN,
    MM_ANSWER_NOT_APPLICABLE,
    MM_ANSWER_STATES
};

/* What the engine has to know of one answer. */
struct mm_answer {
    enum mm_answer_state state;
    uint32_t levels; /* mask: one bit of MM_QUEST_ONE, any of MM_QUEST_MANY, else 0 */
    bool ticked;     /* somebody ticked criteria, or said that none holds */
    uint32_t met;    /* mask of the criteria that hold */
};

/* "blank", "given", "unknown", "not-applicable". */
const char *mm_answer_state_name(enum mm_answer_state state);
MM_MUST_USE bool mm_answer_state_find(struct mm_slice name, enum mm_answer_state *ret);
/* Whether this can be an answer to that question: states that are not offered, levels and criteria
 * that it has not, are none. */
bool mm_answer_check(const struct mm_question *u, const struct mm_answer *a);
/* The level of a given answer to MM_QUEST_ONE; -1: none. */
int mm_answer_level(const struct mm_answer *a);

/* How many answers there are of each kind: none of these is another. */
struct mm_answer_counts {
    size_t questions; /* scored ones of this part */
    size_t given, unknown, not_applicable, blank, not_asked;
    size_t counted; /* in the score: n */
};

/* Score of the total, a section, category, pillar or measure. */
struct mm_score {
    struct mm_answer_counts n;
    bool measured;         /* false: fewer than `least` counted; the values below mean nothing */
    struct mm_ratio value; /* exact, in what `show` shows */
    size_t k;              /* of MM_ROLLUP_SHARE: k of n.counted */
    uint32_t lines;        /* mask of the lines it is on the right side of */
};

struct mm_item {
    bool asked;            /* its conditions hold */
    bool counted;          /* in the score */
    struct mm_ratio value; /* counted: exact, in what `show` shows; lowest terms or not */
    int level;     /* that counts: may be lower than the answer's (criteria: cap); -1: none */
    bool criteria; /* the answer says more than the criteria that were ticked */
};

/* Of a tier and all before it: k of n questions stand where it asks for. */
struct mm_tier_score {
    size_t k, n;
    bool reached; /* k is n and n is not 0 */
};

struct mm_result {
    const struct mm_quest *quest;
    struct mm_item *item; /* by question */
    struct mm_score total;
    struct mm_score *section, *category, *pillar, *measure;
    struct mm_tier_score *tier;
    int band; /* -1: not measured, or no bands */
};

/*
 * Score these answers, one a question of q (mm_answer_check was asked of each). MM_E_NOMEM;
 * MM_E_RANGE when an exact value does not fit 64 bits, which no sensible questionnaire reaches.
 * *ret is untouched then.
 */
MM_MUST_USE enum mm_code mm_score(const struct mm_quest *q, const struct mm_answer *answer,
                                  struct mm_arena *a, struct mm_result *ret);

/* Which questions are asked, given these answers; ret has one a question. */
void mm_score_asked(const struct mm_quest *q, const struct mm_answer *answer, bool *ret);

/* A score as the questionnaire prints it ("1.85"), "" when it was not measured. */
void mm_score_print(struct mm_buf *out, const struct mm_quest *q, const struct mm_score *s);
/*
 * How much this question's gap weighs, for "first things first": weight x (best - counted value) as
 * a share of the scale, exact; 0/1 when there is no gap or it does not count.
 */
MM_MUST_USE bool mm_score_gap(const struct mm_result *r, size_t question, struct mm_ratio *ret);

#endif
