/* codec/syslog.c - see syslog.h for the contract. */
#include "codec/syslog.h"

#include "base/rd.h"

static bool pri(struct mm_rd *rd, struct mm_syslog *m)
{
    struct mm_rd at = *rd;
    uint32_t v;

    if (!mm_rd_byte(&at, '<') || !mm_rd_dec(&at, 3, &v) || !mm_rd_byte(&at, '>') || v > 191)
        return false;
    m->facility = (uint8_t)(v / 8); /* at most 23 */
    m->severity = (uint8_t)(v % 8);
    m->has_pri = true;
    *rd = at;
    return true;
}

/* The end of one SD-ELEMENT that begins at `at`, or 0 when it is not one. */
static size_t sd_element(struct mm_slice in, size_t at)
{
    bool quoted = false;

    MM_ASSERT(at < in.n && in.p[at] == '[');
    /* An id must stand there: "[" followed by a blank or a bracket is text, not data. */
    if (at + 1 >= in.n || in.p[at + 1] <= 0x20 || in.p[at + 1] == ']' || in.p[at + 1] == '"')
        return 0;
    for (at++; at < in.n; at++) {
        uint8_t c = in.p[at];

        if (quoted && c == '\\' && at + 1 < in.n)
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (c == ']' && !quoted)
            return at + 1;
        else if (c == '[' && !quoted)
            return 0;
    }
    return 0;
}

/* Structured data at the cursor: "-" or elements without gaps between them. */
static bool structured(struct mm_rd *rd, struct mm_slice *ret)
{
    size_t from = rd->pos;

    if (mm_rd_byte(rd, '-')) {
        *ret = (struct mm_slice){0};
        return true;
    }
    while (mm_rd_peek(rd) == '[') {
        size_t end = sd_element(rd->in, rd->pos);

        if (end == 0)
            return false;
        rd->pos = end;
    }
    *ret = mm_slice_sub(rd->in, from, rd->pos - from);
    return rd->pos > from;
}

/* Text without a byte order mark in front and line ends or NULs (some senders) behind. */
static struct mm_slice message(struct mm_slice s)
{
    if (mm_slice_starts(s, MM_S("\xEF\xBB\xBF")))
        s = mm_slice_sub(s, 3, SIZE_MAX);
    while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r' || s.p[s.n - 1] == 0))
        s.n--;
    return s;
}

static bool nil(struct mm_slice s)
{
    return s.n == 1 && s.p[0] == '-';
}

static bool time5424(struct mm_slice text, struct mm_syslog *m)
{
    struct mm_rd rd = mm_rd_of(text);

    if (nil(text))
        return true;
    m->has_time = true;
    return mm_when_read(&rd, MM_WHEN_YMD, &m->when) && mm_rd_left(&rd) == 0;
}

enum mm_code mm_syslog5424_parse(struct mm_slice in, struct mm_syslog *ret, struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_syslog m = {.version = 1};
    struct mm_slice when;
    size_t time_at;

    MM_ASSERT(ret != NULL);
    MM_ASSERT(in.p != NULL || in.n == 0);
    if (!pri(&rd, &m))
        return mm_fail(fault, MM_E_SYNTAX, 0, "syslog.pri");
    /* Only version 1 exists; an older message stops here and is tried as such. */
    if (!mm_rd_lit(&rd, MM_S("1 ")))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "syslog.version");
    time_at = rd.pos;

    /* One row per space-terminated field, in wire order. */
    const struct {
        struct mm_slice *dst;
        size_t max;
        const char *what;
    } fields[] = {
        {&when, MM_SYSLOG_MAX_TIME, "syslog.time"},
        {&m.host, MM_SYSLOG_MAX_HOST, "syslog.host"},
        {&m.app, MM_SYSLOG_MAX_APP, "syslog.app"},
        {&m.proc, MM_SYSLOG_MAX_PROC, "syslog.proc"},
        {&m.msgid, MM_SYSLOG_MAX_MSGID, "syslog.msgid"},
    };
    for (size_t i = 0; i < MM_COUNT(fields); i++) {
        if (!mm_rd_token(&rd, ' ', fields[i].max, fields[i].dst))
            return mm_fail(fault, MM_E_SYNTAX, rd.pos, fields[i].what);
        if (i > 0 && nil(*fields[i].dst))
            *fields[i].dst = (struct mm_slice){0};
    }
    if (!time5424(when, &m))
        return mm_fail(fault, MM_E_SYNTAX, time_at, "syslog.time");
    if (!structured(&rd, &m.sd))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "syslog.sd");
    if (mm_rd_left(&rd) > 0 && !mm_rd_byte(&rd, ' '))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "syslog.sd");
    m.msg = message(mm_rd_rest(&rd));
    m.text = m.msg;
    *ret = m;
    return MM_OK;
}

