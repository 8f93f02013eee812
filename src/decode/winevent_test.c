/* decode/winevent_test.c - the same event in every shape is the same event. */
#include "decode/winevent.h"

#include <stdio.h>

#include "base/time.h"
#include "tests/harness/test.h"

/* Decode one document; the event as JSON is appended to *out. */
static enum mm_code decode(const char *text, struct mm_buf *out, uint16_t *ret_flags,
                           struct mm_fault *fault)
{
    struct mm_json *j = mm_json_new(64 * 1024);
    struct mm_winevent *t = mm_winevent_new();
    static struct mm_event ev;
    struct mm_arena arena;
    struct mm_json_doc doc;
    struct mm_decode_env env = {.arena = &arena, .offset_s = 9 * 3600};
    enum mm_code code;

    mm_arena_init(&arena, 1024 * 1024);
    mm_event_reset(&ev);
    ev.received_us = 1600000000 * MM_US_PER_S;
    CHECK(mm_json_parse(j, mm_slice_str(text), &arena, &doc, NULL) == MM_OK);
    code = mm_winevent_decode(t, &doc, &env, &ev, fault);
    mm_event_json(out, &ev, false);
    *ret_flags = ev.flags;
    mm_arena_done(&arena);
    mm_winevent_free(&t);
    mm_json_free(&j);
    return code;
}

static const char created[] =
    "{\"@timestamp\":\"2021-03-04T05:06:07.123456Z\",\"event.category\":\"process\","
    "\"event.type\":\"start\",\"event.action\":\"created-process\",\"event.outcome\":\"success\","
    "\"event.code\":\"1\",\"event.provider\":\"Microsoft-Windows-Sysmon\","
    "\"host.name\":\"PC07.corp.example\",\"user.name\":\"sato\","
    "\"process.executable\":\"C:\\\\Windows\\\\System32\\\\whoami.exe\","
    "\"process.command_line\":\"whoami /all\",\"log.level\":\"information\","
    "\"user.domain\":\"CORP\",\"process.pid\":4460,\"process.name\":\"whoami.exe\","
    "\"process.parent.executable\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\","
    "\"file.hash.md5\":\"00ff\",\"winlog.channel\":\"Microsoft-Windows-Sysmon/Operational\","
    "\"winlog.record_id\":77,\"winlog.event_data.UtcTime\":\"2021-03-04 05:06:07.123\","
    "\"winlog.event_data.User\":\"CORP\\\\sato\",\"winlog.event_data.Hashes\":\"MD5=00FF\","
    "\"winlog.event_data.Odd\":\"x\",\"winlog.level\":\"4\"}";

#define SYSMON_DATA                                                                                \
    "\"UtcTime\":\"2021-03-04 05:06:07.123\",\"ProcessId\":\"4460\","                              \
    "\"Image\":\"C:\\\\Windows\\\\System32\\\\whoami.exe\",\"CommandLine\":\"whoami /all\","       \
    "\"ParentImage\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"User\":\"CORP\\\\sato\","          \
    "\"Hashes\":\"MD5=00FF\",\"Odd\":\"x\""

