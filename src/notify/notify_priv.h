/*
 * notify/notify_priv.h - the feature's statements, and writing a mail; for src/notify only.
 *
 * Purpose   Names for the rows of statements.def; what all mails have in common.
 * Owns      Nothing.
 * Threads   Constants.
 * Trust     SQL is ours.
 */
#ifndef MM_NOTIFY_NOTIFY_PRIV_H
#define MM_NOTIFY_NOTIFY_PRIV_H

#include "base/buf.h"
#include "store/records/query.h"
#include "text/lang.h"

enum mm_notify_stmt {
#define MM_STMT(id, kind, sql) MM_NOTIFY_##id,
#include "notify/statements.def"
#undef MM_STMT
    MM_NOTIFY_STMTS
};

extern const struct mm_stmt mm_notify_stmts[MM_NOTIFY_STMTS];

/* Mails that one occasion is told in: the operator's staff. */
enum { MM_NOTIFY_STAFF_MAX = 50 };

struct mm_notify_staff {
    struct mm_slice mail;
    enum mm_lang lang;
};

/* Who of the staff is told, by STAFF_MAILS or DAILY_MAILS; at most MM_NOTIFY_STAFF_MAX. */
MM_MUST_USE enum mm_code mm_notify_staff(struct mm_tx *tx, enum mm_notify_stmt st,
                                         struct mm_arena *a, struct mm_notify_staff *ret,
                                         size_t *ret_n);
/* The words of prefix and name in that language, or the name. */
struct mm_slice mm_notify_words(enum mm_lang lang, const char *prefix, struct mm_slice name);
/* "words: value" as a line; nothing for an empty value. */
void mm_notify_line(struct mm_buf *b, enum mm_lang lang, const char *key, struct mm_slice value);

struct mm_notify_mail {
    int64_t case_id; /* 0: of none */
    struct mm_slice recipient;
    const struct mm_buf *subject, *body, *id;
    int64_t now_us;
};
/* Put a mail into the outbox of the company of tx, with its job. MM_E_LIMIT: a text is too long. */
MM_MUST_USE enum mm_code mm_notify_put(struct mm_tx *tx, const struct mm_notify_mail *m);

#endif
