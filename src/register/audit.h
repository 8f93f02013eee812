/*
 * register/audit.h - who did what, one hash chain a company.
 *
 * Purpose   An entry that was changed, removed or put in later is found. The text can be erased
 *           (a person's right) and the chain still verifies, because it holds the text's digest.
 * Owns      The table audit. Entries are never deleted; triggers in the schema hold that.
 * Threads   As the transaction.
 * Trust     Texts may come from people; they are data. Someone who can rewrite the whole file can
 *           make a new chain: keep the last hash elsewhere (a printed report shows it).
 */
#ifndef MM_REGISTER_AUDIT_H
#define MM_REGISTER_AUDIT_H

#include "codec/ext/crypt.h"
#include "store/records/query.h"

enum {
    MM_AUDIT_TEXT_MAX = 4000, /* bytes kept of a text; cut between characters */
    MM_AUDIT_WORD_MAX = 100,  /* actor, action, object */
};

struct mm_audit {
    int64_t time_us;
    uint32_t user;          /* 0: nobody, a program */
    struct mm_slice actor;  /* login name or program */
    struct mm_slice action; /* stable key: "site.add", "login" */
    struct mm_slice object; /* "site 4"; may be empty */
    struct mm_slice text;   /* may be empty */
};

/*
 * Append to the chain of the scope's one company; call it in the same write function as the
 * change that it tells of.
 */
MM_MUST_USE enum mm_code mm_audit_add(struct mm_tx *tx, const struct mm_audit *entry);
/* Erase the text of one entry. MM_E_NOTFOUND when there is none with this number. */
MM_MUST_USE enum mm_code mm_audit_erase(struct mm_tx *tx, uint64_t number);

struct mm_audit_row {
    uint64_t number; /* 1, 2, 3 ... a company */
    struct mm_audit entry;
    bool erased;
};
typedef bool (*mm_audit_sink)(void *arg, const struct mm_audit_row *row);
/* Entries of the scope's one company, newest first, numbers below `before` (0: from the newest). */
MM_MUST_USE enum mm_code mm_audit_each(struct mm_tx *tx, uint64_t before, uint32_t limit,
                                       mm_audit_sink sink, void *arg);

struct mm_audit_proof {
    uint64_t entries;      /* that were checked and are right */
    uint64_t broken_at;    /* first number that is wrong or missing; 0: the chain is whole */
    struct mm_digest last; /* hash of the last right entry */
};
/* Check the whole chain of the scope's one company. */
MM_MUST_USE enum mm_code mm_audit_verify(struct mm_tx *tx, struct mm_audit_proof *ret);

#endif
