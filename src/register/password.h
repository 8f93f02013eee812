/*
 * register/password.h - is this a good password? Rules are data: password_rules.def.
 *
 * Purpose   Check a new password, and say every rule that it breaks, so that people can choose one
 *           at the second try.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Candidates come from forms. Length is bounded; cost is linear in it times the words.
 * Spec      ASM-32: 8 characters, 3 of 4 classes, no sequences, not the ID, no name, telephone,
 *           birthday or dictionary word, none used before. Fuzzed by password_fuzz.c.
 */
#ifndef MM_REGISTER_PASSWORD_H
#define MM_REGISTER_PASSWORD_H

#include "base/base.h"

enum mm_password_rule {
#define MM_PASSWORD_RULE(NAME, key, parameter) MM_PASSWORD_##NAME,
#include "register/password_rules.def"
#undef MM_PASSWORD_RULE
    MM_PASSWORD_RULES
};

enum { MM_PASSWORD_FACTS_MAX = 8 };

/* What is known of the person and must not stand in the password. */
struct mm_password_facts {
    struct mm_slice login;
    struct mm_slice fact[MM_PASSWORD_FACTS_MAX]; /* names, mail, telephone, birthday */
    size_t fact_count;
};

/* Bits 1 << rule of every rule broken; REUSE is the caller's (it needs the old hashes). */
unsigned mm_password_check(struct mm_slice candidate, const struct mm_password_facts *facts);
/* Stable key ("password.chars") and parameter of a rule. */
const char *mm_password_key(enum mm_password_rule rule);
unsigned mm_password_parameter(enum mm_password_rule rule);

#endif
