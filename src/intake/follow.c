/* intake/follow.c - see follow.h for the contract. */
#include "intake/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/rd.h"
#include "base/time.h"
#include "intake/unpack.h"
#include "os/file.h"

enum {
    READS = 16,   /* of one file and step, 256 KiB each: nobody waits for a file that is new */
    FRONT = 1024, /* bytes by which a file is known again */
    PLACE_SIZE = 9 * 8,
};

#define SCAN_US (2 * MM_US_PER_S)  /* between looks for new files */
#define QUIET_US (5 * MM_US_PER_S) /* then a record is whole; a packed file is written */
#define GONE_US (60 * MM_US_PER_S) /* a file that has another name: who writes it has noticed */
#define SAVE_US (30 * MM_US_PER_S)

/* Which file it is, as far as a file system tells. */
struct identity {
    uint64_t dev, ino;
};

/* What the table says of a file; a packed one, read whole, has offset 0. */
struct place {
    struct identity id;
    uint64_t size, mtime_ns;
    struct mm_import_mark mark;
    uint64_t front; /* hash of its first bytes, as many as were read and at most FRONT */
    /* Not in the table: */
    int64_t met_us; /* a packed file that may still be written: since when it is as it is; else 0 */
    bool said;      /* that it is not read */
};

struct followed {
    int fd;
    struct identity id;
    char path[MM_MAX_PATH];
    struct mm_import_file *file;
    uint64_t old_to; /* bytes below this were there before it was followed */
    uint64_t front;  /* as in its place; of front_n bytes */
    size_t front_n;
    int64_t grew_us; /* when something was read last */
    bool seen;       /* by the look for files that runs now */
};

struct mm_follow {
    struct mm_follow_options o;
    struct followed *file[MM_FOLLOW_FILES];
    size_t n;
    struct place *place; /* sorted by nothing, newest last */
    size_t places_n;
    int64_t scanned_us, saved_us; /* 0: never */
    bool begun;                   /* a look for files has ended */
};

/* ---- places ---- */

static struct place *place_of(const struct mm_follow *f, struct identity id)
{
    for (size_t i = f->places_n; i > 0; i--) {
        if (f->place[i - 1].id.ino == id.ino && f->place[i - 1].id.dev == id.dev)
            return &f->place[i - 1];
    }
    return NULL;
}

static void forget_place(struct mm_follow *f, struct identity id)
{
    struct place *p = place_of(f, id);

    if (p != NULL) {
        size_t at = (size_t)(p - f->place);

        memmove(p, p + 1, (f->places_n - at - 1) * sizeof(*p));
        f->places_n--;
    }
}

static void put_place(struct mm_follow *f, const struct place *p)
{
    forget_place(f, p->id);
    if (f->places_n == MM_FOLLOW_PLACES) {
        f->places_n--;
        memmove(f->place, f->place + 1, f->places_n * sizeof(*p));
    }
    f->place[f->places_n++] = *p;
}

static uint64_t mtime_of(const struct stat *st)
{
    return (uint64_t)st->st_mtim.tv_sec * 1000000000 + (uint64_t)st->st_mtim.tv_nsec;
}

/* Hash of the first n bytes, at most FRONT; false when they cannot be read. */
static bool front_of(int fd, size_t n, uint64_t *ret)
{
    uint8_t bytes[FRONT];
    ssize_t got = pread(fd, bytes, mm_min_size(n, sizeof(bytes)), 0);

    if (got < 0 || (size_t)got != mm_min_size(n, sizeof(bytes)))
        return false;
    *ret = mm_hash((struct mm_seed){0x66726F6E74, 0}, mm_slice_of(bytes, (size_t)got));
    return true;
}

static void load_places(struct mm_follow *f)
{
    struct mm_buf text;
    struct mm_rd rd;
    struct place p = {0};

    mm_buf_init(&text, (size_t)MM_FOLLOW_PLACES * PLACE_SIZE);
    if (mm_file_read(f->o.places, &text) == MM_OK) {
        rd = mm_rd_of(mm_buf_slice(&text));
        while (f->places_n < MM_FOLLOW_PLACES && mm_rd_u64le(&rd, &p.id.dev) &&
               mm_rd_u64le(&rd, &p.id.ino) && mm_rd_u64le(&rd, &p.size) &&
               mm_rd_u64le(&rd, &p.mtime_ns) && mm_rd_u64le(&rd, &p.mark.offset) &&
               mm_rd_u64le(&rd, &p.mark.at.first) && mm_rd_u64le(&rd, &p.mark.at.chain) &&
               mm_rd_u64le(&rd, &p.mark.at.line) && mm_rd_u64le(&rd, &p.front))
            f->place[f->places_n++] = p;
    }
    mm_buf_done(&text);
}

