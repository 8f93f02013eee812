/* engine/sift.c - see sift.h for the contract. */
#include "engine/sift.h"

#include <stdlib.h>

static_assert((int)MM_CHUNK_RECORDS <= (int)UINT16_MAX + 1, "a record's index fits in 16 bits");

enum mm_code mm_sift_new(uint16_t queue, struct mm_sift **ret)
{
    struct mm_sift *s = calloc(1, sizeof(*s));

    MM_ASSERT(ret != NULL);
    if (s == NULL || mm_sieve_new(queue, &s->sieve) != MM_OK) {
        free(s);
        return MM_E_NOMEM;
    }
    *ret = s;
    return MM_OK;
}

void mm_sift_free(struct mm_sift **s)
{
    MM_ASSERT(s != NULL);
    if (*s == NULL)
        return;
    mm_sieve_free(&(*s)->sieve);
    free(*s);
    *s = NULL;
}

/* The first source of the same company, for each. */
static void group_sources(const struct mm_chunk *c, uint16_t group[MM_CHUNK_SOURCES])
{
    uint32_t n = *(const volatile uint32_t *)&c->sources_n, company[MM_CHUNK_SOURCES];

    MM_ASSERT(n <= MM_CHUNK_SOURCES);
    memset(group, 0, MM_CHUNK_SOURCES * sizeof(*group));
    for (uint32_t i = 0; i < n; i++) {
        company[i] = *(const volatile uint32_t *)&c->source[i].company;
        while (group[i] < i && company[group[i]] != company[i])
            group[i]++;
    }
}

/*
 * Indexes of the chunk's n records: those of a company together, its numbers ascending. What a
 * shard may write to is read once.
 */
static void order_by_company(struct mm_sift *s, const struct mm_chunk *c, uint32_t n)
{
    uint16_t group[MM_CHUNK_SOURCES];
    uint32_t at[MM_CHUNK_SOURCES] = {0};
    uint32_t sum = 0;

    group_sources(c, group);
    for (uint32_t i = 0; i < n; i++) {
        s->group[i] = group[mm_chunk_rec_once(c, i).source_at];
        at[s->group[i]]++;
    }
    for (uint32_t g = 0; g < MM_CHUNK_SOURCES; g++) {
        uint32_t of = at[g];

        at[g] = sum;
        sum += of;
    }
    for (uint32_t i = 0; i < n; i++)
        s->order[at[s->group[i]]++] = (uint16_t)i;
}

/* Fetch a line that comes soon: in this order the processor cannot guess which one that is, and
 * waiting for its bytes would cost as much as all the rest. */
static void fetch(const struct mm_chunk *c, const struct mm_chunk_rec *r)
{
    enum { CACHE_LINE = 64, FETCH_MAX = 1024 };
    struct mm_slice body = mm_chunk_body(c, r);

    for (size_t i = 0; i < body.n && i < FETCH_MAX; i += CACHE_LINE)
        __builtin_prefetch(body.p + i);
}

void mm_sift_chunk(struct mm_sift *s, const struct mm_chunk *c)
{
    enum { AHEAD = 4 };
    uint32_t n = *(const volatile uint32_t *)&c->records_n;

    MM_ASSERT(n <= MM_CHUNK_RECORDS);
    order_by_company(s, c, n);
    for (uint32_t i = 0; i < n; i++) {
        struct mm_chunk_rec r = mm_chunk_rec_once(c, s->order[i]);
        const struct mm_chunk_source *source = &c->source[r.source_at];
        const struct mm_sieve_line line = {.company = source->company,
                                           .seq = r.seq,
                                           .received_us = r.received_us,
                                           .keep_days = source->keep_days,
                                           .text = mm_chunk_body(c, &r)};

        if (i + AHEAD < n) {
            struct mm_chunk_rec next = mm_chunk_rec_once(c, s->order[i + AHEAD]);

            fetch(c, &next);
        }
        mm_sieve_add(s->sieve, &line);
    }
}

void mm_sift_take(struct mm_sift *s, bool all, struct mm_buf *out)
{
    if (all)
        mm_sieve_flush(s->sieve);
    if (mm_sieve_rows(s->sieve) < (all ? 1 : MM_SIFT_ROWS))
        return;
    if (mm_sieve_write(s->sieve, out) != MM_OK)
        mm_buf_reset(out); /* no memory: these lines will be read instead */
}
