/*
 * status/status.h - how the whole machine is: what is measured, what follows from it, who is told.
 *
 * Purpose   One reading of everything (programs, queues, sources, disk, clock, backup, jobs), one
 *           judgement of it, and three ways to say it: a document for people and programs, metrics
 *           for a monitoring system, findings of the operator's own company.
 * Owns      A reading lives in the arena given to _read.
 * Threads   Pure but for reading; one caller.
 * Trust     Files below run/ are ours, written by programs that read hostile bytes: numbers are
 *           held against bounds, names against the register's. No text of a company is in it.
 */
#ifndef MM_STATUS_STATUS_H
#define MM_STATUS_STATUS_H

#include "base/arena.h"
#include "os/hits.h"
#include "os/meter.h"
#include "serve/vitals.h"
#include "store/events/client.h"
#include "store/records/records.h"
#include "text/doc.h"
#include "text/lang.h"
#include "triage/triage.h"

enum {
    MM_STATUS_QUEUES_MAX = 64, /* as many as are read (store/spool/spool.h) */
    MM_STATUS_LINES_MAX = 128, /* programs, queues, and a dozen of the machine */
    MM_STATUS_NAME = 32,
    /* When a line of the status is no longer good. */
    MM_STATUS_START_S = 60,        /* a program that is not ready for so long */
    MM_STATUS_BEHIND_S = 5 * 60,   /* the oldest line that waits */
    MM_STATUS_BEHIND_BAD_S = 1800, /* and then somebody has to look */
    MM_STATUS_DISK_DAYS = 14,      /* left at this pace */
    MM_STATUS_DISK_BAD_DAYS = 5,   /* a weekend and a day */
    MM_STATUS_DISK_FREE_PCT = 10,  /* of the disk */
    MM_STATUS_BACKUP_DAYS = 3,     /* since the last one, or since the beginning */
    MM_STATUS_HELD_BACK_S = 120,   /* since a company was held back last: it tries each second */
    MM_STATUS_COMMIT_BAD_S = 5,    /* longest wait for the disk since intake began */
    /* One end is an accident and two may have one cause; three within an hour come again. */
    MM_STATUS_ENDS_BAD = 3,
    MM_STATUS_SHORT_S = 10 * 60, /* "lately" of what passes all the time; of all else an hour */
    /* Batches close after 3 s when there is much: one that takes longer lets the queue grow. */
    MM_STATUS_INSERT_SLOW_S = 5,
    /* Whoever waits longer turns to something else (Nielsen, Usability Engineering, 1993, 5.5). */
    MM_STATUS_SEARCH_SLOW_S = 10,
    MM_STATUS_SLOW_MIN = 3,     /* fewer slow ones are chance */
    MM_STATUS_SLOW_BAD = 2,     /* one of so many is slow: begins ... */
    MM_STATUS_SLOW_OVER = 10,   /* ... and is over when at most one of so many is */
    MM_STATUS_LOSS_BAD_PCT = 1, /* of the lines of an hour: somebody has to look */
};

/* Not known is neither good nor bad. */
enum mm_status_state { MM_STATUS_OK, MM_STATUS_UNKNOWN, MM_STATUS_WARN, MM_STATUS_BAD };
/* "ok", "unknown", "warn", "bad". */
const char *mm_status_state_name(enum mm_status_state s);

struct mm_status_queue {
    uint16_t queue;
    uint64_t waiting;  /* lines that are durable and not worked on */
    uint64_t bytes;    /* on the disk, what is done and not yet deleted included */
    int64_t oldest_us; /* when the first of those that wait came; 0: none waits */
};

/* What intake counts since it began, beyond what the records keep. */
struct mm_status_sender {
    uint32_t company, source;
    uint32_t connections;
    uint64_t bytes, truncated, resyncs, repeated, refused, over;
    uint64_t held_back; /* by its company's share of the spool */
    int64_t held_back_us;
};

/* Programs that count who runs into limits. */
enum { MM_STATUS_HITS = 2 };
struct mm_status_hits {
    const char *program;
    struct mm_hits_read read;
};

/* What came together in a time that ends now. */
struct mm_status_span {
    uint64_t received, dropped; /* lines, of all sources */
    uint64_t inserts, inserts_slow;
    uint64_t searches, searches_slow;
    uint32_t restarts[MM_VITALS_PROGRAMS]; /* as the vitals list them */
};

