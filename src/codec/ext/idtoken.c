/* codec/ext/idtoken.c - see idtoken.h for the contract. */
#include "codec/ext/idtoken.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/rd.h"
#include "codec/ext/crypt.h"
#include "codec/ext/json.h"

enum { RSA_MIN = 2048 / 8, RSA_MAX = 8192 / 8, P256 = 32, ED25519 = 32 };

/* The bytes of a base64url text in the arena; false when it is none. */
static bool decode(struct mm_slice text, struct mm_arena *a, struct mm_slice *ret)
{
    size_t size = text.n / 4 * 3 + 3, n;
    uint8_t *out = mm_arena_bytes(a, size);

    if (out == NULL || !mm_base64url_read(text, out, size, &n))
        return false;
    *ret = mm_slice_of(out, n);
    return true;
}

/* ---- members of JSON objects ---- */

/* The one member of that name; NULL when there is none or several. */
static const struct mm_json_item *only(const struct mm_json_doc *doc, size_t object,
                                       struct mm_slice key)
{
    const struct mm_json_item *found = NULL;

    for (size_t i = object + 1; i < doc->item[object].end; i = doc->item[i].end) {
        if (!mm_slice_eq(doc->item[i].key, key))
            continue;
        if (found != NULL)
            return NULL;
        found = &doc->item[i];
    }
    return found;
}

/* The text of such a member; empty when it is no text. */
static struct mm_slice text_of(const struct mm_json_doc *doc, size_t object, struct mm_slice key)
{
    const struct mm_json_item *it = only(doc, object, key);

    return it != NULL && it->type == MM_JSON_STRING ? it->text : (struct mm_slice){0};
}

static bool has(const struct mm_json_doc *doc, size_t object, struct mm_slice key)
{
    return mm_json_get(doc, object, key) != NULL;
}

/* One JSON object; the parser is freed by the caller, who has the document until then. */
static enum mm_code read_object(struct mm_slice text, size_t size_max, struct mm_arena *a,
                                struct mm_json **ret_json, struct mm_json_doc *ret)
{
    struct mm_json *json;
    enum mm_code code;

    if (text.n > size_max)
        return MM_E_LIMIT;
    json = mm_json_new(size_max);
    if (json == NULL)
        return MM_E_NOMEM;
    code = mm_json_parse(json, text, a, ret, NULL);
    if (code == MM_OK && ret->item[0].type != MM_JSON_OBJECT)
        code = MM_E_SYNTAX;
    if (code != MM_OK)
        mm_json_free(&json);
    else
        *ret_json = json;
    return code;
}

/* ---- keys ---- */

enum alg { ALG_NONE, RS256, ES256, EDDSA };

static enum alg alg_of(struct mm_slice name)
{
    if (mm_slice_eq(name, MM_S("RS256")))
        return RS256;
    if (mm_slice_eq(name, MM_S("ES256")))
        return ES256;
    return mm_slice_eq(name, MM_S("EdDSA")) ? EDDSA : ALG_NONE;
}

static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *bld)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY *key = NULL;

    if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static EVP_PKEY *rsa_key(struct mm_slice n, struct mm_slice e)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *bn = NULL, *be = NULL;
    EVP_PKEY *key = NULL;

    while (n.n > 0 && n.p[0] == 0)
        n = mm_slice_sub(n, 1, SIZE_MAX);
    /* An exponent of four bytes at most: more of them only cost time. */
    if (bld != NULL && n.n >= RSA_MIN && n.n <= RSA_MAX && e.n >= 1 && e.n <= 4) {
        bn = BN_bin2bn(n.p, (int)n.n, NULL);
        be = BN_bin2bn(e.p, (int)e.n, NULL);
        if (bn != NULL && be != NULL && BN_is_odd(be) && !BN_is_one(be) &&
            OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn) == 1 &&
            OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, be) == 1)
            key = key_from("RSA", bld);
    }
    BN_free(bn);
    BN_free(be);
    OSSL_PARAM_BLD_free(bld);
    return key;
}

static EVP_PKEY *p256_key(struct mm_slice x, struct mm_slice y)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    uint8_t point[1 + 2 * P256] = {4}; /* SEC 1: both coordinates follow */
    EVP_PKEY *key = NULL;

    if (bld != NULL && x.n == P256 && y.n == P256) {
        memcpy(point + 1, x.p, P256);
        memcpy(point + 1 + P256, y.p, P256);
        if (OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1 &&
            OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)) ==
                1)
            key = key_from("EC", bld);
    }
    OSSL_PARAM_BLD_free(bld);
    return key;
}

