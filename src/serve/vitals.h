/*
 * serve/vitals.h - how the programs of a machine are: what the supervisor knows, for everybody.
 *
 * Purpose   `run/serve.json`: written by the supervisor when something changes and every ten
 *           seconds; read by `mimamori status`, the portal and tests.
 * Owns      Nothing; the list is plain values.
 * Threads   Pure functions and one file.
 * Trust     The file is ours and may be old or half lost: it is held against bounds, and its time
 *           says how old it is.
 */
#ifndef MM_SERVE_VITALS_H
#define MM_SERVE_VITALS_H

#include "base/base.h"

#define MM_VITALS_NAME "serve.json" /* in run/ */

enum {
    MM_VITALS_PROGRAMS = 16, /* as MM_SUP_PROGRAMS_MAX */
    MM_VITALS_NAME_MAX = 32,
    MM_VITALS_EVERY_S = 10,
    /* Not written for this long: there is no supervisor, or it stands still. */
    MM_VITALS_OLD_S = 45,
};

struct mm_vital {
    char name[MM_VITALS_NAME_MAX];
    int64_t pid; /* 0: not running */
    bool ready;
    uint32_t restarts;  /* since the supervisor began */
    int64_t started_us; /* wall clock, of this life; 0: not running */
    int64_t cpu_us;     /* of all lives since the supervisor began, children included */
    uint64_t rss_bytes;
    uint32_t processes;
};

struct mm_vitals {
    int64_t written_us;
    int64_t began_us; /* the supervisor's start */
    struct mm_vital supervisor;
    struct mm_vital program[MM_VITALS_PROGRAMS];
    size_t n;
};

/* Write them into run_dir. MM_E_IO: it could not be written. */
MM_MUST_USE enum mm_code mm_vitals_write(const char *run_dir, const struct mm_vitals *v);
/* Read them. MM_E_NOTFOUND: there is no file; MM_E_SYNTAX: it is not one of ours. */
MM_MUST_USE enum mm_code mm_vitals_read(const char *run_dir, struct mm_vitals *ret);
/* Is somebody there who writes it? */
bool mm_vitals_fresh(const struct mm_vitals *v, int64_t now_us);
/* And is every program ready? */
bool mm_vitals_ready(const struct mm_vitals *v, int64_t now_us);

#endif
