/* engine/merge_test.c - what is merged, what stays, and that cutting a batch changes nothing. */
#include "engine/merge.h"
#include "model/event.h"
#include "tests/harness/test.h"
#include "triage/triage.h"

enum { MANY = 300 };

static struct mm_alert alert(uint64_t seq, const char *rule, const char *host)
{
    return (struct mm_alert){.seq = seq,
                             .queue = 1,
                             .company = 7,
                             .source = 3,
                             .received_us = (int64_t)seq * 10,
                             .time_us = (int64_t)seq * 10,
                             .events = 1,
                             .level = MM_LEVEL_HIGH,
                             .rule_level = MM_LEVEL_HIGH,
                             .rule_id = mm_slice_str(rule),
                             .title = MM_S("Title"),
                             .author = MM_S("Author"),
                             .entity_field = MM_S("host.name"),
                             .entity = mm_slice_str(host),
                             .doc = MM_S("{}"),
                             .event = MM_S("{\"a\":1}")};
}

struct heard {
    size_t times;
    uint64_t events;
};

static void hear(void *ctx, const struct mm_alert *a, uint64_t events)
{
    struct heard *h = ctx;

    CHECK(a->rule_id.n > 0);
    h->times++;
    h->events += events;
}

static size_t merge(struct mm_alert *list, size_t n, struct heard *h)
{
    *h = (struct heard){0};
    qsort(list, n, sizeof(*list), mm_alert_order);
    return mm_merge_list(list, n, hear, h);
}

TEST(merge_keeps_the_first_and_counts_the_rest_of_each_entity)
{
    static struct mm_alert list[3 * MANY];
    uint64_t events = 0, last = 0;
    struct heard h;
    size_t n = 0, left;

    for (uint64_t i = 1; i <= MANY; i++) {
        list[n++] = alert(3 * i, "loud", "pc-1");
        list[n++] = alert(3 * i + 1, "loud", "pc-2");
    }
    list[n++] = alert(50, "rare", "pc-1");
    list[5].time_us = 9999999; /* said to be the latest */
    left = merge(list, n, &h);
    CHECK_NUM(left, 2 * (MM_MERGE_KEEP + 1) + 1);
    CHECK_NUM(h.times, 2);
    CHECK_NUM(h.events, 2 * MANY);
    for (size_t i = 0; i < left; i++) {
        CHECK(i == 0 || mm_alert_order(&list[i - 1], &list[i]) < 0);
        events += list[i].events;
        CHECK(list[i].events == 1 || (list[i].doc.n == 0 && list[i].author.n > 0));
        last = list[i].seq > last ? list[i].seq : last;
    }
    CHECK_NUM(events, n);
    CHECK_NUM(last, 3 * MANY + 1);
    CHECK_SLICE(list[left - 1].rule_id, "rare");
}

TEST(merge_leaves_alone_what_is_not_much)
{
    struct mm_alert list[MM_MERGE_KEEP + 2];
    struct heard h;
    size_t n = 0;

    for (uint64_t i = 1; i <= MM_MERGE_KEEP; i++)
        list[n++] = alert(i, "loud", "pc-1");
    list[n] = alert(n + 1, "loud", "pc-1");
    list[n++].prevented = true; /* is counted apart */
    list[n] = alert(n + 1, "loud", "pc-1");
    list[n++].hidden_by = MM_S("filter"); /* likewise */
    CHECK_NUM(merge(list, n, &h), n);
    CHECK_NUM(h.times, 0);
}

TEST(merge_keeps_numbers_rising_where_some_were_stopped)
{
    static struct mm_alert list[2 * MANY];
    struct heard h;
    uint64_t events = 0;
    size_t n = 0, left;

    for (uint64_t i = 1; i <= MANY; i++) {
        list[n] = alert(i, "loud", "pc-1");
        list[n++].prevented = i % 7 == 0;
    }
    for (uint64_t i = 1; i <= 5; i++) { /* the last ones, few of their kind in the beginning */
        list[n] = alert(MANY + i, "loud", "pc-1");
        list[n++].prevented = i > 1;
    }
    left = merge(list, n, &h);
    CHECK(left <= 2 * (MM_MERGE_KEEP + 1));
    for (size_t i = 0; i < left; i++) {
        CHECK(i == 0 || list[i - 1].seq < list[i].seq);
        events += list[i].events;
    }
    CHECK_NUM(events, n);
    CHECK_NUM(list[left - 1].seq, MANY + 5);
}

TEST(merge_counts_what_two_filters_hide_in_turns)
{
    static struct mm_alert list[2 * MANY];
    struct heard h;
    uint64_t events = 0;
    size_t left;

    for (size_t i = 0; i < MM_COUNT(list); i++) {
        list[i] = alert(i + 1, "loud", "pc-1");
        list[i].hidden_by = i % 2 == 0 ? MM_S("one") : MM_S("other");
    }
    left = merge(list, MM_COUNT(list), &h);
    CHECK_NUM(left, 2 * (MM_MERGE_KEEP + 1));
    CHECK_NUM(h.times, 2); /* else the batch's end is not fixed (engine/store.c) */
    for (size_t i = 0; i < left; i++)
        events += list[i].events;
    CHECK_NUM(events, MM_COUNT(list));
}

