/* base/base_test.c - promises of base/. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/ip.h"
#include "base/near.h"
#include "base/rd.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "tests/harness/test.h"

TEST(slice_numbers_refuse_what_does_not_fit)
{
    uint64_t u = 7;
    int64_t i = 7;

    CHECK(mm_slice_u64(MM_S("18446744073709551615"), &u) && u == UINT64_MAX);
    u = 7;
    CHECK(!mm_slice_u64(MM_S("18446744073709551616"), &u) && u == 7);
    CHECK(!mm_slice_u64(MM_S(""), &u) && !mm_slice_u64(MM_S("1x"), &u));
    CHECK(mm_slice_i64(MM_S("-9223372036854775808"), &i) && i == INT64_MIN);
    CHECK(!mm_slice_i64(MM_S("9223372036854775808"), &i));
    CHECK(!mm_slice_i64(MM_S("-"), &i));
    CHECK(mm_slice_hex(MM_S("fFfF"), &u) && u == 0xFFFF);
    CHECK(!mm_slice_hex(MM_S("12345678901234567"), &u));
}

TEST(a_list_grows_up_to_its_most_and_keeps_what_is_in_it)
{
    struct mm_arena a;
    uint64_t *list = NULL, *in = NULL;
    size_t n = 0, cap = 0, in_cap = 0, huge_cap = SIZE_MAX / 8;
    uint64_t *huge = NULL;

    mm_arena_init(&a, 4096);
    while (MM_VEC_ROOM(list, n, cap, 100) && MM_VEC_ROOM_IN(&a, in, n, in_cap)) {
        list[n] = n * 3;
        in[n] = n * 5;
        n++;
    }
    CHECK_NUM(n, 100);
    CHECK_NUM(cap, 128);
    CHECK_NUM(in_cap, 128);
    for (size_t i = 0; i < n; i++)
        CHECK(list[i] == i * 3 && in[i] == i * 5);
    /* Out of room: the list is as it was. */
    n = in_cap;
    while (MM_VEC_ROOM_IN(&a, in, n, in_cap))
        n = in_cap;
    CHECK(n == in_cap && in_cap < 4096 / sizeof(*in) && in[99] == 495);
    CHECK(!MM_VEC_ROOM(huge, huge_cap, huge_cap, SIZE_MAX) && huge == NULL);
    free(list);
    mm_arena_done(&a);
}

TEST(slice_parts_never_leave_the_slice)
{
    struct mm_slice s = MM_S("abc");

    CHECK_SLICE(mm_slice_sub(s, 1, SIZE_MAX), "bc");
    CHECK(mm_slice_sub(s, 9, 1).n == 0);
    CHECK(mm_slice_find(s, 'c', 0) == 2);
    CHECK(mm_slice_find(s, 'a', 1) == SIZE_MAX);
    CHECK(mm_slice_search(s, MM_S("bc")) == 1);
    CHECK(mm_slice_search(s, MM_S("abcd")) == SIZE_MAX);
    CHECK_SLICE(mm_slice_trim(MM_S(" \t a b\r\n")), "a b");
    CHECK(mm_slice_ieq(MM_S("ABC"), MM_S("abc")) && !mm_slice_ieq(MM_S("["), MM_S("{")));
}

TEST(slices_differ_by_letters)
{
    static const struct {
        struct mm_slice a, b;
        size_t n;
    } cases[] = {
        {MM_S_INIT(""), MM_S_INIT(""), 0},
        {MM_S_INIT("abc"), MM_S_INIT(""), 3},
        {MM_S_INIT("recognize"), MM_S_INIT("recognise"), 1},
        {MM_S_INIT("pre"), MM_S_INIT("prefix"), 3},
        {MM_S_INIT("decoed"), MM_S_INIT("decode"), 2},
    };
    static const uint8_t big[2 * MM_DISTANCE_MAX] = {0};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        CHECK_NUM(mm_slice_distance(cases[i].a, cases[i].b), cases[i].n);
        CHECK_NUM(mm_slice_distance(cases[i].b, cases[i].a), cases[i].n);
    }
    CHECK_NUM(mm_slice_distance(mm_slice_of(big, sizeof(big)), MM_S("")), MM_DISTANCE_MAX);
}

