/*
 * tests/portal/alerts.h - what rules have found, in a store of events, for tests of exceptions.
 *
 * Purpose   Fill an empty store that goes with the fixture's records.
 * Owns      Nothing.
 * Threads   One.
 * Trust     Test code only. Apart from fixture.c because words of events and of the register's
 *           fields collide.
 */
#ifndef MM_TESTS_PORTAL_ALERTS_H
#define MM_TESTS_PORTAL_ALERTS_H

#include "base/base.h"

/* The rule of the fixture's cases. */
#define FIXTURE_RULE "5f0e7d1c-2a3b-4c5d-8e6f-0123456789ab"

/*
 * Company 1: alerts 101 to 109 about 192.0.2.31, 110 about 192.0.2.32 (critical), 111 hidden by
 * exception 1; company 2: 112. The event of 101, on PC-31. False: the store did not take them.
 */
bool fixture_alerts(const char *address, int64_t now_us);
/* One more of the rule, of a level that opens no case: about host.name PC-3. */
bool fixture_low_alert(const char *address, uint32_t company, uint64_t seq, int64_t now_us);

#endif
