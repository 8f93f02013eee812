/* engine/master_test.c - a shard may die, hang or be replaced: every record comes back once. */
#include "engine/master.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/time.h"
#include "tests/harness/test.h"

/* What the test's shards "parse": they write every body into the output, one per line. */
static void work(void *shard, struct mm_chunk *c)
{
    const char *prefix = shard;

    for (uint32_t i = c->done_n; i < c->records_n; i++) { /* goes on where a dead one stopped */
        const struct mm_chunk_rec *r = &c->rec[i];
        struct mm_slice body = mm_chunk_body(c, r);
        struct mm_slice mark = mm_slice_str((r->flags & MM_CHUNK_ASIDE) != 0 ? "aside" : prefix);

        atomic_store(&c->at, i);
        if ((r->flags & MM_CHUNK_ASIDE) == 0 && mm_slice_eq(body, MM_S("crash")))
            abort();
        while ((r->flags & MM_CHUNK_ASIDE) == 0 && mm_slice_eq(body, MM_S("hang"))) {
        }
        memcpy(c->out + c->out_n, mark.p, mark.n);
        c->out_n += (uint32_t)mark.n;
        memcpy(c->out + c->out_n, body.p, body.n);
        c->out_n += (uint32_t)body.n;
        c->out[c->out_n++] = '\n';
        c->done_n++;
        c->count[r->source_at].parsed++;
    }
}

static void *prepare(void *arg, bool whole)
{
    const char *path = arg;

    (void)whole;
    if (path != NULL && access(path, F_OK) == 0)
        return strdup("new:");
    return strdup("old:");
}

static void *start(void *prepared)
{
    return prepared;
}

static struct mm_chunk *wait_chunk(struct mm_ring *ring, int wake)
{
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    struct mm_chunk *c;

    while ((c = mm_ring_collect(ring)) == NULL) {
        struct pollfd pfd = {.fd = wake, .events = POLLIN};
        uint64_t n;

        CHECK(mm_mono_us() < until);
        if (poll(&pfd, 1, 100) > 0)
            (void)!read(wake, &n, sizeof(n));
    }
    return c;
}

static void fill(struct mm_ring *ring, const char *const *bodies, size_t n)
{
    struct mm_chunk *c = mm_ring_begin(ring, 0, 1);
    struct mm_chunk_source s = {.company = 1, .source = 7};

    CHECK(c != NULL);
    for (size_t i = 0; i < n; i++) {
        struct mm_chunk_rec r = {.seq = i + 1};
        CHECK(mm_chunk_add(c, &s, &r, mm_slice_str(bodies[i])));
    }
    mm_ring_submit(ring);
}

TEST(a_record_that_kills_its_shard_twice_is_set_aside_and_the_rest_goes_on)
{
    static const char *const bodies[] = {"a", "crash", "b", "hang", "c"};
    struct mm_shard_ops ops = {
        .prepare = prepare, .release = free, .start = start, .work = work, .hang_us = 200000};
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_master *m = NULL;
    struct mm_chunk *c;

    CHECK(mm_master_start(&ops, 2, wake, &m) == MM_OK);
    fill(mm_master_ring(m, 0), bodies, MM_COUNT(bodies));
    c = wait_chunk(mm_master_ring(m, 0), wake);
    CHECK_NUM(c->done_n, 5);
    CHECK_SLICE(mm_slice_of(c->out, c->out_n), "old:a\nasidecrash\nold:b\nasidehang\nold:c\n");
    CHECK_NUM(c->count[0].parsed, 5);
    CHECK_NUM(mm_master_stats(m)->deaths, 4);
    CHECK_NUM(mm_master_stats(m)->set_aside, 2);
    mm_ring_release(mm_master_ring(m, 0));
    mm_master_stop(&m);
    CHECK(m == NULL);
}

