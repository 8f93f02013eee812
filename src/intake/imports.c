/* intake/imports.c - see imports.h for the contract. */
#include "intake/imports.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/rd.h"

enum { CARRY_SIZE = 4 + 4 + 8 + 8 + 8, BUCKETS = 65536, NONE = UINT32_MAX };
static_assert((size_t)MM_IMPORTS_MAX * CARRY_SIZE < MM_SPOOL_CARRY, "all files fit into a carry");

struct file {
    uint32_t company, source;
    struct mm_import_at at;
    uint64_t touched; /* counts up */
    uint32_t chain;   /* the next file in the same bucket */
};

struct mm_imports {
    struct file *file;
    size_t n, max;
    size_t current; /* of the last note: the next one is of the same file, nearly always */
    uint64_t touches;
    uint32_t bucket[BUCKETS]; /* by hash of all lines so far */
};

static void step_line(struct mm_import_at *at, struct mm_slice line)
{
    /* The seed is fixed: the hash must be the same after a restart. */
    at->chain = mm_hash((struct mm_seed){at->chain, UINT64_C(0x696d706f72746564)}, line);
    if (at->line == 0)
        at->first = at->chain;
    at->line++;
}

void mm_import_step(struct mm_import_at *at, struct mm_slice record)
{
    size_t end = mm_slice_find(record, '\n', 0);

    for (; end != SIZE_MAX; end = mm_slice_find(record, '\n', 0)) {
        step_line(at, mm_slice_sub(record, 0, end));
        record = mm_slice_sub(record, end + 1, SIZE_MAX);
    }
    step_line(at, record);
}

enum mm_code mm_imports_new(size_t max, struct mm_imports **ret)
{
    struct mm_imports *t = calloc(1, sizeof(*t));

    MM_ASSERT(max > 0 && max <= MM_IMPORTS_MAX);
    if (t == NULL)
        return MM_E_NOMEM;
    t->file = calloc(max, sizeof(t->file[0]));
    if (t->file == NULL) {
        free(t);
        return MM_E_NOMEM;
    }
    t->max = max;
    memset(t->bucket, 0xFF, sizeof(t->bucket));
    *ret = t;
    return MM_OK;
}

void mm_imports_free(struct mm_imports **t)
{
    if (*t == NULL)
        return;
    free((*t)->file);
    free(*t);
    *t = NULL;
}

size_t mm_imports_count(const struct mm_imports *t)
{
    return t->n;
}

static bool is_at(const struct file *f, uint32_t company, uint32_t source,
                  const struct mm_import_at *at)
{
    return f->company == company && f->source == source && f->at.line == at->line &&
           f->at.chain == at->chain && f->at.first == at->first;
}

static uint32_t *bucket_of(struct mm_imports *t, const struct mm_import_at *at)
{
    return &t->bucket[at->chain % BUCKETS];
}

static struct file *find(const struct mm_imports *t, uint32_t company, uint32_t source,
                         const struct mm_import_at *at)
{
    for (uint32_t i = t->bucket[at->chain % BUCKETS]; i != NONE; i = t->file[i].chain) {
        if (is_at(&t->file[i], company, source, at))
            return &t->file[i];
    }
    return NULL;
}

/* The place of a new file: a free one, or that of the one touched longest ago. */
static struct file *make_room(struct mm_imports *t)
{
    struct file *oldest = &t->file[0];

    if (t->n < t->max)
        return &t->file[t->n];
    for (size_t i = 1; i < t->n; i++) {
        if (t->file[i].touched < oldest->touched)
            oldest = &t->file[i];
    }
    return oldest;
}

/* Put `fresh` into the place f, which may hold another file or be the next free one. */
static void place(struct mm_imports *t, struct file *f, struct file fresh)
{
    uint32_t at = (uint32_t)(f - t->file), *from;

    if (at == t->n) {
        t->n++;
    } else {
        for (from = bucket_of(t, &f->at); *from != at; from = &t->file[*from].chain)
            MM_ASSERT(*from != NONE);
        *from = f->chain;
    }
    fresh.touched = ++t->touches;
    fresh.chain = *bucket_of(t, &fresh.at);
    *bucket_of(t, &fresh.at) = at;
    *f = fresh;
    t->current = at;
}

