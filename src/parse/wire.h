/*
 * parse/wire.h - the wire fields of one line, between its decoder and its mapping.
 *
 * Purpose   A decoder puts names and values here; the format's mapping reads them.
 *           A name that the format knows has a slot, others are kept as they are.
 * Owns      Nothing: names and values borrow the line, the arena or the format.
 * Threads   One line, one thread.
 * Trust     Names and values are hostile.
 */
#ifndef MM_PARSE_WIRE_H
#define MM_PARSE_WIRE_H

#include "base/arena.h"
#include "base/base.h"
#include "base/work.h"
#include "codec/pattern.h"
#include "codec/syslog.h"
#include "codec/when.h"
#include "model/event.h"
#include "parse/symtab.h"

enum {
    MM_WIRE_MAX = 1024, /* names one format may know; Windows channels together reach 600 */
    MM_WIRE_TEXTS = 3,  /* of a line, that formats read */
    MM_WORK_VALUE = 10, /* units of work of a name and its value, from the line to the event */
};

struct mm_columns;
struct mm_json;
struct mm_look;
struct mm_text;
struct mm_tree;
struct mm_winevent;

struct mm_wire {
    const struct mm_symtab *names; /* of the format: name -> slot */
    struct mm_arena *arena;        /* for values that don't stand in the line as such */
    const struct mm_text *text;    /* the line */
    const struct mm_tree *tree;    /* an event that was no line: read already; else NULL */
    struct mm_work work;           /* what this step of reading the line may still cost */
    uint32_t given;                /* what it began with */
    uint32_t spent;                /* by the steps before */
    uint32_t most;                 /* all steps together */
    bool costly;                   /* one of them needed more than it was given */
    uint32_t line;                 /* stamp of this line */
    uint32_t stamp[MM_WIRE_MAX];   /* slot is set when its stamp is this line's */
    struct mm_slice value[MM_WIRE_MAX];
    uint32_t sym_stamp[MM_WIRE_MAX]; /* sym is this line's when its stamp is */
    uint16_t sym[MM_WIRE_MAX];       /* the symbol that conditions ask for */
    uint32_t extra_stamp[MM_WIRE_MAX];
    uint8_t extra_at[MM_WIRE_MAX]; /* where the extra of that id stands in the event */
    uint16_t put[MM_WIRE_MAX];     /* slots in the order they were set */
    size_t put_count;
    struct mm_extra unknown[MM_MAX_EXTRA];
    size_t unknown_count;
    bool unknown_full;
    struct mm_when when; /* a time that the decoder itself read */
    bool has_when;
    bool read;                     /* the decoder took the line for its own */
    bool whole;                    /* the decoder understood all of the line */
    uint16_t pattern;              /* which template matched, or MM_FORMAT_NONE */
    struct mm_json *json;          /* of this thread; for decoders that read JSON */
    const struct mm_winevent *win; /* of this thread */
    struct mm_event *ev;           /* for decoders that fill the event themselves */
    uint32_t company, source;      /* who sent the line */
    struct mm_columns *columns;    /* of this thread: what header lines have said */
    bool header;                   /* this line is one: it needs no time */
    int32_t offset_s;              /* zone of times without one */
    bool mended;                   /* the line was cut off and has been closed again */
    bool timed;                    /* the decoder has set the event's time */
    bool mapped;                   /* every mapped value was of its type */
    bool dated;                    /* the time was there, or need not be */
    struct mm_slice wrong;         /* the first value that was not of its type; p NULL: none */
    struct mm_slice wrong_name;    /* its wire field */
    const uint8_t *stray;          /* the first byte that the decoder could not place, or NULL */
    struct mm_syslog syslog;       /* the header, when the format allows one and it was there */
    bool has_syslog;
    /* How the texts begin that witnesses were asked about: the line, behind its header, behind its
     * tag. */
    struct mm_pattern_begin begin[MM_WIRE_TEXTS];
    size_t begin_turn;    /* the one that was worked out last */
    struct mm_look *look; /* of this thread: what the index found in this line, if `looked` */
    bool looked;
};

/* The line has cost what it may: stop reading it. */
static inline bool mm_wire_spent(const struct mm_wire *w)
{
    return w->work.over;
}

static inline bool mm_wire_has(const struct mm_wire *w, uint16_t slot)
{
    return w->stamp[slot] == w->line;
}

/* Begin a line all of whose steps together may cost so much. */
static inline void mm_wire_account(struct mm_wire *w, uint32_t most)
{
    w->most = most;
    w->given = w->spent = 0;
    w->work = (struct mm_work){0};
    w->costly = false;
}

/* Begin a step that may cost so much, if the line has as much left; what the one before has cost is
 * added up. */
static inline void mm_wire_give(struct mm_wire *w, uint32_t units)
{
    w->spent += w->given - w->work.left;
    w->costly = w->costly || w->work.over;
    MM_ASSERT(w->spent <= w->most);
    units = units < w->most - w->spent ? units : w->most - w->spent;
    w->given = units;
    w->work = (struct mm_work){.left = units};
}

/* Set a slot; the first value of a line stays. */
static inline void mm_wire_slot(struct mm_wire *w, uint16_t slot, struct mm_slice value)
{
    MM_ASSERT(slot < MM_WIRE_MAX);
    if (w->stamp[slot] == w->line)
        return;
    w->stamp[slot] = w->line;
    w->value[slot] = value;
    w->put[w->put_count++] = slot;
}

/* Set by name. Without work left nothing is set: whoever loops over names asks mm_wire_spent. */
static inline void mm_wire_put(struct mm_wire *w, struct mm_slice name, struct mm_slice value)
{
    uint16_t slot;

    if (!mm_work_take(&w->work, MM_WORK_VALUE))
        return;
    slot = mm_symtab_get(w->names, name);
    if (slot != MM_SYM_NONE) {
        mm_wire_slot(w, slot, value);
    } else if (w->unknown_count < MM_MAX_EXTRA) {
        w->unknown[w->unknown_count++] = (struct mm_extra){.name = name, .value = value};
    } else {
        w->unknown_full = true;
    }
}

#endif
