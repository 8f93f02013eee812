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
    MM_MAY_SEE = 1,      /* pages of the companies in scope */
    MM_MAY_SEARCH = 2,   /* events */
    MM_MAY_HANDLE = 4,   /* cases */
    MM_MAY_REPORT = 8,   /* report something, answer a request */
    MM_MAY_ENTER = 16,   /* sites, devices, sources, posts, contacts */
    MM_MAY_RULES = 32,   /* detection rules */
    MM_MAY_PEOPLE = 64,  /* companies, programmes, users, tokens */
    MM_MAY_AUDIT = 128,  /* the audit log */
    MM_MAY_ASSESS = 256, /* assessments */
};

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

#endif