TEST(near_bytes_are_found_and_copied_up_to_like_one_by_one)
{
    static const uint8_t text[] = "\"\"a\"\x22\xA2\x21\x23\"bcdefghijklmnopq\"rstuv\xFF\"w\"";
    uint8_t out[sizeof(text) + 1];

    for (size_t n = 0; n < sizeof(text); n++) {
        struct mm_slice s = mm_slice_of(text, n);

        for (size_t from = 0; from <= n; from++) {
            size_t at = from;

            while (at < n && text[at] != '"')
                at++;
            CHECK_NUM(mm_near_find(s, '"', from), at);
            memset(out, 1, sizeof(out));
            CHECK_NUM(mm_near_copy(out, s, from, '"'), at - from);
            CHECK(memcmp(out, text + from, at - from) == 0);
            CHECK_NUM(out[n - from], 1); /* nothing behind the room is touched */
        }
    }
}

TEST(reader_moves_only_on_success)
{
    struct mm_rd rd = mm_rd_of(MM_S("12ab,rest"));
    struct mm_slice s;
    uint32_t v;

    CHECK(!mm_rd_fixed(&rd, 3, &v) && rd.pos == 0);
    CHECK(mm_rd_fixed(&rd, 2, &v) && v == 12);
    CHECK(!mm_rd_token(&rd, ';', 10, &s) && rd.pos == 2);
    CHECK(mm_rd_token(&rd, ',', 2, &s));
    CHECK_SLICE(s, "ab");
    CHECK(!mm_rd_take(&rd, 5, &s) && mm_rd_take(&rd, 4, &s));
    CHECK(mm_rd_left(&rd) == 0 && mm_rd_peek(&rd) == -1);
}

TEST(arena_keeps_its_limit_and_zeroes)
{
    struct mm_arena a;
    struct mm_slice s;
    uint8_t *p;

    mm_arena_init(&a, 100000);
    p = mm_arena_alloc(&a, 50000);
    CHECK(p != NULL && p[0] == 0 && p[49999] == 0);
    CHECK(mm_arena_alloc(&a, 60000) == NULL);
    CHECK(mm_arena_array(&a, SIZE_MAX, 2) == NULL);
    CHECK(mm_arena_dup(&a, MM_S("x"), &s) && s.p[1] == 0);
    CHECK(mm_arena_cstr(&a, mm_slice_of("a\0b", 3)) == NULL);
    mm_arena_reset(&a);
    CHECK(mm_arena_alloc(&a, 1) != NULL);
    mm_arena_done(&a);
    CHECK(a.size_used == 0);
}

TEST(buffer_has_room_for_nothing_too)
{
    struct mm_buf b;

    mm_buf_init(&b, 10);
    CHECK(mm_buf_room(&b, 0) != NULL);
    CHECK(mm_buf_ok(&b) && b.n == 0);
    mm_buf_done(&b);
}

TEST(buffer_fails_once_and_stays_failed)
{
    struct mm_buf b;

    mm_buf_init(&b, 10);
    mm_buf_u64(&b, 1234567890);
    CHECK(mm_buf_ok(&b));
    mm_buf_byte(&b, 'x');
    CHECK(!mm_buf_ok(&b) && b.n == 10);
    mm_buf_reset(&b);
    mm_buf_i64(&b, -12);
    mm_buf_fmt(&b, "%d", 34);
    CHECK_SLICE(mm_buf_slice(&b), "-1234");
    mm_buf_done(&b);
}

TEST(hash_matches_its_reference)
{
    /* CRC-32C check value: RFC 3720 B.4 and every catalogue of CRCs. */
    CHECK(mm_crc32c(0, MM_S("123456789")) == 0xE3069283u);
    CHECK(mm_crc32c(mm_crc32c(0, MM_S("12345")), MM_S("6789")) == 0xE3069283u);
    CHECK(mm_hash((struct mm_seed){1, 2}, MM_S("a")) != mm_hash((struct mm_seed){2, 1}, MM_S("a")));
}

