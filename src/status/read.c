/* status/read.c - reading everything; see status.h for the contract. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/rd.h"
#include "base/time.h"
#include "job/job.h"
#include "model/intake_page.h"
#include "os/file.h"
#include "serve/state.h"
#include "status/status.h"
#include "store/spool/spool.h"

enum {
    STORE_MS = 3000,
    STORE_TEXT = 4096, /* two rows of numbers */
    READ_BYTES = 1024 * 1024,
};

const char *mm_status_state_name(enum mm_status_state s)
{
    static const char *const names[] = {"ok", "unknown", "warn", "bad"};

    MM_ASSERT((size_t)s < MM_COUNT(names));
    return names[s];
}

/* ---- intake ---- */

static void read_senders(const struct mm_intake_page *page, struct mm_arena *a, struct mm_status *s)
{
    size_t n = mm_min_size(atomic_load(&page->sources) + 1, MM_INTAKE_SOURCES);

    s->sender = mm_arena_array(a, n, sizeof(*s->sender));
    for (size_t i = 0; i < n && s->sender != NULL; i++) {
        const struct mm_intake_source *from = &page->source[i];

        if (atomic_load(&from->used) == 0)
            continue;
        s->sender[s->senders_n++] = (struct mm_status_sender){
            .company = atomic_load(&from->company),
            .source = atomic_load(&from->source),
            .connections = atomic_load(&from->connections),
            .bytes = atomic_load(&from->bytes),
            .truncated = atomic_load(&from->truncated),
            .resyncs = atomic_load(&from->resyncs),
            .repeated = atomic_load(&from->repeated),
            .refused = atomic_load(&from->refused),
            .over = atomic_load(&from->over),
            .held_back = atomic_load(&from->held_back),
            .held_back_us = atomic_load(&from->held_back_us),
        };
    }
}

static void read_intake(const char *state_dir, struct mm_arena *a, struct mm_status *s)
{
    char path[MM_MAX_PATH];
    const struct mm_intake_page *page;
    struct stat st;
    void *map = MAP_FAILED;
    int fd;

    if (mm_path_join(path, state_dir, MM_INTAKE_PAGE_NAME) != MM_OK)
        return;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size >= sizeof(*page))
        map = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        (void)close(fd);
    if (map == MAP_FAILED)
        return;
    page = mm_intake_page_of(mm_slice_of(map, sizeof(*page)));
    if (page != NULL) {
        s->intake_there = true;
        s->intake_state = atomic_load(&page->state);
        s->pending_bytes = atomic_load(&page->pending);
        s->commits = atomic_load(&page->commits);
        s->commit_max_us = atomic_load(&page->commit_max_us);
        s->damaged = atomic_load(&page->damaged);
        read_senders(page, a, s);
    }
    (void)munmap(map, sizeof(*page));
}

/* ---- queues ---- */

static void read_queue(struct mm_tx *tx, const char *spool, uint16_t queue,
                       struct mm_status_queue *ret)
{
    struct mm_spool_bounds bounds;
    struct mm_spool_reader *reader = NULL;
    struct mm_spool_record rec;
    uint64_t at = 1;
    size_t n = 0;

    *ret = (struct mm_status_queue){.queue = queue};
    if (mm_spool_bounds(spool, queue, &bounds) != MM_OK ||
        mm_triage_position(tx, queue, &at) != MM_OK)
        return;
    ret->bytes = bounds.bytes;
    ret->waiting = bounds.next > at ? bounds.next - at : 0;
    if (ret->waiting == 0)
        return;
    if (mm_spool_reader_open(spool, queue, at, &reader) == MM_OK &&
        mm_spool_read(reader, &rec, 1, READ_BYTES, &n) == MM_OK && n == 1)
        ret->oldest_us = rec.received_us;
    mm_spool_reader_close(&reader);
}

static void read_queues(const struct mm_status_options *o, struct mm_status *s)
{
    uint16_t queue[MM_STATUS_QUEUES_MAX];
    char spool[MM_MAX_PATH];
    size_t n;

    static_assert((int)MM_STATUS_QUEUES_MAX == (int)MM_SPOOL_QUEUES_READ, "all that are read");
    if (mm_path_join(spool, o->state_dir, "spool") != MM_OK)
        return;
    n = mm_min_size(mm_spool_queues(spool, queue, MM_COUNT(queue)), MM_COUNT(queue));
    for (size_t i = 0; i < n; i++)
        read_queue(o->tx, spool, queue[i], &s->queue[s->queues_n++]);
}

/* ---- the store ---- */

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

/* Lines of table, rows, bytes, oldest; tables that are empty are left out. */
static void sum_store(struct mm_slice text, struct mm_status *s)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_slice table, rows, bytes, oldest;
    uint64_t n, size;

    while (mm_rd_until(&rd, '\t', &table) && mm_rd_until(&rd, '\t', &rows) &&
           mm_rd_until(&rd, '\t', &bytes) && mm_rd_until(&rd, '\n', &oldest)) {
        if (!mm_slice_u64(rows, &n) || !mm_slice_u64(bytes, &size))
            return;
        s->store_rows += mm_slice_eq(table, MM_S("events")) ? n : 0;
        s->store_bytes += size;
    }
}

