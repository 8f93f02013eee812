/* codec/ext/totp.c - see totp.h for the contract. */
#include "codec/ext/totp.h"

#include <liboath/oath.h>

enum { DIGITS = 6, STEPS_AROUND = 1 };

enum mm_code mm_totp_init(void)
{
    return oath_init() == OATH_OK ? MM_OK : MM_E_IO;
}

void mm_totp_base32(const uint8_t secret[MM_TOTP_SECRET], char ret[MM_TOTP_BASE32])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    size_t n = 0;
    uint32_t bits = 0, held = 0;

    for (size_t i = 0; i < MM_TOTP_SECRET; i++) {
        bits = (bits << 8 | secret[i]) & 0xffff;
        for (held += 8; held >= 5; held -= 5)
            ret[n++] = letters[bits >> (held - 5) & 31];
    }
    MM_ASSERT(held == 0 && n == MM_TOTP_BASE32 - 1); /* 160 bits are 32 letters */
    ret[n] = 0;
}

void mm_totp_code(const uint8_t secret[MM_TOTP_SECRET], int64_t now_s, char ret[7])
{
    int rc = oath_totp_generate((const char *)secret, MM_TOTP_SECRET, now_s, MM_TOTP_STEP_S, 0,
                                DIGITS, ret);

    MM_ASSERT(rc == OATH_OK);
}

bool mm_totp_check(const uint8_t secret[MM_TOTP_SECRET], int64_t now_s, struct mm_slice code,
                   int64_t last_step, int64_t *ret_step)
{
    int64_t now = now_s / MM_TOTP_STEP_S;

    if (code.n != DIGITS)
        return false;
    for (int64_t step = now - STEPS_AROUND; step <= now + STEPS_AROUND; step++) {
        char want[DIGITS + 1];
        uint8_t differs = 0;

        if (step <= last_step || step < 0)
            continue;
        mm_totp_code(secret, step * MM_TOTP_STEP_S, want);
        for (size_t i = 0; i < DIGITS; i++)
            differs |= (uint8_t)((uint8_t)want[i] ^ code.p[i]);
        if (differs == 0) {
            *ret_step = step;
            return true;
        }
    }
    return false;
}