static const char *const shapes[] = {
    /* nested, attributes as an XML converter writes them */
    "{\"Event\":{\"#attributes\":{\"xmlns\":\"x\"},\"System\":{\"Provider\":{\"#attributes\":{"
    "\"Name\":\"Microsoft-Windows-Sysmon\",\"Guid\":\"g\"}},\"EventID\":1,\"Version\":5,"
    "\"Level\":4,\"Keywords\":\"0x8000000000000000\",\"TimeCreated\":{\"#attributes\":{"
    "\"SystemTime\":\"2021-03-04T05:06:07.123456Z\"}},\"EventRecordID\":77,"
    "\"Correlation\":null,\"Execution\":{\"#attributes\":{\"ProcessID\":1}},\"Channel\":"
    "\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"PC07.corp.example\","
    "\"Security\":{\"#attributes\":{\"UserID\":\"S-1-5-18\"}}},\"EventData\":{" SYSMON_DATA "}}}",
    /* nested, a list of named values */
    "{\"System\":{\"Provider\":{\"@Name\":\"Microsoft-Windows-Sysmon\"},\"EventID\":{\"#text\":"
    "\"1\"},\"Level\":\"4\",\"TimeCreated\":{\"@SystemTime\":\"2021-03-04T05:06:07.1234560Z\"},"
    "\"EventRecordID\":\"77\",\"Channel\":\"Microsoft-Windows-Sysmon/Operational\","
    "\"Computer\":\"PC07.corp.example\"},\"EventData\":{\"Data\":["
    "{\"@Name\":\"UtcTime\",\"#text\":\"2021-03-04 05:06:07.123\"},"
    "{\"@Name\":\"ProcessId\",\"#text\":4460},"
    "{\"@Name\":\"Image\",\"#text\":\"C:\\\\Windows\\\\System32\\\\whoami.exe\"},"
    "{\"@Name\":\"CommandLine\",\"#text\":\"whoami /all\"},"
    "{\"@Name\":\"ParentImage\",\"#text\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\"},"
    "{\"@Name\":\"User\",\"#text\":\"CORP\\\\sato\"},"
    "{\"Name\":\"Hashes\",\"Value\":\"MD5=00FF\"},"
    "{\"#attributes\":{\"Name\":\"Odd\"},\"#text\":\"x\"}]}}",
    /* Winlogbeat 7 and later */
    "{\"@timestamp\":\"2021-03-04T05:06:07.123456Z\",\"event\":{\"code\":\"1\",\"kind\":"
    "\"event\",\"provider\":\"Microsoft-Windows-Sysmon\",\"action\":\"Process Create\"},"
    "\"log\":{\"level\":\"information\"},\"host\":{\"name\":\"pc07\"},\"message\":\"Process "
    "Create:\\nRuleName: -\",\"winlog\":{\"channel\":\"Microsoft-Windows-Sysmon/Operational\","
    "\"computer_name\":\"PC07.corp.example\",\"provider_name\":\"Microsoft-Windows-Sysmon\","
    "\"event_id\":1,\"level\":4,\"record_id\":77,\"process\":{\"pid\":1,\"thread\":{\"id\":2}},"
    "\"user\":{\"identifier\":\"S-1-5-18\",\"name\":\"SYSTEM\",\"domain\":\"NT AUTHORITY\"},"
    "\"event_data\":{" SYSMON_DATA "}}}",
    /* Winlogbeat 6 */
    "{\"@timestamp\":\"2021-03-04T05:06:07.123456Z\",\"log_name\":"
    "\"Microsoft-Windows-Sysmon/Operational\",\"source_name\":\"Microsoft-Windows-Sysmon\","
    "\"event_id\":1,\"level\":4,\"record_number\":\"77\",\"computer_name\":"
    "\"PC07.corp.example\",\"beat\":{\"name\":\"x\"},\"event_data\":{" SYSMON_DATA
    "},\"message\":\"Process Create\"}",
    /* NXLog behind Logstash */
    "{\"EventTime\":\"2021-03-04T05:06:07.123456Z\",\"TimeCreated\":"
    "\"2021-03-04T05:06:07.123456Z\",\"EventReceivedTime\":\"2021-03-04 14:06:09\","
    "\"Hostname\":\"PC07.corp.example\",\"EventID\":1,\"EventType\":\"INFO\",\"Level\":4,"
    "\"SourceName\":\"Microsoft-Windows-Sysmon\",\"Channel\":"
    "\"Microsoft-Windows-Sysmon/Operational\",\"RecordNumber\":77,\"AccountName\":\"SYSTEM\","
    "\"Keywords\":-9223372036854775808,\"tags\":[\"a\"],\"host\":\"wec\","
    "\"ThreadID\":3," SYSMON_DATA "}",
    /* {"win":…}, names with small letters */
    "{\"win\":{\"system\":{\"providerName\":\"Microsoft-Windows-Sysmon\",\"eventID\":\"1\","
    "\"level\":\"4\",\"systemTime\":\"2021-03-04T05:06:07.123456Z\",\"eventRecordID\":\"77\","
    "\"channel\":\"Microsoft-Windows-Sysmon/Operational\",\"computer\":\"PC07.corp.example\","
    "\"severityValue\":\"INFORMATION\"},\"eventdata\":{"
    "\"utcTime\":\"2021-03-04 05:06:07.123\",\"processId\":\"4460\","
    "\"image\":\"C:\\\\Windows\\\\System32\\\\whoami.exe\",\"commandLine\":\"whoami /all\","
    "\"parentImage\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\",\"user\":\"CORP\\\\sato\","
    "\"hashes\":\"MD5=00FF\",\"odd\":\"x\"}}}",
};

