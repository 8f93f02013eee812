/* hunt/hunt.c - children, and what they tell; see hunt.h for the contract. */
#include "hunt/hunt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/time.h"
#include "os/log.h"
#include "os/sandbox.h"

/* Address space of a reader: rules, formats, an arena, and what libarchive takes for dictionaries.
 */
#define READER_MEMORY (UINT64_C(3) * 1024 * 1024 * 1024)

enum {
    PIPE_SIZE = 1024 * 1024,
    READ_SIZE = 256 * 1024,
    TICK_MS = 100,
    /* Seconds of a processor that a reader may take: rules read 10 MB a second where they are slow,
     * an archive of text holds 20 times its size. */
    READER_SECONDS = 120,
    READER_SECONDS_MB = 10,
};

struct mm_hunt_child {
    pid_t pid; /* 0: free */
    int fd;
    struct mm_hunt_unit unit;
    uint32_t part; /* being read, counted in the unit */
    uint32_t file; /* being read: of the part, or a member of it */
    bool begun, done, lying;
    struct mm_buf in;
};

static size_t cores(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return (size_t)CPU_COUNT(&set);
}

enum mm_code mm_hunt_init(struct mm_hunt *h, const struct mm_hunt_rules *rules, unsigned children,
                          const char *tmp)
{
    enum mm_code c;

    *h = (struct mm_hunt){.rules = *rules};
    h->child_max = children > 0 ? children : cores();
    h->child_max = mm_min_size(h->child_max, MM_HUNT_CHILDREN_MAX);
    mm_hunt_plan_init(&h->plan);
    c = mm_tally_init(&h->tally, rules->set);
    if (c == MM_OK)
        c = mm_hits_init(&h->hits, tmp);
    if (c != MM_OK)
        return c;
    h->worker = mm_hunt_worker_new(rules);
    h->child = calloc(h->child_max, sizeof(*h->child));
    h->broken = calloc(MM_HUNT_BROKEN_MAX, sizeof(*h->broken));
    if (h->worker == NULL || h->child == NULL || h->broken == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < h->child_max; i++)
        mm_buf_init(&h->child[i].in, 2 * (size_t)MM_HF_MAX + READ_SIZE);
    return MM_OK;
}

void mm_hunt_done(struct mm_hunt *h)
{
    for (size_t i = 0; h->child != NULL && i < h->child_max; i++)
        mm_buf_done(&h->child[i].in);
    free(h->child);
    free(h->broken);
    mm_hunt_worker_free(&h->worker);
    mm_hits_done(&h->hits);
    mm_tally_done(&h->tally);
    mm_hunt_plan_done(&h->plan);
}

/* ---- starting ---- */

/* Whatever is no pipe comes to an end. */
static void limit_time(const struct mm_hunt_task *task, size_t n)
{
    struct rlimit lim = {.rlim_cur = READER_SECONDS};

    for (size_t i = 0; i < n; i++) {
        if (lseek(task[i].fd, 0, SEEK_CUR) < 0)
            return;
        lim.rlim_cur += (task[i].to - task[i].from) / 1000000 * READER_SECONDS_MB;
    }
    lim.rlim_max = lim.rlim_cur;
    (void)setrlimit(RLIMIT_CPU, &lim); /* a lower limit of ours stays, which is as good */
}

/* In the child: nothing but the open files and the pipe. */
static void become_reader(struct mm_hunt *h, const struct mm_hunt_task *task, size_t n, int to)
{
    struct mm_sandbox box = {.may = MM_MAY_COMPUTE, .memory_max = READER_MEMORY};
    unsigned missing = 0;

    (void)signal(SIGPIPE, SIG_IGN);
    limit_time(task, n);
    if (mm_sandbox_enter(&box, &missing) != MM_OK) {
        mm_log_error("hunt", "a reader cannot lock itself in");
        _exit(1);
    }
    _exit(mm_hunt_worker_run(h->worker, task, n, to) ? 0 : 1);
}

/* Open the unit's parts; one that cannot be opened says so and ends the unit before it. */
static size_t open_parts(struct mm_hunt *h, const struct mm_hunt_unit *unit,
                         struct mm_hunt_task task[MM_HUNT_UNIT_PARTS])
{
    size_t n = 0;

