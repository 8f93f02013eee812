/*
 * codec/auditd.h - records of the Linux audit daemon: type=… msg=audit(…): key=value ….
 *
 * Purpose   Split one record into its head and its pairs; values that the kernel wrote in
 *           hexadecimal, because they hold blanks, quotes or line ends, become text again.
 * Owns      Nothing: everything borrows the input. mm_auditd_text makes plain text.
 * Threads   Pure functions: no state, no allocation but the passed arena, no I/O.
 * Trust     Input is hostile (names of files and programs are anybody's): cost is linear.
 * Spec      Linux audit documentation, "Audit event fields" and "Writing good events"
 *           (audit-documentation wiki): user space records nest their pairs in msg='…'; the
 *           enriched format adds pairs with upper-case names behind a byte 0x1D; SELinux puts
 *           "avc:  denied  { read write } for  " in front of the pairs.
 *           Fuzzed by auditd_fuzz.c.
 */
#ifndef MM_CODEC_AUDITD_H
#define MM_CODEC_AUDITD_H

#include "base/arena.h"
#include "base/base.h"
#include "codec/kv.h"

struct mm_auditd {
    struct mm_slice node; /* host of an aggregated log; empty when not given */
    struct mm_slice type;
    struct mm_slice time;        /* seconds with three fraction digits */
    struct mm_slice serial;      /* the same for all records of one event */
    struct mm_slice avc;         /* SELinux: "denied" or "granted"; empty when it isn't that */
    struct mm_slice permissions; /* SELinux: what was asked for, one blank between two */
    struct mm_slice pairs;
};

struct mm_auditd_walk {
    struct mm_kv outer;
    struct mm_kv inner; /* the pairs of msg='…' while they last */
    struct mm_slice enriched;
    bool nested;
    bool again; /* the enriched part has been begun */
    size_t stray;
};

struct mm_auditd_pair {
    struct mm_slice key;
    struct mm_slice value; /* without quotes */
    bool quoted;
};

/* Split the head of one record. MM_E_SYNTAX names the byte and leaves *ret untouched. */
MM_MUST_USE enum mm_code mm_auditd_parse(struct mm_slice in, struct mm_auditd *ret,
                                         struct mm_fault *fault);
void mm_auditd_walk(struct mm_auditd_walk *walk, struct mm_slice pairs);
/* The next pair, those of msg='…' in its place; false at the end. walk->stray counts words that
 * are no pairs and quotes that do not end, those of the enriched part left out (it writes
 * `{ fam=inet … }`). */
MM_MUST_USE bool mm_auditd_next(struct mm_auditd_walk *walk, struct mm_auditd_pair *ret);
/*
 * The text of a value: what stood in quotes is text already; of the fields that the kernel may
 * write in hexadecimal an unquoted value of such digits is decoded, bytes 0 between arguments
 * become blanks. False when the arena is full; *ret is untouched then.
 */
MM_MUST_USE bool mm_auditd_text(struct mm_arena *arena, const struct mm_auditd_pair *pair,
                                struct mm_slice *ret);

#endif
