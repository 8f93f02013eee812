/*
 * register/password_fuzz.c - no input may break these promises: only bits of known rules are set;
 * a password that is or holds the login is refused; more text never mends a sequence; a printed
 * code reads the same however it is grouped.
 */
#include "base/buf.h"
#include "register/auth_priv.h"
#include "register/password.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    static const struct mm_key key = {.b = {3}};
    size_t half = in.n / 2;
    struct mm_slice login = mm_slice_sub(in, 0, half), rest = mm_slice_sub(in, half, SIZE_MAX);
    struct mm_password_facts facts = {.login = login, .fact = {rest}, .fact_count = 1};
    struct mm_password_rules rules, other;
    struct mm_digest a, b;
    struct mm_buf spaced;
    unsigned whole;

    mm_password_rules(&rules);
    if (mm_password_rules_read(in, &other, NULL) == MM_OK)
        MM_ASSERT(other.parameter[0][0] <= MM_PASSWORD_PARAMETER_MAX);
    whole = mm_password_check(&rules, in, &facts);

    MM_ASSERT(whole < 1u << MM_PASSWORD_RULES);
    MM_ASSERT(!(whole & 1u << MM_PASSWORD_REUSE));
    if (login.n > 0)
        MM_ASSERT(whole & 1u << MM_PASSWORD_LOGIN);
    if (mm_password_check(&rules, login, &facts) & 1u << MM_PASSWORD_SEQUENCE)
        MM_ASSERT(whole & 1u << MM_PASSWORD_SEQUENCE);
    if (!mm_code_digest(&key, 1, in, &a))
        return;
    mm_buf_init(&spaced, 65536);
    for (size_t i = 0; i < in.n; i++) {
        mm_buf_byte(&spaced, in.p[i]);
        mm_buf_byte(&spaced, ' ');
    }
    MM_ASSERT(!mm_buf_ok(&spaced) || (mm_code_digest(&key, 1, mm_buf_slice(&spaced), &b) &&
                                      mm_slice_eq(mm_digest_slice(&a), mm_digest_slice(&b))));
    MM_ASSERT(mm_code_digest(&key, 2, in, &b) &&
              !mm_slice_eq(mm_digest_slice(&a), mm_digest_slice(&b)));
    mm_buf_done(&spaced);
}
