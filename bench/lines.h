/*
 * bench/lines.h - lines of many devices for benches: 1,000 different ones each, made beforehand.
 *
 * Purpose   Four senders of every company of the pilot's world, each in its device's own format;
 *           1 line in 1,000 must alert.
 * Owns      The senders' texts, for the life of the process.
 * Threads   One.
 * Trust     Ours.
 */
#ifndef MM_BENCH_LINES_H
#define MM_BENCH_LINES_H

#include "base/buf.h"
#include "play/world.h"

enum {
    MM_LINES = 1000,      /* different lines of one sender, if nothing else is asked for */
    MM_LINES_SENDERS = 4, /* of one company */
    MM_LINES_SENDERS_MAX = MM_LINES_SENDERS * MM_WORLD_COMPANIES_MAX,
};

struct mm_lines_sender {
    uint32_t company; /* index into the world */
    enum mm_device device;
    struct mm_buf text; /* all lines, framed */
};

struct mm_lines {
    struct mm_world world;
    struct mm_lines_sender *sender;
    size_t senders;
    uint32_t each; /* different lines of one sender */
    uint64_t alerts, bytes;
};

/*
 * Make `each` of every sender. lf: every line ends with LF; else as the device frames (FortiGate
 * counts octets). False: no memory.
 */
MM_MUST_USE bool mm_lines_make(uint64_t seed, uint32_t companies, uint32_t each, bool lf,
                                 struct mm_lines *ret);

#endif
