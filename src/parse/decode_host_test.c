/* parse/decode_host_test.c - what formats see of audit records and journal entries. */
#include "tests/harness/test.h"

#include "parse/testkit.h"

#define TAIL "prefix: t.\nset: {event.category: process, event.outcome: unknown}\n"
#define EV(rest)                                                                                   \
    "{\"@timestamp\":\"2026-11-20T04:00:00.123000Z\",\"event.category\":\"process\","              \
    "\"event.outcome\":\"unknown\"" rest "}"

TEST(decode_auditd_names_head_and_nested_pairs_as_text)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - starts: ['type=']\ndecode: auditd\n" TAIL
            "fields: {acct: user.name, addr: source.ip, auditd.type: event.action,\n"
            "  auditd.serial: event.code}\n");
    expect(&b,
           "type=USER_CMD msg=audit(1795147200.123:45): pid=7 msg='acct=\"sato\" addr=192.0.2.1 "
           "cmd=6C73202D6C'\x1DUID=\"root\"",
           "{\"@timestamp\":\"2026-11-20T04:00:00.123000Z\",\"event.category\":\"process\","
           "\"event.action\":\"USER_CMD\",\"event.outcome\":\"unknown\",\"event.code\":\"45\","
           "\"source.ip\":\"192.0.2.1\",\"user.name\":\"sato\",\"t.pid\":\"7\",\"t.cmd\":\"ls -l\","
           "\"t.UID\":\"root\"}");
    expect(&b, "type=A msg=audit(1795147200.123:45): a=1 stray",
           "!{\"@timestamp\":\"2026-11-20T04:00:00.123000Z\",\"event.category\":\"process\","
           "\"event.action\":\"A\",\"event.outcome\":\"unknown\",\"event.code\":\"45\","
           "\"t.a\":\"1\"}");
    end(&b);
}

TEST(decode_journal_names_fields_and_prefers_the_time_it_was_said)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - has: ['__REALTIME_TIMESTAMP=']\ndecode: journal\n" TAIL
            "fields: {MESSAGE: message, _HOSTNAME: host.name}\n"
            "drop: [__REALTIME_TIMESTAMP, _SOURCE_REALTIME_TIMESTAMP]\n");
    expect(&b,
           "__REALTIME_TIMESTAMP=1795147201000000\n_SOURCE_REALTIME_TIMESTAMP=1795147200123000\n"
           "_HOSTNAME=h\nMESSAGE=a=b\n_PID=7\n",
           "{\"@timestamp\":\"2026-11-20T04:00:00.123000Z\",\"event.category\":\"process\","
           "\"event.outcome\":\"unknown\",\"host.name\":\"h\",\"message\":\"a=b\","
           "\"t._PID\":\"7\"}");
    expect(&b, "__REALTIME_TIMESTAMP=1795147200123000\nMESSAGE=x\nlower\n",
           "!" EV(",\"message\":\"x\""));
    end(&b);
}
