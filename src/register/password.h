/*
 * register/password.h - is this a good password? The rules are data: content/passwords.yaml.
 *
 * Purpose   Check a new password, and say every rule that it breaks, so that people can choose one
 *           at the second try.
 * Owns      Nothing.
 * Threads   Pure functions.
 * Trust     Candidates come from forms. Length is bounded; cost is linear in it times the words.
 * Spec      NIST SP 800-63B-4, 3.1.1.2: length, and lists of what is guessed first; no mixtures of
 *           character classes, no change without cause. Fuzzed by password_fuzz.c.
 */
#ifndef MM_REGISTER_PASSWORD_H
#define MM_REGISTER_PASSWORD_H

#include "base/base.h"

enum mm_password_rule {
#define MM_PASSWORD_RULE(NAME, name) MM_PASSWORD_##NAME,
#include "register/password_rules.def"
#undef MM_PASSWORD_RULE
    MM_PASSWORD_RULES
};

enum {
    MM_PASSWORD_FACTS_MAX = 8,
    MM_PASSWORD_PARAMETER_MAX = 64, /* of any rule: what people can still be asked for */
};

/* Figures of each rule, where the password is alone ([0]) and where there is a second factor. */
struct mm_password_rules {
    unsigned parameter[MM_PASSWORD_RULES][2];
};

/* The rules that this program was built with. */
void mm_password_rules(struct mm_password_rules *ret);
/*
 * The same from such a file. MM_E_SYNTAX with the line in fault->at when a rule is missing,
 * unknown, over MM_PASSWORD_PARAMETER_MAX, or has no source with title, day and address.
 */
MM_MUST_USE enum mm_code mm_password_rules_read(struct mm_slice yaml, struct mm_password_rules *ret,
                                                struct mm_fault *fault);

/* What is known of the person: whether a second factor is a must, what must not stand in it. */
struct mm_password_facts {
    bool second;
    struct mm_slice login;
    struct mm_slice fact[MM_PASSWORD_FACTS_MAX]; /* names, mail, telephone, birthday */
    size_t fact_count;
};

/* Bits 1 << rule of every rule broken; REUSE is the caller's (it needs the old hashes). */
unsigned mm_password_check(const struct mm_password_rules *rules, struct mm_slice candidate,
                           const struct mm_password_facts *facts);
/* Stable key of a rule ("password.chars"). */
const char *mm_password_key(enum mm_password_rule rule);

#endif
