/* triage/many.c - see many.h for the contract. */
#include "triage/many.h"

#include <stdlib.h>
#include <sys/random.h>

#include "job/job.h"
#include "triage/case.h"
#include "triage/distinct.h"
#include "triage/triage_priv.h"

/* While it goes on, the logs are asked so often which of the names they knew before. */
#define LOOK_AGAIN_US (INT64_C(3600) * 1000000)

/* An entity that is or may be shown. */
struct shown {
    struct mm_many_entity e;
    uint64_t hash;
    bool stored;  /* has a row */
    bool changed; /* that is not what e says */
};

/* What is counted for one case, on its way from the records and back. */
struct tally {
    int64_t many; /* number of its row; 0: none yet */
    struct mm_many sum;
    struct mm_distinct distinct;
    struct shown shown[2 * MM_MANY_SHOWN]; /* before, and of this batch */
    size_t shown_n, before_n;
    struct mm_arena arena;
};

/* ---- reading ---- */

static void read_entities(struct mm_q *q, struct mm_arena *a, struct mm_many_entity *ret)
{
    *ret = (struct mm_many_entity){.entity = mm_q_col_dup(q, 0, a),
                                   .events = (uint64_t)mm_q_col_int(q, 1),
                                   .succeeded = (uint64_t)mm_q_col_int(q, 2),
                                   .first_us = mm_q_col_int(q, 3),
                                   .last_us = mm_q_col_int(q, 4),
                                   .known = mm_q_col_int(q, 5) != 0};
}

/* Columns 1 to 5 of MANY_GET and MANY_OF_CASE. */
static void read_sum(struct mm_q *q, struct mm_many *ret)
{
    ret->entities = (uint64_t)mm_q_col_int(q, 1);
    ret->events = (uint64_t)mm_q_col_int(q, 2);
    ret->succeeded = (uint64_t)mm_q_col_int(q, 3);
    ret->first_us = mm_q_col_int(q, 4);
    ret->last_us = mm_q_col_int(q, 5);
}

enum mm_code mm_many_of_case(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                             struct mm_many *ret)
{
    struct mm_many m = {.shown = mm_arena_array(a, MM_MANY_SHOWN, sizeof(*m.shown))};
    int64_t many = 0;
    struct mm_q q;
    enum mm_code code;

    if (m.shown == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MANY_OF_CASE]);
    mm_q_int(&q, ":case", case_id);
    if (mm_q_row(&q)) {
        many = mm_q_col_int(&q, 0);
        read_sum(&q, &m);
    }
    code = mm_q_end(&q);
    if (code == MM_OK && many == 0)
        code = MM_E_NOTFOUND;
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MANY_ENTITY_LIST]);
    mm_q_int(&q, ":many", many);
    while (m.shown_n < MM_MANY_SHOWN && mm_q_row(&q))
        read_entities(&q, a, &m.shown[m.shown_n++]);
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = m;
    return code;
}

enum mm_code mm_many_known(struct mm_tx *tx, int64_t case_id, const struct mm_many_entity *e)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MANY_KNOWN]);
    mm_q_int(&q, ":case", case_id);
    mm_q_text(&q, ":entity", e->entity);
    mm_q_int(&q, ":events", (int64_t)e->events); /* of one flood: fits */
    mm_q_int(&q, ":first", e->first_us);
    mm_q_int(&q, ":last", e->last_us);
    return mm_q_end(&q);
}

