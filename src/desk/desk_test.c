/* desk/desk_test.c - a report opens a case; what cannot be used is named. */
#include "desk/desk.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/time.h"
#include "desk/look.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"
#include "triage/case.h"
#include "triage/triage.h"

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_job_feature,
                                                        &mm_triage_feature, &mm_desk_feature};

    return mm_test_records(features, MM_COUNT(features));
}

struct made {
    struct mm_report report;
    struct mm_fault fault;
    int64_t case_id;
    uint32_t number;
    enum mm_code code;
};

static enum mm_code make(struct mm_tx *tx, void *arg)
{
    struct made *m = arg;

    m->code = mm_desk_report(tx, &m->report, 7, &m->case_id, &m->number, &m->fault);
    return m->code;
}

static struct mm_report good(void)
{
    return (struct mm_report){.made_us = 1607991300 * MM_US_PER_S,
                              .noticed_us = 1607940000 * MM_US_PER_S,
                              .who = MM_S("somebody"),
                              .pc = MM_S("PC-SOUMU-07"),
                              .place = MM_S("2F"),
                              .symptoms = MM_S("icons_moved files_gone"),
                              .done = MM_S("lan_unplugged shut_down"),
                              .needed = MM_S("yes"),
                              .via = MM_S("page"),
                              .text = MM_S("it moved")};
}

TEST(a_report_opens_a_case_with_its_own_moment)
{
    struct mm_records *rec = open_records();
    struct made m = {.report = good()};
    struct mm_scope_hold hold;
    struct mm_report back;
    struct mm_arena a;
    struct mm_case c;
    struct mm_tx *tx = NULL;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 1), make, &m), MM_OK);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_case_get(tx, m.case_id, &a, &c) == MM_OK);
    CHECK_SLICE(c.how, "reported");
    CHECK_SLICE(c.entity, "PC-SOUMU-07");
    CHECK_SLICE(c.act, "today");
    CHECK(c.event_us == m.report.noticed_us && c.opened_us == m.report.made_us);
    CHECK(mm_slice_search(c.doc, MM_S("\"ja\":{\"title\":")) != SIZE_MAX);
    CHECK(mm_desk_report_of(tx, m.case_id, &a, &back) == MM_OK);
    CHECK_SLICE(back.symptoms, "icons_moved files_gone");
    CHECK(mm_desk_report_of(tx, m.case_id + 1, &a, &back) == MM_E_NOTFOUND);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(a_report_that_cannot_be_used_is_refused_with_its_field)
{
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    static uint8_t big[MM_DESK_TEXT_MAX + 1];
    struct {
        struct mm_report r;
        const char *what;
    } cases[7];

    memset(big, 'x', sizeof(big));
    for (size_t i = 0; i < MM_COUNT(cases); i++)
        cases[i].r = good();
    cases[0].r.symptoms = MM_S("icons_moved magic");
    cases[0].what = "report.symptoms";
    cases[1].r.done = MM_S("shut_down  scanned"); /* two blanks: an empty key */
    cases[1].what = "report.done";
    cases[2].r.pc = cases[2].r.text = (struct mm_slice){0};
    cases[2].what = "report.empty";
    cases[3].r.text = mm_slice_of(big, sizeof(big));
    cases[3].what = "report.text";
    cases[4].r.pc = MM_S("\xFF");
    cases[4].what = "report.pc";
    cases[5].r.noticed_us = cases[5].r.made_us + 2 * MM_US_PER_DAY;
    cases[5].what = "report.noticed";
    cases[6].r.needed = MM_S("perhaps");
    cases[6].what = "report.needed";
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct made m = {.report = cases[i].r};

        CHECK_NUM(mm_records_write(rec, mm_system_company(&hold, 1), make, &m), MM_E_RANGE);
        CHECK(m.fault.what != NULL && strcmp(m.fault.what, cases[i].what) == 0);
    }
    mm_records_close(&rec);
}

/* A store of events that answers every question alike and keeps what it was asked. */
struct peer {
    int listener;
    pthread_t thread;
    struct mm_buf asked;
    char address[200];
};

/* One request into p->asked: its head, and the body that the head announces. */
static bool hear(struct peer *p, int fd)
{
    static const char key[] = "ontent-Length: ";
    size_t from = p->asked.n, head = SIZE_MAX;
    uint64_t body = 0;

    for (;;) {
        char piece[4096];
        ssize_t n;
        struct mm_slice all = mm_slice_sub(mm_buf_slice(&p->asked), from, SIZE_MAX);

        if (head == SIZE_MAX && (head = mm_slice_search(all, MM_S("\r\n\r\n"))) != SIZE_MAX) {
            size_t at = mm_slice_search(all, mm_slice_str(key));
            struct mm_slice v = mm_slice_sub(all, at + sizeof(key) - 1, SIZE_MAX);

            CHECK(at == SIZE_MAX ||
                  mm_slice_u64(mm_slice_sub(v, 0, mm_slice_find(v, '\r', 0)), &body));
        }
        if (head != SIZE_MAX && all.n >= head + 4 + body)
            return true;
        n = read(fd, piece, sizeof(piece));
        if (n <= 0)
            return false;
        mm_buf_add(&p->asked, mm_slice_of(piece, (size_t)n));
    }
}

