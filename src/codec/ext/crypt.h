/*
 * codec/ext/crypt.h - digests, sealing, passwords and random bytes (the one wrapper of libsodium).
 *
 * Purpose   Few operations with the choices already made: BLAKE2b-256, XSalsa20-Poly1305 with a
 *           random nonce in front, argon2id in libsodium's text form, X25519, Ed25519.
 * Owns      Nothing; outputs go to the caller's memory.
 * Threads   After mm_crypt_init, everything may be called from every thread. A password costs
 *           MM_PASSWORD_MEMORY while it is computed: the caller bounds how many at once.
 * Trust     Sealed boxes and password hashes may be damaged or made up: they are refused.
 * Spec      https://doc.libsodium.org; argon2id after OWASP (19 MiB, 2 passes). crypt_fuzz.c.
 */
#ifndef MM_CODEC_EXT_CRYPT_H
#define MM_CODEC_EXT_CRYPT_H

#include "base/base.h"
#include "base/buf.h"

enum {
    MM_DIGEST = 32,
    MM_KEY = 32,
    /* A box is this much longer than what is sealed: nonce and authenticator. */
    MM_SEAL_EXTRA = 24 + 16,
    /* What may be sealed: secrets and scanned pages. */
    MM_SEAL_MAX = 4 * 1024 * 1024,
    MM_PASSWORD_TEXT = 128,                /* crypto_pwhash_STRBYTES */
    MM_PASSWORD_MAX = 1024,                /* bytes of a password: longer ones only cost time */
    MM_PASSWORD_MEMORY = 19 * 1024 * 1024, /* bytes that one computation takes, with two passes */
    MM_PASSWORD_MEMORY_MIN = 8 * 1024,     /* what argon2id asks for: tests of other things */
};

struct mm_digest {
    uint8_t b[MM_DIGEST];
};

struct mm_key {
    uint8_t b[MM_KEY];
};

/* Once per process, before anything else here. MM_E_IO when the system has no random bytes. */
MM_MUST_USE enum mm_code mm_crypt_init(void);
void mm_random(void *p, size_t n);
/* Overwrites with zeros in a way that the compiler keeps. */
void mm_wipe(void *p, size_t n);
/* In constant time for equal lengths. */
bool mm_same(struct mm_slice a, struct mm_slice b);

/* base64url without padding (RFC 4648 5), NUL-terminated; size holds 4 bytes for 3, rounded up. */
void mm_base64url(struct mm_slice s, char *ret, size_t size);
/* The bytes again; false when this is no such text, or they are more than size. */
MM_MUST_USE bool mm_base64url_read(struct mm_slice text, uint8_t *ret, size_t size, size_t *ret_n);
/* Likewise of base64 with padding (RFC 4648 4), as HTTP has it in "Authorization: Basic". */
MM_MUST_USE bool mm_base64_read(struct mm_slice text, uint8_t *ret, size_t size, size_t *ret_n);
/* mm_base64url_read; false also when they are fewer than size. */
MM_MUST_USE bool mm_base64url_exact(struct mm_slice text, uint8_t *ret, size_t size);

void mm_digest(struct mm_slice s, struct mm_digest *ret);
/* With a key: tells nothing about s to who doesn't have the key. */
void mm_digest_keyed(const struct mm_key *key, struct mm_slice s, struct mm_digest *ret);

/* Appends the box of s; false when s is longer than MM_SEAL_MAX or out is full. */
MM_MUST_USE bool mm_seal(const struct mm_key *key, struct mm_slice s, struct mm_buf *out);
/* Appends what is in the box; MM_E_SYNTAX when it was not sealed with this key. */
MM_MUST_USE enum mm_code mm_unseal(const struct mm_key *key, struct mm_slice box,
                                   struct mm_buf *out);

/* argon2id as text with salt and parameters. MM_E_NOMEM, MM_E_LIMIT. With MM_PASSWORD_MEMORY about
 * 30 ms. */
MM_MUST_USE enum mm_code mm_password_hash(struct mm_slice password, size_t memory,
                                          char ret[MM_PASSWORD_TEXT]);
/* False for a wrong password and for anything that is no hash with just these parameters. */
bool mm_password_verify(struct mm_slice hash, struct mm_slice password, size_t memory);

/* A key from something short that people pass on (argon2id, as a password): the same salt and text
 * give the same key. MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_stretch(struct mm_slice text, const uint8_t salt[16], size_t memory,
                                    struct mm_key *ret);

/* X25519: the public half of a secret of 32 random bytes, and what two sides share. False: the
 * public half is none that shares anything. */
void mm_dh_public(const struct mm_key *secret, struct mm_key *ret);
MM_MUST_USE bool mm_dh_shared(const struct mm_key *secret, const struct mm_key *theirs,
                              struct mm_key *ret);

enum { MM_SIGNATURE = 64 };
/* Ed25519 with the pair that 32 secret bytes stand for. */
void mm_sign_public(const struct mm_key *seed, struct mm_key *ret);
void mm_sign(const struct mm_key *seed, struct mm_slice text, uint8_t ret[MM_SIGNATURE]);
bool mm_sign_good(const struct mm_key *public_key, struct mm_slice text,
                  const uint8_t signature[MM_SIGNATURE]);

#endif
