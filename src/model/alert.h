/*
 * model/alert.h - a rule matched an event: what passes from detection to triage.
 *
 * Purpose   One alert with all that triage needs to open a case, so that it needs neither the
 *           rule set nor the store.
 * Owns      Nothing: texts borrow the event, the rule set or the decoded bytes.
 * Threads   Pure functions.
 * Trust     Decoding reads bytes that a shard wrote, and a shard reads hostile bytes: every
 *           length is checked, texts are still foreign. Fuzzed by alert_fuzz.c.
 */
#ifndef MM_MODEL_ALERT_H
#define MM_MODEL_ALERT_H

#include "base/base.h"
#include "base/buf.h"
#include "base/rd.h"

enum {
    MM_ALERT_MAX_TEXT = 1024,        /* one short text: id, title, author, entity */
    MM_ALERT_MAX_DOC = 16 * 1024,    /* rule texts in two languages */
    MM_ALERT_MAX_EVENT = 192 * 1024, /* the event as JSON: a full line, escaped and mapped */
};

/* Sigma's levels, in rising order. */
enum mm_level {
    MM_LEVEL_INFORMATIONAL,
    MM_LEVEL_LOW,
    MM_LEVEL_MEDIUM,
    MM_LEVEL_HIGH,
    MM_LEVEL_CRITICAL,
    MM_LEVEL_COUNT
};

/* What the alert is about: the ECS field that names it tells the kind ("host.name"). */
struct mm_alert {
    uint64_t seq;
    uint16_t queue;
    uint32_t company;
    uint32_t source;
    int64_t received_us;
    int64_t time_us;
    uint32_t events;          /* it stands for: mm_event_stands_for, of many merged their sum */
    enum mm_level level;      /* in this company */
    enum mm_level rule_level; /* the author's */
    bool prevented;           /* a control stopped what the event tells of: mm_event_prevented */
    bool succeeded;           /* the event tells of a login that succeeded: mm_event_let_in */
    struct mm_slice rule_id;
    struct mm_slice title;
    struct mm_slice author;       /* DRL 1.1 asks for it in every alert */
    struct mm_slice entity_field; /* ECS name: host.name, source.ip, user.name, … */
    struct mm_slice entity;       /* its value; empty when the event does not name one */
    struct mm_slice doc;          /* JSON object of the rule's texts, or empty */
    struct mm_slice event;        /* JSON object of the whole event with event.original */
    struct mm_slice hidden_by;    /* id of the filter that hides it: kept, counted, no finding */
};

/* "critical" for MM_LEVEL_CRITICAL and so on; level < MM_LEVEL_COUNT. */
const char *mm_level_name(enum mm_level level);
/* The level of that name; false when there is none. */
MM_MUST_USE bool mm_level_find(struct mm_slice name, enum mm_level *ret);
/*
 * How grave an alert is: its rule's level, one less when a control stopped what it tells of
 * (model/prevented.def). Whether a case is opened is decided by the rule's level all the same.
 */
enum mm_level mm_level_weigh(enum mm_level level, bool prevented);

/* Append the alert; texts longer than their maximum are cut. Decodes to the same alert. */
void mm_alert_encode(struct mm_buf *out, const struct mm_alert *a);
/*
 * Read the next alert; texts borrow rd's bytes. False (rd anywhere, *ret untouched) when the bytes
 * are no alert.
 */
MM_MUST_USE bool mm_alert_decode(struct mm_rd *rd, struct mm_alert *ret);

#endif
