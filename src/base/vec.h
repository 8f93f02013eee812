/*
 * base/vec.h - a list that grows: a pointer, how many are in it, how many there is room for.
 *
 * Purpose   The one place that doubles lists.
 * Owns      Nothing: the list is its owner's, from realloc (free it) or from an arena.
 * Threads   None of its own.
 * Trust     n may come from input: max bounds it, and so does the arena.
 */
#ifndef MM_BASE_VEC_H
#define MM_BASE_VEC_H

#include "base/arena.h"

enum { MM_VEC_FIRST = 16 }; /* room for so many at first */

/*
 * Room for one more element behind the n of `list` (a pointer to elements; NULL with cap 0 is the
 * empty list): true with the list as it is, or twice as long at another place. False when there
 * are max already or no memory: the list is as it was.
 */
#define MM_VEC_ROOM(list, n, cap, max) mm_vec_room(&(list), sizeof(*(list)), (n), &(cap), (max))
/* The same in an arena, which keeps the shorter ones until it ends. */
#define MM_VEC_ROOM_IN(arena, list, n, cap)                                                        \
    mm_vec_room_in((arena), &(list), sizeof(*(list)), (n), &(cap))

/* What they stand for; list is the address of the pointer. */
MM_MUST_USE bool mm_vec_room(void *list, size_t size, size_t n, size_t *cap, size_t max);
MM_MUST_USE bool mm_vec_room_in(struct mm_arena *a, void *list, size_t size, size_t n, size_t *cap);

#endif
