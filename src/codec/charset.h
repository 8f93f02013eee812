/*
 * codec/charset.h - the character sets that Japanese devices and programs write, as UTF-8.
 *
 * Purpose   Name them, tell them apart, decode them.
 * Owns      Nothing; tables of ours, so that a jailed process needs no files of iconv.
 * Threads   Pure functions.
 * Trust     Input is hostile; cost is linear, output at most 3 bytes for each byte read.
 * Spec      Code page 932 as Windows has it (NEC and IBM characters, user-defined ones as U+E000…),
 *           EUC-JP with the same rows (JIS X 0212 behind 0x8F is not read), ISO-2022-JP with
 *           JIS X 0208 and half-width kana (RFC 1468), UTF-16 (RFC 2781). Fuzzed by charset_fuzz.c.
 */
#ifndef MM_CODEC_CHARSET_H
#define MM_CODEC_CHARSET_H

#include "base/base.h"

enum mm_charset {
    MM_CS_UNKNOWN, /* nobody said; UTF-8 where it is valid */
    MM_CS_UTF8,
    MM_CS_CP932,
    MM_CS_EUC_JP,
    MM_CS_ISO_2022_JP,
    MM_CS_UTF_16LE,
    MM_CS_UTF_16BE,
    MM_CS_COUNT
};

#define MM_CHARSETS "utf-8, cp932, euc-jp, iso-2022-jp, utf-16le, utf-16be" /* for usage texts */

/* "cp932", "euc-jp" …; empty for MM_CS_UNKNOWN. */
struct mm_slice mm_charset_name(enum mm_charset cs);
/* By that name or a usual other one ("Shift_JIS", "sjis", "windows-31j", "eucjp", "jis"), in any
 * case; MM_CS_UNKNOWN when it is none. */
enum mm_charset mm_charset_find(struct mm_slice name);

/*
 * Decode into out, which holds `max` bytes; returns how many were written. Ends between characters.
 * *ret_whole is false when bytes were none of that set (U+FFFD stands there) or did not fit. A byte
 * order mark at the beginning is left out. cs is not MM_CS_UNKNOWN; UTF-8 is mended.
 */
size_t mm_charset_decode(enum mm_charset cs, struct mm_slice in, uint8_t *out, size_t max,
                         bool *ret_whole);

enum { MM_CHARSET_LEAN = 3 }; /* one odd line among those of another set changes nothing */

/* What was seen of a source's lines that left no choice. Starts with zero. */
struct mm_charset_seen {
    int8_t lean; /* above 0 they were CP932, below EUC-JP; at most MM_CHARSET_LEAN either way */
};

/* Nothing but ASCII: of such a line mm_charset_detect learns nothing. */
bool mm_charset_plain(struct mm_slice in);

/*
 * Which set is this line in? MM_CS_UTF8 when it is valid; ISO-2022-JP by its escapes; CP932 or
 * EUC-JP when only one of them has these bytes or reads like Japanese, else by what the source has
 * sent, else by which of both reads better. MM_CS_UNKNOWN when it is none of them, or UTF-8 but
 * for a character cut off at its end. *seen learns from lines that leave no choice.
 */
enum mm_charset mm_charset_detect(struct mm_slice in, struct mm_charset_seen *seen);

/*
 * Is this the beginning of a UTF-16 text, by its byte order mark or by the zero bytes of its
 * Latin letters? MM_CS_UTF_16LE, MM_CS_UTF_16BE or MM_CS_UNKNOWN. Give it a few hundred bytes.
 */
enum mm_charset mm_charset_utf16(struct mm_slice head);

/* A UTF-16 text in pieces: what a piece leaves undecided. Starts with .cs and zeroes. */
struct mm_utf16 {
    enum mm_charset cs;
    bool begun;
    uint8_t part[4]; /* half a unit, or a unit that wants its second */
    size_t n;
    bool damaged; /* a surrogate stood alone: U+FFFD */
};

/* Room that decoding a piece of n bytes needs. */
static inline size_t mm_utf16_room(size_t n)
{
    return (n / 2 + 2) * 3;
}

/* Decode a piece into out (mm_utf16_room bytes); returns how many bytes. */
size_t mm_utf16_feed(struct mm_utf16 *u, struct mm_slice in, uint8_t *out);

#endif
