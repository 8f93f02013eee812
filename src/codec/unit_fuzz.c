/*
 * codec/unit_fuzz.c - no input may break these promises: a refusal leaves the result alone; what is
 * read has at least one digit; powers of 1024 are never smaller than those of 1000; the number that
 * came out reads back as itself.
 */
#include <stdio.h>

#include "codec/unit.h"
#include "tests/harness/test.h"

static void check_back(uint64_t v)
{
    char text[24];
    uint64_t again = 0;

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)v);
    MM_ASSERT(mm_unit_bytes(mm_slice_str(text), 1024, &again) && again == v);
}

FUZZ(in)
{
    uint64_t si = 7, binary = 7, ns = 7;

    if (mm_unit_bytes(in, 1000, &si)) {
        MM_ASSERT(in.n > 0);
        if (mm_unit_bytes(in, 1024, &binary))
            MM_ASSERT(binary >= si);
        check_back(si);
    } else {
        MM_ASSERT(si == 7 && !mm_unit_bytes(in, 1024, &binary) && binary == 7);
    }
    if (!mm_unit_duration(in, &ns))
        MM_ASSERT(ns == 7);
}
