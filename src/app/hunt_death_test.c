/* app/hunt_death_test.c - a reader that dies costs the file it was at, and no other. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "hunt/hunt.h"
#include "os/file.h"
#include "tests/harness/cli.h"

#define LINE "Nov 20 12:59:58 gw sshd[1]: Failed password for root from 192.0.2.1 port 5 ssh2\n"
#define RULE                                                                                       \
    "title: Every line\nid: 99999999-2222-4333-8444-555555555555\nstatus: test\n"                  \
    "logsource:\n  product: linux\n  service: sshd\n"                                              \
    "detection:\n  selection:\n    event.category|exists: true\n  condition: selection\n"          \
    "level: low\n"

/* While it reads from a pipe that brings nothing, the reader is killed; once. */
static void kill_reader(void *ctx, const struct mm_hunt *h)
{
    bool *killed = ctx;
    char path[64];
    struct mm_buf text;
    uint64_t pid;

    if (*killed || h->events < 1)
        return;
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
    mm_buf_init(&text, 4096);
    CHECK(mm_file_read(path, &text) == MM_OK);
    CHECK(mm_slice_u64(mm_slice_trim(mm_buf_slice(&text)), &pid));
    CHECK(kill((pid_t)pid, SIGKILL) == 0);
    *killed = true;
    mm_buf_done(&text);
}

TEST(hunt_goes_on_behind_a_file_that_killed_its_reader)
{
    struct mm_format_errors errors = {0};
    char one[MM_MAX_PATH], two[MM_MAX_PATH];
    struct mm_hunt_rules rules = {.hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S}};
    struct mm_formats *formats = mm_formats_new();
    bool killed = false;
    struct mm_hunt h;
    int ends[2];

    mm_cli_put("one.log", MM_S(LINE));
    mm_cli_put("two.log", MM_S(LINE LINE));
    CHECK(formats != NULL &&
          mm_formats_load(formats, mm_test_source("content/formats"), &errors) == MM_OK);
    CHECK(mm_rules_load_text(MM_S("r.yml"), MM_S(RULE), NULL, &rules.set) == MM_OK);
    rules.formats = formats;
    CHECK(pipe(ends) == 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    CHECK(mm_hunt_init(&h, &rules, 1, mm_test_dir()) == MM_OK);
    CHECK(mm_hunt_plan_add(&h.plan, mm_cli_path("one.log", one)) == MM_OK);
    CHECK(mm_hunt_plan_add(&h.plan, "-") == MM_OK);
    CHECK(mm_hunt_plan_add(&h.plan, mm_cli_path("two.log", two)) == MM_OK);
    CHECK_NUM(h.plan.unit_n, 1); /* one reader for all three */
    CHECK(mm_hunt_run(&h, kill_reader, &killed) == MM_OK);
    CHECK(killed);
    CHECK(h.plan.file[0].state == MM_HUNT_READ && h.plan.file[1].state == MM_HUNT_DIED &&
          h.plan.file[2].state == MM_HUNT_READ);
    CHECK_NUM(h.tally.n, 3);
    CHECK(!mm_hunt_whole(&h));
    mm_hunt_done(&h);
    mm_rules_unref(&rules.set);
    mm_formats_free(&formats);
    (void)close(ends[0]);
    (void)close(ends[1]);
}
