/*
 * app/rule_store.h - the folder of rules that were made on pages, STATE/rules/pages, and sets.
 *
 * Purpose   The way in and out of it, for the worker who does what a page was asked for. The engine
 *           looks at the folder every two seconds. Sets are exchanged by `mimamori rules`.
 * Owns      Nothing.
 * Threads   Any; of two writers of one name the later one stays.
 * Trust     Names are checked here; texts were checked before they were wished, and by the engine.
 */
#ifndef MM_APP_RULE_STORE_H
#define MM_APP_RULE_STORE_H

#include "base/base.h"

/* Write ID.yml durably and at once. MM_E_RANGE: no name of a file; MM_E_FULL, MM_E_IO. */
MM_MUST_USE enum mm_code mm_rule_store(const char *state, struct mm_slice id, struct mm_slice text);
/* Take it away. MM_E_RANGE; MM_E_NOTFOUND: there is none of that id; MM_E_IO. */
MM_MUST_USE enum mm_code mm_rule_discard(const char *state, struct mm_slice id);

/* The former state of a set comes back, as `mimamori rules rollback` has it, in the place of the
 * folder `away` (mm_dir_id); MM_OK also when that was done before. `who` wants it. MM_E_RANGE: no
 * name, or no folder said; MM_E_NOTFOUND: it was not done, the log says why; MM_E_IO. */
MM_MUST_USE enum mm_code mm_rule_set_back(const char *state, struct mm_slice name,
                                          struct mm_slice away, struct mm_slice who);
/* What was uploaded for a set and looked at (`upload`, mm_dir_id) comes into force, once. Codes as
 * above; MM_E_NOTFOUND: it does not wait any more. */
MM_MUST_USE enum mm_code mm_rule_set_take(const char *state, struct mm_slice name,
                                          struct mm_slice upload, struct mm_slice who);

#endif
