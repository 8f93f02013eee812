/*
 * app/eventd.c - the store of events: libchdb behind ClickHouse's HTTP protocol.
 *
 * Everything that reads foreign bytes lies in src/eventd and is tested under sanitizers; this file
 * only hands statements to libchdb, which no sanitizer build can link. libchdb comes without a
 * header: what is declared here is its public C interface.
 */
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/confine.h"
#include "base/buf.h"
#include "base/limits.h"
#include "eventd/server.h"
#include "eventd/sql.h"
#include "os/file.h"
#include "os/log.h"
#include "os/notify.h"
#include "store/events/statements.h"

typedef struct chdb_connection_ *chdb_connection;
typedef struct chdb_result_ chdb_result;
chdb_connection *chdb_connect(int argc, char **argv);
void chdb_close_conn(chdb_connection *conn);
chdb_result *chdb_query_with_params_n(chdb_connection conn, const char *query, size_t query_len,
                                      const char *format, size_t format_len,
                                      const char *const *names, const size_t *name_lens,
                                      const char *const *values, const size_t *value_lens,
                                      size_t param_n);
chdb_result *chdb_stream_query_with_params_n(chdb_connection conn, const char *query,
                                             size_t query_len, const char *format,
                                             size_t format_len, const char *const *names,
                                             const size_t *name_lens, const char *const *values,
                                             const size_t *value_lens, size_t param_n);
chdb_result *chdb_stream_fetch_result(chdb_connection conn, chdb_result *stream);
void chdb_stream_cancel_query(chdb_connection conn, chdb_result *stream);
void chdb_destroy_query_result(chdb_result *result);
char *chdb_result_buffer(chdb_result *result);
size_t chdb_result_length(chdb_result *result);
const char *chdb_result_error(chdb_result *result);
uint64_t chdb_result_storage_rows_read(chdb_result *result);
uint64_t chdb_result_rows_written(chdb_result *result);
void chdb_set_signal_handlers_enabled(int enabled);

enum {
    READ_LANES = 4, /* two cores: two that work, two that wait for the disk */
    LANES = MM_STORE_LANE_READ + READ_LANES,
    LISTENERS_MAX = 3,
    OBJECTS_MAX = 24, /* a dozen libraries */
    GIVE_BACK_MS = 5000,
    GIVE_BACK_ROWS = 50 * 1000, /* less than this in GIVE_BACK_MS is rest */
};

/* Address space: the library's own bound is soft, this one is not. At a bound of 1.4 GB it maps 3.7
 * GB and uses 0.9 (measured while inserting 20 M rows): twice that may be. */
#define ADDRESS_FACTOR UINT64_C(3)
#define ADDRESS_BASE (UINT64_C(3) << 30)

#define READ_SECONDS "20"
#define READ_BYTES "800000000" /* of one reading statement */

#define MEMORY_MIN UINT64_C(500000000) /* less than one batch needs */
#define MEMORY_MAX (UINT64_C(1) << 40)

struct store {
    chdb_connection *lane[LANES + 1]; /* the last one is for giving memory back */
    atomic_uint_fast64_t rows;        /* read or written so far */
};

struct params {
    const char *name[MM_STORE_PARAMS_MAX], *value[MM_STORE_PARAMS_MAX];
    size_t name_n[MM_STORE_PARAMS_MAX], value_n[MM_STORE_PARAMS_MAX];
};

static void note_error(struct mm_store_result *ret, const char *text)
{
    ret->text_n = mm_min_size(strlen(text), sizeof(ret->text));
    memcpy(ret->text, text, ret->text_n);
}

/* Fetch pieces until the empty one; each is freed before the next is made. */
static void drain(chdb_connection conn, chdb_result *stream, mm_store_sink *sink, void *ctx,
                  struct mm_store_result *ret)
{
    for (;;) {
        chdb_result *piece = chdb_stream_fetch_result(conn, stream);
        const char *error = chdb_result_error(piece);
        size_t n = error == NULL ? chdb_result_length(piece) : 0;
        bool more = n > 0 && sink(ctx, mm_slice_of(chdb_result_buffer(piece), n));

        ret->read_rows += chdb_result_storage_rows_read(piece);
        if (error != NULL)
            note_error(ret, error);
        else if (n > 0 && !more)
            chdb_stream_cancel_query(conn, stream);
        chdb_destroy_query_result(piece);
        if (!more)
            return;
    }
}

static void run(void *ctx, const struct mm_store_call *call, mm_store_sink *sink, void *sink_ctx,
                struct mm_store_result *ret)
{
    struct store *s = ctx;
    chdb_connection conn = *s->lane[call->lane];
    struct params p;
    chdb_result *r;

