/* hunt/plan.c - see plan.h for the contract. */
#include "hunt/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time.h"
#include "base/vec.h"
#include "codec/charset.h"
#include "codec/cut.h"
#include "codec/evtx.h"
#include "codec/ext/archive.h"

void mm_hunt_plan_init(struct mm_hunt_plan *p)
{
    *p = (struct mm_hunt_plan){.file = NULL};
    mm_arena_init(&p->paths, MM_HUNT_PATHS_MEMORY);
}

void mm_hunt_plan_done(struct mm_hunt_plan *p)
{
    mm_arena_done(&p->paths);
    free(p->file);
    free(p->part);
    free(p->unit);
    *p = (struct mm_hunt_plan){.file = NULL};
}

static enum mm_code add_file(struct mm_hunt_plan *p, struct mm_slice path, const struct stat *st,
                             uint32_t *ret)
{
    struct mm_hunt_file *f;
    struct mm_slice own;

    if (p->file_n >= MM_HUNT_FILES_MAX)
        return MM_E_LIMIT;
    if (!MM_VEC_ROOM(p->file, p->file_n, p->file_cap, SIZE_MAX) ||
        !mm_arena_dup(&p->paths, path, &own))
        return MM_E_NOMEM;
    f = &p->file[p->file_n];
    *f = (struct mm_hunt_file){.path = own};
    if (st != NULL && st->st_size > 0)
        f->size = (uint64_t)st->st_size;
    if (st != NULL)
        f->changed_us = st->st_mtim.tv_sec * MM_US_PER_S + st->st_mtim.tv_nsec / 1000;
    *ret = (uint32_t)p->file_n++; /* below MM_HUNT_FILES_MAX */
    return MM_OK;
}

/* A part of a file; a unit begins where the last one is full. */
static enum mm_code add_part(struct mm_hunt_plan *p, struct mm_hunt_part part)
{
    uint64_t bytes = part.to - part.from;
    struct mm_hunt_unit *u;

    if (!MM_VEC_ROOM(p->part, p->part_n, p->part_cap, SIZE_MAX) ||
        !MM_VEC_ROOM(p->unit, p->unit_n, p->unit_cap, SIZE_MAX))
        return MM_E_NOMEM;
    u = p->unit_n == 0 ? NULL : &p->unit[p->unit_n - 1];
    if (u == NULL || u->part_n == MM_HUNT_UNIT_PARTS ||
        p->unit_bytes + bytes > MM_HUNT_UNIT_BYTES) {
        u = &p->unit[p->unit_n++];
        *u = (struct mm_hunt_unit){.part = (uint32_t)p->part_n}; /* a few for each file */
        p->unit_bytes = 0;
    }
    p->part[p->part_n++] = part;
    p->file[part.file].parts_left++;
    u->part_n++;
    p->unit_bytes += bytes;
    p->bytes += bytes;
    return MM_OK;
}

/* How a file can be cut, by its first bytes. Whatever else it is the child that reads it finds out.
 */
enum cuts { CUT_NOWHERE, CUT_CHUNKS, CUT_LINES };

static enum cuts cuts_of(const char *path, int *ret_error)
{
    uint8_t first[MM_CUT_HEAD];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct mm_slice head;
    ssize_t n;

    *ret_error = fd < 0 ? errno : 0;
    if (fd < 0)
        return CUT_NOWHERE;
    n = pread(fd, first, sizeof(first), 0);
    (void)close(fd);
    head = mm_slice_of(first, n > 0 ? (size_t)n : 0);
    if (mm_evtx_is(head))
        return CUT_CHUNKS;
    return mm_slice_find(head, 0, 0) == SIZE_MAX && !mm_archive_is(head) &&
                   mm_charset_utf16(head) == MM_CS_UNKNOWN && mm_cut_kind_of(head) == MM_CUT_LINES
               ? CUT_LINES
               : CUT_NOWHERE;
}

static enum mm_code add_regular(struct mm_hunt_plan *p, const char *path, const struct stat *st)
{
    struct mm_hunt_part part = {.to = 0};
    enum mm_code c = add_file(p, mm_slice_str(path), st, &part.file);
    enum cuts cuts;
    int error = 0;