void mm_imports_note(struct mm_imports *t, uint32_t company, uint32_t source,
                     const struct mm_import_at *before, const struct mm_import_at *now)
{
    struct file *f = before->line == 0 ? NULL : find(t, company, source, before);

    MM_ASSERT(now->line > before->line);
    if (f == NULL)
        f = find(t, company, source, now); /* the same file, taken in once more */
    if (f == NULL)
        f = make_room(t);
    place(t, f, (struct file){.company = company, .source = source, .at = *now});
}

uint64_t mm_imports_depth(const struct mm_imports *t, uint32_t company, uint32_t source,
                          uint64_t first)
{
    uint64_t depth = 0;

    for (size_t i = 0; i < t->n; i++) {
        const struct file *f = &t->file[i];

        if (f->company == company && f->source == source && f->at.first == first &&
            f->at.line > depth)
            depth = f->at.line;
    }
    return depth;
}

bool mm_imports_has(const struct mm_imports *t, uint32_t company, uint32_t source,
                    const struct mm_import_at *at)
{
    return find(t, company, source, at) != NULL;
}

struct mm_spool_origin mm_imports_origin(const struct mm_import_at *now)
{
    struct mm_spool_origin o = {.kind = MM_ORIGIN_FILE, .at = now->line};

    memcpy(o.id, &now->first, 8);
    memcpy(o.id + 8, &now->chain, 8);
    return o;
}

void mm_imports_replay(struct mm_imports *t, const struct mm_spool_record *rec)
{
    struct mm_import_at now = {.line = rec->origin.at}, before, lines = {0};

    if (rec->origin.kind != MM_ORIGIN_FILE || now.line == 0)
        return;
    memcpy(&now.first, rec->origin.id, 8);
    memcpy(&now.chain, rec->origin.id + 8, 8);
    mm_import_step(&lines, rec->body);
    if (lines.line > now.line)
        return; /* no import of ours wrote this */
    /* Where the file was before: the entry from which this very record leads to `now`. */
    for (size_t i = 0; i < t->n; i++) {
        size_t k = (t->current + i) % t->n;

        before = t->file[k].at;
        if (t->file[k].company != rec->company || t->file[k].source != rec->source ||
            before.line + lines.line != now.line || before.first != now.first)
            continue;
        mm_import_step(&before, rec->body);
        if (before.chain == now.chain) {
            before = t->file[k].at;
            mm_imports_note(t, rec->company, rec->source, &before, &now);
            return;
        }
    }
    before = (struct mm_import_at){.first = now.first, .line = now.line - lines.line};
    mm_imports_note(t, rec->company, rec->source, &before, &now);
}

static int by_touch(const void *a, const void *b)
{
    const struct file *x = a, *y = b;

    return x->touched < y->touched ? -1 : x->touched > y->touched ? 1 : 0;
}

void mm_imports_carry(const struct mm_imports *t, struct mm_buf *out)
{
    struct file *sorted = malloc(t->n * sizeof(*sorted) + 1);

    if (sorted == NULL) {
        out->failed = true; /* the segment is not begun; the next try may have memory */
        return;
    }
    if (t->n > 0)
        memcpy(sorted, t->file, t->n * sizeof(*sorted));
    qsort(sorted, t->n, sizeof(*sorted), by_touch);
    for (size_t i = 0; i < t->n; i++) {
        const struct file *f = &sorted[i];

        mm_buf_u32le(out, f->company);
        mm_buf_u32le(out, f->source);
        mm_buf_u64le(out, f->at.first);
        mm_buf_u64le(out, f->at.chain);
        mm_buf_u64le(out, f->at.line);
    }
    free(sorted);
}

void mm_imports_restore(struct mm_imports *t, struct mm_slice carried)
{
    struct mm_rd rd = mm_rd_of(carried);
    struct file f = {0};

    while (mm_rd_u32le(&rd, &f.company) && mm_rd_u32le(&rd, &f.source) &&
           mm_rd_u64le(&rd, &f.at.first) && mm_rd_u64le(&rd, &f.at.chain) &&
           mm_rd_u64le(&rd, &f.at.line)) {
        if (f.at.line == 0)
            continue;
        place(t, make_room(t), f);
    }
}
