/*
 * register/value_fuzz.c - no input may break these promises: what is taken lies inside the input,
 * is valid UTF-8 without control characters, within its bounds, and is taken again as it is.
 * The first byte chooses the field.
 */
#include "base/utf8.h"
#include "register/entity.h"
#include "tests/harness/test.h"

static void check(const struct mm_field *f, struct mm_slice text)
{
    struct mm_value v, again;
    struct mm_fault fault = {0};

    if (mm_value_parse(f, text, &v, &fault) != MM_OK) {
        MM_ASSERT(fault.what != NULL && fault.at <= text.n);
        return;
    }
    MM_ASSERT(f->type != MM_FIELD_BLOB || v.null);
    if (v.null || f->type == MM_FIELD_INT || f->type == MM_FIELD_REF) {
        MM_ASSERT(v.null || (v.i >= 0 && v.i <= UINT32_MAX));
        return;
    }
    MM_ASSERT(v.s.p >= text.p && v.s.p + v.s.n <= text.p + text.n && v.s.n > 0);
    MM_ASSERT(mm_utf8_valid(v.s));
    MM_ASSERT(f->max == 0 || v.s.n <= f->max);
    for (size_t i = 0; i < v.s.n; i++)
        MM_ASSERT(v.s.p[i] >= 0x20 && v.s.p[i] != 0x7f);
    MM_ASSERT(mm_value_parse(f, v.s, &again, NULL) == MM_OK && mm_slice_eq(again.s, v.s));
}

FUZZ(in)
{
    size_t pick = in.n == 0 ? 0 : in.p[0];

    for (int e = 0; e < MM_REG_COUNT; e++) {
        const struct mm_entity *entity = mm_entity((enum mm_entity_id)e);

        check(&entity->fields[pick % entity->field_count], mm_slice_sub(in, 1, SIZE_MAX));
    }
}
