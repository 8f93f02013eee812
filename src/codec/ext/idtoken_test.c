/* codec/ext/idtoken_test.c - which tokens prove something, and why the others do not. */
#include "codec/ext/idtoken.h"

#include <stdio.h>

#include "tests/harness/test.h"

enum { NOW = 1700000010 };

static const struct mm_idtoken_want want = {.issuer = MM_S_INIT("https://id.example.jp"),
                                            .client = MM_S_INIT("mimamori"),
                                            .nonce = MM_S_INIT("n-1"),
                                            .acr = MM_S_INIT("gold"),
                                            .now_s = NOW};

/* A file of the corpus: a line of keys and a token. */
static void load(const char *name, uint8_t *bytes, size_t size, struct mm_slice *ret_jwks,
                 struct mm_slice *ret_token)
{
    char path[128];
    struct mm_slice text;
    size_t line;
    FILE *f;

    (void)snprintf(path, sizeof(path), "tests/corpus/idtoken/%s", name);
    f = fopen(mm_test_source(path), "rb");
    CHECK(f != NULL);
    text = mm_slice_of(bytes, fread(bytes, 1, size, f));
    (void)fclose(f);
    line = mm_slice_find(text, '\n', 0);
    CHECK(line != SIZE_MAX);
    *ret_jwks = mm_slice_sub(text, 0, line);
    *ret_token = mm_slice_sub(text, line + 1, SIZE_MAX);
}

static const char *why(const char *name)
{
    uint8_t bytes[8192];
    struct mm_slice jwks, token;
    struct mm_fault fault = {0};
    struct mm_idtoken t = {0};
    struct mm_arena a;
    enum mm_code code;

    load(name, bytes, sizeof(bytes), &jwks, &token);
    mm_arena_init(&a, 1 << 20);
    code = mm_idtoken_read(token, jwks, &want, &a, &t, &fault);
    CHECK((code == MM_OK) == (fault.what == NULL));
    if (code == MM_OK) {
        CHECK_SLICE(t.subject, "u-17");
        CHECK(t.mfa);
    } else {
        CHECK(t.subject.p == NULL);
    }
    mm_arena_done(&a);
    return fault.what == NULL ? "" : fault.what;
}

