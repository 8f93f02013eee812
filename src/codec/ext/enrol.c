/* codec/ext/enrol.c - see enrol.h for the contract. */
#include "codec/ext/enrol.h"

static_assert(MM_DIGEST == MM_KEY, "a digest is a key");

enum { LABEL = 24, TEXT_MAX = 65536 };

/* BLAKE2b of label, zeros up to its room, and text. */
static void labelled(const struct mm_key *key, const char *label, struct mm_slice text,
                     struct mm_digest *ret)
{
    uint8_t room[LABEL] = {0};
    struct mm_digest of_text;
    uint8_t both[LABEL + MM_DIGEST];

    MM_ASSERT(strlen(label) <= sizeof(room) && text.n <= TEXT_MAX);
    memcpy(room, label, strlen(label));
    mm_digest(text, &of_text);
    memcpy(both, room, LABEL);
    memcpy(both + LABEL, of_text.b, MM_DIGEST);
    mm_digest_keyed(key, mm_slice_of(both, sizeof(both)), ret);
}

enum mm_code mm_enrol_code_key(const struct mm_callcode *code, size_t memory, struct mm_key *ret)
{
    uint8_t salt[16] = "mm relay 1  ";

    static_assert(12 + MM_CALLCODE_ID == sizeof(salt), "salt");
    memcpy(salt + 12, code->id, MM_CALLCODE_ID);
    return mm_stretch(mm_slice_of(code->secret, MM_CALLCODE_SECRET), salt, memory, ret);
}

bool mm_enrol_session(const struct mm_key *code_key, const struct mm_key *secret,
                      const struct mm_key *relay_public, const struct mm_key *centre_public,
                      bool i_am_relay, struct mm_key *ret)
{
    uint8_t all[3 * MM_KEY];
    struct mm_key shared;
    struct mm_digest d;

    if (!mm_dh_shared(secret, i_am_relay ? centre_public : relay_public, &shared))
        return false;
    memcpy(all, shared.b, MM_KEY);
    memcpy(all + MM_KEY, relay_public->b, MM_KEY);
    memcpy(all + (size_t)2 * MM_KEY, centre_public->b, MM_KEY);
    labelled(code_key, "session", mm_slice_of(all, sizeof(all)), &d);
    memcpy(ret->b, d.b, MM_KEY);
    mm_wipe(all, sizeof(all));
    mm_wipe(&shared, sizeof(shared));
    mm_wipe(&d, sizeof(d));
    return true;
}

void mm_enrol_proof(const struct mm_key *session, const char *label, struct mm_slice text,
                    char ret[MM_ENROL_TEXT])
{
    struct mm_digest d;

    labelled(session, label, text, &d);
    mm_base64url(mm_slice_of(d.b, MM_DIGEST), ret, MM_ENROL_TEXT);
    mm_wipe(&d, sizeof(d));
}

bool mm_enrol_proved(const struct mm_key *session, const char *label, struct mm_slice text,
                     struct mm_slice proof)
{
    char want[MM_ENROL_TEXT];
    bool same;

    mm_enrol_proof(session, label, text, want);
    same = mm_same(mm_slice_str(want), proof);
    mm_wipe(want, sizeof(want));
    return same;
}
