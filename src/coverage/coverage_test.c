/* coverage/coverage_test.c - templates, days and formats of a source are counted and bounded. */
#include "coverage/coverage.h"

#include <stdio.h>

#include "base/time.h"
#include "codec/cluster.h"
#include "coverage/wish.h"
#include "job/job.h"
#include "model/event.h"
#include "store/records/system_scope.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

#define NOW (INT64_C(20000) * MM_US_PER_DAY)

static struct mm_records *open_records(void)
{
    static const struct mm_feature *const features[] = {&mm_test_companies, &mm_job_feature,
                                                        &mm_coverage_feature};

    return mm_test_records(features, MM_COUNT(features));
}

struct work {
    struct mm_unread unread;
    struct mm_cover_day day;
    struct mm_source_format format;
    uint32_t company;
};

static enum mm_code put(struct mm_tx *tx, void *arg)
{
    struct work *w = arg;

    return mm_unread_put(tx, &w->unread, 1, w->unread.last_us);
}

static void put_line(struct mm_records *rec, uint32_t company, const char *line, int64_t us)
{
    struct work w = {.unread = {.company = company,
                                .source = 7,
                                .app = MM_S("app"),
                                .format = MM_S(""),
                                .count = 1,
                                .first_us = us,
                                .last_us = us,
                                .seq = 9,
                                .line = {mm_slice_str(line)},
                                .lines = 1}};
    struct mm_shape shape;
    struct mm_buf key;

    mm_buf_init(&key, MM_CLUSTER_TEXT);
    mm_shape_of(mm_slice_str(line), &shape);
    mm_shape_key(&shape, &key);
    w.unread.shape = mm_buf_slice(&key);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), put, &w), MM_OK);
    mm_buf_done(&key);
}

static size_t list(struct mm_records *rec, uint32_t company, struct mm_arena *a,
                   struct mm_unread **ret)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    CHECK(mm_records_read(rec, mm_system_company(&hold, company), &tx) == MM_OK);
    CHECK(mm_unread_list(tx, a, 7, 0, 200, ret, &n) == MM_OK);
    mm_records_read_done(&tx);
    return n;
}

