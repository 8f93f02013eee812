/* engine/merge.c - see merge.h for the contract. */
#include "engine/merge.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"

enum { TABLE = 2 * MM_MERGE_SLOTS, FIXED = 96 }; /* FIXED: numbers and lengths of an alert */

struct slot {
    struct mm_alert sum; /* of those that were merged; texts are the rule set's */
    uint32_t rule, filter;
    uint32_t kept;
    size_t entity_n;
    uint8_t entity[MM_ALERT_MAX_TEXT];
};

struct mm_merge {
    struct slot slot[MM_MERGE_SLOTS];
    size_t n;
    size_t bytes;          /* that all slots may need */
    uint16_t table[TABLE]; /* slot + 1, by hash */
};

struct mm_merge *mm_merge_new(void)
{
    return calloc(1, sizeof(struct mm_merge));
}

void mm_merge_free(struct mm_merge **m)
{
    free(*m);
    *m = NULL;
}

void mm_merge_reset(struct mm_merge *m)
{
    m->n = 0;
    m->bytes = 0;
    memset(m->table, 0, sizeof(m->table));
}

static struct mm_slice entity_of(const struct mm_alert *a)
{
    return mm_utf8_cut(a->entity, MM_ALERT_MAX_TEXT); /* as it is encoded */
}

static bool is_like(const struct slot *s, const struct mm_alert *a, uint32_t rule, uint32_t filter)
{
    return s->rule == rule && s->filter == filter && s->sum.company == a->company &&
           s->sum.prevented == a->prevented &&
           mm_slice_eq(mm_slice_of(s->entity, s->entity_n), entity_of(a));
}

/* A slot for it, whose texts are short enough. */
static struct slot *new_slot(struct mm_merge *m, const struct mm_alert *a, uint32_t rule,
                             uint32_t filter)
{
    struct mm_slice entity = entity_of(a);
    size_t bytes = FIXED + a->rule_id.n + a->title.n + a->author.n + a->entity_field.n + entity.n +
                   a->hidden_by.n;
    struct slot *s = &m->slot[m->n];

    if (m->n == MM_MERGE_SLOTS || bytes > MM_MERGE_BYTES - m->bytes)
        return NULL;
    m->n++;
    m->bytes += bytes;
    s->sum = *a;
    s->sum.doc = s->sum.event = s->sum.entity = (struct mm_slice){0};
    s->sum.events = 0;
    s->sum.succeeded = false;
    s->rule = rule;
    s->filter = filter;
    s->kept = 0;
    s->entity_n = entity.n;
    if (entity.n > 0)
        memcpy(s->entity, entity.p, entity.n);
    return s;
}

size_t mm_merge_slot(struct mm_merge *m, const struct mm_alert *a, uint32_t rule, uint32_t filter)
{
    struct mm_seed seed = {rule, (uint64_t)a->company << 32 | filter};
    size_t at = mm_hash(seed, entity_of(a)) % TABLE;
    struct slot *s;

    for (; m->table[at] != 0; at = (at + 1) % TABLE) { /* half of it stays empty: this ends */
        if (is_like(&m->slot[m->table[at] - 1], a, rule, filter))
            return (size_t)m->table[at] - 1;
    }
    s = new_slot(m, a, rule, filter);
    if (s == NULL)
        return MM_MERGE_SLOTS;
    m->table[at] = (uint16_t)m->n; /* <= MM_MERGE_SLOTS */
    return m->n - 1;
}

size_t mm_merge_kept(const struct mm_merge *m, size_t slot)
{
    return slot < m->n ? m->slot[slot].kept : 0;
}

bool mm_merge_full(const struct mm_merge *m, size_t slot)
{
    return slot < m->n && m->slot[slot].kept == MM_MERGE_KEEP;
}

/* One more that `sum` stands for. Alerts come in the order of their numbers. */
static void count(struct mm_alert *sum, const struct mm_alert *a)
{
    int64_t latest = sum->events > 0 && sum->time_us > a->time_us ? sum->time_us : a->time_us;

    sum->seq = a->seq;
    sum->queue = a->queue;
    sum->source = a->source;
    sum->received_us = a->received_us;
    sum->time_us = latest;
    sum->succeeded = sum->succeeded || a->succeeded;
    sum->events = sum->events > UINT32_MAX - a->events ? UINT32_MAX : sum->events + a->events;
}

void mm_merge_add(struct mm_merge *m, size_t slot, const struct mm_alert *a)
{
    if (slot >= m->n)
        return;
    if (m->slot[slot].kept < MM_MERGE_KEEP)
        m->slot[slot].kept++;
    else
        count(&m->slot[slot].sum, a);
}

void mm_merge_write(const struct mm_merge *m, struct mm_buf *out)
{
    for (size_t i = 0; i < m->n; i++) {
        const struct slot *s = &m->slot[i];
        struct mm_alert a = s->sum;

        a.entity = mm_slice_of(s->entity, s->entity_n);
        if (a.events > 0)
            mm_alert_encode(out, &a);
    }
}

/* Alike but for being stopped or not: they stand behind each other in the list. */
static bool alike(const struct mm_alert *a, const struct mm_alert *b)
{
    return a->company == b->company && a->queue == b->queue &&
           mm_slice_eq(a->rule_id, b->rule_id) && mm_slice_eq(a->hidden_by, b->hidden_by) &&
           mm_slice_eq(a->entity_field, b->entity_field) && mm_slice_eq(a->entity, b->entity);
}

/* Put the alert behind those of list[0..n) whose numbers are not above its own. */
static void insert(struct mm_alert *list, size_t n, const struct mm_alert *a)
{
    for (; n > 0 && list[n - 1].seq > a->seq; n--)
        list[n] = list[n - 1];
    list[n] = *a;
}

/*
 * Merge list[0..n), which are alike and rise in number, to the front of it. Returns how many are
 * left; *ret_merged says whether some stand for others now.
 */
static size_t merge_run(struct mm_alert *list, size_t n, bool *ret_merged)
{
    struct mm_alert sum[2] = {{0}, {0}}; /* came through, stopped */
    size_t kept[2] = {0}, left = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = list[i].prevented ? 1 : 0;

        if (kept[k] < MM_MERGE_KEEP) {
            kept[k]++;
            list[left++] = list[i];
            continue;
        }
        if (sum[k].events == 0) {
            sum[k] = list[i];
            sum[k].events = 0;
            sum[k].doc = sum[k].event = (struct mm_slice){0};
        }
        count(&sum[k], &list[i]);
    }
    *ret_merged = sum[0].events > 0 || sum[1].events > 0;
    for (size_t k = 0; k < 2; k++) { /* there is room: each took one out at least */
        if (sum[k].events > 0)
            insert(list, left++, &sum[k]);
    }
    return left;
}

size_t mm_merge_list(struct mm_alert *list, size_t n,
                     void (*said)(void *ctx, const struct mm_alert *a, uint64_t events), void *ctx)
{
    size_t left = 0;

    for (size_t i = 0, to; i < n; i = to) {
        uint64_t events = list[i].events;
        bool merged;
        size_t run;

        for (to = i + 1; to < n && alike(&list[i], &list[to]); to++)
            events += list[to].events;
        run = merge_run(list + i, to - i, &merged);
        if (left < i)
            memmove(list + left, list + i, run * sizeof(*list));
        if (merged)
            said(ctx, &list[left], events);
        left += run;
    }
    return left;
}
