/*
 * engine/sources.h - what the engine has to know of each sender, read from the register.
 *
 * Purpose   Format, zone and days to keep for parsing; the allowed silence for health; how long a
 *           company's alerts are kept.
 * Owns      A table that is replaced as a whole when the records change.
 * Threads   One thread (the sink's).
 * Trust     The register's values were checked when they were entered.
 */
#ifndef MM_ENGINE_SOURCES_H
#define MM_ENGINE_SOURCES_H

#include "engine/ring.h"
#include "store/records/records.h"

enum { MM_SOURCES_MAX = 200 * 1000 };

struct mm_source_info {
    struct mm_chunk_source parse;
    uint32_t silence_s; /* longest silence that is no finding; 0: any */
    int64_t created_us;
    bool active;
};

/* A company that has agreed on a term of its own. */
struct mm_source_keep {
    uint32_t company;
    uint16_t alert_days;
};

struct mm_sources {
    struct mm_source_info *list; /* by source number */
    size_t n;
    struct mm_source_keep *keep; /* by company */
    size_t keep_n;
};

/* Read all sources of all companies; on failure *s stays as it was. */
MM_MUST_USE enum mm_code mm_sources_load(struct mm_records *rec, uint16_t keep_days_default,
                                         struct mm_sources *s);
void mm_sources_free(struct mm_sources *s);
/* The source, or NULL: unknown ones are recognised, kept the default time, in Japan's zone. */
const struct mm_source_info *mm_sources_find(const struct mm_sources *s, uint32_t source);
/* How long a company's alerts are kept. */
uint16_t mm_sources_alert_days(const struct mm_sources *s, uint32_t company);

#endif
