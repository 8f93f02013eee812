/* app/oidc_http.c - see oidc_http.h for the contract. */
#include "app/oidc_http.h"

#include <curl/curl.h>
#include <stdio.h>

#include "app/oidc_url.h"
#include "base/time.h"

enum {
    CONNECT_MS = 5000,
    WHOLE_MS = 10000, /* of one question; somebody looks at a page that waits for it */
};

static size_t gather(char *bytes, size_t size, size_t n, void *arg)
{
    struct mm_buf *out = arg;

    mm_buf_add(out, mm_slice_of(bytes, size * n)); /* size is 1: curl(3) */
    return mm_buf_ok(out) ? size * n : 0;
}

static void set_bounds(CURL *c, const struct mm_oidc_http *h, int64_t left_ms)
{
    const char *schemes = h->loopback ? "http,https" : "https";

    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)(left_ms < WHOLE_MS ? left_ms : WHOLE_MS));
    curl_easy_setopt(c, CURLOPT_USERAGENT, "mimamori");
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*"); /* our walls let us reach the provider alone */
    if (h->ca_file != NULL)
        curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file);
}

enum mm_code mm_oidc_http(const struct mm_oidc_http *h, const char *url,
                          const struct mm_oidc_post *post, struct mm_buf *out, long *ret_status)
{
    int64_t left_ms = (h->deadline_us - mm_mono_us()) / 1000;
    struct curl_slist *headers;
    long status = 0;
    CURLcode rc;
    CURL *c;

    if (!mm_oidc_url_ok(mm_slice_str(url), h->loopback))
        return MM_E_DENIED;
    if (left_ms <= 0)
        return MM_E_IO;
    c = curl_easy_init();
    headers = curl_slist_append(NULL, "Accept: application/json");
    if (c == NULL || headers == NULL) {
        curl_easy_cleanup(c);
        curl_slist_free_all(headers);
        return MM_E_NOMEM;
    }
    set_bounds(c, h, left_ms);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
    if (post->form != NULL)
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, post->form);
    if (post->user != NULL) {
        curl_easy_setopt(c, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(c, CURLOPT_USERNAME, post->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, post->password);
    }
    rc = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    curl_slist_free_all(headers);
    if (!mm_buf_ok(out))
        return MM_E_LIMIT;
    if (rc != CURLE_OK) {
        fprintf(stderr, "mimamori oidc: %s: %s\n", url, curl_easy_strerror(rc));
        return MM_E_IO;
    }
    *ret_status = status;
    return MM_OK;
}
