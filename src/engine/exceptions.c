/* engine/exceptions.c - see exceptions.h for the contract. */
#include "engine/exceptions.h"

#include <stdio.h>

#include "base/time.h"
#include "exception/exception.h"
#include "os/log.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum { ID_MAX = 40 }; /* "exception-" and a number */

void mm_exceptions_init(struct mm_exceptions *e, struct mm_records *records, const char *state_dir)
{
    *e = (struct mm_exceptions){.records = records};
    mm_mirror_init(&e->mirror, MM_MIRROR_EXCEPTIONS, records, state_dir);
}

/* A finding about one exception; its id is written into `id`. Whether an exception goes on is the
 * operator's to say. */
static struct mm_note note_of(const char *kind, int64_t exception, int64_t now_us, char id[ID_MAX])
{
    int n = snprintf(id, ID_MAX, "exception-%lld", (long long)exception);

    return (struct mm_note){.company = 0,
                            .kind = kind,
                            .entity_field = MM_EXCEPTION_FINDING_FIELD,
                            .entity = mm_slice_of(id, (size_t)n),
                            .level = MM_LEVEL_LOW,
                            .time_us = now_us};
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
        char id[ID_MAX];
        struct mm_note note;
        struct mm_opened opened;

        code = mm_tx_narrow(tx, e->company);
        if (code != MM_OK)
            return code;
        code = mm_exception_ran_out(tx, e->exception, x->now_us);
        mm_tx_widen(tx);
        note = note_of(MM_EXCEPTION_FINDING, e->exception, x->now_us, id);
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

struct caring {
    struct mm_exception_care_row row[MM_EXCEPTION_ENDED_MAX];
    size_t n;
    int64_t now_us;
};

/* The former finding is over, the one that is due is made. */
static enum mm_code care_for(struct mm_tx *tx, const struct mm_exception_care_row *row,
                             int64_t now_us)
{
    const char *was = mm_exception_care_kind(row->was), *is = mm_exception_care_kind(row->is);
    struct mm_note note;
    struct mm_opened opened;
    char id[ID_MAX];
    enum mm_code code = mm_tx_narrow(tx, row->company);

    if (code != MM_OK)
        return code;
    code = mm_exception_care_set(tx, row->exception, row->is);
    mm_tx_widen(tx);
    if (code == MM_OK && was != NULL) {
        note = note_of(was, row->exception, now_us, id);
        code = mm_triage_over(tx, &note);
    }
    if (code == MM_OK && is != NULL) {
        note = note_of(is, row->exception, now_us, id);
        code = mm_triage_note(tx, &note, now_us, &opened);
    }
    return code;
}

static enum mm_code care_for_all(struct mm_tx *tx, void *arg)
{
    const struct caring *c = arg;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < c->n && code == MM_OK; i++)
        code = care_for(tx, &c->row[i], c->now_us);
    return code;
}

/* Behind end_due: what has just ended is nobody's care any more. */
static void look_after(struct mm_exceptions *e, int64_t now_us)
{
    struct caring c = {.now_us = now_us};
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(e->records, mm_system_scope(), &tx);

    if (code == MM_OK) {
        code = mm_exception_cares(tx, now_us, c.row, &c.n);
        mm_records_read_done(&tx);
    }
    if (code == MM_OK && c.n > 0)
        code = mm_records_write(e->records, mm_system_scope(), care_for_all, &c);
    if (code != MM_OK)
        mm_log_warn("engine", "exceptions not looked after: %s", mm_code_key(code));
}

void mm_exceptions_tick(struct mm_exceptions *e, int64_t now_us, int64_t mono_us)
{
    if (!e->mirror.written || mono_us - e->due_at_us >= MM_EXCEPTIONS_DUE_S * MM_US_PER_S) {
        e->due_at_us = mono_us;
        end_due(e, now_us);
        look_after(e, now_us);
    }
    mm_mirror_tick(&e->mirror, now_us);
}
