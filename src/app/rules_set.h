/*
 * app/rules_set.h - `mimamori rules set|unset`: a rule off, on or of another level somewhere.
 *
 * Purpose   Enter an adjustment (tailor/tailor.h) from the command line, with its reason.
 * Owns      Nothing.
 * Threads   One.
 * Trust     The operator's own command line.
 */
#ifndef MM_APP_RULES_SET_H
#define MM_APP_RULES_SET_H

/* argv of main, argv[1] is the verb. Exit status: 0 done, 1 not, 2 asked wrongly. */
int mm_rules_cli_set(int argc, char **argv, const char *state_default);

#endif
