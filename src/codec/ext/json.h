/*
 * codec/ext/json.h - one JSON document as a flat list of checked items (over simdjson).
 *
 * Purpose   The hot path for logs: simdjson finds the structure at memory speed, a strict walker
 *           in C checks the grammar and lists every member in document order.
 * Owns      A parser object owns its index and items; a document is valid until the next parse
 *           with the same object. Texts borrow the input, or the arena where escapes had to be
 *           resolved, so they outlive the parser's next document.
 * Threads   One parser object, one thread.
 * Trust     Input is hostile: depth, items and size are bounded, cost is linear, nothing is read
 *           behind the input (no padding is needed). A document is refused whole: invalid UTF-8,
 *           raw control characters, trailing text, numbers that are not JSON. Repeated keys are
 *           listed twice. A surrogate escape without its partner becomes U+FFFD.
 * Spec      RFC 8259; a leading byte order mark is skipped. Fuzzed by json_fuzz.c.
 */
#ifndef MM_CODEC_EXT_JSON_H
#define MM_CODEC_EXT_JSON_H

#include "base/arena.h"
#include "base/base.h"
#include "base/work.h"

enum {
    MM_JSON_MAX_DEPTH = 24,   /* EVE reaches 7, Microsoft 365 events 9 */
    MM_JSON_MAX_ITEMS = 8192, /* widest public event: 340; a 64 KiB line of [0,0,… has 32,768 */
    MM_JSON_MAX_SIZE = 16 * 1024 * 1024, /* largest parser object: documents, not log lines */
};

enum mm_json_type {
    MM_JSON_NULL,
    MM_JSON_FALSE,
    MM_JSON_TRUE,
    MM_JSON_NUMBER,
    MM_JSON_STRING,
    MM_JSON_OBJECT,
    MM_JSON_ARRAY,
};

struct mm_json_item {
    struct mm_slice key;  /* name in an object, unescaped; empty in arrays and at the root */
    struct mm_slice text; /* string: unescaped; number, true, false, null: as written; object and
                             array: their whole source text */
    uint32_t end;         /* index behind this item and all that it contains */
    uint8_t type;         /* enum mm_json_type */
    uint8_t depth;        /* 0 for the root */
};

/* Items in document order: a container stands before its members. item[0] is the root. */
struct mm_json_doc {
    const struct mm_json_item *item;
    size_t n;
};

struct mm_json;

/* A parser for documents of at most size_max bytes (<= MM_JSON_MAX_SIZE); NULL without memory. */
struct mm_json *mm_json_new(size_t size_max);
void mm_json_free(struct mm_json **j);

/*
 * Read one document that fills `in` (white space around it is allowed).
 *
 * MM_OK fills *ret. MM_E_SYNTAX: not JSON or not UTF-8; MM_E_LIMIT: larger or deeper than the
 * bounds above; MM_E_NOMEM: the arena is full. *ret is untouched then and fault (may be NULL)
 * names the byte.
 */
MM_MUST_USE enum mm_code mm_json_parse(struct mm_json *j, struct mm_slice in,
                                       struct mm_arena *arena, struct mm_json_doc *ret,
                                       struct mm_fault *fault);

/*
 * As mm_json_parse, of a document that may cost no more than `work` (may be NULL) has left: each
 * bracket, comma, colon and scalar costs. MM_E_LIMIT when that is too little.
 */
MM_MUST_USE enum mm_code mm_json_parse_within(struct mm_json *j, struct mm_slice in,
                                              struct mm_work *work, struct mm_arena *arena,
                                              struct mm_json_doc *ret, struct mm_fault *fault);

/* The first member of the object at index `object` with that key, or NULL; objects only. */
const struct mm_json_item *mm_json_get(const struct mm_json_doc *doc, size_t object,
                                       struct mm_slice key);
/* Index of an item of this document. */
static inline size_t mm_json_index(const struct mm_json_doc *doc, const struct mm_json_item *it)
{
    MM_ASSERT(it >= doc->item && it < doc->item + doc->n);
    return (size_t)(it - doc->item);
}
static inline bool mm_json_is_scalar(const struct mm_json_item *it)
{
    return it->type < MM_JSON_OBJECT;
}

#endif
