/*
 * intake/bulk.h - the body of Elasticsearch's bulk requests, from bytes to documents.
 *
 * Purpose   Walk over the actions of a body: which one, and the document that belongs to it; and
 *           write the answer, which has a status for each.
 * Owns      Nothing. Documents borrow the body.
 * Threads   One walk, one thread.
 * Trust     Input is hostile. Cost is linear, no allocation, no recursion. A body is refused as a
 *           whole where documents and actions could be taken for each other.
 * Spec      Elastic's public reference, "Bulk API": lines that end with LF (also the last one), an
 *           action {"index":{...}}, {"create":{...}}, {"update":{...}} or {"delete":{...}}, behind
 *           all but the last its document on a line of its own. What stands in an action (_index,
 *           _id) is not looked at: where lines go is said by who sends. "update" and "delete" are
 *           met and refused one by one, so is an empty document; documents are not looked into.
 *           Fuzzed by bulk_fuzz.c.
 */
#ifndef MM_INTAKE_BULK_H
#define MM_INTAKE_BULK_H

#include "base/base.h"
#include "base/buf.h"
#include "base/rd.h"

enum {
    MM_BULK_ITEMS = 65536, /* of a request: senders make 50 to 10,000; bounds the answer (5 MiB) */
};

enum mm_bulk_op { MM_BULK_INDEX, MM_BULK_CREATE, MM_BULK_UPDATE, MM_BULK_DELETE, MM_BULK_OPS };

struct mm_bulk {
    struct mm_rd rd;
    size_t items; /* met so far */
};

struct mm_bulk_item {
    enum mm_bulk_op op;
    bool taken;               /* an "index" or "create" with a document */
    struct mm_slice document; /* without blanks and CR at its ends; empty with "delete" */
};

/* Begin with a whole body, which must outlive the walk. */
void mm_bulk_init(struct mm_bulk *b, struct mm_slice body);
/*
 * The next item into *ret. MM_E_NOTFOUND: there is no more. MM_E_SYNTAX, MM_E_LIMIT
 * (MM_BULK_ITEMS): the body is refused, fault (may be NULL) says at which byte; *ret is untouched
 * by all three.
 */
MM_MUST_USE enum mm_code mm_bulk_next(struct mm_bulk *b, struct mm_bulk_item *ret,
                                      struct mm_fault *fault);

/* Keep of an item what its answer needs: one byte. */
void mm_bulk_note(struct mm_buf *notes, const struct mm_bulk_item *item);
/* {"took":MS,"errors":false,"items":[{"create":{"status":201}},...]} of all that was noted. */
void mm_bulk_json(struct mm_slice notes, uint64_t took_ms, struct mm_buf *out);

#endif
