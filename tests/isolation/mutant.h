/*
 * tests/isolation/mutant.h - switches of a build that tests throw away; no product includes it.
 *
 * Purpose   mutants.py copies the sources, writes `mm_mutant("name") ? without the check : with it`
 *           where a check stands, builds once, and runs tests with one of the switches on.
 * Owns      Nothing.
 * Threads   Reads the environment.
 * Trust     Test code only.
 */
#ifndef MM_TESTS_ISOLATION_MUTANT_H
#define MM_TESTS_ISOLATION_MUTANT_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static inline bool mm_mutant(const char *name)
{
    const char *on = getenv("MIMAMORI_MUTANT");

    return on != NULL && strcmp(on, name) == 0;
}

#endif
