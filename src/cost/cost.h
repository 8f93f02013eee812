/*
 * cost/cost.h - what each company costs in a month: processor, disk, yen, minutes of people.
 *
 * Purpose   The machine is one for all companies. What it used is measured as a whole and shared
 *           out by work that is measured for each (the rule stands at mm_cost_share and on the
 *           page); people say themselves how long an act took.
 * Owns      Its records tables (migrations/). A reading lives in the arena given to _read.
 * Threads   As the transaction.
 * Trust     Names are a company's: pages escape them, CSV as well. Counters are ours.
 */
#ifndef MM_COST_COST_H
#define MM_COST_COST_H

#include "base/arena.h"
#include "os/meter.h"
#include "serve/vitals.h"
#include "store/events/client.h"
#include "store/records/query.h"
#include "text/doc.h"
#include "text/lang.h"

extern const struct mm_feature mm_cost_feature;

enum {
    MM_COST_EVERY_S = 600, /* what a stop of the machine leaves uncounted, at most */
    MM_COST_COMPANIES_MAX = 20 * 1000,
    MM_COST_SOURCES_MAX = 100 * 1000,     /* as many as coverage shows (MM_COVERAGE_ROWS) */
    MM_COST_PAGE = 50,                    /* companies of one answer; a sheet (CSV) holds all */
    MM_COST_YEN_MAX = 1000 * 1000 * 1000, /* as config.def bounds prices */
    MM_COST_MONTH_TEXT = 8,               /* "2026-11" and an end */
};

/* ---- measuring ---- */

/* Add what programs have used since the last call to today; at most every MM_COST_EVERY_S. */
MM_MUST_USE enum mm_code mm_cost_note(struct mm_records *records, const struct mm_vitals *vitals,
                                      const struct mm_durations *durations, int64_t now_us);

/* ---- a month ---- */

struct mm_cost_month {
    char name[MM_COST_MONTH_TEXT]; /* "2026-11" */
    int64_t from_day, to_day;      /* since 1970-01-01 in Japan: [from, to) */
    int64_t from_us, to_us;
    bool over; /* no more of it is to come */
};

/* The month in Japan that holds a moment. */
void mm_cost_month_of(int64_t us, int64_t now_us, struct mm_cost_month *ret);
/* Of a text "2026-11"; false when it is none, or begins in the future. */
bool mm_cost_month_parse(struct mm_slice text, int64_t now_us, struct mm_cost_month *ret);
/* The one before; false when no day of it is kept any more. */
bool mm_cost_month_before(const struct mm_cost_month *m, int64_t now_us, struct mm_cost_month *ret);

/* Yen. */
struct mm_cost_prices {
    int64_t machine; /* a month, everything in it */
    int64_t hour;    /* of a person */
    int64_t fee;     /* that a company brings a month */
};

enum mm_cost_reason {
    MM_COST_NONE,
    MM_COST_BY_PEOPLE,   /* minutes of people are the most of it */
    MM_COST_BY_SEARCHES, /* searches are most of its processor time */
    MM_COST_BY_UNREAD,   /* its greatest source sends mostly what no format reads */
    MM_COST_BY_UNUSED,   /* no rule found anything in what that source sent */
    MM_COST_BY_MUCH,     /* that source sends much */
};
const char *mm_cost_reason_name(enum mm_cost_reason r);

struct mm_cost_source {
    uint32_t company, source;
    struct mm_slice name;
    uint64_t parsed, unparsed, bytes; /* of the month */
    uint64_t all_lines, all_bytes;    /* of all days that are kept */
    uint64_t events;                  /* rows that the store keeps */
    uint64_t alerts;                  /* of the month */
};

struct mm_cost_company {
    uint32_t company;
    struct mm_slice code, name;
    uint64_t lines, bytes, searches;  /* of the month */
    uint64_t minutes, acts;           /* that people said, and in how many acts */
    uint64_t event_bytes;             /* of lines that the store keeps, as they came */
    uint64_t entries;                 /* in the records: audit log, and MM_COST_CASE a case */
    const struct mm_cost_source *top; /* with most bytes; NULL: nothing came */
    /* Of mm_cost_share. */
    int64_t cpu_us, disk_bytes; /* 0 where the whole is not known */
    int64_t machine_yen, people_yen, yen;
    enum mm_cost_reason reason; /* MM_COST_NONE: it brings what it costs */
};

/* A case holds copies of events, steps and looks: some twenty entries' worth. */
enum { MM_COST_CASE = 20 };

struct mm_cost {
    struct mm_cost_month month;
    struct mm_cost_prices prices;
    /* What the whole machine used in the month. All 0: nothing was noted. */
    uint64_t intake_us, engine_us, store_us, rest_us;
    uint64_t inserting_us, searching_us; /* how the store's time is divided */
    /* On the disk now. Store: 0 while it does not answer. */
    uint64_t store_bytes, spool_bytes, records_bytes;
    bool store_there;
    struct mm_cost_company *company; /* by number; the operator's own (0) first when lines came */
    size_t n;
    struct mm_cost_source *source; /* by company, number */
    size_t sources_n;
};

struct mm_cost_options {
    const char *state_dir;
    struct mm_tx *tx;                /* system scope */
    struct mm_events_client *events; /* NULL: the store is not asked */
    struct mm_cost_month month;
    struct mm_cost_prices prices;
};

/* Read a month and share it out. MM_E_LIMIT: more companies or sources than the maxima above. */
MM_MUST_USE enum mm_code mm_cost_read(const struct mm_cost_options *o, struct mm_arena *a,
                                      struct mm_cost *ret);
/*
 * Share out what the machine used:
 *   intake         by bytes received
 *   engine         by lines
 *   store          its time for inserting by lines, its time for searching by searches
 *   all else       the same for each company
 *   events, spool  by bytes; records by entries
 *   the machine's price: half by processor, half by disk; where one is not known, by the other
 * What nobody has work for is the same for each. The operator's own company (strangers' lines)
 * bears its work, not what is the same for each.
 */
void mm_cost_share(struct mm_cost *c);

/* Put it into a document (docs/api/cost.json): dearest companies first, `max` from place `from` on.
 */
void mm_cost_doc(const struct mm_cost *c, int64_t now_us, size_t from, size_t max,
                 struct mm_doc *doc);
/* Append it as a sheet: all companies, dearest first, as spreadsheets read it. */
void mm_cost_csv(const struct mm_cost *c, enum mm_lang lang, struct mm_buf *out);

#endif
