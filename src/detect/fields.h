/*
 * detect/fields.h - where an event keeps what a rule calls by a Sigma name.
 *
 * Purpose   Sigma taxonomy names to places: fields of fields.def, or extras by name.
 * Owns      Nothing.
 * Threads   Called while a set is built.
 * Trust     Names come from rules: bounded in length, any bytes.
 * Spec      Sigma taxonomy appendix 2.1; detect/taxonomy.def, model/winfields.def.
 */
#ifndef MM_DETECT_FIELDS_H
#define MM_DETECT_FIELDS_H

#include "detect/ir.h"

/*
 * The place names for `field` under the rule's logsource, at most MM_SLOT_CAND_MAX, in the order in
 * which they are looked into; written into ret, borrowed from tables or from the arena.
 */
MM_MUST_USE enum mm_code mm_fields_places(struct mm_arena *a, const struct mm_rule *rule,
                                          struct mm_slice field,
                                          struct mm_slice ret[MM_SLOT_CAND_MAX], size_t *ret_n);

#endif
