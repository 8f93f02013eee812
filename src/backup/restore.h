/*
 * backup/restore.h - a backup as a new state directory.
 *
 * Purpose   On this machine or another one, after everything of the backup was looked at.
 * Owns      Nothing after return.
 * Threads   One.
 * Trust     As check.h. While it runs, and when it dies, the directory says so and every program
 *           refuses it (serve/state.h); an existing state is never written to.
 */
#ifndef MM_BACKUP_RESTORE_H
#define MM_BACKUP_RESTORE_H

#include "backup/check.h"

struct mm_restore_options {
    const char *state;    /* to be made; an empty directory is fine */
    const char *keys_dir; /* holds `key`, perhaps `tls/`; NULL: those of the backup, or none */
    bool without_keys;    /* leave out those of the backup, too; keys_dir is NULL then */
    const struct mm_records_options *tables;
    int64_t now_us;
};

/*
 * MM_E_EXISTS: there is something in the directory already. After any other failure but those of
 * the check, which come first, it is left unfinished; why says what to do.
 */
MM_MUST_USE enum mm_code mm_backup_restore(const struct mm_backup *b,
                                           const struct mm_restore_options *o, struct mm_buf *why);

#endif