static bool alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/*
 * A host is a name or an address and is followed by a blank; "su:" and "LAN1(port2)" are not. Nor
 * is "192.0.2.1:1194": a program's own file has no host, and goes on with the client it speaks of.
 * UniFi consoles write the name twice. A lone word behind PRI and date is the host (RFC 3164 4.1.2)
 * of an empty message; without a PRI it is a program's own file that says one word.
 */
static void host3164(struct mm_rd *rd, struct mm_syslog *m)
{
    const uint8_t *p = rd->in.p + rd->pos;
    size_t left = message(mm_rd_rest(rd)).n, n = 0, dots = 0, colons = 0;

    while (n < left && n <= MM_SYSLOG_MAX_HOST &&
           (alnum(p[n]) || p[n] == '.' || p[n] == '-' || p[n] == '_' || p[n] == ':')) {
        dots += p[n] == '.' ? 1 : 0;
        colons += p[n] == ':' ? 1 : 0;
        n++;
    }
    if (n == 0 || n > MM_SYSLOG_MAX_HOST || p[n - 1] == ':' || (dots > 0 && colons == 1))
        return;
    if (n == left ? !m->has_pri : p[n] != ' ')
        return;
    m->host = mm_slice_of(p, n);
    rd->pos += n < left ? n + 1 : n;
    if (left >= 2 * (n + 1) && p[2 * n + 1] == ' ' && memcmp(p, p + n + 1, n) == 0)
        rd->pos += n + 1;
}

/* A process number as it stands in brackets: not an interface's ("PP[01]", "LAN[2]"). */
static bool is_pid(struct mm_slice s)
{
    if (s.n < 3 || s.n > 7 || s.p[0] == '0')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    }
    return true;
}

/* "sshd[123]: ", "sshd[1234] " or "su: "; anything else is text. */
static void tag3164(struct mm_rd *rd, struct mm_syslog *m)
{
    const uint8_t *p = rd->in.p + rd->pos;
    size_t left = mm_rd_left(rd), n = 0;
    struct mm_rd at = *rd;
    struct mm_slice proc = {0};

    while (n < left && n <= MM_SYSLOG_MAX_TAG &&
           (alnum(p[n]) || p[n] == '.' || p[n] == '-' || p[n] == '_' || p[n] == '/' ||
            p[n] == '(' || p[n] == ')' || p[n] == '@' || p[n] == '%'))
        n++;
    if (n == 0 || n > MM_SYSLOG_MAX_TAG || p[0] == '%')
        return; /* %ASA-6-302015: is Cisco's message code, part of the text */
    at.pos += n;
    if (mm_rd_byte(&at, '[') && (!mm_rd_until(&at, ']', &proc) || proc.n > MM_SYSLOG_MAX_PROC))
        return;
    if (!mm_rd_byte(&at, ':') && (!is_pid(proc) || mm_rd_left(&at) == 0))
        return;
    if (mm_rd_left(&at) > 0 && !mm_rd_byte(&at, ' '))
        return; /* "http://", "aa:bb:cc" */
    m->app = mm_slice_of(p, n);
    m->proc = proc;
    *rd = at;
}

/* "Oct 11 22:14:15", "2026-10-11 22:14:15", and Allied Telesis' "2026 Oct 11 22:14:15". */
static bool time3164(struct mm_rd *rd, struct mm_when *when)
{
    struct mm_rd at = *rd;
    struct mm_when read = {0};
    uint32_t year;

    if (rd->in.p[rd->pos] > '9')
        return mm_when_read(rd, MM_WHEN_BSD, when);
    if (mm_when_read(rd, MM_WHEN_YMD, when))
        return true;
    if (!mm_rd_dec(&at, 4, &year) || year < 1970 || !mm_rd_byte(&at, ' ') ||
        !mm_when_read(&at, MM_WHEN_BSD, &read) || read.has_year)
        return false;
    read.civil.year = (int32_t)year; /* at most 9999 */
    read.has_year = true;
    *when = read;
    *rd = at;
    return true;
}

