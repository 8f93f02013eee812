/*
 * app/play_report.h - the pilot's report, made by a made-up employee through the portal's API.
 *
 * Purpose   The false report of 2020-12-15 stands in no log: it comes as a real one would, over
 *           HTTPS with the employee's own token.
 * Owns      Nothing after return.
 * Threads   One.
 * Trust     The portal's certificate is checked, its own one against the state directory's file.
 */
#ifndef MM_APP_PLAY_REPORT_H
#define MM_APP_PLAY_REPORT_H

#include "app/play_enrol.h"
#include "play/plan.h"

/*
 * Enter an employee with a token at the company of the report, then post the report to
 * `portal_url` ("https://127.0.0.1:8443"). False after a sentence on stderr.
 */
MM_MUST_USE bool mm_play_report(struct mm_records *records, const char *state_dir,
                                const char *portal_url, const struct mm_plan *plan,
                                const struct mm_enrolled *enrolled);

#endif
