/* backup/stage_test.c - promises about what the store of events says of its parts. */
#include "backup/stage.h"

#include "tests/harness/test.h"

TEST(part_is_taken_from_the_end_of_a_path_and_nothing_else_is)
{
    static const struct {
        struct mm_slice path;
        const char *part; /* NULL: refused */
    } cases[] = {
        {MM_S_INIT("/s/eventd/store/869/869fa4a4-2346/202611_1_1_0/"),
         "869/869fa4a4-2346/202611_1_1_0"},
        {MM_S_INIT("/store/x/store/869/869f/202611_1_1_0_7"), "869/869f/202611_1_1_0_7"},
        {MM_S_INIT("/s/eventd/store/869/869f/../x/"), NULL},
        {MM_S_INIT("/s/eventd/store/869/869f/"), NULL},
        {MM_S_INIT("/s/eventd/store/869/869f/a/b"), NULL},
        {MM_S_INIT("/s/eventd/store//869f/a"), NULL},
        {MM_S_INIT("/s/eventd/store/869/869f/a\\tb"), NULL},
        {MM_S_INIT("/s/eventd/store/"), NULL},
        {MM_S_INIT("/s/eventd/869/869f/a"), NULL},
        {{NULL, 0}, NULL},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_slice part = MM_S("untouched");
        bool ok = mm_stage_part(cases[i].path, &part);

        CHECK(ok == (cases[i].part != NULL));
        CHECK_SLICE(part, ok ? cases[i].part : "untouched");
    }
}

TEST(part_says_when_its_first_row_is_too_old)
{
    CHECK_NUM(mm_stage_expires(MM_S("ttl format version: 1\n"
                                    "{\"table\":{\"min\":1829742891,\"max\":1829742899}}")),
              1829742891);
    CHECK_NUM(mm_stage_expires(MM_S("{\"columns\":[]}")), 0);
    CHECK_NUM(mm_stage_expires(MM_S("{\"table\":{\"min\":")), 0);
    CHECK_NUM(mm_stage_expires(MM_S("{\"table\":{\"min\":x,")), 0);
}
