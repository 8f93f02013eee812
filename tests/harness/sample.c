/* tests/harness/sample.c - see sample.h. */
#include "tests/harness/sample.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/time.h"

/* Four in ten rows are traffic, three web, one a log-on, two processes: an office's day. */
enum { KINDS = 10 };

static uint64_t mixed(uint64_t x)
{
    x ^= x >> 31;
    x *= 0x7fb5d329728ea185;
    x ^= x >> 27;
    x *= 0x81dadef4bc2dd44d;
    return x ^ x >> 33;
}

/* The n-th small number of this row, below max. */
static uint64_t pick(uint64_t seq, unsigned n, uint64_t max)
{
    return mixed(seq * 31 + n) % max;
}

MM_PRINTF(2, 3) static struct mm_slice text(struct mm_sample *s, const char *fmt, ...)
{
    va_list ap;
    char *at = s->text + s->text_n;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(at, sizeof(s->text) - s->text_n, fmt, ap);
    va_end(ap);
    MM_ASSERT(n >= 0 && s->text_n + (size_t)n < sizeof(s->text));
    s->text_n += (size_t)n;
    return mm_slice_of(at, (size_t)n);
}

static struct mm_ip address(uint8_t a, uint8_t b, uint64_t c, uint64_t d)
{
    return (struct mm_ip){{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, (uint8_t)c, (uint8_t)d}};
}

static void addresses(uint64_t seq, struct mm_event *ev)
{
    struct mm_ip from = address(10, 0, ev->company % 250, pick(seq, 1, 200) + 1);
    struct mm_ip to = address(203, 0, 113, pick(seq, 2, 250));

    mm_event_ip(ev, MM_F_SOURCE_IP, &from);
    mm_event_ip(ev, MM_F_DESTINATION_IP, &to);
    mm_event_uint(ev, MM_F_SOURCE_PORT, 20000 + pick(seq, 3, 40000));
    mm_event_uint(ev, MM_F_DESTINATION_PORT, pick(seq, 4, 3) == 0 ? 53 : 443);
}

static void traffic(struct mm_sample *s, uint64_t seq, struct mm_event *ev)
{
    static const char *const action[] = {"accept", "close", "timeout", "deny"};
    const char *act = action[pick(seq, 5, 4)];
    char from[MM_IP_TEXT], to[MM_IP_TEXT];
    uint64_t sent = pick(seq, 6, 90000), got = pick(seq, 7, 900000);

    addresses(seq, ev);
    mm_ip_text(&ev->val[MM_F_SOURCE_IP].ip, from);
    mm_ip_text(&ev->val[MM_F_DESTINATION_IP].ip, to);
    ev->format = MM_S("fortigate");
    mm_event_text(ev, MM_F_EVENT_CATEGORY, MM_S("network"));
    mm_event_text(ev, MM_F_EVENT_TYPE, MM_S("connection"));
    mm_event_text(ev, MM_F_EVENT_ACTION, text(s, "%s", act));
    mm_event_text(ev, MM_F_EVENT_OUTCOME, MM_S("success"));
    mm_event_text(ev, MM_F_EVENT_CODE, MM_S("0000000013"));
    mm_event_uint(ev, MM_F_EVENT_DURATION, pick(seq, 8, 300) * 1000000000);
    mm_event_text(ev, MM_F_HOST_NAME, text(s, "FGT60F-%u", ev->company));
    mm_event_uint(ev, MM_F_SOURCE_BYTES, sent);
    mm_event_uint(ev, MM_F_DESTINATION_BYTES, got);
    mm_event_text(ev, MM_F_NETWORK_TRANSPORT, MM_S("tcp"));
    mm_event_text(ev, MM_F_NETWORK_PROTOCOL, MM_S("https"));
    mm_event_text(ev, MM_F_RULE_ID, text(s, "%" PRIu64, pick(seq, 9, 40)));
    mm_event_uint(ev, MM_F_NETWORK_IANA, 6);
    mm_event_text(ev, MM_F_OBSERVER_IN, MM_S("internal"));
    mm_event_text(ev, MM_F_OBSERVER_OUT, MM_S("wan1"));
    mm_event_text(ev, MM_F_LOG_LEVEL, MM_S("notice"));
    ev->original = text(
        s,
        "<189>date=2026-11-20 time=09:00:%02" PRIu64 " devname=\"FGT60F-%u\" "
        "logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" srcip=%s "
        "srcport=%" PRIu64 " dstip=%s dstport=%" PRIu64 " sessionid=%" PRIu64
        " action=\"%s\" policyid=%" PRIu64 " sentbyte=%" PRIu64 " rcvdbyte=%" PRIu64,
        seq % 60, ev->company, from, ev->val[MM_F_SOURCE_PORT].u, to,
        ev->val[MM_F_DESTINATION_PORT].u, mixed(seq) % 100000000, act, pick(seq, 9, 40), sent, got);
}

