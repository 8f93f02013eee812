/*
 * register/roles.h - roles and what each may do.
 *
 * Purpose   Pages ask for a right, never for a role.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     None needed.
 */
#ifndef MM_REGISTER_ROLES_H
#define MM_REGISTER_ROLES_H

#include "base/base.h"

enum mm_right {
#define MM_RIGHT(NAME, name, bit) MM_MAY_##NAME = 1 << (bit),
#include "register/rights.def"
#undef MM_RIGHT
};

enum { MM_RIGHTS_COUNT = 9 }; /* rows of rights.def */

enum mm_place { MM_PLACE_STAFF = 1, MM_PLACE_PERSON, MM_PLACE_OWNER, MM_PLACE_CHECK };

enum mm_role_id {
    MM_ROLE_NONE,
#define MM_ROLE(NAME, name, place, second, rights) MM_ROLE_##NAME,
#include "register/roles.def"
#undef MM_ROLE
    MM_ROLE_COUNT
};

struct mm_role {
    const char *name;
    enum mm_role_id id;
    enum mm_place place;
    bool second; /* a second factor is a must */
    unsigned rights;
};

/* By name, or NULL. */
const struct mm_role *mm_role_find(struct mm_slice name);
/* MM_ROLE_NONE has no rights and the name "". */
const struct mm_role *mm_role(enum mm_role_id id);

/* Name of the right at a place of rights.def, from 0; its bit where ret_bit is not NULL. */
const char *mm_right_at(size_t at, unsigned *ret_bit);
/* "see,search" as bits. MM_E_RANGE when a word is no right, or when there is none at all. */
MM_MUST_USE enum mm_code mm_rights_parse(struct mm_slice names, unsigned *ret);

#endif
