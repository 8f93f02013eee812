/* backup/stage.c - see stage.h for the contract. */
#include "backup/stage.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backup/files.h"
#include "base/rd.h"
#include "store/events/schema.h"
#include "store/records/system_scope.h"
#include "store/spool/snapshot.h"
#include "triage/triage.h"

enum {
    PARTS_TEXT_MAX = 16 * 1024 * 1024, /* a store with 100,000 parts has other troubles */
    TTL_MAX = 4096,
};

uint64_t mm_stage_expires(struct mm_slice ttl)
{
    struct mm_slice key = MM_S("\"table\":{\"min\":");
    size_t at = mm_slice_search(ttl, key), end;
    uint64_t s;

    if (at == SIZE_MAX)
        return 0;
    end = mm_slice_find(ttl, ',', at + key.n);
    if (end == SIZE_MAX || !mm_slice_u64(mm_slice_sub(ttl, at + key.n, end - at - key.n), &s))
        return 0;
    return s;
}

bool mm_stage_part(struct mm_slice path, struct mm_slice *ret)
{
    size_t at = SIZE_MAX, slashes = 0;
    struct mm_slice rest = path, s;

    while ((at = mm_slice_search(rest, MM_S("/store/"))) != SIZE_MAX)
        rest = mm_slice_sub(rest, at + 7, SIZE_MAX);
    if (rest.n == path.n || rest.n < 2)
        return false;
    s = mm_slice_sub(rest, 0, rest.p[rest.n - 1] == '/' ? rest.n - 1 : rest.n);
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];
        bool edge = i == 0 || i + 1 == s.n || s.p[i - 1] == '/';

        if (c == '/' && !edge)
            slashes++;
        else if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
            return false;
    }
    if (slashes == 2)
        *ret = s;
    return slashes == 2;
}

/* ---- the records ---- */

static enum mm_code begin_records(struct mm_stage *s, struct mm_records *records)
{
    uint64_t any;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &s->tx);

    /* The first look is where the snapshot begins. */
    return code == MM_OK ? mm_triage_position(s->tx, 0, &any) : code;
}

/* Where the engine was at that moment, in every queue there is now. */
static enum mm_code positions(const struct mm_stage *s, const char *spool, struct mm_manifest *m)
{
    uint16_t found[MM_MANIFEST_QUEUES_MAX];
    size_t n = mm_spool_queues(spool, found, MM_MANIFEST_QUEUES_MAX);
    enum mm_code code = n > MM_MANIFEST_QUEUES_MAX ? MM_E_LIMIT : MM_OK;

    for (size_t i = 0; code == MM_OK && i < n; i++) {
        m->queue[i] = (struct mm_manifest_queue){.queue = found[i]};
        code = mm_triage_position(s->tx, found[i], &m->queue[i].position);
    }
    m->queues_n = code == MM_OK ? n : 0;
    return code;
}

/* Has the engine gone on further than a restore would look back? */
static enum mm_code not_far_ahead(struct mm_records *records, const struct mm_manifest *m)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    for (size_t i = 0; code == MM_OK && i < m->queues_n; i++) {
        uint64_t now = 0;

        code = mm_triage_position(tx, (uint16_t)m->queue[i].queue, &now);
        if (code == MM_OK && now > m->queue[i].position + MM_STAGE_AHEAD)
            code = MM_E_BUSY;
    }
    mm_records_read_done(&tx);
    return code;
}

/* ---- events ---- */

struct linking {
    const char *from;
    const char *to;
};

static enum mm_code link_one(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    const struct linking *l = ctx;
    char from[MM_MAX_PATH], to[MM_MAX_PATH];
    enum mm_code code = mm_path_join(from, l->from, e->path);

    *ret_skip = false;
    if (code == MM_OK)
        code = mm_path_join(to, l->to, e->path);
    if (code != MM_OK || e->is_dir)
        return code;
    code = mm_dirs_above(to);
    if (code == MM_OK && link(from, to) != 0)
        code = mm_code_of_errno(errno);
    return code;
}