TEST(unread_lines_of_one_kind_are_one_template_with_three_examples)
{
    struct mm_records *rec = open_records();
    struct mm_unread *l = NULL;
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    put_line(rec, 1, "session of alice opened", NOW);
    put_line(rec, 1, "session of bob opened", NOW + 1);
    put_line(rec, 1, "session of carol opened", NOW + 2);
    put_line(rec, 1, "session of dave opened", NOW + 3);
    put_line(rec, 1, "disk full", NOW);
    put_line(rec, 2, "session of erin opened", NOW);
    put_line(rec, 3, "a company that is gone", NOW);
    CHECK_NUM(list(rec, 1, &a, &l), 2);
    CHECK_NUM(l[0].count, 4);
    CHECK_NUM(l[0].first_us, NOW);
    CHECK_NUM(l[0].last_us, NOW + 3);
    CHECK_NUM(l[0].lines, 3);
    CHECK_SLICE(l[0].line[0], "session of alice opened");
    CHECK_SLICE(l[0].line[1], "session of bob opened");
    CHECK_SLICE(l[0].line[2], "session of dave opened");
    CHECK_SLICE(l[0].shape, "session of \x1fword\x1f opened");
    CHECK_SLICE(l[1].line[0], "disk full");
    CHECK_NUM(list(rec, 2, &a, &l), 1);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

static enum mm_code put_three(struct mm_tx *tx, void *arg)
{
    return mm_unread_put(tx, arg, 3, NOW);
}

TEST(like_lines_of_several_processes_are_one_template)
{
    struct mm_records *rec = open_records();
    struct mm_unread *l = NULL, three[3];
    struct mm_shape shape;
    struct mm_buf key;
    struct mm_arena a;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&key, MM_CLUSTER_TEXT);
    mm_shape_of(MM_S("door 7 opened"), &shape);
    mm_shape_key(&shape, &key);
    for (size_t i = 0; i < 3; i++)
        three[i] = (struct mm_unread){.company = 1,
                                      .source = 7,
                                      .shape = mm_buf_slice(&key),
                                      .count = 10,
                                      .first_us = NOW + (int64_t)i,
                                      .last_us = NOW + (int64_t)i,
                                      .seq = i,
                                      .line = {MM_S("door 1 opened"), MM_S("door 2 opened")},
                                      .lines = 2};
    three[2].line[1] = MM_S("door 9 opened");
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), put_three, three), MM_OK);
    CHECK_NUM(list(rec, 1, &a, &l), 1);
    CHECK_NUM(l[0].count, 30);
    CHECK_NUM(l[0].first_us, NOW);
    CHECK_NUM(l[0].last_us, NOW + 2);
    CHECK_NUM(l[0].seq, 2);
    CHECK_NUM(l[0].lines, 3);
    CHECK_SLICE(l[0].line[1], "door 2 opened");
    CHECK_SLICE(l[0].line[2], "door 9 opened");
    mm_buf_done(&key);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(unread_templates_of_a_source_are_bounded_and_forgotten)
{
    struct mm_records *rec = open_records();
    struct mm_unread *l = NULL;
    struct mm_arena a;
    char line[32];

    mm_arena_init(&a, 8 << 20);
    put_line(rec, 1, "kept twice", NOW);
    put_line(rec, 1, "kept twice", NOW);
    for (int i = 0; i < MM_UNREAD_MAX + 3; i++) {
        (void)snprintf(line, sizeof(line), "%c%c", 'a' + i / 26, 'a' + i % 26);
        put_line(rec, 1, line, NOW);
    }
    CHECK(list(rec, 1, &a, &l) <= MM_UNREAD_MAX);
    CHECK(list(rec, 1, &a, &l) > MM_UNREAD_MAX / 2);
    CHECK_NUM(l[0].count, 2);
    put_line(rec, 1, "much later", NOW + 100 * MM_US_PER_DAY);
    CHECK_NUM(list(rec, 1, &a, &l), 1);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

static enum mm_code add(struct mm_tx *tx, void *arg)
{
    struct work *w = arg;
    enum mm_code code = mm_cover_day_add(tx, w->company, 7, &w->day);

    return code == MM_OK ? mm_source_format_add(tx, &w->format) : code;
}

TEST(coverage_days_add_up_and_old_ones_go)
{
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    struct mm_cover_day *days = NULL;
    struct mm_source_format *formats = NULL;
    struct mm_cover_source *all = NULL;
    struct mm_arena a;
    struct mm_tx *tx = NULL;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_cover_day_of(INT64_C(15) * 3600 * MM_US_PER_S), 1);
    CHECK_NUM(mm_cover_day_of(INT64_C(15) * 3600 * MM_US_PER_S - 1), 0);
    for (int i = 0; i < 3; i++) {
        struct work w = {.company = 1,
                         .day = {.day = i < 2 ? 500 : 500 + MM_COVERAGE_DAYS - 1 + i / 3,
                                 .parsed = 8,
                                 .unparsed = 2,
                                 .bytes = 900,
                                 .topics = 1u << i},
                         .format = {.company = 1,
                                    .source = 7,
                                    .format = i == 2 ? MM_S("squid") : MM_S("fortigate"),
                                    .parsed = 8,
                                    .topics = 1u << i}};

        w.format.first_us = w.format.last_us = w.day.day * MM_US_PER_DAY + i;

        CHECK_NUM(mm_records_write(rec, mm_system_scope(), add, &w), MM_OK);
    }
    CHECK(mm_records_read(rec, mm_system_company(&hold, 1), &tx) == MM_OK);
    CHECK(mm_cover_days(tx, &a, 7, 0, &days, &n) == MM_OK);
    CHECK_NUM(n, 2);
    CHECK_NUM(days[0].parsed, 16);
    CHECK_NUM(days[0].bytes, 1800);
    CHECK_NUM(days[0].topics, 3);
    CHECK_NUM(days[1].topics, 4);
    CHECK(mm_source_formats(tx, &a, 0, &formats, &n) == MM_OK);
    CHECK_NUM(n, 2);
    CHECK_SLICE(formats[0].format, "fortigate");
    CHECK_NUM(formats[0].topics, 3);
    CHECK_NUM(formats[0].last_us, 500 * MM_US_PER_DAY + 1);
    CHECK(mm_cover_all(tx, &a, 500, 30, &all, &n) == MM_OK);
    CHECK_NUM(n, 1);
    CHECK_NUM(all[0].source, 7);
    CHECK_NUM(all[0].n, 1);
    CHECK_NUM(all[0].days[0].unparsed, 4);
    CHECK(mm_cover_all(tx, &a, 501, 30, &all, &n) == MM_OK);
    CHECK_NUM(n, 0);
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    mm_records_close(&rec);
}

