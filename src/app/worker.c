/*
 * app/worker.c - `mimamori worker`: does what stands in the table of jobs, one job after the other;
 * mails and logins by a provider of identities each in a thread of their own, so that a server that
 * hangs holds up nothing but its own.
 *
 * There is one worker a state directory (run/worker.lock), so jobs that are held when it starts
 * were those of a worker that died over them.
 */
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "app/confine.h"
#include "app/daily.h"
#include "app/format_store.h"
#include "app/rule_store.h"
#include "app/sign_in.h"
#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "cost/cost.h"
#include "coverage/wish.h"
#include "desk/desk.h"
#include "job/job.h"
#include "notify/notify.h"
#include "os/file.h"
#include "os/log.h"
#include "os/notify.h"
#include "serve/program.h"
#include "serve/secret.h"
#include "status/status.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum {
    TICK_MS = 500,
    TELLS_MAX = 50, /* before the next look into the logs: some milliseconds each */
    WHY_MAX = 4096,
    END_S = 5,
    HEALTH_MS = 15 * 1000,
    HEALTH_ARENA = 64 * 1024 * 1024
}; /* of 100,000 sources */

#define TICK_IDLE_US (2 * MM_US_PER_S)

struct worker {
    struct mm_records *records;
    struct mm_events_client *events;
    struct mm_mail_server server;
    const char *state;
    char portal[300], password[MM_SECRET_MAX];
    uint32_t pause_s; /* of mails */
    bool mail_on;
    struct mm_sign_in sign_in; /* logins by the provider of identities */
    bool sign_in_on;
    uint32_t last[MM_JOB_KINDS]; /* whose job of the kind was done last; one thread has the kind */
    int signals;                 /* readable when it is time to end; nobody reads it */
};

static int usage(void)
{
    fputs("usage: mimamori worker [--state DIR] [--config FILE]\n"
          "Does the jobs: looks at the logs of every new case and mails the operator's staff.\n",
          stderr);
    return 2;
}

/* Empty where the key is. */
static bool read_secret(const struct worker *w, const struct mm_config *config,
                        enum mm_config_key k, char ret[MM_SECRET_MAX])
{
    struct mm_buf why;
    enum mm_code code;

    mm_buf_init(&why, WHY_MAX);
    code = mm_secret_read(config, k, w->state, ret, &why);
    if (code != MM_OK)
        mm_log_error("worker", "%.*s", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    return code == MM_OK;
}

static bool prepare_sign_ins(struct worker *w, const struct mm_config *config)
{
    struct mm_sign_in *s = &w->sign_in;

    w->sign_in_on = mm_config_on(config, MM_CFG_OIDC_ISSUER);
    if (!w->sign_in_on)
        return true;
    *s = (struct mm_sign_in){.issuer = mm_config_text(config, MM_CFG_OIDC_ISSUER),
                             .client = mm_config_text(config, MM_CFG_OIDC_CLIENT_ID),
                             .redirect = mm_config_text(config, MM_CFG_OIDC_REDIRECT_URL),
                             .acr = mm_config_text(config, MM_CFG_OIDC_ACR),
                             .loopback = mm_config_on(config, MM_CFG_OIDC_LOOPBACK_HTTP)};
    if (!mm_config_path(config, MM_CFG_OIDC_CA_FILE, s->ca_file)) {
        mm_log_error("worker", "oidc.ca_file: there is no such credential");
        return false;
    }
    return mm_sign_in_program(s) && read_secret(w, config, MM_CFG_OIDC_CLIENT_SECRET, s->secret);
}

static bool prepare(struct worker *w, const char *state, const struct mm_config *config)
{
    char address[MM_MAX_PATH];

    (void)snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock", state);
    (void)snprintf(w->portal, sizeof(w->portal), "%s://%s",
                   mm_config_on(config, MM_CFG_PORTAL_TLS) ? "https" : "http",
                   mm_config_text(config, MM_CFG_PORTAL_LISTEN));
    w->state = state;
    w->mail_on = mm_config_on(config, MM_CFG_MAIL_URL);
    w->server = (struct mm_mail_server){.url = mm_config_text(config, MM_CFG_MAIL_URL),
                                        .from = mm_config_text(config, MM_CFG_MAIL_FROM),
                                        .user = mm_config_text(config, MM_CFG_MAIL_USER),
                                        .password = w->password,
                                        .portal = w->portal};
    w->pause_s = (uint32_t)mm_config_number(config, MM_CFG_MAIL_PAUSE); /* an hour at most */
    return prepare_sign_ins(w, config) &&
           read_secret(w, config, MM_CFG_MAIL_PASSWORD, w->password) &&
           mm_app_records_held(state, &w->records) == MM_OK &&
           mm_events_new(mm_slice_str(address), 60 * 1000, &w->events) == MM_OK;
}

/* ---- jobs ---- */

static enum mm_code look(struct worker *w, const struct mm_job *job, struct mm_buf *why)
{
    (void)why;
    return mm_desk_look(w->records, w->events, job, mm_now_us());
}

static enum mm_code tell(struct worker *w, const struct mm_job *job, struct mm_buf *why)
{
    (void)why;
    return mm_notify_case(w->records, w->mail_on ? &w->server : NULL, job, mm_now_us());
}

static enum mm_code mail(struct worker *w, const struct mm_job *job, struct mm_buf *why)
{
    return mm_notify_mail(w->records, &w->server, job, mm_now_us(), why);
}

static enum mm_code morning(struct worker *w, const struct mm_job *job, struct mm_buf *why)
{
    (void)why;
    return mm_daily_do(w->records, w->state, w->mail_on ? &w->server : NULL, job, mm_now_us());
}

static enum mm_code sign_in(struct worker *w, const struct mm_job *job, struct mm_buf *why)
{
    (void)why;
    return mm_sign_in_do(&w->sign_in, w->records, job);
}

struct granting {
    const struct mm_job *job;
    enum mm_code how;
};

static enum mm_code write_granted(struct mm_tx *tx, void *arg)
{
    const struct granting *f = arg;
    enum mm_code code = mm_tx_narrow(tx, f->job->company);

