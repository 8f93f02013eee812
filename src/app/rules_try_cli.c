/* app/rules_try_cli.c - see rules_try.h: load the rule, reach the store, print what was found. */
#include <stdio.h>

#include "app/rules_print.h"
#include "app/rules_try.h"
#include "app/say.h"
#include "app/tables.h"
#include "app/tailoring.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "os/file.h"
#include "register/audit.h"

enum { TIMEOUT_MS = 30 * 1000, ARENA_MAX = 64 * 1024 * 1024, ZONE_S = 9 * 3600 };

static void put_time(enum mm_lang lang, enum mm_time_style style, int64_t us, struct mm_buf *out)
{
    mm_buf_init(out, 256);
    mm_lang_time(out, lang, style, us, us, ZONE_S);
}

/* Back to when, and when by the events' own clocks. */
static void print_times(const struct mm_rules_try *t, enum mm_lang lang)
{
    struct mm_buf since, first, last;

    put_time(lang, MM_TIME_FULL, t->since_us, &since);
    put_time(lang, MM_TIME_FULL, t->first_us, &first);
    put_time(lang, MM_TIME_FULL, t->last_us, &last);
    MM_SAY(stdout, lang, "cli.rules.try.times", MM_SAY_TEXT("since", mm_buf_slice(&since)),
           MM_SAY_TEXT("first", mm_buf_slice(&first)), MM_SAY_TEXT("last", mm_buf_slice(&last)));
    putchar('\n');
    mm_buf_done(&since);
    mm_buf_done(&first);
    mm_buf_done(&last);
    if (t->cut != MM_RULES_TRY_WHOLE)
        mm_say_line(stdout, lang, "cli.rules.try.cut");
}

static void print_text(const struct mm_rules_try *t, const struct mm_rule *rule, enum mm_lang lang)
{
    struct mm_buf when;

    MM_SAY(stdout, lang, "cli.rules.try.found",
           MM_SAY_TEXT("title", mm_rules_cli_title(lang, rule)), MM_SAY_TEXT("id", rule->id),
           MM_SAY_NUMBER("matches", t->matches), MM_SAY_NUMBER("events", t->events));
    putchar('\n');
    if (t->events > 0)
        print_times(t, lang);
    if (t->hidden > 0) {
        MM_SAY(stdout, lang, "cli.rules.try.hidden", MM_SAY_NUMBER("n", t->hidden));
        putchar('\n');
    }
    if (t->undecided > 0) {
        MM_SAY(stdout, lang, "cli.rules.try.undecided", MM_SAY_NUMBER("n", t->undecided));
        putchar('\n');
    }
    for (size_t i = 0; i < t->top_n; i++) {
        printf("%8llu  ", (unsigned long long)t->top[i].matches);
        mm_rules_cli_clean(t->top[i].text);
        putchar('\n');
    }
    for (size_t i = 0; i < t->example_n; i++) {
        put_time(lang, MM_TIME_SECONDS, t->example[i].time_us, &when);
        printf("%.*s %u/%llu ", MM_S_ARG(mm_buf_slice(&when)), t->example[i].queue,
               (unsigned long long)t->example[i].seq);
        mm_buf_done(&when);
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
        mm_time_text(t->first_us, when);
        mm_rules_cli_key(&out, "first", mm_slice_str(when));
        mm_time_text(t->last_us, when);
        mm_rules_cli_key(&out, "last", mm_slice_str(when));
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
static struct mm_events_client *reach(const struct mm_rules_try_cli *t)
{
    struct mm_events_client *client = NULL;
    char path[MM_MAX_PATH], address[MM_MAX_PATH + 8];
    enum mm_code code = mm_path_join(path, t->state, "run/eventd-read.sock");

    (void)snprintf(address, sizeof(address), "unix:%s", code == MM_OK ? path : "");
    if (code == MM_OK)
        code = mm_events_new(mm_slice_str(address), TIMEOUT_MS, &client);
    if (code != MM_OK)
        (void)mm_rules_cli_complain(t->lang, t->state, code);
    return client;
}

/* The set again, with what counts in the company unless a file says it; false after a word why. */
static bool as_there(const struct mm_rules_try_cli *t, struct mm_ruleset **io_set,
                     uint32_t *ret_company)
{
    struct mm_rules_options there = *t->options;
    struct mm_tuning *tuning = NULL;

    if (!mm_tailoring_of(t->state, t->lang, t->company, ret_company, &tuning))
        return false;
    if (there.tuning == NULL) {
        there.tuning = tuning;
        mm_rules_unref(io_set);
        *io_set = mm_rules_cli_load(t->lang, t->path, t->path_n, &there);
    }
    mm_tuning_free(&tuning);
    return *io_set != NULL;
}

/* A trial reads the company's events: its audit log says so first, and which rule it was. */
static bool note(const struct mm_rules_try_cli *t, const struct mm_rule *rule)
{
    struct mm_audit look = {.action = MM_S("look.rule")};
    struct mm_buf text;
    uint32_t company;
    enum mm_code code;

    mm_buf_init(&text, MM_AUDIT_TEXT_MAX);
    mm_buf_add(&text, mm_utf8_cut(rule->title, MM_AUDIT_TEXT_MAX / 2));
    mm_buf_byte(&text, '\n');
    mm_buf_add(&text, mm_utf8_cut(rule->id, MM_AUDIT_WORD_MAX));
    look.text = mm_buf_slice(&text);
    code = mm_app_company_look(t->state, t->company, &look, &company);
    mm_buf_done(&text);
    return code == MM_OK;
}

/* True when it was tried and told. */
static bool run(const struct mm_rules_try_cli *t, struct mm_events_client *client,
                struct mm_ruleset *set, const uint32_t *company)
{
    const struct mm_rules_try_ask ask = {.company = company,
                                         .company_n = 1,
                                         .set = set,
                                         .now_us = mm_now_us(),
                                         .days = t->days,
                                         .events_max = MM_RULES_TRY_EVENTS_MAX};
    struct mm_events_answer said = {0};
    struct mm_rules_try trial;
    struct mm_arena arena;
    enum mm_code code;

    mm_arena_init(&arena, ARENA_MAX);
    code = mm_rules_try(client, &ask, &arena, &trial, &said);
    if (code != MM_OK)
        MM_COMPLAIN(t->lang, "cli.rules.try.store",
                    MM_SAY_TEXT("why", mm_slice_of(said.text, said.text_n)));
    else if (t->json)
        print_json(&trial, mm_rules_get(set, 0));
    else
        print_text(&trial, mm_rules_get(set, 0), t->lang);
    mm_arena_done(&arena);
    return code == MM_OK;
}

int mm_rules_cli_try(const struct mm_rules_try_cli *t)
{
    struct mm_ruleset *set = mm_rules_cli_load(t->lang, t->path, t->path_n, t->options);
    struct mm_events_client *client = NULL;
    uint32_t company;
    bool ok;

    if (set != NULL)
        mm_rules_cli_remarks(stderr, t->lang, set);
    if (set != NULL && mm_rules_count(set) != 1)
        MM_COMPLAIN(t->lang, "cli.rules.try.one", MM_SAY_NUMBER("rules", mm_rules_count(set)));
    else if (set != NULL && as_there(t, &set, &company) && note(t, mm_rules_get(set, 0)))
        client = reach(t);
    ok = client != NULL && run(t, client, set, &company);
    mm_events_free(&client);
    mm_rules_unref(&set);
    return ok ? 0 : 1;
}