    for (size_t i = 0; i < call->param_n; i++) {
        p.name[i] = (const char *)call->param[i].name.p;
        p.name_n[i] = call->param[i].name.n;
        p.value[i] = (const char *)call->param[i].value.p;
        p.value_n[i] = call->param[i].value.n;
    }
    r = (call->stream ? chdb_stream_query_with_params_n : chdb_query_with_params_n)(
        conn, (const char *)call->sql.p, call->sql.n, (const char *)call->format.p, call->format.n,
        p.name, p.name_n, p.value, p.value_n, call->param_n);
    if (chdb_result_error(r) != NULL) {
        note_error(ret, chdb_result_error(r));
    } else if (call->stream) {
        drain(conn, r, sink, sink_ctx, ret);
    } else {
        ret->read_rows = chdb_result_storage_rows_read(r);
        ret->written_rows = chdb_result_rows_written(r);
        if (chdb_result_length(r) > 0)
            (void)sink(sink_ctx, mm_slice_of(chdb_result_buffer(r), chdb_result_length(r)));
    }
    chdb_destroy_query_result(r);
    (void)atomic_fetch_add(&s->rows, ret->read_rows + ret->written_rows);
}

static bool nothing(void *ctx, struct mm_slice piece)
{
    return ctx == NULL && piece.n > 0;
}

/* One statement of ours; says in the log what was wrong. */
static bool command(struct store *s, unsigned lane, struct mm_slice sql)
{
    struct mm_store_result result = {0};
    struct mm_store_call call = {.lane = lane, .sql = sql, .format = MM_S("TabSeparated")};

    run(s, &call, nothing, NULL, &result);
    if (result.text_n == 0)
        return true;
    mm_log_error("eventd", "refused: lane=%u code=%d", lane,
                 mm_sql_exception_code(mm_slice_of(result.text, result.text_n)));
    return false;
}

/* JIT needs executable memory, which the sandbox refuses. The last setting of a reading lane locks
 * all others: without it any SELECT could read any file below our directory. */
static bool set_up_lane(struct store *s, unsigned lane)
{
    static const struct mm_slice common =
        MM_S_INIT("SET compile_expressions = 0, compile_aggregate_expressions = 0, "
                  "compile_sort_description = 0, max_untracked_memory = 1048576");
    static const struct mm_slice writing = MM_S_INIT(
        "SET max_threads = 1, max_insert_threads = 1, max_partitions_per_insert_block = 0, "
        "min_insert_block_size_rows = 400000, min_insert_block_size_bytes = 536870912, "
        "max_insert_block_size = 400000, async_insert = 0, "
        "engine_file_skip_empty_files = 0, storage_file_read_method = 'mmap'");
    static const struct mm_slice reading =
        MM_S_INIT("SET max_threads = 2, max_execution_time = " READ_SECONDS
                  ", max_memory_usage = " READ_BYTES ", max_result_rows = 0, readonly = 1");

    return command(s, lane, common) &&
           command(s, lane, lane < MM_STORE_LANE_READ ? writing : reading);
}

static bool open_store(struct store *s, const char *dir, uint64_t memory)
{
    char path[MM_MAX_PATH + 16], max[64];
    char *argv[] = {(char[]){"eventd"},
                    path,
                    max,
                    (char[]){"--mark_cache_size=67108864"},
                    (char[]){"--primary_index_cache_size=67108864"},
                    (char[]){"--index_mark_cache_size=16777216"},
                    (char[]){"--index_uncompressed_cache_size=0"},
                    (char[]){"--max_thread_pool_size=200"}};

    (void)snprintf(path, sizeof(path), "--path=%s", dir);
    (void)snprintf(max, sizeof(max), "--max_server_memory_usage=%llu", (unsigned long long)memory);
    chdb_set_signal_handlers_enabled(0);
    for (unsigned i = 0; i < MM_COUNT(s->lane); i++) {
        s->lane[i] = chdb_connect((int)MM_COUNT(argv), argv);
        if (s->lane[i] == NULL || *s->lane[i] == NULL || (i < LANES && !set_up_lane(s, i)))
            return false;
    }
    for (enum mm_statement st = MM_ST_CREATE_EVENTS; st <= MM_ST_CREATE_BY_NUMBER; st++) {
        struct mm_buf sql;
        bool made;

        mm_buf_init(&sql, MM_EVENTD_SQL_MAX);
        mm_statement_sql(&sql, st);
        made = mm_buf_ok(&sql) && command(s, MM_STORE_LANE_ADMIN, mm_buf_slice(&sql));
        mm_buf_done(&sql);
        if (!made)
            return false;
    }
    return true;
}