TEST(winevent_reads_the_same_from_every_shape)
{
    struct mm_buf out;
    uint16_t flags;

    mm_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < MM_COUNT(shapes); i++) {
        printf("# shape %zu\n", i);
        mm_buf_reset(&out);
        CHECK(decode(shapes[i], &out, &flags, NULL) == MM_OK);
        CHECK_SLICE(mm_buf_slice(&out), created);
        CHECK_NUM(flags, 0);
    }
    mm_buf_done(&out);
}

#define HEAD(channel, code)                                                                        \
    "{\"Channel\":\"" channel "\",\"EventID\":" #code ",\"Hostname\":\"DC01\",\"SourceName\":"     \
    "\"Microsoft-Windows-Security-Auditing\",\"TimeCreated\":\"2021-01-02T03:04:05Z\""
#define WANT(category, type, action, outcome, code)                                                \
    "{\"@timestamp\":\"2021-01-02T03:04:05Z\",\"event.category\":\"" category                      \
    "\",\"event.type\":\"" type "\",\"event.action\":\"" action "\",\"event.outcome\":\"" outcome  \
    "\",\"event.code\":\"" #code                                                                   \
    "\",\"event.provider\":\"Microsoft-Windows-Security-Auditing\",\"host.name\":\"DC01\""

static const struct {
    const char *in, *want;
} classes[] = {
    /* failed logon: the target is the user, Keywords decide, SubStatus is the reason */
    {HEAD("security", 4625) ",\"Keywords\":\"0x8010000000000000\",\"SubjectUserName\":\"-\","
                            "\"TargetUserName\":\"sato\",\"TargetDomainName\":\"CORP\","
                            "\"Status\":\"0xc000006d\",\"SubStatus\":\"0xc0000064\","
                            "\"LogonType\":3,\"IpAddress\":\"::ffff:10.1.2.3\",\"IpPort\":\"0\","
                            "\"WorkstationName\":\"PC9\",\"ProcessId\":\"0x0\"}",
     WANT("authentication", "start", "logon-failed", "failure",
          4625) ",\"source.ip\":\"10.1.2.3\",\"source.port\":0,\"user.name\":\"sato\","
                "\"event.reason\":\"0xc0000064\",\"source.domain\":\"PC9\",\"user.domain\":"
                "\"CORP\","
                "\"process.pid\":0,\"winlog.channel\":\"Security\",\"winlog.logon.type\":\"3\","
                "\"winlog.event_data.SubjectUserName\":\"-\",\"winlog.event_data."
                "TargetUserName\":\"sato\","
                "\"winlog.event_data.TargetDomainName\":\"CORP\",\"winlog.event_data.Status\":"
                "\"0xc000006d\",\"winlog.event_data.SubStatus\":\"0xc0000064\","
                "\"winlog.keywords\":\"0x8010000000000000\"}"},
    /* 4688: ProcessId is the parent's */
    {HEAD("Security", 4688) ",\"SubjectUserName\":\"sato\",\"ProcessId\":\"0x10\","
                            "\"NewProcessId\":\"0x1d10\",\"NewProcessName\":\"C:\\\\a.exe\","
                            "\"TargetUserName\":\"-\",\"ParentProcessName\":\"C:\\\\b.exe\"}",
     WANT("process", "start", "created-process", "success",
          4688) ",\"user.name\":\"sato\",\"process.executable\":\"C:\\\\a.exe\",\"process."
                "pid\":7440,"
                "\"process.name\":\"a.exe\",\"process.parent.executable\":\"C:\\\\b.exe\","
                "\"process.parent.pid\":16,\"winlog.channel\":\"Security\","
                "\"winlog.event_data.SubjectUserName\":\"sato\","
                "\"winlog.event_data.TargetUserName\":\"-\"}"},
    /* Kerberos: name@REALM is split, Status decides without Keywords */
    {HEAD("Security", 4769) ",\"TargetUserName\":\"sato@CORP.EXAMPLE\",\"ServiceName\":"
                            "\"krbtgt\",\"Status\":\"0x6\",\"IpAddress\":\"fe80::1%5\"}",
     WANT("authentication", "start", "kerberos-service-ticket-requested", "failure",
          4769) ",\"source.ip\":\"fe80::1\",\"user.name\":\"sato\",\"event.reason\":\"0x6\","
                "\"user.domain\":\"CORP.EXAMPLE\",\"service.name\":\"krbtgt\",\"winlog."
                "channel\":"
                "\"Security\",\"winlog.event_data.TargetUserName\":\"sato@CORP.EXAMPLE\","
                "\"winlog.event_data.Status\":\"0x6\"}"},
    /* a member of a group */
    {HEAD("Security", 4728) ",\"MemberName\":\"CN=Sato,OU=x\",\"TargetUserName\":"
                            "\"Domain Admins\",\"SubjectUserName\":\"admin\"}",
     WANT("iam", "group", "added-member-to-group", "success",
          4728) ",\"user.name\":\"admin\",\"user.target.name\":\"CN=Sato,OU=x\",\"group.name\":"
                "\"Domain "
                "Admins\",\"winlog.channel\":\"Security\",\"winlog.event_data.MemberName\":"
                "\"CN=Sato,OU=x\",\"winlog.event_data.TargetUserName\":\"Domain Admins\","
                "\"winlog.event_data.SubjectUserName\":\"admin\"}"},
    /* the object's type decides the class */
    {HEAD("Security", 4663) ",\"SubjectUserName\":\"a\",\"ObjectType\":\"Key\","
                            "\"ObjectName\":\"\\\\REGISTRY\\\\X\"}",
     WANT("registry", "access", "object-accessed", "success",
          4663) ",\"user.name\":\"a\",\"registry.path\":\"\\\\REGISTRY\\\\X\",\"winlog."
                "channel\":"
                "\"Security\",\"winlog.event_data.SubjectUserName\":\"a\","
                "\"winlog.event_data.ObjectType\":\"Key\",\"winlog.event_data.ObjectName\":"
                "\"\\\\REGISTRY\\\\X\"}"},
    /* no EventData: the message is the data; the account comes out of it */
    {HEAD("Security", 1102) ",\"Message\":\"The audit log was cleared.\\r\\nSubject:\\r\\n"
                            "\\tSecurity ID:\\tS-1-5-21-1\\r\\n\\tAccount Name:\\tadmin\\r\\n"
                            "\\tDomain Name:\\tCORP\\r\\n\"}",
     WANT("configuration", "deletion", "audit-log-cleared", "success",
          1102) ",\"user.name\":\"admin\",\"message\":\"The audit log was "
                "cleared.\\r\\nSubject:\\r\\n"
                "\\tSecurity ID:\\tS-1-5-21-1\\r\\n\\tAccount Name:\\tadmin\\r\\n\\tDomain "
                "Name:\\tCORP"
                "\\r\\n\",\"user.domain\":\"CORP\",\"user.id\":\"S-1-5-21-1\",\"winlog."
                "channel\":"
                "\"Security\"}"},
    /* a number without a row keeps its channel's class */
    {HEAD("Microsoft-Windows-NTLM/Operational", 8001) ",\"TargetName\":\"cifs/x\"}",
     "{\"@timestamp\":\"2021-01-02T03:04:05Z\",\"event.category\":\"authentication\","
     "\"event.type\":\"info\",\"event.outcome\":\"unknown\",\"event.code\":\"8001\","
     "\"event.provider\":\"Microsoft-Windows-Security-Auditing\",\"host.name\":\"DC01\","
     "\"winlog.channel\":\"Microsoft-Windows-NTLM/Operational\","
     "\"winlog.event_data.TargetName\":\"cifs/x\"}"},
    /* protocol numbers get names, their number stays for rules */
    {HEAD("Security", 5156) ",\"Application\":\"\\\\device\\\\x\\\\a.exe\",\"SourceAddress\":"
                            "\"10.0.0.1\",\"SourcePort\":\"50000\",\"DestAddress\":\"10.0.0.2\","
                            "\"DestPort\":\"445\",\"Protocol\":\"6\",\"ProcessID\":\"4\"}",
     WANT("network", "connection", "connection-allowed", "success",
          5156) ",\"source.ip\":\"10.0.0.1\",\"source.port\":50000,\"destination.ip\":\"10.0.0."
                "2\","
                "\"destination.port\":445,\"network.transport\":\"tcp\",\"process.executable\":"
                "\"\\\\device\\\\x\\\\a.exe\",\"network.iana_number\":6,\"process.pid\":4,"
                "\"process.name\":\"a.exe\",\"winlog.channel\":\"Security\","
                "\"winlog.event_data.Protocol\":\"6\"}"},
};