TEST(map_finds_what_was_set_and_keeps_its_limit)
{
    struct mm_map m;
    char key[1000][8];
    size_t at = 0, seen = 0;
    struct mm_slice k;
    uint64_t v;

    mm_map_init(&m, (struct mm_seed){3, 4}, 1000);
    CHECK(mm_map_get(&m, MM_S("x")) == NULL);
    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(key[i], sizeof(key[i]), "k%u", i);
        CHECK(mm_map_set(&m, mm_slice_str(key[i]), i) == MM_OK);
    }
    CHECK(mm_map_set(&m, MM_S("one too many"), 1) == MM_E_LIMIT);
    CHECK(mm_map_set(&m, MM_S("k7"), 70) == MM_OK);
    CHECK(*mm_map_get(&m, MM_S("k7")) == 70 && *mm_map_get(&m, MM_S("k999")) == 999);
    while (mm_map_next(&m, &at, &k, &v))
        seen++;
    CHECK(seen == 1000);
    mm_map_done(&m);
}

TEST(time_reads_rfc3339_and_refuses_impossible_dates)
{
    int64_t us;
    bool zone;
    char text[MM_TIME_TEXT];

    CHECK(mm_time_parse(MM_S("2003-10-11T22:14:15.003Z"), 0, &us, &zone) && zone);
    CHECK_NUM(us, INT64_C(1065910455003000));
    CHECK(mm_time_parse(MM_S("2020-12-23 10:34:00"), 9 * 3600, &us, &zone) && !zone);
    mm_time_text(us, text);
    CHECK(strcmp(text, "2020-12-23T01:34:00Z") == 0);
    CHECK(mm_time_parse(MM_S("2022-07-10T23:50:05.533101+0000"), 0, &us, &zone) && zone);
    us = 5;
    CHECK(!mm_time_parse(MM_S("2021-02-29T00:00:00Z"), 0, &us, &zone) && us == 5);
    CHECK(!mm_time_parse(MM_S("1969-12-31T00:00:00Z"), 0, &us, &zone));
    CHECK(!mm_time_parse(MM_S("2020-01-01T00:00:00Zx"), 0, &us, &zone));
}

TEST(weekdays_match_the_programme_calendar)
{
    /* requirements X7: 2020-10-10 is a Saturday; 2020-11-12 was announced, rightly, as Thursday. */
    CHECK(mm_weekday(2020, 10, 10) == 6);
    CHECK(mm_weekday(2020, 11, 12) == 4);
    CHECK(mm_weekday(1970, 1, 1) == 4);
}

TEST(civil_dates_round_trip)
{
    for (int64_t day = 0; day < 50000; day += 13) {
        struct mm_civil c;
        int64_t us;

        mm_civil_of_us(day * MM_US_PER_DAY + 1, 0, &c);
        CHECK(mm_civil_to_us(&c, 0, &us));
        CHECK_NUM(us, day * MM_US_PER_DAY + 1);
    }
}

TEST(utf8_refuses_overlong_surrogates_and_torn_ends)
{
    struct mm_buf b;

    CHECK(mm_utf8_valid(MM_S("日本語 text")));
    CHECK(!mm_utf8_valid(MM_S("\xC0\xAF")) && !mm_utf8_valid(MM_S("\xED\xA0\x80")));
    CHECK(!mm_utf8_valid(MM_S("\xE6\x97")) && !mm_utf8_valid(MM_S("\xF4\x90\x80\x80")));
    CHECK_SLICE(mm_utf8_cut(MM_S("日本"), 5), "日");
    CHECK_NUM(mm_utf8_count(MM_S("日本 a\xFF\xE6\x97")), 7);
    CHECK_NUM(mm_utf8_count(MM_S("")), 0);
    mm_buf_init(&b, 100);
    mm_utf8_json(&b, MM_S("a\"\n\xFF\x01"));
    CHECK_SLICE(mm_buf_slice(&b), "\"a\\\"\\n\xEF\xBF\xBD\\u0001\"");
    mm_buf_done(&b);
}

