/* codec/auditd_test.c - audit records of the kernel, of programs, raw and enriched. */
#include "codec/auditd.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* All pairs as "key|text;" then the strays. */
static void expect(struct mm_slice in, const char *want, size_t strays)
{
    struct mm_arena arena;
    struct mm_auditd a;
    struct mm_auditd_walk walk;
    struct mm_auditd_pair pair;
    struct mm_slice text;
    char got[1024];
    size_t n = 0;

    mm_arena_init(&arena, 65536);
    CHECK(mm_auditd_parse(in, &a, NULL) == MM_OK);
    mm_auditd_walk(&walk, a.pairs);
    while (mm_auditd_next(&walk, &pair)) {
        int len;

        CHECK(mm_auditd_text(&arena, &pair, &text));
        len = snprintf(got + n, sizeof(got) - n, "%.*s|%.*s;", MM_S_ARG(pair.key), MM_S_ARG(text));
        CHECK(len > 0 && (size_t)len < sizeof(got) - n);
        n += (size_t)len;
    }
    CHECK_SLICE(mm_slice_of(got, n), want);
    CHECK_NUM(walk.stray, strays);
    mm_arena_done(&arena);
}

TEST(auditd_splits_the_head)
{
    struct mm_auditd a;

    CHECK(mm_auditd_parse(MM_S("node=srv1 type=USER_LOGIN msg=audit(1795147200.123:456): pid=1"),
                          &a, NULL) == MM_OK);
    CHECK_SLICE(a.node, "srv1");
    CHECK_SLICE(a.type, "USER_LOGIN");
    CHECK_SLICE(a.time, "1795147200.123");
    CHECK_SLICE(a.serial, "456");
    CHECK_SLICE(a.pairs, "pid=1");
    CHECK(mm_auditd_parse(MM_S("audit(1795147200.123:456): pid=1"), &a, NULL) == MM_OK);
    CHECK_NUM(a.type.n, 0);
}

TEST(auditd_names_what_it_refused_and_leaves_the_result)
{
    static const struct {
        struct mm_slice in;
        const char *what;
    } cases[] = {
        {MM_S_INIT("node=x"), "auditd.node"},
        {MM_S_INIT("type= msg=audit(1.0:1): "), "auditd.type"},
        {MM_S_INIT("type=A msg=audit"), "auditd.time"},
        {MM_S_INIT("type=A msg=audit(x:1): a=b"), "auditd.time"},
        {MM_S_INIT("type=A msg=audit(1.0:x): a=b"), "auditd.serial"},
        {MM_S_INIT("type=A msg=audit(1.0:1) a=b"), "auditd.serial"},
        {MM_S_INIT(""), "auditd.time"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_auditd a = {.type = MM_S("as before")};
        struct mm_fault f = {0};

        CHECK(mm_auditd_parse(cases[i].in, &a, &f) == MM_E_SYNTAX);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK(f.at <= cases[i].in.n);
        CHECK_SLICE(a.type, "as before");
    }
}

TEST(auditd_walks_nested_pairs_in_their_place)
{
    expect(
        MM_S("type=USER_LOGIN msg=audit(1.0:1): pid=7 msg='op=login acct=\"sato\" addr=192.0.2.1 "
             "res=success' z=1"),
        "pid|7;op|login;acct|sato;addr|192.0.2.1;res|success;z|1;", 0);
    expect(MM_S("type=A msg=audit(1.0:1): a=1 stray msg='b=2 two words' c='x y"), "a|1;b|2;c|x y;",
           4);
}

TEST(auditd_takes_what_selinux_says_off_the_pairs)
{
    struct mm_auditd a;

    CHECK(mm_auditd_parse(MM_S("type=AVC msg=audit(1.0:1): avc:  denied  { read write } for  "
                               "pid=7 comm=\"httpd\""),
                          &a, NULL) == MM_OK);
    CHECK_SLICE(a.avc, "denied");
    CHECK_SLICE(a.permissions, "read write");
    CHECK_SLICE(a.pairs, "pid=7 comm=\"httpd\"");
    /* Torn: nothing is taken off, so that the words count as strays. */
    CHECK(mm_auditd_parse(MM_S("type=AVC msg=audit(1.0:1): avc:  denied  { read"), &a, NULL) ==
          MM_OK);
    CHECK(a.avc.n == 0 && a.permissions.n == 0);
    expect(MM_S("type=AVC msg=audit(1.0:1): avc:  denied  { read"), "", 4);
}

TEST(auditd_walks_the_enriched_part)
{
    expect(MM_S("type=A msg=audit(1.0:1): auid=1000 saddr=02\x1D"
                "AUID=\"sato\" SADDR={ saddr_fam=inet laddr=192.0.2.1 lport=22 }"),
           "auid|1000;saddr|02;AUID|sato;SADDR|{;saddr_fam|inet;laddr|192.0.2.1;lport|22;", 0);
}

TEST(auditd_makes_text_of_hexadecimal_where_the_kernel_writes_it)
{
    expect(MM_S("type=A msg=audit(1.0:1): proctitle=2F62696E2F7368002D63 comm=\"2F62\" exe=2F6 "
                "a0=7F a1=2F62696E2F62617368 name=2Fxx acct=E38182 uid=30"),
           "proctitle|/bin/sh -c;comm|2F62;exe|2F6;a0|7F;a1|/bin/bash;name|2Fxx;"
           "acct|\xE3\x81\x82;uid|30;",
           0);
}

TEST(auditd_text_leaves_the_result_when_the_arena_is_full)
{
    struct mm_auditd_pair pair = {.key = MM_S("proctitle"), .value = MM_S("2F62696E2F73")};
    struct mm_slice out = MM_S("as before");
    struct mm_arena arena;

    mm_arena_init(&arena, 1);
    CHECK(!mm_auditd_text(&arena, &pair, &out));
    CHECK_SLICE(out, "as before");
    mm_arena_done(&arena);
}
