/*
 * notify/notify.h - telling people: the outbox of mails and its way to a mail server.
 *
 * Purpose   Each new case becomes one mail to each of the operator's staff, and so does each
 *           morning; they are written into the records first, with a job that sends them. A mail
 *           is never lost; it is sent again only when the server's answer was lost, and then with
 *           the same Message-ID.
 * Owns      Its records tables.
 * Threads   One sender at a time (the worker).
 * Trust     Case texts are foreign: no line of theirs becomes a header; bodies are base64.
 * Spec      RFC 5321, RFC 5322, RFC 2047 (subject), RFC 2045 (body).
 */
#ifndef MM_NOTIFY_NOTIFY_H
#define MM_NOTIFY_NOTIFY_H

#include "base/arena.h"
#include "base/buf.h"
#include "job/job.h"
#include "store/records/query.h"

extern const struct mm_feature mm_notify_feature;

enum {
    MM_MAIL_MAX = 256 * 1024,    /* one mail with its headers */
    MM_MAIL_RECIPIENT_MAX = 254, /* RFC 5321 4.5.3.1.3 */
    MM_MAIL_SUBJECT_MAX = 400,
};

/* Where mails go. Texts live as long as the value is used. */
struct mm_mail_server {
    const char *url; /* smtp://host:port or smtps://host:port */
    const char *from;
    const char *user, *password; /* NULL: none */
    const char *portal;          /* address of the pages, for links: https://host:port */
    const char *ca_file;         /* NULL: the system's */
};

struct mm_mail {
    struct mm_slice recipient, subject, body, message_id;
    int64_t date_us;
};

/* How one try ended. */
enum mm_mail_end {
    MM_MAIL_SENT,    /* the server took it over */
    MM_MAIL_LATER,   /* it was not taken: no connection, or "not now" */
    MM_MAIL_UNSURE,  /* sent, but the answer was lost */
    MM_MAIL_REFUSED, /* 5xx: it will never be taken */
};

/*
 * The whole mail with headers and CRLF line ends. MM_E_SYNTAX when recipient or sender is no plain
 * address; MM_E_LIMIT when it is too long.
 */
MM_MUST_USE enum mm_code mm_mail_build(const struct mm_mail *m, const char *from,
                                       struct mm_buf *out);
/* One try over SMTP; blocks at most about a minute. `why` gets the reason when it is not SENT. */
enum mm_mail_end mm_mail_send(const struct mm_mail_server *server, const struct mm_mail *m,
                              struct mm_buf *why);

/*
 * The job MM_JOB_TELL: write the mails of its case, each with its job, and end this one with them.
 * With server NULL (mail is off) nobody is told. On failure nothing was written and the job is
 * still the caller's.
 */
MM_MUST_USE enum mm_code mm_notify_case(struct mm_records *records,
                                        const struct mm_mail_server *server,
                                        const struct mm_job *job, int64_t now_us);
/* What the daily mail says beside what it reads. */
struct mm_daily {
    int64_t day; /* days since 1970 where the operator is: a day is told once */
    int64_t now_us;
    int64_t next_us;   /* when the job is due again */
    int64_t silence_s; /* longest silence of a source that says nothing else */
    uint64_t deleted;  /* cases that had passed their time */
    int64_t backup_us; /* when the last backup was made; 0: none known */
    const char *head;  /* of the operator's audit chain */
};
/*
 * The job MM_JOB_DAILY: write the mails of the day (open cases, silent sources, backup, audit head)
 * to the staff of all programmes, and put the job off to its next time, together. With server NULL
 * nobody is told. On failure nothing was written and the job is still the caller's.
 */
MM_MUST_USE enum mm_code mm_notify_daily(struct mm_records *records,
                                         const struct mm_mail_server *server,
                                         const struct mm_job *job, const struct mm_daily *d);
/* Delete what hangs on a case here: its mails. */
MM_MUST_USE enum mm_code mm_notify_forget(struct mm_tx *tx, int64_t case_id);
/*
 * The job MM_JOB_MAIL: try to send its mail, and end the job when it was sent. MM_E_DENIED when it
 * will never be taken, MM_E_IO when another try may help; `why` then has the reason in words and
 * the job is still the caller's. Blocks at most about a minute.
 */
MM_MUST_USE enum mm_code mm_notify_mail(struct mm_records *records,
                                        const struct mm_mail_server *server,
                                        const struct mm_job *job, int64_t now_us,
                                        struct mm_buf *why);

#endif