static bool bytes_of(const struct mm_json_doc *doc, size_t object, struct mm_slice key,
                     struct mm_arena *a, struct mm_slice *ret)
{
    struct mm_slice text = text_of(doc, object, key);

    return text.n > 0 && decode(text, a, ret);
}

/* The public key at this place when it is one for the algorithm, else NULL. */
static EVP_PKEY *key_at(const struct mm_json_doc *doc, size_t at, enum alg alg, struct mm_arena *a)
{
    struct mm_slice kty = text_of(doc, at, MM_S("kty")), crv = text_of(doc, at, MM_S("crv"));
    struct mm_slice x, y;

    if (has(doc, at, MM_S("use")) && !mm_slice_eq(text_of(doc, at, MM_S("use")), MM_S("sig")))
        return NULL;
    if (has(doc, at, MM_S("alg")) && alg_of(text_of(doc, at, MM_S("alg"))) != alg)
        return NULL;
    if (alg == RS256 && mm_slice_eq(kty, MM_S("RSA")) && bytes_of(doc, at, MM_S("n"), a, &x) &&
        bytes_of(doc, at, MM_S("e"), a, &y))
        return rsa_key(x, y);
    if (alg == ES256 && mm_slice_eq(kty, MM_S("EC")) && mm_slice_eq(crv, MM_S("P-256")) &&
        bytes_of(doc, at, MM_S("x"), a, &x) && bytes_of(doc, at, MM_S("y"), a, &y))
        return p256_key(x, y);
    if (alg == EDDSA && mm_slice_eq(kty, MM_S("OKP")) && mm_slice_eq(crv, MM_S("Ed25519")) &&
        bytes_of(doc, at, MM_S("x"), a, &x) && x.n == ED25519)
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, x.p, x.n);
    return NULL;
}

/*
 * The key that a header means: of that name, or without one the only one that fits. Two keys that
 * fit are none: which of them is meant must not depend on their order.
 */
static enum mm_code find_key(const struct mm_json_doc *doc, struct mm_slice kid, enum alg alg,
                             struct mm_arena *a, EVP_PKEY **ret, struct mm_fault *fault)
{
    const struct mm_json_item *list = only(doc, 0, MM_S("keys"));
    EVP_PKEY *found = NULL;
    size_t seen = 0;

    if (list == NULL || list->type != MM_JSON_ARRAY)
        return mm_fail(fault, MM_E_SYNTAX, 0, "oidc.why.keys");
    for (size_t i = mm_json_index(doc, list) + 1; i < list->end && seen < MM_JWKS_KEYS;
         i = doc->item[i].end, seen++) {
        EVP_PKEY *key;

        if (doc->item[i].type != MM_JSON_OBJECT ||
            (kid.n > 0 && !mm_slice_eq(text_of(doc, i, MM_S("kid")), kid)))
            continue;
        key = key_at(doc, i, alg, a);
        if (key != NULL && found != NULL) {
            EVP_PKEY_free(key);
            EVP_PKEY_free(found);
            return mm_fail(fault, MM_E_AUTH, 0, "oidc.why.key");
        }
        if (key != NULL)
            found = key;
    }
    if (found == NULL)
        return mm_fail(fault, MM_E_AUTH, 0, "oidc.why.key");
    *ret = found;
    return MM_OK;
}

/* ---- signatures ---- */

/* r and s behind each other, as JWS has them, in the form that OpenSSL reads. */
static bool der_of(struct mm_slice raw, uint8_t **ret, size_t *ret_n)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r, *s;
    int n = -1;

    if (sig == NULL || raw.n != 2 * P256) {
        ECDSA_SIG_free(sig);
        return false;
    }
    r = BN_bin2bn(raw.p, P256, NULL);
    s = BN_bin2bn(raw.p + P256, P256, NULL);
    if (r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
        n = i2d_ECDSA_SIG(sig, ret);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(sig);
    if (n <= 0)
        return false;
    *ret_n = (size_t)n;
    return true;
}

static bool signature_holds(EVP_PKEY *key, enum alg alg, struct mm_slice text, struct mm_slice sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t *der = NULL;
    bool ok = ctx != NULL;

    if (ok && alg == ES256) {
        size_t n = 0;

        ok = der_of(sig, &der, &n);
        sig = mm_slice_of(der, n);
    }
    ok = ok && sig.n > 0 &&
         EVP_DigestVerifyInit(ctx, NULL, alg == EDDSA ? NULL : EVP_sha256(), NULL, key) == 1 &&
         EVP_DigestVerify(ctx, sig.p, sig.n, text.p, text.n) == 1;
    OPENSSL_free(der);
    EVP_MD_CTX_free(ctx);
    return ok;
}

