/* register/roles.c - see roles.h for the contract. */
#include "register/roles.h"

#define SEE MM_MAY_SEE
#define SEARCH MM_MAY_SEARCH
#define HANDLE MM_MAY_HANDLE
#define REPORT MM_MAY_REPORT
#define ENTER MM_MAY_ENTER
#define RULES MM_MAY_RULES
#define PEOPLE MM_MAY_PEOPLE
#define AUDIT MM_MAY_AUDIT
#define ASSESS MM_MAY_ASSESS

static const struct mm_role roles[MM_ROLE_COUNT] = {
    [MM_ROLE_NONE] = {.name = ""},
#define MM_ROLE(NAME, text, where, factor, may)                                                    \
    [MM_ROLE_##NAME] = {.name = text,                                                              \
                        .id = MM_ROLE_##NAME,                                                      \
                        .place = MM_PLACE_##where,                                                 \
                        .second = factor,                                                          \
                        .rights = may},
#include "register/roles.def"
#undef MM_ROLE
};

const struct mm_role *mm_role_find(struct mm_slice name)
{
    for (size_t i = 1; i < MM_ROLE_COUNT; i++) {
        if (mm_slice_eq(name, mm_slice_str(roles[i].name)))
            return &roles[i];
    }
    return NULL;
}

const struct mm_role *mm_role(enum mm_role_id id)
{
    MM_ASSERT((size_t)id < MM_ROLE_COUNT);
    return &roles[id];
}
