/* status/status_test.c - promises of the judgement, the metrics and the days of the disk. */
#include "status/status.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/time.h"
#include "job/job.h"
#include "model/intake_page.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
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
        .lately = true,
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
    CHECK(n == 15);
    for (size_t i = 0; i < n; i++)
        CHECK(line[i].state == MM_STATUS_OK && line[i].why == NULL);
    CHECK(mm_status_worst(line, n) == MM_STATUS_OK);
}

/* What has come lately. */
static void fault_lately(struct mm_status *s, size_t at)
{
    switch (at) {
    case 16:
        s->hour.restarts[1] = MM_STATUS_ENDS_BAD - 1;
        break;
    case 17:
        s->hour.restarts[1] = MM_STATUS_ENDS_BAD;
        break;
    case 18:
        s->hour = (struct mm_status_span){.received = 999, .dropped = 1};
        break;
    case 19:
        s->hour = (struct mm_status_span){.received = 900, .dropped = 100};
        break;
    case 20: /* half of them, but two are chance */
        s->minutes = (struct mm_status_span){.inserts = 4, .inserts_slow = 2};
        break;
    case 21:
        s->minutes = (struct mm_status_span){.inserts = 6, .inserts_slow = 3};
        break;
    case 22: /* no longer bad, not yet good */
        s->minutes = (struct mm_status_span){.inserts = 100, .inserts_slow = 11};
        break;
    default:
        s->hour = (struct mm_status_span){.searches = 5, .searches_slow = 4};
        break;
    }
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
    case 15:
        s->commit_max_us = 6 * MM_US_PER_S;
        break;
    default:
        fault_lately(s, at);
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
        {"ends", "portal", MM_STATUS_WARN, "ended"},
        {"ends", "portal", MM_STATUS_BAD, "ended"},
        {"loss", "", MM_STATUS_WARN, "lost"},
        {"loss", "", MM_STATUS_BAD, "lost"},
        {"inserts", "", MM_STATUS_WARN, "inserts_slow"},
        {"inserts", "", MM_STATUS_BAD, "inserts_slow"},
        {"inserts", "", MM_STATUS_WARN, "inserts_slow"},
        {"searches", "", MM_STATUS_BAD, "searches_slow"},
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
    s.lately = false;
    n = mm_status_judge(&s, line);
    CHECK(find(line, n, "ends", "portal")->state == MM_STATUS_UNKNOWN);
    CHECK(find(line, n, "loss", "")->state == MM_STATUS_UNKNOWN);
    CHECK(find(line, n, "inserts", "")->state == MM_STATUS_UNKNOWN);
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

TEST(lately_is_what_came_since_the_notes)
{
    static struct mm_status s;
    const char *dir = mm_test_dir();
    struct mm_health health = {.received = 1000, .dropped = 7};
    char run[300];

    (void)snprintf(run, sizeof(run), "%s/run", dir);
    CHECK(mkdir(run, 0700) == 0);
    well(&s);
    s.source = &health;
    s.sources_n = 1;
    s.vitals.program[1].restarts = 5;
    s.duration[MM_METER_INSERT].count[0] = 30;
    mm_status_lately(dir, &s);
    CHECK(!s.lately);
    /* Every five minutes a hundred lines, one slow insert, and the portal ends. */
    for (int i = 0; i <= 12; i++) {
        mm_status_lately_note(dir, &s);
        mm_status_lately_note(dir, &s); /* no minute has passed */
        s.now_us += 5 * MINUTE;
        health.received += 100;
        s.vitals.program[1].restarts++;
        s.duration[MM_METER_INSERT].count[0] += 4;
        s.duration[MM_METER_INSERT].count[12]++; /* above 5 s, up to 10 s */
        if (i == 6) { /* engine and supervisor begin anew, and count from 0 */
            s.duration[MM_METER_INSERT].count[0] = 4;
            s.duration[MM_METER_INSERT].count[12] = 1;
            s.vitals.began_us = s.now_us - MINUTE;
            s.vitals.program[1].restarts = 1;
        }
    }
    s.hour = s.minutes = (struct mm_status_span){0};
    mm_status_lately(dir, &s);
    CHECK(s.lately);
    CHECK_NUM(s.hour.received, 1100); /* the notes of less than an hour: eleven times */
    CHECK_NUM(s.hour.dropped, 0);
    CHECK_NUM(s.hour.restarts[0], 0);
    CHECK_NUM(s.hour.restarts[1], 11);
    CHECK_NUM(s.hour.inserts, 55);
    CHECK_NUM(s.hour.inserts_slow, 11);
    CHECK_NUM(s.minutes.inserts_slow, 2);
    /* After an hour without notes, and before the first one, nothing is known. */
    s.now_us += 60 * MINUTE;
    mm_status_lately(dir, &s);
    CHECK(!s.lately);
    s.now_us = NOW - MINUTE;
    mm_status_lately(dir, &s);
    CHECK(!s.lately);
}

/* Tell one line, and say what finding there is of it: how often it began, or 0 when it is closed.
 */
static uint64_t told_of(struct mm_records *rec, struct mm_status_told *told, const char *what,
                        enum mm_status_state state, const char *why)
{
    struct mm_status_line line = {
        .what = what, .name = "portal", .state = state, .why = why, .n = 3};
    static const struct mm_stmt open_one = {
        .name = "OPEN_ONE",
        .kind = MM_STMT_READ,
        .sql = "SELECT count, doc FROM finding WHERE kind = 'program_ends' AND state = 'open'"};
    struct mm_tx *tx = NULL;
    struct mm_q q;
    uint64_t began = 0;

    CHECK_NUM(mm_status_tell(rec, told, &line, 1, NOW), MM_OK);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    mm_q_begin(&q, tx, &open_one);
    while (mm_q_row(&q)) {
        struct mm_slice doc = mm_q_col_text(&q, 1);

        CHECK(mm_slice_search(doc, MM_S("\"title\":\"A program ends again and again\"")) !=
              SIZE_MAX);
        CHECK(mm_slice_search(doc, MM_S("within an hour: 3")) != SIZE_MAX);
        CHECK_NUM(began, 0);
        began = (uint64_t)mm_q_col_int(&q, 0);
    }
    CHECK_NUM(mm_q_end(&q), MM_OK);
    mm_records_read_done(&tx);
    return began;
}

TEST(a_finding_that_lasts_ends_when_all_is_good_again)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_job_feature,
                                                        &mm_triage_feature};
    struct mm_records *rec = mm_test_records(features, MM_COUNT(features));
    struct mm_status_told told = {0};

    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_WARN, "ended"), 0);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_BAD, "ended"), 1);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_BAD, "ended"), 1);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_WARN, "ended"), 1);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_UNKNOWN, "not_measured"), 1);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_BAD, "ended"), 1);
    /* A worker that begins anew has forgotten; what it cannot know yet it leaves open. */
    told = (struct mm_status_told){0};
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_WARN, "ended"), 1);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_OK, NULL), 0);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_WARN, "ended"), 0);
    CHECK_NUM(told_of(rec, &told, "ends", MM_STATUS_BAD, "ended"), 2);
    mm_records_close(&rec);
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
