/*
 * app/rules_draft.h - `mimamori rules draft`: what about this rule? For the portal's page.
 *
 * Purpose   One JSON document in: {"rule" (its YAML), "companies": [numbers], "days", "try"}; one
 *           out: what is wrong with which line, which rule it is, and, when it is to be tried, how
 *           often it would have found something (app/rules_try.h).
 * Owns      Nothing; the process ends in it.
 * Threads   One.
 * Trust     The rule may come from anywhere and events are hostile, while the portal keeps
 *           everybody's data: this gives away files and processes before it reads, and keeps
 *           sockets, for the store can be asked only by one.
 */
#ifndef MM_APP_RULES_DRAFT_H
#define MM_APP_RULES_DRAFT_H

/* Does not return: status 0 when there is an answer, whatever it says. */
_Noreturn void mm_rules_draft(const char *state);

#endif
