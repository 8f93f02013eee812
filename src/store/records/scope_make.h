/*
 * store/records/scope_make.h - the constructor of scopes; register/auth only.
 *
 * Purpose   The one place where a checked session or token becomes a scope. A test holds that
 *           nothing but src/register and src/store/records includes this header.
 * Owns      The scope lives in the arena that is passed.
 * Threads   Pure functions.
 * Trust     The caller has proven who it is.
 */
#ifndef MM_STORE_RECORDS_SCOPE_MAKE_H
#define MM_STORE_RECORDS_SCOPE_MAKE_H

#include "base/arena.h"
#include "store/records/scope.h"

struct mm_scope_spec {
    enum mm_scope_kind kind;   /* not MM_SCOPE_SYSTEM */
    uint32_t company;          /* MM_SCOPE_COMPANY */
    bool all;                  /* MM_SCOPE_OPERATOR: every company there is */
    const uint32_t *companies; /* otherwise this set; copied */
    size_t count;
    uint32_t programme;
    uint32_t user;
    uint32_t role;
    bool readonly;
};

/* MM_E_NOMEM when the arena is full; *ret untouched then. */
MM_MUST_USE enum mm_code mm_scope_make(struct mm_arena *a, const struct mm_scope_spec *spec,
                                       const struct mm_scope **ret);

#endif
