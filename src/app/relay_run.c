/* app/relay_run.c - see relay_run.h for the contract. */
#include "app/relay_run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/ingest_follow.h"
#include "app/relay_http.h"
#include "app/relay_set.h"
#include "base/time.h"
#include "intake/follow.h"
#include "intake/net.h"
#include "intake/uplink.h"
#include "os/file.h"
#include "os/log.h"
#include "os/loop.h"
#include "os/notify.h"

enum {
    TICK_US = 1000000,
    DRAIN_MS = 2000,
    COMMIT_MS = 5000,
    SEGMENT = 4 * 1024 * 1024, /* small ones: what is read of one counts as our memory */
    PENDING = 6 * 1024 * 1024, /* more than a bunch of datagrams may need (mm_udp_room) */
    OTHER_S = 60,              /* between tries while we are not welcome */
    SAVE_US = 2000000,
    FOLLOW_IDLE_US = 500000,
};

struct followed {
    struct mm_import *import;
    struct mm_follow *follow;
    const char *path;
    char text[MM_RELAYSET_PATH + 1];
    char places[MM_MAX_PATH];
};

struct run {
    const char *state;
    const struct mm_relay_identity *id;
    struct mm_relayset set;
    struct mm_buf set_text;
    bool quiet; /* the centre wants nothing of us: no listeners, no files */

    struct mm_loop *loop;
    struct mm_intake *core;
    struct mm_net *net;
    struct mm_binding_table table;
    struct mm_timer tick;
    struct followed followed[MM_RELAY_FILES];
    struct mm_uplink *up;
    struct mm_relay_http *http;

    atomic_bool stop;
    atomic_int rc;
    pthread_t sender, follower;
    bool sending, following;
    pthread_mutex_t lock;
    pthread_cond_t wake;
};

static void end_with(struct run *r, int rc)
{
    atomic_store(&r->rc, rc);
    mm_loop_stop(r->loop);
    mm_loop_wake(r->loop);
}

/* Wait until something was committed, we are to stop, or the time is over. */
static void rest(struct run *r, int64_t us)
{
    int64_t at = mm_mono_us() + us;
    struct timespec until = {.tv_sec = at / MM_US_PER_S, .tv_nsec = at % MM_US_PER_S * 1000};

    MM_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    if (!atomic_load(&r->stop))
        (void)pthread_cond_timedwait(&r->wake, &r->lock, &until);
    MM_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
}

static void rouse(void *ctx)
{
    struct run *r = ctx;

    MM_ASSERT(pthread_mutex_lock(&r->lock) == 0);
    MM_ASSERT(pthread_cond_broadcast(&r->wake) == 0);
    MM_ASSERT(pthread_mutex_unlock(&r->lock) == 0);
}

static void committed(void *ctx)
{
    struct run *r = ctx;

    rouse(r);
    mm_loop_wake(r->loop);
}

/* ---- handing over ---- */

static void set_quiet(const struct run *r, bool quiet)
{
    char path[MM_MAX_PATH];

    if (mm_path_join(path, r->state, "quiet") != MM_OK)
        return;
    if (!quiet)
        (void)unlink(path);
    else if (mm_file_put(path, MM_S("the centre has stopped this relay\n")) != MM_OK)
        mm_log_warn("relay", "%s cannot be written", path);
}

static bool is_quiet(const char *state)
{
    char path[MM_MAX_PATH];

    return mm_path_join(path, state, "quiet") == MM_OK && access(path, F_OK) == 0;
}

/* Settings newer than ours wait at the centre. */
static bool fetch_settings(struct run *r, struct mm_buf *answer)
{
    char url[MM_RELAY_URL + 32];
    const char *why;
    int status;
    enum mm_code c;

    (void)snprintf(url, sizeof(url), "%s/v1/relay/settings", r->id->url);
    c = mm_relay_http_ask(r->http, url, "text/plain", (struct mm_slice){0}, answer, &status, &why);
    if (c != MM_OK || status != 200)
        return false;
    c = mm_relay_set_keep(r->state, r->id, mm_buf_slice(answer));
    if (c != MM_OK)
        mm_log_error("relay", "settings of the centre are refused: %s", mm_code_key(c));
    return c == MM_OK;
}