    if (code != MM_OK)
        return code;
    code = mm_wish_end(tx, f->job->subject, f->how);
    if (code == MM_OK)
        code = mm_job_done(tx, f->job, mm_now_us());
    mm_tx_widen(tx);
    return code;
}

static enum mm_code grant(const struct worker *w, const struct mm_wish *wish)
{
    if (wish->what == MM_WISH_SET)
        return wish->remove ? mm_rule_set_back(w->state, wish->name, wish->test, wish->who)
                            : mm_rule_set_take(w->state, wish->name, wish->test, wish->who);
    if (wish->what == MM_WISH_RULE)
        return wish->remove ? mm_rule_discard(w->state, wish->name)
                            : mm_rule_store(w->state, wish->name, wish->yaml);
    return wish->remove ? mm_format_discard(w->state, wish->name)
                        : mm_format_store(w->state, wish->name, wish->yaml, wish->test);
}

/* A format or rule that was made or taken away on a page goes into the operator's folder, or out of
 * it; the engine looks there. What can never be done is refused, which ends the job as well. */
static enum mm_code grant_wish(struct worker *w, const struct mm_job *job, struct mm_buf *why)
{
    struct granting f = {.job = job};
    struct mm_tx *tx = NULL;
    struct mm_wish wish;
    struct mm_arena a;
    enum mm_code code;

