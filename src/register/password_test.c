/* register/password_test.c - every rule, at its edge. */
#include "register/password.h"

#include "tests/harness/test.h"

TEST(password_breaks_exactly_the_rules_it_breaks)
{
    static const struct {
        const char *text;
        unsigned broken;
    } cases[] = {
        {"Blue-lamp 4 desks", 0},
        {"aB3-xyk", 1u << MM_PASSWORD_CHARS},
        {"aB3-xykm", 0},
        {"\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86"
         "aB3xk",
         0}, /* 8 characters, 14 bytes */
        {"\xe3\x81\x82\xe3\x81\x84"
         "aB3xk",
         1u << MM_PASSWORD_CHARS},
        {"bluelampdesk", 1u << MM_PASSWORD_CLASSES},
        {"bluelampdesk7", 1u << MM_PASSWORD_CLASSES},
        {"Bluelampdesk7", 0},
        {"Lamp-abcd-9", 1u << MM_PASSWORD_SEQUENCE},
        {"Lamp-abc-9x", 0},
        {"Lamp-4321x", 1u << MM_PASSWORD_SEQUENCE},
        {"Lamp-7890x", 1u << MM_PASSWORD_SEQUENCE},
        {"Lamp-REWQ-7", 1u << MM_PASSWORD_SEQUENCE},
        {"Lamp-aAaA-7", 1u << MM_PASSWORD_SEQUENCE},
        {"My-Hanako-77", 1u << MM_PASSWORD_LOGIN},
        {"My-yamada-77", 1u << MM_PASSWORD_PERSON},
        {"Lamp4567-x-desk", 1u << MM_PASSWORD_PERSON | 1u << MM_PASSWORD_SEQUENCE},
        {"P@ssw0rd!2020", 1u << MM_PASSWORD_WORD},
        {"@Dmin2020!", 1u << MM_PASSWORD_WORD},
        {"Sakura2020!", 1u << MM_PASSWORD_WORD},
        {"Sakura-tree2020!", 0},
    };
    const struct mm_password_facts facts = {
        .login = MM_S_INIT("hanako"),
        .fact = {MM_S_INIT("Yamada Jo"), MM_S_INIT("054-123-4567")},
        .fact_count = 2,
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        unsigned broken = mm_password_check(mm_slice_str(cases[i].text), &facts);

        if (broken != cases[i].broken)
            mm_test_fail_num(__FILE__, __LINE__, cases[i].text, broken, cases[i].broken);
    }
}

TEST(password_every_rule_has_a_key)
{
    for (int i = 0; i < MM_PASSWORD_RULES; i++)
        CHECK(strncmp(mm_password_key((enum mm_password_rule)i), "password.", 9) == 0);
    CHECK_NUM(mm_password_parameter(MM_PASSWORD_CHARS), 8);
}
