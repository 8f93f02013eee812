/* backup/erase.c - see erase.h for the contract. */
#include "backup/erase.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/files.h"
#include "backup/stage.h"
#include "backup/store.h"
#include "base/rd.h"
#include "base/time.h"
#include "register/erase.h"
#include "serve/supervise.h"
#include "store/records/whole.h"
#include "store/spool/erase.h"

enum {
    QUEUES_MAX = 1024,
    PARTS_MAX = 16 * 1024 * 1024, /* text of all parts' paths */
    TIMEOUT_MS = 60 * 1000,
    LOOK_MS = 200,
    STILL_S = 30,      /* a serve stops its programs within ten */
    WAIT_S = 6 * 3600, /* a part of a billion rows is written anew in an hour */
};

struct telling {
    mm_erase_tell *tell;
    void *ctx;
};

static enum mm_code fail(struct mm_buf *why, enum mm_code code, const char *what)
{
    if (why->n == 0)
        mm_buf_fmt(why, "%s: %s (%s)", what, mm_code_key(code), strerror(errno));
    return code;
}

static enum mm_code tell_table(void *ctx, const char *table, uint64_t rows)
{
    const struct telling *t = ctx;

    t->tell(t->ctx, "records", table, rows);
    return MM_OK;
}

/* ---- events ---- */

static bool has_events(const char *state)
{
    char path[MM_MAX_PATH];

    return mm_path_join(path, state, "eventd/store") == MM_OK && access(path, F_OK) == 0;
}

static enum mm_code tell_events(struct mm_backup_store *store, uint32_t company,
                                const struct telling *t)
{
    struct mm_slice table, rows;
    struct mm_buf out;
    struct mm_rd rd;
    char name[64];
    uint64_t n;
    enum mm_code code;

    mm_buf_init(&out, 4096);
    code = mm_backup_store_ask_of(store->client, MM_ST_COUNT_OF, company, &out);
    rd = mm_rd_of(mm_buf_slice(&out));
    while (code == MM_OK && mm_rd_until(&rd, '\t', &table) && mm_rd_until(&rd, '\n', &rows)) {
        (void)snprintf(name, sizeof(name), "%.*s", MM_S_ARG(table));
        if (mm_slice_u64(rows, &n) && n > 0)
            t->tell(t->ctx, "events", name, n);
    }
    mm_buf_done(&out);
    return code;
}

/* Until every part is written anew without the company. */
static enum mm_code wait_done(struct mm_backup_store *store)
{
    int64_t until = mm_mono_us() + WAIT_S * MM_US_PER_S;

    while (mm_mono_us() < until) {
        struct mm_slice left, bad;
        struct mm_buf out;
        struct mm_rd rd;
        uint64_t n = 1, failed = 0;
        enum mm_code code;

        mm_buf_init(&out, 4096);
        code = mm_backup_store_ask(store, MM_ST_ERASING, &out);
        rd = mm_rd_of(mm_buf_slice(&out));
        if (code == MM_OK && (!mm_rd_until(&rd, '\t', &left) || !mm_rd_until(&rd, '\n', &bad) ||
                              !mm_slice_u64(left, &n) || !mm_slice_u64(bad, &failed) || failed > 0))
            code = MM_E_IO;
        mm_buf_done(&out);
        if (code != MM_OK || n == 0)
            return code;
        (void)poll(NULL, 0, LOOK_MS);
    }
    return MM_E_BUSY;
}

static enum mm_code erase_rows(const char *state, struct mm_backup_store *store, uint32_t company)
{
    static const enum mm_statement statements[] = {MM_ST_ERASE_EVENTS, MM_ST_ERASE_ALERTS,
                                                   MM_ST_ERASE_SIEVES};
    struct mm_events_client *client = NULL;
    char address[MM_MAX_PATH + 32];
    struct mm_buf none;
    enum mm_code code;

    (void)snprintf(address, sizeof(address), "unix:%s/run/eventd.sock", state);
    code = mm_events_new(mm_slice_str(address), TIMEOUT_MS, &client);
    mm_buf_init(&none, 4096);
    for (size_t i = 0; code == MM_OK && i < MM_COUNT(statements); i++)
        code = mm_backup_store_ask_of(client, statements[i], company, &none);
    mm_buf_done(&none);
    mm_events_free(&client);
    return code == MM_OK ? wait_done(store) : code;
}

struct sweeping {
    const char *dir;
    struct mm_slice parts; /* "…/store/xxx/uuid/part/ TAB", as the store names them */
    const struct telling *t;
};

