/*
 * codec/syslog_fuzz.c - no input may break these promises: slices stay inside the input, in order;
 * a refusal names an offset inside the input; walking the structured data ends.
 */
#include "codec/syslog.h"
#include "tests/harness/test.h"

static const uint8_t *inside(struct mm_slice in, struct mm_slice part, const uint8_t *from)
{
    if (part.n == 0)
        return from;
    MM_ASSERT(part.p >= from && part.p + part.n <= in.p + in.n);
    return part.p + part.n;
}

FUZZ(in)
{
    struct mm_syslog m;
    struct mm_syslog_sd sd;
    struct mm_syslog_param p;
    struct mm_fault f = {0};
    const uint8_t *at = in.p;

    if (mm_syslog5424_parse(in, &m, &f) != MM_OK)
        MM_ASSERT(f.what != NULL && f.at <= in.n);
    if (mm_syslog_parse(in, &m, &f) != MM_OK) {
        MM_ASSERT(f.what != NULL && f.at <= in.n);
        return;
    }
    MM_ASSERT(m.facility <= 23 && m.severity <= 7);
    at = inside(in, m.host, at);
    at = inside(in, m.app, at);
    at = inside(in, m.proc, at);
    at = inside(in, m.msgid, at);
    at = inside(in, m.sd, at);
    (void)inside(in, m.msg, at);
    (void)inside(in, m.text, in.p);
    mm_syslog_sd_init(&sd, m.sd);
    at = m.sd.p;
    while (mm_syslog_sd_next(&sd, &p)) {
        at = inside(m.sd, p.name, at);
        at = inside(m.sd, p.value, at);
        MM_ASSERT(p.name.n > 0);
    }
}
