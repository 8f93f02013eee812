/* engine/exceptions.c - see exceptions.h for the contract. */
#include "engine/exceptions.h"

#include <stdio.h>

#include "base/time.h"
#include "exception/exception.h"
#include "os/file.h"
#include "os/log.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum { TEXT_MAX = 256 * 1024 * 1024 }; /* 20,000 exceptions of 8 long values each */

void mm_exceptions_init(struct mm_exceptions *e, struct mm_records *records, const char *state_dir)
{
    *e = (struct mm_exceptions){.records = records};
    (void)snprintf(e->path, sizeof(e->path), "%s/" MM_EXCEPTIONS_FILE, state_dir);
}

/* The file is written when the records differ from what was written last. */
static void write_out(struct mm_exceptions *e, int64_t now_us)
{
    struct mm_tx *tx = NULL;
    struct mm_buf text;
    size_t left = 0;
    uint64_t stamp = 0;
    bool differs = false;
    enum mm_code code = mm_records_read(e->records, mm_system_scope(), &tx);

    mm_buf_init(&text, TEXT_MAX);
    if (code == MM_OK) {
        code = mm_exception_stamp(tx, &stamp);
        differs = code == MM_OK && (!e->written || stamp != e->stamp);
        if (differs)
            code = mm_exception_write(tx, now_us, &text, &left);
        mm_records_read_done(&tx);
    }
    if (code == MM_OK && differs)
        code = mm_file_put(e->path, mm_buf_slice(&text));
    if (left > 0)
        mm_log_error("engine", "%zu exceptions cannot be written as filters and hide nothing",
                     left);
    if (code == MM_OK) {
        e->written = true;
        e->stamp = stamp;
    } else {
        e->written = false; /* again at the next look, whether the records change or not */
        mm_log_warn("engine", "exceptions not written to %s: %s", e->path, mm_code_key(code));
    }
    mm_buf_done(&text);
}

struct ending {
    const struct mm_exception *list;
    size_t n;
    int64_t now_us;
};

static enum mm_code end_all(struct mm_tx *tx, void *arg)
{
    const struct ending *x = arg;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < x->n && code == MM_OK; i++) {
        const struct mm_exception *e = &x->list[i];
        char id[40];
        int n = snprintf(id, sizeof(id), "exception-%lld", (long long)e->exception);
        struct mm_note note = {.company = 0, /* whether it goes on is the operator's to say */
                               .kind = MM_EXCEPTION_FINDING,
                               .entity_field = MM_EXCEPTION_FINDING_FIELD,
                               .entity = mm_slice_of(id, (size_t)n),
                               .level = MM_LEVEL_LOW,
                               .time_us = x->now_us};
        struct mm_opened opened;

        code = mm_tx_narrow(tx, e->company);
        if (code != MM_OK)
            return code;
        code = mm_exception_ran_out(tx, e->exception, x->now_us);
        mm_tx_widen(tx);
        if (code == MM_OK)
            code = mm_triage_note(tx, &note, x->now_us, &opened);
    }
    return code;
}

static void end_due(struct mm_exceptions *e, int64_t now_us)
{
    struct ending x = {.now_us = now_us};
    struct mm_exception *list = NULL;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, 16 * 1024 * 1024);
    code = mm_records_read(e->records, mm_system_scope(), &tx);
    if (code == MM_OK) {
        code = mm_exception_due(tx, now_us, &a, &list, &x.n);
        mm_records_read_done(&tx);
    }
    x.list = list;
    if (code == MM_OK && x.n > 0)
        code = mm_records_write(e->records, mm_system_scope(), end_all, &x);
    /* One that was taken back meanwhile: the next look sees the others. */
    if (code != MM_OK && code != MM_E_NOTFOUND)
        mm_log_warn("engine", "exceptions not ended: %s", mm_code_key(code));
    mm_arena_done(&a);
}

void mm_exceptions_tick(struct mm_exceptions *e, int64_t now_us, int64_t mono_us)
{
    if (!e->written || mono_us - e->due_at_us >= MM_EXCEPTIONS_DUE_S * MM_US_PER_S) {
        e->due_at_us = mono_us;
        end_due(e, now_us);
    }
    if (mm_records_changed(e->records, &e->seen) || !e->written)
        write_out(e, now_us);
}
