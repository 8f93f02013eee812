/*
 * report/report.h - the figures of a programme: alerts by class, cases with their outcome.
 *
 * Purpose   The two tables that the pilot's report gives (12 and 13), for any programme, as one
 *           document from which the terminal, the API and pages are made.
 * Owns      Nothing: the document lives in the arena passed.
 * Threads   As transaction and client.
 * Trust     Counts come from the stores; texts of cases are foreign and escaped by who shows them.
 * Spec      A count that a kind of sensor cannot make is "not_measured", never 0; 0 was looked
 *           for and not found (requirements MON-01, X4, X5).
 */
#ifndef MM_REPORT_REPORT_H
#define MM_REPORT_REPORT_H

#include "store/events/client.h"
#include "store/records/query.h"
#include "text/doc.h"
#include "text/lang.h"

enum {
    MM_REPORT_COMPANIES_MAX = 10 * 1000,
    MM_REPORT_CASES_MAX = 500,
};

/* The end of a period that has none. */
#define MM_REPORT_EVER (INT64_MAX / 2)

struct mm_report_period {
    int64_t from_us, to_us; /* event time, [from, to); 0 and MM_REPORT_EVER: all time */
};

/*
 * Build the document: "programme", "from", "to", "companies" {"inline","mirror","none"},
 * "classes" [{"class","inline","mirror","total"}], "not_advertising", "cases" [{"no","company",
 * "number","what","how","outcome","state"}]. programme 0: every company the scope sees. A count
 * that is none has its reason beside it ("inline_why") for templates. events NULL: counts are
 * "unknown" and "events_missing" is true.
 */
MM_MUST_USE enum mm_code mm_report_programme(struct mm_tx *tx, struct mm_events_client *events,
                                             uint32_t programme,
                                             const struct mm_report_period *period,
                                             enum mm_lang lang, struct mm_doc *ret);

/*
 * The same for a programme scope: "from", "to", "classes", "not_advertising" and "monitored" summed
 * over all companies of the scope, no case. A figure of fewer than MM_SCOPE_COHORT_MIN companies is
 * "too_few"; the two kinds of sensor are told apart only when each has enough companies, since the
 * one follows from the total and the other. No company is named. events as above.
 */
MM_MUST_USE enum mm_code mm_report_cohort(struct mm_tx *tx, struct mm_events_client *events,
                                          const struct mm_report_period *period,
                                          struct mm_doc *ret);

/* The document as text for a terminal, in columns. */
void mm_report_text(struct mm_buf *out, const struct mm_doc *doc, enum mm_lang lang);

#endif
