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
    size_t bytes;
    void *p;

    MM_ASSERT(n <= *cap);
    if (n >= max)
        return false;
    if (n < *cap)
        return true;
    if (!mm_mul_size(longer(*cap), size, &bytes))
        return false;
    memcpy(&p, list, sizeof(p));
    p = realloc(p, bytes);
    if (p == NULL)
        return false;
    memcpy(list, &p, sizeof(p));
    *cap = longer(*cap);
    return true;
}

bool mm_vec_room_in(struct mm_arena *a, void *list, size_t size, size_t n, size_t *cap)
{
    void *old, *p;

    MM_ASSERT(n <= *cap);
    if (n < *cap)
        return true;
    p = mm_arena_array(a, longer(*cap), size);
    if (p == NULL)
        return false;
    memcpy(&old, list, sizeof(old));
    if (n > 0)
        memcpy(p, old, n * size);
    memcpy(list, &p, sizeof(p));
    *cap = longer(*cap);
    return true;
}
