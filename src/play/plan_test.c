/* play/plan_test.c - the pilot's numbers come out whole, the same for the same seed. */
#include "play/plan.h"

#include "base/hash.h"
#include "base/time.h"
#include "play/line.h"
#include "tests/harness/test.h"

struct seen {
    uint32_t crc;
    uint64_t lines;
    uint64_t ads, c2, cleared;
    int64_t late_us; /* how far a line ever stood behind one of its own device */
    int64_t last[MM_WORLD_COMPANIES_MAX][MM_DEV_COUNT];
    const struct mm_plan *plan;
};

static bool look(void *ctx, uint32_t company, enum mm_device device, int64_t time_us,
                 struct mm_slice line)
{
    struct seen *s = ctx;

    s->crc = mm_crc32c(s->crc, line);
    s->lines++;
    s->ads += mm_slice_search(line, MM_S("catdesc=\"Advertising\"")) != SIZE_MAX;
    s->c2 += mm_slice_search(line, MM_S("Command and Control")) != SIZE_MAX;
    s->cleared += mm_slice_search(line, MM_S("\"EventID\":1102")) != SIZE_MAX;
    CHECK(mm_slice_find(line, '\n', 0) == SIZE_MAX);
    CHECK(s->plan->world->company[company].has[device]);
    if (s->last[company][device] - time_us > s->late_us)
        s->late_us = s->last[company][device] - time_us;
    s->last[company][device] = time_us;
    return true;
}

static void play(uint64_t seed, uint32_t days, bool c2, struct seen *s, struct mm_truth *t,
                 struct mm_world *w, struct mm_plan *p)
{
    CHECK(mm_world_new(seed, 31, 30, w) == MM_OK);
    *p = (struct mm_plan){.world = w, .seed = seed, .start_us = mm_pilot_start_us(), .days = days};
    p->incident[MM_INCIDENT_C2] = (struct mm_plan_incident){.on = c2, .time_us = mm_pilot_c2_us()};
    CHECK(mm_plan_prepare(p));
    memset(s, 0, sizeof(*s));
    s->plan = p;
    CHECK(mm_plan_run(p, look, s, t));
}

TEST(the_pilot_has_its_numbers_and_its_27_and_3_sensors)
{
    static struct seen s;
    struct mm_truth t;
    struct mm_world w;
    struct mm_plan p;
    uint32_t inline_n = 0, mirror_n = 0;

    play(1, MM_PILOT_DAYS, true, &s, &t, &w, &p);
    for (uint32_t i = 0; i < w.n; i++) {
        inline_n += w.company[i].pattern == MM_PATTERN_INLINE;
        mirror_n += w.company[i].pattern == MM_PATTERN_MIRROR;
    }
    CHECK_NUM(inline_n, 27);
    CHECK_NUM(mirror_n, 3);
    CHECK_NUM(t.ads, 193001);
    CHECK_NUM(t.urls, 1612);
    CHECK_NUM(t.malware, 32);
    CHECK_NUM(t.p2p, 3587);
    CHECK_NUM(s.ads, t.ads);
    CHECK_NUM(s.c2, 1);
    CHECK_NUM(s.lines, t.lines);
    CHECK(s.late_us <= 12 * 3600 * MM_US_PER_S);
    mm_world_free(&w);
}

TEST(the_same_seed_gives_the_same_bytes_and_another_does_not)
{
    static struct seen a, b, c;
    struct mm_truth t;
    struct mm_world w;
    struct mm_plan p;

    play(7, 5, false, &a, &t, &w, &p);
    mm_world_free(&w);
    play(7, 5, false, &b, &t, &w, &p);
    mm_world_free(&w);
    play(8, 5, false, &c, &t, &w, &p);
    mm_world_free(&w);
    CHECK(a.crc == b.crc && a.lines == b.lines);
    CHECK(a.crc != c.crc);
    CHECK_NUM(a.c2, 0);
}

TEST(an_incident_that_no_company_could_have_is_refused)
{
    struct mm_world w;
    struct mm_plan p;

    CHECK(mm_world_new(1, 3, 3, &w) == MM_OK);
    p = (struct mm_plan){.world = &w, .seed = 1, .start_us = mm_pilot_start_us(), .days = 3};
    p.incident[MM_INCIDENT_C2].on = true;
    CHECK(!mm_plan_prepare(&p)); /* three in-line companies, no mirror sensor */
    mm_world_free(&w);
}