TEST(chunks_come_back_in_order_and_slots_are_bounded)
{
    struct mm_shard_ops ops = {.prepare = prepare, .release = free, .start = start, .work = work};
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_master *m = NULL;
    struct mm_ring *ring;
    uint64_t got = 0, sent = 0;

    CHECK(mm_master_start(&ops, 1, wake, &m) == MM_OK);
    ring = mm_master_ring(m, 0);
    while (got < 50) {
        struct mm_chunk *c;

        while (sent < 50 && (c = mm_ring_begin(ring, 0, sent)) != NULL) {
            struct mm_chunk_rec r = {.seq = sent};
            struct mm_chunk_source s = {.source = 1};
            CHECK(mm_chunk_add(c, &s, &r, MM_S("x")));
            mm_ring_submit(ring);
            sent++;
            CHECK(sent - got <= MM_RING_SLOTS);
        }
        c = wait_chunk(ring, wake);
        CHECK_NUM(c->batch, got);
        CHECK_SLICE(mm_slice_of(c->out, c->out_n), "old:x\n");
        mm_ring_release(ring);
        got++;
    }
    CHECK(mm_ring_idle(ring));
    mm_master_stop(&m);
}

TEST(a_reload_swaps_shards_between_chunks)
{
    char path[256];
    struct mm_shard_ops ops = {
        .prepare = prepare, .release = free, .start = start, .work = work, .arg = path};
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_master *m = NULL;
    static const char *const body[] = {"x"};
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    bool swapped = false;
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/new", mm_test_dir());
    CHECK(mm_master_start(&ops, 1, wake, &m) == MM_OK);
    f = fopen(path, "w");
    CHECK(f != NULL && fclose(f) == 0);
    mm_master_reload(m);
    while (!swapped) {
        struct mm_chunk *c;

        CHECK(mm_mono_us() < until);
        fill(mm_master_ring(m, 0), body, 1);
        c = wait_chunk(mm_master_ring(m, 0), wake);
        swapped = mm_slice_eq(mm_slice_of(c->out, c->out_n), MM_S("new:x\n"));
        CHECK(swapped || mm_slice_eq(mm_slice_of(c->out, c->out_n), MM_S("old:x\n")));
        mm_ring_release(mm_master_ring(m, 0));
    }
    CHECK_NUM(mm_master_stats(m)->generation, 2);
    CHECK_NUM(mm_master_stats(m)->deaths, 0);
    mm_master_stop(&m);
}

/* The first three shards cannot begin: as when memory is short. */
static void *start_late(void *prepared)
{
    const char *dir = prepared;
    char path[300];

    for (int i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof(path), "%s/try%d", dir, i);
        if (access(path, F_OK) != 0) {
            FILE *f = fopen(path, "w");

            CHECK(f != NULL && fclose(f) == 0);
            return NULL;
        }
    }
    return strdup("old:");
}

static void *prepare_dir(void *arg, bool whole)
{
    (void)whole;
    return strdup(arg);
}

TEST(a_shard_that_cannot_begin_blames_no_record)
{
    char dir[256];
    struct mm_shard_ops ops = {.prepare = prepare_dir,
                               .release = free,
                               .start = start_late,
                               .work = work,
                               .arg = dir,
                               .hang_us = 200000};
    static const char *const body[] = {"x"};
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_master *m = NULL;
    struct mm_chunk *c;

    (void)snprintf(dir, sizeof(dir), "%s", mm_test_dir());
    CHECK(mm_master_start(&ops, 1, wake, &m) == MM_OK);
    fill(mm_master_ring(m, 0), body, 1);
    c = wait_chunk(mm_master_ring(m, 0), wake);
    CHECK_SLICE(mm_slice_of(c->out, c->out_n), "old:x\n");
    CHECK_NUM(mm_master_stats(m)->deaths, 3);
    CHECK_NUM(mm_master_stats(m)->set_aside, 0);
    mm_master_stop(&m);
}

static void *refuse(void *arg, bool whole)
{
    (void)arg;
    (void)whole;
    return NULL;
}

