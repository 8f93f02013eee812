/*
 * store/records/scope_priv.h - what a scope is made of; store/records only.
 *
 * Purpose   Shared by scope.c and the transactions that bind it.
 * Owns      `companies` is borrowed from the arena of the scope that was made first.
 * Threads   Immutable.
 * Trust     See scope.h.
 */
#ifndef MM_STORE_RECORDS_SCOPE_PRIV_H
#define MM_STORE_RECORDS_SCOPE_PRIV_H

#include "store/records/scope.h"

enum { MM_SCOPE_MAGIC = 0x53434f50 };

struct mm_scope {
    uint32_t magic;
    uint8_t kind; /* enum mm_scope_kind */
    bool all;
    bool readonly;
    uint32_t company;
    uint32_t programme;
    uint32_t user;
    uint32_t role;
    const uint32_t *companies; /* ascending */
    size_t count;
};
static_assert(sizeof(struct mm_scope) <= sizeof(struct mm_scope_hold), "a hold holds a scope");

#endif
