/* serve/program_test.c - a program runs on a prepared directory, or says why not and does not run.
 */
#include "serve/program.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/harness/test.h"

static int usage(void)
{
    return 2;
}

/* 40 when the directory is ready and the configuration is there. */
static int run(const char *state, const struct mm_config *config)
{
    char path[400];

    (void)snprintf(path, sizeof(path), "%s/spool", state);
    return access(path, F_OK) == 0 && mm_config_text(config, MM_CFG_MAIL_URL)[0] != 0 ? 40 : 41;
}

static int start(const char *a, const char *b, const char *c, const char *d)
{
    static const struct mm_program p = {.usage = usage, .run = run};
    const char *argv[] = {"program", a, b, c, d, NULL};
    int argc = 1;

    while (argv[argc] != NULL)
        argc++;
    return mm_program_main(&p, argc, (char **)(uintptr_t)argv); /* not written to */
}

TEST(a_program_runs_on_a_prepared_directory_or_not_at_all)
{
    char state[300], config[300];
    FILE *f;

    (void)snprintf(state, sizeof(state), "%s/state", mm_test_dir());
    (void)snprintf(config, sizeof(config), "%s/config", mm_test_dir());
    CHECK_NUM(start("--state", state, NULL, NULL), 40);
    CHECK_NUM(start("--state", NULL, NULL, NULL), 2);
    CHECK_NUM(start("--stat", state, NULL, NULL), 2);
    CHECK_NUM(start("--state", state, "--config", config), 1); /* there is no such file */
    f = fopen(config, "w");
    CHECK(f != NULL && fputs("mail.ur = off\n", f) >= 0 && fclose(f) == 0);
    CHECK_NUM(start("--state", state, "--config", config), 1);
    CHECK_NUM(start("--state", config, NULL, NULL), 1); /* no directory */
}