/* Where a file that is followed stands now, for the table. */
static void note_place(struct mm_follow *f, const struct followed *w)
{
    struct place p = {.id = w->id, .mark = mm_import_file_mark(w->file)};

    if (p.mark.offset > 0 && front_of(w->fd, (size_t)p.mark.offset, &p.front))
        put_place(f, &p);
}

static void write_places(const struct mm_follow *f, struct mm_buf *out)
{
    for (size_t i = 0; i < f->places_n; i++) {
        const struct place *p = &f->place[i];
        const uint64_t words[] = {p->id.dev,        p->id.ino,       p->size,
                                  p->mtime_ns,      p->mark.offset,  p->mark.at.first,
                                  p->mark.at.chain, p->mark.at.line, p->front};

        static_assert(sizeof(words) == PLACE_SIZE, "as load_places reads them");
        if (p->met_us != 0 || p->said)
            continue;
        for (size_t k = 0; k < MM_COUNT(words); k++)
            mm_buf_u64le(out, words[k]);
    }
}

enum mm_code mm_follow_save(struct mm_follow *f)
{
    struct mm_fs fs = mm_fs_real();
    char fresh[MM_MAX_PATH + 8];
    struct mm_buf out;
    enum mm_code c;
    int fd = -1;

    for (size_t i = 0; i < f->n; i++)
        note_place(f, f->file[i]);
    mm_buf_init(&out, (size_t)MM_FOLLOW_PLACES * PLACE_SIZE);
    write_places(f, &out);
    (void)snprintf(fresh, sizeof(fresh), "%s.new", f->o.places);
    c = mm_buf_ok(&out) ? mm_fs_open(fs, fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600, &fd)
                        : MM_E_NOMEM;
    if (c == MM_OK)
        c = mm_fs_pwrite(fs, fd, mm_buf_slice(&out), 0);
    if (c == MM_OK)
        c = mm_fs_sync(fs, fd);
    mm_fs_close(fs, &fd);
    if (c == MM_OK)
        c = mm_fs_rename(fs, fresh, f->o.places);
    mm_buf_done(&out);
    return c;
}

/* ---- files that come and go ---- */

static void let_go(struct mm_follow *f, size_t i)
{
    struct followed *w = f->file[i];

    mm_import_file_close(&w->file);
    (void)close(w->fd);
    free(w);
    f->file[i] = f->file[--f->n];
}

/* Begin to read it, from its place where that is still the file's; its descriptor is kept. */
static enum mm_code begin(struct mm_follow *f, struct followed *w, const struct stat *st)
{
    const struct place *p = place_of(f, w->id);
    uint64_t front = 0;
    bool same = p != NULL && p->mark.offset > 0 && p->mark.offset <= (uint64_t)st->st_size &&
                front_of(w->fd, (size_t)p->mark.offset, &front) && front == p->front;

    w->front_n = same ? mm_min_size((size_t)p->mark.offset, FRONT) : 0;
    w->front = front;
    w->old_to = f->begun || same ? 0 : (uint64_t)st->st_size;
    return mm_import_file_open(f->o.import, w->fd, same ? &p->mark : NULL, &w->file);
}

/* Has it been cut, or written anew? Then what it holds now is another file. */
static bool is_other(const struct followed *w, const struct stat *st)
{
    uint64_t pos = mm_import_file_pos(w->file), front;

    if ((uint64_t)st->st_size <= pos)
        return (uint64_t)st->st_size < pos;
    return w->front_n > 0 && (!front_of(w->fd, w->front_n, &front) || front != w->front);
}

/* A person should know that this file is not read; once is enough. */
static void say(struct mm_follow *f, const char *path, const struct place *file, const char *what)
{
    const struct place *p = place_of(f, file->id);
    struct place said = *file;

    if (p != NULL && p->said && p->mtime_ns == file->mtime_ns)
        return;
    said.said = true;
    put_place(f, &said);
    if (f->o.say != NULL)
        f->o.say(f->o.ctx, path, what);
}

/* A packed file that nobody writes any more is imported as a whole. */
static enum mm_code take_packed(struct mm_follow *f, int fd, const char *path,
                                const struct place *file, int64_t now_us)
{
    const struct place *p = place_of(f, file->id);
    bool same =
        p != NULL && p->mark.offset == 0 && p->mtime_ns == file->mtime_ns && p->size == file->size;
    struct place met = *file;
    struct mm_import_result r;
    enum mm_code c;

    if (same && (p->met_us == 0 || now_us - p->met_us < QUIET_US))
        return MM_OK; /* done, or not for long enough what it is */
    if (!same) {
        met.met_us = now_us;
        put_place(f, &met);
        return MM_OK;
    }
    c = mm_import_run(f->o.import, fd, &r);
    if (c == MM_E_SYNTAX || c == MM_E_LIMIT) {
        say(f, path, file, "damaged");
        return MM_OK;
    }
    if (c == MM_OK && !r.stopped)
        put_place(f, file);
    return c;
}

