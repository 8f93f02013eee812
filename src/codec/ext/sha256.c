/* codec/ext/sha256.c - see sha256.h for the contract. */
#include "codec/ext/sha256.h"

#include <openssl/evp.h>

struct mm_sha256 *mm_sha256_new(void)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();

    if (c != NULL && EVP_DigestInit_ex(c, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(c);
        c = NULL;
    }
    return (struct mm_sha256 *)c;
}

void mm_sha256_free(struct mm_sha256 **h)
{
    EVP_MD_CTX_free((EVP_MD_CTX *)*h);
    *h = NULL;
}

void mm_sha256_add(struct mm_sha256 *h, struct mm_slice s)
{
    MM_ASSERT(h != NULL);
    /* It fails only for an object that was not begun. */
    MM_ASSERT(EVP_DigestUpdate((EVP_MD_CTX *)h, s.n == 0 ? (const void *)"" : s.p, s.n) == 1);
}

void mm_sha256_take(struct mm_sha256 *h, uint8_t ret[MM_SHA256])
{
    EVP_MD_CTX *c = (EVP_MD_CTX *)h;

    MM_ASSERT(EVP_DigestFinal_ex(c, ret, NULL) == 1);
    MM_ASSERT(EVP_DigestInit_ex(c, NULL, NULL) == 1);
}
