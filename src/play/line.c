/* play/line.c - see line.h for the contract. */
#include "play/line.h"

#include "base/time.h"

enum { JST_S = 9 * 3600 };

static void two(struct mm_buf *out, int32_t v)
{
    uint8_t d[2] = {(uint8_t)('0' + v / 10 % 10), (uint8_t)('0' + v % 10)};

    mm_buf_add(out, mm_slice_of(d, 2));
}

static void date(struct mm_buf *out, const struct mm_civil *c, char gap)
{
    mm_buf_u64(out, (uint64_t)c->year);
    mm_buf_byte(out, (uint8_t)gap);
    two(out, c->month);
    mm_buf_byte(out, (uint8_t)gap);
    two(out, c->day);
}

static void clock_of(struct mm_buf *out, const struct mm_civil *c)
{
    two(out, c->hour);
    mm_buf_byte(out, ':');
    two(out, c->minute);
    mm_buf_byte(out, ':');
    two(out, c->second);
}

static void dotted(struct mm_buf *out, const uint8_t ip[4])
{
    for (size_t i = 0; i < 4; i++) {
        if (i > 0)
            mm_buf_byte(out, '.');
        mm_buf_u64(out, ip[i]);
    }
}

static void inside(struct mm_buf *out, const struct mm_moment *m, uint8_t host)
{
    const uint8_t *net = m->company->net;
    uint8_t ip[4] = {net[0], net[1], net[2], host};

    dotted(out, ip);
}

static void mac(struct mm_buf *out, const struct mm_pc *pc)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < 6; i++) {
        if (i > 0)
            mm_buf_byte(out, ':');
        mm_buf_byte(out, (uint8_t)hex[pc->mac[i] >> 4]);
        mm_buf_byte(out, (uint8_t)hex[pc->mac[i] & 15]);
    }
}

static uint32_t port(const struct mm_moment *m)
{
    return 49152 + (uint32_t)(m->session * 7919 % 16000);
}

/* 2020-12-23T10:34:00.123456+09:00 */
static void iso(struct mm_buf *out, int64_t us, const char *zone)
{
    struct mm_civil c;

    mm_civil_of_us(us, JST_S, &c);
    date(out, &c, '-');
    mm_buf_byte(out, 'T');
    clock_of(out, &c);
    mm_buf_fmt(out, ".%06u", (unsigned)c.us % 1000000);
    mm_buf_str(out, zone);
}

/* ---- FortiGate ---- */

static void fg_head(struct mm_buf *out, const struct mm_moment *m, const char *kind)
{
    struct mm_civil c;

    mm_civil_of_us(m->time_us, JST_S, &c);
    mm_buf_str(out, "<188>date=");
    date(out, &c, '-');
    mm_buf_str(out, " time=");
    clock_of(out, &c);
    mm_buf_str(out, " devname=\"FG60F-");
    mm_buf_str(out, m->company->tag);
    mm_buf_str(out, "\" devid=\"FGT60FTK20");
    mm_buf_u64(out, 100000 + m->company->number);
    mm_buf_str(out, "\" eventtime=");
    mm_buf_u64(out, (uint64_t)m->time_us);
    mm_buf_str(out, "000 tz=\"+0900\" ");
    mm_buf_str(out, kind);
    mm_buf_str(out, " vd=\"root\"");
}

static void fg_session(struct mm_buf *out, const struct mm_moment *m, const uint8_t to[4],
                       uint32_t to_port, const char *service)
{
    mm_buf_str(out, " policyid=1 sessionid=");
    mm_buf_u64(out, m->session);
    mm_buf_str(out, " srcip=");
    inside(out, m, m->pc->host);
    mm_buf_str(out, " srcport=");
    mm_buf_u64(out, port(m));
    mm_buf_str(out, " srcintf=\"internal\" srcintfrole=\"lan\" dstip=");
    dotted(out, to);
    mm_buf_str(out, " dstport=");
    mm_buf_u64(out, to_port);
    mm_buf_str(out, " dstintf=\"wan1\" dstintfrole=\"wan\" proto=6 service=\"");
    mm_buf_str(out, service);
    mm_buf_byte(out, '"');
}

