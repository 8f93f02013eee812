/*
 * register/scan.h - the scanned page of a consent, kept sealed.
 *
 * Purpose   A consent counts only with the page that was signed: it is kept with its digest, and
 *           sealed, since signatures and seals on it can be misused.
 * Owns      Nothing.
 * Threads   As the transaction.
 * Trust     The file comes from people: it is kept and given back as bytes, never opened.
 */
#ifndef MM_REGISTER_SCAN_H
#define MM_REGISTER_SCAN_H

#include "base/arena.h"
#include "codec/ext/crypt.h"
#include "store/records/query.h"

enum {
    MM_SCAN_MAX = 4 * 1024 * 1024, /* an A4 page in colour at 300 dpi, as PDF, is about 1 MB */
    MM_SCAN_NAME_MAX = 200,
};

/*
 * Keep the scan of a consent of the scope's one company, in place of an earlier one. MM_E_LIMIT
 * when it is empty or larger than MM_SCAN_MAX, MM_E_NOTFOUND when there is no such consent.
 */
MM_MUST_USE enum mm_code mm_scan_put(struct mm_tx *tx, const struct mm_key *key, uint32_t consent,
                                     struct mm_slice name, struct mm_slice bytes, int64_t now_us);
/* The scan and its file name, in the arena. MM_E_SYNTAX when it was damaged. */
MM_MUST_USE enum mm_code mm_scan_get(struct mm_tx *tx, const struct mm_key *key, uint32_t consent,
                                     struct mm_arena *a, struct mm_slice *ret_name,
                                     struct mm_slice *ret_bytes);

#endif
