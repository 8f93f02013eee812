/*
 * desk/look.h - what the events say about one PC, person and hour; for src/desk only.
 *
 * Purpose   Questions to the store of events and what their answers mean. No records are touched.
 * Owns      Texts of a subject and of results live in the arena passed.
 * Threads   As the client.
 * Trust     Answers of the store hold foreign texts.
 */
#ifndef MM_DESK_LOOK_H
#define MM_DESK_LOOK_H

#include "desk/desk.h"
#include "triage/case.h"
#include "triage/many.h"

/* In the place of a rule: the event was copied by a look. */
#define MM_LOOKED MM_S("looked")

enum {
    MM_LOOK_EVENTS_MAX = 30, /* copied into the case */
};

/* Hours around the moment in which the PC's events are looked at, and days for its lease. */
#define MM_LOOK_WINDOW_US (INT64_C(3600) * 1000000)
#define MM_LOOK_LEASE_US (INT64_C(30) * 86400 * 1000000)
/* Before a flood of names: who was there then is no made-up one. It began some minutes before the
 * first line that its case has kept, when the first names had cases of their own. */
#define MM_LOOK_KNOWN_US (INT64_C(30) * 86400 * 1000000)
#define MM_LOOK_FLOOD_US (INT64_C(600) * 1000000)
/* A proxy writes its line when the request ends: minutes after the sensor saw it begin. */
#define MM_LOOK_PROXY_US (INT64_C(120) * 1000000)

/* Who and when; what was found out on the way is filled in. */
struct mm_subject {
    uint32_t company;
    int64_t at_us;
    bool detected;
    struct mm_slice pc, ip, mac, user;    /* empty: not known */
    struct mm_slice dest_ip, dest_domain; /* where a detected connection went */
    /* Of a case that counts many entities together; rule is empty otherwise. */
    struct mm_slice rule, field;
    int64_t flood_us; /* no earlier than its first alerts */
};

/*
 * When a flood began whose case was opened then and keeps these lines, by intake's clock. The case
 * may be opened long after its lines came: an engine that stood still works off what has waited.
 */
int64_t mm_look_flood(int64_t opened_us, const struct mm_case_event *events, size_t n);

struct mm_looked {
    struct mm_look_result result[MM_LOOK_COUNT];
    size_t n;
    struct mm_many_entity *known; /* in the arena; those of many that were known before */
    size_t known_n;
    struct mm_buf events; /* RowBinary rows of table events */
};

/*
 * Ask everything. MM_OK fills *ret (free ret->events with mm_buf_done); otherwise the store did not
 * answer and nothing is known.
 */
MM_MUST_USE enum mm_code mm_look_ask(struct mm_events_client *events, struct mm_subject *s,
                                     struct mm_arena *a, struct mm_looked *ret);

#endif
