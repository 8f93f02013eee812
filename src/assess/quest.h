/*
 * assess/quest.h - a questionnaire as it is after loading.
 *
 * Purpose   What content/questionnaires/NAME.yaml says, checked whole: pages, spreadsheets and the
 *           scoring engine (assess/score.h) read this and nothing else.
 * Owns      struct mm_quest owns all texts in it until mm_quest_free.
 * Threads   Immutable after loading: any number of readers.
 * Trust     A file may be foreign (an import, an upload): size, counts and numbers are bounded,
 *           texts are valid UTF-8, ids hold a-z 0-9 - . only. Texts still are foreign text.
 * Spec      content/questionnaires/SCHEMA.md. Fuzzed by quest_fuzz.c.
 */
#ifndef MM_ASSESS_QUEST_H
#define MM_ASSESS_QUEST_H

#include "assess/ratio.h"
#include "base/arena.h"
#include "text/lang.h"

enum {
    MM_QUEST_SIZE_MAX = 4 * 1024 * 1024, /* a file; what codec/ext/yaml.h reads */
    MM_QUEST_ID_MAX = 40,
    MM_QUEST_TEXT_MAX = 2000, /* bytes of one text in one language */
    MM_QUEST_TEXTS_MAX = 20,  /* of a list of texts */
    MM_QUEST_SECTIONS_MAX = 60,
    MM_QUEST_QUESTIONS_MAX = 2000, /* the largest public library has 806 in one framework */
    MM_QUEST_LEVELS_MAX = 20,      /* bits of a mask: below 32 */
    MM_QUEST_SCALES_MAX = 40,      /* that have a name */
    MM_QUEST_CRITERIA_MAX = 12,
    MM_QUEST_CONDS_MAX = 8,
    MM_QUEST_CHECKS_MAX = 12,
    MM_QUEST_NAMES_MAX = 40,  /* controls, terms and the like of one question */
    MM_QUEST_GROUPS_MAX = 30, /* tiers, pillars, measures */
    MM_QUEST_LINES_MAX = 12,
    MM_QUEST_BANDS_MAX = 12,
    MM_QUEST_MILLI_MAX = 1000 * 1000, /* a number of a file: 1000 */
    MM_QUEST_ERRORS_MAX = 50,
};
#define MM_QUEST_SUM_MAX (INT64_C(1000) * MM_QUEST_MILLI_MAX) /* of a line or band: of a sum */

/* One text in every language. */
struct mm_words {
    struct mm_slice in[MM_LANG_COUNT];
};

struct mm_texts {
    struct mm_words *v;
    size_t n;
};

struct mm_names {
    struct mm_slice *v;
    size_t n;
};

/* Why a file was refused. */
struct mm_quest_error {
    uint32_t line, column; /* 1-based; 0: the file as a whole */
    const char *what;      /* key in po/: "quest.error.WHAT" */
    char detail[96];       /* what stood there; foreign text, cut */
    char expected[320];    /* what could stand there; ours. Empty where `what` says it all */
};

struct mm_quest_errors {
    struct mm_quest_error error[MM_QUEST_ERRORS_MAX];
    size_t count; /* may be more than are kept */
};

enum mm_policy_kind {
    MM_POLICY_REFUSED,
    MM_POLICY_LEFT_OUT,
    MM_POLICY_LOWEST,
    MM_POLICY_HIGHEST,
    MM_POLICY_VALUE
};

struct mm_policy {
    enum mm_policy_kind kind;
    int64_t milli; /* of MM_POLICY_VALUE, in thousandths */
};

struct mm_scale_level {
    struct mm_slice id;
    struct mm_words words;
    struct mm_words help; /* p NULL: none, as for every optional text */
    int64_t milli;        /* its value in thousandths, when the scale is scored */
};

struct mm_scale {
    struct mm_slice id; /* p NULL: of one question only */
    struct mm_words title;
    struct mm_scale_level *level; /* from the worst to the best */
    size_t levels;
    bool scored;
    struct mm_policy unknown, not_applicable, blank;
};

enum mm_quest_kind {
    MM_QUEST_ONE,
    MM_QUEST_MANY,
    MM_QUEST_TEXT,
    MM_QUEST_NUMBER,
    MM_QUEST_DATE,
    MM_QUEST_KINDS
};

enum mm_quest_cond_kind { MM_QCOND_LEVELS, MM_QCOND_LEAST, MM_QCOND_OTHER };

struct mm_quest_cond {
    size_t question; /* an earlier one */
    enum mm_quest_cond_kind kind;
    uint32_t levels; /* mask; LEAST: all from the level on; OTHER: those that it must not be */
    bool unknown, not_applicable; /* these fulfil it, too */
};

struct mm_criterion {
    struct mm_slice id;
    struct mm_words words;
    size_t from; /* the lowest level for which it has to hold */
};

struct mm_quest_check {
    struct mm_slice by; /* log, finding, probe, inspect, drill */
    struct mm_slice check;
    int pass, fail; /* levels: speaks for at least, for at most; -1: says nothing */
};

