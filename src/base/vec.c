/* base/vec.c - see vec.h for the contract. */
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

static size_t longer(size_t cap)
{
    return cap == 0 ? MM_VEC_FIRST : cap * 2;
}

bool mm_vec_room(void *list, size_t size, size_t n, size_t *cap, size_t max)
{
    void **at = list, *p; /* the build has no strict aliasing */
    size_t bytes;

    MM_ASSERT(n <= *cap);
    if (n >= max)
        return false;
    if (n < *cap)
        return true;
    if (!mm_mul_size(longer(*cap), size, &bytes))
        return false;
    p = realloc(*at, bytes);
    if (p == NULL)
        return false;
    *at = p;
    *cap = longer(*cap);
    return true;
}

bool mm_vec_room_in(struct mm_arena *a, void *list, size_t size, size_t n, size_t *cap)
{
    void **at = list, *p;

    MM_ASSERT(n <= *cap);
    if (n < *cap)
        return true;
    p = mm_arena_array(a, longer(*cap), size);
    if (p == NULL)
        return false;
    if (n > 0)
        memcpy(p, *at, n * size);
    *at = p;
    *cap = longer(*cap);
    return true;
}