struct parts {
    struct mm_slice head, claims, signature; /* decoded */
    struct mm_slice signed_text;             /* as it came */
};

static bool split(struct mm_slice token, struct mm_arena *a, struct parts *ret)
{
    struct mm_rd rd = mm_rd_of(token);
    struct mm_slice head, claims;

    return mm_rd_until(&rd, '.', &head) && mm_rd_until(&rd, '.', &claims) &&
           decode(head, a, &ret->head) && decode(claims, a, &ret->claims) &&
           decode(mm_rd_rest(&rd), a, &ret->signature) &&
           (ret->signed_text = mm_slice_sub(token, 0, rd.pos - 1)).n > 0;
}

/* How it is signed, and with which key. Extensions that must be understood are not. */
static enum mm_code read_head(struct mm_slice head, struct mm_arena *a, enum alg *ret_alg,
                              struct mm_slice *ret_kid, struct mm_fault *fault)
{
    struct mm_json *json = NULL;
    struct mm_json_doc doc;
    struct mm_slice typ;
    bool kid_ok;
    enum mm_code code = read_object(head, MM_IDTOKEN_MAX, a, &json, &doc);

    if (code != MM_OK)
        return mm_fail(fault, code, 0, "oidc.why.token");
    typ = text_of(&doc, 0, MM_S("typ"));
    *ret_alg = alg_of(text_of(&doc, 0, MM_S("alg")));
    *ret_kid = text_of(&doc, 0, MM_S("kid"));
    kid_ok = ret_kid->n > 0 || !has(&doc, 0, MM_S("kid"));
    if (!mm_arena_dup(a, *ret_kid, ret_kid))
        code = mm_fail(fault, MM_E_NOMEM, 0, "oidc.why.token");
    else if (*ret_alg == ALG_NONE)
        code = mm_fail(fault, MM_E_AUTH, 0, "oidc.why.alg");
    else if (!kid_ok || has(&doc, 0, MM_S("crit")) ||
             (has(&doc, 0, MM_S("typ")) && !mm_slice_ieq(typ, MM_S("JWT"))))
        code = mm_fail(fault, MM_E_AUTH, 0, "oidc.why.token");
    mm_json_free(&json);
    return code;
}

enum mm_code mm_idtoken_verify(struct mm_slice token, struct mm_slice jwks, struct mm_arena *a,
                               struct mm_slice *ret_claims, struct mm_fault *fault)
{
    struct mm_json *json = NULL;
    struct mm_json_doc keys;
    EVP_PKEY *key = NULL;
    struct parts parts;
    struct mm_slice kid;
    enum alg alg;
    enum mm_code code;

    if (token.n > MM_IDTOKEN_MAX || !split(token, a, &parts))
        return mm_fail(fault, MM_E_SYNTAX, 0, "oidc.why.token");
    code = read_head(parts.head, a, &alg, &kid, fault);
    if (code != MM_OK)
        return code;
    code = read_object(jwks, MM_JWKS_MAX, a, &json, &keys);
    if (code != MM_OK)
        return mm_fail(fault, code, 0, "oidc.why.keys");
    code = find_key(&keys, kid, alg, a, &key, fault);
    mm_json_free(&json);
    if (code != MM_OK)
        return code;
    if (!signature_holds(key, alg, parts.signed_text, parts.signature))
        code = mm_fail(fault, MM_E_AUTH, 0, "oidc.why.signature");
    else
        *ret_claims = parts.claims;
    EVP_PKEY_free(key);
    return code;
}

/* ---- claims ---- */

static bool same_text(const struct mm_json_doc *doc, struct mm_slice key, struct mm_slice want)
{
    return want.n > 0 && mm_slice_eq(text_of(doc, 0, key), want);
}

/* Seconds since 1970; false when there are none, or not as whole figures. */
static bool seconds_of(const struct mm_json_doc *doc, struct mm_slice key, int64_t *ret)
{
    const struct mm_json_item *it = only(doc, 0, key);

    /* Up to the year 9999, so that sums with it hold. */
    return it != NULL && it->type == MM_JSON_NUMBER && mm_slice_i64(it->text, ret) && *ret >= 0 &&
           *ret <= INT64_C(253402300799);
}