/*
 * The library's allocator keeps what a flood needed (measured: 200 MB after 20 M rows). When work
 * has been done and little of it in the last moments, it is told to give that back. Ends when
 * stop_fd becomes readable.
 */
struct giving {
    struct store *store;
    int stop_fd;
};

static void *give_back(void *arg)
{
    const struct giving *g = arg;
    struct pollfd stop = {.fd = g->stop_fd, .events = POLLIN};
    uint64_t seen = 0, given = 0;

    while (poll(&stop, 1, GIVE_BACK_MS) == 0) {
        uint64_t rows = atomic_load(&g->store->rows);

        if (rows - seen < GIVE_BACK_ROWS && rows - given >= GIVE_BACK_ROWS &&
            command(g->store, LANES, MM_S("SYSTEM JEMALLOC PURGE")))
            given = rows;
        seen = rows;
    }
    return NULL;
}

struct arguments {
    const char *state;
    const char *listen; /* HOST:PORT or NULL */
    const char *key_file;
    uint64_t memory;
};

static int usage(void)
{
    fputs(
        "usage: mimamori eventd [--state DIR] [--memory BYTES]\n"
        "                       [--listen HOST:PORT --key-file FILE]\n"
        "Keeps events and alerts; answers ClickHouse's HTTP protocol on DIR/run/eventd.sock and,\n"
        "for statements that only read, on DIR/run/eventd-read.sock (both of mode 0600).\n"
        "  --state DIR      where everything is kept (default /var/lib/mimamori)\n"
        "  --memory BYTES   bound of the store's memory (default 1400000000)\n"
        "  --listen, --key-file  serve TCP too; every request must carry the key of FILE\n",
        stderr);
    return 2;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    *ret = (struct arguments){.state = "/var/lib/mimamori", .memory = UINT64_C(1400000000)};
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *value = argv[i + 1];

        if (strcmp(argv[i], "--state") == 0)
            ret->state = value;
        else if (strcmp(argv[i], "--listen") == 0)
            ret->listen = value;
        else if (strcmp(argv[i], "--key-file") == 0)
            ret->key_file = value;
        else if (strcmp(argv[i], "--memory") == 0) {
            if (!mm_slice_u64(mm_slice_str(value), &ret->memory) || ret->memory < MEMORY_MIN ||
                ret->memory > MEMORY_MAX)
                return false;
        } else if (strcmp(argv[i], "--config") != 0) {
            return false; /* no key of the configuration concerns this program yet */
        }
    }
    return argc % 2 == 1 && (ret->listen == NULL) == (ret->key_file == NULL);
}

/* Listen on TCP, with the key from its file. */
static bool listen_tcp(const struct arguments *a, struct mm_buf *key, int *ret_fd)
{
    char host[128];
    const char *colon = strrchr(a->listen, ':');
    size_t n = colon == NULL ? 0 : (size_t)(colon - a->listen);

    if (n == 0 || n >= sizeof(host) || mm_file_read(a->key_file, key) != MM_OK)
        return false;
    memcpy(host, a->listen, n);
    host[n] = 0;
    while (key->n > 0 && (key->p[key->n - 1] == '\n' || key->p[key->n - 1] == '\r'))
        key->n--;
    *ret_fd = key->n >= 16 ? mm_eventd_listen_tcp(host, colon + 1) : -1;
    return *ret_fd >= 0;
}

/*
 * Everything below the state directory that this program makes. The store's own comes back as an
 * absolute path: the library puts a relative one before itself ("state/eventd/state/eventd/...").
 */
static bool make_directories(const struct arguments *a, char dir[MM_MAX_PATH])
{
    char run_dir[MM_MAX_PATH], lock[MM_MAX_PATH], given[MM_MAX_PATH], full[PATH_MAX];
    int fd;

    if (mm_path_join(given, a->state, "eventd") != MM_OK ||
        mm_path_join(run_dir, a->state, "run") != MM_OK ||
        mm_fs_mkdirs(mm_fs_real(), given, 0700) != MM_OK ||
        mm_fs_mkdirs(mm_fs_real(), run_dir, 0700) != MM_OK || realpath(given, full) == NULL ||
        snprintf(dir, MM_MAX_PATH, "%s", full) >= MM_MAX_PATH ||
        mm_path_join(lock, dir, "lock") != MM_OK) {
        mm_log_error("eventd", "cannot make the directories of the store");
        return false;
    }
    /* Held until the process ends: two libraries on one store would destroy it. */
    if (mm_file_lock(lock, false, &fd) != MM_OK) {
        mm_log_error("eventd", "another eventd has the store");
        return false;
    }
    return true;
}

