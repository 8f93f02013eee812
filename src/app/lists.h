/*
 * app/lists.h - values for placeholders out of a file: `--lists FILE` of `rules` and `hunt`.
 *
 * Purpose   What is tried without the records of a company can be given its lists by hand.
 * Owns      The caller frees what was read.
 * Threads   One.
 * Trust     The file is the operator's; detect/tuning.h refuses what is wrong in it.
 */
#ifndef MM_APP_LISTS_H
#define MM_APP_LISTS_H

#include "detect/tuning.h"

/* NULL after standard error was told the line and why. */
struct mm_tuning *mm_app_lists(const char *path);

#endif