void mm_line_fg_urlblock(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t)
{
    fg_head(out, m,
            "logid=\"0316013056\" type=\"utm\" subtype=\"webfilter\" eventtype=\"ftgd_blk\" "
            "level=\"warning\"");
    fg_session(out, m, t->ip, 443, "HTTPS");
    mm_buf_str(out, " hostname=\"");
    mm_buf_str(out, t->domain);
    mm_buf_str(out, "\" profile=\"default\" action=\"blocked\" reqtype=\"direct\" url=\"https://");
    mm_buf_str(out, t->domain);
    mm_buf_str(out, "/\" sentbyte=517 rcvdbyte=0 direction=\"outgoing\" msg=\"URL belongs to a "
                    "denied category in policy\" method=\"domain\" cat=");
    mm_buf_u64(out, t->category_id);
    mm_buf_str(out, " catdesc=\"");
    mm_buf_str(out, t->category);
    mm_buf_byte(out, '"');
}

void mm_line_fg_virus(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t,
                      const char *virus, const char *file)
{
    fg_head(out, m,
            "logid=\"0211008192\" type=\"utm\" subtype=\"virus\" eventtype=\"infected\" "
            "level=\"warning\"");
    mm_buf_str(out, " msg=\"File is infected.\" action=\"blocked\"");
    fg_session(out, m, t->ip, 80, "HTTP");
    mm_buf_fmt(out,
               " direction=\"incoming\" filename=\"%s\" quarskip=\"Quarantine-disabled\" "
               "virus=\"%s\" dtype=\"Virus\" ref=\"http://www.example.com/ve?vn=%s\" virusid=%u "
               "url=\"http://%s/%s\" profile=\"default\" agent=\"Mozilla/5.0\" "
               "analyticssubmit=\"false\" crscore=50 craction=2 crlevel=\"critical\"",
               file, virus, virus, 7000 + mm_rng_below(m->rng, 1000), t->domain, file);
}

void mm_line_fg_p2p(struct mm_buf *out, const struct mm_moment *m, const char *app)
{
    uint8_t to[4] = {198, 51, 100, (uint8_t)(1 + m->session % 250)};

    fg_head(out, m,
            "logid=\"1059028705\" type=\"utm\" subtype=\"app-ctrl\" eventtype=\"signature\" "
            "level=\"warning\"");
    mm_buf_str(out, " appid=6");
    fg_session(out, m, to, 6881 + (uint32_t)(m->session % 9), "tcp/6881");
    mm_buf_str(out, " direction=\"outgoing\" applist=\"default\" action=\"block\" appcat=\"P2P\" "
                    "app=\"");
    mm_buf_str(out, app);
    mm_buf_str(out, "\" incidentserialno=");
    mm_buf_u64(out, 1000000 + m->session);
    mm_buf_str(out, " msg=\"P2P: ");
    mm_buf_str(out, app);
    mm_buf_str(out, ",\" apprisk=\"high\"");
}

void mm_line_fg_traffic(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t)
{
    fg_head(out, m, "logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\"");
    fg_session(out, m, t->ip, 443, "HTTPS");
    mm_buf_str(out, " action=\"close\" policytype=\"policy\" dstcountry=\"Japan\" "
                    "srccountry=\"Reserved\" trandisp=\"snat\" transip=203.0.113.");
    mm_buf_u64(out, m->company->number % 250 + 1);
    mm_buf_str(out, " transport=");
    mm_buf_u64(out, port(m));
    mm_buf_str(out, " duration=");
    mm_buf_u64(out, m->session % 300);
    mm_buf_str(out, " sentbyte=");
    mm_buf_u64(out, 500 + m->session % 9000);
    mm_buf_str(out, " rcvdbyte=");
    mm_buf_u64(out, 2000 + m->session * 31 % 900000);
    mm_buf_str(out, " sentpkt=12 rcvdpkt=18 appcat=\"unscanned\" srcname=\"");
    mm_buf_str(out, m->pc->name);
    mm_buf_str(out, "\" srcmac=\"");
    mac(out, m->pc);
    mm_buf_str(out, "\" srcserver=0");
}

void mm_line_fg_admin_login(struct mm_buf *out, const struct mm_moment *m, const char *admin,
                            const char *from_ip, bool success)
{
    fg_head(out, m,
            success ? "logid=\"0100032001\" type=\"event\" subtype=\"system\" "
                      "level=\"information\""
                    : "logid=\"0100032002\" type=\"event\" subtype=\"system\" level=\"alert\"");
    mm_buf_fmt(out,
               " logdesc=\"Admin login %s\" sn=\"%llu\" user=\"%s\" ui=\"https(%s)\" "
               "method=\"https\" srcip=%s dstip=",
               success ? "successful" : "failed", (unsigned long long)m->session, admin, from_ip,
               from_ip);
    inside(out, m, MM_HOST_UTM);
    mm_buf_fmt(out,
               " action=\"login\" status=\"%s\" reason=\"%s\" profile=\"super_admin\" "
               "msg=\"Administrator %s %s from https(%s)\"",
               success ? "success" : "failed", success ? "none" : "passwd_invalid", admin,
               success ? "logged in successfully" : "login failed", from_ip);
}