/* What was counted for this case before; a new one begins with a seed of its own. */
static enum mm_code read_tally(struct mm_tx *tx, const struct mm_found *f, struct tally *t)
{
    struct mm_seed seed;
    struct mm_q q;
    enum mm_code code;

    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return MM_E_IO;
    mm_distinct_init(&t->distinct, seed);
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MANY_GET]);
    mm_q_int(&q, ":finding", f->finding);
    mm_q_int(&q, ":case", f->case_id);
    if (mm_q_row(&q)) {
        t->many = mm_q_col_int(&q, 0);
        read_sum(&q, &t->sum);
        /* A damaged sketch begins anew: about how many is all that is lost. */
        (void)!mm_distinct_read(mm_q_col_blob(&q, 6), &t->distinct);
    }
    code = mm_q_end(&q);
    if (code != MM_OK || t->many == 0)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_MANY_ENTITY_LIST]);
    mm_q_int(&q, ":many", t->many);
    while (t->shown_n < MM_MANY_SHOWN && mm_q_row(&q)) {
        struct shown *s = &t->shown[t->shown_n++];

        *s = (struct shown){.stored = true};
        read_entities(&q, &t->arena, &s->e);
        s->hash = mm_distinct_hash(&t->distinct, s->e.entity);
    }
    t->before_n = t->shown_n;
    return mm_q_end(&q);
}

/* ---- counting ---- */

/* What the alerts of a run that are above the mark tell of; false when none is. */
static bool sum_run(const struct mm_alert *alerts, const struct mm_run *run, uint64_t mark,
                    struct mm_many_entity *ret, bool *io_through)
{
    struct mm_many_entity e = {.entity = alerts[run->at].entity};

    for (size_t i = run->at; i < run->at + run->n; i++) {
        const struct mm_alert *a = &alerts[i];

        if (a->seq <= mark)
            continue;
        e.first_us = e.events == 0 || a->time_us < e.first_us ? a->time_us : e.first_us;
        e.last_us = e.events == 0 || a->time_us > e.last_us ? a->time_us : e.last_us;
        e.events += a->events;
        e.succeeded += a->succeeded ? a->events : 0;
        *io_through = *io_through || !a->prevented;
    }
    *ret = e;
    return e.events > 0;
}

/* Take one into the tally. Runs come by weight: of those not shown before the first are the ones
 * that may be shown now. */
static void put(struct tally *t, const struct mm_many_entity *e)
{
    uint64_t hash = mm_distinct_hash(&t->distinct, e->entity);
    struct mm_many_entity own = *e;
    struct mm_many *sum = &t->sum;
    bool first = sum->events == 0;

    mm_distinct_add(&t->distinct, hash);
    sum->first_us = first || e->first_us < sum->first_us ? e->first_us : sum->first_us;
    sum->last_us = first || e->last_us > sum->last_us ? e->last_us : sum->last_us;
    sum->events += e->events;
    sum->succeeded += e->succeeded;
    for (size_t i = 0; i < t->before_n; i++) {
        struct shown *s = &t->shown[i];

        if (s->hash != hash || !mm_slice_eq(s->e.entity, e->entity))
            continue;
        s->e.events += e->events;
        s->e.succeeded += e->succeeded;
        s->e.first_us = e->first_us < s->e.first_us ? e->first_us : s->e.first_us;
        s->e.last_us = e->last_us > s->e.last_us ? e->last_us : s->e.last_us;
        s->changed = true;
        return;
    }
    if (t->shown_n < t->before_n + MM_MANY_SHOWN && mm_arena_dup(&t->arena, e->entity, &own.entity))
        t->shown[t->shown_n++] = (struct shown){.e = own, .hash = hash, .changed = true};
}

/* Who is shown, as many.h says; of equal ones who was there before. */
static int by_weight(const void *pa, const void *pb)
{
    const struct shown *a = pa, *b = pb;
    int c = (b->e.succeeded > 0) - (a->e.succeeded > 0);

    if (c == 0)
        c = (int)b->e.known - (int)a->e.known;
    if (c == 0)
        c = a->e.events > b->e.events ? -1 : a->e.events < b->e.events;
    if (c == 0)
        c = (int)b->stored - (int)a->stored;
    return c != 0 ? c : a->e.first_us < b->e.first_us ? -1 : a->e.first_us > b->e.first_us;
}

/* ---- writing ---- */

