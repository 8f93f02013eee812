/* backup/store.c - see store.h for the contract. */
#include "backup/store.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/rd.h"
#include "base/time.h"
#include "os/file.h"

enum {
    TIMEOUT_MS = 60 * 1000,
    READY_S = 60, /* a large store is read for some seconds */
    LOOK_MS = 50,
};

/* In the child: become eventd on this state. */
MM_NORETURN static void become(const char *state)
{
    char path[MM_MAX_PATH + 32];
    ssize_t n = readlink("/proc/self/exe", path, MM_MAX_PATH - 1);
    char *slash;

    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (n > 0) {
        path[n] = 0;
        slash = strrchr(path, '/');
        (void)snprintf(slash, sizeof(path) - (size_t)(slash - path), "/mimamori-eventd");
        (void)execl(path, path, "--state", state, (char *)NULL);
    }
    _exit(127);
}

/* Wait until it answers or has ended. */
static enum mm_code wait_ready(struct mm_backup_store *s)
{
    int64_t until = mm_mono_us() + READY_S * MM_US_PER_S;
    int status;

    while (mm_mono_us() < until) {
        if (mm_events_ping(s->client) == MM_OK)
            return MM_OK;
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = 0;
            return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? MM_E_NOTFOUND : MM_E_IO;
        }
        (void)poll(NULL, 0, LOOK_MS);
    }
    return MM_E_IO;
}

enum mm_code mm_backup_store_open(const char *state, struct mm_backup_store *ret)
{
    struct mm_backup_store s = {0};
    char address[MM_MAX_PATH + 32];
    enum mm_code code;

    (void)snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock", state);
    code = mm_events_new(mm_slice_str(address), TIMEOUT_MS, &s.client);
    if (code != MM_OK)
        return code;
    if (mm_events_ping(s.client) != MM_OK) {
        s.pid = fork();
        if (s.pid == 0)
            become(state);
        code = s.pid < 0 ? MM_E_NOMEM : wait_ready(&s);
    }
    if (code != MM_OK)
        mm_backup_store_close(&s);
    else
        *ret = s;
    return code;
}

void mm_backup_store_close(struct mm_backup_store *s)
{
    mm_events_free(&s->client);
    if (s->pid > 0) {
        (void)kill(s->pid, SIGTERM);
        while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    s->pid = 0;
}

static enum mm_code take_piece(void *ctx, struct mm_slice piece)
{
    struct mm_buf *out = ctx;

    mm_buf_add(out, piece);
    return mm_buf_ok(out) ? MM_OK : MM_E_LIMIT;
}

enum mm_code mm_backup_store_ask(struct mm_backup_store *s, enum mm_statement st,
                                 struct mm_buf *out)
{
    struct mm_events_answer answer;

    return mm_events_run(s->client, st, NULL, 0, take_piece, out, &answer);
}

enum mm_code mm_backup_store_ask_of(struct mm_events_client *c, enum mm_statement st,
                                    uint32_t company, struct mm_buf *out)
{
    struct mm_events_answer answer;
    char tmp[24];
    const struct mm_events_param param = {"company", mm_events_u64(company, tmp)};

    return mm_events_run(c, st, &param, 1, take_piece, out, &answer);
}

enum mm_code mm_backup_store_rows(struct mm_backup_store *s, struct mm_slice table, uint64_t *ret)
{
    struct mm_slice name, rows;
    struct mm_buf out;
    struct mm_rd rd;
    enum mm_code code;

    mm_buf_init(&out, 4096);
    code = mm_backup_store_ask(s, MM_ST_ROWS, &out);
    rd = mm_rd_of(mm_buf_slice(&out));
    if (code == MM_OK)
        code = MM_E_NOTFOUND;
    while (code == MM_E_NOTFOUND && mm_rd_until(&rd, '\t', &name) &&
           mm_rd_until(&rd, '\n', &rows)) {
        if (mm_slice_eq(name, table))
            code = mm_slice_u64(rows, ret) ? MM_OK : MM_E_IO;
    }
    mm_buf_done(&out);
    return code;
}