/* One socket for who writes, one for who only reads (the portal), TCP when it is asked for. */
static bool listen_all(const struct arguments *a, struct mm_eventd_listener ret[LISTENERS_MAX],
                       size_t *ret_n, struct mm_buf *key)
{
    static const char *const names[] = {"run/eventd.sock", "run/eventd-read.sock"};
    char path[MM_MAX_PATH];
    size_t n = 0;

    for (; n < MM_COUNT(names); n++) {
        if (mm_path_join(path, a->state, names[n]) != MM_OK)
            return false;
        ret[n] = (struct mm_eventd_listener){.fd = mm_eventd_listen_unix(path), .read_only = n > 0};
        if (ret[n].fd < 0) {
            mm_log_error("eventd", "cannot listen: socket=%s errno=%d", names[n], errno);
            return false;
        }
    }
    if (a->listen != NULL && !listen_tcp(a, key, &ret[n++].fd)) {
        mm_log_error("eventd", "cannot listen: address=%s", a->listen);
        return false;
    }
    *ret_n = n;
    return true;
}

/* Objects that this process is made of, as files. */
struct objects {
    struct mm_sandbox_path path[OBJECTS_MAX];
    size_t n;
};

static int add_object(struct dl_phdr_info *info, size_t size, void *arg)
{
    struct objects *o = arg;

    MM_ASSERT(size >= offsetof(struct dl_phdr_info, dlpi_phdr));
    /* The program itself has no name, what the kernel maps no path. */
    if (strchr(info->dlpi_name, '/') == NULL)
        return 0;
    MM_ASSERT(o->n < MM_COUNT(o->path));
    o->path[o->n++] = (struct mm_sandbox_path){info->dlpi_name, MM_REACH_READ, false};
    return 0;
}

/* Before the library makes threads, so that all of them are bound. */
static bool enter_places(const struct arguments *a)
{
    struct objects objects = {.n = 0};
    const struct mm_confine c = {.who = MM_CONFINED_EVENTD,
                                 .state = a->state,
                                 .more = objects.path,
                                 .more_n =
                                     dl_iterate_phdr(add_object, &objects) == 0 ? objects.n : 0,
                                 .memory_max = a->memory * ADDRESS_FACTOR + ADDRESS_BASE};

    return mm_confine_places(&c);
}

static bool enter_calls(void)
{
    return mm_confine_calls(&(struct mm_confine){.who = MM_CONFINED_EVENTD});
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct store store = {0};
    struct mm_store_ops ops = {.ctx = &store, .lanes = LANES, .run = run};
    struct mm_eventd_options o = {.store = &ops};
    struct mm_eventd_listener listeners[LISTENERS_MAX] = {{0}};
    struct giving giving;
    pthread_t giver;
    struct mm_buf key;
    char dir[MM_MAX_PATH];
    size_t n;
    sigset_t stop;
    int stop_fd;

    if (!parse(argc, argv, &a))
        return usage();
    mm_buf_init(&key, 4096);
    (void)sigemptyset(&stop);
    (void)sigaddset(&stop, SIGTERM);
    (void)sigaddset(&stop, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &stop, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    stop_fd = signalfd(-1, &stop, SFD_CLOEXEC);
    if (stop_fd < 0 || !make_directories(&a, dir) || !listen_all(&a, listeners, &n, &key) ||
        !enter_places(&a))
        return 1;
    if (!open_store(&store, dir, a.memory)) {
        mm_log_error("eventd", "the store cannot be opened: dir=%s", dir);
        return 1;
    }
    mm_notify("READY=1");
    giving = (struct giving){.store = &store, .stop_fd = stop_fd};
    if (!enter_calls() || pthread_create(&giver, NULL, give_back, &giving) != 0)
        return 1;
    o.key = mm_buf_slice(&key);
    mm_log_info("eventd", "ready: lanes=%u memory=%llu", ops.lanes, (unsigned long long)a.memory);
    if (mm_eventd_serve(&o, listeners, n, stop_fd) != MM_OK)
        return 1;
    (void)pthread_join(giver, NULL);
    for (size_t i = MM_COUNT(store.lane); i > 0; i--)
        chdb_close_conn(store.lane[i - 1]);
    mm_log_info("eventd", "stopped");
    return 0;
}
