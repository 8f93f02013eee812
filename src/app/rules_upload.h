/*
 * app/rules_upload.h - a set of rules comes through a page: looked at first, taken by a second yes.
 *
 * Purpose   `mimamori rules upload`, asked by the portal: a file of rules or an archive on standard
 *           input becomes STATE/rules-sets/upload, and what it would change a document on standard
 *           output. `mimamori rules take`, asked by the worker, is app/rules_update.h's.
 * Owns      STATE/rules-sets/upload, under the lock of sets: one upload waits, the next one takes
 *           its place.
 * Threads   One.
 * Trust     The bytes may come from anywhere: archives are unpacked by app/rules_pack.h; before a
 *           rule is read, network, programs and all files but those of rules are given away.
 */
#ifndef MM_APP_RULES_UPLOAD_H
#define MM_APP_RULES_UPLOAD_H

#include "app/rules_sets.h"

enum { MM_RULES_UPLOAD_NAME_MAX = 255 }; /* bytes of a file's name, as file systems have it */

/* Bytes of a file of that name into a folder: a file of rules as it is, anything else unpacked.
 * Codes as mm_rules_unpack. */
MM_MUST_USE enum mm_code mm_rules_upload_unpack(struct mm_slice name, struct mm_slice bytes,
                                                char *dir);

/* Does this upload wait for the set of that name? MM_OK: its file's name is in ret. */
MM_MUST_USE enum mm_code mm_rules_upload_find(const struct mm_rules_set *s, const char *id,
                                              const char *name,
                                              char ret[MM_RULES_UPLOAD_NAME_MAX + 1]);
/* Is the set in force, or the former one, made of it? */
bool mm_rules_upload_taken(const struct mm_rules_set *s, const char *id);

/*
 * The whole of `mimamori rules upload`: exit status 0 when there is an answer. It has "error" (a
 * key of po/ behind "error.") when nothing waits now, and "refused" where rules were looked at.
 */
int mm_rules_cli_upload(const char *state, const char *name, const char *file);

#endif
