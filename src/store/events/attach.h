/*
 * store/events/attach.h - is this the definition of one of our tables?
 *
 * Purpose   A store of events believes what stands in its tables' files (ATTACH TABLE ...): an
 *           engine that reads other files, a default that is computed, an address. Before a store
 *           is started on files that came from elsewhere (a backup), they are held against our own
 *           tables, those of every release.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     The text is hostile. What is not known word for word is refused.
 * Spec      The form in which libchdb 26 writes it: a line each. attach_fuzz.c.
 */
#ifndef MM_STORE_EVENTS_ATTACH_H
#define MM_STORE_EVENTS_ATTACH_H

#include "store/events/schema.h"

enum { MM_ATTACH_MAX = 64 * 1024 }; /* ours have 3 KiB */

/* The table of that name; false: none of ours. */
bool mm_etable_find(struct mm_slice name, enum mm_etable *ret);
/*
 * MM_E_SYNTAX: something in it is not of this table; fault names the byte where the strange line
 * begins.
 */
MM_MUST_USE enum mm_code mm_attach_check(struct mm_slice text, enum mm_etable t,
                                         struct mm_fault *fault);

#endif
