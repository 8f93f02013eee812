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
        {"bluelampfourdesk", 0}, /* no mixture is asked for */
        {"fourteen signs", 1u << MM_PASSWORD_CHARS},
        {"fifteen signs !", 0},
        {"\xe3\x81\x82\xe3\x81\x84\xe3\x81\x86"
         "twelve signs",
         0}, /* 15 characters, 21 bytes */
        {"\xe3\x81\x82\xe3\x81\x84"
         "twelve signs",
         1u << MM_PASSWORD_CHARS},
        {"my lamp abcdef 9", 1u << MM_PASSWORD_SEQUENCE},
        {"my lamp abcde 97", 0},
        {"my lamp 654321xy", 1u << MM_PASSWORD_SEQUENCE},
        {"my lamp YTREWQ-7", 1u << MM_PASSWORD_SEQUENCE},
        {"my lamp aAaAaA-7", 1u << MM_PASSWORD_SEQUENCE},
        {"my Hanako and 77", 1u << MM_PASSWORD_LOGIN},
        {"my yamada and 77", 1u << MM_PASSWORD_PERSON},
        {"Lamp 4567 x desk", 1u << MM_PASSWORD_PERSON},
        {"P@ssw0rd!20202020", 1u << MM_PASSWORD_WORD},
        {"$akura!!20262026", 1u << MM_PASSWORD_WORD},
        {"MimamoriPassword2026", 1u << MM_PASSWORD_WORD},
        {"sakura-sakura-sakura", 1u << MM_PASSWORD_WORD},
        {"Sakura-trees2020!", 0},
        {"1928475619284756", 0},
    };
    const struct mm_password_facts facts = {
        .login = MM_S_INIT("hanako"),
        .fact = {MM_S_INIT("Yamada Jo"), MM_S_INIT("054-123-4567")},
        .fact_count = 2,
    };

    struct mm_password_rules rules;

    mm_password_rules(&rules);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        unsigned broken = mm_password_check(&rules, mm_slice_str(cases[i].text), &facts);

        if (broken != cases[i].broken)
            mm_test_fail_num(__FILE__, __LINE__, cases[i].text, broken, cases[i].broken);
    }
}

TEST(password_beside_a_second_factor_may_be_shorter)
{
    struct mm_password_facts facts = {.second = true};
    struct mm_password_rules rules;

    mm_password_rules(&rules);
    CHECK_NUM(rules.parameter[MM_PASSWORD_CHARS][0], 15);
    CHECK_NUM(rules.parameter[MM_PASSWORD_CHARS][1], 10);
    CHECK_NUM(mm_password_check(&rules, MM_S("ten signs!"), &facts), 0);
    CHECK_NUM(mm_password_check(&rules, MM_S("nine sign"), &facts), 1u << MM_PASSWORD_CHARS);
    facts.second = false;
    CHECK_NUM(mm_password_check(&rules, MM_S("ten signs!"), &facts), 1u << MM_PASSWORD_CHARS);
}

#define SOURCE "sources: {a: {title: T, read: 2026-01-02, url: https://example.org}}\n"
#define RULE(name) "  " name ": {alone: 1, second: 2, from: [a]}\n"
#define MOST RULE("chars") RULE("sequence") RULE("login") RULE("person") RULE("word")

TEST(password_rules_without_a_dated_source_are_refused)
{
    static const struct {
        const char *text, *what;
        size_t line;
    } cases[] = {
        {"", "password.rules.count", 0},
        {"rules: [", "password.rules.yaml", 0},
        {SOURCE "rules:\n" MOST, "password.rules.count", 3},
        {SOURCE "rules:\n" MOST RULE("reused"), "password.rules.figure", 3},
        {SOURCE "rules:\n" MOST "  reuse: {alone: 65, second: 1, from: [a]}\n",
         "password.rules.figure", 8},
        {SOURCE "rules:\n" MOST "  reuse: {alone: -1, second: 1, from: [a]}\n",
         "password.rules.figure", 8},
        {SOURCE "rules:\n" MOST "  reuse: {alone: 1, second: 1}\n", "password.rules.from", 8},
        {SOURCE "rules:\n" MOST "  reuse: {alone: 1, second: 1, from: [b]}\n",
         "password.rules.source", 8},
        {"sources: {a: {title: T, read: someday, url: https://example.org}}\nrules:\n" MOST RULE(
             "reuse"),
         "password.rules.source", 3},
        {"rules:\n" MOST RULE("reuse"), "password.rules.source", 2},
    };
    struct mm_password_rules rules = {.parameter[0][0] = 99};
    struct mm_fault fault;

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        fault = (struct mm_fault){0};
        CHECK_NUM(mm_password_rules_read(mm_slice_str(cases[i].text), &rules, &fault), MM_E_SYNTAX);
        if (strcmp(fault.what, cases[i].what) != 0)
            mm_test_fail(__FILE__, __LINE__, fault.what);
        if (cases[i].line != 0)
            CHECK_NUM(fault.at, cases[i].line);
        CHECK_NUM(rules.parameter[0][0], 99);
    }
    CHECK_NUM(mm_password_rules_read(MM_S(SOURCE "rules:\n" MOST RULE("reuse")), &rules, NULL),
              MM_OK);
    CHECK(rules.parameter[MM_PASSWORD_WORD][0] == 1 && rules.parameter[MM_PASSWORD_WORD][1] == 2);
}

TEST(password_every_rule_has_a_key)
{
    for (int i = 0; i < MM_PASSWORD_RULES; i++)
        CHECK(strncmp(mm_password_key((enum mm_password_rule)i), "password.", 9) == 0);
}
