/*
 * assess/averages.h - means that somebody published for a questionnaire, to hold one's own against.
 *
 * Purpose   A file of an association: mean, standard deviation, shares over a line, with who was
 *           asked, when and how many.
 * Owns      struct mm_averages owns its texts until mm_averages_free.
 * Threads   Immutable after loading.
 * Trust     As quest.h: a file may be foreign.
 * Spec      content/questionnaires/SCHEMA.md, "content/averages". Fuzzed by averages_fuzz.c.
 */
#ifndef MM_ASSESS_AVERAGES_H
#define MM_ASSESS_AVERAGES_H

#include "assess/quest.h"

enum { MM_AVERAGES_MAX = 3000 }; /* rows: as many questions and sections as a questionnaire has */

enum mm_average_of { MM_AVERAGE_TOTAL, MM_AVERAGE_SECTION, MM_AVERAGE_QUESTION };
enum mm_average_kind { MM_AVERAGE_MEAN, MM_AVERAGE_AT_LEAST, MM_AVERAGE_AT_MOST };

struct mm_average {
    enum mm_average_of of;
    enum mm_average_kind kind;
    struct mm_slice id; /* of section or question */
    int64_t milli;      /* the mean; or the value of the line */
    bool has_sd;
    int64_t sd_milli;
    uint64_t k; /* of at least, at most */
    uint64_t n; /* companies */
};

struct mm_averages {
    struct mm_arena arena;
    struct mm_slice id, questionnaire;
    uint32_t version;
    struct mm_slice as_of; /* 2025-04-01 */
    struct mm_words cohort, source;
    uint64_t n;
    struct mm_average *row;
    size_t rows;
};

/* As mm_quest_read. */
MM_MUST_USE enum mm_code mm_averages_read(struct mm_slice yaml, struct mm_averages **ret,
                                          struct mm_quest_errors *errors);
void mm_averages_free(struct mm_averages **a);
/*
 * Whether they are of this questionnaire and version, and name sections and questions that it has:
 * means of another one are never compared. MM_E_SYNTAX with errors otherwise.
 */
MM_MUST_USE enum mm_code mm_averages_check(const struct mm_averages *a, const struct mm_quest *q,
                                           struct mm_quest_errors *errors);
/* The mean of the total, a section or a question; NULL: it has none. */
const struct mm_average *mm_averages_mean(const struct mm_averages *a, enum mm_average_of of,
                                          struct mm_slice id);

#endif