static enum mm_code write_entity(struct mm_tx *tx, const struct tally *t, const struct shown *s,
                                 bool stays)
{
    struct mm_q q;

    if (stays ? !s->changed : !s->stored)
        return MM_OK;
    mm_q_begin(&q, tx,
               &mm_triage_stmts[stays ? MM_TRIAGE_MANY_ENTITY_SET : MM_TRIAGE_MANY_ENTITY_DONE]);
    mm_q_int(&q, ":many", t->many);
    mm_q_text(&q, ":entity", s->e.entity);
    if (stays) {
        mm_q_int(&q, ":events", (int64_t)s->e.events); /* as counters of findings: fit */
        mm_q_int(&q, ":succeeded", (int64_t)s->e.succeeded);
        mm_q_int(&q, ":first", s->e.first_us);
        mm_q_int(&q, ":last", s->e.last_us);
        mm_q_int(&q, ":known", s->e.known);
    }
    return mm_q_end(&q);
}

static enum mm_code write_tally(struct mm_tx *tx, const struct mm_found *f, struct tally *t)
{
    uint8_t sketch[MM_DISTINCT_SIZE];
    struct mm_q q;
    enum mm_code code;

    mm_distinct_write(&t->distinct, sketch);
    t->sum.entities = mm_distinct_count(&t->distinct);
    mm_q_begin(&q, tx, &mm_triage_stmts[t->many == 0 ? MM_TRIAGE_MANY_ADD : MM_TRIAGE_MANY_SET]);
    if (t->many == 0) {
        mm_q_int(&q, ":finding", f->finding);
        mm_q_int(&q, ":case", f->case_id);
    } else {
        mm_q_int(&q, ":many", t->many);
    }
    mm_q_int(&q, ":entities", (int64_t)t->sum.entities);
    mm_q_int(&q, ":events", (int64_t)t->sum.events);
    mm_q_int(&q, ":succeeded", (int64_t)t->sum.succeeded);
    mm_q_int(&q, ":first", t->sum.first_us);
    mm_q_int(&q, ":last", t->sum.last_us);
    mm_q_blob(&q, ":sketch", mm_slice_of(sketch, sizeof(sketch)));
    code = mm_q_end(&q);
    if (code == MM_OK && t->many == 0)
        t->many = mm_tx_last_id(tx);
    if (t->shown_n > 1)
        qsort(t->shown, t->shown_n, sizeof(*t->shown), by_weight);
    /* Who leaves first: a row that comes may be one of the same name. */
    for (size_t i = MM_MANY_SHOWN; i < t->shown_n && code == MM_OK; i++)
        code = write_entity(tx, t, &t->shown[i], false);
    for (size_t i = 0; i < t->shown_n && i < MM_MANY_SHOWN && code == MM_OK; i++)
        code = write_entity(tx, t, &t->shown[i], true);
    if (code != MM_OK || f->case_id == 0)
        return code;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_MANY]);
    mm_q_int(&q, ":case", f->case_id);
    mm_q_int(&q, ":many", (int64_t)t->sum.entities);
    return mm_q_end(&q);
}

/* ---- one batch ---- */

/* The runs of one rule in a batch, of which numbers up to `mark` were counted before. */
struct gathered {
    const struct mm_alert *alerts;
    const struct mm_run *runs;
    size_t n;
    uint64_t mark;
};

/* What the finding is to be told: sums, and the highest number. */
static void sum_all(const struct gathered *g, struct mm_made *m, uint64_t *ret_last)
{
    bool through = false;

    m->count = 0;
    *ret_last = g->mark;
    for (size_t i = 0; i < g->n; i++) {
        uint64_t last = g->alerts[g->runs[i].at + g->runs[i].n - 1].seq;
        struct mm_many_entity e;

        *ret_last = last > *ret_last ? last : *ret_last;
        if (!sum_run(g->alerts, &g->runs[i], g->mark, &e, &through))
            continue;
        m->first_us = m->count == 0 || e.first_us < m->first_us ? e.first_us : m->first_us;
        m->last_us = m->count == 0 || e.last_us > m->last_us ? e.last_us : m->last_us;
        m->count += e.events;
    }
    m->weight = mm_level_weigh(m->level, !through);
}

