/* backup/check.c - see check.h for the contract. */
#include "backup/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/store.h"
#include "backup/take.h"
#include "base/time.h"
#include "serve/state.h"
#include "store/events/attach.h"
#include "store/records/copy.h"

enum { SHARE_MIN = 64 * 1024 }; /* smaller files are copied: eventd may write over these */

enum mm_code mm_backup_key(const char *path, struct mm_key *ret)
{
    struct mm_buf text;
    enum mm_code code;

    mm_buf_init(&text, 2 * sizeof(ret->b));
    code = mm_file_read(path, &text);
    if (code == MM_OK && text.n != sizeof(ret->b))
        code = MM_E_SYNTAX;
    if (code == MM_OK)
        memcpy(ret->b, text.p, sizeof(ret->b));
    if (text.n > 0)
        mm_wipe(text.p, text.n);
    mm_buf_done(&text);
    return code == MM_E_LIMIT ? MM_E_SYNTAX : code;
}

/* ---- the list ---- */

/* Numbers that cannot be: a restore would give them out twice, or never find its place. */
static bool queues_fit(const struct mm_manifest *m)
{
    for (size_t i = 0; i < m->queues_n; i++) {
        const struct mm_manifest_queue *q = &m->queue[i];

        if (q->next != 0 && (q->position > q->next || q->oldest > q->position))
            return false;
    }
    return true;
}

enum mm_code mm_backup_open(const char *dir, struct mm_backup *ret, struct mm_buf *why)
{
    struct mm_backup b = {0};
    char path[MM_MAX_PATH];
    enum mm_code code = mm_backup_find(dir, b.dir);

    mm_buf_init(&b.text, MM_MANIFEST_MAX);
    if (code == MM_OK)
        code = mm_path_join(path, b.dir, MM_BACKUP_MANIFEST);
    if (code == MM_OK)
        code = mm_file_read(path, &b.text);
    if (code == MM_E_NOTFOUND) {
        mm_buf_fmt(why, "%s: no backup, or one that was never finished", dir);
    } else if (code == MM_OK) {
        code = mm_manifest_parse(mm_buf_slice(&b.text), &b.m, NULL);
        if (code == MM_OK && b.m.state > MM_STATE_VERSION)
            code = MM_E_VERSION;
        if (code == MM_OK && !queues_fit(&b.m))
            code = MM_E_SYNTAX;
        if (code == MM_E_VERSION)
            mm_buf_fmt(why, "%s: made by a newer release (%.*s); use that release or a newer one",
                       b.dir, MM_S_ARG(mm_manifest_program(mm_buf_slice(&b.text))));
        else if (code != MM_OK)
            mm_buf_fmt(why, "%s: the list of its files is damaged", path);
    } else {
        mm_buf_fmt(why, "%s: %s", dir, mm_code_key(code));
    }
    if (code != MM_OK)
        mm_backup_close(&b);
    else
        *ret = b;
    return code;
}

void mm_backup_close(struct mm_backup *b)
{
    mm_manifest_done(&b->m);
    mm_buf_done(&b->text);
}

/* ---- every byte ---- */

static enum mm_code check_file(const struct mm_backup *b, const struct mm_manifest_file *f,
                               struct mm_copier *copier, struct mm_buf *why)
{
    char name[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_copied is;
    enum mm_code code = mm_manifest_path(f->name, name);

    if (code == MM_OK)
        code = mm_path_join(path, b->dir, name);
    if (code == MM_OK)
        code = mm_copier_digest(copier, path, &is);
    if (code == MM_OK && is.size == f->size && memcmp(is.sha256, f->sha256, MM_SHA256) == 0)
        return MM_OK;
    mm_buf_fmt(why, "%s/%.*s: %s", b->dir, MM_S_ARG(f->name),
               code == MM_E_NOTFOUND ? "is missing"
               : code == MM_OK       ? "is not what was backed up (size or SHA-256 differ)"
                                     : mm_code_key(code));
    return code == MM_OK || code == MM_E_NOTFOUND ? MM_E_SYNTAX : code;
}

static enum mm_code check_seal(const struct mm_backup *b, const struct mm_key *key,
                               struct mm_buf *why)
{
    char path[MM_MAX_PATH];
    struct mm_key own;
    enum mm_code code = mm_path_join(path, b->dir, "keys/key");
    bool fits = true;