TEST(addresses_are_whole_or_refused)
{
    struct mm_ip ip, other;
    struct mm_cidr net;
    char text[MM_IP_TEXT];

    CHECK(mm_ip_parse(MM_S("192.168.1.9"), &ip) && mm_ip_is_v4(&ip) && mm_ip_is_private(&ip));
    mm_ip_text(&ip, text);
    CHECK(strcmp(text, "192.168.1.9") == 0);
    CHECK(!mm_ip_parse(MM_S("192.168.1"), &other) && !mm_ip_parse(MM_S("1.2.3.256"), &other));
    CHECK(!mm_ip_parse(MM_S("010.1.1.1"), &other) && !mm_ip_parse(MM_S("1.2.3.4 "), &other));
    CHECK(mm_ip_parse(MM_S("2001:db8::1"), &other) && !mm_ip_is_private(&other));
    CHECK(!mm_ip_parse(MM_S("fe80::1%eth0"), &other));
    CHECK(mm_cidr_parse(MM_S("192.168.0.0/16"), &net) && mm_cidr_has(&net, &ip));
    CHECK(!mm_cidr_parse(MM_S("192.168.1.0/16"), &net) && !mm_cidr_parse(MM_S("::/129"), &net));
    CHECK(mm_cidr_parse(MM_S("0.0.0.0/0"), &net) && !mm_cidr_has(&net, &other));
}

TEST(addresses_of_logs_may_have_a_zone_or_brackets)
{
    struct mm_ip ip;
    char text[MM_IP_TEXT];

    CHECK(mm_ip_parse_log(MM_S("fe80::1%eth0"), &ip));
    mm_ip_text(&ip, text);
    CHECK(strcmp(text, "fe80::1") == 0);
    CHECK(mm_ip_parse_log(MM_S("[2001:db8::1]"), &ip) && !mm_ip_is_v4(&ip));
    CHECK(mm_ip_parse_log(MM_S("::ffff:192.0.2.1"), &ip) && mm_ip_is_v4(&ip));
    CHECK(mm_ip_parse_log(MM_S("192.0.2.1"), &ip));
    CHECK(!mm_ip_parse_log(MM_S("fe80::1%"), &ip) && !mm_ip_parse_log(MM_S("192.0.2.1%eth0"), &ip));
    CHECK(!mm_ip_parse_log(MM_S("[192.0.2.1"), &ip) && !mm_ip_parse_log(MM_S("[]"), &ip));
}

TEST(macs_of_all_spellings_become_one)
{
    static const char *const same[] = {
        "ac:44:f2:00:0e:01",    "AC-44-F2-00-0E-01",   "ac44.f200.0e01", "ac44-f200-0e01",
        "ac44f2-000e01",        "AC44F2000E01",        "ac:44:f2:0:e:1", "ac 44 f2 00 0e 01",
        "01:ac:44:f2:00:0e:01", "01 ac 44 f2 00 0e 01"};
    static const char *const refused[] = {
        "ac:44:f2:00:00",   "ac44f200000g",     "ac:44-f2:00:00:01",    "ac44 f200 0001",
        "ac:44:f2:0:0:",    "ac:44:f2:000:0:1", "02:ac:44:f2:00:00:01", "",
        "ac:44:f2:0:0:1:1", ":44:f2:0:0:1"};
    char mac[MM_MAC_TEXT];

    for (size_t i = 0; i < MM_COUNT(same); i++) {
        CHECK(mm_mac_parse(mm_slice_str(same[i]), mac));
        CHECK_SLICE(mm_slice_str(mac), "ac:44:f2:00:0e:01");
    }
    for (size_t i = 0; i < MM_COUNT(refused); i++)
        CHECK(!mm_mac_parse(mm_slice_str(refused[i]), mac));
}
