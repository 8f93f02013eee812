/* codec/cluster_test.c - lines become templates: what is masked, what is joined, what is kept. */
#include "codec/cluster.h"

#include <stdio.h>

#include "codec/pattern.h"
#include "tests/harness/test.h"

static void template_of(struct mm_slice line, struct mm_buf *out)
{
    struct mm_shape s;

    mm_shape_of(line, &s);
    mm_shape_template(&s, out);
    CHECK(mm_buf_ok(out));
}

TEST(cluster_masks_what_differs_in_every_line)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"login of root from 192.0.2.7 port 4711", "login of root from {:ip} port {:int}"},
        {"2026-11-20 10:00:00 up", "{:ymd} up"},
        {"Nov 20 10:00:00 fw1 link down.", "{:bsd} fw1 link down."},
        {"inside:192.0.2.1/443 to 198.51.100.2:80", "inside:{:ip}/{:int} to {:ip:port}"},
        {"mac=00:00:5e:00:53:01 id=4f9a01bc", "mac={:mac} id={:hex}"},
        {"took 1.5 s, 20 rows", "took {:num} s, {:int} rows"},
        {"msg=\"a user left\" name=\"bob\"", "msg={:quoted} name=\"bob\""},
        {"a {b} c", "a {{b} c"},
        {"peer 2001:db8::1 is up", "peer {:ip} is up"},
        {"09/06/26 12:33:02 20260906123302", "{:mdy} {:compact}"},
        {"dead beef ether0 eth1", "dead beef ether0 eth1"},
        {"bytes \x01\x02\xff end", "bytes {:word} end"},
        {"", ""},
    };
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        template_of(mm_slice_str(cases[i].line), &out);
        CHECK_SLICE(mm_buf_slice(&out), cases[i].want);
    }
    mm_buf_done(&out);
}

TEST(cluster_template_takes_the_line_it_was_made_of)
{
    static const char *const lines[] = {
        "login of root from 192.0.2.7 port 4711",
        "inside:192.0.2.1/443 to 198.51.100.2:80 {x}",
        "[2026-11-20T10:00:00+09:00] \"GET /a b\" 200 1.5 4f9a01bc",
    };
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    for (size_t i = 0; i < MM_COUNT(lines); i++) {
        struct mm_arena arena;
        struct mm_patterns *set;
        struct mm_pattern_hit hit;

        mm_arena_init(&arena, 1 << 20);
        set = mm_patterns_new(&arena);
        template_of(mm_slice_str(lines[i]), &out);
        CHECK(mm_patterns_add(set, mm_buf_slice(&out), 7, NULL) == MM_OK);
        CHECK(mm_patterns_match(set, mm_slice_str(lines[i]), NULL, &hit));
        mm_arena_done(&arena);
    }
    mm_buf_done(&out);
}

static size_t put(struct mm_cluster *set, uint32_t owner, const char *app, const char *line)
{
    struct mm_shape s;

    mm_shape_of(mm_slice_str(line), &s);
    return mm_cluster_put(set, owner, mm_slice_str(app), &s);
}

TEST(cluster_joins_lines_that_differ_in_words)
{
    struct mm_cluster set;
    struct mm_buf out;

    CHECK(mm_cluster_init(&set, 8) == MM_OK);
    mm_buf_init(&out, 4096);
    CHECK_NUM(put(&set, 1, "sshd", "session opened for user alice by root"), 0);
    CHECK_NUM(put(&set, 1, "sshd", "session opened for user bob by root"), 0);
    CHECK_NUM(put(&set, 1, "sshd", "disk sda1 is full"), 1);
    CHECK_NUM(put(&set, 2, "sshd", "session opened for user carol by root"), 2);
    CHECK_NUM(put(&set, 1, "cron", "session opened for user carol by root"), 3);
    mm_shape_template(&set.entry[0].shape, &out);
    CHECK_SLICE(mm_buf_slice(&out), "session opened for user {:word} by root");
    mm_buf_done(&out);
    mm_cluster_done(&set);
}

TEST(cluster_says_when_a_set_is_full)
{
    struct mm_cluster set;

    CHECK(mm_cluster_init(&set, 2) == MM_OK);
    CHECK_NUM(put(&set, 1, "", "one thing happened"), 0);
    CHECK_NUM(put(&set, 1, "", "another matter"), 1);
    CHECK(put(&set, 1, "", "a third kind of line") == SIZE_MAX);
    CHECK_NUM(put(&set, 1, "", "one thing vanished"), 0);
    mm_cluster_reset(&set);
    CHECK_NUM(put(&set, 1, "", "a third kind of line"), 0);
    mm_cluster_done(&set);
}

TEST(cluster_has_one_template_for_lines_without_words)
{
    struct mm_cluster set;

    CHECK(mm_cluster_init(&set, 8) == MM_OK);
    CHECK_NUM(put(&set, 1, "", ""), 0);
    CHECK_NUM(put(&set, 1, "", ""), 0);
    CHECK_NUM(put(&set, 1, "", "====="), 1);
    CHECK_NUM(put(&set, 1, "", "====="), 1);
    CHECK_NUM(put(&set, 1, "", "(((((("), 2);
    mm_cluster_done(&set);
}

TEST(cluster_key_brings_a_template_back)
{
    struct mm_cluster set;
    struct mm_shape s;
    struct mm_buf key, text;

    mm_buf_init(&key, 4096);
    mm_buf_init(&text, 4096);
    CHECK(mm_cluster_init(&set, 4) == MM_OK);
    CHECK_NUM(put(&set, 1, "", "user a.b. at if:192.0.2.1/22, {ok}."), 0);
    CHECK_NUM(put(&set, 1, "", "user c.d. at if:192.0.2.1/22, {ok}."), 0);
    mm_shape_key(&set.entry[0].shape, &key);
    CHECK(mm_shape_read(mm_buf_slice(&key), &s));
    CHECK_NUM(s.count, set.entry[0].shape.count);
    mm_cluster_reset(&set);
    CHECK_NUM(mm_cluster_load(&set, 1, MM_S(""), &s), 0);
    CHECK(!set.entry[0].changed);
    CHECK_NUM(put(&set, 1, "", "user e.f. at if:192.0.2.9/1, {ok}."), 0);
    CHECK(!set.entry[0].changed);
    mm_shape_template(&set.entry[0].shape, &text);
    CHECK_SLICE(mm_buf_slice(&text), "user {:word}. at if:{:ip}/{:int}, {{ok}.");
    CHECK(!mm_shape_read(MM_S("broken \x1f!"), &s));
    mm_buf_done(&key);
    mm_buf_done(&text);
    mm_cluster_done(&set);
}

TEST(cluster_ends_long_lines_with_a_rest)
{
    static char line[4096];
    struct mm_buf out;
    size_t n = 0;

    mm_buf_init(&out, 4096);
    for (int i = 0; i < 40; i++)
        n += (size_t)snprintf(line + n, sizeof(line) - n, "k%c=%d ", 'a' + i % 26, i);
    template_of(mm_slice_of(line, n), &out);
    CHECK(mm_slice_ends(mm_buf_slice(&out), MM_S("{:rest}")));
    memset(line, 'x', sizeof(line));
    template_of(mm_slice_of(line, sizeof(line)), &out);
    CHECK_SLICE(mm_buf_slice(&out), "{:rest}");
    mm_buf_done(&out);
}
