/*
 * codec/ext/enrol.h - how a relay and its centre come to know each other by a short code.
 *
 * Purpose   Both know a short secret and nothing else of each other. Each makes a key pair for this
 *           once; what the pairs share, mixed with the stretched secret, is a key that only the two
 *           have. With it each proves to the other that it knows the secret, and what it says is
 *           held against that proof: who listens learns nothing to try the secret on, who stands in
 *           between has one guess and is noticed.
 * Owns      Nothing; keys go to the caller's memory, who wipes them.
 * Threads   Pure, after mm_crypt_init; stretching costs as much as a password.
 * Trust     What the other side sends is hostile until its proof was compared.
 * Spec      K = argon2id(secret; salt from the code's four digits); S = BLAKE2b(K; label, X25519,
 *           relay's public half, centre's public half); proofs are BLAKE2b(S; label, text). Not a
 *           PAKE: who asks the centre as if it were the relay gets a proof to try secrets on at
 *           home, 2^36 stretchings of 30 ms, half of them on average, before the code ends. Who
 *           only listened has nothing: S needs a secret half.
 */
#ifndef MM_CODEC_EXT_ENROL_H
#define MM_CODEC_EXT_ENROL_H

#include "codec/callcode.h"
#include "codec/ext/crypt.h"

enum { MM_ENROL_TEXT = 44 /* a key or proof as base64url, and a NUL */ };

/* The key that a code stands for. MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_enrol_code_key(const struct mm_callcode *code, size_t memory,
                                           struct mm_key *ret);
/* The key of this enrolment, for one of both sides; false when the other half is no good. */
MM_MUST_USE bool mm_enrol_session(const struct mm_key *code_key, const struct mm_key *secret,
                                  const struct mm_key *relay_public,
                                  const struct mm_key *centre_public, bool i_am_relay,
                                  struct mm_key *ret);
/* What only who has the session's key can say of a text; labels are ours, one for each purpose. */
void mm_enrol_proof(const struct mm_key *session, const char *label, struct mm_slice text,
                    char ret[MM_ENROL_TEXT]);
bool mm_enrol_proved(const struct mm_key *session, const char *label, struct mm_slice text,
                     struct mm_slice proof);

#endif
