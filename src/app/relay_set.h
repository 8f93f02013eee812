/*
 * app/relay_set.h - the signed settings of a relay on its disk.
 *
 * Purpose   One place that checks a signature before anything of the settings counts.
 * Owns      Texts of the settings borrow the buffer that is passed.
 * Threads   Any.
 * Trust     The text is hostile until the centre's key has vouched for it.
 */
#ifndef MM_APP_RELAY_SET_H
#define MM_APP_RELAY_SET_H

#include "app/relay_identity.h"
#include "codec/relayset.h"

/* MM_E_AUTH: not signed by our centre, or for another relay. Else as mm_relayset_parse. */
MM_MUST_USE enum mm_code mm_relay_set_check(const struct mm_relay_identity *id,
                                            struct mm_slice text, struct mm_relayset *ret);
/* Those on the disk, read into file. MM_E_NOTFOUND: there are none yet. */
MM_MUST_USE enum mm_code mm_relay_set_read(const char *state, const struct mm_relay_identity *id,
                                           struct mm_buf *file, struct mm_relayset *ret);
/* Check and keep. MM_E_RANGE: older than those that are there. */
MM_MUST_USE enum mm_code mm_relay_set_keep(const char *state, const struct mm_relay_identity *id,
                                           struct mm_slice text);

#endif
