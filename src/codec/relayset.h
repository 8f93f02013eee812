/*
 * codec/relayset.h - the settings of a relay, as its centre wrote and signed them.
 *
 * Purpose   What a relay listens to and which files it follows, from a text of lines.
 * Owns      Nothing: slices borrow the text.
 * Threads   Pure functions.
 * Trust     The text comes over the network: nothing of it counts before its signature was checked
 *           (codec/ext/crypt.h) over `body`. Linear, bounded.
 * Spec      Lines, each ended by LF, in this order:
 *               mimamori relay settings 1
 *               relay NUMBER
 *               serial NUMBER
 *               listen udp/PORT or tcp/PORT          (up to MM_RELAYSET_LISTEN)
 *               follow NUMBER PATH                   (1 to MM_RELAY_FILES, ascending)
 *               signature BASE64URL
 *           The signature is of all bytes before its line. Fuzzed by relayset_fuzz.c.
 */
#ifndef MM_CODEC_RELAYSET_H
#define MM_CODEC_RELAYSET_H

#include "base/base.h"
#include "base/buf.h"
#include "codec/relay.h"

enum {
    MM_RELAYSET_LISTEN = 8, /* a port for each kind of device, and some */
    MM_RELAYSET_PATH = 240, /* bytes of a followed path or pattern */
    MM_RELAYSET_MAX = 4096, /* bytes of the text */
};

struct mm_relayset {
    uint32_t relay;
    uint64_t serial;
    struct {
        enum mm_relay_via via;
        uint16_t port;
    } listen[MM_RELAYSET_LISTEN];
    size_t listen_n;
    struct mm_slice follow[MM_RELAY_FILES]; /* follow[0] is number 1; empty: none of that number */
    struct mm_slice body;                   /* what is signed */
    struct mm_slice signature;              /* as text */
};

/* MM_E_SYNTAX with the byte and what is wrong, MM_E_VERSION for another form, MM_E_LIMIT. */
MM_MUST_USE enum mm_code mm_relayset_parse(struct mm_slice text, struct mm_relayset *ret,
                                           struct mm_fault *fault);
/* "udp/514"; false for anything else. */
MM_MUST_USE bool mm_relayset_listen(struct mm_slice word, enum mm_relay_via *ret,
                                    uint16_t *ret_port);
/* May this be followed: absolute, no control signs, no blank, not longer than allowed. */
bool mm_relayset_path_ok(struct mm_slice path);
/*
 * The body of settings from what people entered: words of `listen`, words of `follow`, parted by
 * blanks or line ends. MM_E_SYNTAX with fault->what "relay.listen" or "relay.follow".
 */
MM_MUST_USE enum mm_code mm_relayset_write(uint32_t relay, uint64_t serial, struct mm_slice listen,
                                           struct mm_slice follow, struct mm_buf *out,
                                           struct mm_fault *fault);

#endif
