/* web/tls.c - see tls.h for the contract. */
#include "web/tls.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

enum {
    /* Ten years: nobody renews a certificate that no browser trusts by itself. */
    SELF_SIGNED_DAYS = 3650,
    HOST_MAX = 253, /* RFC 1035 2.3.4 */
};

struct mm_tls {
    SSL_CTX *ctx;
};

struct mm_tls_conn {
    SSL *ssl;
};

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                       const unsigned char *in, unsigned int in_n, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";
    unsigned char *chosen;

    (void)ssl, (void)arg;
    if (SSL_select_next_proto(&chosen, out_n, ours, sizeof(ours) - 1, in, in_n) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

enum mm_code mm_tls_open(const char *cert_path, const char *key_path, struct mm_tls **ret,
                         struct mm_fault *fault)
{
    struct mm_tls *tls = calloc(1, sizeof(*tls));
    const char *what = "tls.context";

    MM_ASSERT(cert_path != NULL && key_path != NULL && ret != NULL);
    if (tls == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, what);
    tls->ctx = SSL_CTX_new(TLS_server_method());
    /* Of TLS 1.2 only what keeps old traffic shut when the key is lost, and cannot be told apart by
     * its padding; those of 1.3 are all of that kind. */
    if (tls->ctx == NULL || SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(tls->ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        goto failed;
    (void)SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                            SSL_OP_CIPHER_SERVER_PREFERENCE |
                                            SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_mode(tls->ctx,
                           SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_alpn_select_cb(tls->ctx, choose_alpn, NULL);
    what = "tls.cert";
    if (SSL_CTX_use_certificate_chain_file(tls->ctx, cert_path) != 1)
        goto failed;
    what = "tls.key";
    if (SSL_CTX_use_PrivateKey_file(tls->ctx, key_path, SSL_FILETYPE_PEM) != 1)
        goto failed;
    what = "tls.pair";
    if (SSL_CTX_check_private_key(tls->ctx) != 1)
        goto failed;
    *ret = tls;
    return MM_OK;
failed:
    ERR_clear_error();
    mm_tls_close(&tls);
    return mm_fail(fault, MM_E_CONFIG, 0, what);
}

void mm_tls_close(struct mm_tls **tls)
{
    if (*tls == NULL)
        return;
    SSL_CTX_free((*tls)->ctx);
    free(*tls);
    *tls = NULL;
}

/* Alternative names: what the browser is told to look for. False when one can't be added. */
static bool add_names(X509 *cert, const char *host)
{
    char names[HOST_MAX + 64];
    X509_EXTENSION *ext;
    X509V3_CTX ctx;
    bool ok;

    (void)snprintf(names, sizeof(names), "%s%s%sDNS:localhost,IP:127.0.0.1,IP:::1",
                   host == NULL ? "" : "DNS:", host == NULL ? "" : host, host == NULL ? "" : ",");
    X509V3_set_ctx_nodb(&ctx);
    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, NID_subject_alt_name, names);
    ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static X509 *make_cert(EVP_PKEY *key, const char *host)
{
    X509 *cert = X509_new();
    BIGNUM *serial = BN_new();
    X509_NAME *name;
    const char *cn = host == NULL ? "localhost" : host;
    bool ok = cert != NULL && serial != NULL && BN_rand(serial, 127, 0, 0) == 1 &&
              BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL &&
              X509_set_version(cert, X509_VERSION_3) == 1 &&
              /* An hour back: the clock of the reader may be a little behind ours. */
              X509_gmtime_adj(X509_getm_notBefore(cert), -3600) != NULL &&
              X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * SELF_SIGNED_DAYS) != NULL &&
              X509_set_pubkey(cert, key) == 1;

    if (ok) {
        name = X509_get_subject_name(cert);
        ok = X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Mimamori",
                                        -1, -1, 0) == 1 &&
             X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1,
                                        -1, 0) == 1 &&
             X509_set_issuer_name(cert, name) == 1 && add_names(cert, host) &&
             X509_sign(cert, key, EVP_sha256()) > 0;
    }
    BN_free(serial);
    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

/* A new file that only we can read, or MM_E_EXISTS / MM_E_IO. */
static enum mm_code create_private(const char *path, FILE **ret)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f;

    if (fd < 0)
        return errno == EEXIST ? MM_E_EXISTS : MM_E_IO;
    f = fdopen(fd, "w");
    if (f == NULL) {
        (void)close(fd);
        return MM_E_NOMEM;
    }
    *ret = f;
    return MM_OK;
}

/* Flush, sync and close; false when the bytes may not be there. */
static bool finish(FILE *f)
{
    bool ok = fflush(f) == 0 && fsync(fileno(f)) == 0;

    return fclose(f) == 0 && ok;
}

static bool host_ok(const char *host)
{
    size_t n = strlen(host);

    if (n == 0 || n > HOST_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = host[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '.'))
            return false;
    }
    return true;
}

