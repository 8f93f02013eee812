/*
 * app/oidc.c - `mimamori oidc`: asks the provider of identities, for the worker.
 *
 * A question on standard input, one JSON object, and the answer on standard output. Without a code
 * it is where the provider's login page is; with one, whom the provider has seen. This program
 * keeps the network and the certificates, and nothing of the state directory: what comes from the
 * provider is read here, and all that it could win is to say what a provider may say anyway. The
 * provider's addresses and keys are asked for each time: a login is rare, and keys that were
 * changed a moment ago are simply the keys.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/oidc_http.h"
#include "app/oidc_url.h"
#include "app/question.h"
#include "base/time.h"
#include "codec/ext/idtoken.h"
#include "codec/ext/json.h"
#include "codec/url.h"
#include "register/oidc.h"

enum {
    IN_MAX = 256 * 1024, /* mm_question_read takes 64 KiB at a time */
    OUT_MAX = 8 * 1024,
    ANSWER_MAX = MM_JWKS_MAX, /* of a provider: its keys are the largest */
    FORM_MAX = 16 * 1024,
    ARENA_MAX = 4 * 1024 * 1024,
    ALL_S = 25, /* the worker waits for 30 */
};

struct work {
    struct mm_arena arena;
    struct mm_json *json;
    struct mm_oidc_http http;
    /* The question. */
    const char *issuer, *client, *secret, *redirect;
    struct mm_slice acr, code, verifier, nonce;
    /* The provider. */
    const char *token_url, *keys_url;
    struct mm_slice authorize;
    bool basic;
    /* The answer. */
    struct mm_doc *out;
};

/* ---- JSON ---- */

static struct mm_slice text_of(const struct mm_json_doc *doc, const char *key)
{
    const struct mm_json_item *it = mm_json_get(doc, 0, mm_slice_str(key));

    return it != NULL && it->type == MM_JSON_STRING ? it->text : (struct mm_slice){0};
}

/* One object whose texts live in the arena as long as we do. */
static bool read_object(struct work *w, struct mm_slice text, struct mm_json_doc *ret)
{
    struct mm_slice own;

    return mm_arena_dup(&w->arena, text, &own) &&
           mm_json_parse(w->json, own, &w->arena, ret, NULL) == MM_OK &&
           ret->item[0].type == MM_JSON_OBJECT;
}

static const char *cstr_of(struct work *w, const struct mm_json_doc *doc, const char *key)
{
    return mm_arena_cstr(&w->arena, text_of(doc, key));
}

static bool read_question(struct work *w)
{
    struct mm_buf in;
    struct mm_json_doc doc;
    const struct mm_json_item *loopback;
    bool ok;

    mm_buf_init(&in, IN_MAX);
    ok = mm_question_read(&in) && read_object(w, mm_buf_slice(&in), &doc);
    if (ok) {
        const char *ca = cstr_of(w, &doc, "ca");

        loopback = mm_json_get(&doc, 0, MM_S("loopback"));
        w->http.ca_file = ca != NULL && ca[0] != 0 ? ca : NULL;
        w->http.loopback = loopback != NULL && loopback->type == MM_JSON_TRUE;
        w->issuer = cstr_of(w, &doc, "issuer");
        w->client = cstr_of(w, &doc, "client");
        w->secret = cstr_of(w, &doc, "secret");
        w->redirect = cstr_of(w, &doc, "redirect");
        w->acr = text_of(&doc, "acr");
        w->code = text_of(&doc, "code");
        w->verifier = text_of(&doc, "verifier");
        w->nonce = text_of(&doc, "nonce");
        ok = w->issuer != NULL && w->client != NULL && w->secret != NULL && w->redirect != NULL;
    }
    if (in.p != NULL)
        explicit_bzero(in.p, in.n);
    mm_buf_done(&in);
    return ok;
}

/* ---- the provider ---- */

