/* engine/batch.c - see batch.h for the contract. */
#include "engine/batch.h"

#include "base/vec.h"

#include <stdlib.h>

enum mm_code mm_batch_new(uint64_t id, uint16_t queue, uint64_t from, int64_t now_us,
                          struct mm_batch **ret)
{
    struct mm_batch *b = calloc(1, sizeof(*b));

    if (b == NULL)
        return MM_E_NOMEM;
    b->id = id;
    b->queue = queue;
    b->from = b->to = from;
    b->opened_us = now_us;
    mm_buf_init(&b->alerts, MM_BATCH_ALERTS_MAX);
    mm_buf_init(&b->sieves, MM_BATCH_SIEVES_MAX);
    *ret = b;
    return MM_OK;
}

void mm_batch_drop_rows(struct mm_batch *b)
{
    for (size_t i = 0; i < b->blocks_n; i++)
        free((void *)(uintptr_t)b->blocks[i].p); /* ours; the slice only borrows it as const */
    free(b->blocks);
    b->blocks = NULL;
    b->blocks_n = b->blocks_cap = 0;
}

void mm_batch_free(struct mm_batch **pb)
{
    struct mm_batch *b = *pb;

    if (b == NULL)
        return;
    mm_batch_drop_rows(b);
    for (size_t i = 0; i < b->asides_n; i++)
        free(b->asides[i].bytes);
    for (size_t i = 0; i < b->unread_n; i++)
        free(b->unread[i]);
    free(b->unread);
    for (size_t i = 0; i < b->headers_n; i++)
        free((void *)(uintptr_t)b->headers[i].line.p); /* ours, as above */
    free(b->headers);
    free(b->formats);
    free(b->counts);
    free(b->asides);
    mm_buf_done(&b->alerts);
    mm_buf_done(&b->sieves);
    free(b);
    *pb = NULL;
}

static enum mm_code add_block(struct mm_batch *b, struct mm_slice bytes)
{
    uint8_t *own;

    if (bytes.n == 0)
        return MM_OK;
    if (!MM_VEC_ROOM(b->blocks, b->blocks_n, b->blocks_cap, SIZE_MAX))
        return MM_E_NOMEM;
    own = malloc(bytes.n);
    if (own == NULL)
        return MM_E_NOMEM;
    memcpy(own, bytes.p, bytes.n);
    b->blocks[b->blocks_n++] = mm_slice_of(own, bytes.n);
    b->bytes += bytes.n;
    return MM_OK;
}

/* A new one; a sender's of several chunks become one when the batch is sorted. */
static struct mm_batch_count *count_of(struct mm_batch *b, uint32_t company, uint32_t source)
{
    if (!MM_VEC_ROOM(b->counts, b->counts_n, b->counts_cap, MM_BATCH_COUNTS_MAX))
        return NULL;
    b->counts[b->counts_n] = (struct mm_batch_count){.company = company, .source = source};
    return &b->counts[b->counts_n++];
}

void mm_batch_aside(struct mm_batch *b, uint32_t company, uint32_t source, uint64_t seq,
                    int64_t received_us, const char *why, struct mm_slice bytes)
{
    struct mm_batch_aside *a;
    size_t n = mm_min_size(bytes.n, MM_ASIDE_BYTES);

    if (b->asides == NULL)
        b->asides = calloc(MM_BATCH_ASIDES_MAX, sizeof(*b->asides));
    if (b->asides == NULL || b->asides_n == MM_BATCH_ASIDES_MAX)
        return;
    a = &b->asides[b->asides_n];
    *a = (struct mm_batch_aside){.company = company,
                                 .source = source,
                                 .seq = seq,
                                 .received_us = received_us,
                                 .why = why,
                                 .bytes = malloc(n + 1),
                                 .bytes_n = n};
    if (a->bytes == NULL)
        return;
    if (n > 0)
        memcpy(a->bytes, bytes.p, n);
    b->asides_n++;
}

enum mm_code mm_batch_header(struct mm_batch *b, uint32_t company, uint32_t source, uint64_t seq,
                             struct mm_slice line)
{
    uint8_t *own;

    MM_ASSERT(line.n > 0);
    if (b->headers_n == MM_BATCH_HEADERS_MAX)
        return MM_OK;
    if (!MM_VEC_ROOM(b->headers, b->headers_n, b->headers_cap, MM_BATCH_HEADERS_MAX))
        return MM_E_NOMEM;
    own = malloc(line.n);
    if (own == NULL)
        return MM_E_NOMEM;
    memcpy(own, line.p, line.n);
    b->headers[b->headers_n++] = (struct mm_batch_header){
        .company = company, .source = source, .seq = seq, .line = mm_slice_of(own, line.n)};
    return MM_OK;
}

/* What the shard counted, and when each sender was last heard. */
static enum mm_code add_counts(struct mm_batch *b, const struct mm_chunk *c)
{
    int64_t seen_us[MM_CHUNK_SOURCES] = {0};
    uint64_t bytes[MM_CHUNK_SOURCES] = {0};
    const uint32_t sources_n = *(const volatile uint32_t *)&c->sources_n;

