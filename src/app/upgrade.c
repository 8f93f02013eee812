/*
 * app/upgrade.c - `mimamori upgrade`: can this release work on a state directory? If so, its
 * records are brought up to date. `mimamori serve` has it done before it starts anything.
 *
 * What was written by a newer release is refused before anything is changed: first everything is
 * looked at, the records last, which are opened only when nothing else speaks against it.
 */
#include <stdio.h>

#include "app/tables.h"
#include "backup/files.h"
#include "serve/state.h"
#include "store/spool/spool.h"

enum {
    EXIT_USAGE = 2,
    WHY_MAX = 4096,
    EVENTS_FORM = 1,    /* of ClickHouse's format_version.txt, a table */
    TABLE_DEPTH = 3,    /* eventd/store/4c1/UUID: below it are parts, which the library judges */
    FORM_TEXT_MAX = 16, /* a number */
};

struct upgrade {
    const char *state;
    struct mm_buf *why;
    char events[MM_MAX_PATH];
};

static int usage(void)
{
    fputs("usage: mimamori upgrade [--state DIR]\n"
          "Refuses a state directory in which anything was written by a newer release; otherwise\n"
          "brings its records up to date. `mimamori serve` does so before it starts anything.\n"
          "  --state DIR  (default " MM_STATE_DEFAULT ")\n",
          stderr);
    return EXIT_USAGE;
}

static enum mm_code newer(const struct upgrade *u, const char *path, uint64_t form)
{
    mm_buf_fmt(u->why, "%s: written by a newer release (form %llu); ", path,
               (unsigned long long)form);
    mm_state_newer(u->state, u->why);
    return MM_E_VERSION;
}

static enum mm_code check_spool(const struct upgrade *u)
{
    char dir[MM_MAX_PATH], path[MM_MAX_PATH];
    uint32_t form;
    enum mm_code code = mm_path_join(dir, u->state, "spool");

    if (code == MM_OK)
        code = mm_spool_known(dir, path, &form);
    if (code == MM_E_VERSION)
        return newer(u, path, form);
    if (code != MM_OK)
        mm_buf_fmt(u->why, "%s: cannot be read: %s", dir, mm_code_key(code));
    return code;
}

static enum mm_code check_table(void *ctx, const struct mm_tree_entry *e, bool *ret_skip)
{
    const struct upgrade *u = ctx;
    struct mm_slice path = mm_slice_str(e->path);
    char full[MM_MAX_PATH];
    struct mm_buf text;
    uint64_t form = 0;
    size_t depth = 1;

    for (size_t i = 0; i < path.n; i++)
        depth += path.p[i] == '/';
    if (e->is_dir) {
        *ret_skip = depth > TABLE_DEPTH;
        return MM_OK;
    }
    if (!mm_slice_ends(path, MM_S("/format_version.txt")))
        return MM_OK;
    mm_buf_init(&text, FORM_TEXT_MAX);
    if (mm_path_join(full, u->events, e->path) != MM_OK || mm_file_read(full, &text) != MM_OK ||
        !mm_slice_u64(mm_slice_trim(mm_buf_slice(&text)), &form))
        form = 0; /* damaged: the library will say so */
    mm_buf_done(&text);
    return form > EVENTS_FORM ? newer(u, full, form) : MM_OK;
}

static enum mm_code check_events(struct upgrade *u)
{
    enum mm_code code = mm_path_join(u->events, u->state, "eventd");

    if (code == MM_OK)
        code = mm_tree_walk(u->events, check_table, u);
    if (code == MM_E_NOTFOUND)
        return MM_OK; /* none yet */
    if (code != MM_OK && code != MM_E_VERSION)
        mm_buf_fmt(u->why, "%s: cannot be read: %s", u->events, mm_code_key(code));
    return code;
}

static enum mm_code upgrade(const char *state, struct mm_buf *why)
{
    struct upgrade u = {.state = state, .why = why};
    struct mm_records *records = NULL;
    enum mm_code code = mm_state_check(state, why);

    if (code == MM_OK)
        code = check_spool(&u);
    if (code == MM_OK)
        code = check_events(&u);
    if (code == MM_OK)
        code = mm_app_records(state, &records); /* says itself what is wrong */
    mm_records_close(&records);
    if (code == MM_OK) {
        code = mm_state_release(state, mm_app_tables()->version);
        if (code != MM_OK)
            mm_buf_fmt(why, "%s: " MM_STATE_RELEASE " cannot be written: %s", state,
                       mm_code_key(code));
    }
    return code;
}

int main(int argc, char **argv)
{
    const char *state = MM_STATE_DEFAULT;
    struct mm_buf why;
    enum mm_code code;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--state") == 0 && i + 1 < argc)
            state = argv[++i];
        else
            return usage();
    }
    mm_buf_init(&why, WHY_MAX);
    code = upgrade(state, &why);
    if (why.n > 0)
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    return code == MM_OK ? 0 : 1;
}