TEST(winevent_says_who_and_what_by_channel_and_number)
{
    struct mm_buf out;
    uint16_t flags;

    mm_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < MM_COUNT(classes); i++) {
        printf("# case %zu\n", i);
        mm_buf_reset(&out);
        CHECK(decode(classes[i].in, &out, &flags, NULL) == MM_OK);
        CHECK_SLICE(mm_buf_slice(&out), classes[i].want);
        CHECK_NUM(flags, 0);
    }
    mm_buf_done(&out);
}

TEST(winevent_reads_powershell_context_from_values_without_names)
{
    struct mm_buf out;
    uint16_t flags;

    mm_buf_init(&out, 64 * 1024);
    CHECK(decode("{\"Event\":{\"System\":{\"Provider\":{\"Name\":\"PowerShell\"},\"EventID\":400,"
                 "\"TimeCreated\":{\"SystemTime\":\"2021-01-02T03:04:05Z\"},\"Channel\":"
                 "\"Windows PowerShell\",\"Computer\":\"PC1\"},\"EventData\":{\"Data\":"
                 "[\"Available\",\"None\",\"\\tHostApplication=powershell -enc QQ==\\r\\n"
                 "\\tUserId=CORP\\\\sato\\r\\n\"]}}}",
                 &out, &flags, NULL) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&out),
                "{\"@timestamp\":\"2021-01-02T03:04:05Z\",\"event.category\":\"process\","
                "\"event.type\":\"start\",\"event.action\":\"powershell-engine-started\","
                "\"event.outcome\":\"success\",\"event.code\":\"400\",\"event.provider\":"
                "\"PowerShell\",\"host.name\":\"PC1\",\"user.name\":\"sato\","
                "\"process.command_line\":\"powershell -enc QQ==\",\"user.domain\":\"CORP\","
                "\"winlog.channel\":\"Windows PowerShell\",\"winlog.event_data.Data\":"
                "\"Available\\nNone\\n\\tHostApplication=powershell -enc QQ==\\r\\n"
                "\\tUserId=CORP\\\\sato\\r\\n\"}");
    mm_buf_done(&out);
}

