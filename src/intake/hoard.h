/*
 * intake/hoard.h - how much of the spool each company's lines take while the engine is away.
 *
 * Purpose   While the engine stands still the spool takes what comes, and one company's storm would
 *           fill the disk for all. So a company's lines that wait may take as much as is still
 *           free, and no more: one storm leaves half of the room, k storms together leave one part
 *           in k + 1, and who has sent little always finds room. Nobody's share is a number that
 *           has to be set, and companies that are quiet reserve nothing.
 * Owns      A fixed table: bytes by company and piece of the queue.
 * Threads   One lock holder at a time.
 * Trust     Numbers of companies and sizes only.
 * Spec      Dynamic thresholds after Choudhury and Hahne, "Dynamic Queue Length Thresholds for
 *           Shared-Memory Packet Switches", IEEE/ACM Transactions on Networking 6(2), 1998, with
 *           alpha = 1.
 */
#ifndef MM_INTAKE_HOARD_H
#define MM_INTAKE_HOARD_H

#include "base/base.h"

enum {
    MM_HOARD_COMPANIES = 4097, /* MM_INTAKE_SOURCES and one for the rest */
    /* Pieces of the queue that are told apart: what the engine has done of one of them still counts
     * until it has done all of it, so a company waits for 1/16 of the queue too long at most. */
    MM_HOARD_PIECES = 32,
    MM_HOARD_GRAIN = 1024 * 1024, /* bytes of a piece; twice as many whenever there are too many */
};

struct mm_hoard;

MM_MUST_USE enum mm_code mm_hoard_new(struct mm_hoard **ret);
void mm_hoard_free(struct mm_hoard **hoard);
/* So many bytes may still be written into the spool; before the first call nobody waits. */
void mm_hoard_room(struct mm_hoard *hoard, uint64_t bytes);
/* The line with this number, of company number `at` (an index of the caller's), was taken. */
void mm_hoard_add(struct mm_hoard *hoard, size_t at, uint64_t seq, size_t bytes);
/* The engine has done everything below `done`. */
void mm_hoard_done(struct mm_hoard *hoard, uint64_t done);
/* Does this company hold more than what is still free? */
bool mm_hoard_over(const struct mm_hoard *hoard, size_t at);
/* Bytes that wait: of one company, and of all. */
uint64_t mm_hoard_held(const struct mm_hoard *hoard, size_t at);
uint64_t mm_hoard_all(const struct mm_hoard *hoard);

#endif