/* store/xxx/uuid/PART that the store does not name: what a part was made of, or set aside. */
static enum mm_code sweep(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    const struct sweeping *s = ctx;
    char path[MM_MAX_PATH], named[MM_MAX_PATH + 16];
    const char *name = strrchr(e->path, '/');
    size_t slashes = 0;
    enum mm_code code;

    for (const char *p = e->path; *p != 0; p++)
        slashes += *p == '/';
    *ret_skip = slashes >= 2;
    if (!e->is_dir || slashes != 2)
        return MM_OK;
    (void)snprintf(named, sizeof(named), "/store/%s/\t", e->path);
    if (mm_slice_search(s->parts, mm_slice_str(named)) != SIZE_MAX)
        return MM_OK;
    if (strcmp(name, "/detached") == 0)
        return MM_OK; /* empty: nothing_aside */
    code = mm_path_join(path, s->dir, e->path);
    return code == MM_OK ? mm_tree_remove(path) : code;
}

/* The store keeps for minutes what a part was made of, and does not sync what it has made: when it
 * has ended, both are done here. */
static enum mm_code sweep_parts(const char *state, struct mm_slice parts, const struct telling *t)
{
    char dir[MM_MAX_PATH];
    struct sweeping s = {.dir = dir, .parts = parts, .t = t};
    enum mm_code code = mm_path_join(dir, state, "eventd/store");

    if (code == MM_OK)
        code = mm_sync_all(state);
    if (code == MM_OK)
        code = mm_tree_walk(dir, sweep, &s);
    return code == MM_OK ? mm_sync_all(state) : code;
}

/* store/xxx/uuid/detached that holds anything: MM_E_EXISTS. */
static enum mm_code look_aside(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    const char *dir = ctx, *name = strrchr(e->path, '/');
    char path[MM_MAX_PATH];
    bool empty = true;
    size_t slashes = 0;
    enum mm_code code;

    for (const char *p = e->path; *p != 0; p++)
        slashes += *p == '/';
    *ret_skip = slashes >= 2;
    if (!e->is_dir || slashes != 2 || strcmp(name, "/detached") != 0)
        return MM_OK;
    code = mm_path_join(path, dir, e->path);
    if (code == MM_OK)
        code = mm_tree_empty(path, &empty);
    return code != MM_OK || empty ? code : MM_E_EXISTS;
}

/*
 * Parts that the store has put aside as broken hold lines of any company, which may be the only
 * ones there are: nobody can take one company's out of them, and all of them are not ours to take.
 */
static enum mm_code nothing_aside(const char *state, struct mm_buf *why)
{
    char dir[MM_MAX_PATH];
    enum mm_code code =
        has_events(state) ? mm_path_join(dir, state, "eventd/store") : MM_E_NOTFOUND;

    if (code == MM_E_NOTFOUND)
        return MM_OK;
    if (code == MM_OK)
        code = mm_tree_walk(dir, look_aside, dir);
    if (code == MM_E_EXISTS)
        mm_buf_fmt(why,
                   "%s: parts that were set aside as broken lie in */*/detached and hold lines of "
                   "any company; attach or remove them, then erase again",
                   dir);
    return code;
}

static enum mm_code erase_events(const char *state, uint32_t company, const struct telling *t,
                                 struct mm_buf *why)
{
    struct mm_backup_store store = {0};
    struct mm_buf parts;
    enum mm_code code;

    if (!has_events(state))
        return MM_OK;
    code = mm_backup_store_open(state, &store);
    if (code == MM_OK && store.pid == 0)
        code = MM_E_BUSY;
    mm_buf_init(&parts, PARTS_MAX);
    if (code == MM_OK)
        code = nothing_aside(state, why); /* it may have set some aside just now */
    if (code == MM_OK)
        code = tell_events(&store, company, t);
    if (code == MM_OK)
        code = erase_rows(state, &store, company);
    if (code == MM_OK)
        code = mm_backup_store_ask(&store, MM_ST_PARTS, &parts);
    mm_backup_store_close(&store);
    if (code == MM_OK)
        code = sweep_parts(state, mm_buf_slice(&parts), t);
    mm_buf_done(&parts);
    return code == MM_OK ? MM_OK : fail(why, code, "the store of events");
}

/* ---- spool and files ---- */

static enum mm_code erase_spool(const char *state, uint32_t company, const struct telling *t,
                                struct mm_buf *why)
{
    uint16_t queue[QUEUES_MAX];
    char spool[MM_MAX_PATH], name[16];
    enum mm_code code = mm_path_join(spool, state, "spool");
    size_t n = code == MM_OK ? mm_spool_queues(spool, queue, QUEUES_MAX) : 0;

