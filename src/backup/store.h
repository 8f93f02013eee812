/*
 * backup/store.h - the store of events of a state directory, whether it runs or not.
 *
 * Purpose   Which parts of events are alive is known to eventd alone. A backup asks the one that
 *           runs, or starts one for the question; a check starts one on what it found.
 * Owns      The program, when it had to be started, and the connection.
 * Threads   One thread.
 * Trust     eventd is ours; what it says is read within bounds.
 */
#ifndef MM_BACKUP_STORE_H
#define MM_BACKUP_STORE_H

#include <sys/types.h>

#include "store/events/client.h"

struct mm_backup_store {
    struct mm_events_client *client; /* it only reads */
    pid_t pid;                       /* 0: it ran already */
};

/*
 * Reach the store of this state directory; when nobody answers there, `mimamori-eventd` beside this
 * program is started on it. MM_E_NOTFOUND: it is not installed; MM_E_IO: it does not come up (the
 * store is damaged, or its log says why); MM_E_CONFIG: the path is too long for a socket.
 */
MM_MUST_USE enum mm_code mm_backup_store_open(const char *state, struct mm_backup_store *ret);
/* Ends what was started. Safe on a zeroed one. */
void mm_backup_store_close(struct mm_backup_store *s);
/* Run a statement without parameters and append its rows to out. */
MM_MUST_USE enum mm_code mm_backup_store_ask(struct mm_backup_store *s, enum mm_statement st,
                                             struct mm_buf *out);
/* The same for a statement about one company. */
MM_MUST_USE enum mm_code mm_backup_store_ask_of(struct mm_events_client *c, enum mm_statement st,
                                                uint32_t company, struct mm_buf *out);
/* How many rows of this table can be read. */
MM_MUST_USE enum mm_code mm_backup_store_rows(struct mm_backup_store *s, struct mm_slice table,
                                              uint64_t *ret);

#endif
