/*
 * web/tls.h - TLS for a listening program, over non-blocking sockets.
 *
 * Purpose   The only file that knows OpenSSL: a server context from certificate
 *           files, one session a connection, and a self-signed certificate for
 *           the first start.
 * Owns      A context owns its key; a session owns nothing of the socket: who
 *           opened the descriptor closes it.
 * Threads   A context may serve many threads once open; a session is one thread's.
 * Trust     The peer is hostile. TLS 1.2 and 1.3 only, no renegotiation, no
 *           compression, server's choice among ciphers with forward
 *           secrecy and authentication; ALPN offers http/1.1.
 */
#ifndef MM_WEB_TLS_H
#define MM_WEB_TLS_H

#include "base/base.h"

struct mm_tls;
struct mm_tls_conn;

enum mm_tls_step {
    MM_TLS_OK,
    MM_TLS_WANT_READ,  /* call again when the socket is readable */
    MM_TLS_WANT_WRITE, /* call again when it is writable */
    MM_TLS_EOF,        /* the peer ended the session in order */
    MM_TLS_FAILED,
};

/*
 * Read certificate chain and key (PEM). MM_E_CONFIG when a file can't be read, is no PEM, or the
 * key does not belong to the certificate; fault->what says which.
 */
MM_MUST_USE enum mm_code mm_tls_open(const char *cert_path, const char *key_path,
                                     struct mm_tls **ret, struct mm_fault *fault);
void mm_tls_close(struct mm_tls **tls);

/*
 * Make a P-256 key and a self-signed certificate for `host` (may be NULL), localhost, 127.0.0.1
 * and ::1. Both files are created 0600 and never overwritten: MM_E_EXISTS when one is there.
 */
MM_MUST_USE enum mm_code mm_tls_self_signed(const char *cert_path, const char *key_path,
                                            const char *host);

enum { MM_TLS_PIN = 64 }; /* "sha256//", 44 signs, and a NUL */
/* The public key of a certificate file (its first), as libcurl pins it. MM_E_CONFIG. */
MM_MUST_USE enum mm_code mm_tls_pin(const char *cert_path, char ret[MM_TLS_PIN]);

/* A server session on a connected non-blocking socket; NULL when out of memory. */
struct mm_tls_conn *mm_tls_conn_new(struct mm_tls *tls, int fd);
void mm_tls_conn_free(struct mm_tls_conn **conn);
/* Go on with the handshake; MM_TLS_OK when it is done. */
enum mm_tls_step mm_tls_handshake(struct mm_tls_conn *conn);
/* Read 1..size bytes. *ret_n is set with MM_TLS_OK only. */
enum mm_tls_step mm_tls_read(struct mm_tls_conn *conn, uint8_t *to, size_t size, size_t *ret_n);
/* Write some of s (not empty). *ret_n is set with MM_TLS_OK only. */
enum mm_tls_step mm_tls_write(struct mm_tls_conn *conn, struct mm_slice s, size_t *ret_n);
/* Tell the peer that nothing more comes; never waits. */
void mm_tls_bye(struct mm_tls_conn *conn);

#endif
