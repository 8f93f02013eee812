/*
 * register/keep.h - how long data is kept, by its class.
 *
 * Purpose   One place for the terms where a company has agreed on no other: what deletes and what
 *           prints them say the same. Events: source.keep_days; alerts and cases: company.keep_*.
 * Owns      Constants.
 * Threads   Constants.
 * Trust     None needed.
 */
#ifndef MM_REGISTER_KEEP_H
#define MM_REGISTER_KEEP_H

enum {
    MM_KEEP_DAYS_MIN = 7,         /* less, and a case would find no events around its own */
    MM_KEEP_ALERTS_DAYS = 365,    /* what the rules found: a year can be compared with the last */
    MM_KEEP_CASES_DAYS = 5 * 365, /* closed cases with their evidence */
};

#endif