static enum mm_code follow(struct mm_follow *f, int fd, const char *path, const struct stat *st,
                           int64_t now_us)
{
    struct followed *w = calloc(1, sizeof(*w));
    enum mm_code c;

    if (w == NULL) {
        (void)close(fd);
        return MM_E_NOMEM;
    }
    *w = (struct followed){
        .fd = fd, .id = {st->st_dev, st->st_ino}, .grew_us = now_us, .seen = true};
    memcpy(w->path, path, strlen(path) + 1); /* find_files has measured it */
    f->file[f->n++] = w;
    c = begin(f, w, st);
    if (c != MM_OK)
        let_go(f, f->n - 1);
    return c;
}

/* A file that is not followed yet. What cannot be read is tried again at the next look. */
static enum mm_code meet(struct mm_follow *f, const char *path, const struct place *known,
                         int64_t now_us)
{
    struct place file = *known;
    uint8_t bytes[MM_UNPACK_HEAD];
    struct mm_slice head;
    struct stat st;
    ssize_t n = -1;
    enum mm_code c = MM_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        n = pread(fd, bytes, sizeof(bytes), 0);
    head = mm_slice_of(bytes, n > 0 ? (size_t)n : 0);
    if (n > 0) {
        file = (struct place){
            .id = {st.st_dev, st.st_ino}, .size = (uint64_t)st.st_size, .mtime_ns = mtime_of(&st)};
        if (mm_slice_starts(head, MM_S("ElfFile")))
            say(f, path, &file, "evtx");
        else if (mm_packing_of(head) != MM_PLAIN)
            c = take_packed(f, fd, path, &file, now_us);
        else if (f->n < MM_FOLLOW_FILES)
            return follow(f, fd, path, &st, now_us);
        else
            say(f, path, &file, "too_many");
    } else if (n < 0) {
        say(f, path, &file, "unreadable");
    }
    if (fd >= 0)
        (void)close(fd);
    return c;
}

struct found {
    const char *path;
    struct place file;
};

/* Oldest first: a copy is met before what has been written since. */
static int by_age(const void *pa, const void *pb)
{
    const struct found *a = pa, *b = pb;

    return a->file.mtime_ns < b->file.mtime_ns ? -1 : a->file.mtime_ns > b->file.mtime_ns;
}

/* Regular files that the paths name; *g holds their names. */
static size_t find_files(const struct mm_follow *f, glob_t *g, struct found *list, size_t max)
{
    char pattern[MM_MAX_PATH];
    struct stat st;
    size_t n = 0;

    for (size_t i = 0; i < f->o.paths_n; i++) {
        const char *path = f->o.paths[i];
        bool dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);

        if (dir && mm_path_join(pattern, path, "*") == MM_OK)
            path = pattern;
        /* A name with a bracket in it is a name first. */
        (void)glob(path, (i > 0 ? GLOB_APPEND : 0) | GLOB_NOSORT | (dir ? 0 : GLOB_NOMAGIC), NULL,
                   g);
    }
    for (size_t i = 0; i < g->gl_pathc && n < max; i++) {
        if (strlen(g->gl_pathv[i]) < MM_MAX_PATH && stat(g->gl_pathv[i], &st) == 0 &&
            S_ISREG(st.st_mode))
            list[n++] = (struct found){g->gl_pathv[i],
                                       {.id = {st.st_dev, st.st_ino}, .mtime_ns = mtime_of(&st)}};
    }
    if (n > 1)
        qsort(list, n, sizeof(*list), by_age);
    return n;
}

static struct followed *followed_as(struct mm_follow *f, struct identity id)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->file[i]->id.ino == id.ino && f->file[i]->id.dev == id.dev)
            return f->file[i];
    }
    return NULL;
}

/* Look for files. Before a new one is met, all that the known ones hold is read: what was renamed
 * comes before what has its name now. */
static enum mm_code scan(struct mm_follow *f, int64_t now_us)
{
    struct found *list = calloc(MM_FOLLOW_PLACES, sizeof(*list));
    glob_t g = {0};
    enum mm_code c = MM_OK;
    size_t n;