TEST(a_first_preparation_that_fails_is_told_at_start)
{
    struct mm_shard_ops ops = {.prepare = refuse, .release = free, .start = start, .work = work};
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_master *m = NULL;

    CHECK(mm_master_start(&ops, 1, wake, &m) == MM_E_CONFIG && m == NULL);
}

/* What cannot be read whole while a file is there. */
static void *prepare_whole(void *arg, bool whole)
{
    if (access(arg, F_OK) != 0)
        return strdup("whole:");
    return whole ? NULL : strdup("part:");
}

static void put_file(const char *path)
{
    FILE *f = fopen(path, "w");

    CHECK(f != NULL && fclose(f) == 0);
}

/* The reload is over: the line of one more record says what is at work. */
static void reload(struct mm_master *m, int wake, bool behind, const char *wanted)
{
    static const char *const body[] = {"x"};
    const struct mm_master_stats *st = mm_master_stats(m);
    uint32_t before = atomic_load(&st->generation) + atomic_load(&st->refused);
    int64_t until = mm_mono_us() + 20 * MM_US_PER_S;
    bool is_there = false;

    mm_master_reload(m);
    while (atomic_load(&st->generation) + atomic_load(&st->refused) == before) {
        CHECK(mm_mono_us() < until);
        (void)poll(NULL, 0, 1);
    }
    while (!is_there) {
        struct mm_chunk *c;

        CHECK(mm_mono_us() < until);
        fill(mm_master_ring(m, 0), body, 1);
        c = wait_chunk(mm_master_ring(m, 0), wake);
        is_there = mm_slice_eq(mm_slice_of(c->out, c->out_n), mm_slice_str(wanted));
        mm_ring_release(mm_master_ring(m, 0));
    }
    CHECK(atomic_load(&st->behind) == behind);
}

TEST(what_is_not_whole_serves_only_until_there_is_something_whole)
{
    char path[256];
    struct mm_shard_ops ops = {
        .prepare = prepare_whole, .release = free, .start = start, .work = work, .arg = path};
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_master *m = NULL;

    (void)snprintf(path, sizeof(path), "%s/broken", mm_test_dir());
    put_file(path);
    CHECK(mm_master_start(&ops, 1, wake, &m) == MM_OK);
    CHECK(atomic_load(&mm_master_stats(m)->behind));
    reload(m, wake, true, "part:x\n");
    CHECK(unlink(path) == 0);
    reload(m, wake, false, "whole:x\n");
    put_file(path);
    reload(m, wake, true, "whole:x\n");
    CHECK_NUM(atomic_load(&mm_master_stats(m)->generation), 2);
    mm_master_stop(&m);
}

TEST(a_full_chunk_refuses_and_an_empty_one_takes_the_longest_record)
{
    static uint8_t big[MM_CHUNK_IN];
    int wake = eventfd(0, EFD_NONBLOCK);
    struct mm_ring *ring = NULL;
    struct mm_chunk *c;
    struct mm_chunk_rec r = {.seq = 1};
    struct mm_chunk_source s = {.source = 1};

    CHECK(mm_ring_new(wake, &ring) == MM_OK);
    c = mm_ring_begin(ring, 0, 0);
    CHECK(mm_chunk_add(c, &s, &r, mm_slice_of(big, sizeof(big))));
    CHECK(!mm_chunk_add(c, &s, &r, MM_S("x")));
    CHECK_NUM(c->records_n, 1);
    mm_ring_submit(ring);
    c = mm_ring_begin(ring, 0, 0);
    for (uint32_t i = 0; i < MM_CHUNK_SOURCES; i++) {
        s.source = i + 10;
        CHECK(mm_chunk_add(c, &s, &r, MM_S("")));
    }
    s.source = 9;
    CHECK(!mm_chunk_add(c, &s, &r, MM_S("")));
    mm_ring_free(&ring);
    CHECK(ring == NULL);
}
