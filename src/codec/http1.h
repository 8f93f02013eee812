/*
 * codec/http1.h - HTTP/1.1 message framing, from bytes to head and body pieces.
 *
 * Purpose   One strict reader for both directions: the head as slices, then the body by
 *           Content-Length, by chunks, or until the peer closes. What could be read in two ways
 *           (request smuggling) is refused, never guessed.
 * Owns      Nothing. Slices in a head borrow the bytes it was parsed from.
 * Threads   Pure functions; a struct mm_http1_body belongs to one connection.
 * Trust     Input is hostile. Cost is linear in the bytes given, sizes are bounded.
 * Spec      RFC 9112. Stricter than it: bare LF, folded lines, several Content-Length fields (even
 *           equal ones), Content-Length beside Transfer-Encoding, any coding but chunked, blanks
 *           around a header name and HTTP/1.0 with Transfer-Encoding are refused.
 */
#ifndef MM_CODEC_HTTP1_H
#define MM_CODEC_HTTP1_H

#include "base/base.h"

enum {
    MM_HTTP1_HEAD_MAX = 32 * 1024,   /* all of a head; a search's URL with its parameters fits */
    MM_HTTP1_HEADERS_MAX = 64,       /* fields of a head; browsers send about 20 */
    MM_HTTP1_CHUNK_LINE_MAX = 256,   /* a chunk's size line with extensions nobody uses */
    MM_HTTP1_TRAILER_MAX = 4 * 1024, /* all trailer fields; they are checked and dropped */
};

enum mm_http1_kind { MM_HTTP1_REQUEST, MM_HTTP1_RESPONSE };
enum mm_http1_framing {
    MM_HTTP1_NO_BODY,
    MM_HTTP1_LENGTH,
    MM_HTTP1_CHUNKED,
    MM_HTTP1_UNTIL_CLOSE, /* responses only */
};

struct mm_http1_field {
    struct mm_slice name;  /* as sent; compare with mm_slice_ieq */
    struct mm_slice value; /* without blanks at its ends */
};

struct mm_http1_head {
    struct mm_slice method; /* request: token, at most 16 bytes */
    struct mm_slice target; /* request: printable ASCII, not decoded */
    uint16_t status;        /* response: 100..599 */
    bool keep_alive;        /* HTTP/1.1 without "Connection: close" */
    bool expect_continue;   /* request: "Expect: 100-continue" */
    uint8_t minor;          /* HTTP/1.minor, 0 or 1 */
    enum mm_http1_framing framing;
    uint64_t length; /* with MM_HTTP1_LENGTH: bytes of the body */
    size_t field_n;
    struct mm_http1_field field[MM_HTTP1_HEADERS_MAX];
};

/*
 * Look for the end of the head (its empty line) in what has arrived so far.
 *
 * *scan starts at 0 and remembers how far earlier calls have looked, so that a slow sender costs no
 * more than a quick one. Returns MM_OK and the head's length with its empty line, MM_E_MORE, or
 * MM_E_SYNTAX (bare LF or CR, control byte) / MM_E_LIMIT (longer than MM_HTTP1_HEAD_MAX).
 */
MM_MUST_USE enum mm_code mm_http1_head_end(struct mm_slice in, size_t *scan, size_t *ret_length,
                                           struct mm_fault *fault);

/*
 * Parse one whole head, its empty line included (see mm_http1_head_end).
 *
 * Returns MM_OK and fills *ret, or MM_E_SYNTAX / MM_E_LIMIT / MM_E_VERSION with *ret untouched.
 */
MM_MUST_USE enum mm_code mm_http1_head_parse(struct mm_slice head, enum mm_http1_kind kind,
                                             struct mm_http1_head *ret, struct mm_fault *fault);

/* The value of the first field of that name (ASCII case ignored), or NULL. */
const struct mm_slice *mm_http1_field(const struct mm_http1_head *head, struct mm_slice name);

struct mm_http1_body {
    enum mm_http1_framing framing;
    uint8_t state;      /* of the chunked reader */
    bool done;          /* the whole body was handed out */
    uint64_t left;      /* bytes of this chunk or of the body still to come */
    uint64_t total;     /* bytes handed out so far */
    uint64_t total_max; /* more than this is MM_E_LIMIT */
    uint32_t line;      /* bytes of the current size line or of the trailer */
};

/* Get ready to read the body of `head`, refusing more than total_max bytes of it. */
MM_MUST_USE enum mm_code mm_http1_body_init(struct mm_http1_body *body,
                                            const struct mm_http1_head *head, uint64_t total_max,
                                            struct mm_fault *fault);
/*
 * Take what can be taken from `in`.
 *
 * Returns MM_OK with *ret_used bytes consumed and *ret_data (may be empty) a piece of the body that
 * borrows `in`; call again with the rest until body->done or *ret_used is 0 (then more bytes are
 * needed). MM_E_SYNTAX / MM_E_LIMIT: the connection is beyond repair; outputs are untouched.
 * With MM_HTTP1_UNTIL_CLOSE `done` is never set here: the caller sees the close.
 */
MM_MUST_USE enum mm_code mm_http1_body_next(struct mm_http1_body *body, struct mm_slice in,
                                            size_t *ret_used, struct mm_slice *ret_data,
                                            struct mm_fault *fault);

#endif
