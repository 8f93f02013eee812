/*
 * codec/ext/idtoken_fuzz.c - no input (a line of keys, then a token) may break these promises: what
 * is refused names why and leaves the answer alone; a token that holds does not hold with one bit
 * of its text or signature changed, and not without its keys; claims that are taken name a subject
 * of printable signs, and are refused for another client, issuer or nonce, and at another time.
 */
#include "codec/ext/idtoken.h"
#include "tests/harness/test.h"

enum { ARENA = 4 * 1024 * 1024 };

static const struct mm_idtoken_want want = {.issuer = MM_S_INIT("https://id.example.jp"),
                                            .client = MM_S_INIT("mimamori"),
                                            .nonce = MM_S_INIT("n-1"),
                                            .now_s = 1700000010};

static void try_claims(struct mm_slice claims, struct mm_arena *a)
{
    struct mm_idtoken_want other[5] = {want, want, want, want, want};
    struct mm_idtoken t = {.subject = {NULL, 99}};
    struct mm_fault f = {0};

    if (mm_idtoken_claims(claims, &want, a, &t, &f) != MM_OK) {
        MM_ASSERT(t.subject.n == 99 && f.what != NULL);
        return;
    }
    MM_ASSERT(t.subject.n >= 1 && t.subject.n <= MM_IDTOKEN_SUBJECT_MAX);
    for (size_t i = 0; i < t.subject.n; i++)
        MM_ASSERT(t.subject.p[i] >= 0x20 && t.subject.p[i] <= 0x7e);
    other[0].issuer = MM_S("https://id.example.jp/");
    other[1].nonce = MM_S("n-2");
    other[2].now_s -= 100000;
    other[3].now_s += INT64_C(400000000000);
    other[4].nonce = MM_S("");
    for (size_t i = 0; i < MM_COUNT(other); i++)
        MM_ASSERT(mm_idtoken_claims(claims, &other[i], a, &t, &f) == MM_E_AUTH);
}

/* The same with a bit turned in one byte. */
static void try_turned(struct mm_slice token, size_t at, struct mm_slice jwks, struct mm_arena *a)
{
    struct mm_slice copy, claims;

    if (!mm_arena_dup(a, token, &copy))
        return;
    ((uint8_t *)(uintptr_t)copy.p)[at] ^= 4; /* the arena's copy is ours */
    MM_ASSERT(mm_idtoken_verify(copy, jwks, a, &claims, NULL) != MM_OK);
}

FUZZ(in)
{
    size_t line = mm_slice_find(in, '\n', 0);
    struct mm_slice jwks = mm_slice_sub(in, 0, line), token, claims = {NULL, 99};
    struct mm_fault f = {0};
    struct mm_arena a;

    token = line == SIZE_MAX ? in : mm_slice_sub(in, line + 1, SIZE_MAX);
    mm_arena_init(&a, ARENA);
    if (mm_idtoken_verify(token, jwks, &a, &claims, &f) == MM_OK) {
        MM_ASSERT(token.n <= MM_IDTOKEN_MAX);
        try_claims(claims, &a);
        try_turned(token, token.n / 2, jwks, &a);
        try_turned(token, token.n - 8, jwks, &a);
        MM_ASSERT(mm_idtoken_verify(token, MM_S("{\"keys\":[]}"), &a, &claims, &f) == MM_E_AUTH);
    } else {
        MM_ASSERT(claims.n == 99 && f.what != NULL);
    }
    try_claims(token, &a); /* no signature can be guessed: the text of claims alone */
    mm_arena_done(&a);
}
