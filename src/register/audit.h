/*
 * register/audit.h - who did what, one hash chain a company.
 *
 * Purpose   An entry that was changed, removed or put in later is found. The text can be erased
 *           (a person's right) and the chain still verifies, because it holds the text's digest.
 * Owns      The tables audit, audit_head (where each chain ends) and audit_day (where they ended at
 *           the close of a day). Nothing of them is ever deleted; triggers in the schema hold that.
 * Threads   As the transaction.
 * Trust     Texts may come from people; they are data. Someone who can rewrite the whole file can
 *           make new chains with new heads: a head that left the machine (the daily mail of the
 *           operator, a printed page) still tells. The operator's chain holds the digest of every
 *           day's heads, so that its head stands for all of them.
 */
#ifndef MM_REGISTER_AUDIT_H
#define MM_REGISTER_AUDIT_H

#include "codec/ext/crypt.h"
#include "store/records/query.h"
#include "store/records/records.h"

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
/*
 * As _add for who looks into the data of companies, in transactions of their own, before anything
 * is shown: also under a scope that may write nothing else (an auditor's). The action begins with
 * "look.": mm_audit_looks lists these. MM_E_NOTFOUND, and nothing written, when the scope does not
 * see one of the companies.
 */
MM_MUST_USE enum mm_code mm_audit_look(struct mm_records *records, const struct mm_scope *scope,
                                       const uint32_t *company, size_t n,
                                       const struct mm_audit *entry);
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

/* Those of mm_audit_look only. */
MM_MUST_USE enum mm_code mm_audit_looks(struct mm_tx *tx, uint64_t before, uint32_t limit,
                                        mm_audit_sink sink, void *arg);

/* Where a chain ended at some time. */
struct mm_audit_head {
    uint64_t number; /* 0: no entry yet */
    struct mm_digest hash;
};

enum { MM_AUDIT_HEAD_TEXT = 21 + 2 * MM_DIGEST + 1 };
/* "NUMBER:HASH" in hex, as mails and the command line have it; and back, false when it is none. */
void mm_audit_head_text(const struct mm_audit_head *head, char ret[MM_AUDIT_HEAD_TEXT]);
MM_MUST_USE bool mm_audit_head_parse(struct mm_slice text, struct mm_audit_head *ret);

struct mm_audit_proof {
    uint64_t entries;          /* that were checked and are right */
    uint64_t broken_at;        /* first number that is wrong or missing; 0: the chain is whole */
    struct mm_audit_head last; /* the last right entry */
};
/*
 * Check the whole chain of the scope's one company: every entry, where it has to end, where it
 * ended on the days that were closed, and `known`, a head that was kept elsewhere (NULL: none).
 */
MM_MUST_USE enum mm_code mm_audit_verify(struct mm_tx *tx, const struct mm_audit_head *known,
                                         struct mm_audit_proof *ret);

/*
 * Close a day (days since 1970 where the operator is): note the heads of all chains that have grown
 * since their last note, and put the digest of these notes into the operator's chain. *ret is the
 * operator's head then. A day that has its notes already is left as it is. System scope.
 */
MM_MUST_USE enum mm_code mm_audit_close_day(struct mm_tx *tx, int64_t day, int64_t now_us,
                                            struct mm_audit_head *ret);

typedef bool (*mm_audit_company_sink)(void *arg, uint32_t company, struct mm_slice code);
/* Every company there is or was, by number, until the sink answers false. System scope. */
MM_MUST_USE enum mm_code mm_audit_companies(struct mm_tx *tx, mm_audit_company_sink sink,
                                            void *arg);

struct mm_audit_days {
    uint64_t days;     /* that were checked and are right */
    int64_t broken_at; /* first day whose notes are not those of the operator's chain; 0: none */
};
/* Check the notes of all days. System scope. */
MM_MUST_USE enum mm_code mm_audit_verify_days(struct mm_tx *tx, struct mm_audit_days *ret);

#endif
