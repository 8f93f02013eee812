/* backup/restore.c - see restore.h for the contract. */
#include "backup/restore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/state.h"

/* Where a file of the backup belongs in the state directory; false: nowhere. */
static bool place_of(const char *name, bool keys, const char **ret)
{
    static const struct {
        const char *front;
        bool cut;
    } places[] = {{"eventd/store/", false}, {"spool/", false}, {"state/", true}, {"keys/", true}};

    if (strcmp(name, "records.db") == 0) {
        *ret = name;
        return true;
    }
    for (size_t i = 0; i < MM_COUNT(places); i++) {
        size_t n = strlen(places[i].front);

        if (strncmp(name, places[i].front, n) != 0)
            continue;
        *ret = places[i].cut ? name + n : name;
        /* Nothing of a backup becomes the mark that the restore itself makes. */
        return (keys || strcmp(places[i].front, "keys/") != 0) && strcmp(*ret, "VERSION") != 0;
    }
    return false;
}

static enum mm_code put_file(const struct mm_backup *b, const struct mm_manifest_file *f,
                             const struct mm_restore_options *o, struct mm_copier *copier,
                             struct mm_buf *why)
{
    char name[MM_MAX_PATH], from[MM_MAX_PATH], to[MM_MAX_PATH];
    const char *place;
    struct mm_copied is;
    enum mm_code code = mm_manifest_path(f->name, name);

    if (code != MM_OK || !place_of(name, o->keys_dir == NULL && !o->without_keys, &place))
        return code;
    code = mm_path_join(from, b->dir, name);
    if (code == MM_OK)
        code = mm_path_join(to, o->state, place);
    if (code == MM_OK)
        code = mm_copier_copy(copier, from, to, &is);
    if (code == MM_OK &&
        (is.size != f->size || memcmp(is.sha256, f->sha256, sizeof(is.sha256)) != 0))
        code = MM_E_SYNTAX; /* changed since it was looked at */
    if (code != MM_OK)
        mm_buf_fmt(why, "%s: %s (%s)", from, mm_code_key(code), strerror(errno));
    return code;
}

struct keys {
    const struct mm_restore_options *o;
    struct mm_copier *copier;
};

static enum mm_code put_key(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    const struct keys *k = ctx;
    char from[MM_MAX_PATH], to[MM_MAX_PATH];
    struct mm_copied c;
    bool tls = strcmp(e->path, "tls") == 0 || strncmp(e->path, "tls/", 4) == 0;
    enum mm_code code;

    *ret_skip = e->is_dir && !tls;
    if (e->is_dir || (!tls && strcmp(e->path, "key") != 0))
        return MM_OK;
    code = mm_path_join(from, k->o->keys_dir, e->path);
    if (code == MM_OK)
        code = mm_path_join(to, k->o->state, e->path);
    return code == MM_OK ? mm_copier_copy(k->copier, from, to, &c) : code;
}

static enum mm_code put_keys(const struct mm_restore_options *o, struct mm_copier *copier,
                             struct mm_buf *why)
{
    struct keys k = {.o = o, .copier = copier};
    enum mm_code code = o->keys_dir == NULL ? MM_OK : mm_tree_walk(o->keys_dir, put_key, &k);

    if (code != MM_OK)
        mm_buf_fmt(why, "%s: %s (%s)", o->keys_dir, mm_code_key(code), strerror(errno));
    return code;
}

static enum mm_code put_all(const struct mm_backup *b, const struct mm_restore_options *o,
                            struct mm_buf *why)
{
    struct mm_copier *copier = mm_copier_new();
    char eventd[MM_MAX_PATH], run[MM_MAX_PATH];
    enum mm_code code = copier == NULL ? MM_E_NOMEM : MM_OK;

    for (size_t i = 0; code == MM_OK && i < b->m.files_n; i++)
        code = put_file(b, &b->m.file[i], o, copier, why);
    if (code == MM_OK)
        code = put_keys(o, copier, why);
    mm_copier_free(&copier);
    if (code == MM_OK)
        code = mm_path_join(eventd, o->state, "eventd");
    if (code == MM_OK)
        code = mm_path_join(run, o->state, "run");
    if (code == MM_OK && mkdir(run, 0700) != 0)
        code = mm_code_of_errno(errno);
    if (code == MM_OK)
        code = mm_backup_name_tables(b, eventd);
    return code == MM_E_NOTFOUND ? MM_OK : code; /* a backup without events has no tables */
}

/* An empty directory, or none: the only thing a restore writes to. */
static enum mm_code make_state(const char *state, struct mm_buf *why)
{
    bool empty = false;
    enum mm_code code = mm_tree_empty(state, &empty);

    if (code == MM_OK && !empty) {
        mm_buf_fmt(why, "%s: there is something in it; a restore needs a new or empty directory",
                   state);
        return MM_E_EXISTS;
    }
    if (code == MM_E_NOTFOUND)
        code = mm_fs_mkdirs(mm_fs_real(), state, 0700);
    if (code == MM_OK && chmod(state, 0700) != 0)
        code = mm_code_of_errno(errno);
    if (code != MM_OK)
        mm_buf_fmt(why, "%s: cannot be made: %s", state, strerror(errno));
    return code;
}

static enum mm_code check_keys(const struct mm_restore_options *o, struct mm_key *ret,
                               struct mm_buf *why)
{
    char path[MM_MAX_PATH];
    enum mm_code code = mm_path_join(path, o->keys_dir, "key");

    if (code == MM_OK)
        code = mm_backup_key(path, ret);
    if (code != MM_OK)
        mm_buf_fmt(why, "%s: is no key of a state directory (32 bytes)", path);
    return code;
}

enum mm_code mm_backup_restore(const struct mm_backup *b, const struct mm_restore_options *o,
                               struct mm_buf *why)
{
    struct mm_key key;
    bool empty = true;
    enum mm_code code = MM_OK;

    MM_ASSERT(o->state != NULL && why->n == 0);
    /* What costs nothing first. */
    if (mm_tree_empty(o->state, &empty) == MM_OK && !empty)
        return make_state(o->state, why);
    if (o->keys_dir != NULL)
        code = check_keys(o, &key, why);
    if (code == MM_OK)
        code = mm_backup_check(b, o->keys_dir != NULL ? &key : NULL, o->tables, why);
    mm_wipe(&key, sizeof(key));
    if (code == MM_OK)
        code = make_state(o->state, why);
    if (code != MM_OK)
        return code;
    code = mm_state_restoring(o->state);
    if (code == MM_OK)
        code = put_all(b, o, why);
    if (code == MM_OK)
        code = mm_backup_count(b, o->state, o->now_us, why);
    if (code == MM_OK)
        code = mm_sync_all(o->state);
    if (code == MM_OK)
        code = mm_state_restored(o->state);
    if (code != MM_OK)
        mm_buf_fmt(why, "%s%s: unfinished; remove it before the next try", why->n == 0 ? "" : "; ",
                   o->state);
    return code;
}
