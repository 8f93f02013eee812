/*
 * codec/ext/totp.h - time-based one-time passwords (the one wrapper of liboath).
 *
 * Purpose   Check the six digits of an authenticator app, never the same ones twice.
 * Owns      Nothing.
 * Threads   After mm_totp_init, pure functions.
 * Trust     The code comes from a form.
 * Spec      RFC 6238 with SHA-1, 30 s, 6 digits (what every app does); one step of clock
 *           difference to either side; RFC 4648 base32 without padding.
 */
#ifndef MM_CODEC_EXT_TOTP_H
#define MM_CODEC_EXT_TOTP_H

#include "base/base.h"

enum {
    MM_TOTP_SECRET = 20, /* bytes: RFC 4226 recommends 160 bits */
    MM_TOTP_BASE32 = 33, /* their base32 and a NUL */
    MM_TOTP_STEP_S = 30,
};

/* Once per process. */
MM_MUST_USE enum mm_code mm_totp_init(void);
void mm_totp_base32(const uint8_t secret[MM_TOTP_SECRET], char ret[MM_TOTP_BASE32]);
/*
 * Is `code` right at now_s and newer than last_step (0: none yet)? Then *ret_step is the step to
 * remember as last_step.
 */
MM_MUST_USE bool mm_totp_check(const uint8_t secret[MM_TOTP_SECRET], int64_t now_s,
                               struct mm_slice code, int64_t last_step, int64_t *ret_step);
/* The code of a moment: what an app would show. For tests and for a first check in the portal. */
void mm_totp_code(const uint8_t secret[MM_TOTP_SECRET], int64_t now_s, char ret[7]);

#endif
