/* codec/syslog_test.c - both syslogs, and what is sent under their names. */
#include "codec/syslog.h"
#include "tests/harness/test.h"

TEST(syslog5424_accepts_all_parts)
{
    struct mm_syslog m;

    CHECK(mm_syslog5424_parse(MM_S("<34>1 2003-10-11T22:14:15.003Z host su 77 ID47 "
                                   "[a@1 k=\"v\"][b] \xEF\xBB\xBF"
                                   "failed\n"),
                              &m, NULL) == MM_OK);
    CHECK(m.version == 1 && m.has_pri && m.has_time && m.when.has_zone);
    CHECK_NUM(m.facility, 4);
    CHECK_NUM(m.severity, 2);
    CHECK_SLICE(m.host, "host");
    CHECK_SLICE(m.app, "su");
    CHECK_SLICE(m.proc, "77");
    CHECK_SLICE(m.msgid, "ID47");
    CHECK_SLICE(m.sd, "[a@1 k=\"v\"][b]");
    CHECK_SLICE(m.msg, "failed");
}

TEST(syslog5424_reads_nil_as_empty)
{
    struct mm_syslog m;

    CHECK(mm_syslog5424_parse(MM_S("<0>1 - - - - - -"), &m, NULL) == MM_OK);
    CHECK(!m.has_time && m.host.n == 0 && m.app.n == 0 && m.proc.n == 0 && m.msgid.n == 0);
    CHECK(m.sd.n == 0 && m.msg.n == 0);
}

TEST(syslog5424_names_the_byte_it_refused)
{
    static const struct {
        const char *in;
        size_t at;
        const char *what;
    } cases[] = {
        {"", 0, "syslog.pri"},
        {"<192>1 ", 0, "syslog.pri"},
        {"<0>2 - - - - - -", 3, "syslog.version"},
        {"<0>1 2003-13-x - - - - -", 5, "syslog.time"},
        {"<0>1 - h\x01 - - - -", 7, "syslog.host"},
        {"<0>1 - - - - - ", 15, "syslog.sd"},
        {"<0>1 - - - - - [a", 15, "syslog.sd"},
        {"<0>1 - - - - - -x", 16, "syslog.sd"},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_syslog m = {.facility = 99};
        struct mm_fault f = {0};

        CHECK(mm_syslog5424_parse(mm_slice_str(cases[i].in), &m, &f) == MM_E_SYNTAX);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
        CHECK_NUM(f.at, cases[i].at);
        CHECK(m.facility == 99);
    }
}

