/* codec/ext/crypt_test.c - sealing, digests, passwords, one-time passwords. */
#include "codec/ext/crypt.h"

#include "codec/ext/totp.h"
#include "tests/harness/test.h"

static const struct mm_key key = {.b = {1, 2, 3}};

TEST(crypt_unseals_what_it_sealed_and_nothing_else)
{
    struct mm_key other = {.b = {1, 2, 4}};
    struct mm_buf box, out;

    CHECK_NUM(mm_crypt_init(), MM_OK);
    mm_buf_init(&box, 4096);
    mm_buf_init(&out, 4096);
    CHECK(mm_seal(&key, MM_S("secret"), &box));
    CHECK_NUM(box.n, 6 + MM_SEAL_EXTRA);
    CHECK(mm_slice_search(mm_buf_slice(&box), MM_S("secret")) == SIZE_MAX);
    CHECK_NUM(mm_unseal(&key, mm_buf_slice(&box), &out), MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), "secret");
    mm_buf_reset(&out);
    CHECK_NUM(mm_unseal(&other, mm_buf_slice(&box), &out), MM_E_SYNTAX);
    for (size_t i = 0; i < box.n; i++) {
        box.p[i] ^= 1;
        CHECK_NUM(mm_unseal(&key, mm_buf_slice(&box), &out), MM_E_SYNTAX);
        box.p[i] ^= 1;
        CHECK_NUM(mm_unseal(&key, mm_slice_sub(mm_buf_slice(&box), 0, i), &out), MM_E_SYNTAX);
    }
    CHECK_NUM(out.n, 0);
    mm_buf_done(&box);
    mm_buf_done(&out);
}

TEST(crypt_seals_the_same_differently_each_time)
{
    struct mm_buf a, b;

    CHECK_NUM(mm_crypt_init(), MM_OK);
    mm_buf_init(&a, 4096);
    mm_buf_init(&b, 4096);
    CHECK(mm_seal(&key, (struct mm_slice){0}, &a));
    CHECK(mm_seal(&key, (struct mm_slice){0}, &b));
    CHECK(!mm_slice_eq(mm_buf_slice(&a), mm_buf_slice(&b)));
    mm_buf_done(&a);
    mm_buf_done(&b);
}

TEST(crypt_digest_is_blake2b_256)
{
    /* b2sum -l 256 of "abc" */
    static const uint8_t abc[] = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72};
    struct mm_digest d, k;

    mm_digest(MM_S("abc"), &d);
    CHECK(memcmp(d.b, abc, sizeof(abc)) == 0);
    mm_digest_keyed(&key, MM_S("abc"), &k);
    CHECK(memcmp(d.b, k.b, sizeof(d.b)) != 0);
}

TEST(crypt_password_verifies_and_refuses)
{
    char hash[MM_PASSWORD_TEXT];
    /* Valid argon2id, but asking for 1 GiB. */
    static const char greedy[] = "$argon2id$v=19$m=1048576,t=2,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$"
                                 "gL9XGAwX1Kx2K2CLQ2e4Pfq3zHaULpYLwMvpa7iIvKM";

    CHECK_NUM(mm_crypt_init(), MM_OK);
    CHECK_NUM(mm_password_hash(MM_S("correct horse"), MM_PASSWORD_MEMORY, hash), MM_OK);
    CHECK(mm_slice_starts(mm_slice_str(hash), MM_S("$argon2id$v=19$m=19456,t=2,p=1$")));
    CHECK(mm_password_verify(mm_slice_str(hash), MM_S("correct horse"), MM_PASSWORD_MEMORY));
    CHECK(!mm_password_verify(mm_slice_str(hash), MM_S("correct hors"), MM_PASSWORD_MEMORY));
    CHECK(!mm_password_verify(mm_slice_str(hash), MM_S(""), MM_PASSWORD_MEMORY));
    CHECK(!mm_password_verify(MM_S(""), MM_S(""), MM_PASSWORD_MEMORY));
    CHECK(!mm_password_verify(mm_slice_str(greedy), MM_S("x"), MM_PASSWORD_MEMORY));
    /* Nor one that asks for less. */
    CHECK_NUM(mm_password_hash(MM_S("x"), MM_PASSWORD_MEMORY_MIN, hash), MM_OK);
    CHECK(mm_password_verify(mm_slice_str(hash), MM_S("x"), MM_PASSWORD_MEMORY_MIN));
    CHECK(!mm_password_verify(mm_slice_str(hash), MM_S("x"), MM_PASSWORD_MEMORY));
}

