/* register/value_test.c - what a field takes and what it refuses. */
#include "register/value.h"

#include "register/entity.h"
#include "tests/harness/test.h"

struct value_case {
    enum mm_field_type type;
    const char *in;
    const char *why; /* NULL: accepted */
    size_t at;
};

static const struct value_case cases[] = {
    {MM_FIELD_TEXT, " a b ", NULL, 0},
    {MM_FIELD_TEXT, "\xe4\xbc\x9a\xe7\xa4\xbe", NULL, 0},
    {MM_FIELD_TEXT, "a\nb", "register.value.plain", 1},
    {MM_FIELD_TEXT, " a\x1b[2Jb", "register.value.plain", 2},
    {MM_FIELD_TEXT, "a\xff", "register.value.plain", 1},
    {MM_FIELD_TEXT, "a\xc2\x85", "register.value.plain", 1},
    {MM_FIELD_TEXT, "12345678901", "register.value.long", 10},
    {MM_FIELD_NAME, "a-b_c.d", NULL, 0},
    {MM_FIELD_NAME, "a b", "register.value.name", 1},
    {MM_FIELD_INT, "0", NULL, 0},
    {MM_FIELD_INT, "10", NULL, 0},
    {MM_FIELD_INT, "11", "register.value.range", 0},
    {MM_FIELD_INT, "-1", "register.value.number", 0},
    {MM_FIELD_INT, "1e3", "register.value.number", 0},
    {MM_FIELD_REF, "4294967295", NULL, 0},
    {MM_FIELD_REF, "4294967296", "register.value.range", 0},
    {MM_FIELD_CHOICE, "red", NULL, 0},
    {MM_FIELD_CHOICE, "blue", NULL, 0},
    {MM_FIELD_CHOICE, "re", "register.value.choice", 0},
    {MM_FIELD_CHOICE, "red|blue", "register.value.choice", 0},
    {MM_FIELD_DATE, "2020-02-29", NULL, 0},
    {MM_FIELD_DATE, "2021-02-29", "register.value.date", 0},
    {MM_FIELD_DATE, "2020/02/28", "register.value.date", 0},
    {MM_FIELD_MAIL, "it@example.co.jp", NULL, 0},
    {MM_FIELD_MAIL, "it@@example.co.jp", "register.value.mail", 0},
    {MM_FIELD_MAIL, "it@example", "register.value.mail", 0},
    {MM_FIELD_MAIL, "it@.example", "register.value.mail", 0},
    {MM_FIELD_MAIL, "a b@example.jp", "register.value.mail", 0},
    {MM_FIELD_MAIL, "a@example.jp,b@example.jp", "register.value.mail", 0},
    {MM_FIELD_TEL, "+81 (0)54-123-4567", NULL, 0},
    {MM_FIELD_TEL, "110", NULL, 0},
    {MM_FIELD_TEL, "--", "register.value.tel", 0},
    {MM_FIELD_TEL, "ask him", "register.value.tel", 0},
    {MM_FIELD_NET, "192.168.0.1", NULL, 0},
    {MM_FIELD_NET, "192.168.0.0/24", NULL, 0},
    {MM_FIELD_NET, "2001:db8::1", NULL, 0},
    {MM_FIELD_NET, "2001:DB8:0::1", "register.value.net", 0},
    {MM_FIELD_NET, "192.168.0.1/24", "register.value.net", 0},
    {MM_FIELD_NET, "::ffff:192.168.0.1", "register.value.net", 0},
    {MM_FIELD_BLOB, "x", "register.value.ours", 0},
};

TEST(value_takes_and_refuses_by_type_and_names_the_byte)
{
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_field f = {.name = "x", .type = cases[i].type, .max = 10, .extra = "red|blue"};
        struct mm_value v = {.i = 99};
        struct mm_fault fault = {0};
        enum mm_code code = mm_value_parse(&f, mm_slice_str(cases[i].in), &v, &fault);

        if ((code == MM_OK) != (cases[i].why == NULL))
            mm_test_fail(__FILE__, __LINE__, cases[i].in);
        if (code == MM_OK)
            continue;
        if (strcmp(fault.what, cases[i].why) != 0 || fault.at != cases[i].at)
            mm_test_fail(__FILE__, __LINE__, cases[i].in);
        CHECK_NUM(v.i, 99);
    }
}

TEST(value_empty_is_null_and_refused_where_needed)
{
    struct mm_field f = {.name = "x", .type = MM_FIELD_TEXT, .max = 10};
    struct mm_value v = {0};
    struct mm_fault fault = {0};

    CHECK_NUM(mm_value_parse(&f, MM_S("  "), &v, &fault), MM_OK);
    CHECK(v.null);
    f.flags = MM_FIELD_NEED;
    CHECK_NUM(mm_value_parse(&f, MM_S("  "), &v, &fault), MM_E_SYNTAX);
    CHECK(strcmp(fault.what, "register.value.need") == 0);
}

TEST(value_every_default_is_one_that_its_field_takes)
{
    size_t with = 0;

    for (int e = 0; e < MM_REG_COUNT; e++) {
        const struct mm_entity *entity = mm_entity((enum mm_entity_id)e);

        for (size_t i = 0; i < entity->field_count; i++)
            with += !mm_value_default(&entity->fields[i]).null; /* asserts inside */
    }
    CHECK_NUM(with, 5); /* timezone, keep_days, states of source and relay, listen */
}
