/*
 * store/records/records_priv.h - what struct mm_records is made of; store/records only.
 *
 * Purpose   Shared by records.c (open, snapshots) and writer.c (the writer thread).
 * Owns      Everything in struct mm_records.
 * Threads   `mutex` guards pool, readers and watch; writer.mutex guards the writer's queue and
 *           figures; the rest is fixed after opening.
 * Trust     See records.h.
 */
#ifndef MM_STORE_RECORDS_RECORDS_PRIV_H
#define MM_STORE_RECORDS_RECORDS_PRIV_H

#include <pthread.h>

#include "base/limits.h"
#include "store/records/tx.h"

struct mm_writer_job;

struct mm_writer {
    pthread_mutex_t mutex;
    pthread_cond_t wake; /* something waits, or stop */
    pthread_cond_t told; /* outcomes are known */
    pthread_t thread;
    bool started;
    bool stop;
    struct mm_writer_job *head, *tail;
    size_t waiting;
    struct mm_tx *tx; /* the writer thread's alone */
    struct mm_records_stats stats;
    char error[256];
};

struct mm_records {
    char path[MM_MAX_PATH];
    int lock_fd;
    const struct mm_feature *features[MM_FEATURES_MAX];
    size_t feature_count;
    pthread_mutex_t mutex;
    struct mm_tx *pool[MM_TX_WRITER]; /* idle readers by kind */
    size_t readers;                   /* snapshots open now */
    struct mm_db *watch;
    struct mm_db_stmt *watch_stmt;
    struct mm_writer writer;
};

void mm_writer_init(struct mm_writer *w);
/* Finishes the queue, ends the thread, frees what it had. */
void mm_writer_done(struct mm_records *rec);

#endif
