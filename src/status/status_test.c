/* status/status_test.c - promises of the judgement, the metrics and the days of the disk. */
#include "status/status.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/time.h"
#include "model/intake_page.h"
#include "tests/harness/test.h"

#define NOW (INT64_C(1790000000) * MM_US_PER_S)
#define MINUTE (60 * MM_US_PER_S)

/* A machine on which all is well. */
static void well(struct mm_status *s)
{
    *s = (struct mm_status){
        .now_us = NOW,
        .served = true,
        .vitals =
            {.written_us = NOW,
             .began_us = NOW - 60 * MINUTE,
             .program =
                 {{.name = "eventd", .pid = 7, .ready = true, .started_us = NOW - 60 * MINUTE},
                  {.name = "portal", .pid = 8, .ready = true, .started_us = NOW - 60 * MINUTE}},
             .n = 2},
        .intake_there = true,
        .queue = {{.queue = 0, .waiting = 4, .oldest_us = NOW - MINUTE}},
        .queues_n = 1,
        .store_asked = true,
        .store_there = true,
        .disk_size = UINT64_C(100) << 30,
        .disk_free = UINT64_C(60) << 30,
        .disk_days = -1,
        .clock = 1,
        .backup_us = NOW - MM_US_PER_DAY,
        .since_us = NOW - 100 * MM_US_PER_DAY,
    };
}

static const struct mm_status_line *find(const struct mm_status_line *line, size_t n,
                                         const char *what, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(line[i].what, what) == 0 && strcmp(line[i].name, name) == 0)
            return &line[i];
    }
    return NULL;
}

TEST(status_is_good_when_all_is_well)
{
    static struct mm_status s;
    static struct mm_status_line line[MM_STATUS_LINES_MAX];
    size_t n;

    well(&s);
    n = mm_status_judge(&s, line);
    CHECK(n == 10);
    for (size_t i = 0; i < n; i++)
        CHECK(line[i].state == MM_STATUS_OK && line[i].why == NULL);
    CHECK(mm_status_worst(line, n) == MM_STATUS_OK);
}

/* One fault at a time, and what is said of it. */
static void fault(struct mm_status *s, size_t at)
{
    switch (at) {
    case 0:
        s->served = false;
        break;
    case 1:
        s->vitals.program[1].ready = false;
        break;
    case 2: /* keeps dying: young, but the supervisor is not */
        s->vitals.program[1] = (struct mm_vital){.name = "portal", .restarts = 9};
        break;
    case 3:
        s->vitals.program[1].ready = false;
        s->vitals.program[1].started_us = NOW - 5 * MM_US_PER_S;
        break;
    case 4:
        s->queue[0].oldest_us = NOW - 6 * MINUTE;
        break;
    case 5:
        s->queue[0].oldest_us = NOW - 31 * MINUTE;
        break;
    case 6:
        s->intake_state = MM_INTAKE_FULL;
        break;
    case 7:
        s->disk_days = 13;
        break;
    case 8:
        s->disk_days = 4;
        break;
    case 9:
        s->disk_free = UINT64_C(9) << 30;
        break;
    case 10:
        s->clock = 0;
        break;
    case 11:
        s->backup_us = NOW - 3 * MM_US_PER_DAY;
        break;
    case 12:
        s->backup_us = 0;
        break;
    case 13:
        s->jobs_failed = 2;
        break;
    case 14:
        s->store_there = false;
        break;
    default:
        s->commit_max_us = 6 * MM_US_PER_S;
        break;
    }
}

TEST(status_names_each_fault)
{
    static const struct {
        const char *what, *name;
        enum mm_status_state state;
        const char *why;
    } want[] = {
        {"program", "serve", MM_STATUS_BAD, "not_served"},
        {"program", "portal", MM_STATUS_BAD, "not_ready"},
        {"program", "portal", MM_STATUS_BAD, "not_running"},
        {"program", "portal", MM_STATUS_WARN, "not_ready"},
        {"queue", "0", MM_STATUS_WARN, "behind"},
        {"queue", "0", MM_STATUS_BAD, "behind"},
        {"intake", "", MM_STATUS_BAD, "disk_full"},
        {"disk", "", MM_STATUS_WARN, "disk_days"},
        {"disk", "", MM_STATUS_BAD, "disk_days"},
        {"disk", "", MM_STATUS_WARN, "disk_percent"},
        {"clock", "", MM_STATUS_WARN, "clock_unsynced"},
        {"backup", "", MM_STATUS_WARN, "backup_old"},
        {"backup", "", MM_STATUS_WARN, "backup_none"},
        {"jobs", "", MM_STATUS_WARN, "jobs_failed"},
        {"store", "", MM_STATUS_BAD, "store_away"},
        {"intake", "", MM_STATUS_WARN, "disk_slow"},
    };
    static struct mm_status s;
    static struct mm_status_line line[MM_STATUS_LINES_MAX];

    for (size_t i = 0; i < MM_COUNT(want); i++) {
        const struct mm_status_line *l;
        size_t n;

        well(&s);
        fault(&s, i);
        n = mm_status_judge(&s, line);
        l = find(line, n, want[i].what, want[i].name);
        CHECK(l != NULL && l->state == want[i].state && strcmp(l->why, want[i].why) == 0);
        CHECK(mm_status_worst(line, n) == want[i].state);
    }
}

