/*
 * base/hash.h - seeded hashing, CRC-32C, and a map from bytes to numbers.
 *
 * Purpose   Lookups keyed by foreign text without a flooding hole.
 * Owns      A map owns its table; keys are borrowed and must outlive the map
 *           (dup them into an arena that does).
 * Threads   One map, one writer; readers only while nobody writes.
 * Trust     Keys are hostile: the seed comes from getrandom in production.
 * Spec      SipHash-1-3 (Aumasson, Bernstein 2012); CRC-32C (RFC 3720 B.4).
 */
#ifndef MM_BASE_HASH_H
#define MM_BASE_HASH_H

#include "base/base.h"

struct mm_seed {
    uint64_t k0, k1;
};

uint64_t mm_hash(struct mm_seed seed, struct mm_slice s);
/* CRC-32C of s continued from crc (start with 0). */
uint32_t mm_crc32c(uint32_t crc, struct mm_slice s);

struct mm_map_slot;

struct mm_map {
    struct mm_map_slot *slot;
    size_t cap;   /* power of two, or 0 */
    size_t count; /* keys */
    size_t count_max;
    struct mm_seed seed;
};

/* An empty map of at most count_max keys. */
void mm_map_init(struct mm_map *m, struct mm_seed seed, size_t count_max);
void mm_map_done(struct mm_map *m);
/* The value of key, or NULL. Valid until the next _set. */
uint64_t *mm_map_get(const struct mm_map *m, struct mm_slice key);
/* Insert or replace. MM_E_LIMIT past count_max, MM_E_NOMEM; the map is untouched then. */
MM_MUST_USE enum mm_code mm_map_set(struct mm_map *m, struct mm_slice key, uint64_t value);
/* Walk: start with *at = 0; false when there are no more. */
bool mm_map_next(const struct mm_map *m, size_t *at, struct mm_slice *ret_key, uint64_t *ret_value);

#endif