/* Older NXLog calls the event log's own process so, in every event. */
TEST(winevent_does_not_take_the_log_writers_process_number_for_the_events)
{
    static const struct {
        const char *in;
        const char *want; /* NULL: no process.pid */
    } cases[] = {
        {"\"EventID\":10,\"ProcessID\":\"3392\",\"SourceProcessId\":\"7004\"", "7004"},
        {"\"EventID\":1,\"ProcessID\":\"3392\",\"ProcessId\":\"7004\"", "7004"},
        {"\"EventID\":4672,\"ProcessID\":\"712\"", NULL},
        {"\"EventID\":5156,\"ProcessID\":\"1180\"", "1180"},
    };
    struct mm_buf in, out;
    uint16_t flags;

    mm_buf_init(&in, 1000);
    mm_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        size_t at;

        mm_buf_reset(&in);
        mm_buf_reset(&out);
        mm_buf_fmt(&in,
                   "{\"Channel\":\"Security\",\"Hostname\":\"h\",%s,\"TimeCreated\":"
                   "\"2021-01-02T03:04:05Z\"}",
                   cases[i].in);
        mm_buf_byte(&in, 0);
        CHECK(decode((const char *)in.p, &out, &flags, NULL) == MM_OK);
        at = mm_slice_search(mm_buf_slice(&out), MM_S("\"process.pid\":"));
        CHECK((at == SIZE_MAX) == (cases[i].want == NULL));
        if (at != SIZE_MAX)
            CHECK_SLICE(mm_slice_sub(mm_buf_slice(&out), at + 14, 4), cases[i].want);
    }
    mm_buf_done(&in);
    mm_buf_done(&out);
}