    if (n > QUEUES_MAX)
        code = MM_E_LIMIT;
    for (size_t i = 0; code == MM_OK && i < n; i++) {
        uint64_t erased = 0;

        code = mm_spool_erase(spool, queue[i], company, &erased);
        (void)snprintf(name, sizeof(name), "q%u", queue[i]);
        if (code == MM_OK && erased > 0)
            t->tell(t->ctx, "spool", name, erased);
    }
    return code == MM_OK ? MM_OK : fail(why, code, spool);
}

struct following {
    const char *state;
    const struct telling *t;
};

/* Where reading of a source's files may go on: with their names. */
static enum mm_code forget_source(void *ctx, const struct mm_whole_row *row)
{
    const struct following *f = ctx;
    char name[64], path[MM_MAX_PATH];

    if (strcmp(row->table, "source") != 0)
        return MM_OK;
    for (size_t i = 0; i < row->n; i++) {
        if (strcmp(row->value[i].name, "source") != 0)
            continue;
        (void)snprintf(name, sizeof(name), "follow/%lld", (long long)row->value[i].number);
        if (mm_path_join(path, f->state, name) == MM_OK && unlink(path) == 0)
            f->t->tell(f->t->ctx, "files", name, 1);
    }
    return MM_OK;
}

/* Files of one company, and what a backup that was killed has left. */
static enum mm_code erase_files(const char *state, uint32_t company, const struct telling *t,
                                struct mm_buf *why)
{
    struct following f = {.state = state, .t = t};
    char path[MM_MAX_PATH];
    enum mm_code code = mm_whole_rows(state, company, forget_source, &f);

    if (code == MM_OK)
        code = mm_path_join(path, state, MM_STAGE_DIR);
    if (code == MM_OK)
        code = mm_tree_remove(path);
    return code == MM_OK ? MM_OK : fail(why, code, state);
}

/* ---- together ---- */

enum mm_code mm_company_holds(const char *state, uint32_t company, mm_erase_tell *tell, void *ctx,
                              struct mm_buf *why)
{
    struct telling t = {.tell = tell, .ctx = ctx};
    struct mm_backup_store store = {0};
    enum mm_code code = mm_whole_count(state, company, tell_table, &t);

    if (code == MM_OK && has_events(state)) {
        code = mm_backup_store_open(state, &store);
        if (code == MM_OK)
            code = tell_events(&store, company, &t);
        mm_backup_store_close(&store);
    }
    return code == MM_OK ? MM_OK : fail(why, code, state);
}

enum mm_code mm_stillness_begin(const char *state, struct mm_stillness *ret, struct mm_buf *why)
{
    struct mm_stillness s = {.pause = -1, .lock = -1};
    char pause[MM_MAX_PATH], path[MM_MAX_PATH];
    int64_t until = mm_mono_us() + STILL_S * MM_US_PER_S;
    enum mm_code code = mm_path_join(path, state, "run/serve.lock");

    if (code == MM_OK)
        code = mm_path_join(pause, state, "run/" MM_SUP_PAUSE);
    if (code == MM_OK)
        code = mm_file_lock(pause, true, &s.pause);
    while (code == MM_OK && (code = mm_file_lock(path, false, &s.lock)) == MM_E_BUSY &&
           mm_mono_us() < until) {
        (void)poll(NULL, 0, LOOK_MS);
        code = MM_OK;
    }
    if (code == MM_E_BUSY)
        mm_buf_fmt(why, "%s: stop Mimamori first; what runs would write what is being erased",
                   state);
    if (code != MM_OK) {
        mm_stillness_end(&s);
        return fail(why, code, state);
    }
    *ret = s;
    return MM_OK;
}

void mm_stillness_end(struct mm_stillness *s)
{
    /* This order: a serve that stood still takes the lock again before another one can. */
    if (s->lock >= 0)
        (void)close(s->lock);
    if (s->pause >= 0)
        (void)close(s->pause);
    *s = (struct mm_stillness){.pause = -1, .lock = -1};
}

enum mm_code mm_company_erase(const char *state, uint32_t company, mm_erase_tell *tell, void *ctx,
                              struct mm_buf *why)
{
    struct telling t = {.tell = tell, .ctx = ctx};
    enum mm_code code;

    MM_ASSERT(company > 0);
    code = nothing_aside(state, why);
    if (code == MM_OK)
        code = erase_spool(state, company, &t, why);
    if (code == MM_OK)
        code = erase_events(state, company, &t, why);
    if (code == MM_OK)
        code = erase_files(state, company, &t, why);
    if (code == MM_OK)
        code = mm_whole_count(state, company, tell_table, &t);
    if (code == MM_OK)
        code = mm_whole_erase(state, company, mm_register_kept, mm_register_emptied);
    if (code == MM_OK)
        code = mm_sync_all(state);
    return code == MM_OK ? MM_OK : fail(why, code, state);
}