static void web(struct mm_sample *s, uint64_t seq, struct mm_event *ev)
{
    struct mm_slice domain = text(s, "www%" PRIu64 ".example.co.jp", pick(seq, 5, 20000));

    addresses(seq, ev);
    ev->format = MM_S("squid");
    mm_event_text(ev, MM_F_EVENT_CATEGORY, MM_S("web"));
    mm_event_text(ev, MM_F_EVENT_ACTION, MM_S("TCP_TUNNEL"));
    mm_event_text(ev, MM_F_EVENT_OUTCOME, MM_S("success"));
    mm_event_text(ev, MM_F_DESTINATION_DOMAIN, domain);
    mm_event_text(ev, MM_F_URL_ORIGINAL, text(s, "%.*s:443", MM_S_ARG(domain)));
    mm_event_text(ev, MM_F_USER_NAME, text(s, "user%" PRIu64, pick(seq, 6, 300)));
    mm_event_uint(ev, MM_F_DESTINATION_BYTES, pick(seq, 7, 900000));
    mm_event_text(ev, MM_F_HTTP_METHOD, MM_S("CONNECT"));
    mm_event_uint(ev, MM_F_HTTP_STATUS, 200);
    ev->original =
        text(s,
             "1605830400.%03" PRIu64 "  %6" PRIu64 " 10.0.%u.%" PRIu64 " TCP_TUNNEL/200 %" PRIu64
             " CONNECT %.*s:443 user%" PRIu64 " HIER_DIRECT/203.0.113.%" PRIu64 " -",
             seq % 1000, pick(seq, 8, 99999), ev->company % 250, pick(seq, 1, 200) + 1,
             pick(seq, 7, 900000), MM_S_ARG(domain), pick(seq, 6, 300), pick(seq, 2, 250));
}

static void process(struct mm_sample *s, uint64_t seq, struct mm_event *ev)
{
    static const char *const exe[] = {"chrome.exe", "svchost.exe", "excel.exe", "powershell.exe"};
    const char *name = exe[pick(seq, 5, 4)];
    struct mm_slice host = text(s, "PC-%u-%03" PRIu64, ev->company, pick(seq, 1, 200));
    struct mm_slice path = text(s, "C:\\Program Files\\App\\%s", name);
    struct mm_slice line = text(s, "\"%.*s\" --id %" PRIu64, MM_S_ARG(path), pick(seq, 6, 1000000));

    ev->format = MM_S("windows-sysmon");
    mm_event_text(ev, MM_F_EVENT_CATEGORY, MM_S("process"));
    mm_event_text(ev, MM_F_EVENT_TYPE, MM_S("start"));
    mm_event_text(ev, MM_F_EVENT_CODE, MM_S("1"));
    mm_event_text(ev, MM_F_EVENT_PROVIDER, MM_S("Microsoft-Windows-Sysmon"));
    mm_event_text(ev, MM_F_HOST_NAME, host);
    mm_event_text(ev, MM_F_USER_NAME, text(s, "user%" PRIu64, pick(seq, 7, 300)));
    mm_event_text(ev, MM_F_PROCESS_EXECUTABLE, path);
    mm_event_text(ev, MM_F_PROCESS_COMMAND_LINE, line);
    mm_event_uint(ev, MM_F_PROCESS_PID, pick(seq, 8, 60000));
    mm_event_text(ev, MM_F_WINLOG_CHANNEL, MM_S("Microsoft-Windows-Sysmon/Operational"));
    ev->extra[ev->extra_n++] = (struct mm_extra){MM_S("winlog.event_data.LogonId"),
                                                 text(s, "0x%" PRIx64, pick(seq, 9, 1 << 20))};
    ev->original = text(s,
                        "{\"Event\":{\"System\":{\"Provider\":\"Microsoft-Windows-Sysmon\","
                        "\"EventID\":1,\"Computer\":\"%.*s\"},\"EventData\":{\"Image\":\"%.*s\","
                        "\"CommandLine\":\"%.*s\",\"User\":\"user%" PRIu64 "\"}}}",
                        MM_S_ARG(host), MM_S_ARG(path), MM_S_ARG(line), pick(seq, 7, 300));
}

void mm_sample_init(struct mm_sample *s, uint32_t companies, uint16_t queue, int64_t start_us)
{
    MM_ASSERT(companies > 0);
    *s = (struct mm_sample){
        .companies = companies, .first = 1, .queue = queue, .start_us = start_us};
}

void mm_sample_fill(struct mm_sample *s, uint64_t seq, struct mm_event *ev)
{
    uint64_t kind = pick(seq, 0, KINDS);

    s->text_n = 0;
    mm_event_reset(ev);
    ev->seq = seq;
    ev->queue = s->queue;
    ev->company = (uint32_t)pick(seq, 20, s->companies) + s->first;
    ev->source = ev->company * 10;
    ev->keep_days = 365;
    ev->received_us = s->start_us + (int64_t)seq * 5;
    ev->time_us = ev->received_us - (int64_t)pick(seq, 21, 2000) * 1000;
    if (kind < 5)
        traffic(s, seq, ev);
    else if (kind < 8)
        web(s, seq, ev);
    else
        process(s, seq, ev);
}