static const char *words_of(enum mm_uplink_what what)
{
    switch (what) {
    case MM_UPLINK_COPY:
        return "this relay is a copy of another one, or was set back: the centre takes nothing of "
               "it. Lines are kept. Ask for a new code: mimamori relay enrol URL CODE";
    case MM_UPLINK_QUIET:
        return "the centre has stopped this relay: nothing is listened to any more, what waits is "
               "kept";
    case MM_UPLINK_HELD:
        return "the centre waits for somebody's word about this relay; lines are kept";
    default:
        return "the centre does not take lines now; they are kept";
    }
}

/* One batch there and back. *said: what was logged last, so that it is said once. */
static enum mm_uplink_what exchange(struct run *r, struct mm_buf *batch, struct mm_buf *answer,
                                    enum mm_uplink_what *said)
{
    char url[MM_RELAY_URL + 32];
    const char *why = "";
    enum mm_uplink_what what;
    int status = 0;

    (void)snprintf(url, sizeof(url), "%s/v1/relay/lines", r->id->url);
    if (mm_relay_http_ask(r->http, url, "application/octet-stream", mm_buf_slice(batch), answer,
                          &status, &why) != MM_OK)
        mm_buf_reset(answer); /* what came of an answer that is not whole counts for nothing */
    what = mm_uplink_answer(r->up, status, mm_buf_slice(answer));
    if (what != *said && !atomic_load(&r->stop)) {
        if (what == MM_UPLINK_ON)
            mm_log_info("relay", "the centre takes lines");
        else
            mm_log_error("relay", "%s (%d %s)", words_of(what), status, why);
        *said = what;
    }
    return what;
}

/* How long to wait after this; 0: not at all. *pause is that of tries that fail. */
static int64_t pause_after(struct run *r, enum mm_uplink_what what, int64_t *pause)
{
    const int64_t longest = 30 * MM_US_PER_S;

    if (what == MM_UPLINK_ON) {
        *pause = 0;
        if (r->quiet) {
            set_quiet(r, false);
            end_with(r, MM_RELAY_ANEW);
        }
        return 0;
    }
    if (what == MM_UPLINK_LATER) {
        *pause = *pause == 0 ? MM_US_PER_S / 5 : *pause * 2 > longest ? longest : *pause * 2;
        return *pause;
    }
    if (what == MM_UPLINK_QUIET && !r->quiet) {
        set_quiet(r, true);
        end_with(r, MM_RELAY_ANEW);
    }
    if (what == MM_UPLINK_COPY && *pause == 0) {
        *pause = MM_US_PER_S; /* the centre shall know at once, and then hear of it now and then */
        return *pause;
    }
    return OTHER_S * MM_US_PER_S;
}

static void sleep_for(struct run *r, int64_t us)
{
    int64_t until = mm_mono_us() + us;

    while (!atomic_load(&r->stop) && mm_mono_us() < until)
        rest(r, until - mm_mono_us());
}

static void save(struct run *r, int64_t *saved_us)
{
    enum mm_code c;

    if (mm_mono_us() - *saved_us < SAVE_US)
        return;
    *saved_us = mm_mono_us();
    c = mm_uplink_save(r->up);
    if (c != MM_OK)
        mm_log_warn("relay", "how far the centre is cannot be kept: %s", mm_code_key(c));
    mm_intake_done(r->core, mm_uplink_done(r->up)); /* what the centre has is nobody's hoard */
}

