/* app/rules_fetch.c - see rules_fetch.h for the contract. */
#include "app/rules_fetch.h"

#include <curl/curl.h>
#include <stdio.h>

enum {
    CONNECT_S = 10,
    WHOLE_S = 300, /* 64 MB over 2 Mbit/s */
    SLOW_BYTES = 1000,
    SLOW_S = 30,
    REDIRECTS_MAX = 5, /* releases of a forge are handed on once or twice */
};

struct getting {
    struct mm_buf *out;
    size_t left;
    bool over;
};

static size_t gather(char *bytes, size_t size, size_t n, void *arg)
{
    struct getting *g = arg;

    g->over = g->over || size * n > g->left; /* size is 1: curl(3) */
    if (g->over)
        return 0;
    g->left -= size * n;
    mm_buf_add(g->out, mm_slice_of(bytes, size * n));
    return mm_buf_ok(g->out) ? size * n : 0;
}

static CURLcode get(CURL *c, const struct mm_rules_fetch *f, struct getting *g, char *error)
{
    curl_easy_setopt(c, CURLOPT_URL, f->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS_MAX);
    curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)f->size_max);
    curl_easy_setopt(c, CURLOPT_USERAGENT, "mimamori");
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, g);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    if (f->ca_file != NULL)
        curl_easy_setopt(c, CURLOPT_CAINFO, f->ca_file);
    return curl_easy_perform(c);
}

enum mm_code mm_rules_fetch(const struct mm_rules_fetch *f, struct mm_buf *out)
{
    struct getting g = {.out = out, .left = (size_t)f->size_max};
    char error[CURL_ERROR_SIZE] = "";
    CURL *c = curl_easy_init();
    long status = 0;
    CURLcode rc;

    MM_ASSERT(f->url != NULL && f->size_max > 0);
    if (c == NULL)
        return MM_E_NOMEM;
    rc = get(c, f, &g, error);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(c);
    if (rc == CURLE_FILESIZE_EXCEEDED || g.over)
        return MM_E_LIMIT;
    if (rc == CURLE_OK && status == 200)
        return MM_OK;
    if (rc == CURLE_OK)
        fprintf(stderr, "mimamori: %s: answers %ld\n", f->url, status);
    else
        fprintf(stderr, "mimamori: %s: %s\n", f->url,
                error[0] != 0 ? error : curl_easy_strerror(rc));
    return MM_E_IO;
}
