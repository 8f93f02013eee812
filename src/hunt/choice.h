/*
 * hunt/choice.h - which rules and machines a hunt is about.
 *
 * Purpose   Words of the command line (tag:T1003, status:test, level:high, rule:ID, host:NAME)
 *           become a list of rules to pass over and a question about a machine.
 * Owns      A choice owns its list and what was read of files; words of the command line are
 *           borrowed and must outlive it.
 * Threads   Filled by one, then read only.
 * Trust     Words come from whoever runs the hunt; files of ids are bounded.
 */
#ifndef MM_HUNT_CHOICE_H
#define MM_HUNT_CHOICE_H

#include "base/arena.h"
#include "detect/detect.h"

enum {
    MM_HUNT_CHOICES_MAX = 100 * 1000,          /* words, those of files among them */
    MM_HUNT_CHOICE_FILE_MAX = 8 * 1024 * 1024, /* bytes of a file of ids, and of all texts kept */
};

enum mm_hunt_kind {
    MM_HUNT_BY_TAG,    /* the tag or one below it, with or without "attack." in front */
    MM_HUNT_BY_STATUS, /* as the rule says it */
    MM_HUNT_BY_LEVEL,  /* exactly */
    MM_HUNT_BY_RULE,   /* id or title */
    MM_HUNT_BY_HOST,   /* the machine of an alert, with or without its domain */
    MM_HUNT_KINDS
};

struct mm_hunt_word {
    enum mm_hunt_kind kind;
    bool only;
    struct mm_slice text;
};

/* Zero it before use. */
struct mm_hunt_choice {
    struct mm_hunt_word *word;
    size_t n, cap;
    struct mm_arena text; /* of files */
};

/* One "KIND:TEXT". MM_E_SYNTAX: no such kind, or no text; MM_E_LIMIT; MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_hunt_choice_add(struct mm_hunt_choice *c, struct mm_slice word,
                                            bool only);
/* Ids of rules, one a line, from "#" on nothing. Codes of reading the file, and as above. */
MM_MUST_USE enum mm_code mm_hunt_choice_file(struct mm_hunt_choice *c, const char *path, bool only);
void mm_hunt_choice_done(struct mm_hunt_choice *c);

/*
 * Mark in pass (one for each rule of the set) those that are not looked for: one that is among the
 * words to leave out, or not among the words of some kind to look for only. Returns how many.
 */
size_t mm_hunt_choice_rules(const struct mm_hunt_choice *c, const struct mm_ruleset *set,
                            bool *pass);
/* Are alerts about this machine wanted? */
bool mm_hunt_choice_host(const struct mm_hunt_choice *c, struct mm_slice host);

#endif