    MM_ASSERT(sources_n <= MM_CHUNK_SOURCES);
    for (uint32_t i = c->from_n; i < c->done_n; i++) {
        const struct mm_chunk_rec r = mm_chunk_rec_once(c, i);

        if (r.received_us > seen_us[r.source_at])
            seen_us[r.source_at] = r.received_us;
        bytes[r.source_at] += r.body_n;
    }
    for (uint32_t i = 0; i < sources_n; i++) {
        struct mm_batch_count *n;

        if (seen_us[i] == 0 && c->count[i].parsed == 0 && c->count[i].unparsed == 0)
            continue; /* none of its records were in this round */
        n = count_of(b, c->source[i].company, c->source[i].source);
        if (n == NULL)
            return MM_E_NOMEM;
        n->parsed += c->count[i].parsed;
        n->unparsed += c->count[i].unparsed;
        n->costly += c->count[i].costly;
        n->bytes += bytes[i];
        if (seen_us[i] > n->last_seen_us)
            n->last_seen_us = seen_us[i];
    }
    return MM_OK;
}

/* Append bytes and say where they are. */
static struct mm_slice keep(struct mm_batch_unread *u, size_t *used, struct mm_slice bytes)
{
    struct mm_slice own = mm_slice_of(u->bytes + *used, bytes.n);

    if (bytes.n > 0)
        memcpy(u->bytes + *used, bytes.p, bytes.n);
    *used += bytes.n;
    return own;
}

/* n is a copy: the shard cannot change it between check and use. */
static void add_unread(struct mm_batch *b, const struct mm_chunk *c,
                       const struct mm_chunk_unread *n)
{
    struct mm_chunk_rec rec[MM_UNREAD_EXAMPLES];
    const struct mm_chunk_source *from;
    struct mm_batch_unread *u;
    size_t used = 0;

    MM_ASSERT(n->source_at < MM_CHUNK_SOURCES);
    MM_ASSERT(n->recs_n >= 1 && n->recs_n <= MM_UNREAD_EXAMPLES);
    MM_ASSERT(n->app_n <= MM_CLUSTER_APP && n->shape_n <= MM_CLUSTER_TEXT);
    MM_ASSERT(n->format[MM_FORMAT_NAME - 1] == 0);
    for (uint32_t i = 0; i < n->recs_n; i++)
        rec[i] = mm_chunk_rec_once(c, n->rec[i]);
    if (b->unread == NULL)
        b->unread = calloc(MM_BATCH_UNREAD_MAX, sizeof(struct mm_batch_unread *));
    if (b->unread == NULL || b->unread_n == MM_BATCH_UNREAD_MAX)
        return;
    u = calloc(1, sizeof(*u) + MM_CLUSTER_APP + MM_CLUSTER_TEXT + MM_FORMAT_NAME +
                      MM_UNREAD_EXAMPLES * MM_UNREAD_LINE);
    if (u == NULL)
        return;
    from = &c->source[n->source_at];
    u->u = (struct mm_unread){.company = from->company,
                              .source = from->source,
                              .app = keep(u, &used, mm_slice_of(n->app, n->app_n)),
                              .shape = keep(u, &used, mm_slice_of(n->shape, n->shape_n)),
                              .format = keep(u, &used, mm_slice_str(n->format)),
                              .count = n->count,
                              .first_us = rec[0].received_us,
                              .last_us = rec[n->recs_n - 1].received_us,
                              .queue = c->queue,
                              .seq = rec[n->recs_n - 1].seq,
                              .lines = n->recs_n};
    for (uint32_t i = 0; i < n->recs_n; i++) {
        struct mm_slice body = mm_chunk_body(c, &rec[i]);

        u->u.line[i] = keep(u, &used, mm_slice_sub(body, 0, MM_UNREAD_LINE));
    }
    b->unread[b->unread_n++] = u;
}

/* A new one, as count_of. */
static struct mm_batch_format *format_of(struct mm_batch *b, const struct mm_chunk_source *s,
                                         const char *name)
{
    if (!MM_VEC_ROOM(b->formats, b->formats_n, b->formats_cap, MM_BATCH_FORMATS_MAX))
        return NULL;
    b->formats[b->formats_n] = (struct mm_batch_format){.company = s->company, .source = s->source};
    memcpy(b->formats[b->formats_n].name, name, MM_FORMAT_NAME);
    return &b->formats[b->formats_n++];
}

