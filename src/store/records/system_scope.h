/*
 * store/records/system_scope.h - scopes of programs that work for every company.
 *
 * Purpose   Engine, worker, command line and register's own lookups by digest. web/ never
 *           includes this header; a test holds that.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Whoever includes this can see everything: keep it out of code that handles requests.
 */
#ifndef MM_STORE_RECORDS_SYSTEM_SCOPE_H
#define MM_STORE_RECORDS_SYSTEM_SCOPE_H

#include "store/records/records.h"
#include "store/records/scope.h"

/* Sees everything; no user. */
const struct mm_scope *mm_system_scope(void);
/* One company, no user. Points into *hold. */
const struct mm_scope *mm_system_company(struct mm_scope_hold *hold, uint32_t company);

/*
 * From here to _drop the transaction runs MM_STMT_SYSTEM statements (which name main.TABLE)
 * whatever its scope is: for lookups that come before a scope (a session by its digest) and for
 * numbers that are unique over all companies. No statement may be open at either call.
 */
void mm_tx_elevate(struct mm_tx *tx);
void mm_tx_drop(struct mm_tx *tx);

#endif