    if (list == NULL)
        return MM_E_NOMEM;
    n = find_files(f, &g, list, MM_FOLLOW_PLACES);
    for (size_t i = 0; i < f->n; i++)
        f->file[i]->seen = false;
    for (size_t i = 0; i < n && c == MM_OK; i++) {
        struct followed *w = followed_as(f, list[i].file.id);

        if (w == NULL) {
            c = meet(f, list[i].path, &list[i].file, now_us);
        } else {
            w->seen = true;
            memcpy(w->path, list[i].path, strlen(list[i].path) + 1);
        }
    }
    globfree(&g);
    free(list);
    f->scanned_us = now_us;
    f->begun = true;
    return c;
}

/* ---- reading ---- */

/* Read on in one file. *ret_gone: there will be no more of it. */
static enum mm_code read_one(struct mm_follow *f, struct followed *w, int64_t now_us,
                             bool *ret_more, bool *ret_gone)
{
    struct stat st;
    enum mm_code c = MM_OK;
    size_t n = 1;

    if (fstat(w->fd, &st) != 0)
        return mm_code_of_errno(errno);
    if (is_other(w, &st)) {
        mm_import_file_close(&w->file);
        forget_place(f, w->id);
        c = begin(f, w, &st);
    }
    for (int i = 0; c == MM_OK && n > 0 && i < READS; i++) {
        c = mm_import_file_read(w->file, mm_import_file_pos(w->file) < w->old_to, &n);
        if (n > 0)
            w->grew_us = now_us;
        if (c == MM_OK && w->front_n < FRONT && mm_import_file_pos(w->file) > w->front_n &&
            front_of(w->fd, (size_t)mm_import_file_pos(w->file), &w->front))
            w->front_n = mm_min_size((size_t)mm_import_file_pos(w->file), FRONT);
    }
    if (c != MM_OK || n > 0) {
        *ret_more = *ret_more || n > 0;
        return c;
    }
    if (now_us - w->grew_us >= QUIET_US)
        mm_import_file_pause(w->file);
    *ret_gone = !w->seen && now_us - w->grew_us >= (st.st_nlink == 0 ? QUIET_US : GONE_US);
    return MM_OK;
}

enum mm_code mm_follow_step(struct mm_follow *f, int64_t now_us, bool *ret_more)
{
    bool more = false;
    enum mm_code c = MM_OK;

    for (size_t i = f->n; i > 0 && c == MM_OK; i--) { /* let_go moves the last one */
        struct followed *w = f->file[i - 1];
        bool gone = false;

        c = read_one(f, w, now_us, &more, &gone);
        if (w->file == NULL || gone) {
            if (w->file != NULL && mm_import_file_end(w->file) == MM_E_SYNTAX && f->o.say != NULL)
                f->o.say(f->o.ctx, w->path, "damaged");
            let_go(f, i - 1);
        }
    }
    if (c == MM_OK && !more && (!f->begun || now_us - f->scanned_us >= SCAN_US)) {
        c = scan(f, now_us);
        more = true;
    }
    if (c == MM_OK)
        c = mm_import_commit(f->o.import);
    if (c == MM_OK && now_us - f->saved_us >= SAVE_US) {
        c = mm_follow_save(f);
        f->saved_us = now_us;
    }
    *ret_more = more;
    return c;
}

size_t mm_follow_count(const struct mm_follow *f)
{
    return f->n;
}

bool mm_follow_has_room(const char *dir, uint32_t source)
{
    uint16_t found[MM_SPOOL_QUEUES_READ];
    size_t n = mm_spool_queues(dir, found, MM_SPOOL_QUEUES_READ), followed = 0;

    MM_ASSERT(source < MM_FOLLOW_SOURCES);
    for (size_t i = 0; i < n && i < MM_SPOOL_QUEUES_READ && followed < MM_FOLLOW_QUEUES; i++) {
        if (found[i] == MM_FOLLOW_QUEUE + source)
            return true;
        followed += found[i] >= MM_FOLLOW_QUEUE;
    }
    return followed < MM_FOLLOW_QUEUES;
}

enum mm_code mm_follow_new(const struct mm_follow_options *options, struct mm_follow **ret)
{
    struct mm_follow *f = calloc(1, sizeof(*f));

    MM_ASSERT(options->paths_n >= 1 && options->paths_n <= MM_FOLLOW_PATHS);
    if (f == NULL)
        return MM_E_NOMEM;
    f->o = *options;
    f->place = calloc(MM_FOLLOW_PLACES, sizeof(*f->place));
    if (f->place == NULL) {
        mm_follow_free(&f);
        return MM_E_NOMEM;
    }
    load_places(f);
    *ret = f;
    return MM_OK;
}

void mm_follow_free(struct mm_follow **f)
{
    if (*f == NULL)
        return;
    while ((*f)->n > 0)
        let_go(*f, (*f)->n - 1);
    free((*f)->place);
    free(*f);
    *f = NULL;
}
