/*
 * codec/cut.h - documents that hold many records, cut into these.
 *
 * Purpose   Exports do not keep to one record a line: lists of JSON objects, JSON objects over many
 *           lines, Windows events below <Events>. Whoever reads lines gets each record as one.
 * Owns      The record that is not whole yet, at most MM_MAX_LINE bytes.
 * Threads   One stream, one thread.
 * Trust     Input is hostile: cost is linear, depth is a counter, nothing ends the stream. Bytes
 * that belong to no record and to no list around them are counted, so that a first line which looks
 * like a document hides nothing unseen; outside a JSON document they are lines. Spec      JSON:
 * objects at the top, in a list at the top, or in a list that is the first member of an object at
 * the top, or one of a usual name behind members that are no objects
 *           ({"Records": [...]}, {"kind": "x", "items": [...]}); behind a list also at the top.
 *           XML: elements called Event.
 *           Fuzzed by cut_fuzz.c.
 */
#ifndef MM_CODEC_CUT_H
#define MM_CODEC_CUT_H

#include "base/base.h"
#include "base/limits.h"

enum mm_cut_kind { MM_CUT_LINES, MM_CUT_JSON, MM_CUT_XML };

enum { MM_CUT_HEAD = 512 }; /* bytes that decide how a stream is cut */

struct mm_cut {
    enum mm_cut_kind kind;
    size_t base;   /* JSON: depth at which objects are records */
    size_t depth;  /* JSON: open objects and lists */
    size_t open;   /* JSON: depth at which the record began */
    bool inside;   /* of a record */
    bool one_line; /* JSON: line ends in a record become blanks; to be set after mm_cut_init */
    bool string, escaped;
    bool line;     /* JSON: of a line that is in no document */
    bool found;    /* JSON: a record in this document */
    bool tag;      /* XML: of a tag outside records */
    bool astray;   /* since the last record: one place */
    bool cut;      /* the record is longer than it may be: its rest is thrown away */
    uint8_t *part; /* what is there of the record */
    size_t n;
    size_t held;      /* XML: bytes of part that may begin an element; of a tag: its length */
    uint64_t fed, at; /* bytes before this piece; the byte looked at */
    uint64_t began;   /* where the record did */
    uint64_t stray, stray_at; /* places that are not whole records; where the first one is */
};

/* record borrows the cutter until the call returns; cut: it was longer. */
typedef void mm_cut_emit(void *ctx, struct mm_slice record, bool cut);

/* How a stream that begins with these bytes (up to MM_CUT_HEAD) is cut. */
enum mm_cut_kind mm_cut_kind_of(struct mm_slice head);
/* Is it surely a list of JSON objects, to be cut as MM_CUT_JSON: at the top, or under one of the
 * usual names? Lines of a log that hold a list of their own are none. */
bool mm_cut_holds_records(struct mm_slice head);
/* kind: JSON or XML; head as above. MM_E_NOMEM. */
MM_MUST_USE enum mm_code mm_cut_init(struct mm_cut *c, enum mm_cut_kind kind, struct mm_slice head);
/* Safe on zeroes. */
void mm_cut_done(struct mm_cut *c);
/* Take all of `in`, hand out every whole record. */
void mm_cut_feed(struct mm_cut *c, struct mm_slice in, mm_cut_emit *emit, void *ctx);
/* The stream has ended: hand out what is there of a last record, marked as cut; c->stray is final.
 */
void mm_cut_end(struct mm_cut *c, mm_cut_emit *emit, void *ctx);

#endif