/* Winlogbeat's own modules move values to ECS objects and delete them from event_data. */
TEST(winevent_takes_ecs_objects_where_event_data_was_emptied)
{
    struct mm_buf out;
    uint16_t flags;

    mm_buf_init(&out, 64 * 1024);
    CHECK(decode("{\"@timestamp\":\"2021-01-02T03:04:05Z\",\"winlog\":{\"channel\":\"Security\","
                 "\"event_id\":4624,\"computer_name\":\"PC1\",\"event_data\":{\"LogonType\":"
                 "\"3\"},\"logon\":{\"type\":\"Network\"}},\"user\":{\"name\":\"sato\",\"domain\":"
                 "\"CORP\"},\"source\":{\"ip\":\"10.0.0.9\",\"port\":51000,\"domain\":\"-\"},"
                 "\"process\":{\"pid\":700,\"executable\":\"C:\\\\x.exe\",\"pe\":{\"imphash\":"
                 "\"aa\"}},\"event\":{\"outcome\":\"success\"},\"related\":{\"user\":[\"sato\"]}}",
                 &out, &flags, NULL) == MM_OK);
    CHECK_SLICE(mm_buf_slice(&out),
                "{\"@timestamp\":\"2021-01-02T03:04:05Z\",\"event.category\":\"authentication\","
                "\"event.type\":\"start\",\"event.action\":\"logged-in\",\"event.outcome\":"
                "\"success\",\"event.code\":\"4624\",\"host.name\":\"PC1\",\"source.ip\":"
                "\"10.0.0.9\",\"source.port\":51000,\"user.name\":\"sato\",\"process.executable\":"
                "\"C:\\\\x.exe\",\"user.domain\":\"CORP\",\"process.pid\":700,\"process.name\":"
                "\"x.exe\",\"winlog.channel\":\"Security\",\"winlog.logon.type\":\"3\","
                "\"process.pe.imphash\":\"aa\",\"winlog.keywords\":\"0x8020000000000000\"}");
    CHECK_NUM(flags, 0);
    mm_buf_done(&out);
}

TEST(winevent_takes_the_best_time_that_stands_there)
{
    static const struct {
        const char *in, *want; /* inside a flat event, with received 2020-09-13T12:26:40Z */
        uint16_t flags;
    } cases[] = {
        {"\"TimeCreated\":\"2021-01-02T03:04:05Z\",\"UtcTime\":\"2021-01-01 00:00:00\"",
         "2021-01-02T03:04:05Z", 0},
        {"\"UtcTime\":\"2021-01-01 00:00:00.5\",\"EventTime\":\"2021-01-01 09:00:07\"",
         "2021-01-01T00:00:00.500000Z", 0},
        /* the zone is the difference to the shipper's UTC: here -4 h */
        {"\"EventTime\":\"2020-09-18 13:05:52\",\"EventReceivedTime\":\"2020-09-18 13:07:52\","
         "\"@timestamp\":\"2020-09-18T17:07:52.019Z\"",
         "2020-09-18T17:05:52Z", 0},
        /* +05:45, shipped two minutes later */
        {"\"EventTime\":\"2020-09-18 05:45:00\",\"@timestamp\":\"2020-09-18T00:02:00Z\"",
         "2020-09-18T00:00:00Z", 0},
        /* nothing beside it: the source's zone */
        {"\"EventTime\":\"2020-09-18 09:00:00\"", "2020-09-18T00:00:00Z", 0},
        {"\"TimeCreated\":\"/Date(1600000001000)/\"", "2020-09-13T12:26:41Z", 0},
        {"\"EventTime\":\"yesterday\"", "2020-09-13T12:26:40Z", MM_EV_UNPARSED},
    };
    struct mm_buf in, out;
    uint16_t flags;

    mm_buf_init(&in, 64 * 1024);
    mm_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        printf("# case %zu\n", i);
        mm_buf_reset(&in);
        mm_buf_reset(&out);
        mm_buf_str(&in, "{\"EventID\":5,\"Channel\":\"System\",\"Hostname\":\"h\",");
        mm_buf_str(&in, cases[i].in);
        mm_buf_byte(&in, '}');
        mm_buf_byte(&in, 0);
        CHECK(decode((const char *)in.p, &out, &flags, NULL) == MM_OK);
        CHECK_SLICE(mm_slice_sub(mm_buf_slice(&out), 15, strlen(cases[i].want)), cases[i].want);
        CHECK_NUM(flags, cases[i].flags);
    }
    mm_buf_done(&in);
    mm_buf_done(&out);
}

