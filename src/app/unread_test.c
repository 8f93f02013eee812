/* app/unread_test.c - `mimamori unread` lists what the engine has kept of unread lines. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/tables.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"
#include "register/audit.h"
#include "store/records/system_scope.h"
#include "tests/harness/cli.h"
#include "tests/harness/test.h"

enum { OUT_MAX = 64 * 1024 };

static const char line[] = "<13>Nov 20 10:00:00 h doord[1]: door \x1b[1m 7 opened by bob";

static enum mm_code put(struct mm_tx *tx, void *arg)
{
    return mm_unread_put(tx, arg, 1, INT64_C(1795147200000000));
}

/* One kind of unread line of the operator's own company. */
static void fill(void)
{
    struct mm_records *rec = NULL;
    struct mm_unread u = {.source = 4,
                          .app = MM_S("doord"),
                          .format = MM_S("syslog"),
                          .count = 12,
                          .first_us = INT64_C(1795147200000000),
                          .last_us = INT64_C(1795147200000000),
                          .line = {mm_slice_str(line)},
                          .lines = 1};
    struct mm_shape shape;
    struct mm_buf key;

    CHECK(mm_app_records(mm_test_dir(), &rec) == MM_OK);
    mm_buf_init(&key, MM_CLUSTER_TEXT);
    mm_shape_of(MM_S("door 7 opened by bob"), &shape);
    mm_shape_key(&shape, &key);
    u.shape = mm_buf_slice(&key);
    CHECK(mm_records_write(rec, mm_system_scope(), put, &u) == MM_OK);
    mm_buf_done(&key);
    mm_records_close(&rec);
}

static int run(char out[OUT_MAX], const char *one, const char *two)
{
    const char *const words[] = {"--state", mm_test_dir(), one, two, NULL};

    return mm_cli_say(MM_PROGRAM, MM_S(""), words, out, OUT_MAX);
}

static bool count_look(void *arg, const struct mm_audit_row *row)
{
    CHECK_SLICE(row->entry.action, "look.lines");
    CHECK(mm_slice_starts(row->entry.actor, MM_S("uid ")));
    *(int64_t *)arg += 1;
    return true;
}

/* How often the audit log of the operator's own company says that its lines were looked at. */
static int64_t looks(void)
{
    struct mm_scope_hold hold;
    struct mm_records *rec = NULL;
    struct mm_tx *tx = NULL;
    int64_t n = 0;

    CHECK(mm_app_records(mm_test_dir(), &rec) == MM_OK);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 0), &tx) == MM_OK);
    CHECK(mm_audit_looks(tx, 0, 100, count_look, &n) == MM_OK);
    mm_records_read_done(&tx);
    mm_records_close(&rec);
    return n;
}

TEST(unread_lists_kinds_of_line_and_their_examples)
{
    char out[OUT_MAX];

    fill();
    CHECK_NUM(run(out, NULL, NULL), 0);
    CHECK(strstr(out, "\n12\t") != NULL);
    CHECK(strstr(out, "\t0\t4\tsyslog\tdoord\tdoor {:int} opened by bob\n") != NULL);
    CHECK_NUM(looks(), 0); /* a template is nobody's line */
    CHECK_NUM(run(out, "--lines", NULL), 0);
    CHECK_SLICE(mm_slice_sub(mm_slice_str(out), 0, sizeof(line) - 1), line);
    CHECK_NUM(run(out, "--json", NULL), 0);
    CHECK(strstr(out, "\"template\":\"door {:int} opened by bob\"") != NULL);
    CHECK(strstr(out, "\x1b") == NULL);
    CHECK_NUM(looks(), 2);
    CHECK_NUM(run(out, "--source", "5"), 0);
    CHECK(strstr(out, "doord") == NULL);
    CHECK_NUM(run(out, "--company", "nobody"), 1);
    CHECK_NUM(run(out, "--limit", "0"), 2);
}
