/*
 * app/sign_in.h - the worker's part of a login with the operator's provider of identities.
 *
 * Purpose   Does the jobs of kind SIGN_IN (register/oidc.h), and notes from time to time where the
 *           provider's login page is. The provider is asked by a program of its own (app/oidc.c).
 * Owns      The secret, until _done.
 * Threads   One.
 * Trust     The program's answer is as hostile as the provider's: bounded JSON, checked again.
 */
#ifndef MM_APP_SIGN_IN_H
#define MM_APP_SIGN_IN_H

#include "base/limits.h"
#include "job/job.h"
#include "serve/secret.h"
#include "store/records/records.h"

struct mm_sign_in {
    const char *issuer, *client, *redirect, *acr; /* of the configuration */
    char secret[MM_SECRET_MAX];                   /* empty: a public client */
    char ca_file[MM_MAX_PATH];                    /* empty: the system's */
    char program[MM_MAX_PATH + 16];
    bool loopback;
    int64_t next_us; /* when the provider is asked again; monotonic */
    bool away;       /* it did not answer the last time */
};

/* Find the program; false when nobody knows where we are. The rest is the caller's to fill. */
MM_MUST_USE bool mm_sign_in_program(struct mm_sign_in *s);
void mm_sign_in_done(struct mm_sign_in *s);
/* The port of the provider's address; 443 when it names none. */
uint16_t mm_sign_in_port(const struct mm_sign_in *s);

/* Where is its login page? Asked when it is time to; what does not work is logged and asked again.
 */
void mm_sign_in_provider(struct mm_sign_in *s, struct mm_records *records);
/* Who came back? Ends the job; a failure is one of ours, never the provider's or the guest's. */
MM_MUST_USE enum mm_code mm_sign_in_do(const struct mm_sign_in *s, struct mm_records *records,
                                       const struct mm_job *job);

#endif