static void *answer(void *arg)
{
    static const char cells[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n1\t1\t1\t1\t1\n";
    static const char zero[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n0\n";
    static const char none[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    struct peer *p = arg;
    int fd = accept(p->listener, NULL, NULL);
    size_t from = 0;

    while (hear(p, fd)) {
        struct mm_slice one = mm_slice_sub(mm_buf_slice(&p->asked), from, SIZE_MAX);
        const char *text = mm_slice_search(one, MM_S("RowBinary")) != SIZE_MAX     ? none
                           : mm_slice_search(one, MM_S("FROM alerts")) != SIZE_MAX ? zero
                                                                                   : cells;

        from = p->asked.n;
        if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
            break;
    }
    (void)close(fd);
    return NULL;
}

static enum mm_code detected(struct mm_tx *tx, void *arg)
{
    struct mm_case_new c = {.how = "detected",
                            .entity_field = MM_S("source.ip"),
                            .entity = MM_S("192.168.34.8"),
                            .level = MM_LEVEL_HIGH,
                            .title = MM_S("t"),
                            .event_us = 1000 * MM_US_PER_S,
                            .now_us = 2000 * MM_US_PER_S};
    struct mm_case_event looked = {.seq = 1,
                                   .rule = MM_S("looked"),
                                   .time_us = 500 * MM_US_PER_S,
                                   .event = MM_S("{\"destination.ip\":\"192.0.2.1\"}")};
    struct mm_case_event cited = {.seq = 2,
                                  .rule = MM_S("c2"),
                                  .time_us = 1000 * MM_US_PER_S,
                                  .event = MM_S("{\"destination.ip\":\"198.51.100.77\"}")};
    int64_t *id = arg;

    CHECK(mm_case_open(tx, &c, id) == MM_OK);
    CHECK(mm_case_event_add(tx, *id, &looked) == MM_OK);
    return mm_case_event_add(tx, *id, &cited);
}

TEST(a_second_look_follows_the_event_that_opened_the_case_not_what_the_first_look_copied)
{
    struct mm_records *rec = open_records();
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    struct mm_events_client *client = NULL;
    struct mm_scope_hold hold;
    struct mm_look_result *looks = NULL;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    struct peer p;
    int64_t id = 0;
    struct mm_job job;
    size_t looks_n = 0;

    mm_buf_init(&p.asked, 1 << 20);
    (void)snprintf(at.sun_path, sizeof(at.sun_path), "%s/peer", mm_test_dir());
    (void)snprintf(p.address, sizeof(p.address), "unix:%s", at.sun_path);
    p.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(p.listener, (struct sockaddr *)&at, sizeof(at)) == 0 && listen(p.listener, 1) == 0);
    CHECK(pthread_create(&p.thread, NULL, answer, &p) == 0);
    CHECK(mm_records_write(rec, mm_system_company(&hold, 1), detected, &id) == MM_OK);
    CHECK(mm_events_new(mm_slice_str(p.address), 5000, &client) == MM_OK);
    CHECK_NUM(mm_job_take(rec, MM_JOB_LOOK, 3000 * MM_US_PER_S, NULL, &job), MM_OK);
    CHECK(job.company == 1 && job.subject == id);
    CHECK_NUM(mm_desk_look(rec, client, &job, 3000 * MM_US_PER_S), MM_OK);
    mm_events_free(&client);
    CHECK(pthread_join(p.thread, NULL) == 0 && close(p.listener) == 0);
    CHECK(mm_slice_search(mm_buf_slice(&p.asked), MM_S("198.51.100.77")) != SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&p.asked), MM_S("192.0.2.1")) == SIZE_MAX);
    mm_buf_done(&p.asked);
    /* No alert names the PC behind the proxy; the one that opened the case still counts. */
    mm_arena_init(&a, 1 << 20);
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_desk_looks(tx, id, &a, &looks, &looks_n) == MM_OK && looks_n > 3);
    CHECK(looks[3].what == MM_LOOK_DETECTIONS && looks[3].state == MM_LOOK_FOUND);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(a_flood_that_waited_for_the_engine_began_when_its_lines_came)
{
    const int64_t hour = 3600 * MM_US_PER_S, opened = 100 * hour;
    const struct mm_case_event events[] = {
        {.rule = MM_S("c2"), .received_us = opened - 5 * hour},
        {.rule = MM_S("c2"), .received_us = opened - 6 * hour},
        {.rule = MM_LOOKED, .received_us = opened - 9 * hour}, /* was there before it */
        {.rule = MM_S("c2"), .received_us = opened + hour},
        {.rule = MM_S("c2")},
    };

    CHECK_NUM(mm_look_flood(opened, events, MM_COUNT(events)),
              opened - 6 * hour - MM_LOOK_FLOOD_US);
    CHECK_NUM(mm_look_flood(opened, NULL, 0), opened - MM_LOOK_FLOOD_US);
}
