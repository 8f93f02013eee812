/*
 * web/multipart.h - forms that carry files: multipart/form-data, piece by piece.
 *
 * Purpose   Take a body apart into parts (a name, perhaps a file name) and their bytes, whole or
 *           as it comes from the network. The library in front has a reader of its own, which had
 *           to be mended twice for reading beside its buffer (CVE-2021-3466, CVE-2023-27371), and
 *           which cannot be fuzzed without a connection.
 * Owns      Nothing: pieces borrow the input.
 * Threads   One struct, one thread. No allocation, no I/O, no clock.
 * Trust     Input is hostile. Names are any bytes but controls and '"'; data are any bytes. Cost is
 *           linear in the input.
 * Spec      RFC 7578 and RFC 2046 5.1.1 as browsers and curl write them (WHATWG: a '"' in a name
 *           comes as %22, and stays so here), narrowed: nothing before the first boundary, no
 *           blanks behind one, no folded header lines, every part has a name. What stands behind
 *           the last boundary is not read. filename* is none (RFC 7578 4.2).
 */
#ifndef MM_WEB_MULTIPART_H
#define MM_WEB_MULTIPART_H

#include "base/base.h"

enum {
    MM_MULTIPART_MAX_BOUNDARY = 70, /* RFC 2046 5.1.1 */
    MM_MULTIPART_MAX_HEAD = 4096,   /* of one part: a long file name, percent-encoded */
    MM_MULTIPART_MAX_PARTS = 100,   /* a form of ours has about ten fields */
    /* So much input always gets an answer other than MM_E_MORE. */
    MM_MULTIPART_ENOUGH = MM_MULTIPART_MAX_HEAD + MM_MULTIPART_MAX_BOUNDARY + 8,
};

enum mm_multipart_kind {
    MM_MULTIPART_PART, /* a part begins: name, and for a file its name */
    MM_MULTIPART_DATA, /* bytes of the part, as far as they are there */
    MM_MULTIPART_END,  /* there are no more parts */
};

struct mm_multipart {
    uint8_t mark[4 + MM_MULTIPART_MAX_BOUNDARY]; /* CR LF "--" boundary */
    size_t mark_n;
    size_t parts;
};

struct mm_multipart_piece {
    enum mm_multipart_kind kind;
    bool file; /* PART: it has a file name, which is empty when none was chosen */
    struct mm_slice name, file_name;
    struct mm_slice data;
};

/*
 * Begin with the value of the header Content-Type. MM_E_NOTFOUND: it is another type; MM_E_SYNTAX:
 * no boundary, or one that cannot be one. *ret is untouched then.
 */
MM_MUST_USE enum mm_code mm_multipart_begin(struct mm_slice content_type, struct mm_multipart *ret);

/*
 * Look at `in`, the bytes that have not been taken yet, in order. MM_OK: *ret is the next piece and
 * *ret_take bytes of `in` are done with (all data of a part come as one piece when all of it and
 * the boundary behind it are in `in`). MM_E_MORE: it needs more input; of a body that is whole it
 * means that the end is missing. MM_E_SYNTAX, MM_E_LIMIT: refused, fault names the byte. Outputs
 * are untouched unless MM_OK. Not to be called behind MM_MULTIPART_END.
 */
MM_MUST_USE enum mm_code mm_multipart_next(struct mm_multipart *m, struct mm_slice in,
                                           size_t *ret_take, struct mm_multipart_piece *ret,
                                           struct mm_fault *fault);

#endif