/* Nobody was proven: why, as a key for people. */
static bool refuse(struct work *w, const char *why)
{
    mm_doc_str(w->out, "why", why);
    return false;
}

/* What an address answers with 200, as text in the arena; else why not. */
static bool get(struct work *w, const char *url, const struct mm_oidc_post *post,
                struct mm_slice *ret, const char *why)
{
    struct mm_buf out;
    long status = 0;
    enum mm_code code;
    bool ok;

    mm_buf_init(&out, ANSWER_MAX);
    code = mm_oidc_http(&w->http, url, post, &out, &status);
    ok = code == MM_OK && status == 200 && mm_arena_dup(&w->arena, mm_buf_slice(&out), ret);
    mm_buf_done(&out);
    if (ok)
        return true;
    if (code == MM_OK)
        fprintf(stderr, "mimamori oidc: %s: answers %ld\n", url, status);
    /* 401 is about us, not about who logs in: a wrong secret. */
    return refuse(w, code != MM_OK ? "oidc.why.away" : status == 401 ? "oidc.why.client" : why);
}

/* Ways to say who we are at the token's address: HTTP's Basic, where a list does not leave it out.
 */
static bool takes_basic(const struct mm_json_doc *doc)
{
    const struct mm_json_item *list =
        mm_json_get(doc, 0, MM_S("token_endpoint_auth_methods_supported"));
    bool post = false;

    if (list == NULL || list->type != MM_JSON_ARRAY)
        return true;
    for (size_t i = mm_json_index(doc, list) + 1; i < list->end; i = doc->item[i].end) {
        if (mm_slice_eq(doc->item[i].text, MM_S("client_secret_basic")))
            return true;
        post = post || mm_slice_eq(doc->item[i].text, MM_S("client_secret_post"));
    }
    return !post;
}

static bool discover(struct work *w)
{
    struct mm_slice issuer = mm_slice_str(w->issuer), text;
    struct mm_json_doc doc;
    char url[MM_OIDC_URL_MAX + 64];

    if (mm_slice_ends(issuer, MM_S("/")))
        issuer = mm_slice_sub(issuer, 0, issuer.n - 1);
    if (issuer.n > MM_OIDC_URL_MAX)
        return refuse(w, "oidc.why.provider");
    (void)snprintf(url, sizeof(url), "%.*s/.well-known/openid-configuration", MM_S_ARG(issuer));
    if (!get(w, url, &(struct mm_oidc_post){0}, &text, "oidc.why.provider"))
        return false;
    if (!read_object(w, text, &doc))
        return refuse(w, "oidc.why.provider");
    w->authorize = text_of(&doc, "authorization_endpoint");
    w->token_url = cstr_of(w, &doc, "token_endpoint");
    w->keys_url = cstr_of(w, &doc, "jwks_uri");
    w->basic = takes_basic(&doc);
    if (!mm_slice_eq(text_of(&doc, "issuer"), mm_slice_str(w->issuer)) || w->token_url == NULL ||
        w->keys_url == NULL || !mm_oidc_url_ok(w->authorize, w->http.loopback) ||
        !mm_oidc_url_ok(mm_slice_str(w->token_url), w->http.loopback) ||
        !mm_oidc_url_ok(mm_slice_str(w->keys_url), w->http.loopback))
        return refuse(w, "oidc.why.provider");
    return true;
}

static void add(struct mm_buf *form, const char *name, struct mm_slice value)
{
    if (form->n > 0)
        mm_buf_byte(form, '&');
    mm_buf_str(form, name);
    mm_buf_byte(form, '=');
    mm_url_encode(form, value);
}

static char *encoded(struct work *w, const char *text)
{
    struct mm_buf b;
    char *out;

    mm_buf_init(&b, FORM_MAX);
    mm_url_encode(&b, mm_slice_str(text));
    out = mm_arena_cstr(&w->arena, mm_buf_slice(&b));
    mm_buf_done(&b);
    return out;
}

