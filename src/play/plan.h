/*
 * play/plan.h - the pilot's monitoring period, day by day, in time order.
 *
 * Purpose   Decides what happens when in which company, writes each line through a sink, and
 *           keeps the truth that a test may hold against what the engine found.
 * Owns      Nothing after return.
 * Threads   One.
 * Trust     Ours. The engine never sees the truth.
 * Spec      The pilot's counts (requirements G9): 19,301,698 blocked URLs of which 1,612 are no
 *           advertising, 32 malware, 3,587 P2P, one C&C call on 2020-12-23 10:34, one report of
 *           2020-12-15 9:15 about 2020-12-14 19:00.
 */
#ifndef MM_PLAY_PLAN_H
#define MM_PLAY_PLAN_H

#include "base/buf.h"
#include "play/world.h"

enum {
    MM_PILOT_ADS = 19301698 - 1612,
    MM_PILOT_ADS_SCALE = 100, /* without --full only every hundredth */
    MM_PILOT_URLS = 1612,
    MM_PILOT_MALWARE = 32,
    MM_PILOT_P2P = 3587,
    MM_PILOT_DAYS = 107, /* 2020-10-01 to 2021-01-15 */
};

enum mm_incident {
    MM_INCIDENT_C2,         /* a C&C call from behind a proxy, mirror company */
    MM_INCIDENT_REPORT,     /* a person's report; stands in no log */
    MM_INCIDENT_LOGCLEARED, /* not in the pilot: a Windows Security log is cleared */
    MM_INCIDENT_COUNT
};

struct mm_plan_incident {
    bool on;
    int64_t time_us;  /* 0: chosen from the seed */
    uint32_t company; /* filled by mm_plan_new: index into the world */
    uint32_t pc;      /* likewise */
};

struct mm_plan {
    const struct mm_world *world;
    uint64_t seed;
    int64_t start_us; /* midnight (JST) of the first day */
    uint32_t days;
    bool full;
    struct mm_plan_incident incident[MM_INCIDENT_COUNT];
};

/* What was really written. */
struct mm_truth {
    uint64_t lines;
    uint64_t ads, urls, malware, p2p;
    uint64_t bytes;
};

/* The same moments as the pilot's two incidents. */
int64_t mm_pilot_start_us(void);
int64_t mm_pilot_c2_us(void);
int64_t mm_pilot_report_us(void);

/*
 * Choose companies, PCs and missing times of the incidents that are on. False when the world has
 * no company where one of them could happen.
 */
MM_MUST_USE bool mm_plan_prepare(struct mm_plan *p);

/* One line of one device. The line is valid during the call; no newline. False stops the run. */
typedef bool mm_plan_sink(void *ctx, uint32_t company, enum mm_device device, int64_t time_us,
                          struct mm_slice line);

/* Write every line in time order (to ten minutes between companies). False when the sink stopped.
 */
MM_MUST_USE bool mm_plan_run(const struct mm_plan *p, mm_plan_sink *sink, void *ctx,
                             struct mm_truth *ret);

/* The truth as one JSON object: counts, incidents with company, PC, addresses and times. */
void mm_truth_json(struct mm_buf *out, const struct mm_plan *p, const struct mm_truth *t);

#endif