TEST(coverage_falls_when_a_twentieth_less_is_read)
{
    const struct mm_cover_day days[] = {{.day = 1, .parsed = 980, .unparsed = 20, .topics = 1},
                                        {.day = 2, .parsed = 930, .unparsed = 70, .topics = 2},
                                        {.day = 3, .parsed = 20, .unparsed = 100}};
    struct mm_cover_sum before = mm_cover_sum(days, 3, 1, 2), after = mm_cover_sum(days, 3, 2, 3);
    struct mm_cover_sum few = mm_cover_sum(days, 3, 3, 9), none = mm_cover_sum(days, 3, 4, 9);

    CHECK_NUM(mm_cover_permille(&before), 980);
    CHECK_NUM(mm_cover_permille(&none), -1);
    CHECK(mm_cover_fell(&before, &after));
    CHECK(!mm_cover_fell(&after, &before));
    CHECK(!mm_cover_fell(&before, &few));
    CHECK(!mm_cover_fell(&none, &after));
    before.parsed--;
    before.unparsed++;
    CHECK(!mm_cover_fell(&before, &after));
    before = mm_cover_sum(days, 3, 1, 3);
    CHECK_NUM(before.topics, 3);
    CHECK_NUM(before.parsed, 1910);
}

TEST(topics_are_told_by_any_of_their_fields)
{
    uint64_t fields[MM_F_WORDS] = {0};

    CHECK_NUM(mm_topics_of(fields), 0);
    fields[MM_F_HOST_MAC / 64] |= UINT64_C(1) << (MM_F_HOST_MAC % 64);
    fields[MM_F_USER_NAME / 64] |= UINT64_C(1) << (MM_F_USER_NAME % 64);
    CHECK_NUM(mm_topics_of(fields), 1u << MM_TOPIC_MAC | 1u << MM_TOPIC_USER);
    CHECK(strcmp(mm_topic_name(MM_TOPIC_NAT), "nat") == 0);
}

static struct mm_source_format format(const char *name, uint64_t parsed, int64_t first_s,
                                      int64_t last_s)
{
    return (struct mm_source_format){.format = mm_slice_str(name),
                                     .parsed = parsed,
                                     .first_us = first_s * MM_US_PER_S,
                                     .last_us = last_s * MM_US_PER_S};
}

TEST(a_source_that_sends_another_format_than_before_is_noticed)
{
    const struct mm_source_format replaced[] = {format("fortigate", 9000, 0, 100000),
                                                format("yamaha-rtx", 30, 100100, 110000)};
    const struct mm_source_format mixed[] = {format("fortigate", 9000, 0, 109000),
                                             format("yamaha-rtx", 30, 100100, 110000)};
    const struct mm_source_format few[] = {format("fortigate", 9000, 0, 100000),
                                           format("yamaha-rtx", 3, 100100, 110000),
                                           format("", 500, 0, 200000)};
    size_t before = 0;

    CHECK_NUM(mm_cover_sends(replaced, 2, &before), 1);
    CHECK_NUM(before, 0);
    CHECK_NUM(mm_cover_sends(mixed, 2, &before), 1);
    CHECK(before == SIZE_MAX);
    CHECK_NUM(mm_cover_sends(few, 3, &before), 0);
    CHECK(before == SIZE_MAX);
    CHECK(mm_cover_sends(few, 0, &before) == SIZE_MAX);
}