    if (c != MM_OK)
        return c;
    cuts = cuts_of(path, &error);
    if (error != 0) {
        p->file[part.file].state = MM_HUNT_NOT_OPENED;
        p->file[part.file].error = error;
        return MM_OK;
    }
    part.to = p->file[part.file].size;
    part.evtx = cuts == CUT_CHUNKS;
    part.lines = cuts == CUT_LINES && part.to > 2 * (uint64_t)MM_HUNT_UNIT_BYTES && !p->whole_lines;
    if (!part.evtx && !part.lines)
        return add_part(p, part);
    static_assert(MM_HUNT_UNIT_BYTES % MM_EVTX_CHUNK == 0, "parts begin where chunks do");
    for (uint64_t end = part.to; c == MM_OK && part.from < end; part.from = part.to) {
        uint64_t most =
            part.from + MM_HUNT_UNIT_BYTES + (part.from == 0 && part.evtx ? MM_EVTX_HEAD : 0);

        part.to = most < end ? most : end;
        c = add_part(p, part);
    }
    return c;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum mm_code add_entry(struct mm_hunt_plan *p, const FTSENT *at)
{
    bool root = at->fts_level == FTS_ROOTLEVEL;
    struct mm_hunt_part stream = {.to = 0};
    enum mm_hunt_state state = MM_HUNT_NO_FILE;
    enum mm_code c;

    switch (at->fts_info) {
    case FTS_D:
    case FTS_DP:
        return MM_OK;
    case FTS_F:
        return add_regular(p, at->fts_path, at->fts_statp);
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        if (root && at->fts_errno == ENOENT)
            return MM_E_NOTFOUND;
        state = MM_HUNT_NOT_OPENED;
        break;
    default: /* links, devices, sockets, pipes */
        break;
    }
    c = add_file(p, mm_slice_str(at->fts_path), NULL, &stream.file);
    if (c != MM_OK)
        return c;
    /* A pipe that the user names is meant: <(...) of a shell is one. */
    if (root && at->fts_info == FTS_DEFAULT && S_ISFIFO(at->fts_statp->st_mode))
        return add_part(p, stream);
    p->file[stream.file].state = state;
    p->file[stream.file].error = state == MM_HUNT_NOT_OPENED ? at->fts_errno : 0;
    return MM_OK;
}

enum mm_code mm_hunt_plan_add(struct mm_hunt_plan *p, const char *path)
{
    char *roots[] = {NULL, NULL};
    struct mm_hunt_part in = {.to = 0};
    enum mm_code c = MM_OK;
    FTSENT *at;
    FTS *tree;

    MM_ASSERT(path != NULL && path[0] != 0);
    if (strcmp(path, "-") == 0) {
        c = add_file(p, MM_S("-"), NULL, &in.file);
        return c == MM_OK ? add_part(p, in) : c;
    }
    roots[0] = strdup(path);
    tree = roots[0] == NULL ? NULL
                            : fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
    if (tree == NULL)
        c = MM_E_NOMEM;
    while (c == MM_OK && (at = fts_read(tree)) != NULL)
        c = add_entry(p, at);
    if (tree != NULL)
        (void)fts_close(tree);
    free(roots[0]);
    return c;
}

enum mm_code mm_hunt_plan_unit(struct mm_hunt_plan *p, uint32_t part, uint32_t part_n)
{
    MM_ASSERT(part_n > 0 && part + part_n <= p->part_n);
    if (!MM_VEC_ROOM(p->unit, p->unit_n, p->unit_cap, SIZE_MAX))
        return MM_E_NOMEM;
    p->unit[p->unit_n++] = (struct mm_hunt_unit){.part = part, .part_n = part_n};
    return MM_OK;
}

enum mm_code mm_hunt_plan_member(struct mm_hunt_plan *p, uint32_t archive, struct mm_slice name,
                                 uint32_t *ret)
{
    struct mm_slice path = p->file[archive].path;
    enum mm_code c;
    struct mm_buf text;

    MM_ASSERT(archive < p->file_n);
    mm_buf_init(&text, path.n + 1 + MM_HF_MAX_NAME);
    mm_buf_add(&text, path);
    mm_buf_byte(&text, '!');
    mm_buf_add(&text, name);
    c = mm_buf_ok(&text) ? add_file(p, mm_buf_slice(&text), NULL, ret) : MM_E_NOMEM;
    mm_buf_done(&text);
    if (c == MM_OK) {
        p->file[*ret].member = true;
        p->file[*ret].parts_left = 1;
    }
    return c;
}
