/* backup/take.c - see take.h for the contract. */
#include "backup/take.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backup/files.h"
#include "backup/stage.h"
#include "base/arena.h"
#include "base/time.h"
#include "base/vec.h"
#include "serve/state.h"
#include "store/records/copy.h"

enum {
    NAMES_MAX = 512 * 1024 * 1024, /* of a million files */
    SHARE_MIN = 64 * 1024,         /* smaller files are copied: a link saves nothing */
};

struct take {
    const struct mm_backup_options *o;
    struct mm_buf *why;
    char to[MM_MAX_PATH]; /* the backup being written */
    struct mm_manifest m; /* of it */
    size_t cap;           /* of m.file */
    struct mm_arena names;
    struct mm_copier *copier;
    struct mm_backup_taken done;
    int lock; /* of DIR: what is unfinished in it is ours */
    /* The backup before, if there is one. */
    char last_dir[MM_MAX_PATH];
    struct mm_buf last_text;
    struct mm_manifest last;
    /* The part of events that was looked at last: does the backup before have the same? */
    char part[MM_MAX_PATH];
    bool part_same;
};

/* ---- where backups are ---- */

static bool is_backup_name(const char *name)
{
    /* 20261120T140000Z */
    if (strlen(name) != 16 || name[8] != 'T' || name[15] != 'Z')
        return false;
    return strspn(name, "0123456789") == 8 && strspn(name + 9, "0123456789") == 6;
}

enum mm_code mm_backup_find(const char *dir, char ret[MM_MAX_PATH])
{
    char path[MM_MAX_PATH], newest[MM_BACKUP_NAME] = "";
    const struct dirent *e;
    enum mm_code code = mm_path_join(path, dir, MM_BACKUP_MANIFEST);
    DIR *d;

    if (code != MM_OK)
        return code;
    if (access(path, F_OK) == 0) {
        (void)snprintf(ret, MM_MAX_PATH, "%s", dir);
        return MM_OK;
    }
    d = opendir(dir);
    if (d == NULL)
        return mm_code_of_errno(errno);
    while ((e = readdir(d)) != NULL) {
        if (is_backup_name(e->d_name) && strcmp(e->d_name, newest) > 0)
            (void)snprintf(newest, sizeof(newest), "%.16s", e->d_name);
    }
    (void)closedir(d);
    return newest[0] == 0 ? MM_E_NOTFOUND : mm_path_join(ret, dir, newest);
}

/* The manifest of the backup before; without one, or with a damaged one, everything is new. */
static void read_last(struct take *t)
{
    char path[MM_MAX_PATH];

    mm_buf_init(&t->last_text, MM_MANIFEST_MAX);
    if (mm_backup_find(t->o->dir, t->last_dir) != MM_OK ||
        mm_path_join(path, t->last_dir, MM_BACKUP_MANIFEST) != MM_OK ||
        mm_file_read(path, &t->last_text) != MM_OK ||
        mm_manifest_parse(mm_buf_slice(&t->last_text), &t->last, NULL) != MM_OK)
        t->last = (struct mm_manifest){0};
}

/* ---- one file ---- */

static enum mm_code fail(struct take *t, enum mm_code code, const char *what)
{
    if (t->why->n == 0)
        mm_buf_fmt(t->why, "%s: %s (%s)", what,
                   code == MM_E_FULL ? "no space left; the unfinished backup is removed"
                                     : mm_code_key(code),
                   strerror(errno));
    return code;
}

static enum mm_code note(struct take *t, const char *name, const struct mm_copied *c, bool is_new)
{
    struct mm_manifest_file f = {.size = c->size};
    struct mm_buf text;
    bool ok;

    if (!MM_VEC_ROOM(t->m.file, t->m.files_n, t->cap, MM_MANIFEST_FILES_MAX))
        return fail(t, MM_E_LIMIT, "too many files");
    memcpy(f.sha256, c->sha256, sizeof(f.sha256));
    mm_buf_init(&text, (size_t)3 * MM_MAX_PATH);
    mm_manifest_name(&text, name);
    ok = mm_buf_ok(&text) && mm_arena_dup(&t->names, mm_buf_slice(&text), &f.name);
    mm_buf_done(&text);
    if (!ok)
        return fail(t, MM_E_NOMEM, name);
    t->m.file[t->m.files_n++] = f;
    t->done.files++;
    t->done.bytes += c->size;
    t->done.new_files += is_new;
    t->done.new_bytes += is_new ? c->size : 0;
    return MM_OK;
}