enum mm_code mm_tls_self_signed(const char *cert_path, const char *key_path, const char *host)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    FILE *f = NULL;
    enum mm_code code = MM_E_NOMEM;
    bool ok;

    MM_ASSERT(cert_path != NULL && key_path != NULL);
    if (host != NULL && !host_ok(host))
        host = NULL;
    key = EVP_EC_gen("P-256");
    cert = key == NULL ? NULL : make_cert(key, host);
    if (cert == NULL)
        goto out;
    /* The certificate last: where it stands, its key stands too. */
    code = create_private(key_path, &f);
    if (code != MM_OK)
        goto out;
    ok = PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1;
    if (!finish(f) || !ok) {
        code = MM_E_IO;
        goto out;
    }
    code = create_private(cert_path, &f);
    if (code != MM_OK)
        goto out;
    ok = PEM_write_X509(f, cert) == 1;
    if (!finish(f) || !ok)
        code = MM_E_IO;
out:
    X509_free(cert);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return code;
}

enum mm_code mm_tls_pin(const char *cert_path, char ret[MM_TLS_PIN])
{
    FILE *f = fopen(cert_path, "re");
    X509 *cert = f == NULL ? NULL : PEM_read_X509(f, NULL, NULL, NULL);
    unsigned char *key = NULL, digest[EVP_MAX_MD_SIZE];
    unsigned int digest_n = 0;
    int n = cert == NULL ? -1 : i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &key);
    bool ok = n > 0 && EVP_Digest(key, (size_t)n, digest, &digest_n, EVP_sha256(), NULL) == 1;

    static_assert(8 + 44 < MM_TLS_PIN, "a digest of 32 bytes in base64");
    if (ok) {
        memcpy(ret, "sha256//", 8);
        ok = EVP_EncodeBlock((unsigned char *)ret + 8, digest, (int)digest_n) == 44;
    }
    OPENSSL_free(key);
    X509_free(cert);
    if (f != NULL)
        (void)fclose(f);
    ERR_clear_error();
    return ok ? MM_OK : MM_E_CONFIG;
}

struct mm_tls_conn *mm_tls_conn_new(struct mm_tls *tls, int fd)
{
    struct mm_tls_conn *conn = calloc(1, sizeof(*conn));

    MM_ASSERT(tls != NULL && fd >= 0);
    if (conn == NULL)
        return NULL;
    conn->ssl = SSL_new(tls->ctx);
    if (conn->ssl == NULL || SSL_set_fd(conn->ssl, fd) != 1) {
        mm_tls_conn_free(&conn);
        return NULL;
    }
    SSL_set_accept_state(conn->ssl);
    return conn;
}

void mm_tls_conn_free(struct mm_tls_conn **conn)
{
    if (*conn == NULL)
        return;
    SSL_free((*conn)->ssl);
    free(*conn);
    *conn = NULL;
}

static enum mm_tls_step step_of(struct mm_tls_conn *conn, int rc)
{
    int err = SSL_get_error(conn->ssl, rc);

    ERR_clear_error();
    if (err == SSL_ERROR_WANT_READ)
        return MM_TLS_WANT_READ;
    if (err == SSL_ERROR_WANT_WRITE)
        return MM_TLS_WANT_WRITE;
    return err == SSL_ERROR_ZERO_RETURN ? MM_TLS_EOF : MM_TLS_FAILED;
}

enum mm_tls_step mm_tls_handshake(struct mm_tls_conn *conn)
{
    int rc = SSL_do_handshake(conn->ssl);

    return rc == 1 ? MM_TLS_OK : step_of(conn, rc);
}

enum mm_tls_step mm_tls_read(struct mm_tls_conn *conn, uint8_t *to, size_t size, size_t *ret_n)
{
    size_t n = 0;
    int rc;

    MM_ASSERT(size > 0);
    rc = SSL_read_ex(conn->ssl, to, size, &n);
    if (rc != 1)
        return step_of(conn, rc);
    *ret_n = n;
    return MM_TLS_OK;
}

enum mm_tls_step mm_tls_write(struct mm_tls_conn *conn, struct mm_slice s, size_t *ret_n)
{
    size_t n = 0;
    int rc;

    MM_ASSERT(s.n > 0);
    rc = SSL_write_ex(conn->ssl, s.p, s.n, &n);
    if (rc != 1)
        return step_of(conn, rc);
    *ret_n = n;
    return MM_TLS_OK;
}

void mm_tls_bye(struct mm_tls_conn *conn)
{
    if (SSL_is_init_finished(conn->ssl))
        (void)SSL_shutdown(conn->ssl);
    ERR_clear_error();
}