static enum mm_code link_tree(const char *from, const char *to, mm_tree_fn *fn)
{
    struct linking l = {.from = from, .to = to};

    return mm_tree_walk(from, fn, &l);
}

/* Beside the parts: what the tables are (store/xxx/uuid/events.sql, format_version.txt). */
static enum mm_code link_definition(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    size_t slashes = 0;

    for (const char *p = e->path; *p != 0; p++)
        slashes += *p == '/';
    *ret_skip = e->is_dir && slashes == 2; /* a part, or a folder of the table's */
    return e->is_dir ? MM_OK : link_one(ctx, e, ret_skip);
}

/* The row of a table, made at its first part; NULL: none of ours. */
static struct mm_manifest_table *table_of(struct mm_manifest *m, struct mm_slice name)
{
    for (size_t i = 0; i < m->tables_n; i++) {
        if (mm_slice_eq(m->table[i].name, name))
            return &m->table[i];
    }
    static_assert((int)MM_ET_COUNT <= (int)MM_MANIFEST_TABLES_MAX, "every table has its row");
    for (int i = 0; i < MM_ET_COUNT; i++) {
        struct mm_slice ours = mm_slice_str(mm_etable_name((enum mm_etable)i));

        if (mm_slice_eq(ours, name)) {
            m->table[m->tables_n] = (struct mm_manifest_table){.name = ours};
            return &m->table[m->tables_n++];
        }
    }
    return NULL;
}

/* One part: its files and what it says of its age. MM_E_NOTFOUND: it is gone already. */
static enum mm_code take_part(const char *store, const char *staged, struct mm_slice part,
                              struct mm_manifest_table *t)
{
    char name[MM_MAX_PATH], from[MM_MAX_PATH], to[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_buf ttl;
    uint64_t expires;
    enum mm_code code = part.n < sizeof(name) ? MM_OK : MM_E_LIMIT;

    if (code != MM_OK)
        return code;
    memcpy(name, part.p, part.n);
    name[part.n] = 0;
    code = mm_path_join(from, store, name);
    if (code == MM_OK)
        code = mm_path_join(to, staged, name);
    if (code == MM_OK)
        code = link_tree(from, to, link_one);
    if (code == MM_OK)
        code = mm_path_join(path, to, "ttl.txt");
    if (code != MM_OK)
        return code;
    mm_buf_init(&ttl, TTL_MAX);
    expires = mm_file_read(path, &ttl) == MM_OK ? mm_stage_expires(mm_buf_slice(&ttl)) : 0;
    mm_buf_done(&ttl);
    if (expires != 0 && (t->expires_s == 0 || expires < t->expires_s))
        t->expires_s = expires;
    return MM_OK;
}

/* All parts that the store names: "table TAB path TAB rows". */
static enum mm_code take_parts(struct mm_manifest *m, struct mm_slice list, const char *store,
                               const char *staged)
{
    struct mm_rd rd = mm_rd_of(list);
    enum mm_code code = MM_OK;

    while (code == MM_OK && mm_rd_left(&rd) > 0) {
        struct mm_slice table, path, rows, part;
        struct mm_manifest_table *t;
        uint64_t n;

        if (!mm_rd_until(&rd, '\t', &table) || !mm_rd_until(&rd, '\t', &path) ||
            !mm_rd_until(&rd, '\n', &rows) || !mm_slice_u64(rows, &n) ||
            !mm_stage_part(path, &part))
            return MM_E_IO;
        t = table_of(m, table);
        if (t == NULL)
            return MM_E_IO;
        code = take_part(store, staged, part, t);
        t->rows += n;
    }
    return code;
}

static enum mm_code take_events(struct mm_stage *s, const char *state,
                                struct mm_backup_store *store, struct mm_manifest *m)
{
    char from[MM_MAX_PATH], to[MM_MAX_PATH];
    struct mm_buf list;
    enum mm_code code = mm_path_join(from, state, "eventd/store");

