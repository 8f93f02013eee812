/*
 * detect/matcher.h - the state of one matching thread: values of an event, what is known of it.
 *
 * Purpose   eval.c answers whether a set holds, match.c finds the rules to ask about.
 * Owns      All memory of a matcher is taken by mm_matcher_new.
 * Threads   One matcher, one thread.
 * Trust     Every list has a fixed size; what doesn't fit is undecided, and counted.
 */
#ifndef MM_DETECT_MATCHER_H
#define MM_DETECT_MATCHER_H

#include "detect/ir.h"

enum {
    /* Text of one event, as it is and folded. A line is 64 KiB at most; fields are parts of it,
     * some of them twice, and folding adds a half. */
    MM_MATCH_ROOM = 640 * 1024,
    MM_ROUTES = 2048,                          /* remembered ways, direct-mapped */
    MM_ROUTE_EXTRAS = 32,                      /* extras whose numbers are guessed, by position */
    MM_ROUTE_GROUPS_MAX = 24,                  /* groups of one way; SigmaHQ needs 5 */
    MM_PLACE_MADE = MM_F_COUNT + MM_EXTRA_MAX, /* places of MM_CAND_MADE and behind */
    MM_PLACES = MM_PLACE_MADE + MM_CAND_MADE_N,
    MM_TEXTS_MAX = MM_F_COUNT + MM_MAX_EXTRA + 1, /* of a whole event, for keywords */
    /* Sizes of texts: shorter than _SHORT, then _STEP bytes each, the last one without end. */
    MM_WORD_SHORT = 9,
    MM_WORD_STEP = 24,
    MM_WORD_SIZES = 10,
};

/* A value of the event, looked up once. */
struct mm_place {
    uint32_t gen;
    bool present;
    bool lost; /* no room to fold it: nothing can be said about it */
    bool is_folded;
    bool is_seen, ascii; /* ascii: no byte is above 0x7f, known once it is seen */
    struct mm_slice raw, folded;
};

struct mm_route {
    size_t key_n;
    uint8_t key[MM_ROUTE_KEY_MAX];
    uint16_t group[MM_ROUTE_GROUPS_MAX];
    uint16_t group_n;
    bool overflow;                   /* more groups than fit */
    uint16_t extra[MM_ROUTE_EXTRAS]; /* number + 1 of the last event's extras that rules know */
};

struct mm_matcher {
    struct mm_ruleset *set;
    struct mm_regex_ctx *regex;
    uint32_t gen; /* of the event: marks below are valid when they carry it */
    bool words_seen, texts_seen, words_sorted;
    const struct mm_event *ev;
    struct mm_route *way;      /* the event's */
    struct mm_place *place;    /* MM_PLACES */
    struct mm_place **text;    /* MM_TEXTS_MAX: what keywords look at */
    struct mm_place *text_own; /* those of them that are no field of fields.def */
    size_t text_n;
    struct mm_slice *word; /* the words once more, when words_sorted: MM_TEXTS_MAX of each size */
    size_t word_n[MM_WORD_SIZES];
    bool words_fit;             /* else there was no room to fold one */
    bool words_ascii;           /* no byte of them is above 0x7f; those of other words are folded */
    uint64_t texts[MM_F_WORDS]; /* a bit a field: it is a text */
    uint32_t *set_mark;         /* per set: gen * 4 + enum mm_verdict */
    uint64_t *atom_mark;        /* per atom: the search that verified it last */
    uint64_t search;            /* searches so far */
    uint32_t *posting_mark;     /* per posting: its rules are candidates already */
    uint32_t *rule_mark;        /* per rule: already a candidate */
    uint32_t *index_mark;       /* per index: searched for this event */
    uint32_t *candidate;
    size_t candidate_n;
    const struct mm_index *index; /* being searched */
    struct mm_place *value;       /* in it */
    uint64_t *undecided;          /* per rule */
    struct mm_hidden *hidden;     /* of this event */
    size_t hidden_n;
    uint64_t *filter_hits; /* per filter */
    struct mm_route *route;
    struct mm_route once; /* for keys that don't fit */
    uint8_t *room;
    size_t room_n;
    struct mm_matcher_stats stats;
};

/* A new event, which goes that way: everything that was marked is old. */
void mm_match_begin(struct mm_matcher *m, const struct mm_event *ev, struct mm_route *way);
/* What is known of one candidate place; never NULL. */
struct mm_place *mm_match_place(struct mm_matcher *m, uint16_t cand);
/* The value of a field slot, or NULL when the event has none. */
struct mm_place *mm_match_value(struct mm_matcher *m, uint16_t slot);
/* Fold it unless it is; sets `lost` when there is no room. */
void mm_match_fold(struct mm_matcher *m, struct mm_place *p);
/*
 * What an index searches: the value as it is when it is of ASCII alone, else folded. Sets `lost`
 * and returns nothing when there is no room.
 */
struct mm_slice mm_match_look(struct mm_matcher *m, struct mm_place *p);
/* Fill m->text with what keywords look at, once an event. */
void mm_match_texts(struct mm_matcher *m);
/* The same without the fields that are numbers and addresses. */
void mm_match_words(struct mm_matcher *m);
/*
 * Stands none of the literals in any of the words? Words are looked at one size after the other, so
 * that the processor guesses right how often its loops go round: half of the time went there. False
 * also when that cannot be said.
 */
bool mm_match_no_word(struct mm_matcher *m, const struct mm_lits *l);
/*
 * Does rule `index` match, worked out from its program alone, without the indexes? Tests hold
 * mm_rules_match against it. *ret_routed says whether its logsource names the event.
 */
bool mm_match_plain(struct mm_matcher *m, const struct mm_event *ev, size_t index,
                    bool *ret_routed);
/* One comparison with a value that is there. */
enum mm_verdict mm_match_atom(struct mm_matcher *m, const struct mm_atom *a, struct mm_place *p);
/* Does the set hold for this event? Worked out once. */
enum mm_verdict mm_match_set(struct mm_matcher *m, uint32_t id);

#endif