    if (code != MM_OK)
        return code;
    if (b->m.keys) {
        code = mm_backup_key(path, &own);
        fits = code == MM_OK && mm_manifest_sealed_by(&b->m, &own);
        mm_wipe(&own, sizeof(own));
    }
    if (key != NULL)
        fits = fits && mm_manifest_sealed_by(&b->m, key);
    if (fits)
        return MM_OK;
    mm_buf_fmt(why, "%s: the list is not sealed with this key: changed, or of another installation",
               b->dir);
    return MM_E_SYNTAX;
}

static enum mm_code check_records(const struct mm_backup *b,
                                  const struct mm_records_options *tables, struct mm_buf *why)
{
    struct mm_records_fault fault = {0};
    char path[MM_MAX_PATH];
    enum mm_code code = mm_path_join(path, b->dir, "records.db");

    if (code == MM_OK && mm_manifest_find(&b->m, MM_S("records.db")) == NULL)
        code = MM_E_SYNTAX;
    if (code == MM_OK)
        code = mm_records_look(path, tables, &fault);
    if (code == MM_E_VERSION)
        mm_buf_fmt(why, "%s: records of a newer release, %s; use that release or a newer one", path,
                   fault.detail);
    else if (code != MM_OK)
        mm_buf_fmt(why, "%s: damaged: %s", path, fault.detail);
    return code;
}

/* What a store would believe before a row is read: how its tables are defined. */
static enum mm_code check_table(const struct mm_backup *b, struct mm_slice file, struct mm_buf *why)
{
    static const struct mm_slice sql = MM_S_INIT(".sql");
    struct mm_slice name = mm_slice_sub(file, 0, file.n - sql.n);
    char at[MM_MAX_PATH], path[MM_MAX_PATH];
    struct mm_fault fault = {0};
    struct mm_buf text;
    enum mm_etable t;
    enum mm_code code = mm_manifest_path(file, at);

    for (size_t slash; (slash = mm_slice_find(name, '/', 0)) != SIZE_MAX;)
        name = mm_slice_sub(name, slash + 1, SIZE_MAX);
    mm_buf_init(&text, MM_ATTACH_MAX);
    if (code == MM_OK)
        code = mm_path_join(path, b->dir, at);
    if (code == MM_OK)
        code = mm_file_read(path, &text);
    if (code == MM_OK && !mm_etable_find(name, &t))
        code = MM_E_SYNTAX;
    if (code == MM_OK)
        code = mm_attach_check(mm_buf_slice(&text), t, &fault);
    if (code != MM_OK)
        mm_buf_fmt(why, "%s/%.*s: no table of ours (byte %zu); no store is started on it", b->dir,
                   MM_S_ARG(file), fault.at);
    mm_buf_done(&text);
    return code == MM_E_LIMIT ? MM_E_SYNTAX : code;
}

/* What state/ and keys/ may not bring: it has a way of its own, on which it is looked at. */
static bool out_of_place(struct mm_slice name)
{
    static const struct mm_slice state = MM_S_INIT("state/"), keys = MM_S_INIT("keys/");
    static const char *const apart[] = {"eventd",       "spool",          "run",
                                        "records.db",   "records.db-wal", "records.db-shm",
                                        "records.lock", "VERSION"};
    static const char *const secret[] = {"key", "key.new", "tls", MM_STATE_KEY_ID};
    bool of_state = mm_slice_starts(name, state);
    struct mm_slice head;

    if (!of_state && !mm_slice_starts(name, keys))
        return false;
    head = mm_slice_sub(name, of_state ? state.n : keys.n, SIZE_MAX);
    head = mm_slice_sub(head, 0, mm_slice_find(head, '/', 0));
    for (size_t i = 0; i < MM_COUNT(apart); i++) {
        if (mm_slice_eq(head, mm_slice_str(apart[i])))
            return true;
    }
    for (size_t i = 0; of_state && i < MM_COUNT(secret); i++) {
        if (mm_slice_eq(head, mm_slice_str(secret[i])))
            return true;
    }
    return false;
}

static enum mm_code check_tables(const struct mm_backup *b, struct mm_buf *why)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; code == MM_OK && i < b->m.files_n; i++) {
        struct mm_slice name = b->m.file[i].name;

        if (out_of_place(name)) {
            mm_buf_fmt(why, "%s: %.*s does not belong into a backup", b->dir, MM_S_ARG(name));
            return MM_E_SYNTAX;
        }
        if (mm_slice_starts(name, MM_S("eventd/")) && mm_slice_ends(name, MM_S(".sql")))
            code = check_table(b, name, why);
    }
    return code;
}

enum mm_code mm_backup_check(const struct mm_backup *b, const struct mm_key *key,
                             const struct mm_records_options *tables, struct mm_buf *why)
{
    struct mm_copier *copier = mm_copier_new();
    enum mm_code code = copier == NULL ? MM_E_NOMEM : MM_OK;

    for (size_t i = 0; code == MM_OK && i < b->m.files_n; i++)
        code = check_file(b, &b->m.file[i], copier, why);
    mm_copier_free(&copier);
    if (code == MM_OK)
        code = check_seal(b, key, why);
    if (code == MM_OK)
        code = check_tables(b, why);
    return code == MM_OK ? check_records(b, tables, why) : code;
}

/* ---- events ---- */

enum mm_code mm_backup_name_tables(const struct mm_backup *b, const char *eventd)
{
    static const struct mm_slice store = MM_S_INIT("eventd/store/");
    static const struct mm_slice table = MM_S_INIT("/events.sql");
    char path[MM_MAX_PATH], target[MM_MAX_PATH];

