/* cost/share.c - whose part is how large; see cost.h for the contract. */
#include "cost/cost.h"

/* `n` of `of` parts of a whole. Products of microseconds and bytes pass 64 bits. */
static uint64_t part(uint64_t whole, uint64_t n, uint64_t of)
{
    return of == 0 ? 0 : (uint64_t)((unsigned __int128)whole * n / of);
}

/* What all companies did together. */
struct sums {
    uint64_t lines, bytes, searches, event_bytes, entries;
    uint64_t companies; /* without the operator's own */
    uint64_t cpu_us, disk_bytes;
};

/* By work; what nobody has work for is the same for each company. */
static uint64_t by(uint64_t whole, uint64_t work, uint64_t all, const struct sums *s, bool own)
{
    return all > 0 ? part(whole, work, all) : own ? 0 : part(whole, 1, s->companies);
}

static void share_cpu(const struct mm_cost *c, const struct sums *s, struct mm_cost_company *k)
{
    bool own = k->company == 0;
    uint64_t busy = c->inserting_us + c->searching_us;
    uint64_t searching = part(c->store_us, c->searching_us, busy);
    uint64_t us = by(c->intake_us, k->bytes, s->bytes, s, own) +
                  by(c->engine_us, k->lines, s->lines, s, own) +
                  by(c->store_us - searching, k->lines, s->lines, s, own);
    uint64_t search_us = by(searching, k->searches, s->searches, s, own);

    us += search_us + (own ? 0 : part(c->rest_us, 1, s->companies));
    k->cpu_us = (int64_t)(us & INT64_MAX);
    k->reason = search_us > us / 2 ? MM_COST_BY_SEARCHES : MM_COST_NONE;
}

static void share_disk(const struct mm_cost *c, const struct sums *s, struct mm_cost_company *k)
{
    bool own = k->company == 0;
    uint64_t n = by(c->store_bytes, k->event_bytes, s->event_bytes, s, own) +
                 by(c->spool_bytes, k->bytes, s->bytes, s, own) +
                 by(c->records_bytes, k->entries, s->entries, s, own);

    k->disk_bytes = (int64_t)(n & INT64_MAX);
}

static uint64_t lines_of(const struct mm_cost_source *s)
{
    return s->parsed + s->unparsed;
}

static enum mm_cost_reason reason_of(const struct mm_cost *c, const struct mm_cost_company *k)
{
    if (k->company == 0 || k->yen <= c->prices.fee)
        return MM_COST_NONE;
    if (k->people_yen >= k->machine_yen)
        return MM_COST_BY_PEOPLE;
    if (k->reason == MM_COST_BY_SEARCHES || k->top == NULL)
        return MM_COST_BY_SEARCHES;
    if (k->top->unparsed * 2 > lines_of(k->top))
        return MM_COST_BY_UNREAD;
    return c->store_there && k->top->alerts == 0 ? MM_COST_BY_UNUSED : MM_COST_BY_MUCH;
}

static void share_yen(const struct mm_cost *c, const struct sums *s, struct mm_cost_company *k)
{
    uint64_t price = (uint64_t)c->prices.machine; /* 0 or more: the configuration's bound */
    uint64_t cpu = part(price, (uint64_t)k->cpu_us, s->cpu_us);
    uint64_t disk = part(price, (uint64_t)k->disk_bytes, s->disk_bytes);

    if (s->cpu_us > 0 && s->disk_bytes > 0)
        k->machine_yen = (int64_t)((cpu + disk) / 2);
    else if (s->lines > 0 || s->cpu_us > 0)
        k->machine_yen = (int64_t)(cpu + disk);
    else
        k->machine_yen = 0; /* nothing ran and nothing came: what lies there is of other months */
    k->people_yen = (int64_t)part((uint64_t)c->prices.hour, k->minutes, 60);
    k->yen = k->machine_yen + k->people_yen;
}

void mm_cost_share(struct mm_cost *c)
{
    struct sums s = {0};

    for (size_t i = 0; i < c->n; i++) {
        const struct mm_cost_company *k = &c->company[i];

        s.lines += k->lines;
        s.bytes += k->bytes;
        s.searches += k->searches;
        s.event_bytes += k->event_bytes;
        s.entries += k->entries;
        s.companies += k->company != 0;
    }
    for (size_t i = 0; i < c->n; i++) {
        struct mm_cost_company *k = &c->company[i];

        share_cpu(c, &s, k);
        share_disk(c, &s, k);
        s.cpu_us += (uint64_t)k->cpu_us;
        s.disk_bytes += (uint64_t)k->disk_bytes;
    }
    for (size_t i = 0; i < c->n; i++) {
        share_yen(c, &s, &c->company[i]);
        c->company[i].reason = reason_of(c, &c->company[i]);
    }
}