/* Whether a member is that text or a list with it; *ret_n: how many there are. */
static bool listed(const struct mm_json_doc *doc, struct mm_slice key, struct mm_slice want,
                   size_t *ret_n)
{
    const struct mm_json_item *it = only(doc, 0, key);
    bool found = false;

    *ret_n = 0;
    if (it == NULL)
        return false;
    if (it->type == MM_JSON_STRING) {
        *ret_n = 1;
        return mm_slice_eq(it->text, want);
    }
    if (it->type != MM_JSON_ARRAY)
        return false;
    for (size_t i = mm_json_index(doc, it) + 1; i < it->end; i = doc->item[i].end) {
        *ret_n += 1;
        found =
            found || (doc->item[i].type == MM_JSON_STRING && mm_slice_eq(doc->item[i].text, want));
    }
    return found;
}

/* For us: among several that it is for, we must be who asked for it. */
static const char *audience_fault(const struct mm_json_doc *doc, const struct mm_idtoken_want *want)
{
    size_t n;

    if (!listed(doc, MM_S("aud"), want->client, &n))
        return "oidc.why.aud";
    if ((n > 1 || has(doc, 0, MM_S("azp"))) && !same_text(doc, MM_S("azp"), want->client))
        return "oidc.why.azp";
    return NULL;
}

static const char *time_fault(const struct mm_json_doc *doc, int64_t now_s)
{
    int64_t exp, iat, nbf = 0;

    if (!seconds_of(doc, MM_S("exp"), &exp) || !seconds_of(doc, MM_S("iat"), &iat) ||
        (has(doc, 0, MM_S("nbf")) && !seconds_of(doc, MM_S("nbf"), &nbf)))
        return "oidc.why.token";
    if (exp <= now_s - MM_IDTOKEN_SKEW_S || iat < now_s - MM_IDTOKEN_AGE_S - MM_IDTOKEN_SKEW_S)
        return "oidc.why.expired";
    return iat > now_s + MM_IDTOKEN_SKEW_S || nbf > now_s + MM_IDTOKEN_SKEW_S ? "oidc.why.early"
                                                                              : NULL;
}

static bool subject_ok(struct mm_slice s)
{
    if (s.n == 0 || s.n > MM_IDTOKEN_SUBJECT_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    }
    return true;
}

static const char *claims_fault(const struct mm_json_doc *doc, const struct mm_idtoken_want *want)
{
    const char *why;

    if (!same_text(doc, MM_S("iss"), want->issuer))
        return "oidc.why.iss";
    why = audience_fault(doc, want);
    if (why == NULL)
        why = time_fault(doc, want->now_s);
    if (why == NULL && !same_text(doc, MM_S("nonce"), want->nonce))
        why = "oidc.why.nonce";
    if (why == NULL && !subject_ok(text_of(doc, 0, MM_S("sub"))))
        why = "oidc.why.sub";
    return why;
}

enum mm_code mm_idtoken_claims(struct mm_slice claims, const struct mm_idtoken_want *want,
                               struct mm_arena *a, struct mm_idtoken *ret, struct mm_fault *fault)
{
    struct mm_json *json = NULL;
    struct mm_json_doc doc;
    struct mm_idtoken out;
    const char *why;
    size_t n;
    enum mm_code code = read_object(claims, MM_IDTOKEN_MAX, a, &json, &doc);

    if (code != MM_OK)
        return mm_fail(fault, code, 0, "oidc.why.token");
    why = claims_fault(&doc, want);
    out.mfa = listed(&doc, MM_S("amr"), MM_S("mfa"), &n) || same_text(&doc, MM_S("acr"), want->acr);
    if (why != NULL)
        code = mm_fail(fault, MM_E_AUTH, 0, why);
    else if (!mm_arena_dup(a, text_of(&doc, 0, MM_S("sub")), &out.subject))
        code = mm_fail(fault, MM_E_NOMEM, 0, "oidc.why.token");
    mm_json_free(&json);
    if (code == MM_OK)
        *ret = out;
    return code;
}

enum mm_code mm_idtoken_read(struct mm_slice token, struct mm_slice jwks,
                             const struct mm_idtoken_want *want, struct mm_arena *a,
                             struct mm_idtoken *ret, struct mm_fault *fault)
{
    struct mm_slice claims;
    enum mm_code code = mm_idtoken_verify(token, jwks, a, &claims, fault);

    return code == MM_OK ? mm_idtoken_claims(claims, want, a, ret, fault) : code;
}
