/* app/exception_cli_test.c - `mimamori exception` as a person or a script runs it. */
#include <stdio.h>
#include <string.h>

#include "app/tables.h"
#include "base/time.h"
#include "exception/exception.h"
#include "store/records/system_scope.h"
#include "tests/harness/cli.h"

static const struct mm_filter_term terms[] = {
    {MM_S_INIT("host.name"), MM_FILTER_EQUALS, MM_S_INIT("PC-\x1b[31m")}};

static enum mm_code do_add(struct mm_tx *tx, void *arg)
{
    const struct mm_exception *e = arg;
    int64_t id;

    return mm_exception_add(tx, e, mm_now_us(), &id, NULL);
}

/* A company by its own program, and an exception in it. */
static void fill(const char *state)
{
    char company[MM_MAX_PATH];
    struct mm_exception e = {.company = 1,
                             .rule = MM_S("r-1"),
                             .title = MM_S("Tool of an admin"),
                             .product = MM_S("windows"),
                             .term = terms,
                             .term_n = MM_COUNT(terms),
                             .reason = MM_S("known"),
                             .until_us = mm_now_us() + MM_US_PER_DAY};
    struct mm_records *rec = NULL;
    struct mm_scope_hold hold;
    struct mm_ran r;

    (void)snprintf(company, sizeof(company), "%.*s/mimamori-company",
                   (int)(strrchr(MM_PROGRAM, '/') - MM_PROGRAM), MM_PROGRAM);
    r = mm_cli_run(
        company, MM_S(""),
        (const char *const[]){"add", "--code", "alpha", "--name", "Alpha", "--state", state, NULL});
    CHECK_NUM(r.status, 0);
    mm_ran_done(&r);
    CHECK_NUM(mm_app_records(state, &rec), MM_OK);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 1), do_add, &e), MM_OK);
    mm_records_close(&rec);
}

/* What it says on standard output must hold `says` (NULL: nothing is asked). */
static void ask(const char *state, const char *verb, const char *more, int status, const char *says)
{
    const char *args[] = {verb, "--state", state, "--lang", "en", more, NULL};
    struct mm_ran r = mm_cli_run(MM_PROGRAM, MM_S(""), args);

    if (r.status != status || (says != NULL && strstr(r.out, says) == NULL))
        printf("# %s %s: %d\n# %s\n# %s\n", verb, more == NULL ? "" : more, r.status, r.out, r.err);
    CHECK_NUM(r.status, status);
    CHECK(says == NULL || strstr(r.out, says) != NULL);
    CHECK(strchr(r.out, 0x1b) == NULL); /* a value from a log does not command the terminal */
    mm_ran_done(&r);
}

TEST(an_exception_is_listed_shown_as_a_filter_and_ended_once)
{
    char state[MM_MAX_PATH];

    (void)mm_cli_path("state", state);
    fill(state);
    ask(state, "list", NULL, 0, "1\t1\tin force\t");
    ask(state, "list", "--json", 0, "\"name\":\"host.name\",\"how\":\"equals\",\"value\":\"PC-");
    ask(state, "show", "1", 0, "filter:\n");
    ask(state, "show", "1", 0, "\"Tool of an admin\"\t\"known\"\n");
    ask(state, "show", "2", 1, NULL);
    ask(state, "end", "2", 1, NULL);
    ask(state, "end", "1", 0, "exception 1 has ended");
    ask(state, "end", "1", 1, NULL);
    ask(state, "list", "--json", 0, "{\"items\":[]}");
    ask(state, "list", "--ended", 0, "1\t1\tended\t");
    ask(state, "end", NULL, 2, NULL);
    ask(state, "add", NULL, 2, NULL);
}
