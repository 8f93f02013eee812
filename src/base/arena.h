/*
 * base/arena.h - memory that lives as long as one batch or one request.
 *
 * Purpose   Allocate many small things, free them all at once.
 * Owns      Its chunks. What is allocated dies at _reset, _rewind or _done.
 * Threads   One arena, one thread.
 * Trust     Sizes may come from input: the total is bounded by size_max, and
 *           what goes past it fails with NULL, never with a crash.
 */
#ifndef MM_BASE_ARENA_H
#define MM_BASE_ARENA_H

#include "base/base.h"

struct mm_arena_chunk;

struct mm_arena {
    struct mm_arena_chunk *head; /* newest chunk */
    size_t size_max;             /* bytes in all chunks together */
    size_t size_used;            /* bytes in all chunks together now */
};

/* An arena that never holds more than size_max bytes. Allocates nothing yet. */
void mm_arena_init(struct mm_arena *a, size_t size_max);
/* Give everything back. Safe on a zeroed arena. */
void mm_arena_done(struct mm_arena *a);
/* Forget everything allocated, keep one chunk for the next round. */
void mm_arena_reset(struct mm_arena *a);
/* n bytes, aligned for any type, zeroed; NULL when the limit or memory is reached. n may be 0. */
void *mm_arena_alloc(struct mm_arena *a, size_t n);
/* As _alloc for `count` elements of `size` bytes with an overflow check. */
void *mm_arena_array(struct mm_arena *a, size_t count, size_t size);
/* n bytes, unaligned, not zeroed: for text. NULL as above. */
uint8_t *mm_arena_bytes(struct mm_arena *a, size_t n);
/* A copy of s in the arena (one extra NUL behind it); false when it does not fit. */
MM_MUST_USE bool mm_arena_dup(struct mm_arena *a, struct mm_slice s, struct mm_slice *ret);
/* The copy as a C string; NULL when it does not fit or s holds a NUL. */
char *mm_arena_cstr(struct mm_arena *a, struct mm_slice s);

#endif