    for (; n < unit->part_n; n++) {
        const struct mm_hunt_part *p = &h->plan.part[unit->part + n];
        struct mm_hunt_file *f = &h->plan.file[p->file];
        bool in = mm_slice_eq(f->path, MM_S("-"));
        int fd = in ? dup(STDIN_FILENO) : open((const char *)f->path.p, O_RDONLY | O_CLOEXEC);

        if (fd < 0 && n > 0)
            break;
        if (fd < 0) {
            f->state = MM_HUNT_NOT_OPENED;
            f->error = errno;
            f->parts_left--;
            break;
        }
        task[n] = (struct mm_hunt_task){.fd = fd,
                                        .file = p->file,
                                        .evtx = p->evtx,
                                        .lines = p->lines,
                                        .size = f->size,
                                        .from = p->from,
                                        .to = p->to,
                                        .changed_us = f->changed_us};
    }
    return n;
}

/* What is left of a unit behind its first n parts waits again, at the end. */
static enum mm_code put_back(struct mm_hunt *h, const struct mm_hunt_unit *unit, uint32_t n)
{
    if (n >= unit->part_n)
        return MM_OK;
    return mm_hunt_plan_unit(&h->plan, unit->part + n, unit->part_n - n);
}

static enum mm_code start(struct mm_hunt *h, struct mm_hunt_child *child)
{
    struct mm_hunt_unit unit = h->plan.unit[h->next_unit++];
    struct mm_hunt_task task[MM_HUNT_UNIT_PARTS];
    size_t n = open_parts(h, &unit, task);
    enum mm_code c = put_back(h, &unit, n == 0 ? 1 : (uint32_t)n);
    int ends[2] = {-1, -1};
    pid_t pid = -1;

    if (n == 0 || c != MM_OK)
        return c;
    if (pipe2(ends, O_CLOEXEC) == 0) {
        (void)fcntl(ends[1], F_SETPIPE_SZ, PIPE_SIZE); /* smaller is slower, no more */
        pid = fork();
    }
    if (pid == 0) {
        (void)close(ends[0]);
        become_reader(h, task, n, ends[1]);
    }
    h->saved_errno = errno;
    for (size_t i = 0; i < n; i++)
        (void)close(task[i].fd);
    if (ends[1] >= 0)
        (void)close(ends[1]);
    if (pid < 0) {
        if (ends[0] >= 0)
            (void)close(ends[0]);
        return MM_E_IO;
    }
    mm_buf_reset(&child->in);
    child->pid = pid;
    child->fd = ends[0];
    child->unit = (struct mm_hunt_unit){.part = unit.part, .part_n = (uint32_t)n};
    child->part = child->file = 0;
    child->begun = child->done = child->lying = false;
    h->child_n++;
    return MM_OK;
}

/* ---- what they tell ---- */

static void add_sums(struct mm_hunt_sums *to, const struct mm_hunt_sums *s)
{
    to->bytes += s->bytes;
    to->events += s->events;
    to->unread += s->unread;
    to->outside += s->outside;
    to->cut += s->cut;
    to->broken += s->broken;
    to->hits += s->hits;
    if (s->first_us != 0 && (to->first_us == 0 || s->first_us < to->first_us))
        to->first_us = s->first_us;
    if (s->last_us > to->last_us)
        to->last_us = s->last_us;
    to->seen |= s->seen;
    to->windows |= s->windows;
    to->lines |= s->lines;
}

/* A later part may not hide that an earlier one could not be read. */
static void set_state(struct mm_hunt_file *f, enum mm_hunt_state state)
{
    if (f->state == MM_HUNT_WAITS || f->state == MM_HUNT_READ)
        f->state = state;
}

/* Bytes were read of a file. What comes out of archives is no measure of how far we are. */
static void move(struct mm_hunt *h, struct mm_hunt_file *f, uint64_t bytes)
{
    uint64_t left = f->member ? 0 : f->size - f->moved;

    bytes = bytes < left ? bytes : left;
    f->moved += bytes;
    h->moved += bytes;
}

