/*
 * app/tailoring.h - what `mimamori values` and `mimamori rules` share about rules by company.
 *
 * Purpose   Find the company or programme that is meant, what counts there, and the rules that are
 *           installed.
 * Owns      The caller closes what was opened.
 * Threads   One.
 * Trust     Who can run this can read the state directory: the system scope is theirs anyway.
 */
#ifndef MM_APP_TAILORING_H
#define MM_APP_TAILORING_H

#include "tailor/tailor.h"
#include "text/lang.h"

/* Whose lists and adjustments: of a company (programme MM_TAILOR_OWN), or of a programme's members
 * (company 0). */
struct mm_place {
    uint32_t company, programme;
};

/* "mimamori: words: value" on stderr in the reader's language; value may be NULL. False. */
bool mm_tailoring_complain(enum mm_lang lang, const char *key, const char *value);
/* One of company and programme (codes or numbers) is given; false after saying what is wrong. */
MM_MUST_USE bool mm_place_find(struct mm_records *records, enum mm_lang lang, const char *company,
                               const char *programme, struct mm_place *ret);

/* What was said in a place, with its entry of the audit log. tx: system scope. */
MM_MUST_USE enum mm_code mm_place_put(struct mm_tx *tx, const struct mm_place *at,
                                      struct mm_slice name, struct mm_slices values, int64_t now_us,
                                      struct mm_fault *fault);
/* x->programme is the place's. */
MM_MUST_USE enum mm_code mm_place_adjust(struct mm_tx *tx, const struct mm_place *at,
                                         const struct mm_tailor_adjust *x, int64_t now_us,
                                         enum mm_tailor_state *ret, struct mm_fault *fault);
/* Its adjustments of the rule end; MM_E_NOTFOUND when there is none. */
MM_MUST_USE enum mm_code mm_place_release(struct mm_tx *tx, const struct mm_place *at,
                                          struct mm_slice rule, struct mm_slice reason,
                                          int64_t now_us);

/*
 * What counts in the company, for rules that are tried there; false after saying what is wrong.
 * *ret_company is its number.
 */
MM_MUST_USE bool mm_tailoring_of(const char *state, enum mm_lang lang, const char *company,
                                 uint32_t *ret_company, struct mm_tuning **ret);
/* The rules that the engine of this state directory loads; NULL after saying why not. */
struct mm_ruleset *mm_tailoring_rules(const char *state, const struct mm_tuning *tuning);

#endif