static void put_all(const struct gathered *g, struct tally *t)
{
    struct mm_buf text;
    bool through = false;

    mm_buf_init(&text, 4 * MM_ALERT_MAX_TEXT);
    for (size_t i = 0; i < g->n; i++) {
        struct mm_many_entity e;

        if (!sum_run(g->alerts, &g->runs[i], g->mark, &e, &through))
            continue;
        e.entity = mm_triage_clean(&text, e.entity);
        put(t, &e);
    }
    mm_buf_done(&text);
}

/* Evidence: of the first entities of the batch one event each. */
static enum mm_code copy_events(struct mm_tx *tx, int64_t case_id, const struct gathered *g)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < g->n && i < MM_MANY_EVENTS && code == MM_OK; i++)
        code = mm_finding_events(tx, case_id, g->alerts + g->runs[i].at, g->runs[i].n, 1);
    return code;
}

/* Its texts; `text` keeps those that had to be cleaned. */
static void describe(const struct mm_alert *words, struct mm_buf text[4], struct mm_made *m)
{
    m->rule = mm_triage_clean(&text[0], words->rule_id);
    m->title = mm_triage_clean(&text[1], words->title);
    m->author = mm_triage_clean(&text[2], words->author);
    m->doc = mm_triage_clean(&text[3], words->doc.n > 0 ? words->doc : MM_S("{}"));
}

/* Count it all for finding f, m. */
static enum mm_code take(struct mm_tx *tx, struct gathered *g, struct mm_made *m,
                         struct mm_found *f, int64_t now_us, struct mm_opened *opened)
{
    const struct mm_alert *a = g->alerts + g->runs->at;
    struct tally t = {.many = 0};
    uint64_t last;
    enum mm_code code;

    sum_all(g, m, &last);
    if (m->count == 0)
        return MM_OK; /* done before */
    code = mm_finding_count(tx, m, now_us, f);
    if (code == MM_OK)
        code = mm_finding_mark_set(tx, f->finding, a->queue, last);
    if (code == MM_OK && m->level >= MM_CASE_LEVEL)
        code = mm_finding_into_case(tx, a->company, m, f, now_us, opened);
    mm_arena_init(&t.arena, 4 * MM_MANY_SHOWN * MM_ALERT_MAX_TEXT);
    if (code == MM_OK)
        code = read_tally(tx, f, &t);
    if (code == MM_OK) {
        put_all(g, &t);
        code = write_tally(tx, f, &t);
    }
    mm_arena_done(&t.arena);
    if (code == MM_OK && f->case_id != 0) /* who comes later may be one that the logs knew */
        code = mm_job_add(tx, MM_JOB_LOOK, f->case_id, now_us + LOOK_AGAIN_US, now_us);
    return code == MM_OK && f->case_id != 0 ? copy_events(tx, f->case_id, g) : code;
}

enum mm_code mm_many_take(struct mm_tx *tx, const struct mm_alert *alerts,
                          const struct mm_run *runs, size_t n, int64_t now_us,
                          struct mm_opened *opened)
{
    struct gathered g = {.alerts = alerts, .runs = runs, .n = n};
    const struct mm_alert *a = alerts + runs->at;
    struct mm_made m = {
        .kind = MM_MANY_KIND, .lane = MM_LANE_KNOWN, .field = a->entity_field, .level = a->level};
    struct mm_buf text[4];
    struct mm_found f;
    enum mm_code code;

    MM_ASSERT(n > 0);
    for (size_t i = 0; i < MM_COUNT(text); i++)
        mm_buf_init(&text[i], 4 * MM_ALERT_MAX_DOC);
    describe(alerts + runs->words, text, &m);
    code = mm_finding_get(tx, &m, &f);
    if (code == MM_OK && !f.is_new)
        code = mm_finding_mark(tx, f.finding, a->queue, &g.mark);
    if (code == MM_OK)
        code = take(tx, &g, &m, &f, now_us, opened);
    for (size_t i = 0; i < MM_COUNT(text); i++)
        mm_buf_done(&text[i]);
    return code;
}
