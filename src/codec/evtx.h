/*
 * codec/evtx.h - Windows event log files (.evtx): records out of chunks, broken ones too.
 *
 * Purpose   Evidence that comes on a stick is read as it is, record by record, without Windows.
 * Owns      Nothing but the arenas of a struct mm_evtx; the file's bytes are the caller's.
 * Threads   One file, one thread.
 * Trust     Files are hostile and often damaged: every offset is checked, depth, elements and
 *           memory of a record are bounded, what cannot be read is reported and passed over.
 * Spec      libyal's libevtx, "Windows XML Event Log (EVTX) format"; Microsoft [MS-EVEN6] 2.2.12
 *           to 2.2.19 (BinXml). Checksums are CRC-32 (ISO 3309). Fuzzed by evtx_fuzz.c.
 */
#ifndef MM_CODEC_EVTX_H
#define MM_CODEC_EVTX_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/tree.h"

enum {
    MM_EVTX_CHUNK = 64 * 1024,
    MM_EVTX_HEAD = 4096,
    MM_EVTX_NAMES = 256, /* element names of a chunk that are kept as UTF-8 */
};

enum mm_evtx_kind {
    MM_EVTX_RECORD,
    MM_EVTX_BROKEN, /* something could not be read or is not what was written; more may follow */
    MM_EVTX_END,
};

struct mm_evtx_item {
    enum mm_evtx_kind kind;
    uint64_t chunk;  /* counted from 0 */
    uint64_t record; /* number of the record; of what is broken, 0 where none is known */
    size_t at;       /* offset in the file */
    int64_t written_us;
    const struct mm_tree
        *top;        /* of a record: holds one element, Event; valid until the next call */
    const char *why; /* of what is broken: "evtx.head", "evtx.chunk", "evtx.crc",
                        "evtx.record", "evtx.xml", "evtx.cut" */
};

struct mm_evtx_name {
    uint32_t at;
    struct mm_slice text;
};

struct mm_evtx {
    struct mm_slice file; /* what is at hand of it */
    size_t base;          /* where that begins in the file */
    uint64_t chunk;
    size_t pos, end; /* in the chunk; pos 0: it was not begun */
    bool head_told, lost;
    struct mm_arena record; /* the tree */
    struct mm_arena names;
    struct mm_buf text; /* of the value that is being written */
    struct mm_evtx_name name[MM_EVTX_NAMES];
    uint32_t crc[4][256];
};

/* Do these bytes begin like an event log file? */
bool mm_evtx_is(struct mm_slice first);
/* Begin to read a whole file (a mapping). A header that is damaged is told by the first item. */
void mm_evtx_init(struct mm_evtx *e, struct mm_slice file);
void mm_evtx_done(struct mm_evtx *e);
/*
 * Go on with other bytes of the same file: chunks from number `first`, whole ones but for a last
 * one that the file cuts. For files that are read piece by piece: _init gets the first MM_EVTX_HEAD
 * bytes, or nothing (file.p NULL: the header was looked at elsewhere).
 */
void mm_evtx_feed(struct mm_evtx *e, struct mm_slice chunks, uint64_t first);
/* The next record, or what is wrong; MM_EVTX_END at the end, until more is fed. */
void mm_evtx_next(struct mm_evtx *e, struct mm_evtx_item *ret);

#endif
