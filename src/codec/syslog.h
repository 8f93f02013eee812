/*
 * codec/syslog.h - syslog headers, from bytes to fields: RFC 5424, RFC 3164 and what is sent.
 *
 * Purpose   Turn one framed message into slices of that same message. RFC 3164
 *           describes habits, not a format: here every part but one of PRI and
 *           date may be missing. Framing (octet counting, LF) belongs to intake.
 * Owns      Nothing. Every slice in the result borrows the input.
 * Threads   Pure functions: no state, no allocation, no I/O, no locale, no clock.
 * Trust     Input is hostile. Cost is linear in in.n; no recursion.
 * Spec      RFC 5424 section 6, RFC 3164 section 4. Fuzzed by syslog_fuzz.c.
 */
#ifndef MM_CODEC_SYSLOG_H
#define MM_CODEC_SYSLOG_H

#include "base/base.h"
#include "codec/when.h"

enum {
    MM_SYSLOG_MAX_HOST = 255, /* RFC 5424 6.2.4 */
    MM_SYSLOG_MAX_APP = 48,   /* 6.2.5 */
    MM_SYSLOG_MAX_PROC = 128, /* 6.2.6 */
    MM_SYSLOG_MAX_MSGID = 32, /* 6.2.7 */
    MM_SYSLOG_MAX_TIME = 35,  /* RFC 3339 with the 9 fraction digits that some write */
    MM_SYSLOG_MAX_TAG = 64,   /* RFC 3164 says 32; paths such as postfix/smtps/smtpd are longer */
};

struct mm_syslog {
    uint8_t version;  /* 1 for RFC 5424, 0 for everything older */
    uint8_t facility; /* 0..23, when has_pri */
    uint8_t severity; /* 0..7, 0 is the most urgent, when has_pri */
    bool has_pri;
    bool pri_told; /* not by the line: by what carried it (parse/inner.c) */
    bool has_time;
    struct mm_when when; /* what stood there of a date, when has_time */
    struct mm_slice host;
    struct mm_slice app;  /* APP-NAME, or the tag of RFC 3164 */
    struct mm_slice proc; /* PROCID, or the tag's [number] */
    struct mm_slice msgid;
    struct mm_slice sd;   /* the structured data with its brackets; empty for "-" */
    struct mm_slice text; /* RFC 3164: tag and message, for senders whose "tag" is none */
    struct mm_slice msg;  /* what is left, without a byte order mark or trailing line end */
};

/*
 * Parse an RFC 5424 message. Returns MM_OK and fills *ret, or returns MM_E_SYNTAX and leaves *ret
 * untouched; fault (may be NULL) then says which byte was refused.
 */
MM_MUST_USE enum mm_code mm_syslog5424_parse(struct mm_slice in, struct mm_syslog *ret,
                                             struct mm_fault *fault);
/*
 * Parse an older message: [<PRI>][date[:] ][host ][tag[[proc]]: ]text. MM_E_SYNTAX when neither a
 * PRI nor a date stands there: then it is no syslog header at all.
 */
MM_MUST_USE enum mm_code mm_syslog3164_parse(struct mm_slice in, struct mm_syslog *ret,
                                             struct mm_fault *fault);
/* The newer form if it is one, else the older. */
MM_MUST_USE enum mm_code mm_syslog_parse(struct mm_slice in, struct mm_syslog *ret,
                                         struct mm_fault *fault);

/* One parameter of the structured data. */
struct mm_syslog_param {
    struct mm_slice id;
    struct mm_slice name;
    struct mm_slice value; /* raw: `\"`, `\\` and `\]` are still escaped when `escaped` */
    bool escaped;
};

struct mm_syslog_sd {
    struct mm_slice in;
    size_t pos;
    struct mm_slice id;
};

/* Walk m->sd, which mm_syslog5424_parse has checked. */
void mm_syslog_sd_init(struct mm_syslog_sd *sd, struct mm_slice in);
/* The next parameter; false at the end. */
MM_MUST_USE bool mm_syslog_sd_next(struct mm_syslog_sd *sd, struct mm_syslog_param *ret);

#endif
