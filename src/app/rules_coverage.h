/*
 * app/rules_coverage.h - `mimamori rules coverage`: which logsources of the rules our formats
 * write.
 *
 * Purpose   One row a logsource with its rules: those of no format first.
 * Owns      Nothing beyond a call.
 * Threads   One.
 * Trust     Texts of rules are foreign; what is printed is made printable.
 */
#ifndef MM_APP_RULES_COVERAGE_H
#define MM_APP_RULES_COVERAGE_H

#include "detect/detect.h"
#include "text/lang.h"

/* Print the table, or the same as a JSON list. False when memory is out. */
bool mm_rules_cli_coverage(const struct mm_ruleset *set, bool json, enum mm_lang lang);

#endif
