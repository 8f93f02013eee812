/* register/roles.c - see roles.h for the contract. */
#include "register/roles.h"

#include "base/rd.h"

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

static const struct {
    const char *name;
    unsigned bit;
} rights[] = {
#define MM_RIGHT(NAME, text, bit) {text, 1u << (bit)},
#include "register/rights.def"
#undef MM_RIGHT
};
static_assert(MM_COUNT(rights) == MM_RIGHTS_COUNT, "rows of rights.def");

const char *mm_right_at(size_t at, unsigned *ret_bit)
{
    MM_ASSERT(at < MM_COUNT(rights));
    if (ret_bit != NULL)
        *ret_bit = rights[at].bit;
    return rights[at].name;
}

static unsigned bit_of(struct mm_slice name)
{
    for (size_t i = 0; i < MM_COUNT(rights); i++) {
        if (mm_slice_eq(name, mm_slice_str(rights[i].name)))
            return rights[i].bit;
    }
    return 0;
}

enum mm_code mm_rights_parse(struct mm_slice names, unsigned *ret)
{
    struct mm_rd rd = mm_rd_of(names);
    unsigned bits = 0;

    while (mm_rd_left(&rd) > 0) {
        struct mm_slice one;
        unsigned bit;

        if (!mm_rd_until(&rd, ',', &one)) {
            one = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        bit = bit_of(mm_slice_trim(one));
        if (bit == 0)
            return MM_E_RANGE;
        bits |= bit;
    }
    if (bits == 0)
        return MM_E_RANGE;
    *ret = bits;
    return MM_OK;
}
