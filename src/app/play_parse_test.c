/* app/play_parse_test.c - what the generator writes is what the formats read, line for line. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "parse/parse.h"
#include "play/plan.h"
#include "tests/harness/test.h"

struct seen {
    struct mm_formats *formats;
    struct mm_scratch *scratch;
    struct mm_arena arena;
    struct mm_event *ev;
    uint64_t lines, unparsed, early_or_late;
    uint64_t web_denied, advertising, malware_denied, p2p, c2;
};

static bool is(const struct mm_event *ev, enum mm_field f, const char *want)
{
    return mm_event_has(ev, f) && mm_slice_eq(ev->val[f].text, mm_slice_str(want));
}

static void count(struct seen *s)
{
    const struct mm_event *ev = s->ev;
    bool denied = is(ev, MM_F_EVENT_TYPE, "denied");

    if (is(ev, MM_F_EVENT_CATEGORY, "web") && denied) {
        s->web_denied++;
        s->advertising += is(ev, MM_F_RULE_CATEGORY, "Advertising") ? 1 : 0;
    }
    s->malware_denied += is(ev, MM_F_EVENT_CATEGORY, "malware") && denied ? 1 : 0;
    s->p2p += is(ev, MM_F_EVENT_CATEGORY, "network") && denied && is(ev, MM_F_RULE_CATEGORY, "P2P")
                  ? 1
                  : 0;
    if (is(ev, MM_F_EVENT_CATEGORY, "intrusion_detection") &&
        mm_event_has(ev, MM_F_RULE_CATEGORY)) {
        struct mm_slice category = ev->val[MM_F_RULE_CATEGORY].text;

        s->c2 += mm_slice_search(category, MM_S("Command and Control")) != SIZE_MAX ||
                         mm_slice_search(category, MM_S("C2")) != SIZE_MAX
                     ? 1
                     : 0;
    }
}

static bool read_line(void *ctx, uint32_t company, enum mm_device device, int64_t time_us,
                      struct mm_slice line)
{
    struct seen *s = ctx;
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    static uint8_t padded[MM_MAX_LINE + MM_PADDING];
    struct mm_raw raw = {.body = mm_slice_of(padded, line.n),
                         .company = company + 1,
                         .source = company * 100 + (uint32_t)device,
                         .received_us = time_us};
    int64_t gap;

    CHECK(line.n <= MM_MAX_LINE);
    memcpy(padded, line.p, line.n);
    if (s->lines++ % 1000 == 0)
        mm_arena_reset(&s->arena);
    mm_parse(s->formats, s->scratch, &s->arena, &raw, &hint, s->ev);
    if ((s->ev->flags & MM_EV_UNPARSED) != 0 && s->unparsed++ < 3)
        printf("# not parsed: %.*s\n", MM_S_ARG(line));
    gap = s->ev->time_us - time_us;
    if ((gap > MM_US_PER_S || gap < -MM_US_PER_S) && s->early_or_late++ < 3)
        printf("# another time: %.*s\n", MM_S_ARG(line));
    count(s);
    return true;
}

TEST(every_line_of_the_pilot_is_parsed_at_its_own_time_into_its_own_class)
{
    struct seen s = {0};
    struct mm_format_errors *errors = calloc(1, sizeof(*errors));
    struct mm_truth t;
    struct mm_world w;
    struct mm_plan p;

    s.formats = mm_formats_new();
    s.scratch = mm_scratch_new();
    s.ev = calloc(1, sizeof(*s.ev));
    CHECK(s.formats != NULL && s.scratch != NULL && s.ev != NULL && errors != NULL);
    CHECK(mm_formats_load(s.formats, mm_test_source("content/formats"), errors) == MM_OK);
    CHECK_NUM(errors->count, 0);
    mm_arena_init(&s.arena, 64 * 1024 * 1024);
    CHECK(mm_world_new(7, 31, 30, &w) == MM_OK);
    p = (struct mm_plan){
        .world = &w, .seed = 7, .start_us = mm_pilot_start_us(), .days = MM_PILOT_DAYS};
    for (int i = 0; i < MM_INCIDENT_COUNT; i++)
        p.incident[i].on = true;
    p.incident[MM_INCIDENT_C2].time_us = mm_pilot_c2_us();
    CHECK(mm_plan_prepare(&p));
    CHECK(mm_plan_run(&p, read_line, &s, &t));
    printf("# %llu lines\n", (unsigned long long)s.lines);
    CHECK_NUM(s.lines, t.lines);
    CHECK_NUM(s.unparsed, 0);
    CHECK_NUM(s.early_or_late, 0);
    /* The pilot's table 12 is counted from these. */
    CHECK_NUM(s.advertising, t.ads);
    CHECK_NUM(s.web_denied, t.ads + t.urls);
    CHECK_NUM(s.malware_denied, t.malware);
    CHECK_NUM(s.p2p, t.p2p);
    CHECK_NUM(s.c2, 1);
    mm_world_free(&w);
    mm_arena_done(&s.arena);
    mm_scratch_free(&s.scratch);
    mm_formats_free(&s.formats);
    free(s.ev);
    free(errors);
}