    (void)why;
    mm_arena_init(&a, 4 * MM_WISH_YAML);
    code = mm_records_read(w->records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_wish_get(tx, job->subject, &a, &wish);
    mm_records_read_done(&tx);
    if (code == MM_OK) {
        f.how = grant(w, &wish);
        if (f.how == MM_E_IO)
            code = f.how;
    }
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    mm_log_info("worker", "%s %s: %s", mm_wish_what_name(wish.what),
                wish.remove ? "taken away" : "added", f.how == MM_OK ? "done" : mm_code_key(f.how));
    return mm_records_write(w->records, mm_system_scope(), write_granted, &f);
}

/* Does the job and ends it; otherwise says why not, in `why` where there are words for it. */
static enum mm_code (*const doers[])(struct worker *, const struct mm_job *, struct mm_buf *) = {
    [MM_JOB_LOOK] = look,         [MM_JOB_TELL] = tell,       [MM_JOB_MAIL] = mail,
    [MM_JOB_FORMAT] = grant_wish, [MM_JOB_RULE] = grant_wish, [MM_JOB_DAILY] = morning,
    [MM_JOB_SIGN_IN] = sign_in};
static_assert(MM_COUNT(doers) == MM_JOB_KINDS, "every kind of job has who does it");

struct failing {
    const struct mm_job *job;
    struct mm_job_failure why;
    int64_t now_us;
    bool given_up;
};

/* Put the job back for later; what is given up becomes a finding of the operator's. */
static enum mm_code write_failed(struct mm_tx *tx, void *arg)
{
    struct failing *f = arg;
    struct mm_note note = {.company = MM_COMPANY_OPERATOR,
                           .kind = MM_JOB_FINDING,
                           .entity_field = MM_JOB_FINDING_FIELD,
                           .entity = mm_slice_str(mm_job_kind_name(f->job->kind)),
                           .level = MM_LEVEL_MEDIUM,
                           .time_us = f->now_us};
    struct mm_opened opened;
    enum mm_code code = mm_tx_narrow(tx, f->job->company);