TEST(a_source_that_is_entered_as_another_device_is_noticed)
{
    const struct mm_source_format list[] = {format("fortigate", 100, 0, 9),
                                            format("palo-alto", 10, 0, 9)};
    const struct mm_source_format both[] = {format("fortigate", 100, 0, 9),
                                            format("palo-alto", 11, 0, 9)};

    CHECK_NUM(mm_cover_other(list, 2, MM_S("palo-alto")), 0);
    CHECK(mm_cover_other(both, 2, MM_S("palo-alto")) == SIZE_MAX);
    CHECK(mm_cover_other(list, 2, MM_S("fortigate")) == SIZE_MAX);
    CHECK(mm_cover_other(list, 2, MM_S("")) == SIZE_MAX);
    CHECK_NUM(mm_cover_other(list, 2, MM_S("squid")), 0);
}

static enum mm_code add_wish(struct mm_tx *tx, void *arg)
{
    return mm_wish_add(tx, arg, NOW);
}

static enum mm_code end_wish(struct mm_tx *tx, void *arg)
{
    return mm_wish_end(tx, *(int64_t *)arg, MM_E_EXISTS);
}

TEST(wishes_are_kept_with_a_job_until_they_are_ended_and_old_ones_go)
{
    static uint8_t long_text[MM_WISH_YAML + 1];
    struct mm_records *rec = open_records();
    struct mm_scope_hold hold;
    const struct mm_scope *operators = mm_system_company(&hold, 0);
    struct mm_wish wish = {
        .name = MM_S("door"), .yaml = MM_S("y"), .test = MM_S("t"), .user = 3, .who = MM_S("soc")};
    struct mm_wish *list = NULL, one;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    size_t n = 0;
    int64_t first = 1;

    mm_arena_init(&a, 1 << 22);
    for (int i = 0; i < MM_WISH_KEEP + 3; i++) {
        wish.remove = i % 2 == 1;
        CHECK_NUM(mm_records_write(rec, operators, add_wish, &wish), MM_OK);
        if (i == 0)
            CHECK_NUM(mm_records_write(rec, operators, end_wish, &first), MM_OK);
    }
    CHECK(mm_records_read(rec, operators, &tx) == MM_OK);
    /* The first one was ended and is forgotten; those that wait stay, however many. */
    CHECK_NUM(mm_wish_get(tx, 1, &a, &one), MM_E_NOTFOUND);
    CHECK_NUM(mm_wish_get(tx, 2, &a, &one), MM_OK);
    CHECK(one.remove && one.user == 3);
    CHECK_SLICE(one.yaml, "y");
    CHECK_SLICE(one.state, "waiting");
    CHECK_NUM(mm_wish_list(tx, MM_WISH_FORMAT, &a, &list, &n), MM_OK);
    CHECK_NUM(n, MM_WISH_KEEP);
    CHECK_NUM(list[0].wish, MM_WISH_KEEP + 3);
    CHECK_NUM(mm_job_failed_count(tx, MM_S("format"), &(uint64_t){0}), MM_OK);
    mm_records_read_done(&tx);
    first = 2;
    CHECK_NUM(mm_records_write(rec, operators, end_wish, &first), MM_OK);
    CHECK(mm_records_read(rec, operators, &tx) == MM_OK);
    CHECK_NUM(mm_wish_get(tx, 2, &a, &one), MM_OK);
    CHECK_SLICE(one.state, "refused");
    CHECK(one.yaml.n == 0 && one.why.n > 0);
    mm_records_read_done(&tx);
    wish.yaml = mm_slice_of(long_text, sizeof(long_text));
    CHECK_NUM(mm_records_write(rec, operators, add_wish, &wish), MM_E_LIMIT);
    mm_arena_done(&a);
    mm_records_close(&rec);
}
