/* store/records/scope.c - see scope.h, scope_make.h and system_scope.h for the contracts. */
#include <stdlib.h>

#include "store/records/scope_make.h"
#include "store/records/scope_priv.h"
#include "store/records/system_scope.h"

static const struct mm_scope system_scope = {
    .magic = MM_SCOPE_MAGIC,
    .kind = MM_SCOPE_SYSTEM,
    .all = true,
};

static const struct mm_scope *checked(const struct mm_scope *scope)
{
    MM_ASSERT(scope != NULL && scope->magic == MM_SCOPE_MAGIC);
    return scope;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y ? 1 : 0;
}

enum mm_code mm_scope_make(struct mm_arena *a, const struct mm_scope_spec *spec,
                           const struct mm_scope **ret)
{
    struct mm_scope *s = mm_arena_alloc(a, sizeof(*s));
    uint32_t *set = mm_arena_array(a, spec->count, sizeof(*set));

    MM_ASSERT(spec->kind >= MM_SCOPE_COMPANY && spec->kind <= MM_SCOPE_PROGRAMME);
    MM_ASSERT(!spec->all || spec->kind == MM_SCOPE_OPERATOR);
    if (s == NULL || set == NULL)
        return MM_E_NOMEM;
    if (spec->count > 0) {
        memcpy(set, spec->companies, spec->count * sizeof(*set));
        qsort(set, spec->count, sizeof(*set), by_number);
    }
    *s = (struct mm_scope){
        .magic = MM_SCOPE_MAGIC,
        .kind = (uint8_t)spec->kind,
        .all = spec->all,
        .readonly = spec->readonly,
        .company = spec->company,
        .programme = spec->programme,
        .user = spec->user,
        .role = spec->role,
        .companies = set,
        .count = spec->count,
    };
    *ret = s;
    return MM_OK;
}

enum mm_scope_kind mm_scope_kind(const struct mm_scope *scope)
{
    return (enum mm_scope_kind)checked(scope)->kind;
}

uint32_t mm_scope_company(const struct mm_scope *scope)
{
    MM_ASSERT(checked(scope)->kind == MM_SCOPE_COMPANY);
    return scope->company;
}

uint32_t mm_scope_user(const struct mm_scope *scope)
{
    return checked(scope)->user;
}

uint32_t mm_scope_role(const struct mm_scope *scope)
{
    return checked(scope)->role;
}

uint32_t mm_scope_programme(const struct mm_scope *scope)
{
    return checked(scope)->programme;
}

bool mm_scope_readonly(const struct mm_scope *scope)
{
    return checked(scope)->readonly;
}

bool mm_scope_sees(const struct mm_scope *scope, uint32_t company)
{
    if (checked(scope)->kind == MM_SCOPE_COMPANY)
        return scope->company == company;
    if (scope->all)
        return true;
    return scope->count > 0 &&
           bsearch(&company, scope->companies, scope->count, sizeof(company), by_number) != NULL;
}

enum mm_code mm_scope_narrow(const struct mm_scope *scope, uint32_t company,
                             struct mm_scope_hold *hold, const struct mm_scope **ret)
{
    struct mm_scope *s = (struct mm_scope *)(void *)hold->bytes; /* aligned by its declaration */

    if (checked(scope)->kind == MM_SCOPE_PROGRAMME || !mm_scope_sees(scope, company))
        return MM_E_NOTFOUND;
    *s = (struct mm_scope){
        .magic = MM_SCOPE_MAGIC,
        .kind = MM_SCOPE_COMPANY,
        .readonly = scope->readonly,
        .company = company,
        .programme = scope->programme,
        .user = scope->user,
        .role = scope->role,
    };
    *ret = s;
    return MM_OK;
}

const struct mm_scope *mm_system_scope(void)
{
    return &system_scope;
}

const struct mm_scope *mm_system_company(struct mm_scope_hold *hold, uint32_t company)
{
    const struct mm_scope *s = NULL;
    enum mm_code code = mm_scope_narrow(&system_scope, company, hold, &s);

    MM_ASSERT(code == MM_OK); /* the system sees every company */
    return s;
}