static const struct mm_manifest_file *in_last(const struct take *t, const char *name)
{
    const struct mm_manifest_file *f;
    struct mm_buf text;

    mm_buf_init(&text, (size_t)3 * MM_MAX_PATH);
    mm_manifest_name(&text, name);
    f = mm_buf_ok(&text) ? mm_manifest_find(&t->last, mm_buf_slice(&text)) : NULL;
    mm_buf_done(&text);
    return f;
}

/*
 * Parts of events never change, and checksums.txt of each holds a checksum of its files: when the
 * backup before has a part of this name with the same checksums.txt, it has the same part.
 */
static bool same_part(struct take *t, const char *from, const char *name)
{
    char part[MM_MAX_PATH], sums[MM_MAX_PATH];
    const struct mm_manifest_file *was;
    struct mm_copied is;
    const char *slash = strrchr(name, '/'), *file = strrchr(from, '/');

    if (strncmp(name, "eventd/store/", 13) != 0 || slash == NULL || file == NULL)
        return false;
    (void)snprintf(part, sizeof(part), "%.*s/checksums.txt", (int)(slash - name), name);
    if (strcmp(part, t->part) == 0)
        return t->part_same;
    (void)snprintf(sums, sizeof(sums), "%.*s/checksums.txt", (int)(file - from), from);
    was = in_last(t, part);
    t->part_same = was != NULL && mm_copier_digest(t->copier, sums, &is) == MM_OK &&
                   was->size == is.size && memcmp(was->sha256, is.sha256, MM_SHA256) == 0;
    memcpy(t->part, part, sizeof(part));
    return t->part_same;
}

/* The file of the backup before under a second name, when it is known to be the same. */
static bool share(struct take *t, const char *from, const char *to, const char *name, uint64_t size,
                  struct mm_copied *ret)
{
    const struct mm_manifest_file *was = size < SHARE_MIN ? NULL : in_last(t, name);
    struct mm_copied is = {.size = size};
    char old[MM_MAX_PATH];

    if (was == NULL || was->size != size)
        return false;
    memcpy(is.sha256, was->sha256, sizeof(is.sha256));
    if (!same_part(t, from, name) &&
        (mm_copier_digest(t->copier, from, &is) != MM_OK || is.size != was->size ||
         memcmp(is.sha256, was->sha256, sizeof(is.sha256)) != 0))
        return false;
    if (mm_path_join(old, t->last_dir, name) != MM_OK || mm_dirs_above(to) != MM_OK ||
        link(old, to) != 0)
        return false; /* a file system without links, or somebody has removed it */
    *ret = is;
    return true;
}

/* `from` as the file `name` of the backup. */
static enum mm_code take_file(struct take *t, const char *from, const char *name, uint64_t size)
{
    char to[MM_MAX_PATH];
    struct mm_copied c;
    enum mm_code code = mm_path_join(to, t->to, name);

    if (code == MM_OK && share(t, from, to, name, size, &c))
        return note(t, name, &c, false);
    if (code == MM_OK)
        code = mm_copier_copy(t->copier, from, to, &c);
    return code == MM_OK ? note(t, name, &c, true) : fail(t, code, name);
}

/* ---- trees ---- */

struct tree {
    struct take *t;
    const char *from;
    const char *prefix; /* before each name in the backup: "" or ends in '/' */
};

static enum mm_code take_entry(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    const struct tree *tree = ctx;
    char from[MM_MAX_PATH], name[MM_MAX_PATH];
    int n = snprintf(name, sizeof(name), "%s%s", tree->prefix, e->path);
    enum mm_code code = mm_path_join(from, tree->from, e->path);

    *ret_skip = false;
    if (code == MM_OK && (n < 0 || (size_t)n >= sizeof(name)))
        code = MM_E_LIMIT;
    if (code != MM_OK || e->is_dir)
        return code;
    return take_file(tree->t, from, name, e->size);
}

static enum mm_code take_tree(struct take *t, const char *from, const char *prefix)
{
    struct tree tree = {.t = t, .from = from, .prefix = prefix};
    enum mm_code code = mm_tree_walk(from, take_entry, &tree);

    return code == MM_E_NOTFOUND && access(from, F_OK) != 0 ? MM_OK : code;
}

/*
 * What stands in the state directory beside what has a way of its own, is made anew, or is secret.
 * Unknown files come along: another release may need them.
 */