struct mm_quest_ref {
    struct mm_slice standard;
    struct mm_names items;
};

struct mm_action {
    struct mm_words title, forward;
    struct mm_texts steps;
    struct mm_slice who; /* self, it-firm, president */
    uint32_t minutes;
    uint64_t yen_low, yen_likely, yen_high;
    struct mm_slice per; /* once, month, year */
    uint32_t ease;       /* 1 hard .. 5 done today */
    struct mm_names service, template;
};

struct mm_question {
    struct mm_slice id;
    size_t section;
    enum mm_quest_kind kind;
    const struct mm_scale *scale; /* NULL: text, number, date */
    struct mm_words ask, help, where, audience, evidence;
    struct mm_texts enough, not_enough;
    struct mm_criterion *criterion;
    size_t criteria;
    struct mm_names terms, controls, was;
    struct mm_quest_ref *ref;
    size_t refs;
    int64_t weight;            /* thousandths */
    bool counts;               /* it is scored */
    int tier, pillar, measure; /* -1: none */
    int category;              /* of its section */
    struct mm_slice owner;     /* general, it, factory, ...; p NULL: not said */
    struct mm_quest_cond *cond;
    size_t conds;
    struct mm_quest_check *check;
    size_t checks;
    struct mm_action *action; /* NULL: none */
    uint32_t line;
};

struct mm_quest_section {
    struct mm_slice id;
    struct mm_words title, intro;
    int category; /* in mm_quest.category, or -1 */
    struct mm_slice owner;
    int64_t weight;      /* thousandths */
    size_t first, count; /* its questions */
};

/* A tier, pillar, measure or category. */
struct mm_quest_group {
    struct mm_slice id;
    struct mm_words words;      /* of categories: none, content/controls has them */
    struct mm_slice reached_at; /* tier: id of the level */
};

enum mm_rollup {
    MM_ROLLUP_MEAN,
    MM_ROLLUP_WEIGHTED_MEAN,
    MM_ROLLUP_SUM,
    MM_ROLLUP_WORST,
    MM_ROLLUP_SHARE,
    MM_ROLLUPS
};

struct mm_quest_line {
    struct mm_slice id;
    struct mm_words words;
    bool at_least; /* else at most */
    int64_t milli;
};

struct mm_quest_band {
    struct mm_slice id;
    struct mm_words words;
    bool has_from;
    int64_t milli;
};

enum mm_deviation { MM_DEVIATION_NONE, MM_DEVIATION_POPULATION, MM_DEVIATION_SAMPLE };

struct mm_quest_score {
    bool given; /* without it nothing is scored */
    enum mm_rollup sections, total;
    bool of_sections; /* the total is made of sections' scores */
    size_t least;     /* fewer counted answers: not measured */
    bool percent;
    struct mm_policy not_asked;
    bool criteria_cap;
    enum mm_rounding rounding;
    unsigned digits;
    struct mm_slice share_at; /* id of a level */
    struct mm_quest_line *line;
    size_t lines;
    struct mm_quest_band *band;
    size_t bands;
    enum mm_deviation deviation;
};

struct mm_quest {
    struct mm_arena arena;
    struct mm_slice id;
    uint32_t version;
    struct mm_words title, intro, source;
    struct mm_slice purpose;
    uint32_t minutes; /* 0: not said */
    struct mm_quest_group *tier, *pillar, *measure, *category;
    size_t tiers, pillars, measures, categories;
    struct mm_scale *scale;
    size_t scales;
    struct mm_quest_score score;
    struct mm_quest_section *section;
    size_t sections;
    struct mm_question *question; /* in the file's order */
    size_t questions;
    uint32_t *by_id; /* questions sorted by id */
};

/*
 * Read one file. MM_OK with *ret (free it), MM_E_SYNTAX with errors, MM_E_NOMEM; *ret is untouched
 * then. All faults that can be told apart are collected, not the first only.
 */
MM_MUST_USE enum mm_code mm_quest_read(struct mm_slice yaml, struct mm_quest **ret,
                                       struct mm_quest_errors *errors);
/* Frees and leaves NULL; safe on NULL. */
void mm_quest_free(struct mm_quest **q);

/* The question of that id, or SIZE_MAX. */
size_t mm_quest_find(const struct mm_quest *q, struct mm_slice id);
/* The level of that id, or -1. */
int mm_scale_level(const struct mm_scale *s, struct mm_slice id);
/* The band that a value lies in; -1: there are none. */
int mm_bands_find(const struct mm_quest_band *band, size_t n, struct mm_ratio value);
/* A text in this language. */
static inline struct mm_slice mm_words_in(const struct mm_words *w, enum mm_lang lang)
{
    return w->in[lang];
}
/* "mean", "weighted-mean", "sum", "worst", "share". */
const char *mm_rollup_name(enum mm_rollup rollup);
/* "one", "many", "text", "number", "date". */
const char *mm_quest_kind_name(enum mm_quest_kind kind);

#endif
