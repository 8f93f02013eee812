/*
 * engine/shard.h - what a shard does with a chunk: parse, match, write rows and alerts.
 *
 * Purpose   Stage A of the engine: no state but caches, so that any shard can do any chunk.
 * Owns      A prepared set owns formats and rules; a shard owns its scratch memory.
 * Threads   Each shard is a process of one thread.
 * Trust     Record bodies are hostile; the shard has no files and no network when it sees them.
 */
#ifndef MM_ENGINE_SHARD_H
#define MM_ENGINE_SHARD_H

#include "engine/master.h"

enum {
    /* Alerts of one rule and company in a chunk that carry the event itself and the rule's words:
     * one that matches everything must not fill the chunk, nor one company take them from another.
     * Behind them only logins that succeeded and the second of each entity do. All are counted, and
     * the event is in the store. */
    MM_SHARD_RULE_FULL = 100,
    MM_SHARD_LOADS =
        1024, /* rules and companies of a chunk of which that is known; beyond, all do */
    MM_SHARD_LOUD_MIN = 1000, /* records of a chunk before half of them are many */
    MM_SHARD_HITS_MAX = 64,   /* rules that one event may alert; more are counted */
    MM_SHARD_RULE_DIRS = 4,
    /* Room kept free at the end of the rows: one record's row with every field at its longest. */
    MM_SHARD_ROW_MAX = 2 * 1024 * 1024,
};

/* What shards are prepared from. Lives as long as the master. */
struct mm_shard_content {
    const char *formats_dir;
    const char *own_formats_dir; /* the operator's, read behind the others; NULL or absent: none */
    const char *rule_dirs[MM_SHARD_RULE_DIRS]; /* NULL ends them; one that is missing is no error */
    size_t rule_dirs_n;
    const char *tailor; /* file of what companies say about rules (engine/mirror.h); NULL: none */
};

/* The operations for mm_master_start; content is their arg. */
struct mm_shard_ops mm_shard_ops(const struct mm_shard_content *content);

#endif