static void *send_all(void *arg)
{
    struct run *r = arg;
    enum mm_uplink_what said = MM_UPLINK_LATER, what;
    int64_t pause = 0, alive_us = 0, saved_us = 0;
    struct mm_buf batch, answer;
    uint32_t lines = 0;

    mm_buf_init(&batch, MM_RELAY_MAX);
    mm_buf_init(&answer, MM_RELAY_ANSWER);
    while (!atomic_load(&r->stop)) {
        enum mm_code c = mm_uplink_batch(r->up, mm_now_us(), &batch, &lines);

        save(r, &saved_us);
        if (c != MM_OK) {
            mm_log_error("relay", "lines on the disk cannot be read: %s", mm_code_key(c));
            sleep_for(r, 5 * MM_US_PER_S);
            continue;
        }
        if (lines == 0 && alive_us != 0 &&
            mm_mono_us() - alive_us < MM_UPLINK_ALIVE_S * MM_US_PER_S) {
            rest(r, MM_US_PER_S);
            continue;
        }
        what = exchange(r, &batch, &answer, &said);
        alive_us = mm_mono_us();
        if (what == MM_UPLINK_ON && mm_uplink_serial(r->up) > r->set.serial &&
            fetch_settings(r, &answer))
            end_with(r, MM_RELAY_ANEW);
        sleep_for(r, pause_after(r, what, &pause));
    }
    mm_buf_done(&batch);
    mm_buf_done(&answer);
    return NULL;
}

/* ---- followed files ---- */

static void say_file(void *ctx, const char *path, const char *what)
{
    (void)ctx;
    mm_log_warn("relay", "%s is not read: %s", path, what);
}

static bool open_followed(struct run *r, size_t i)
{
    struct followed *f = &r->followed[i];
    struct mm_import_options o = {
        .state_dir = r->state,
        .queue = (uint16_t)(MM_UPLINK_FILE_QUEUE + i + 1),
        .segment_max = SEGMENT,
        .company = 1,
        .source = mm_uplink_source(MM_RELAY_FILE, (uint16_t)(i + 1)),
        .now_us = mm_now_us,
    };
    struct mm_follow_options w = {.paths = &f->path, .paths_n = 1, .say = say_file};
    char name[32];
    enum mm_code c;

    memcpy(f->text, r->set.follow[i].p, r->set.follow[i].n);
    f->path = f->text;
    (void)snprintf(name, sizeof(name), "follow.%zu", i + 1);
    c = mm_path_join(f->places, r->state, name);
    if (c == MM_OK)
        c = mm_import_open(&o, &f->import);
    w.import = f->import;
    w.places = f->places;
    if (c == MM_OK)
        c = mm_follow_new(&w, &f->follow);
    if (c != MM_OK)
        mm_log_error("relay", "%s cannot be followed: %s", f->path, mm_code_key(c));
    return c == MM_OK;
}

static void *follow_all(void *arg)
{
    struct run *r = arg;

    while (!atomic_load(&r->stop)) {
        bool more = false;

        for (size_t i = 0; i < MM_RELAY_FILES && !atomic_load(&r->stop); i++) {
            bool some = false;

            if (r->followed[i].follow == NULL)
                continue;
            if (mm_follow_step(r->followed[i].follow, mm_mono_us(), &some) != MM_OK)
                some = false; /* tried again with the next look */
            more = more || some;
        }
        if (more)
            rouse(r);
        else
            sleep_for(r, FOLLOW_IDLE_US);
    }
    return NULL;
}

static void close_followed(struct run *r)
{
    for (size_t i = 0; i < MM_RELAY_FILES; i++) {
        struct followed *f = &r->followed[i];

        if (f->follow != NULL && mm_follow_save(f->follow) != MM_OK)
            mm_log_warn("relay", "%s is read from its front at the next start", f->path);
        mm_follow_free(&f->follow);
        mm_import_close(&f->import);
    }
}

/* ---- walls, listeners ---- */