/* ---- RFC 5424 headers, as a relay writes them ---- */

static void syslog_head(struct mm_buf *out, const struct mm_moment *m, unsigned pri,
                        const char *host, const char *app)
{
    mm_buf_fmt(out, "<%u>1 ", pri);
    iso(out, m->time_us, "+09:00");
    mm_buf_fmt(out, " %s-%s %s - - - ", host, m->company->tag, app);
}

void mm_line_rtx_inspect(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t)
{
    struct mm_civil c;

    mm_civil_of_us(m->time_us, JST_S, &c);
    syslog_head(out, m, 134, "rtx", "rtx1210");
    mm_buf_str(out, "[INSPECT] LAN2[out][31] TCP ");
    inside(out, m, m->pc->host);
    mm_buf_byte(out, '.');
    mm_buf_u64(out, port(m));
    mm_buf_str(out, " > ");
    dotted(out, t->ip);
    mm_buf_str(out, ".443 (");
    date(out, &c, '/');
    mm_buf_byte(out, ' ');
    clock_of(out, &c);
    mm_buf_byte(out, ')');
}

void mm_line_rtx_reject(struct mm_buf *out, const struct mm_moment *m)
{
    uint8_t from[4] = {198, 51, 100, (uint8_t)(1 + m->session % 250)};
    static const uint16_t ports[] = {22, 23, 445, 3389, 8080, 5060, 1433};

    syslog_head(out, m, 134, "rtx", "rtx1210");
    mm_buf_str(out, "LAN2 Rejected at IN(2000) filter: TCP ");
    dotted(out, from);
    mm_buf_byte(out, ':');
    mm_buf_u64(out, port(m));
    mm_buf_fmt(out, " > 203.0.113.%u:%u", m->company->number % 250 + 1,
               ports[m->session % MM_COUNT(ports)]);
}

void mm_line_squid(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t,
                   bool connect)
{
    mm_buf_u64(out, (uint64_t)(m->time_us / MM_US_PER_S));
    mm_buf_fmt(out, ".%03u ", (unsigned)(m->time_us / 1000 % 1000));
    mm_buf_fmt(out, "%6u ", (unsigned)(20 + m->session % 3000) % 1000000);
    inside(out, m, m->pc->host);
    mm_buf_fmt(out, " TCP_%s/200 %u %s ", connect ? "TUNNEL" : "MISS",
               (unsigned)(300 + m->session * 13 % 90000), connect ? "CONNECT" : "GET");
    if (!connect)
        mm_buf_str(out, "http://");
    mm_buf_str(out, t->domain);
    mm_buf_str(out, connect ? ":443 " : "/index.html ");
    mm_buf_str(out, m->pc->user);
    mm_buf_str(out, " HIER_DIRECT/");
    dotted(out, t->ip);
    mm_buf_str(out, connect ? " -" : " text/html");
}

void mm_line_dhcp_ack(struct mm_buf *out, const struct mm_moment *m)
{
    syslog_head(out, m, 30, "srv", "dhcpd");
    mm_buf_str(out, "DHCPACK on ");
    inside(out, m, m->pc->host);
    mm_buf_str(out, " to ");
    mac(out, m->pc);
    mm_buf_fmt(out, " (%s) via eth0", m->pc->name);
}

void mm_line_sshd(struct mm_buf *out, const struct mm_moment *m, bool success)
{
    syslog_head(out, m, 86, "srv", "sshd");
    mm_buf_fmt(out, "%s for %s from ", success ? "Accepted publickey" : "Failed password",
               success ? "backup" : m->pc->user);
    inside(out, m, m->pc->host);
    mm_buf_fmt(out, " port %u ssh2", port(m));
    if (success)
        mm_buf_str(out, ": ED25519 SHA256:q1Vb0vYxqjRrnXyOeAqkS0aWq3vYJw0f7mPpKzCeVd8");
}

static void win_head(struct mm_buf *out, const struct mm_moment *m, unsigned id, const char *task)
{
    struct mm_civil c;

    mm_civil_of_us(m->time_us, JST_S, &c);
    mm_buf_str(out, "{\"EventTime\":\"");
    date(out, &c, '-');
    mm_buf_byte(out, ' ');
    clock_of(out, &c);
    mm_buf_fmt(out,
               "\",\"Hostname\":\"FILESV-%s\",\"Keywords\":-9214364837600034816,"
               "\"EventType\":\"AUDIT_SUCCESS\",\"SeverityValue\":2,\"Severity\":\"INFO\","
               "\"EventID\":%u,\"SourceName\":\"%s\",\"Task\":12544,\"RecordNumber\":%llu,"
               "\"ProcessID\":644,\"ThreadID\":700,\"Channel\":\"Security\",\"Category\":\"%s\"",
               m->company->tag, id,
               id == 1102 ? "Microsoft-Windows-Eventlog" : "Microsoft-Windows-Security-Auditing",
               (unsigned long long)m->session, task);
}

