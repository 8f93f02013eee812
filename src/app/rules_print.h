/*
 * app/rules_print.h - what the commands of `mimamori rules` print alike.
 *
 * Purpose   Loading with a word why not; states, refusals and warnings as text and as JSON.
 * Owns      Nothing beyond a call; sets belong to the caller.
 * Threads   One.
 * Trust     Texts of rules are foreign; what is printed is made printable.
 */
#ifndef MM_APP_RULES_PRINT_H
#define MM_APP_RULES_PRINT_H

#include <stdio.h>

#include "base/buf.h"
#include "detect/detect.h"
#include "text/lang.h"

enum { MM_RULES_CLI_OUT_MAX = 256 * 1024 * 1024 }; /* JSON of the largest set there may be */

/* "mimamori: PATH: why" in that language on standard error; the code again. */
enum mm_code mm_rules_cli_complain(enum mm_lang lang, const char *path, enum mm_code code);
/* The words for a reason of detect/reasons.def. */
const char *mm_rules_cli_reason(enum mm_lang lang, const char *what);
/* The rules under n paths (options may be NULL); the caller unrefs. NULL after standard error was
 * told why. */
struct mm_ruleset *mm_rules_cli_load(enum mm_lang lang, const char *const *path, size_t n,
                                     const struct mm_rules_options *options);

/* The rule's title in that language, or its author's. */
struct mm_slice mm_rules_cli_title(enum mm_lang lang, const struct mm_rule *rule);
/* Append `,"key":"v"`. */
void mm_rules_cli_key(struct mm_buf *out, const char *key, struct mm_slice v);
/* Append `"refused":[...],"warnings":[...]`; the words are English, the keys stay. */
void mm_rules_cli_remarks_json(struct mm_buf *out, const struct mm_ruleset *set);
/* Append `"rules":N,"active":N,...,` with the comma behind. */
void mm_rules_cli_states_json(struct mm_buf *out, const struct mm_ruleset *set);
/* Refusals and warnings, a line each. */
void mm_rules_cli_remarks(FILE *to, enum mm_lang lang, const struct mm_ruleset *set);
/* One line: how many rules, and what becomes of them. */
void mm_rules_cli_states(enum mm_lang lang, const struct mm_ruleset *set);
/* out and a newline to standard output, unless memory was out; out is done then. */
void mm_rules_cli_print(struct mm_buf *out);
/* Foreign text on a terminal: no control characters. */
void mm_rules_cli_clean(struct mm_slice s);

#endif