/* The directories of followed files that are there. */
static bool enter_places(struct run *r)
{
    static char room[MM_RELAY_FILES][MM_FOLLOW_PATHS][MM_MAX_PATH];
    struct mm_sandbox_path more[MM_RELAY_FILES];
    struct mm_confine c = {.who = MM_CONFINED_RELAY, .state = r->state, .more = more};

    for (size_t i = 0; i < MM_RELAY_FILES; i++) {
        char text[MM_RELAYSET_PATH + 1] = "";
        const char *path = text;

        if (r->quiet || r->set.follow[i].n == 0)
            continue;
        memcpy(text, r->set.follow[i].p, r->set.follow[i].n);
        if (mm_ingest_follow_dirs(&path, 1, room[i], &more[c.more_n]))
            c.more_n++;
    }
    return mm_confine_places(&c);
}

static bool listen_all(struct run *r)
{
    for (size_t i = 0; i < r->set.listen_n && !r->quiet; i++) {
        bool udp = r->set.listen[i].via == MM_RELAY_UDP;
        struct mm_binding row = {.kind = MM_BIND_LISTENER,
                                 .company = 1,
                                 .source =
                                     mm_uplink_source(r->set.listen[i].via, r->set.listen[i].port),
                                 .transport = udp ? MM_TRANSPORT_UDP : MM_TRANSPORT_TCP,
                                 .port = r->set.listen[i].port};
        struct mm_endpoint at;
        uint16_t port;
        enum mm_code c;

        MM_ASSERT(mm_endpoint_parse(MM_S("0.0.0.0:0"), &at));
        at.port = row.port;
        c = mm_bindings_add(&r->table, &row);
        if (c == MM_OK)
            c = mm_net_listen(r->net, row.transport, &at, false, &port);
        if (c != MM_OK)
            mm_log_error("relay", "cannot listen to %s/%u: %s", udp ? "udp" : "tcp", row.port,
                         c == MM_E_EXISTS ? "another program does" : mm_code_key(c));
        else
            mm_log_info("relay", "listening %s/%u", udp ? "udp" : "tcp", row.port);
    }
    mm_bindings_seal(&r->table);
    mm_net_bind(r->net, &r->table);
    return true;
}

static void on_wake(void *ctx)
{
    struct run *r = ctx;

    mm_net_resume(r->net);
}

static void on_tick(void *ctx, struct mm_timer *t)
{
    struct run *r = ctx;

    mm_net_sweep(r->net);
    mm_notify("WATCHDOG=1");
    MM_ASSERT(mm_loop_timer(r->loop, t, TICK_US) == MM_OK); /* it had its place */
}

static void on_signal(void *ctx, int signo)
{
    struct run *r = ctx;

    (void)signo;
    mm_loop_stop(r->loop);
}

/* The number that this program calls itself: "1.2.3". */
static uint64_t version_of(const char *text)
{
    uint64_t part[3] = {0};
    size_t at = 0;

    for (; *text != 0 && at < MM_COUNT(part); text++) {
        if (*text == '.')
            at++;
        else if (*text >= '0' && *text <= '9')
            part[at] = part[at] * 10 + (uint64_t)(*text - '0');
        else
            break;
    }
    return part[0] << 32 | part[1] << 16 | part[2];
}

static enum mm_code open_uplink(struct run *r)
{
    struct mm_uplink_options o = {.state_dir = r->state,
                                  .version = version_of(MM_VERSION),
                                  .serial = r->set.serial,
                                  .epoch = (uint8_t)(r->id->epoch & UINT8_MAX)};

    mm_random(&o.instance, sizeof(o.instance));
    return mm_uplink_new(&o, &r->up);
}

