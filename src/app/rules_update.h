/*
 * app/rules_update.h - `mimamori rules update` and `rollback`: a set of rules comes as a whole.
 *
 * Purpose   Show what a new set (SigmaHQ's, say) changes, ask, and put it in the place of the
 *           installed one; or take the former one back. Files that hold no good rule stay out.
 * Owns      Nothing beyond a call.
 * Threads   One; two such commands at once: the second is refused.
 * Trust     Rules are foreign: read as everywhere (detect/detect.h), shown printable. Archives are
 *           unpacked by app/rules_pack.h, addresses asked by app/rules_fetch.h.
 */
#ifndef MM_APP_RULES_UPDATE_H
#define MM_APP_RULES_UPDATE_H

#include "text/lang.h"

#define MM_RULES_UPDATE_NAME "sigmahq" /* of a set that was given none */

struct mm_rules_update {
    const char *state, *name;
    const char *from;    /* folder, archive, file of rules or https address; NULL: back */
    const char *upload;  /* mm_dir_id of what a page has taken in, instead of from; or NULL */
    const char *sha256;  /* of the archive, in hexadecimal; NULL: not known */
    const char *ca_file; /* that vouches for the address; NULL: the system's */
    const char *by;      /* login of who wants it; NULL: who is at the command line */
    const char *away;    /* mm_dir_id of the set that is to go; NULL: the one in force. Back only */
    enum mm_lang lang;
    bool yes;  /* do not ask */
    bool json; /* and nothing happens without yes */
};

/* Exit status: 0 done, nothing to do, or only shown as JSON; 1 nothing was installed, see why. */
int mm_rules_cli_update(const struct mm_rules_update *u);

#endif
