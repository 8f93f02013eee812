/* codec/ext/sha256_test.c - promises of SHA-256. */
#include "codec/ext/sha256.h"

#include <stdio.h>

#include "tests/harness/test.h"

static void check(struct mm_sha256 *h, const char *want)
{
    uint8_t d[MM_SHA256];
    char hex[2 * MM_SHA256 + 1];

    mm_sha256_take(h, d);
    for (size_t i = 0; i < sizeof(d); i++)
        (void)snprintf(hex + 2 * i, 3, "%02x", d[i]);
    CHECK_SLICE(mm_slice_str(hex), want);
}

/* FIPS 180-2, B.1 and B.2, and the empty message. */
TEST(sha256_is_that_of_the_standard_however_the_bytes_come)
{
    struct mm_sha256 *h = mm_sha256_new();

    CHECK(h != NULL);
    check(h, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mm_sha256_add(h, MM_S("abc"));
    check(h, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    mm_sha256_add(h, MM_S("abcdbcdecdefdefgefghfghighij"));
    mm_sha256_add(h, (struct mm_slice){0});
    mm_sha256_add(h, MM_S("hijkijkljklmklmnlmnomnopnopq"));
    check(h, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    mm_sha256_free(&h);
    CHECK(h == NULL);
}
