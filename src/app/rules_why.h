/*
 * app/rules_why.h - `mimamori rules why`: a rule, an event, and every part of the answer.
 *
 * Purpose   Reads rules and an event from files, prints a tree in words or JSON.
 * Owns      Nothing beyond a call.
 * Threads   One.
 * Trust     Rules and events are foreign; what is printed is made printable.
 */
#ifndef MM_APP_RULES_WHY_H
#define MM_APP_RULES_WHY_H

#include "detect/detect.h"
#include "text/lang.h"

/* The language that the environment asks for; English when it asks for none. */
enum mm_lang mm_rules_cli_lang(void);
/*
 * path[0..n-1) are rules and filters, the last is an event ("-" for standard input); n >= 2.
 * Returns the exit status: 0 when some rule alerts, else 1.
 */
int mm_rules_cli_why(const char *const *path, size_t n, const struct mm_rules_options *options,
                     uint32_t company, bool json, enum mm_lang lang);

#endif