static enum mm_code take_rest(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    static const char *const apart[] = {"VERSION",        "records.db",    "records.db-wal",
                                        "records.db-shm", "records.lock",  "spool",
                                        "eventd",         "run",           "key",
                                        "key.new",        MM_STATE_KEY_ID, "tls",
                                        MM_STAGE_DIR,     "follow"};
    const struct tree *tree = ctx;
    char path[MM_MAX_PATH];
    enum mm_code code;

    for (size_t i = 0; i < MM_COUNT(apart); i++) {
        if (strcmp(e->path, apart[i]) == 0) {
            *ret_skip = true;
            return MM_OK;
        }
    }
    code = take_entry(ctx, e, ret_skip);
    if (code != MM_E_NOTFOUND || mm_path_join(path, tree->from, e->path) != MM_OK ||
        access(path, F_OK) == 0)
        return code;
    mm_buf_reset(tree->t->why); /* it was replaced or removed since it was seen */
    return MM_OK;
}

static enum mm_code take_state(struct take *t)
{
    struct tree tree = {.t = t, .from = t->o->state, .prefix = "state/"};

    return mm_tree_walk(t->o->state, take_rest, &tree);
}

static enum mm_code take_keys(struct take *t)
{
    char from[MM_MAX_PATH];
    enum mm_code code = mm_state_key(t->o->state, from);

    if (code == MM_OK)
        code = take_file(t, from, "keys/key", 0);
    if (code == MM_OK)
        code = mm_path_join(from, t->o->state, "tls");
    return code == MM_OK ? take_tree(t, from, "keys/tls/") : code;
}

static enum mm_code take_records(struct take *t, struct mm_stage *stage)
{
    char to[MM_MAX_PATH];
    struct mm_copied c;
    enum mm_code code = mm_path_join(to, t->to, "records.db");

    if (code == MM_OK)
        code = mm_records_copy(stage->tx, to);
    mm_stage_records_done(stage);
    if (code == MM_OK)
        code = mm_copier_digest(t->copier, to, &c);
    return code == MM_OK ? note(t, "records.db", &c, true) : fail(t, code, "records.db");
}

/* ---- the end ---- */

static enum mm_code put_manifest(struct take *t)
{
    char path[MM_MAX_PATH], key_path[MM_MAX_PATH];
    struct mm_buf text, key_text;
    struct mm_key key;
    bool sealed;
    enum mm_code code = mm_path_join(path, t->to, MM_BACKUP_MANIFEST);

    if (code == MM_OK)
        code = mm_state_key(t->o->state, key_path);
    if (code != MM_OK)
        return code;
    mm_buf_init(&key_text, sizeof(key.b));
    sealed = mm_file_read(key_path, &key_text) == MM_OK && key_text.n == sizeof(key.b);
    if (sealed)
        memcpy(key.b, key_text.p, sizeof(key.b));
    mm_buf_init(&text, MM_MANIFEST_MAX);
    mm_manifest_sort(t->m.file, t->m.files_n);
    mm_manifest_write(&t->m, sealed ? &key : NULL, &text);
    mm_wipe(&key, sizeof(key));
    if (key_text.n > 0)
        mm_wipe(key_text.p, key_text.n);
    mm_buf_done(&key_text);
    code = mm_buf_ok(&text) ? mm_file_replace(path, mm_buf_slice(&text), 0600) : MM_E_LIMIT;
    mm_buf_done(&text);
    return code == MM_OK ? MM_OK : fail(t, code, path);
}

/* Everything durable, then the name. */
static enum mm_code finish(struct take *t)
{
    char to[MM_MAX_PATH];
    enum mm_code code = put_manifest(t);

    if (code == MM_OK)
        code = mm_sync_all(t->to);
    if (code == MM_OK)
        code = mm_path_join(to, t->o->dir, t->done.name);
    if (code == MM_OK)
        code = mm_fs_rename(mm_fs_real(), t->to, to);
    if (code == MM_OK)
        code = mm_fs_sync_dir(mm_fs_real(), t->o->dir);
    return code == MM_OK ? MM_OK : fail(t, code, t->o->dir);
}

static enum mm_code copy_all(struct take *t, struct mm_stage *stage)
{
    enum mm_code code = take_records(t, stage);

    if (code == MM_OK)
        code = take_tree(t, stage->dir, "");
    if (code == MM_OK)
        code = take_state(t);
    if (code == MM_OK && t->o->keys)
        code = take_keys(t);
    return code == MM_OK ? finish(t) : code;
}

/* The moment, with the store of events when there is one. */
static enum mm_code hold_still(struct take *t, struct mm_stage *stage)
{
    struct mm_backup_store store = {0};
    char path[MM_MAX_PATH];
    bool events;
    enum mm_code code = mm_path_join(path, t->o->state, "eventd/store");

