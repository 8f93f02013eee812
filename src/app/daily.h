/*
 * app/daily.h - what the worker does each morning (the job MM_JOB_DAILY).
 *
 * Purpose   What has passed its time is deleted, the day of the audit chains is closed, and the
 *           operator's staff gets its mail.
 * Owns      Nothing.
 * Threads   The worker's.
 * Trust     Works for every company.
 */
#ifndef MM_APP_DAILY_H
#define MM_APP_DAILY_H

#include "notify/notify.h"

/* The next morning (07:00 in Japan) behind now_us. */
int64_t mm_daily_next(int64_t now_us);
/* See that the job waits: for the next morning, when it was not there. */
MM_MUST_USE enum mm_code mm_daily_ensure(struct mm_records *records, int64_t now_us);
/* Do it. On failure the job is still the caller's; what was done is not done twice. */
MM_MUST_USE enum mm_code mm_daily_do(struct mm_records *records, const char *state,
                                     const struct mm_mail_server *server, const struct mm_job *job,
                                     int64_t now_us);

#endif
