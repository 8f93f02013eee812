/*
 * app/play_enrol.h - the main job's companies in the register.
 *
 * Purpose   Programme, companies, sites, devices, sources, posts and contacts of a made-up world,
 *           as an operator would enter them, from content/pilot.yaml and the world.
 * Owns      The list of what was entered; _done gives it back.
 * Threads   One.
 * Trust     Content is ours.
 */
#ifndef MM_APP_PLAY_ENROL_H
#define MM_APP_PLAY_ENROL_H

#include "play/world.h"
#include "store/records/records.h"

struct mm_enrolled {
    uint32_t programme;
    uint32_t company[MM_WORLD_COMPANIES_MAX];
    uint32_t source[MM_WORLD_COMPANIES_MAX][MM_DEV_COUNT]; /* 0: no such device */
    char report_place[128];
    char report_text[1024];
};

/* The loopback address that a device sends from: its source is bound to it. At least 16 bytes. */
void mm_enrol_address(uint32_t company, enum mm_device device, char ret[16]);

/*
 * Enter everything. MM_E_EXISTS when a programme "pilot" is there already: a world is played once
 * into one state directory. Errors of the content file go to stderr with their line.
 */
MM_MUST_USE enum mm_code mm_enrol(struct mm_records *records, const char *content_file,
                                  const struct mm_world *world, struct mm_enrolled *ret);

#endif
