/*
 * text/doc.h - a document: data only, the one thing that pages and the API are made from.
 *
 * Purpose   A handler builds one tree of plain values; it is sent as JSON or rendered by a
 *           template, so that a page and its API can't say different things. `0`, "not
 *           measured", "not applicable" and "unknown" are different values here.
 * Owns      Nothing: nodes and copied texts live in the arena given to _new.
 * Threads   One document, one thread.
 * Trust     Texts may be hostile: they are copied, cleaned when written, never interpreted.
 *           When the arena is full nodes are left out and mm_doc_ok says so.
 */
#ifndef MM_TEXT_DOC_H
#define MM_TEXT_DOC_H

#include "base/arena.h"
#include "base/base.h"
#include "base/buf.h"

enum mm_doc_type {
    MM_DOC_NULL,
    MM_DOC_BOOL,
    MM_DOC_INT,
    MM_DOC_TEXT,
    MM_DOC_TIME,     /* microseconds UTC; RFC 3339 in JSON */
    MM_DOC_MEASURED, /* {"v": number} */
    MM_DOC_NONE,     /* {"v": null, "why": "not_measured"} */
    MM_DOC_ARRAY,
    MM_DOC_OBJECT,
};

struct mm_doc_root {
    struct mm_arena *arena;
    bool failed;
};

struct mm_doc {
    enum mm_doc_type type;
    struct mm_slice key;  /* in an object */
    struct mm_slice text; /* TEXT; NONE: why */
    int64_t i;            /* INT, TIME, MEASURED; BOOL: 0 or 1 */
    size_t n;             /* members of ARRAY and OBJECT */
    struct mm_doc *first, *last, *next;
    struct mm_doc_root *root;
};

/* An empty object that lives in the arena. Never NULL: without memory it is one that stays empty
 * and reports failure. */
struct mm_doc *mm_doc_new(struct mm_arena *arena);
/* Whether everything that was put below found memory. */
bool mm_doc_ok(const struct mm_doc *doc);

/* Members of object `at`, in the order put; key is text of ours that outlives the document. For an
 * array `at`, key is ignored and the value is appended. Foreign texts are copied. */
void mm_doc_text(struct mm_doc *at, const char *key, struct mm_slice v);
void mm_doc_str(struct mm_doc *at, const char *key, const char *v); /* NULL: puts null */
void mm_doc_int(struct mm_doc *at, const char *key, int64_t v);
void mm_doc_bool(struct mm_doc *at, const char *key, bool v);
void mm_doc_null(struct mm_doc *at, const char *key);
/* us <= 0 puts null: no such moment. */
void mm_doc_time(struct mm_doc *at, const char *key, int64_t us);
void mm_doc_measured(struct mm_doc *at, const char *key, int64_t v);
/* why: "not_measured", "not_applicable" or "unknown". */
void mm_doc_none(struct mm_doc *at, const char *key, const char *why);
struct mm_doc *mm_doc_array(struct mm_doc *at, const char *key);
struct mm_doc *mm_doc_object(struct mm_doc *at, const char *key);

/* The member of that name, or NULL. */
const struct mm_doc *mm_doc_get(const struct mm_doc *at, struct mm_slice key);
/* False for null, false, 0, the empty text, the empty array, and what is absent. */
bool mm_doc_truthy(const struct mm_doc *d);
/* Append as one line of JSON; texts are cleaned to valid UTF-8. */
void mm_doc_json(struct mm_buf *out, const struct mm_doc *d);

#endif