    if (code != MM_OK)
        return code;
    code = mm_job_failed(tx, f->job, &f->why, f->now_us, &f->given_up);
    if (code == MM_OK && f->given_up && f->job->kind == MM_JOB_DAILY) /* tomorrow is a new day */
        code = mm_job_add(tx, MM_JOB_DAILY, 0, mm_daily_next(f->now_us), f->now_us);
    mm_tx_widen(tx);
    return code == MM_OK && f->given_up ? mm_triage_note(tx, &note, f->now_us, &opened) : code;
}

static void failed(struct worker *w, const struct mm_job *job, const struct mm_job_failure *why)
{
    struct failing f = {.job = job, .why = *why, .now_us = mm_now_us()};
    enum mm_code code = mm_records_write(w->records, mm_system_scope(), write_failed, &f);

    /* Not written: its lease runs out and it is found as lost. */
    mm_log_warn("worker", "job %lld (%s): %s%s", (long long)job->job, mm_job_kind_name(job->kind),
                code != MM_OK ? "its failure could not be written: "
                : f.given_up  ? "given up"
                              : "tried again later",
                code != MM_OK ? mm_code_key(code) : "");
}

/* Take a job of this kind and do it; false when none was due. */
static bool do_one(struct worker *w, enum mm_job_kind kind)
{
    struct mm_job job;
    struct mm_buf why;
    enum mm_code code = mm_job_take(w->records, kind, mm_now_us(), &w->last[kind], &job);

    if (code != MM_OK) {
        if (code != MM_E_NOTFOUND)
            mm_log_warn("worker", "no jobs taken: %s", mm_code_key(code));
        return false;
    }
    mm_buf_init(&why, WHY_MAX);
    code = doers[kind](w, &job, &why);
    if (code != MM_OK) {
        struct mm_slice words = mm_buf_slice(&why);

        failed(
            w, &job,
            &(struct mm_job_failure){.error = words.n > 0 ? words : mm_slice_str(mm_code_key(code)),
                                     .pause_s = kind == MM_JOB_MAIL ? w->pause_s : 0,
                                     .for_good = kind == MM_JOB_MAIL && code == MM_E_DENIED});
    }
    mm_buf_done(&why);
    return true;
}

/* One job of a kind; of new cases all are told before a look, which may take a minute. */
static bool do_some(struct worker *w, enum mm_job_kind kind)
{
    size_t n = 0, max = kind == MM_JOB_TELL ? TELLS_MAX : 1;

    while (n < max && do_one(w, kind))
        n++;
    return n > 0;
}

/* What a worker died over, or could not end, fails like anything else: a job that kills its worker
 * each time is given up in the end. */
static void find_lost(struct worker *w, bool all)
{
    struct mm_job lost[MM_JOB_LOST_MAX];
    struct mm_tx *tx = NULL;
    size_t n = 0;
    enum mm_code code = mm_records_read(w->records, mm_system_scope(), &tx);

    if (code == MM_OK)
        code = mm_job_lost(tx, all, mm_now_us(), lost, &n);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        mm_log_warn("worker", "lost jobs not looked for: %s", mm_code_key(code));
    for (size_t i = 0; i < n; i++)
        failed(w, &lost[i], &(struct mm_job_failure){.error = MM_S("job.lost"), .pause_s = 1});
}

/*
 * Do jobs of these kinds until a signal comes, in turn, so that none waits for all of another.
 *
 * No WATCHDOG=1: one try at a mail server may take a minute, and a worker that is killed in it
 * would send that mail again and again. Every wait here has its own time-out.
 */
static void work(struct worker *w, const enum mm_job_kind *kinds, size_t n)
{
    struct pollfd pfd = {.fd = w->signals, .events = POLLIN};
    int64_t looked_us = 0;
    uint64_t seen = 0;
    bool more = false;

    while (poll(&pfd, 1, more ? 0 : TICK_MS) <= 0) {
        more = false;
        /* Second looks and second tries come due without a change of the records. */
        if (!mm_records_changed(w->records, &seen) && mm_mono_us() - looked_us < TICK_IDLE_US)
            continue;
        looked_us = mm_mono_us();
        for (size_t i = 0; i < n; i++)
            more = do_some(w, kinds[i]) || more;
        if (!more)
            find_lost(w, false);
    }
}

struct health {
    struct mm_status_told told;
    int64_t note_us; /* monotonic: when what the machine uses is added up again */
};

/* For what companies cost: nothing is added up while nobody measures. */
static void note_cost(struct worker *w, const struct mm_status *s, struct health *h)
{
    enum mm_code code;

    if (!s->served || mm_mono_us() < h->note_us)
        return;
    code = mm_cost_note(w->records, &s->vitals, s->duration, s->now_us);
    if (code == MM_OK)
        h->note_us = mm_mono_us() + MM_COST_EVERY_S * (int64_t)MM_US_PER_S;
    else
        mm_log_warn("worker", "what the machine uses was not noted: %s", mm_code_key(code));
}

/* How the machine is, as findings of the operator's company: also when nobody asks. */
static void look_after(struct worker *w, struct health *h)
{
    static struct mm_status_line line[MM_STATUS_LINES_MAX];
    static struct mm_status status;
    struct mm_status_options o = {.state_dir = w->state, .now_us = mm_now_us()};
    struct mm_arena arena;
    enum mm_code code;

    mm_arena_init(&arena, HEALTH_ARENA);
    code = mm_records_read(w->records, mm_system_scope(), &o.tx);
    if (code == MM_OK)
        code = mm_status_read(&o, &arena, &status);
    mm_records_read_done(&o.tx);
    if (code == MM_OK && status.disk_size > 0)
        mm_status_disk_note(w->state, o.now_us, status.disk_free);
    if (code == MM_OK) {
        mm_status_lately_note(w->state, &status);
        note_cost(w, &status, h);
    }
    if (code == MM_OK)
        code = mm_status_tell(w->records, &h->told, line, mm_status_judge(&status, line), o.now_us);
    if (code != MM_OK)
        mm_log_warn("worker", "the machine was not looked after: %s", mm_code_key(code));
    mm_arena_done(&arena);
}

static void *work_health(void *arg)
{
    static struct health health;
    struct worker *w = arg;
    struct pollfd pfd = {.fd = w->signals, .events = POLLIN};

    while (poll(&pfd, 1, HEALTH_MS) <= 0)
        look_after(w, &health);
    return NULL;
}

static void *work_mails(void *arg)
{
    static const enum mm_job_kind mails[] = {MM_JOB_MAIL};

    work(arg, mails, MM_COUNT(mails));
    return NULL;
}

/* Somebody looks at a page that waits: in a thread of its own, as mails. */
static void *work_sign_ins(void *arg)
{
    struct worker *w = arg;
    struct pollfd pfd = {.fd = w->signals, .events = POLLIN};

    do {
        mm_sign_in_provider(&w->sign_in, w->records);
        while (do_one(w, MM_JOB_SIGN_IN)) {
        }
    } while (poll(&pfd, 1, TICK_MS) <= 0);
    return NULL;
}

/* A moment for a thread to end what it does; false when it did not. */
static bool joined(pthread_t thread)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += END_S;
    return pthread_timedjoin_np(thread, NULL, &until) == 0;
}

/* Two workers would take each other's jobs for lost. Held until the end. */
static bool alone(const char *state, int *ret_lock)
{
    char path[MM_MAX_PATH];
    enum mm_code code;

    (void)snprintf(path, sizeof(path), "%s/run/worker.lock", state);
    code = mm_file_lock(path, false, ret_lock);
    if (code == MM_E_BUSY)
        mm_log_error("worker", "another worker has %s", path);
    else if (code != MM_OK)
        mm_log_error("worker", "%s cannot be locked: %s", path, mm_code_key(code));
    return code == MM_OK;
}

/* The port that an address ends in; else what is there stays. */
static void name_port(const char *url, uint16_t *io_port)
{
    const char *colon = strrchr(url, ':');
    struct mm_slice text = mm_slice_str(colon != NULL ? colon + 1 : "");
    uint64_t port;

    if (mm_slice_u64(mm_slice_sub(text, 0, mm_slice_find(text, '/', 0)), &port) &&
        port <= UINT16_MAX)
        *io_port = (uint16_t)port;
}

/* With mail or a provider of identities also the network, as far as their ports and that of names:
 * 25, 465 and 587 where the mail server's address names none. The provider's addresses for us may
 * have the usual port when its own has another. */
static bool lock_in(const struct worker *w)
{
    const struct mm_sandbox_path ca = {w->sign_in.ca_file, MM_REACH_READ, false};
    bool net = w->mail_on || w->sign_in_on;
    uint16_t ports[6] = {53}, mail = 0;
    struct mm_confine c = {.who = net ? MM_CONFINED_MAILER : MM_CONFINED_WORKER,
                           .state = w->state,
                           .more = &ca,
                           .more_n = w->sign_in_on && w->sign_in.ca_file[0] != 0,
                           .ports = ports,
                           .ports_n = net};

    name_port(w->server.url, &mail);
    if (w->mail_on && mail != 0) {
        ports[c.ports_n++] = mail;
    } else if (w->mail_on) {
        ports[c.ports_n++] = 25;
        ports[c.ports_n++] = 465;
        ports[c.ports_n++] = 587;
    }
    if (w->sign_in_on) {
        ports[c.ports_n++] = 443;
        ports[c.ports_n++] = mm_sign_in_port(&w->sign_in);
    }
    return mm_confine(&c);
}

static int run(const char *state, const struct mm_config *config)
{
    static const enum mm_job_kind looks[] = {MM_JOB_FORMAT, MM_JOB_RULE, MM_JOB_TELL, MM_JOB_LOOK,
                                             MM_JOB_DAILY};
    static struct worker w;
    pthread_t mails, health, sign_ins;
    enum mm_code code;
    sigset_t set;
    int lock = -1;

    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGHUP, SIG_IGN);
    w.signals = signalfd(-1, &set, SFD_CLOEXEC);
    if (w.signals < 0 || !alone(state, &lock) || !prepare(&w, state, config) || !lock_in(&w))
        return 1;
    find_lost(&w, true);
    code = mm_daily_ensure(w.records, mm_now_us());
    if (code != MM_OK)
        mm_log_warn("worker", "no daily mail: %s", mm_code_key(code));
    if (w.mail_on && pthread_create(&mails, NULL, work_mails, &w) != 0)
        return 1;
    if (w.sign_in_on && pthread_create(&sign_ins, NULL, work_sign_ins, &w) != 0)
        return 1;
    if (pthread_create(&health, NULL, work_health, &w) != 0)
        return 1;
    mm_notify("READY=1");
    work(&w, looks, MM_COUNT(looks));
    if (!joined(health) || (w.mail_on && !joined(mails)) || (w.sign_in_on && !joined(sign_ins)))
        _exit(0); /* in the middle of a job: it is found as lost and taken again */
    mm_events_free(&w.events);
    mm_records_close(&w.records);
    explicit_bzero(w.password, sizeof(w.password));
    mm_sign_in_done(&w.sign_in);
    (void)close(lock);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct mm_program program = {.usage = usage, .run = run};

    return mm_program_main(&program, argc, argv);
}