TEST(totp_matches_rfc_6238)
{
    static const uint8_t secret[] = "12345678901234567890";
    char code[7];

    CHECK_NUM(mm_totp_init(), MM_OK);
    mm_totp_code(secret, 59, code);
    CHECK(strcmp(code, "287082") == 0); /* RFC 6238 appendix B, last six of 94287082 */
    mm_totp_code(secret, 1111111109, code);
    CHECK(strcmp(code, "081804") == 0);
}

TEST(totp_accepts_one_step_around_and_each_code_once)
{
    static const uint8_t secret[] = "12345678901234567890";
    int64_t step = 0, again = -1;

    CHECK_NUM(mm_totp_init(), MM_OK);
    CHECK(mm_totp_check(secret, 59, MM_S("287082"), 0, &step));
    CHECK_NUM(step, 1);
    CHECK(mm_totp_check(secret, 59 + 30, MM_S("287082"), 0, &step));
    CHECK(!mm_totp_check(secret, 59 + 61, MM_S("287082"), 0, &again));
    CHECK(!mm_totp_check(secret, 59, MM_S("287082"), 1, &again));
    CHECK(!mm_totp_check(secret, 59, MM_S("287083"), 0, &again));
    CHECK(!mm_totp_check(secret, 59, MM_S("28708"), 0, &again));
    CHECK(!mm_totp_check(secret, 59, MM_S("2870820"), 0, &again));
    CHECK_NUM(again, -1);
}

TEST(totp_base32_is_what_apps_read)
{
    static const uint8_t secret[] = "12345678901234567890";
    char text[MM_TOTP_BASE32];

    mm_totp_base32(secret, text);
    CHECK(strcmp(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") == 0);
}

TEST(crypt_signs_and_finds_what_was_changed)
{
    struct mm_key seed = {{4}}, pub, other;
    uint8_t sig[MM_SIGNATURE];

    CHECK(mm_crypt_init() == MM_OK);
    mm_sign_public(&seed, &pub);
    mm_sign(&seed, MM_S("listen udp/514"), sig);
    CHECK(mm_sign_good(&pub, MM_S("listen udp/514"), sig));
    CHECK(!mm_sign_good(&pub, MM_S("listen udp/515"), sig));
    seed.b[0]++;
    mm_sign_public(&seed, &other);
    CHECK(!mm_sign_good(&other, MM_S("listen udp/514"), sig));
    sig[9] ^= 1;
    CHECK(!mm_sign_good(&pub, MM_S("listen udp/514"), sig));
}

TEST(crypt_reads_base64_with_its_padding_only)
{
    uint8_t out[8];
    size_t n = 0;

    CHECK(mm_base64_read(MM_S("d2ViOno="), out, sizeof(out), &n) && n == 5);
    CHECK(memcmp(out, "web:z", 5) == 0);
    CHECK(mm_base64_read(MM_S("+/8="), out, sizeof(out), &n) && n == 2);
    CHECK(!mm_base64_read(MM_S("d2ViOno"), out, sizeof(out), &n));
    CHECK(!mm_base64_read(MM_S("d2ViOno=x"), out, sizeof(out), &n));
    CHECK(!mm_base64_read(MM_S("-_8="), out, sizeof(out), &n));
    CHECK(!mm_base64_read(MM_S("d2ViOno="), out, 4, &n));
}

TEST(crypt_reads_base64url_of_one_size)
{
    uint8_t in[4] = {1, 2, 250, 255}, out[4];
    char text[8];

    mm_base64url(mm_slice_of(in, 4), text, sizeof(text));
    CHECK(mm_base64url_exact(mm_slice_str(text), out, 4) && memcmp(in, out, 4) == 0);
    CHECK(!mm_base64url_exact(mm_slice_str(text), out, 3));
    CHECK(!mm_base64url_exact(mm_slice_sub(mm_slice_str(text), 0, 5), out, 4));
    CHECK(!mm_base64url_exact(MM_S("AQL6/w"), out, 4));
    CHECK(!mm_base64url_exact(MM_S(""), out, 4));
}