TEST(syslog3164_reads_what_is_sent)
{
    static const struct {
        const char *in, *host, *app, *proc, *msg;
        bool time;
    } cases[] = {
        {"<34>Oct 11 22:14:15 mymachine su: 'su root' failed", "mymachine", "su", "",
         "'su root' failed", true},
        {"<34>oct 11 22:14:15 mymachine su[12]: x", "mymachine", "su", "12", "x", true},
        {"<34>Oct 11 22:14:15 su: x", "", "su", "", "x", true},
        {"<34>Oct 11 22:14:15: h su: x", "h", "su", "", "x", true},
        {"<34>Oct 11 2003 22:14:15 h su: x", "h", "su", "", "x", true},
        {"<34>Oct 11 22:14:15 2003 h su: x", "h", "su", "", "x", true},
        {"<34>su[1]: x", "", "su", "1", "x", false},
        {"<34>just text, no tag", "", "", "", "just text, no tag", false},
        {"<34>[INSPECT] LAN2[out][31] TCP", "", "", "", "[INSPECT] LAN2[out][31] TCP", false},
        {"<34>date=2026-11-20 time=1", "", "", "", "date=2026-11-20 time=1", false},
        {"Oct 11 22:14:15 h su: no PRI\r\n", "h", "su", "", "no PRI", true},
        {"2026-11-20T13:00:00.1+09:00 h su[5]: x", "h", "su", "5", "x", true},
        {"2026/11/20 13:00:00: IP Tunnel[1] Up", "", "", "", "IP Tunnel[1] Up", true},
        {"<34>Oct 11 22:14:15 2001:db8::1 su: x", "2001:db8::1", "su", "", "x", true},
        {"<34>Oct 11 22:14:15 h  PP[01] Rejected", "h", "", "", "PP[01] Rejected", true},
        {"<34>Oct 11 22:14:15 h PP[10] Rejected", "h", "", "", "PP[10] Rejected", true},
        {"<34>Oct 11 22:14:15 h vlan[0123] up", "h", "", "", "vlan[0123] up", true},
        {"<34>Oct 11 22:14:15 h su[812] x", "h", "su", "812", "x", true},
        {"<34>Oct 11 22:14:15 h su[812]x", "h", "", "", "su[812]x", true},
        {"<34>Oct 11 22:14:15 h su[812]", "h", "", "", "su[812]", true},
        {"<34>Oct 11 22:14:15 h su[81a2] x", "h", "", "", "su[81a2] x", true},
        {"<34>Oct 11 22:14:15 h (squid-1)[7]: x", "h", "(squid-1)", "7", "x", true},
        {"<34>Oct 11 22:14:15 h postfix/smtps/smtpd[7]: x", "h", "postfix/smtps/smtpd", "7", "x",
         true},
        {"<34>Oct 11 22:14:15 h http://x", "h", "", "", "http://x", true},
        {"Oct 11 22:14:15 Dream-1 Dream-1 sshd[4]: x", "Dream-1", "sshd", "4", "x", true},
        {"<34>Oct 11 22:14:15 h h: x", "h", "h", "", "x", true},
        {"<13> 2026 Oct 11 22:14:15 awplus IMISH[12]: x", "awplus", "IMISH", "12", "x", true},
        {"<13>2026 x", "", "", "", "2026 x", false},
        {"2026-10-11 22:14:15 192.0.2.1:1194 TLS Error: x", "", "", "",
         "192.0.2.1:1194 TLS Error: x", true},
        {"<34>Oct 11 22:14:15 h", "h", "", "", "", true},
        {"<34>2026-10-11T22:14:15Z h\r\n", "h", "", "", "", true},
        {"<34>Oct 11 22:14:15 h,", "", "", "", "h,", true},
        {"Oct 11 22:14:15 started", "", "", "", "started", true},
        {"<34>", "", "", "", "", false},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_syslog m;

        CHECK(mm_syslog3164_parse(mm_slice_str(cases[i].in), &m, NULL) == MM_OK);
        CHECK_SLICE(m.host, cases[i].host);
        CHECK_SLICE(m.app, cases[i].app);
        CHECK_SLICE(m.proc, cases[i].proc);
        CHECK_SLICE(m.msg, cases[i].msg);
        CHECK(m.has_time == cases[i].time);
    }
}

TEST(syslog3164_refuses_what_has_neither_pri_nor_date)
{
    static const char *const cases[] = {
        "", "hello", "<192>x", "<x>y", "1795147201.827 12 x", "Oct 11 22:14:15xyz", "{\"a\":1}"};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_syslog m = {.facility = 99};
        struct mm_fault f = {0};

        CHECK(mm_syslog3164_parse(mm_slice_str(cases[i]), &m, &f) == MM_E_SYNTAX);
        CHECK(f.what != NULL && m.facility == 99);
    }
}

TEST(syslog_takes_the_newer_form_if_it_is_one)
{
    struct mm_syslog m;

    CHECK(mm_syslog_parse(MM_S("<34>1 - h a - - - x"), &m, NULL) == MM_OK);
    CHECK_NUM(m.version, 1);
    CHECK(mm_syslog_parse(MM_S("<34>1 is the loneliest number"), &m, NULL) == MM_OK);
    CHECK_NUM(m.version, 0);
    CHECK_SLICE(m.msg, "1 is the loneliest number");
}

TEST(syslog_walks_structured_data)
{
    struct mm_syslog_sd sd;
    struct mm_syslog_param p;

    mm_syslog_sd_init(&sd, MM_S("[a@1 k=\"v\" q=\"x\\\"]y\"][b][c z=\"\"]"));
    CHECK(mm_syslog_sd_next(&sd, &p));
    CHECK_SLICE(p.id, "a@1");
    CHECK_SLICE(p.name, "k");
    CHECK_SLICE(p.value, "v");
    CHECK(!p.escaped);
    CHECK(mm_syslog_sd_next(&sd, &p));
    CHECK_SLICE(p.value, "x\\\"]y");
    CHECK(p.escaped);
    CHECK(mm_syslog_sd_next(&sd, &p));
    CHECK_SLICE(p.id, "c");
    CHECK_SLICE(p.value, "");
    CHECK(!mm_syslog_sd_next(&sd, &p));
}
