/*
 * hunt/frame.h - what a reader child tells the program that started it.
 *
 * Purpose   Children read foreign bytes and can only write to a pipe; what goes through it is a
 *           list of frames: a file begins, a rule matched, something is broken, a file has ended.
 * Owns      Nothing: texts of a frame borrow the bytes it was read from.
 * Threads   Pure functions.
 * Trust     A child that was taken over can write what it likes: every length is checked and
 *           bounded, numbers are the caller's to check, texts stay foreign. Fuzzed by frame_fuzz.c.
 * Spec      u32 length, u8 kind, then the kind's members in their order: numbers little-endian,
 *           texts behind their u32 length.
 */
#ifndef MM_HUNT_FRAME_H
#define MM_HUNT_FRAME_H

#include "base/base.h"
#include "base/buf.h"
#include "base/rd.h"

enum {
    MM_HF_MAX_TEXT = 1024,         /* host, user, entity, why */
    MM_HF_MAX_NAME = 4096,         /* path of a member of an archive */
    MM_HF_MAX_TELLS = 16 * 1024,   /* telling fields with their names */
    MM_HF_MAX_EVENT = 1024 * 1024, /* event as JSON: a record's values, escaped */
    MM_HF_MAX = MM_HF_MAX_EVENT + MM_HF_MAX_TELLS + 8 * MM_HF_MAX_TEXT,
};

enum mm_hunt_frame_kind {
    MM_HF_BEGIN = 1, /* part, name: a file of the unit, or a member of an archive */
    MM_HF_HIT,       /* rule … event */
    MM_HF_BROKEN,    /* record, at, why */
    MM_HF_MOVED,     /* bytes, events: since the last such frame */
    MM_HF_END,       /* the file's sums */
    MM_HF_DONE,      /* the unit was read to its end */
};

/* Kinds of records that were there; what is absent is said in reports. */
enum mm_hunt_seen {
    MM_SEEN_SECURITY = 1, /* Windows' channel of that name */
    MM_SEEN_PROCESS = 2,  /* starts of programs with their command lines */
    MM_SEEN_SYSMON = 4,
    MM_SEEN_POWERSHELL = 8,
    MM_SEEN_SYSTEM = 16,
    MM_SEEN_DEFENDER = 32,
    MM_SEEN_NETWORK = 64, /* firewalls, proxies, name servers, sensors */
    MM_SEEN_UNIX = 128,
    MM_SEEN_BITS = 8,
};

enum mm_hunt_state {
    MM_HUNT_WAITS,
    MM_HUNT_READ,
    MM_HUNT_NOT_OPENED,
    MM_HUNT_NO_LOG,  /* its first bytes are no log's */
    MM_HUNT_PACKED,  /* an archive: its members are files of their own */
    MM_HUNT_DIED,    /* the child that read it ended too early */
    MM_HUNT_DAMAGED, /* it could not be read to its end */
    MM_HUNT_NESTED,  /* an archive in an archive: not opened */
    MM_HUNT_LOCKED,  /* encrypted, and no password fits */
    MM_HUNT_BOMB,    /* packed, and what comes out is out of all proportion */
    MM_HUNT_NO_FILE, /* a link, a device, a socket: not read */
    MM_HUNT_FOREIGN, /* an archive or a binary log of a kind that is not read */
    MM_HUNT_STATES
};

/* Sums of one file, or of its parts together. */
struct mm_hunt_sums {
    uint64_t bytes;   /* read; of packed members what came out */
    uint64_t events;  /* records and lines */
    uint64_t unread;  /* of them: no format could read all of it */
    uint64_t outside; /* of them: outside the time that was asked for */
    uint64_t cut;     /* longer than a record may be */
    uint64_t broken;  /* places that could not be read */
    uint64_t hits;
    int64_t first_us, last_us; /* of events whose time is known; 0: none */
    uint32_t seen;             /* enum mm_hunt_seen together */
    uint32_t windows, lines;   /* 1: it had records of event logs, lines */
};

struct mm_hunt_frame {
    enum mm_hunt_frame_kind kind;
    uint32_t part;
    struct mm_slice name;
    uint32_t rule;
    uint64_t record; /* number that the log gave it, or its line */
    uint64_t at;     /* BROKEN: offset */
    int64_t time_us;
    uint32_t shown;     /* 0: only counted, tells and event are empty */
    uint32_t prevented; /* a control stopped what the event tells of */
    struct mm_slice host, user, entity_field, entity;
    struct mm_slice tells; /* mm_hunt_frame_tell */
    struct mm_slice event; /* JSON object */
    uint32_t state;        /* END: enum mm_hunt_state */
    struct mm_hunt_sums sums;
};

/* Append one frame; texts longer than their maximum are cut. */
void mm_hunt_frame_put(struct mm_buf *out, const struct mm_hunt_frame *f);
/*
 * Read the next frame. MM_OK: rd stands behind it. MM_E_MORE: it is not whole yet, rd has not
 * moved. MM_E_SYNTAX: these bytes are no frames; *ret is untouched.
 */
MM_MUST_USE enum mm_code mm_hunt_frame_read(struct mm_rd *rd, struct mm_hunt_frame *ret);

/* One telling field behind the others in a buffer. */
void mm_hunt_frame_put_tell(struct mm_buf *tells, struct mm_slice name, struct mm_slice value);
/* The next telling field; false at the end, or where the bytes are none. */
MM_MUST_USE bool mm_hunt_frame_tell(struct mm_rd *rd, struct mm_slice *ret_name,
                                    struct mm_slice *ret_value);

#endif