static bool on_begin(struct mm_hunt *h, struct mm_hunt_child *c, const struct mm_hunt_frame *f)
{
    uint32_t file;

    if (f->part >= c->unit.part_n || (c->begun && f->part < c->part))
        return false;
    c->begun = true;
    c->part = f->part;
    file = h->plan.part[c->unit.part + f->part].file;
    if (f->name.n > 0 && mm_hunt_plan_member(&h->plan, file, f->name, &c->file) == MM_OK)
        return true;
    c->file = file;
    return true;
}

static bool on_end(struct mm_hunt *h, struct mm_hunt_child *c, const struct mm_hunt_frame *f)
{
    uint32_t whole = h->plan.part[c->unit.part + c->part].file;
    struct mm_hunt_file *file = &h->plan.file[c->file];

    if (!c->begun || f->state >= MM_HUNT_STATES || file->parts_left == 0)
        return false;
    add_sums(&file->sums, &f->sums);
    if (c->file == whole)
        h->plan.part[c->unit.part + c->part].events = f->sums.events;
    set_state(file, (enum mm_hunt_state)f->state);
    file->parts_left--;
    if (file->parts_left == 0)
        move(h, file, UINT64_MAX);
    c->file = whole;
    return true;
}

static void on_broken(struct mm_hunt *h, const struct mm_hunt_child *c,
                      const struct mm_hunt_frame *f)
{
    struct mm_hunt_broken *b;

    if (h->broken_n == MM_HUNT_BROKEN_MAX) {
        h->broken_more++;
        return;
    }
    b = &h->broken[h->broken_n++];
    *b = (struct mm_hunt_broken){.file = c->file, .record = f->record, .at = f->at};
    (void)snprintf(b->why, sizeof(b->why), "%.*s", MM_S_ARG(mm_slice_sub(f->name, 0, 31)));
}

static enum mm_code on_hit(struct mm_hunt *h, const struct mm_hunt_child *c,
                           const struct mm_hunt_frame *f)
{
    if (!c->begun || !mm_tally_add(&h->tally, f))
        return MM_E_SYNTAX;
    if (f->shown == 0)
        return MM_OK;
    return mm_hits_add(&h->hits, f, c->unit.part + c->part, c->file);
}

static enum mm_code on_frame(struct mm_hunt *h, struct mm_hunt_child *c,
                             const struct mm_hunt_frame *f)
{
    bool ok = true;

    switch (f->kind) {
    case MM_HF_BEGIN:
        ok = on_begin(h, c, f);
        break;
    case MM_HF_HIT:
        return on_hit(h, c, f);
    case MM_HF_BROKEN:
        on_broken(h, c, f);
        break;
    case MM_HF_MOVED:
        if (c->begun)
            move(h, &h->plan.file[c->file], f->sums.bytes);
        h->events += f->sums.events;
        break;
    case MM_HF_END:
        ok = on_end(h, c, f);
        break;
    case MM_HF_DONE:
        c->done = true;
        break;
    }
    return ok ? MM_OK : MM_E_SYNTAX;
}

/* Whole frames out of what came; MM_E_SYNTAX when the child does not keep to the language. */
static enum mm_code take_frames(struct mm_hunt *h, struct mm_hunt_child *c)
{
    struct mm_rd rd = mm_rd_of(mm_buf_slice(&c->in));
    struct mm_hunt_frame f;
    enum mm_code code;

    while ((code = mm_hunt_frame_read(&rd, &f)) == MM_OK) {
        code = on_frame(h, c, &f);
        if (code != MM_OK)
            return code;
    }
    if (code != MM_E_MORE)
        return code;
    if (rd.pos > 0)
        memmove(c->in.p, c->in.p + rd.pos, c->in.n - rd.pos);
    c->in.n -= rd.pos;
    return MM_OK;
}

/* ---- ending ---- */

/* The pipe has ended: was the unit read to its end? What comes behind a file that killed its
 * reader is read by another. */
static enum mm_code end_child(struct mm_hunt *h, struct mm_hunt_child *c)
{
    uint32_t next = c->begun ? c->part + 1 : 1;
    struct mm_hunt_file *f;
    int status = 0;