TEST(status_that_is_not_known_is_not_bad)
{
    static struct mm_status s;
    static struct mm_status_line line[MM_STATUS_LINES_MAX];
    size_t n;

    well(&s);
    s.intake_there = false;
    s.clock = -1;
    s.disk_size = 0;
    n = mm_status_judge(&s, line);
    CHECK(find(line, n, "intake", "")->state == MM_STATUS_UNKNOWN);
    CHECK(find(line, n, "clock", "")->state == MM_STATUS_UNKNOWN);
    CHECK(find(line, n, "disk", "")->state == MM_STATUS_UNKNOWN);
    CHECK(mm_status_worst(line, n) == MM_STATUS_OK);
}

TEST(disk_days_follow_the_pace_of_a_week)
{
    const char *dir = mm_test_dir();
    const uint64_t gib = UINT64_C(1) << 30;
    char run[300];
    uint64_t free_bytes = 100 * gib;
    int64_t at = NOW;

    (void)snprintf(run, sizeof(run), "%s/run", dir);
    CHECK(mkdir(run, 0700) == 0);
    CHECK_NUM(mm_status_disk_days(dir, at, free_bytes), -1);
    /* 1 GiB an hour, noted every ten minutes; a note in between is none. */
    for (int i = 0; i < 36; i++) {
        mm_status_disk_note(dir, at, free_bytes);
        mm_status_disk_note(dir, at + MINUTE, free_bytes / 2);
        at += 10 * MINUTE;
        free_bytes -= gib / 6;
    }
    CHECK_NUM(mm_status_disk_days(dir, at, free_bytes), -1); /* not six hours yet */
    mm_status_disk_note(dir, at, free_bytes);
    CHECK_NUM(mm_status_disk_days(dir, at, free_bytes), 94 / 24);
    CHECK_NUM(mm_status_disk_days(dir, at, 48 * gib), 2);
    /* What is older than a week tells nothing, and a clock that was set back neither. */
    CHECK_NUM(mm_status_disk_days(dir, at + 8 * MM_US_PER_DAY, free_bytes), -1);
    CHECK_NUM(mm_status_disk_days(dir, NOW - MM_US_PER_DAY, free_bytes), -1);
    /* A disk that empties never fills. */
    for (int i = 0; i < 400; i++) {
        at += 10 * MINUTE;
        free_bytes += gib;
        mm_status_disk_note(dir, at, free_bytes);
    }
    CHECK_NUM(mm_status_disk_days(dir, at, free_bytes), -1);
}

static bool has(const struct mm_buf *b, const char *text)
{
    return mm_slice_search(mm_buf_slice(b), mm_slice_str(text)) != SIZE_MAX;
}

TEST(metrics_have_two_forms)
{
    static struct mm_status s;
    static struct mm_status_line line[MM_STATUS_LINES_MAX];
    struct mm_health health = {.company = 3, .source = 31, .received = 90, .parsed = 80};
    struct mm_buf out;
    size_t n;

    well(&s);
    s.source = &health;
    s.sources_n = 1;
    s.vitals.program[0].cpu_us = 1500000;
    s.duration[MM_METER_SEARCH].count[0] = 2;
    s.duration[MM_METER_SEARCH].count[MM_METER_BOUNDS] = 1;
    s.duration[MM_METER_SEARCH].sum_us = 61002000;
    n = mm_status_judge(&s, line);
    mm_buf_init(&out, 1024 * 1024);
    mm_status_metrics(&s, line, n, true, &out);
    CHECK(has(&out, "# TYPE mimamori_source_received_lines counter\n"
                    "# UNIT mimamori_source_received_lines lines\n"));
    CHECK(has(&out, "mimamori_source_received_lines_total{company=\"3\",source=\"31\"} 90\n"));
    CHECK(has(&out, "mimamori_program_cpu_seconds_total{program=\"eventd\"} 1.500000\n"));
    CHECK(has(&out, "mimamori_up 1\n"));
    CHECK(has(&out, "# TYPE mimamori_build info\n"));
    CHECK(has(&out, "mimamori_portal_search_duration_seconds_bucket{le=\"0.001\"} 2\n"));
    CHECK(has(&out, "mimamori_portal_search_duration_seconds_bucket{le=\"60.000\"} 2\n"));
    CHECK(has(&out, "mimamori_portal_search_duration_seconds_bucket{le=\"+Inf\"} 3\n"
                    "mimamori_portal_search_duration_seconds_sum 61.002000\n"
                    "mimamori_portal_search_duration_seconds_count 3\n"));
    CHECK(mm_slice_ends(mm_buf_slice(&out), MM_S("\n# EOF\n")));
    CHECK(!has(&out, "mimamori_disk_left_seconds")); /* not known is not 0 */
    mm_buf_reset(&out);
    s.served = false;
    mm_status_metrics(&s, line, n, false, &out);
    CHECK(has(&out, "# TYPE mimamori_source_received_lines_total counter\n"));
    CHECK(has(&out, "# TYPE mimamori_build_info gauge\n"));
    CHECK(has(&out, "mimamori_up 0\n") && !has(&out, "mimamori_program_up"));
    CHECK(!has(&out, "# EOF") && !has(&out, "# UNIT"));
    mm_buf_done(&out);
}
