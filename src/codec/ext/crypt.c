/* codec/ext/crypt.c - see crypt.h for the contract. */
#include "codec/ext/crypt.h"

#include <sodium.h>

enum { PASSES = 2 };

static_assert(MM_DIGEST == crypto_generichash_BYTES, "BLAKE2b-256");
static_assert(MM_KEY == crypto_secretbox_KEYBYTES, "one key size for all");
static_assert(MM_SEAL_EXTRA == crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES, "box");
static_assert(MM_PASSWORD_TEXT == crypto_pwhash_STRBYTES, "text form");

enum mm_code mm_crypt_init(void)
{
    return sodium_init() < 0 ? MM_E_IO : MM_OK;
}

void mm_random(void *p, size_t n)
{
    randombytes_buf(p, n);
}

void mm_wipe(void *p, size_t n)
{
    sodium_memzero(p, n);
}

bool mm_same(struct mm_slice a, struct mm_slice b)
{
    return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

void mm_base64url(struct mm_slice s, char *ret, size_t size)
{
    MM_ASSERT(size >= sodium_base64_ENCODED_LEN(s.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
    (void)sodium_bin2base64(ret, size, s.p, s.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool mm_base64url_read(struct mm_slice text, uint8_t *ret, size_t size, size_t *ret_n)
{
    /* Without an end pointer, what is no base64 behind a beginning that is fails as well. */
    return sodium_base642bin(ret, size, (const char *)text.p, text.n, NULL, ret_n, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

bool mm_base64_read(struct mm_slice text, uint8_t *ret, size_t size, size_t *ret_n)
{
    return sodium_base642bin(ret, size, (const char *)text.p, text.n, NULL, ret_n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

bool mm_base64url_exact(struct mm_slice text, uint8_t *ret, size_t size)
{
    size_t n = 0;

    return mm_base64url_read(text, ret, size, &n) && n == size;
}

void mm_digest(struct mm_slice s, struct mm_digest *ret)
{
    int rc = crypto_generichash(ret->b, sizeof(ret->b), s.p, s.n, NULL, 0);

    MM_ASSERT(rc == 0); /* only wrong sizes fail */
}

void mm_digest_keyed(const struct mm_key *key, struct mm_slice s, struct mm_digest *ret)
{
    int rc = crypto_generichash(ret->b, sizeof(ret->b), s.p, s.n, key->b, sizeof(key->b));

    MM_ASSERT(rc == 0);
}

bool mm_seal(const struct mm_key *key, struct mm_slice s, struct mm_buf *out)
{
    uint8_t *p;
    int rc;

    if (s.n > MM_SEAL_MAX)
        return false;
    p = mm_buf_room(out, s.n + MM_SEAL_EXTRA);
    if (p == NULL)
        return false;
    mm_random(p, crypto_secretbox_NONCEBYTES);
    rc = crypto_secretbox_easy(p + crypto_secretbox_NONCEBYTES, s.p, s.n, p, key->b);
    MM_ASSERT(rc == 0);
    out->n += s.n + MM_SEAL_EXTRA;
    return true;
}

enum mm_code mm_unseal(const struct mm_key *key, struct mm_slice box, struct mm_buf *out)
{
    uint8_t *p;
    size_t n;

    if (box.n < MM_SEAL_EXTRA || box.n > MM_SEAL_MAX + MM_SEAL_EXTRA)
        return MM_E_SYNTAX;
    n = box.n - MM_SEAL_EXTRA;
    p = mm_buf_room(out, n);
    if (p == NULL && n > 0)
        return MM_E_NOMEM;
    if (crypto_secretbox_open_easy(p, box.p + crypto_secretbox_NONCEBYTES,
                                   box.n - crypto_secretbox_NONCEBYTES, box.p, key->b) != 0)
        return MM_E_SYNTAX;
    out->n += n;
    return MM_OK;
}

enum mm_code mm_password_hash(struct mm_slice password, size_t memory, char ret[MM_PASSWORD_TEXT])
{
    MM_ASSERT(memory >= MM_PASSWORD_MEMORY_MIN);
    if (password.n > MM_PASSWORD_MAX)
        return MM_E_LIMIT;
    return crypto_pwhash_str(ret, (const char *)password.p, password.n, PASSES, memory) == 0
               ? MM_OK
               : MM_E_NOMEM;
}

bool mm_password_verify(struct mm_slice hash, struct mm_slice password, size_t memory)
{
    char text[MM_PASSWORD_TEXT] = {0};

    if (hash.n >= sizeof(text) || password.n > MM_PASSWORD_MAX)
        return false;
    if (hash.n > 0)
        memcpy(text, hash.p, hash.n);
    /* A made-up hash could ask for gigabytes: only our own parameters are computed. */
    if (crypto_pwhash_str_needs_rehash(text, PASSES, memory) != 0)
        return false;
    return crypto_pwhash_str_verify(text, (const char *)password.p, password.n) == 0;
}

enum mm_code mm_stretch(struct mm_slice text, const uint8_t salt[16], size_t memory,
                        struct mm_key *ret)
{
    static_assert(crypto_pwhash_SALTBYTES == 16, "salt");
    if (text.n > MM_PASSWORD_MAX)
        return MM_E_LIMIT;
    return crypto_pwhash(ret->b, sizeof(ret->b), (const char *)text.p, text.n, salt, PASSES, memory,
                         crypto_pwhash_ALG_ARGON2ID13) == 0
               ? MM_OK
               : MM_E_NOMEM;
}

void mm_dh_public(const struct mm_key *secret, struct mm_key *ret)
{
    int rc = crypto_scalarmult_base(ret->b, secret->b);

    static_assert(crypto_scalarmult_BYTES == MM_KEY && crypto_scalarmult_SCALARBYTES == MM_KEY,
                  "one key size for all");
    MM_ASSERT(rc == 0);
}

bool mm_dh_shared(const struct mm_key *secret, const struct mm_key *theirs, struct mm_key *ret)
{
    struct mm_key shared;
    bool ok = crypto_scalarmult(shared.b, secret->b, theirs->b) == 0;

    if (ok)
        *ret = shared;
    mm_wipe(&shared, sizeof(shared));
    return ok;
}

static void pair_of(const struct mm_key *seed, uint8_t pub[crypto_sign_PUBLICKEYBYTES],
                    uint8_t secret[crypto_sign_SECRETKEYBYTES])
{
    int rc = crypto_sign_seed_keypair(pub, secret, seed->b);

    static_assert(crypto_sign_PUBLICKEYBYTES == MM_KEY && crypto_sign_SEEDBYTES == MM_KEY, "keys");
    static_assert(crypto_sign_BYTES == MM_SIGNATURE, "signatures");
    MM_ASSERT(rc == 0);
}

void mm_sign_public(const struct mm_key *seed, struct mm_key *ret)
{
    uint8_t secret[crypto_sign_SECRETKEYBYTES];

    pair_of(seed, ret->b, secret);
    mm_wipe(secret, sizeof(secret));
}

void mm_sign(const struct mm_key *seed, struct mm_slice text, uint8_t ret[MM_SIGNATURE])
{
    uint8_t pub[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    int rc;

    pair_of(seed, pub, secret);
    rc = crypto_sign_detached(ret, NULL, text.p, text.n, secret);
    MM_ASSERT(rc == 0);
    mm_wipe(secret, sizeof(secret));
}

bool mm_sign_good(const struct mm_key *public_key, struct mm_slice text,
                  const uint8_t signature[MM_SIGNATURE])
{
    return crypto_sign_verify_detached(signature, text.p, text.n, public_key->b) == 0;
}