    (void)close(c->fd);
    if (c->lying)
        (void)kill(c->pid, SIGKILL);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    c->pid = 0;
    h->child_n--;
    if (c->done && !c->lying)
        return MM_OK;
    f = &h->plan.file[h->plan.part[c->unit.part + (c->begun ? c->part : 0)].file];
    set_state(f, MM_HUNT_DIED);
    f->parts_left -= f->parts_left > 0 ? 1 : 0;
    if (c->begun && h->plan.file[c->file].member)
        set_state(&h->plan.file[c->file], MM_HUNT_DIED);
    return put_back(h, &c->unit, next);
}

static enum mm_code take_some(struct mm_hunt *h, struct mm_hunt_child *c)
{
    uint8_t *room = mm_buf_room(&c->in, READ_SIZE);
    enum mm_code code;
    ssize_t n;

    if (room == NULL)
        return MM_E_NOMEM;
    n = read(c->fd, room, READ_SIZE);
    if (n < 0 && errno == EINTR)
        return MM_OK;
    if (n <= 0)
        return end_child(h, c);
    c->in.n += (size_t)n;
    code = take_frames(h, c);
    if (code == MM_E_SYNTAX) {
        c->lying = true;
        code = end_child(h, c);
    }
    return code;
}

static enum mm_code wait_for_some(struct mm_hunt *h)
{
    struct pollfd fds[MM_HUNT_CHILDREN_MAX];
    struct mm_hunt_child *of[MM_HUNT_CHILDREN_MAX];
    enum mm_code c = MM_OK;
    nfds_t n = 0;

    for (size_t i = 0; i < h->child_max; i++) {
        if (h->child[i].pid == 0)
            continue;
        of[n] = &h->child[i];
        fds[n++] = (struct pollfd){.fd = h->child[i].fd, .events = POLLIN};
    }
    if (poll(fds, n, TICK_MS) < 0 && errno != EINTR)
        return MM_E_IO;
    for (nfds_t i = 0; c == MM_OK && i < n; i++) {
        if (fds[i].revents != 0)
            c = take_some(h, of[i]);
    }
    return c;
}

static void stop_all(struct mm_hunt *h)
{
    for (size_t i = 0; i < h->child_max; i++) {
        if (h->child[i].pid == 0)
            continue;
        h->child[i].lying = true;
        (void)end_child(h, &h->child[i]);
    }
}

/* All parts are read: lines are counted from the beginning of their file. */
static void count_lines(struct mm_hunt_plan *p)
{
    for (size_t i = 1; i < p->part_n; i++) {
        if (p->part[i].lines && p->part[i].file == p->part[i - 1].file)
            p->part[i].before = p->part[i - 1].before + p->part[i - 1].events;
    }
}

enum mm_code mm_hunt_run(struct mm_hunt *h, mm_hunt_progress *progress, void *ctx)
{
    enum mm_code c = MM_OK;
    int64_t told = 0;

    h->began_us = mm_mono_us();
    while (c == MM_OK && (h->child_n > 0 || h->next_unit < h->plan.unit_n)) {
        for (size_t i = 0; c == MM_OK && i < h->child_max && h->next_unit < h->plan.unit_n; i++) {
            if (h->child[i].pid == 0)
                c = start(h, &h->child[i]);
        }
        if (c == MM_OK && h->child_n > 0)
            c = wait_for_some(h);
        h->took_us = mm_mono_us() - h->began_us;
        if (progress != NULL && h->took_us - told >= TICK_MS * 1000) {
            told = h->took_us;
            progress(ctx, h);
        }
    }
    if (c != MM_OK)
        h->saved_errno = errno;
    stop_all(h);
    count_lines(&h->plan);
    h->took_us = mm_mono_us() - h->began_us;
    return c;
}

struct mm_hunt_sums mm_hunt_total(const struct mm_hunt *h)
{
    struct mm_hunt_sums all = {0};

    for (size_t i = 0; i < h->plan.file_n; i++)
        add_sums(&all, &h->plan.file[i].sums);
    return all;
}

bool mm_hunt_whole(const struct mm_hunt *h)
{
    for (size_t i = 0; i < h->plan.file_n; i++) {
        const struct mm_hunt_file *f = &h->plan.file[i];

        if ((f->state != MM_HUNT_READ && f->state != MM_HUNT_PACKED &&
             f->state != MM_HUNT_NO_LOG) ||
            f->sums.broken > 0)
            return false;
    }
    return mm_hunt_total(h).events > 0;
}
