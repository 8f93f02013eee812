/* app/oidc_url.c - see oidc_url.h for the contract. */
#include "app/oidc_url.h"

#include "register/oidc.h"

/* Names and ports only, as RFC 3986 has them: no user, no fragment, nothing to be quoted. */
static bool plain(struct mm_slice url)
{
    static const char others[] = "-._~:/?[]!$&'()*+,;=%";

    for (size_t i = 0; i < url.n; i++) {
        uint8_t c = url.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              (c != 0 && strchr(others, c) != NULL)))
            return false;
    }
    return true;
}

bool mm_oidc_url_ok(struct mm_slice url, bool loopback)
{
    if (url.n > MM_OIDC_URL_MAX || !plain(url))
        return false;
    return mm_slice_starts(url, MM_S("https://")) ||
           (loopback && (mm_slice_starts(url, MM_S("http://127.0.0.1:")) ||
                         mm_slice_starts(url, MM_S("http://[::1]:"))));
}
