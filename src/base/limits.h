/*
 * base/limits.h - limits that several modules share, each with its reason.
 *
 * Purpose   One place for sizes that must agree. A limit of one format lives
 *           beside that format instead.
 * Owns      Nothing.
 * Threads   Constants only.
 * Trust     Everything read from outside is held against one of these.
 */
#ifndef MM_BASE_LIMITS_H
#define MM_BASE_LIMITS_H

enum {
    /* One log record. RFC 5425 asks for 8 KiB; Windows script blocks reach 32 KiB UTF-16,
     * which JSON escaping can double. What is longer is cut here and marked as cut. */
    MM_MAX_LINE = 64 * 1024,
    /* Bytes readable behind every record the spool hands out: simdjson reads that far. */
    MM_PADDING = 64,
    /* Fields of one event beyond the fixed ones; the widest public Windows event has 58. */
    MM_MAX_EXTRA = 96,
    /* Length of a field name; longest in the Sigma corpus is 57. */
    MM_MAX_FIELD_NAME = 128,
    /* A path of ours: sockaddr_un holds 107, the rest is checked where it is used. */
    MM_MAX_PATH = 1024,
};

#endif
