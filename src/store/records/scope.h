/*
 * store/records/scope.h - whose data a piece of work may touch.
 *
 * Purpose   Every read and write of records happens under a scope. A scope is handed out by the
 *           code that checked a session or token (register/auth) and cannot be made elsewhere:
 *           constructors stand in scope_make.h (register only) and system_scope.h (engine,
 *           worker, register; never web).
 * Owns      A scope belongs to who was given it; a hold is plain storage on the caller's stack.
 * Threads   Immutable after it was made.
 * Trust     Company numbers may come from a URL: _narrow refuses what the scope doesn't see, with
 *           the same answer as for a company that doesn't exist.
 */
#ifndef MM_STORE_RECORDS_SCOPE_H
#define MM_STORE_RECORDS_SCOPE_H

#include "base/base.h"

enum { MM_COMPANY_OPERATOR = 0 }; /* the operator's own company: quarantine, self-health, staff */

enum mm_scope_kind {
    MM_SCOPE_COMPANY = 1, /* one company */
    MM_SCOPE_OPERATOR,    /* a set of companies, or all */
    MM_SCOPE_PROGRAMME,   /* aggregates over >= MM_SCOPE_COHORT_MIN companies, nothing else */
    MM_SCOPE_SYSTEM,      /* engine and worker */
};

/* Fewer companies than this could be recognised in an aggregate. */
enum { MM_SCOPE_COHORT_MIN = 5 };

struct mm_scope;

/* Storage for a narrowed scope, so that narrowing allocates nothing. */
struct mm_scope_hold {
    _Alignas(16) uint8_t bytes[64];
};

enum mm_scope_kind mm_scope_kind(const struct mm_scope *scope);
/* The one company of a company scope; asserts the kind. */
uint32_t mm_scope_company(const struct mm_scope *scope);
/* Who acts: user number (0: nobody, e.g. the system) and role, as register defines them. */
uint32_t mm_scope_user(const struct mm_scope *scope);
uint32_t mm_scope_role(const struct mm_scope *scope);
/* 0 when the scope isn't bound to a programme. */
uint32_t mm_scope_programme(const struct mm_scope *scope);
/* True for an auditor: every write under this scope is refused. */
bool mm_scope_readonly(const struct mm_scope *scope);
bool mm_scope_sees(const struct mm_scope *scope, uint32_t company);

/*
 * The part of `scope` that is one company, with the same user and role. MM_E_NOTFOUND when the
 * scope doesn't see that company, or shows aggregates only. *ret points into *hold and lives as
 * long as it.
 */
MM_MUST_USE enum mm_code mm_scope_narrow(const struct mm_scope *scope, uint32_t company,
                                         struct mm_scope_hold *hold, const struct mm_scope **ret);

#endif