    m->tables_n = 0;
    if (code == MM_OK)
        code = mm_path_join(to, s->dir, "eventd/store");
    if (code == MM_OK)
        code = link_tree(from, to, link_definition);
    mm_buf_init(&list, PARTS_TEXT_MAX);
    if (code == MM_OK)
        code = mm_backup_store_ask(store, MM_ST_PARTS, &list);
    if (code == MM_OK)
        code = take_parts(m, mm_buf_slice(&list), from, to);
    mm_buf_done(&list);
    return code;
}

/* ---- the spool ---- */

static enum mm_code take_spool(struct mm_stage *s, const char *spool, struct mm_manifest *m)
{
    char to[MM_MAX_PATH], queue[MM_MAX_PATH];
    enum mm_code code = mm_path_join(to, s->dir, "spool");

    if (code == MM_OK)
        code = mm_path_join(queue, to, "x");
    if (code == MM_OK)
        code = mm_dirs_above(queue);
    for (size_t i = 0; code == MM_OK && i < m->queues_n; i++) {
        struct mm_manifest_queue *q = &m->queue[i];
        struct mm_spool_bounds b = {0};

        code = mm_spool_snapshot(spool, (uint16_t)q->queue, to, &b);
        if (code == MM_E_NOTFOUND) /* a directory that no writer has opened yet */
            code = MM_OK;
        q->oldest = b.oldest;
        q->next = b.next;
    }
    return code;
}

/* ---- together ---- */

static enum mm_code take(struct mm_stage *s, const char *state, struct mm_records *records,
                         struct mm_backup_store *store, struct mm_manifest *m)
{
    char spool[MM_MAX_PATH];
    enum mm_code code = mm_tree_remove(s->dir); /* what a killed backup has left */

    if (code == MM_OK)
        code = mm_path_join(spool, state, "spool");
    if (code == MM_OK)
        code = mm_spool_hold(spool, &s->hold);
    if (code == MM_OK)
        code = begin_records(s, records);
    if (code == MM_OK && store != NULL)
        code = take_events(s, state, store, m);
    if (code == MM_OK)
        code = positions(s, spool, m); /* a queue made since the moment is at its beginning */
    if (code == MM_OK)
        code = not_far_ahead(records, m);
    if (code == MM_OK)
        code = take_spool(s, spool, m);
    if (s->hold >= 0)
        (void)close(s->hold);
    s->hold = -1;
    return code;
}

enum mm_code mm_stage_take(const char *state, struct mm_records *records,
                           struct mm_backup_store *store, struct mm_stage *ret,
                           struct mm_manifest *m, struct mm_buf *why)
{
    struct mm_stage s = {.lock = -1, .hold = -1};
    char lock[MM_MAX_PATH];
    enum mm_code code = mm_path_join(s.dir, state, MM_STAGE_DIR);

    if (code == MM_OK)
        code = mm_path_join(lock, state, "run/backup.lock");
    if (code == MM_OK)
        code = mm_file_lock(lock, false, &s.lock);
    if (code == MM_E_BUSY)
        mm_buf_fmt(why, "another backup of %s is running", state);
    if (code != MM_OK) {
        if (why->n == 0)
            mm_buf_fmt(why, "%s: %s", lock, strerror(errno));
        return code;
    }
    for (unsigned i = 0; i < MM_STAGE_TRIES; i++) {
        code = take(&s, state, records, store, m);
        /* A part that has gone since it was named, or an engine that has run ahead: once more. */
        if (code != MM_E_NOTFOUND && code != MM_E_BUSY)
            break;
        mm_stage_records_done(&s);
    }
    if (code != MM_OK) {
        mm_buf_fmt(why, "%s cannot be held still for a moment: %s (%s)", state, mm_code_key(code),
                   strerror(errno));
        mm_stage_done(&s);
        return code;
    }
    *ret = s;
    return MM_OK;
}

void mm_stage_records_done(struct mm_stage *s)
{
    mm_records_read_done(&s->tx);
}

void mm_stage_done(struct mm_stage *s)
{
    mm_records_read_done(&s->tx);
    (void)!mm_tree_remove(s->dir); /* the next backup begins with that */
    if (s->lock >= 0)
        (void)close(s->lock);
    s->lock = -1;
}
