/*
 * hunt/packed.h - members of archives are read as files are.
 *
 * Purpose   Evidence that came as zip, 7-Zip, tar.gz or .gz needs no unpacking by hand.
 * Owns      Nothing.
 * Threads   As worker.h.
 * Trust     As codec/ext/archive.h. What comes out of an archive is bounded by its size.
 */
#ifndef MM_HUNT_PACKED_H
#define MM_HUNT_PACKED_H

#include "codec/ext/archive.h"
#include "hunt/worker_priv.h"

enum {
    MM_PACKED_MEMBERS_MAX = 200 * 1000, /* files of one archive; a collection of a PC has 50,000 */
    /* What comes out of one archive at most: the larger of a multiple of its size and a floor. Text
     * packs to a twentieth, event logs that are mostly empty to a hundredth, nothing by deflate to
     * less than a thousandth. */
    MM_PACKED_RATIO_MAX = 1000,
    MM_PACKED_FLOOR = 256 * 1024 * 1024,
};

/* All members of the archive that the feed holds (`source` reads the same bytes, from their
 * beginning); each is a file of its own in the frames. */
enum mm_hunt_state mm_hunt_read_packed(struct mm_hunt_worker *w, uint32_t part,
                                       const struct mm_archive_source *source, uint64_t size);

#endif
