/* app/relay_http.c - see relay_http.h for the contract. */
#include "app/relay_http.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

enum { CONNECT_S = 15 };

struct mm_relay_http {
    CURL *curl;
    const struct mm_relay_identity *id;
    const atomic_bool *stop;
    char error[CURL_ERROR_SIZE];
};

static size_t gather(char *bytes, size_t size, size_t n, void *arg)
{
    struct mm_buf *b = arg;

    mm_buf_add(b, mm_slice_of(bytes, size * n));
    return mm_buf_ok(b) ? size * n : 0;
}

/* libcurl asks about every second, and more often while bytes flow. */
static int go_on(void *arg, curl_off_t to_get, curl_off_t got, curl_off_t to_put, curl_off_t put)
{
    const struct mm_relay_http *h = arg;

    (void)to_get, (void)got, (void)to_put, (void)put;
    return h->stop != NULL && atomic_load(h->stop);
}

static void set_trust(CURL *c, const struct mm_relay_identity *id, enum mm_relay_trust trust)
{
    bool named = trust == MM_TRUST_AUTHORITY;

    curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, named ? 1L : 0L);
    curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, named ? 2L : 0L);
    if (trust == MM_TRUST_PIN)
        curl_easy_setopt(c, CURLOPT_PINNEDPUBLICKEY, id->pin);
    curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

enum mm_code mm_relay_http_new(const struct mm_relay_identity *id, enum mm_relay_trust trust,
                               const atomic_bool *stop, struct mm_relay_http **ret)
{
    struct mm_relay_http *h = calloc(1, sizeof(*h));
    CURL *c;

    MM_ASSERT(trust != MM_TRUST_PIN || id->pin[0] != 0); /* curl takes an empty pin for none */
    if (h == NULL)
        return MM_E_NOMEM;
    h->curl = c = curl_easy_init();
    if (c == NULL) {
        free(h);
        return MM_E_NOMEM;
    }
    h->id = id;
    h->stop = stop;
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https");
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)MM_RELAY_WHOLE_S);
    curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(c, CURLOPT_PROXY, id->proxy);
    if (id->proxy_user[0] != 0) {
        curl_easy_setopt(c, CURLOPT_PROXYUSERPWD, id->proxy_user);
        curl_easy_setopt(c, CURLOPT_PROXYAUTH, (long)CURLAUTH_ANY);
    }
    curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, gather);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, go_on);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, h);
    set_trust(c, id, trust);
    *ret = h;
    return MM_OK;
}

void mm_relay_http_free(struct mm_relay_http **h)
{
    if (*h == NULL)
        return;
    curl_easy_cleanup((*h)->curl);
    free(*h);
    *h = NULL;
}

static struct curl_slist *headers_of(const struct mm_relay_identity *id, const char *type)
{
    char line[MM_RELAY_TOKEN + 32];
    struct curl_slist *list = NULL;

    (void)snprintf(line, sizeof(line), "Authorization: Bearer %s", id->token);
    if (id->token[0] != 0)
        list = curl_slist_append(list, line);
    mm_wipe(line, sizeof(line));
    (void)snprintf(line, sizeof(line), "Content-Type: %s", type);
    list = curl_slist_append(list, line);
    list = curl_slist_append(list, "Expect:"); /* no round trip to ask whether we may */
    return curl_slist_append(list, "Accept: application/json");
}

enum mm_code mm_relay_http_ask(struct mm_relay_http *h, const char *url, const char *type,
                               struct mm_slice body, struct mm_buf *out, int *ret_status,
                               const char **ret_why)
{
    struct curl_slist *headers = headers_of(h->id, type);
    long status = 0;
    CURLcode rc;

    *ret_status = 0;
    *ret_why = "";
    h->error[0] = 0;
    mm_buf_reset(out);
    curl_easy_setopt(h->curl, CURLOPT_URL, url);
    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(h->curl, CURLOPT_WRITEDATA, out);
    if (body.p == NULL) {
        curl_easy_setopt(h->curl, CURLOPT_HTTPGET, 1L);
    } else {
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDS, (const char *)body.p);
        curl_easy_setopt(h->curl, CURLOPT_POSTFIELDSIZE, (long)body.n);
    }
    rc = curl_easy_perform(h->curl);
    if (rc == CURLE_OK)
        curl_easy_getinfo(h->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    if (rc != CURLE_OK) {
        *ret_why = h->error[0] != 0 ? h->error : curl_easy_strerror(rc);
        return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_PINNEDPUBKEYNOTMATCH
                   ? MM_E_AUTH
                   : MM_E_IO;
    }
    *ret_status = (int)status;
    return MM_OK;
}