TEST(winevent_says_why_an_event_does_not_count_as_parsed)
{
    static const struct {
        const char *in, *what;
    } cases[] = {
        {"{\"EventID\":5,\"Channel\":\"System\",\"Hostname\":\"h\"}", "winevent.time"},
        {"{\"EventID\":5,\"Channel\":\"System\",\"TimeCreated\":\"2021-01-02T03:04:05Z\"}",
         "winevent.host"},
        {"{\"EventID\":\"five\",\"Channel\":\"System\",\"Hostname\":\"h\",\"TimeCreated\":"
         "\"2021-01-02T03:04:05Z\"}",
         "winevent.code"},
        {"{\"EventID\":5,\"Channel\":\"System\",\"Hostname\":\"h\",\"TimeCreated\":"
         "\"2021-01-02T03:04:05Z\",\"IpAddress\":\"10.0.0.300\"}",
         "winevent.address"},
        {"{\"EventID\":5,\"Channel\":\"System\",\"Hostname\":\"h\",\"TimeCreated\":"
         "\"2021-01-02T03:04:05Z\",\"IpPort\":\"http\"}",
         "winevent.number"},
    };
    struct mm_buf out;
    struct mm_fault f;
    uint16_t flags;

    mm_buf_init(&out, 64 * 1024);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        f = (struct mm_fault){0};
        CHECK(decode(cases[i].in, &out, &flags, &f) == MM_OK);
        CHECK_NUM(flags, MM_EV_UNPARSED);
        CHECK_SLICE(mm_slice_str(f.what), cases[i].what);
    }
    CHECK(decode("{\"a\":1}", &out, &flags, &f) == MM_E_SYNTAX);
    CHECK_SLICE(mm_slice_str(f.what), "winevent.shape");
    CHECK(decode("[{\"EventID\":1}]", &out, &flags, &f) == MM_E_SYNTAX);
    CHECK(decode("{\"winlog\":\"x\",\"Event\":{\"System\":1}}", &out, &flags, &f) == MM_OK);
    CHECK_NUM(flags, MM_EV_UNPARSED);
    mm_buf_done(&out);
}

TEST(winevent_bounds_the_fields_of_one_event)
{
    struct mm_buf in, out;
    uint16_t flags;

    mm_buf_init(&in, 64 * 1024);
    mm_buf_init(&out, 64 * 1024);
    mm_buf_str(&in, "{\"EventID\":5,\"Channel\":\"System\",\"Hostname\":\"h\",\"TimeCreated\":"
                    "\"2021-01-02T03:04:05Z\"");
    for (int i = 0; i <= MM_MAX_EXTRA; i++)
        mm_buf_fmt(&in, ",\"x%d\":0", i);
    mm_buf_str(&in, "}");
    mm_buf_byte(&in, 0);
    CHECK(decode((const char *)in.p, &out, &flags, NULL) == MM_OK);
    CHECK_NUM(flags, MM_EV_EXTRA_FULL);
    mm_buf_done(&in);
    mm_buf_done(&out);
}
