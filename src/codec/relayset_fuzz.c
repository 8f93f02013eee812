/*
 * codec/relayset_fuzz.c - no text may break these promises: a refusal names an offset inside it;
 * what is taken lies inside it; paths may be followed, ports are ports.
 */
#include "codec/relayset.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_relayset set;
    struct mm_fault fault = {0};

    if (mm_relayset_parse(in, &set, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= in.n);
        return;
    }
    MM_ASSERT(set.body.p == in.p && set.body.n <= in.n && set.listen_n <= MM_RELAYSET_LISTEN);
    MM_ASSERT(set.signature.n == 0 ||
              (set.signature.p > in.p && set.signature.p + set.signature.n < in.p + in.n));
    for (size_t i = 0; i < set.listen_n; i++)
        MM_ASSERT(set.listen[i].port > 0);
    for (size_t i = 0; i < MM_RELAY_FILES; i++)
        MM_ASSERT(set.follow[i].n == 0 || mm_relayset_path_ok(set.follow[i]));
}
