/*
 * web/framing.h - is this byte stream one that every HTTP server reads the same way?
 *
 * Purpose   Watch the request bytes of one connection, before libmicrohttpd sees
 *           them, and refuse all that two programs could cut differently: request
 *           smuggling lives there. Libmicrohttpd 0.9.75 takes Content-Length beside
 *           Transfer-Encoding and conflicting Content-Lengths even when strict.
 *           Every request of a connection goes through, also pipelined ones.
 * Owns      Nothing; the caller owns the bytes.
 * Threads   One struct, one thread. No allocation, no I/O, no clock.
 * Trust     Input is hostile. Cost is linear in the bytes of a request.
 * Spec      RFC 9112, narrowed. Refused: bare LF or CR, NUL and controls, folded
 *           lines, blanks before the colon, more than one Content-Length, any
 *           Transfer-Encoding but one "chunked" in HTTP/1.1, both together, bodies on
 *           GET, HEAD, OPTIONS and TRACE, chunk extensions, trailers, no or two Hosts,
 *           versions other than 1.0 and 1.1, empty lines before a request, CONNECT.
 */
#ifndef MM_WEB_FRAMING_H
#define MM_WEB_FRAMING_H

#include "base/base.h"

enum {
    MM_FRAMING_MAX_HEAD = 16 * 1024, /* browsers send 1-2 KiB; cookies at most 4 KiB each */
    MM_FRAMING_MAX_LINE = 8 * 1024,  /* RFC 9112 3 asks for at least 8000 octets */
    MM_FRAMING_MAX_FIELDS = 100,     /* browsers send about 20 */
    MM_FRAMING_MAX_CHUNK_LINE = 10,  /* 8 hexadecimal digits and CR LF: chunks below 4 GiB */
};

enum mm_framing_state {
    MM_FRAMING_HEAD,       /* nothing of the next request is passed on before its head is whole */
    MM_FRAMING_BODY,       /* `left` bytes of a counted body */
    MM_FRAMING_CHUNK_LINE, /* size line of a chunk */
    MM_FRAMING_CHUNK_DATA, /* `left` bytes of it */
    MM_FRAMING_CHUNK_END,  /* its CR LF */
    MM_FRAMING_LAST_END,   /* CR LF after the chunk of size 0 */
};

struct mm_framing {
    enum mm_framing_state state;
    uint64_t left;
    uint64_t requests; /* heads passed so far */
    size_t scanned;    /* bytes of an unfinished head that need no second look */
};

/*
 * Look at `in`, the bytes that have arrived and not been taken yet, in order.
 *
 * MM_OK: the first *ret_take bytes are in order and may be passed on; 0 means that more input is
 * needed before anything can be said. Call again with the rest. Input of MM_FRAMING_MAX_HEAD
 * bytes always gets an answer other than 0.
 * MM_E_SYNTAX, MM_E_LIMIT, MM_E_VERSION: refused, *ret_take untouched, fault names the byte; the
 * stream must be closed, for where the next request begins is not known.
 */
MM_MUST_USE enum mm_code mm_framing_next(struct mm_framing *f, struct mm_slice in, size_t *ret_take,
                                         struct mm_fault *fault);

/* Whether the stream stands between two requests: every one begun was passed whole. */
static inline bool mm_framing_idle(const struct mm_framing *f)
{
    return f->state == MM_FRAMING_HEAD;
}

#endif
