/*
 * codec/ext/sha256.h - SHA-256 of what is too large to hold (the one wrapper of OpenSSL's EVP).
 *
 * Purpose   Checksums of files that other programs can check as well (`sha256sum`). Secrets and
 *           what needs a key have their operations in crypt.h.
 * Owns      The object owns its state.
 * Threads   One object, one thread.
 * Trust     Any bytes; nothing is looked into.
 * Spec      FIPS 180-4. OpenSSL, because it uses the processor's own instructions: four times what
 *           libsodium does, and a backup reads everything.
 */
#ifndef MM_CODEC_EXT_SHA256_H
#define MM_CODEC_EXT_SHA256_H

#include "base/base.h"

enum { MM_SHA256 = 32 };

struct mm_sha256;

/* Ready for the first bytes; NULL without memory. */
struct mm_sha256 *mm_sha256_new(void);
/* Frees and leaves NULL; safe on NULL. */
void mm_sha256_free(struct mm_sha256 **h);
void mm_sha256_add(struct mm_sha256 *h, struct mm_slice s);
/* The digest of all that was added since the last one; ready for other bytes. */
void mm_sha256_take(struct mm_sha256 *h, uint8_t ret[MM_SHA256]);

#endif