    if (code != MM_OK)
        return code;
    events = access(path, F_OK) == 0;
    if (events)
        code = mm_backup_store_open(t->o->state, &store);
    if (code != MM_OK) {
        mm_buf_fmt(t->why, "%s: the store of events does not answer: %s", path, mm_code_key(code));
        return code;
    }
    code = mm_stage_take(t->o->state, t->o->records, events ? &store : NULL, stage, &t->m, t->why);
    mm_backup_store_close(&store);
    return code;
}

/* What backups that were killed have left. */
static enum mm_code remove_unfinished(const char *dir)
{
    char path[MM_MAX_PATH];
    enum mm_code code = MM_OK;
    const struct dirent *e;
    DIR *d = opendir(dir);

    if (d == NULL)
        return mm_code_of_errno(errno);
    while (code == MM_OK && (e = readdir(d)) != NULL) {
        if (!mm_slice_ends(mm_slice_str(e->d_name), MM_S(".unfinished")))
            continue;
        code = mm_path_join(path, dir, e->d_name);
        if (code == MM_OK)
            code = mm_tree_remove(path);
    }
    (void)closedir(d);
    return code;
}

static enum mm_code lock_dir(struct take *t)
{
    char path[MM_MAX_PATH];
    enum mm_code code = mm_fs_mkdirs(mm_fs_real(), t->o->dir, 0700);

    if (code == MM_OK)
        code = mm_path_join(path, t->o->dir, "lock");
    if (code == MM_OK)
        code = mm_file_lock(path, false, &t->lock);
    if (code == MM_E_BUSY)
        mm_buf_fmt(t->why, "%s: another backup is being written there", t->o->dir);
    return code == MM_OK ? remove_unfinished(t->o->dir) : code;
}

static enum mm_code begin(struct take *t)
{
    struct mm_civil c;
    char unfinished[MM_BACKUP_NAME];
    enum mm_code code = lock_dir(t);

    mm_civil_of_us(t->o->now_us, 0, &c);
    (void)snprintf(t->done.name, sizeof(t->done.name), "%04u%02u%02uT%02u%02u%02uZ",
                   (unsigned)c.year % 10000, (unsigned)c.month % 100, (unsigned)c.day % 100,
                   (unsigned)c.hour % 100, (unsigned)c.minute % 100, (unsigned)c.second % 100);
    (void)snprintf(unfinished, sizeof(unfinished), "%.16s.unfinished", t->done.name);
    if (code == MM_OK)
        code = mm_path_join(t->to, t->o->dir, t->done.name);
    if (code == MM_OK && access(t->to, F_OK) == 0)
        code = MM_E_EXISTS;
    if (code == MM_OK)
        code = mm_path_join(t->to, t->o->dir, unfinished);
    if (code == MM_OK)
        code = mm_fs_mkdir(mm_fs_real(), t->to, 0700);
    t->m.program = mm_slice_str(t->o->program);
    t->m.state = MM_STATE_VERSION;
    t->m.made_us = t->o->now_us - t->o->now_us % MM_US_PER_S;
    t->m.keys = t->o->keys;
    if (code == MM_OK)
        read_last(t);
    return code == MM_OK ? MM_OK : fail(t, code, t->o->dir);
}

enum mm_code mm_backup_take(const struct mm_backup_options *o, struct mm_backup_taken *ret,
                            struct mm_buf *why)
{
    struct take *t = calloc(1, sizeof(*t));
    struct mm_stage stage;
    enum mm_code code;

    MM_ASSERT(o->state != NULL && o->dir != NULL && o->records != NULL && why->n == 0);
    if (t == NULL)
        return MM_E_NOMEM;
    t->o = o;
    t->why = why;
    t->lock = -1;
    mm_arena_init(&t->names, NAMES_MAX);
    t->copier = mm_copier_new();
    code = t->copier == NULL ? MM_E_NOMEM : begin(t);
    if (code == MM_OK) {
        code = hold_still(t, &stage);
        if (code == MM_OK) {
            code = copy_all(t, &stage);
            mm_stage_done(&stage);
        }
        if (code != MM_OK)
            (void)!mm_tree_remove(t->to); /* the sentence of what went wrong counts */
    }
    for (size_t i = 0; i < t->m.tables_n; i++) {
        if (mm_slice_eq(t->m.table[i].name, MM_S("events")))
            t->done.rows = t->m.table[i].rows;
    }
    if (code == MM_OK)
        *ret = t->done;
    mm_manifest_done(&t->m);
    mm_manifest_done(&t->last);
    mm_buf_done(&t->last_text);
    mm_arena_done(&t->names);
    mm_copier_free(&t->copier);
    if (t->lock >= 0)
        (void)close(t->lock);
    free(t);
    return code;
}
