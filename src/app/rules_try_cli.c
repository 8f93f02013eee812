/* app/rules_try_cli.c - see rules_try.h: load the rule, reach the store, print what was found. */
#include <stdio.h>

#include "app/rules_print.h"
#include "app/rules_try.h"
#include "app/rules_why.h"
#include "app/tailoring.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "os/file.h"

enum { TIMEOUT_MS = 30 * 1000, ARENA_MAX = 64 * 1024 * 1024 };

static void print_text(const struct mm_rules_try *t, const struct mm_rule *rule)
{
    char when[MM_TIME_TEXT];

    mm_rules_cli_clean(rule->title);
    fputs(" (", stdout);
    mm_rules_cli_clean(rule->id);
    printf("): %llu of %llu events match", (unsigned long long)t->matches,
           (unsigned long long)t->events);
    if (t->events > 0) {
        mm_time_text(t->since_us, when);
        printf(", back to %s%s", when,
               t->cut != MM_RULES_TRY_WHOLE ? "; older ones were not looked at" : "");
    }
    putchar('\n');
    if (t->hidden > 0)
        printf("%llu more were hidden by filters\n", (unsigned long long)t->hidden);
    if (t->undecided > 0)
        printf("%llu could not be decided\n", (unsigned long long)t->undecided);
    for (size_t i = 0; i < t->top_n; i++) {
        printf("%8llu  ", (unsigned long long)t->top[i].matches);
        mm_rules_cli_clean(t->top[i].text);
        putchar('\n');
    }
    for (size_t i = 0; i < t->example_n; i++) {
        mm_time_text(t->example[i].time_us, when);
        printf("%s %u/%llu ", when, t->example[i].queue, (unsigned long long)t->example[i].seq);
        mm_rules_cli_clean(t->example[i].line);
        putchar('\n');
    }
}

static void print_json(const struct mm_rules_try *t, const struct mm_rule *rule)
{
    char when[MM_TIME_TEXT];
    struct mm_buf out;

    mm_buf_init(&out, MM_RULES_CLI_OUT_MAX);
    mm_buf_fmt(&out,
               "{\"events\":%llu,\"more\":%s,\"matches\":%llu,\"hidden\":%llu,\"undecided\":%llu",
               (unsigned long long)t->events, t->cut != MM_RULES_TRY_WHOLE ? "true" : "false",
               (unsigned long long)t->matches, (unsigned long long)t->hidden,
               (unsigned long long)t->undecided);
    mm_rules_cli_key(&out, "id", rule->id);
    mm_rules_cli_key(&out, "title", rule->title);
    if (t->events > 0) {
        mm_time_text(t->since_us, when);
        mm_rules_cli_key(&out, "since", mm_slice_str(when));
    }
    mm_buf_str(&out, ",\"top\":[");
    for (size_t i = 0; i < t->top_n; i++) {
        mm_buf_fmt(&out, "%s{\"matches\":%llu", i == 0 ? "" : ",",
                   (unsigned long long)t->top[i].matches);
        mm_rules_cli_key(&out, "about", t->top[i].text);
        mm_buf_byte(&out, '}');
    }
    mm_buf_str(&out, "],\"examples\":[");
    for (size_t i = 0; i < t->example_n; i++) {
        mm_time_text(t->example[i].time_us, when);
        mm_buf_fmt(&out, "%s{\"queue\":%u,\"seq\":%llu", i == 0 ? "" : ",", t->example[i].queue,
                   (unsigned long long)t->example[i].seq);
        mm_rules_cli_key(&out, "time", mm_slice_str(when));
        mm_rules_cli_key(&out, "line", t->example[i].line);
        mm_buf_byte(&out, '}');
    }
    mm_buf_str(&out, "]}");
    mm_rules_cli_print(&out);
}

/* The store of the state directory; NULL after a word why. */
static struct mm_events_client *reach(const char *state)
{
    struct mm_events_client *client = NULL;
    char path[MM_MAX_PATH], address[MM_MAX_PATH + 8];
    enum mm_code code = mm_path_join(path, state, "run/eventd-read.sock");

    (void)snprintf(address, sizeof(address), "unix:%s", code == MM_OK ? path : "");
    if (code == MM_OK)
        code = mm_events_new(mm_slice_str(address), TIMEOUT_MS, &client);
    if (code != MM_OK)
        fprintf(stderr, "mimamori: %s: %s\n", state, mm_code_key(code));
    return client;
}

/* The set again, with what counts in the company unless a file says it; false after a word why. */
static bool as_there(const char *state, const char *company, const char *const *path, size_t path_n,
                     const struct mm_rules_options *options, struct mm_ruleset **io_set,
                     uint32_t *ret_company)
{
    struct mm_rules_options there = *options;
    struct mm_tuning *tuning = NULL;

    if (!mm_tailoring_of(state, mm_rules_cli_lang(), company, ret_company, &tuning))
        return false;
    if (there.tuning == NULL) {
        there.tuning = tuning;
        mm_rules_unref(io_set);
        *io_set = mm_rules_cli_load(path, path_n, &there);
    }
    mm_tuning_free(&tuning);
    return *io_set != NULL;
}

int mm_rules_cli_try(const char *state, const char *company, uint32_t days, bool json,
                     const char *const *path, size_t path_n, const struct mm_rules_options *options)
{
    struct mm_ruleset *set = mm_rules_cli_load(path, path_n, options);
    struct mm_events_client *client = NULL;
    struct mm_events_answer said = {0};
    struct mm_rules_try trial;
    struct mm_arena arena;
    uint32_t number;
    enum mm_code code;
    int rc = 1;

    mm_arena_init(&arena, ARENA_MAX);
    if (set != NULL)
        mm_rules_cli_remarks(stderr, set);
    if (set != NULL && mm_rules_count(set) != 1)
        fprintf(stderr, "mimamori: one rule at a time; here are %zu\n", mm_rules_count(set));
    else if (set != NULL && as_there(state, company, path, path_n, options, &set, &number))
        client = reach(state);
    if (client != NULL) {
        const struct mm_rules_try_ask ask = {.company = &number,
                                             .company_n = 1,
                                             .set = set,
                                             .now_us = mm_now_us(),
                                             .days = days,
                                             .events_max = MM_RULES_TRY_EVENTS_MAX};

        code = mm_rules_try(client, &ask, &arena, &trial, &said);
        if (code != MM_OK)
            fprintf(stderr, "mimamori: %s: %.*s\n", mm_code_key(code), (int)said.text_n, said.text);
        else
            (json ? print_json : print_text)(&trial, mm_rules_get(set, 0));
        rc = code == MM_OK ? 0 : 1;
    }
    mm_events_free(&client);
    mm_rules_unref(&set);
    mm_arena_done(&arena);
    return rc;
}
