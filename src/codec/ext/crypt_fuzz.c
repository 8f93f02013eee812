/*
 * codec/ext/crypt_fuzz.c - no input may break these promises: bytes that this key did not seal
 * are refused and add nothing; what is sealed opens to itself; a made-up password hash is refused
 * without costing its parameters.
 */
#include "codec/ext/crypt.h"
#include "codec/ext/totp.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    static const struct mm_key key = {.b = {9, 9, 9}};
    static const uint8_t secret[MM_TOTP_SECRET] = {1};
    struct mm_buf out, box;
    int64_t step = -1;

    MM_ASSERT(mm_crypt_init() == MM_OK && mm_totp_init() == MM_OK);
    mm_buf_init(&out, MM_SEAL_MAX * 2);
    mm_buf_init(&box, MM_SEAL_MAX * 2);
    MM_ASSERT(mm_unseal(&key, in, &out) != MM_OK && out.n == 0);
    if (mm_seal(&key, in, &box)) {
        MM_ASSERT(mm_unseal(&key, mm_buf_slice(&box), &out) == MM_OK);
        MM_ASSERT(mm_slice_eq(mm_buf_slice(&out), in));
    } else {
        MM_ASSERT(in.n > MM_SEAL_MAX);
    }
    if (!mm_slice_starts(in, MM_S("$argon2id$v=19$m=19456,t=2,p=1$")))
        MM_ASSERT(!mm_password_verify(in, MM_S("x"), MM_PASSWORD_MEMORY));
    if (mm_totp_check(secret, 1000000, in, 0, &step))
        MM_ASSERT(in.n == 6 && step > 0);
    mm_buf_done(&out);
    mm_buf_done(&box);
}
