/* codec/ext/enrol_test.c - two that know one code come to one key; others do not. */
#include "codec/ext/enrol.h"

#include "tests/harness/test.h"

struct side {
    struct mm_key code, secret, half;
};

static struct side side(const char *id, const char *secret)
{
    struct mm_callcode code = {0};
    struct side s;

    CHECK(mm_crypt_init() == MM_OK);
    memcpy(code.id, id, MM_CALLCODE_ID);
    memcpy(code.secret, secret, MM_CALLCODE_SECRET);
    CHECK(mm_enrol_code_key(&code, MM_PASSWORD_MEMORY_MIN, &s.code) == MM_OK);
    mm_random(&s.secret, sizeof(s.secret));
    mm_dh_public(&s.secret, &s.half);
    return s;
}

static bool agree(const struct side *relay, const struct side *centre, const struct mm_key *relays,
                  const struct mm_key *centres)
{
    struct mm_key a, b;
    char proof[MM_ENROL_TEXT];

    CHECK(mm_enrol_session(&relay->code, &relay->secret, &relay->half, centres, true, &a));
    CHECK(mm_enrol_session(&centre->code, &centre->secret, relays, &centre->half, false, &b));
    mm_enrol_proof(&a, "relay", MM_S("hello"), proof);
    CHECK(!mm_enrol_proved(&a, "centre", MM_S("hello"), mm_slice_str(proof)));
    CHECK(!mm_enrol_proved(&a, "relay", MM_S("hullo"), mm_slice_str(proof)));
    CHECK(mm_enrol_proved(&a, "relay", MM_S("hello"), mm_slice_str(proof)));
    return mm_enrol_proved(&b, "relay", MM_S("hello"), mm_slice_str(proof));
}

TEST(enrol_agrees_on_one_code_alone)
{
    struct side relay = side("4821", "70935561298"), centre = side("4821", "70935561298"),
                wrong = side("4821", "70935561299"), other = side("4822", "70935561298");

    CHECK(agree(&relay, &centre, &relay.half, &centre.half));
    CHECK(!agree(&relay, &wrong, &relay.half, &wrong.half));
    CHECK(!agree(&relay, &other, &relay.half, &other.half));
    /* Somebody in between, with halves of its own. */
    CHECK(!agree(&relay, &centre, &wrong.half, &other.half));
}

TEST(enrol_refuses_halves_that_share_nothing)
{
    struct side s = side("4821", "70935561298");
    struct mm_key zero = {{0}}, session;

    CHECK(!mm_enrol_session(&s.code, &s.secret, &s.half, &zero, true, &session));
}