/* Alerts of one round, as a shard writes them. */
static void play(struct mm_merge *m, const struct mm_alert *all, size_t n, struct mm_buf *out)
{
    mm_merge_reset(m);
    for (size_t i = 0; i < n; i++) {
        uint32_t rule = all[i].rule_id.p[0];
        size_t slot = mm_merge_slot(m, &all[i], rule, 0);

        if (!mm_merge_full(m, slot))
            mm_alert_encode(out, &all[i]);
        mm_merge_add(m, slot, &all[i]);
    }
    mm_merge_write(m, out);
}

static size_t batch(const struct mm_alert *all, size_t n, size_t cut, struct mm_buf *bytes,
                    struct mm_alert *ret)
{
    struct mm_merge *m = mm_merge_new();
    struct heard h;
    struct mm_rd rd;
    size_t got = 0;

    CHECK(m != NULL);
    for (size_t i = 0; i < n; i += cut)
        play(m, all + i, mm_min_size(cut, n - i), bytes);
    rd = mm_rd_of(mm_buf_slice(bytes));
    while (mm_rd_left(&rd) > 0)
        CHECK(mm_alert_decode(&rd, &ret[got++]));
    mm_merge_free(&m);
    return merge(ret, got, &h);
}

TEST(merge_leaves_the_same_however_a_batch_was_cut)
{
    static const size_t cuts[] = {2000, 700, 64, 21, 1};
    static const char *const hosts[] = {"pc-1", "pc-2", "pc-3", ""};
    static const char *const rules[] = {"a", "b", "c"};
    static struct mm_alert all[2000], first[2000], other[2000];
    uint64_t seed = 3;
    size_t n = 0;

    for (size_t i = 0; i < MM_COUNT(all); i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
        all[i] = alert(i + 1, rules[(seed >> 40) % 3], hosts[(seed >> 50) % 4]);
        all[i].prevented = (seed >> 60) == 3;
        all[i].time_us += (int64_t)((seed >> 33) % 1000);
    }
    for (size_t c = 0; c < MM_COUNT(cuts); c++) {
        struct mm_buf bytes;
        size_t left;

        mm_buf_init(&bytes, 16 * 1024 * 1024);
        left = batch(all, MM_COUNT(all), cuts[c], &bytes, c == 0 ? first : other);
        n = c == 0 ? left : n;
        CHECK_NUM(left, n);
        for (size_t i = 0; i < left && c > 0; i++) {
            CHECK_NUM(other[i].seq, first[i].seq);
            CHECK_NUM(other[i].events, first[i].events);
            CHECK_NUM(other[i].time_us, first[i].time_us);
            CHECK(other[i].prevented == first[i].prevented);
        }
        if (c > 0)
            mm_buf_done(&bytes); /* `first` borrows the first one's */
    }
}

TEST(merge_hands_over_sums_of_lines_that_stand_for_as_many_as_a_line_may)
{
    enum { LINES = 30 };
    static struct mm_alert all[LINES], got[LINES];
    struct mm_buf bytes;
    uint64_t events = 0;
    size_t left;

    for (size_t i = 0; i < LINES; i++) {
        all[i] = alert(i + 1, "loud", "pc-1");
        all[i].events = MM_EVENT_STANDS_MAX;
    }
    mm_buf_init(&bytes, 1024 * 1024);
    left = batch(all, LINES, LINES, &bytes, got);
    CHECK_NUM(left, MM_MERGE_KEEP + 1);
    for (size_t i = 0; i < left; i++)
        events += got[i].events;
    CHECK_NUM(events, (uint64_t)LINES * MM_EVENT_STANDS_MAX);
    mm_buf_done(&bytes);
}

TEST(merge_passes_on_what_finds_no_slot)
{
    static char hosts[MM_MERGE_SLOTS + 10][16];
    struct mm_merge *m = mm_merge_new();
    struct mm_buf out;

    CHECK(m != NULL);
    mm_merge_reset(m);
    for (size_t i = 0; i < MM_COUNT(hosts); i++) {
        struct mm_alert a;
        size_t slot;

        (void)snprintf(hosts[i], sizeof(hosts[i]), "pc-%zu", i);
        a = alert(i + 1, "loud", hosts[i]);
        slot = mm_merge_slot(m, &a, 1, 0);
        CHECK_NUM(slot, mm_min_size(i, MM_MERGE_SLOTS));
        CHECK(!mm_merge_full(m, slot));
        for (int k = 0; k < MM_MERGE_KEEP + 1; k++)
            mm_merge_add(m, slot, &a);
        CHECK(mm_merge_full(m, slot) == (i < MM_MERGE_SLOTS));
    }
    mm_buf_init(&out, MM_MERGE_BYTES);
    mm_merge_write(m, &out);
    CHECK(mm_buf_ok(&out) && out.n > 0);
    mm_buf_done(&out);
    mm_merge_free(&m);
}