static void read_store(const struct mm_status_options *o, struct mm_status *s)
{
    char address[MM_MAX_PATH + 32];
    int n = snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock", o->state_dir);
    struct mm_events_client *client = NULL;
    struct mm_events_answer answer;
    struct mm_buf text;

    s->store_asked = o->ask_store;
    if (!o->ask_store || mm_events_new(mm_slice_of(address, (size_t)n), STORE_MS, &client) != MM_OK)
        return;
    mm_buf_init(&text, STORE_TEXT);
    if (mm_events_run(client, MM_ST_STORE_SIZE, NULL, 0, gather, &text, &answer) == MM_OK) {
        s->store_there = true;
        sum_store(mm_buf_slice(&text), s);
    }
    mm_buf_done(&text);
    mm_events_free(&client);
}

/* ---- the machine ---- */

static void read_disk(const struct mm_status_options *o, struct mm_status *s)
{
    struct statvfs fs;

    s->disk_days = -1;
    if (statvfs(o->state_dir, &fs) != 0)
        return;
    s->disk_size = (uint64_t)fs.f_blocks * fs.f_frsize;
    s->disk_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    s->disk_days = mm_status_disk_days(o->state_dir, o->now_us, s->disk_free);
}

static int read_clock(void)
{
    struct timex t = {0};
    int rc = adjtimex(&t);

    return rc < 0 ? -1 : rc == TIME_ERROR ? 0 : 1;
}

static int64_t changed_us(const char *state_dir, const char *name)
{
    char path[MM_MAX_PATH];
    struct stat st;

    if (mm_path_join(path, state_dir, name) != MM_OK || stat(path, &st) != 0)
        return 0;
    return (int64_t)st.st_mtim.tv_sec * MM_US_PER_S + st.st_mtim.tv_nsec / 1000;
}

/* Jobs that wait or were given up; of very many, MM_JOB_LIST_MAX. */
static enum mm_code read_jobs(struct mm_tx *tx, struct mm_arena *a, struct mm_status *s)
{
    struct mm_job_filter f = {.max = MM_JOB_LIST_MAX};
    struct mm_job_row *rows = NULL;
    size_t n = 0;
    enum mm_code code = mm_job_list(tx, &f, a, &rows, &n);

    for (size_t i = 0; code == MM_OK && i < n; i++) {
        s->jobs_failed += rows[i].state == MM_JOB_FAILED;
        s->jobs_waiting += rows[i].state != MM_JOB_FAILED && rows[i].not_before_us <= s->now_us;
    }
    return code;
}

/* Each program has a file of its own; no two measure the same. */
static void read_durations(const char *state_dir, struct mm_status *s)
{
    static const char *const names[] = {"run/engine.meters", "run/portal.meters"};
    struct mm_durations one[MM_METERS];
    char path[MM_MAX_PATH];

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        if (mm_path_join(path, state_dir, names[i]) != MM_OK || mm_meters_read(path, one) != MM_OK)
            continue;
        for (size_t m = 0; m < MM_METERS; m++) {
            for (size_t b = 0; b <= MM_METER_BOUNDS; b++)
                s->duration[m].count[b] += one[m].count[b];
            s->duration[m].sum_us += one[m].sum_us;
        }
    }
}

static void read_hits(const char *state_dir, struct mm_status *s)
{
    static const struct {
        const char *program, *path;
    } pages[MM_STATUS_HITS] = {{"intake", "run/intake.hits"}, {"portal", "run/portal.hits"}};
    char path[MM_MAX_PATH];

    for (size_t i = 0; i < MM_COUNT(pages); i++) {
        struct mm_status_hits *h = &s->hits[s->hits_n];

        h->program = pages[i].program;
        if (mm_path_join(path, state_dir, pages[i].path) == MM_OK &&
            mm_hits_read(path, &h->read) == MM_OK)
            s->hits_n++;
    }
}

enum mm_code mm_status_read(const struct mm_status_options *o, struct mm_arena *a,
                            struct mm_status *ret)
{
    struct mm_status *s = mm_arena_alloc(a, sizeof(*s)); /* 20 KB */
    char run[MM_MAX_PATH];
    enum mm_code code;

    MM_ASSERT(o->state_dir != NULL && o->tx != NULL);
    if (s == NULL)
        return MM_E_NOMEM;
    s->now_us = o->now_us;
    code = mm_health_list(o->tx, a, &s->source, &s->sources_n);
    if (code == MM_OK)
        code = read_jobs(o->tx, a, s);
    if (code == MM_OK)
        code = mm_path_join(run, o->state_dir, "run");
    if (code != MM_OK)
        return code;
    s->served = mm_vitals_read(run, &s->vitals) == MM_OK && mm_vitals_fresh(&s->vitals, o->now_us);
    read_intake(o->state_dir, a, s);
    read_hits(o->state_dir, s);
    read_queues(o, s);
    read_store(o, s);
    read_disk(o, s);
    read_durations(o->state_dir, s);
    s->clock = read_clock();
    s->backup_us = mm_state_moment(o->state_dir, MM_STATE_BACKUP);
    s->since_us = changed_us(o->state_dir, "VERSION");
    mm_status_lately(o->state_dir, s);
    *ret = *s;
    return MM_OK;
}