enum mm_code mm_syslog3164_parse(struct mm_slice in, struct mm_syslog *ret, struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_syslog m = {0};
    size_t from;

    MM_ASSERT(ret != NULL);
    MM_ASSERT(in.p != NULL || in.n == 0);
    if (pri(&rd, &m))
        (void)mm_rd_skip(&rd, ' ');
    from = rd.pos;
    if (mm_rd_left(&rd) > 0 && alnum(in.p[rd.pos]))
        m.has_time = time3164(&rd, &m.when);
    if (!m.has_time && !m.has_pri)
        return mm_fail(fault, MM_E_SYNTAX, 0, "syslog.header");
    if (m.has_time) {
        bool colon = mm_rd_byte(&rd, ':');

        if (mm_rd_left(&rd) > 0 && !mm_rd_byte(&rd, ' '))
            return mm_fail(fault, MM_E_SYNTAX, rd.pos, "syslog.time");
        (void)mm_rd_skip(&rd, ' ');
        /* "2026/09/06 12:33:02: text" is a device's own log as it shows it: no host stands there.
         */
        if (!colon || in.p[from + 4] != '/')
            host3164(&rd, &m);
        (void)mm_rd_skip(&rd, ' ');
    }
    m.text = message(mm_rd_rest(&rd));
    tag3164(&rd, &m);
    m.msg = message(mm_rd_rest(&rd));
    *ret = m;
    return MM_OK;
}

enum mm_code mm_syslog_parse(struct mm_slice in, struct mm_syslog *ret, struct mm_fault *fault)
{
    size_t at = mm_slice_find(mm_slice_sub(in, 0, 5), '>', 0);

    if (in.n > 0 && in.p[0] == '<' && at != SIZE_MAX &&
        mm_slice_eq(mm_slice_sub(in, at + 1, 2), MM_S("1 "))) {
        if (mm_syslog5424_parse(in, ret, NULL) == MM_OK)
            return MM_OK;
    }
    return mm_syslog3164_parse(in, ret, fault);
}

void mm_syslog_sd_init(struct mm_syslog_sd *sd, struct mm_slice in)
{
    *sd = (struct mm_syslog_sd){.in = in};
}

/* A name: printable, none of `= ] "` and blank (RFC 5424 6.3.2). */
static struct mm_slice sd_name(struct mm_syslog_sd *sd)
{
    size_t from = sd->pos;

    while (sd->pos < sd->in.n) {
        uint8_t c = sd->in.p[sd->pos];

        if (c <= 0x20 || c == '=' || c == ']' || c == '"')
            break;
        sd->pos++;
    }
    return mm_slice_sub(sd->in, from, sd->pos - from);
}

bool mm_syslog_sd_next(struct mm_syslog_sd *sd, struct mm_syslog_param *ret)
{
    struct mm_syslog_param p = {0};
    size_t from;

    while (sd->pos < sd->in.n) {
        uint8_t c = sd->in.p[sd->pos];

        if (c == '[') {
            sd->pos++;
            sd->id = sd_name(sd);
            continue;
        }
        p.name = sd_name(sd);
        if (p.name.n == 0 || sd->pos + 1 >= sd->in.n || sd->in.p[sd->pos] != '=' ||
            sd->in.p[sd->pos + 1] != '"') {
            sd->pos += sd->pos < sd->in.n ? 1 : 0;
            continue;
        }
        sd->pos += 2;
        from = sd->pos;
        while (sd->pos < sd->in.n && sd->in.p[sd->pos] != '"') {
            if (sd->in.p[sd->pos] == '\\' && sd->pos + 1 < sd->in.n) {
                p.escaped = true;
                sd->pos++;
            }
            sd->pos++;
        }
        p.value = mm_slice_sub(sd->in, from, sd->pos - from);
        sd->pos += sd->pos < sd->in.n ? 1 : 0;
        p.id = sd->id;
        *ret = p;
        return true;
    }
    return false;
}