    for (size_t i = 0; i < b->m.files_n; i++) {
        struct mm_slice name = b->m.file[i].name;
        int n;

        if (!mm_slice_starts(name, store) || !mm_slice_ends(name, table))
            continue;
        name = mm_slice_sub(name, store.n, name.n - store.n - table.n);
        n = snprintf(target, sizeof(target), "../store/%.*s", MM_S_ARG(name));
        if (n < 0 || (size_t)n >= sizeof(target) ||
            mm_path_join(path, eventd, "metadata/default") != MM_OK)
            return MM_E_LIMIT;
        if (mm_dirs_above(path) != MM_OK || symlink(target, path) != 0)
            return mm_code_of_errno(errno);
        return MM_OK;
    }
    return MM_E_NOTFOUND;
}

static enum mm_code count_table(struct mm_backup_store *store, const struct mm_manifest_table *t,
                                int64_t now_us, struct mm_buf *why)
{
    uint64_t rows = 0;
    bool expired = t->expires_s != 0 && (int64_t)t->expires_s <= now_us / MM_US_PER_S;
    enum mm_code code = mm_backup_store_rows(store, t->name, &rows);

    if (code == MM_OK && rows != t->rows && !(expired && rows < t->rows))
        code = MM_E_SYNTAX;
    if (code != MM_OK)
        mm_buf_fmt(why, "table %.*s: %llu rows can be read, %llu were backed up", MM_S_ARG(t->name),
                   (unsigned long long)rows, (unsigned long long)t->rows);
    return code;
}

enum mm_code mm_backup_count(const struct mm_backup *b, const char *state, int64_t now_us,
                             struct mm_buf *why)
{
    struct mm_backup_store store = {0};
    enum mm_code code;

    if (b->m.tables_n == 0)
        return MM_OK;
    code = mm_backup_store_open(state, &store);
    if (code != MM_OK)
        mm_buf_fmt(why, "%s: no store of events comes up on what was backed up: %s", state,
                   mm_code_key(code));
    for (size_t i = 0; code == MM_OK && i < b->m.tables_n; i++)
        code = count_table(&store, &b->m.table[i], now_us, why);
    mm_backup_store_close(&store);
    return code;
}

/* The events of the backup below `to`, as links where that is safe. */
static enum mm_code link_events(const struct mm_backup *b, const char *to)
{
    struct mm_copier *copier = mm_copier_new();
    enum mm_code code = copier == NULL ? MM_E_NOMEM : MM_OK;

    for (size_t i = 0; code == MM_OK && i < b->m.files_n; i++) {
        const struct mm_manifest_file *f = &b->m.file[i];
        char name[MM_MAX_PATH], from[MM_MAX_PATH], path[MM_MAX_PATH];
        struct mm_copied c;

        if (!mm_slice_starts(f->name, MM_S("eventd/store/")))
            continue; /* nothing that its store would do */
        code = mm_manifest_path(f->name, name);
        if (code == MM_OK)
            code = mm_path_join(from, b->dir, name);
        if (code == MM_OK)
            code = mm_path_join(path, to, name + strlen("eventd/"));
        if (code == MM_OK)
            code = mm_dirs_above(path);
        if (code == MM_OK && (f->size < SHARE_MIN || link(from, path) != 0))
            code = mm_copier_copy(copier, from, path, &c);
    }
    mm_copier_free(&copier);
    return code;
}

enum mm_code mm_backup_count_here(const struct mm_backup *b, int64_t now_us, struct mm_buf *why)
{
    char state[] = "/tmp/mimamori-check-XXXXXX"; /* short: there are sockets in it */
    char beside[MM_MAX_PATH + 8], full[MM_MAX_PATH * 4], eventd[MM_MAX_PATH];
    enum mm_code code;
    int n;

    if (b->m.tables_n == 0)
        return MM_OK;
    if (realpath(b->dir, full) == NULL || mkdtemp(state) == NULL)
        return mm_code_of_errno(errno);
    n = snprintf(beside, sizeof(beside), "%s.check", full);
    code = n < 0 || (size_t)n >= MM_MAX_PATH ? MM_E_LIMIT : mm_path_join(eventd, state, "eventd");
    if (code == MM_OK)
        code = mm_tree_remove(beside);
    if (code == MM_OK && (mkdir(beside, 0700) != 0 || symlink(beside, eventd) != 0)) {
        mm_buf_fmt(why, "%s cannot be made (%s), so the rows of events are not counted", beside,
                   strerror(errno));
        code = MM_E_DENIED;
    }
    if (code == MM_OK) {
        code = link_events(b, beside);
        if (code == MM_OK)
            code = mm_backup_name_tables(b, beside);
        if (code != MM_OK)
            mm_buf_fmt(why, "%s: %s", beside, mm_code_key(code));
        else
            code = mm_backup_count(b, state, now_us, why);
        (void)!mm_tree_remove(beside); /* the next check begins with that */
    }
    (void)!mm_tree_remove(state);
    return code;
}
