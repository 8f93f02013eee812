/* base/arena.c - see arena.h for the contract. */
#include "base/arena.h"

#include <stdlib.h>

enum {
    CHUNK_MIN = 16 * 1024, /* a request's worth; grows by doubling */
    CHUNK_MAX = 4 * 1024 * 1024,
    ALIGN = 16, /* _Alignof(max_align_t) on amd64 and arm64 */
};
static_assert(_Alignof(max_align_t) <= ALIGN, "arena alignment covers every type");

struct mm_arena_chunk {
    struct mm_arena_chunk *next;
    size_t cap;
    size_t used;
    size_t pad;
    uint8_t data[];
};
static_assert(sizeof(struct mm_arena_chunk) % ALIGN == 0, "chunk data starts aligned");

void mm_arena_init(struct mm_arena *a, size_t size_max)
{
    MM_ASSERT(a != NULL && size_max > 0);
    *a = (struct mm_arena){.size_max = size_max};
}

static void free_after(struct mm_arena *a, struct mm_arena_chunk *keep)
{
    struct mm_arena_chunk *c = keep == NULL ? a->head : keep->next;

    while (c != NULL) {
        struct mm_arena_chunk *next = c->next;
        a->size_used -= c->cap;
        free(c);
        c = next;
    }
    if (keep != NULL)
        keep->next = NULL;
}

void mm_arena_done(struct mm_arena *a)
{
    free_after(a, NULL);
    *a = (struct mm_arena){0};
}

void mm_arena_reset(struct mm_arena *a)
{
    if (a->head == NULL)
        return;
    free_after(a, a->head);
#ifdef MM_TEST_BUILD
    /* So that a slice kept too long reads as garbage in tests. */
    memset(a->head->data, 0xA5, a->head->used);
#endif
    a->head->used = 0;
}

static bool grow(struct mm_arena *a, size_t n)
{
    size_t cap = a->head == NULL ? CHUNK_MIN : a->head->cap * 2;
    struct mm_arena_chunk *c;
    size_t total;

#ifdef MM_ARENA_SEPARATE
    cap = n; /* sanitizer builds: one object, one allocation */
#else
    if (cap > CHUNK_MAX)
        cap = CHUNK_MAX;
    if (cap < n)
        cap = n;
#endif
    if (a->size_used >= a->size_max || n > a->size_max - a->size_used)
        return false;
    if (cap > a->size_max - a->size_used)
        cap = a->size_max - a->size_used;
    if (!mm_add_size(sizeof(*c), cap, &total))
        return false;
    c = malloc(total);
    if (c == NULL)
        return false;
    *c = (struct mm_arena_chunk){.next = a->head, .cap = cap};
    a->head = c;
    a->size_used += cap;
    return true;
}

static uint8_t *take(struct mm_arena *a, size_t n, size_t align)
{
    size_t at = 0;

    MM_ASSERT(a != NULL && a->size_max > 0);
    if (n == 0)
        n = 1; /* distinct, non-NULL */
    if (a->head != NULL)
        at = (a->head->used + align - 1) & ~(align - 1);
#ifdef MM_ARENA_SEPARATE
    at = SIZE_MAX;
#endif
    if (a->head == NULL || at > a->head->cap || n > a->head->cap - at) {
        if (!grow(a, n))
            return NULL;
        at = 0;
    }
    a->head->used = at + n;
    return a->head->data + at;
}

void *mm_arena_alloc(struct mm_arena *a, size_t n)
{
    uint8_t *p = take(a, n, ALIGN);

    if (p != NULL)
        memset(p, 0, n);
    return p;
}

void *mm_arena_array(struct mm_arena *a, size_t count, size_t size)
{
    size_t total;

    if (!mm_mul_size(count, size, &total))
        return NULL;
    return mm_arena_alloc(a, total);
}

uint8_t *mm_arena_bytes(struct mm_arena *a, size_t n)
{
    return take(a, n, 1);
}

bool mm_arena_dup(struct mm_arena *a, struct mm_slice s, struct mm_slice *ret)
{
    size_t n;
    uint8_t *p;

    if (!mm_add_size(s.n, 1, &n))
        return false;
    p = mm_arena_bytes(a, n);
    if (p == NULL)
        return false;
    if (s.n > 0)
        memcpy(p, s.p, s.n);
    p[s.n] = 0;
    *ret = mm_slice_of(p, s.n);
    return true;
}

char *mm_arena_cstr(struct mm_arena *a, struct mm_slice s)
{
    struct mm_slice copy;

    if (s.n > 0 && memchr(s.p, 0, s.n) != NULL)
        return NULL;
    if (!mm_arena_dup(a, s, &copy))
        return NULL;
    /* The copy is ours and mutable; the slice type only borrows it as const. */
    return (char *)(uintptr_t)copy.p;
}