static bool open_all(struct run *r)
{
    struct mm_intake_options o = {.state_dir = r->state,
                                  .segment_max = SEGMENT,
                                  .pending_max = PENDING,
                                  .epoch_us = mm_now_us(),
                                  .committed = committed,
                                  .ctx = r};
    struct mm_net_options limits = {0};
    enum mm_code c = mm_relay_set_read(r->state, r->id, &r->set_text, &r->set);

    if (c != MM_OK && c != MM_E_NOTFOUND)
        mm_log_error("relay", "the settings here are refused: %s", mm_code_key(c));
    r->quiet = is_quiet(r->state);
    if (!enter_places(r))
        return false;
    c = mm_relay_http_new(r->id, r->id->pin[0] != 0 ? MM_TRUST_PIN : MM_TRUST_AUTHORITY, &r->stop,
                          &r->http);
    if (c == MM_OK)
        c = mm_loop_new(&r->loop);
    if (c == MM_OK)
        c = mm_loop_on_wake(r->loop, on_wake, r);
    if (c == MM_OK)
        c = mm_intake_open(&o, &r->core);
    if (c == MM_OK)
        c = open_uplink(r);
    if (c == MM_OK)
        c = mm_net_new(r->loop, r->core, &limits, &r->net);
    if (c != MM_OK)
        mm_log_error("relay", "cannot start in %s: %s%s", r->state, mm_code_key(c),
                     c == MM_E_BUSY ? " (another relay runs here)" : "");
    return c == MM_OK && listen_all(r);
}

static bool start(struct run *r)
{
    pthread_condattr_t attr;
    sigset_t set;
    bool any = false;

    MM_ASSERT(pthread_mutex_init(&r->lock, NULL) == 0 && pthread_condattr_init(&attr) == 0);
    MM_ASSERT(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
    MM_ASSERT(pthread_cond_init(&r->wake, &attr) == 0);
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!open_all(r) || mm_loop_signals(r->loop, &set, on_signal, r) != MM_OK ||
        mm_loop_timer(r->loop, &r->tick, 0) != MM_OK)
        return false;
    for (size_t i = 0; i < MM_RELAY_FILES && !r->quiet; i++)
        any = (r->set.follow[i].n > 0 && open_followed(r, i)) || any;
    if (!mm_confine_calls(&(struct mm_confine){.who = MM_CONFINED_RELAY}))
        return false;
    r->following = any && pthread_create(&r->follower, NULL, follow_all, r) == 0;
    r->sending = pthread_create(&r->sender, NULL, send_all, r) == 0;
    return r->sending && (r->following || !any);
}

static void stop(struct run *r, bool drain)
{
    if (r->net != NULL && drain)
        mm_net_drain(r->net, DRAIN_MS);
    mm_net_free(&r->net);
    atomic_store(&r->stop, true);
    rouse(r);
    if (r->following)
        MM_ASSERT(pthread_join(r->follower, NULL) == 0);
    if (r->sending)
        MM_ASSERT(pthread_join(r->sender, NULL) == 0);
    close_followed(r);
    if (mm_intake_close(&r->core, COMMIT_MS) != MM_OK)
        mm_log_error("relay", "lines were read and could not be made durable");
    if (r->up != NULL && mm_uplink_save(r->up) != MM_OK)
        mm_log_warn("relay", "how far the centre is could not be kept");
    mm_uplink_free(&r->up);
    mm_relay_http_free(&r->http);
    mm_bindings_done(&r->table);
    mm_loop_free(&r->loop);
    mm_buf_done(&r->set_text);
}

int mm_relay_run(const char *state, const struct mm_relay_identity *id)
{
    struct run *r = calloc(1, sizeof(*r));
    int rc = MM_RELAY_FAILED;

    if (r == NULL)
        return rc;
    r->state = state;
    r->id = id;
    r->tick = (struct mm_timer){.fire = on_tick, .ctx = r};
    mm_bindings_init(&r->table);
    mm_buf_init(&r->set_text, MM_RELAYSET_MAX);
    if (start(r)) {
        mm_log_info("relay", "ready");
        mm_notify("READY=1");
        rc = mm_loop_run(r->loop) == MM_OK ? atomic_load(&r->rc) : MM_RELAY_FAILED;
        stop(r, true);
    } else {
        stop(r, false);
    }
    free(r);
    return rc;
}
