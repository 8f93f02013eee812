/* app/rules_play_test.c - what our rules say of the pilot: its incidents, its counts, nothing else.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"

#include "detect/detect.h"
#include "parse/parse.h"
#include "play/plan.h"

struct watch {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_ruleset *set;
    struct mm_matcher *matcher;
    struct mm_arena arena;
    struct mm_event ev;
    uint64_t lines, malware, p2p, c2, cleared, grave;
};

static void count(struct watch *w, const struct mm_rule *r)
{
    w->malware += mm_slice_eq(r->klass, MM_S("malware"));
    w->p2p += mm_slice_eq(r->klass, MM_S("p2p"));
    w->c2 += mm_slice_eq(r->klass, MM_S("c2")) && r->level == MM_LEVEL_CRITICAL;
    w->cleared += mm_slice_eq(r->klass, MM_S("log")) && r->level == MM_LEVEL_HIGH;
    if (r->level >= MM_LEVEL_MEDIUM && w->grave++ < 5)
        printf("# %.*s\n", MM_S_ARG(r->title));
}

static bool read_line(void *ctx, uint32_t company, enum mm_device device, int64_t time_us,
                      struct mm_slice line)
{
    struct watch *w = ctx;
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = line,
                         .company = company + 1,
                         .source = company * 100 + (uint32_t)device,
                         .received_us = time_us};
    uint32_t hits[16];
    size_t n;

    if (w->lines++ % 1000 == 0)
        mm_arena_reset(&w->arena);
    mm_parse(w->formats, w->scratch, &w->arena, &raw, &hint, &w->ev);
    n = mm_rules_match(w->matcher, &w->ev, hits, MM_COUNT(hits));
    CHECK(n <= MM_COUNT(hits));
    for (size_t i = 0; i < n; i++)
        count(w, mm_rules_get(w->set, hits[i]));
    return true;
}

static void play(struct watch *w, bool incidents, uint32_t days, struct mm_truth *ret)
{
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    char rules[MM_MAX_PATH];
    const char *path = rules;
    struct mm_world world;
    struct mm_plan p;

    *w = (struct watch){.formats = mm_formats_new(), .scratch = mm_scratch_new()};
    CHECK(w->formats != NULL && w->scratch != NULL && errors != NULL);
    CHECK(mm_formats_load(w->formats, mm_test_source("content/formats"), errors) == MM_OK);
    free(errors);
    (void)snprintf(rules, sizeof(rules), "%s", mm_test_source("content/rules"));
    CHECK(mm_rules_load(&path, 1, NULL, &w->set, NULL) == MM_OK);
    w->matcher = mm_matcher_new(w->set);
    CHECK(w->matcher != NULL);
    mm_arena_init(&w->arena, 64 * 1024 * 1024);
    CHECK(mm_world_new(11, 31, 30, &world) == MM_OK);
    p = (struct mm_plan){
        .world = &world, .seed = 11, .start_us = mm_pilot_start_us(), .days = days};
    p.incident[MM_INCIDENT_C2] =
        (struct mm_plan_incident){.on = incidents, .time_us = mm_pilot_c2_us()};
    p.incident[MM_INCIDENT_LOGCLEARED].on = incidents;
    CHECK(mm_plan_prepare(&p));
    CHECK(mm_plan_run(&p, read_line, w, ret));
    printf("# %llu lines, %llu grave alerts\n", (unsigned long long)w->lines,
           (unsigned long long)w->grave);
    mm_world_free(&world);
}

static void watch_done(struct watch *w)
{
    mm_matcher_free(&w->matcher);
    mm_rules_unref(&w->set);
    mm_scratch_free(&w->scratch);
    mm_formats_free(&w->formats);
    mm_arena_done(&w->arena);
}

TEST(own_rules_find_the_incidents_and_count_the_rest)
{
    struct mm_truth t;
    struct watch w;

    play(&w, true, MM_PILOT_DAYS, &t);
    CHECK_NUM(w.malware, t.malware);
    CHECK_NUM(w.p2p, t.p2p);
    CHECK_NUM(w.c2, 1);
    CHECK_NUM(w.cleared, 1);
    CHECK_NUM(w.grave, 2);
    watch_done(&w);
}

TEST(own_rules_are_quiet_when_nothing_happens)
{
    struct mm_truth t;
    struct watch w;

    play(&w, false, 20, &t);
    CHECK_NUM(w.grave, 0);
    watch_done(&w);
}
