/*
 * intake/intake_test.h - a core in the test's directory, and what stands in its spool afterwards.
 *
 * Purpose   Shared by core_test.c, net_test.c and ingest_test.c.
 * Owns      Nothing.
 * Threads   Test code.
 * Trust     Test code only.
 */
#ifndef MM_INTAKE_INTAKE_TEST_H
#define MM_INTAKE_INTAKE_TEST_H

#include "intake/core.h"
#include "model/event.h"
#include "tests/harness/test.h"

enum { T_WAIT_MS = 10000 };

MM_UNUSED static struct mm_intake *t_open_with(struct mm_intake_options o)
{
    struct mm_intake *core = NULL;

    o.state_dir = mm_test_dir();
    o.epoch_us = 1606000000000000;
    CHECK(mm_intake_open(&o, &core) == MM_OK);
    return core;
}

MM_UNUSED static struct mm_intake *t_open_fs(struct mm_fs fs, size_t pending_max)
{
    return t_open_with((struct mm_intake_options){.fs = fs, .pending_max = pending_max});
}

MM_UNUSED static struct mm_intake *t_open(void)
{
    return t_open_fs((struct mm_fs){0}, 0);
}

/* Add one line of a source; its number. */
MM_UNUSED static uint64_t t_add(struct mm_intake *core, uint32_t company, uint32_t source,
                                const char *line)
{
    struct mm_spool_record rec = {
        .received_us = 5, .company = company, .source = source, .body = mm_slice_str(line)};
    uint64_t seq = 0;

    mm_intake_lock(core);
    CHECK(mm_intake_add_locked(core, mm_intake_slot_locked(core, company, source), &rec, &seq) ==
          MM_OK);
    mm_intake_kick_locked(core);
    mm_intake_unlock(core);
    return seq;
}

/* Durable records as "company/source line|..." with '*' behind cut ones. */
MM_UNUSED static void t_spool(struct mm_buf *out)
{
    char dir[MM_MAX_PATH];
    struct mm_spool_reader *r = NULL;
    struct mm_spool_record rec[64];
    size_t n = 1;

    mm_buf_reset(out);
    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    CHECK(mm_spool_reader_open(dir, MM_INTAKE_QUEUE, 0, &r) == MM_OK);
    while (n > 0) {
        CHECK(mm_spool_read(r, rec, 64, SIZE_MAX, &n) == MM_OK);
        for (size_t i = 0; i < n; i++) {
            CHECK(!rec[i].damaged);
            mm_buf_fmt(out, "%u/%u ", rec[i].company, rec[i].source);
            mm_buf_add(out, rec[i].body);
            mm_buf_str(out, (rec[i].flags & MM_EV_TRUNCATED) != 0 ? "*|" : "|");
        }
    }
    mm_spool_reader_close(&r);
}

#define CHECK_SPOOL(want)                                                                          \
    do {                                                                                           \
        struct mm_buf out_;                                                                        \
        mm_buf_init(&out_, 1 << 24);                                                               \
        t_spool(&out_);                                                                            \
        CHECK_SLICE(mm_buf_slice(&out_), want);                                                    \
        mm_buf_done(&out_);                                                                        \
    } while (0)

/* Counters of a source, or zeros. */
MM_UNUSED static const struct mm_intake_source *t_source(struct mm_intake *core, uint32_t company,
                                                         uint32_t source)
{
    static const struct mm_intake_source none;
    struct mm_intake_page *page = mm_intake_page(core);

    for (size_t i = 0; i < page->sources; i++) {
        if (page->source[i].company == company && page->source[i].source == source)
            return &page->source[i];
    }
    return &none;
}

#endif