TEST(idtoken_takes_three_algorithms_and_no_other)
{
    static const struct {
        const char *name, *why;
    } cases[] = {
        {"rs256", ""},
        {"es256", ""},
        {"eddsa", ""},
        {"no-kid-one-key", ""},
        {"no-kid-two-keys", "oidc.why.key"},
        {"same-kid-twice", "oidc.why.key"},
        {"none", "oidc.why.alg"},
        {"none-upper", "oidc.why.alg"},
        {"hs256-public-key", "oidc.why.alg"},
        {"hs256-oct", "oidc.why.alg"},
        {"unknown-kid", "oidc.why.key"},
        {"other-key", "oidc.why.signature"},
        {"key-for-encryption", "oidc.why.key"},
        {"rs256-for-es256-key", "oidc.why.key"},
        {"rsa-1024", "oidc.why.key"},
        {"not-on-curve", "oidc.why.key"},
        {"crit", "oidc.why.token"},
        {"access-token", "oidc.why.token"},
        {"kid-no-text", "oidc.why.token"},
        {"four-parts", "oidc.why.token"},
        {"padded", "oidc.why.token"},
        {"keys-no-list", "oidc.why.keys"},
        {"keys-no-json", "oidc.why.keys"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        const char *got = why(cases[i].name);

        if (strcmp(got, cases[i].why) != 0)
            fprintf(stderr, "%s: %s\n", cases[i].name, got);
        CHECK_SLICE(mm_slice_str(got), cases[i].why);
    }
}

TEST(idtoken_holds_only_as_it_was_signed)
{
    uint8_t bytes[8192];
    struct mm_slice jwks, token, claims;
    struct mm_arena a;

    load("es256", bytes, sizeof(bytes), &jwks, &token);
    mm_arena_init(&a, 4 << 20);
    for (size_t at = 0; at < token.n; at += 7) {
        uint8_t *c = &bytes[token.p - bytes + (ptrdiff_t)at], old = *c;

        *c = old == 'A' ? 'B' : 'A';
        CHECK(mm_idtoken_verify(token, jwks, &a, &claims, NULL) != MM_OK);
        *c = old;
        mm_arena_reset(&a);
    }
    CHECK_NUM(mm_idtoken_verify(token, jwks, &a, &claims, NULL), MM_OK);
    for (size_t n = 0; n < token.n; n += 5)
        CHECK(mm_idtoken_verify(mm_slice_sub(token, 0, n), jwks, &a, &claims, NULL) != MM_OK);
    mm_arena_done(&a);
}

#define TIMES ",\"iat\":1700000000,\"exp\":1700000300"
#define FIRST "{\"iss\":\"https://id.example.jp\",\"nonce\":\"n-1\""
#define FOR_US ",\"aud\":\"mimamori\""
#define SUB ",\"sub\":\"u-17\""

TEST(idtoken_claims_are_for_us_for_this_login_and_of_now)
{
    static const struct {
        const char *claims, *why;
        bool mfa;
    } cases[] = {
        {FIRST FOR_US SUB TIMES "}", "", false},
        {FIRST FOR_US SUB TIMES ",\"amr\":[\"pwd\"]}", "", false},
        {FIRST FOR_US SUB TIMES ",\"amr\":[\"pwd\",\"mfa\"]}", "", true},
        {FIRST FOR_US SUB TIMES ",\"acr\":\"gold\"}", "", true},
        {FIRST FOR_US SUB TIMES ",\"acr\":\"silver\"}", "", false},
        {FIRST ",\"aud\":[\"mimamori\"]" SUB TIMES "}", "", false},
        {FIRST ",\"aud\":[\"mimamori\",\"x\"],\"azp\":\"mimamori\"" SUB TIMES "}", "", false},
        {FIRST ",\"aud\":[\"mimamori\",\"x\"]" SUB TIMES "}", "oidc.why.azp", false},
        {FIRST FOR_US ",\"azp\":\"x\"" SUB TIMES "}", "oidc.why.azp", false},
        {FIRST ",\"aud\":\"x\"" SUB TIMES "}", "oidc.why.aud", false},
        {FIRST ",\"aud\":[]" SUB TIMES "}", "oidc.why.aud", false},
        {FIRST SUB TIMES "}", "oidc.why.aud", false},
        {FIRST FOR_US FOR_US SUB TIMES "}", "oidc.why.aud", false},
        {"{\"iss\":\"https://id.example.jp/\",\"nonce\":\"n-1\"" FOR_US SUB TIMES "}",
         "oidc.why.iss", false},
        {"{\"iss\":\"https://id.example.jp\"" FOR_US SUB TIMES "}", "oidc.why.nonce", false},
        {"{\"iss\":\"https://id.example.jp\",\"nonce\":\"n-2\"" FOR_US SUB TIMES "}",
         "oidc.why.nonce", false},
        {"{\"iss\":\"https://id.example.jp\",\"nonce\":[\"n-1\"]" FOR_US SUB TIMES "}",
         "oidc.why.nonce", false},
        {FIRST FOR_US TIMES "}", "oidc.why.sub", false},
        {FIRST FOR_US TIMES ",\"sub\":\"\"}", "oidc.why.sub", false},
        {FIRST FOR_US TIMES ",\"sub\":17}", "oidc.why.sub", false},
        {FIRST FOR_US TIMES ",\"sub\":\"a\\u0000b\"}", "oidc.why.sub", false},
        {FIRST FOR_US SUB ",\"iat\":1700000000}", "oidc.why.token", false},
        {FIRST FOR_US SUB ",\"exp\":1700000300}", "oidc.why.token", false},
        {FIRST FOR_US SUB TIMES ",\"exp\":1700000300}", "oidc.why.token", false},
        {FIRST FOR_US SUB ",\"iat\":\"1700000000\",\"exp\":1700000300}", "oidc.why.token", false},
        {FIRST FOR_US SUB ",\"iat\":1700000000,\"exp\":-1}", "oidc.why.token", false},
        {FIRST FOR_US SUB ",\"iat\":1700000000,\"exp\":1699999890}", "oidc.why.expired", false},
        {FIRST FOR_US SUB ",\"iat\":1700000000,\"exp\":1699999891}", "", false},
        {FIRST FOR_US SUB ",\"iat\":1699999289,\"exp\":1700000300}", "oidc.why.expired", false},
        {FIRST FOR_US SUB ",\"iat\":1699999290,\"exp\":1700000300}", "", false},
        {FIRST FOR_US SUB ",\"iat\":1700000130,\"exp\":1700000300}", "", false},
        {FIRST FOR_US SUB ",\"iat\":1700000131,\"exp\":1700000300}", "oidc.why.early", false},
        {FIRST FOR_US SUB TIMES ",\"nbf\":1700000131}", "oidc.why.early", false},
        {"[]", "oidc.why.token", false},
        {"", "oidc.why.token", false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_idtoken t = {.mfa = !cases[i].mfa};
        struct mm_fault fault = {0};
        struct mm_arena a;

        mm_arena_init(&a, 1 << 20);
        CHECK((mm_idtoken_claims(mm_slice_str(cases[i].claims), &want, &a, &t, &fault) == MM_OK) ==
              (cases[i].why[0] == 0));
        CHECK_SLICE(mm_slice_str(fault.what), cases[i].why);
        CHECK(cases[i].why[0] != 0 || t.mfa == cases[i].mfa);
        mm_arena_done(&a);
    }
}

TEST(idtoken_nothing_wanted_is_never_found)
{
    struct mm_idtoken_want none = want;
    struct mm_fault fault = {0};
    struct mm_idtoken t;
    struct mm_arena a;

    none.nonce = MM_S("");
    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_idtoken_claims(
                  MM_S("{\"iss\":\"https://id.example.jp\",\"nonce\":\"\"" FOR_US SUB TIMES "}"),
                  &none, &a, &t, &fault),
              MM_E_AUTH);
    CHECK_SLICE(mm_slice_str(fault.what), "oidc.why.nonce");
    mm_arena_done(&a);
}