/* The code for a token. Without a secret we are a public client: PKCE alone holds it together. */
static bool redeem(struct work *w, struct mm_slice *ret_token)
{
    bool basic = w->secret[0] != 0 && w->basic;
    struct mm_oidc_post post = {0};
    struct mm_json_doc doc;
    struct mm_slice text;
    struct mm_buf form;

    mm_buf_init(&form, FORM_MAX);
    add(&form, "grant_type", MM_S("authorization_code"));
    add(&form, "code", w->code);
    add(&form, "redirect_uri", mm_slice_str(w->redirect));
    add(&form, "code_verifier", w->verifier);
    if (!basic)
        add(&form, "client_id", mm_slice_str(w->client));
    if (!basic && w->secret[0] != 0)
        add(&form, "client_secret", mm_slice_str(w->secret));
    post.form = mm_buf_ok(&form) ? mm_arena_cstr(&w->arena, mm_buf_slice(&form)) : NULL;
    mm_buf_done(&form);
    if (basic) {
        post.user = encoded(w, w->client);
        post.password = encoded(w, w->secret);
    }
    if (post.form == NULL || (basic && (post.user == NULL || post.password == NULL)))
        return refuse(w, "oidc.why.provider");
    if (!get(w, w->token_url, &post, &text, "oidc.why.code"))
        return false;
    if (!read_object(w, text, &doc) || text_of(&doc, "id_token").n == 0)
        return refuse(w, "oidc.why.provider");
    return mm_arena_dup(&w->arena, text_of(&doc, "id_token"), ret_token);
}

static bool prove(struct work *w)
{
    const struct mm_idtoken_want want = {.issuer = mm_slice_str(w->issuer),
                                         .client = mm_slice_str(w->client),
                                         .nonce = w->nonce,
                                         .acr = w->acr,
                                         .now_s = mm_now_us() / MM_US_PER_S};
    struct mm_fault fault = {0};
    struct mm_slice token, keys;
    struct mm_idtoken who;

    if (!redeem(w, &token) ||
        !get(w, w->keys_url, &(struct mm_oidc_post){0}, &keys, "oidc.why.keys"))
        return false;
    if (mm_idtoken_read(token, keys, &want, &w->arena, &who, &fault) != MM_OK)
        return refuse(w, fault.what);
    mm_doc_text(w->out, "subject", who.subject);
    mm_doc_bool(w->out, "mfa", who.mfa);
    return true;
}

int main(int argc, char **argv)
{
    static struct work w;
    bool ok;

    (void)argv;
    if (argc > 1) {
        fputs("usage: mimamori oidc < QUESTION\n"
              "Asks the provider of identities (oidc.issuer) on behalf of the worker.\n",
              argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    mm_arena_init(&w.arena, ARENA_MAX);
    w.json = mm_json_new(ANSWER_MAX);
    w.out = mm_doc_new(&w.arena);
    if (w.json == NULL || !read_question(&w)) {
        fputs("mimamori oidc: no question that can be read\n", stderr);
        return 1;
    }
    struct mm_sandbox_path ca = {w.http.ca_file, MM_REACH_READ, false};
    if (!mm_confine(&(struct mm_confine){
            .who = MM_CONFINED_OIDC, .more = &ca, .more_n = w.http.ca_file == NULL ? 0 : 1}))
        return 1;
    w.http.deadline_us = mm_mono_us() + ALL_S * MM_US_PER_S;
    ok = discover(&w) && (w.code.n == 0 || prove(&w));
    if (ok && w.code.n == 0)
        mm_doc_text(w.out, "authorize", w.authorize);
    ok = mm_question_answer(w.out, OUT_MAX);
    mm_json_free(&w.json);
    mm_arena_done(&w.arena);
    /* In the jail: what others do at the end of a program (leak detectors) is not allowed here. */
    _exit(ok ? 0 : 1);
}
