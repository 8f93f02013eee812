/*
 * codec/cef.h - ArcSight Common Event Format: a header of seven parts, then key=value pairs.
 *
 * Purpose   What many security products send when they are told to send "CEF". The header is
 *           split here; pairs are handed out one at a time; labels (cs1Label) are collected so
 *           that a caller can call a value by what its sender calls it.
 * Owns      Nothing: everything borrows the input. mm_cef_unescape makes plain text.
 * Threads   Pure functions: no state, no allocation but the passed arena, no I/O.
 * Trust     Input is hostile: cost is linear.
 * Spec      Common Event Format, versions 0 and 1 (ArcSight, "Implementing ArcSight CEF",
 *           revision 25). Beyond it: keys may hold _ . - [ ]; pairs may be parted by tabs; a
 *           backslash before any other byte than the spec's is text, because senders write
 *           Windows paths as they are. Fuzzed by cef_fuzz.c.
 */
#ifndef MM_CODEC_CEF_H
#define MM_CODEC_CEF_H

#include "base/arena.h"
#include "base/base.h"

enum {
    /* Bytes before "CEF:": what relays put between a syslog header and the message. */
    MM_CEF_MAX_FRONT = 256,
    /* Labels of one record: 21 in the specification's dictionary, devices number theirs on. */
    MM_CEF_MAX_LABELS = 32,
};

/* The parts of the header in the order they stand there. */
enum mm_cef_part {
    MM_CEF_VERSION,
    MM_CEF_VENDOR,
    MM_CEF_PRODUCT,
    MM_CEF_DEVICE_VERSION,
    MM_CEF_CLASS,
    MM_CEF_NAME,
    MM_CEF_SEVERITY,
    MM_CEF_PARTS
};

struct mm_cef {
    struct mm_slice part[MM_CEF_PARTS]; /* trimmed; raw when `escaped` */
    bool escaped[MM_CEF_PARTS];
    struct mm_slice extension; /* the pairs; empty when there are none */
};

struct mm_cef_walk {
    struct mm_slice in;
    size_t pos;
    size_t key;   /* where the next pair's key begins, in.n when there is none */
    size_t value; /* behind its `=` */
    size_t slash; /* no backslash stands in front of this offset that is not read yet */
};

struct mm_cef_pair {
    struct mm_slice key;
    struct mm_slice value; /* trimmed; raw when `escaped` */
    bool escaped;
};

/* What the sender calls the value of a key: "cs1" is "Policy Name". */
struct mm_cef_label {
    struct mm_slice key;
    struct mm_slice name; /* raw */
};

/*
 * Split the header of one record, which may begin up to MM_CEF_MAX_FRONT bytes into the input. The
 * severity may be the end of it. MM_E_SYNTAX names the byte and leaves *ret untouched.
 */
MM_MUST_USE enum mm_code mm_cef_parse(struct mm_slice in, struct mm_cef *ret,
                                      struct mm_fault *fault);
/* Walk an extension. Returns how many bytes stand in front of its first key: text that is no pair.
 */
size_t mm_cef_walk(struct mm_cef_walk *walk, struct mm_slice extension);
/* The next pair; false at the end. */
MM_MUST_USE bool mm_cef_next(struct mm_cef_walk *walk, struct mm_cef_pair *ret);
/* Labels (keys such as cs1Label: "Label" behind a digit) of an extension, at most
 * MM_CEF_MAX_LABELS, empty ones left out; returns their count. */
size_t mm_cef_labels(struct mm_slice extension, struct mm_cef_label ret[MM_CEF_MAX_LABELS]);
/* Does this key carry a label? Then its value is a name and nothing else. */
bool mm_cef_is_label(struct mm_slice key);
/* The text without escapes: `\n` and `\r` are line ends, `\\`, `\|` and `\=` their second byte.
 * False when the arena is full; *ret is untouched then. */
MM_MUST_USE bool mm_cef_unescape(struct mm_arena *arena, struct mm_slice raw, struct mm_slice *ret);

#endif