struct mm_status {
    int64_t now_us;
    bool served; /* a supervisor writes vitals */
    struct mm_vitals vitals;
    bool intake_there; /* its page is whole */
    uint32_t intake_state;
    uint64_t pending_bytes, commits, commit_max_us, damaged;
    struct mm_status_sender *sender;
    size_t senders_n;
    struct mm_status_queue queue[MM_STATUS_QUEUES_MAX];
    size_t queues_n;
    struct mm_health *source; /* totals of the records */
    size_t sources_n;
    bool store_asked, store_there; /* eventd */
    uint64_t store_bytes, store_rows;
    uint64_t disk_size, disk_free; /* 0: not known */
    int64_t disk_days;             /* left; -1: not known, or it does not shrink */
    int clock;                     /* 1 synchronised, 0 not, -1 not known */
    int64_t backup_us;             /* the last one; 0: none */
    int64_t since_us;              /* when the state directory was made */
    uint64_t jobs_waiting, jobs_failed;
    struct mm_durations duration[MM_METERS];
    struct mm_status_hits hits[MM_STATUS_HITS];
    size_t hits_n;
    bool lately; /* something was noted within the hour; without that these are 0 */
    struct mm_status_span hour, minutes; /* an hour, MM_STATUS_SHORT_S, or since the first note */
};

struct mm_status_options {
    const char *state_dir;
    struct mm_tx *tx; /* system scope */
    bool ask_store;   /* eventd as well: three seconds at most */
    int64_t now_us;
};

/* Read everything that can be read; what cannot is not known. MM_E_IO: not even the records. */
MM_MUST_USE enum mm_code mm_status_read(const struct mm_status_options *o, struct mm_arena *a,
                                        struct mm_status *ret);

/* One judgement. */
struct mm_status_line {
    const char *what; /* "program", "ends", "queue", "disk", "clock", "backup", "jobs", "intake",
                         "loss", "share", "store", "inserts", "searches" */
    char name[MM_STATUS_NAME]; /* "portal", "0"; empty where there is only one */
    enum mm_status_state state;
    const char *why; /* key of words below status.why.; NULL when all is well */
    int64_t n;       /* what those words need: days, minutes, a count */
};

/* Judge a reading; returns how many lines there are. */
size_t mm_status_judge(const struct mm_status *s, struct mm_status_line ret[MM_STATUS_LINES_MAX]);
/* The worst of them. */
enum mm_status_state mm_status_worst(const struct mm_status_line *line, size_t n);

/* Append words about a line in a language: those of the key `prefix` and `key` together. */
void mm_status_words(struct mm_arena *a, enum mm_lang lang, const struct mm_status_line *line,
                     const char *prefix, const char *key, struct mm_buf *out);

/* Put a reading and its judgement into a document (docs/api/status.json). */
void mm_status_doc(const struct mm_status *s, const struct mm_status_line *line, size_t n,
                   struct mm_doc *doc);
/* Append it as metrics: OpenMetrics 1.0, or the older text format of Prometheus. */
void mm_status_metrics(const struct mm_status *s, const struct mm_status_line *line, size_t n,
                       bool open, struct mm_buf *out);

/* ---- over time ---- */

/* Note how much is free now, at most once in ten minutes; a week is kept. */
void mm_status_disk_note(const char *state_dir, int64_t now_us, uint64_t free_bytes);
/* Days until the disk is full at the pace of those notes; -1: too few of them, or it does not
 * shrink. */
int64_t mm_status_disk_days(const char *state_dir, int64_t now_us, uint64_t free_bytes);

/* Fill s->hour and s->minutes, everything else of s being read: what has come since the notes. */
void mm_status_lately(const char *state_dir, struct mm_status *s);
/* Note where the counters stand, at most once a minute and while somebody serves; an hour is kept.
 */
void mm_status_lately_note(const char *state_dir, const struct mm_status *s);

/* What was told last, so that a change is a finding and its end closes it. */
struct mm_status_told {
    bool began;
    struct {
        const char *kind;
        bool bad; /* told with the level of a bad line */
        char name[MM_STATUS_NAME];
    } open[MM_STATUS_LINES_MAX];
    size_t n;
};
/*
 * Make findings of the operator's company of lines that are bad, and close those that are good
 * again. On failure everything is told at the next call.
 */
MM_MUST_USE enum mm_code mm_status_tell(struct mm_records *records, struct mm_status_told *told,
                                        const struct mm_status_line *line, size_t n,
                                        int64_t now_us);

#endif