static enum mm_code add_formats(struct mm_batch *b, const struct mm_chunk *c)
{
    for (uint32_t i = 0; i < c->formats_n; i++) {
        struct mm_chunk_format n;
        struct mm_batch_format *f;

        MM_ASSERT(i < MM_CHUNK_FORMATS);
        n = *(const volatile struct mm_chunk_format *)&c->format[i];
        MM_ASSERT(n.source_at < MM_CHUNK_SOURCES);
        MM_ASSERT(n.name[MM_FORMAT_NAME - 1] == 0);
        f = format_of(b, &c->source[n.source_at], n.name);
        if (f == NULL)
            return MM_E_NOMEM;
        f->parsed += n.parsed;
        f->unparsed += n.unparsed;
        f->topics |= n.topics;
        f->last_us = b->newest_us;
    }
    for (uint32_t i = 0; i < c->unread_n; i++) {
        struct mm_chunk_unread n;

        MM_ASSERT(i < MM_CHUNK_UNREAD);
        n = *(const volatile struct mm_chunk_unread *)&c->unread[i];
        add_unread(b, c, &n);
    }
    return MM_OK;
}

enum mm_code mm_batch_absorb(struct mm_batch *b, const struct mm_chunk *c)
{
    enum mm_code code = add_block(b, mm_slice_of(c->out, c->out_n));

    if (code == MM_OK)
        code = add_counts(b, c);
    if (code == MM_OK)
        code = add_formats(b, c);
    if (code != MM_OK)
        return code;
    mm_buf_add(&b->alerts, mm_slice_of(c->alerts, c->alerts_n));
    for (uint32_t i = c->from_n; i < c->done_n; i++) {
        const struct mm_chunk_rec r = mm_chunk_rec_once(c, i);
        const struct mm_chunk_source *s = &c->source[r.source_at];

        if ((r.flags & MM_CHUNK_ASIDE) != 0)
            mm_batch_aside(b, s->company, s->source, r.seq, r.received_us, "shard_died",
                           mm_chunk_body(c, &r));
    }
    return mm_buf_ok(&b->alerts) ? MM_OK : MM_E_NOMEM;
}

static int sender_order(uint32_t company_a, uint32_t source_a, uint32_t company_b,
                        uint32_t source_b)
{
    if (company_a != company_b)
        return company_a < company_b ? -1 : 1;
    return source_a < source_b ? -1 : source_a > source_b;
}

static int by_count(const void *pa, const void *pb)
{
    const struct mm_batch_count *a = pa, *b = pb;

    return sender_order(a->company, a->source, b->company, b->source);
}

static int by_format(const void *pa, const void *pb)
{
    const struct mm_batch_format *a = pa, *b = pb;
    int c = sender_order(a->company, a->source, b->company, b->source);

    return c != 0 ? c : strcmp(a->name, b->name);
}

/* One row a sender, of rows in their order. */
static void merge_counts(struct mm_batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->counts_n; i++) {
        const struct mm_batch_count *from = &b->counts[i];
        struct mm_batch_count *to = &b->counts[n > 0 ? n - 1 : 0];

        if (n == 0 || by_count(to, from) != 0) {
            b->counts[n++] = *from;
            continue;
        }
        to->parsed += from->parsed;
        to->unparsed += from->unparsed;
        to->costly += from->costly;
        to->bytes += from->bytes;
        if (from->last_seen_us > to->last_seen_us)
            to->last_seen_us = from->last_seen_us;
    }
    b->counts_n = n;
}

/* One row a sender and format. */
static void merge_formats(struct mm_batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->formats_n; i++) {
        const struct mm_batch_format *from = &b->formats[i];
        struct mm_batch_format *to = &b->formats[n > 0 ? n - 1 : 0];

        if (n == 0 || by_format(to, from) != 0) {
            b->formats[n++] = *from;
            continue;
        }
        to->parsed += from->parsed;
        to->unparsed += from->unparsed;
        to->topics |= from->topics;
        if (from->last_us > to->last_us)
            to->last_us = from->last_us;
    }
    b->formats_n = n;
}

/* Those of one sender by their numbers: the newest example is the last. */
static int by_unread(const void *pa, const void *pb)
{
    const struct mm_unread *a = &(*(struct mm_batch_unread *const *)pa)->u;
    const struct mm_unread *b = &(*(struct mm_batch_unread *const *)pb)->u;
    int c = sender_order(a->company, a->source, b->company, b->source);

    return c != 0 ? c : a->seq < b->seq ? -1 : a->seq > b->seq;
}

static int by_seq(const void *pa, const void *pb)
{
    const struct mm_batch_header *a = pa, *b = pb;

    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

void mm_batch_sort(struct mm_batch *b)
{
    MM_ASSERT(mm_batch_complete(b));
    if (b->counts_n > 1)
        qsort(b->counts, b->counts_n, sizeof(b->counts[0]), by_count);
    merge_counts(b);
    if (b->formats_n > 1)
        qsort(b->formats, b->formats_n, sizeof(b->formats[0]), by_format);
    merge_formats(b);
    if (b->unread_n > 1)
        qsort(b->unread, b->unread_n, sizeof(b->unread[0]), by_unread);
    if (b->headers_n > 1)
        qsort(b->headers, b->headers_n, sizeof(b->headers[0]), by_seq);
}