void mm_line_win_logon(struct mm_buf *out, const struct mm_moment *m)
{
    win_head(out, m, 4624, "Logon");
    mm_buf_fmt(out,
               ",\"SubjectUserSid\":\"S-1-0-0\",\"SubjectUserName\":\"-\","
               "\"SubjectDomainName\":\"-\",\"TargetUserName\":\"%s\","
               "\"TargetDomainName\":\"%s\",\"LogonType\":\"3\",\"LogonProcessName\":\"NtLmSsp \","
               "\"AuthenticationPackageName\":\"NTLM\",\"WorkstationName\":\"%s\","
               "\"IpAddress\":\"",
               m->pc->user, m->company->tag, m->pc->name);
    inside(out, m, m->pc->host);
    mm_buf_fmt(out, "\",\"IpPort\":\"%u\"}", port(m));
}

void mm_line_win_log_cleared(struct mm_buf *out, const struct mm_moment *m)
{
    win_head(out, m, 1102, "Log clear");
    mm_buf_fmt(out, ",\"SubjectUserName\":\"%s\",\"SubjectDomainName\":\"%s\"}", m->pc->user,
               m->company->tag);
}

/* ---- Suricata EVE ---- */

static void eve_head(struct mm_buf *out, const struct mm_moment *m, const char *type, uint8_t src,
                     const uint8_t dst[4], uint32_t dst_port, const char *proto)
{
    mm_buf_str(out, "{\"timestamp\":\"");
    iso(out, m->time_us, "+0900");
    mm_buf_fmt(out, "\",\"flow_id\":%llu,\"in_iface\":\"eth1\",\"event_type\":\"%s\",\"src_ip\":\"",
               (unsigned long long)(m->session * 2654435761u + 1), type);
    inside(out, m, src);
    mm_buf_fmt(out, "\",\"src_port\":%u,\"dest_ip\":\"", port(m));
    dotted(out, dst);
    mm_buf_fmt(out, "\",\"dest_port\":%u,\"proto\":\"%s\"", dst_port, proto);
}

void mm_line_eve_flow(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t)
{
    eve_head(out, m, "flow", MM_HOST_PROXY, t->ip, 443, "TCP");
    mm_buf_fmt(out,
               ",\"app_proto\":\"tls\",\"flow\":{\"pkts_toserver\":%u,\"pkts_toclient\":%u,"
               "\"bytes_toserver\":%u,\"bytes_toclient\":%u,\"start\":\"",
               (unsigned)(4 + m->session % 40), (unsigned)(4 + m->session % 60),
               (unsigned)(400 + m->session % 9000), (unsigned)(900 + m->session * 17 % 700000));
    iso(out, m->time_us - 2 * MM_US_PER_S, "+0900");
    mm_buf_str(out, "\",\"end\":\"");
    iso(out, m->time_us, "+0900");
    mm_buf_str(out, "\",\"age\":2,\"state\":\"closed\",\"reason\":\"timeout\",\"alerted\":false}}");
}

void mm_line_eve_dns(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t)
{
    static const uint8_t resolver[4] = {203, 0, 113, 53};

    eve_head(out, m, "dns", MM_HOST_PROXY, resolver, 53, "UDP");
    mm_buf_fmt(out,
               ",\"dns\":{\"type\":\"query\",\"id\":%u,\"rrname\":\"%s\",\"rrtype\":\"A\","
               "\"tx_id\":0}}",
               (unsigned)(m->session % 65536), t->domain);
}

void mm_line_eve_c2(struct mm_buf *out, const struct mm_moment *m, const struct mm_target *t)
{
    eve_head(out, m, "alert", MM_HOST_PROXY, t->ip, 443, "TCP");
    mm_buf_fmt(out,
               ",\"alert\":{\"action\":\"allowed\",\"gid\":1,\"signature_id\":9000101,\"rev\":3,"
               "\"signature\":\"Known C2 server name in TLS SNI\","
               "\"category\":\"Malware Command and Control Activity Detected\",\"severity\":1},"
               "\"tls\":{\"sni\":\"%s\",\"version\":\"TLS 1.2\"},\"app_proto\":\"tls\"}",
               t->domain);
}
