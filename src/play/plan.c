/* play/plan.c - see plan.h for the contract. */
#include "play/plan.h"

#include "base/time.h"
#include "base/utf8.h"
#include "play/line.h"

#define HOUR_US (3600 * MM_US_PER_S)
#define SLOT_US (600 * MM_US_PER_S)
#define JST_US (9 * HOUR_US)

/* Every kind of thing that happens, with the device that tells it. */
enum kind {
    K_AD,
    K_URL,
    K_MALWARE,
    K_P2P,
    K_TRAFFIC,
    K_ADMIN,
    K_INSPECT,
    K_REJECT,
    K_DHCP,
    K_SSH,
    K_LOGON,
    K_SQUID,
    K_FLOW,
    K_DNS,
    KINDS
};

static const struct {
    enum mm_device device;
    bool day_and_night; /* else between 8 and 18 h */
} kinds[KINDS] = {
    [K_AD] = {MM_DEV_UTM, false},         [K_URL] = {MM_DEV_UTM, false},
    [K_MALWARE] = {MM_DEV_UTM, false},    [K_P2P] = {MM_DEV_UTM, false},
    [K_TRAFFIC] = {MM_DEV_UTM, false},    [K_ADMIN] = {MM_DEV_UTM, false},
    [K_INSPECT] = {MM_DEV_ROUTER, false}, [K_REJECT] = {MM_DEV_ROUTER, true},
    [K_DHCP] = {MM_DEV_DHCP, false},      [K_SSH] = {MM_DEV_SERVER, true},
    [K_LOGON] = {MM_DEV_WINDOWS, false},  [K_SQUID] = {MM_DEV_PROXY, false},
    [K_FLOW] = {MM_DEV_SENSOR, false},    [K_DNS] = {MM_DEV_SENSOR, false},
};

/* What is counted exactly over the whole period is dealt out by weight, cell after cell. */
struct deal {
    uint64_t total;
    uint64_t weight_all;
    uint64_t weight_done;
};

struct cell {
    uint32_t n[KINDS];
    uint32_t done[KINDS];
    int64_t next[KINDS];
};

struct run {
    const struct mm_plan *p;
    mm_plan_sink *sink;
    void *ctx;
    struct mm_truth truth;
    struct deal deal[K_P2P + 1];
    struct cell cell[MM_WORLD_COMPANIES_MAX];
    struct mm_rng rng;
    uint64_t session;
    struct mm_buf line;
    int64_t day_us;
    bool stopped;
};

static int64_t jst(int32_t y, int32_t mo, int32_t d, int32_t h, int32_t mi)
{
    return (mm_days_of(y, mo, d) * 86400 + h * 3600 + mi * 60) * MM_US_PER_S - JST_US;
}

int64_t mm_pilot_start_us(void)
{
    return jst(2020, 10, 1, 0, 0);
}

int64_t mm_pilot_c2_us(void)
{
    return jst(2020, 12, 23, 10, 34);
}

int64_t mm_pilot_report_us(void)
{
    return jst(2020, 12, 14, 19, 0);
}

/* Where an incident can happen. */
static bool suits(const struct mm_play_company *c, enum mm_incident what)
{
    switch (what) {
    case MM_INCIDENT_C2:
        return c->pattern == MM_PATTERN_MIRROR;
    case MM_INCIDENT_REPORT:
        return c->pattern == MM_PATTERN_INLINE;
    case MM_INCIDENT_LOGCLEARED:
        return c->pattern != MM_PATTERN_NONE && c->has[MM_DEV_WINDOWS];
    case MM_INCIDENT_COUNT:
        break;
    }
    return false;
}

bool mm_plan_prepare(struct mm_plan *p)
{
    for (uint32_t k = 0; k < MM_INCIDENT_COUNT; k++) {
        struct mm_plan_incident *in = &p->incident[k];
        struct mm_rng r = mm_rng_for(p->seed, 77 + k);
        uint32_t fit[MM_WORLD_COMPANIES_MAX], n = 0;

        if (!in->on)
            continue;
        for (uint32_t i = 0; i < p->world->n; i++) {
            if (suits(&p->world->company[i], (enum mm_incident)k))
                fit[n++] = i;
        }
        if (n == 0)
            return false;
        in->company = fit[mm_rng_below(&r, n)];
        in->pc = mm_rng_below(&r, p->world->company[in->company].pcs_n);
        if (in->time_us == 0)
            in->time_us = p->start_us + mm_rng_below(&r, p->days) * MM_US_PER_DAY + 8 * HOUR_US +
                          mm_rng_below(&r, 10 * 3600) * MM_US_PER_S;
    }
    return true;
}

/* Work done on a day, in hundredths of a weekday. */
static uint32_t day_weight(int64_t day_us)
{
    struct mm_civil c;
    int weekday;

    mm_civil_of_us(day_us, 9 * 3600, &c);
    weekday = mm_weekday(c.year, c.month, c.day);
    if ((c.month == 12 && c.day >= 29) || (c.month == 1 && c.day <= 3))
        return 4;
    return weekday == 0 ? 6 : weekday == 6 ? 20 : 100;
}

static uint32_t share(struct deal *d, uint64_t weight)
{
    uint64_t before, after;

    if (d->weight_all == 0)
        return 0;
    before = d->total * d->weight_done / d->weight_all;
    d->weight_done += weight;
    after = d->total * d->weight_done / d->weight_all;
    return (uint32_t)(after - before); /* totals are below 2^32 */
}

/* The moment of the i-th of n things of a kind today, rising with i. */
static int64_t moment(struct run *r, enum kind k, uint32_t i, uint32_t n)
{
    int64_t from = kinds[k].day_and_night ? 0 : 8 * HOUR_US;
    int64_t span = kinds[k].day_and_night ? MM_US_PER_DAY : 10 * HOUR_US;
    int64_t step = span / n;

    return r->day_us + from + step * i +
           (int64_t)mm_rng_below(&r->rng, (uint32_t)(step > UINT32_MAX ? UINT32_MAX : step));
}

static void plan_day(struct run *r)
{
    uint32_t day = day_weight(r->day_us);

    for (uint32_t i = 0; i < r->p->world->n; i++) {
        const struct mm_play_company *c = &r->p->world->company[i];
        struct cell *cell = &r->cell[i];
        uint32_t people = c->employees * day / 100, pcs = c->pcs_n * day / 100;

        memset(cell, 0, sizeof(*cell));
        for (size_t k = 0; k <= K_P2P; k++) {
            if (c->has[MM_DEV_UTM])
                cell->n[k] = share(&r->deal[k], (uint64_t)c->employees * day);
        }
        cell->n[K_TRAFFIC] = people;
        cell->n[K_ADMIN] = day == 100 && mm_rng_below(&r->rng, 10) == 0;
        cell->n[K_INSPECT] = people / 2;
        cell->n[K_REJECT] = 12;
        cell->n[K_DHCP] = pcs;
        cell->n[K_SSH] = 2;
        cell->n[K_LOGON] = pcs;
        cell->n[K_SQUID] = people * 3;
        cell->n[K_FLOW] = people * 3;
        cell->n[K_DNS] = people * 2;
        for (size_t k = 0; k < KINDS; k++) {
            if (!c->has[kinds[k].device])
                cell->n[k] = 0;
            cell->next[k] = cell->n[k] == 0 ? INT64_MAX : moment(r, (enum kind)k, 0, cell->n[k]);
        }
    }
}

static bool put(struct run *r, uint32_t company, enum mm_device device, int64_t time_us)
{
    MM_ASSERT(mm_buf_ok(&r->line));
    r->truth.lines++;
    r->truth.bytes += r->line.n;
    if (!r->sink(r->ctx, company, device, time_us, mm_buf_slice(&r->line)))
        r->stopped = true;
    mm_buf_reset(&r->line);
    return !r->stopped;
}

static void target(struct run *r, const char *prefix, const char *category, uint32_t id, char *name,
                   size_t size, struct mm_target *ret)
{
    uint32_t x = mm_rng_below(&r->rng, 5000);

    (void)snprintf(name, size, "%s%u.example.%s", prefix, x, x % 3 == 0 ? "com" : "net");
    *ret = (struct mm_target){.domain = name,
                              .category = category,
                              .category_id = id,
                              .ip = {203, 0, 113, (uint8_t)(x % 254 + 1)}};
}

static void write_utm(struct run *r, enum kind k, const struct mm_moment *m)
{
    static const struct {
        const char *name;
        uint32_t id;
    } cats[] = {
        {"Malicious Websites", 26},
        {"Phishing", 61},
        {"Gambling", 11},
        {"Games", 20},
        {"File Sharing and Storage", 24},
        {"Streaming Media and Download", 25},
        {"Proxy Avoidance", 59},
        {"Dating", 18},
        {"Spam URLs", 86},
    };
    static const char *const viruses[] = {"W32/Kryptik.TEST!tr", "JS/Agent.TEST!tr.dldr",
                                          "W32/Filecoder.TEST!tr.ransom", "Adware/Test"};
    static const char *const apps[] = {"BitTorrent", "BitTorrent", "BitTorrent", "eDonkey"};
    char name[64];
    struct mm_target t;
    uint32_t x = mm_rng_below(&r->rng, 1000);

    switch (k) {
    case K_AD:
        target(r, "ads", "Advertising", 17, name, sizeof(name), &t);
        mm_line_fg_urlblock(&r->line, m, &t);
        r->truth.ads++;
        break;
    case K_URL:
        target(r, "site", cats[x % MM_COUNT(cats)].name, cats[x % MM_COUNT(cats)].id, name,
               sizeof(name), &t);
        mm_line_fg_urlblock(&r->line, m, &t);
        r->truth.urls++;
        break;
    case K_MALWARE:
        target(r, "dl", "", 0, name, sizeof(name), &t);
        mm_line_fg_virus(&r->line, m, &t, viruses[x % MM_COUNT(viruses)], "invoice.zip");
        r->truth.malware++;
        break;
    case K_P2P:
        mm_line_fg_p2p(&r->line, m, apps[x % MM_COUNT(apps)]);
        r->truth.p2p++;
        break;
    case K_ADMIN:
        target(r, "x", "", 0, name, sizeof(name), &t);
        (void)snprintf(name, sizeof(name), "192.168.%u.%u", m->company->net[2], m->pc->host);
        mm_line_fg_admin_login(&r->line, m, "admin", name, true);
        break;
    default:
        target(r, "www", "", 0, name, sizeof(name), &t);
        mm_line_fg_traffic(&r->line, m, &t);
    }
}

static void write_line(struct run *r, enum kind k, const struct mm_moment *m)
{
    char name[64];
    struct mm_target t;

    if (kinds[k].device == MM_DEV_UTM) {
        write_utm(r, k, m);
        return;
    }
    target(r, "www", "", 0, name, sizeof(name), &t);
    switch (k) {
    case K_INSPECT:
        mm_line_rtx_inspect(&r->line, m, &t);
        break;
    case K_REJECT:
        mm_line_rtx_reject(&r->line, m);
        break;
    case K_DHCP:
        mm_line_dhcp_ack(&r->line, m);
        break;
    case K_SSH:
        mm_line_sshd(&r->line, m, m->session % 5 != 0);
        break;
    case K_LOGON:
        mm_line_win_logon(&r->line, m);
        break;
    case K_SQUID:
        mm_line_squid(&r->line, m, &t, m->session % 4 != 0);
        break;
    case K_FLOW:
        mm_line_eve_flow(&r->line, m, &t);
        break;
    default:
        mm_line_eve_dns(&r->line, m, &t);
    }
}

static bool emit(struct run *r, uint32_t company, enum kind k)
{
    const struct mm_play_company *c = &r->p->world->company[company];
    struct cell *cell = &r->cell[company];
    /* Every PC asks for its lease once a day, so that each address has a name. */
    uint32_t pc = k == K_DHCP ? cell->done[k] % c->pcs_n : mm_rng_below(&r->rng, c->pcs_n);
    struct mm_moment m = {.company = c,
                          .pc = &c->pcs[pc],
                          .time_us = cell->next[k],
                          .session = ++r->session,
                          .rng = &r->rng};

    write_line(r, k, &m);
    cell->done[k]++;
    cell->next[k] =
        cell->done[k] < cell->n[k] ? moment(r, k, cell->done[k], cell->n[k]) : INT64_MAX;
    return put(r, company, kinds[k].device, m.time_us);
}

static void c2_lines(struct run *r, const struct mm_plan_incident *in)
{
    const struct mm_play_company *c = &r->p->world->company[in->company];
    struct mm_target t = {.domain = "cdn-update.example.org", .ip = {198, 51, 100, 77}};
    struct mm_moment m = {.company = c,
                          .pc = &c->pcs[in->pc],
                          .session = ++r->session,
                          .rng = &r->rng,
                          .time_us = in->time_us - 2 * HOUR_US};

    mm_line_dhcp_ack(&r->line, &m);
    if (!put(r, in->company, MM_DEV_DHCP, m.time_us))
        return;
    m.time_us = in->time_us;
    mm_line_eve_c2(&r->line, &m, &t);
    if (!put(r, in->company, MM_DEV_SENSOR, m.time_us))
        return;
    m.time_us = in->time_us + 300000;
    mm_line_squid(&r->line, &m, &t, true);
    (void)put(r, in->company, MM_DEV_PROXY, m.time_us);
}

/* Incidents whose moment lies in [from, to). */
static void emit_incidents(struct run *r, int64_t from, int64_t to)
{
    for (uint32_t k = 0; k < MM_INCIDENT_COUNT; k++) {
        const struct mm_plan_incident *in = &r->p->incident[k];
        const struct mm_play_company *c = &r->p->world->company[in->company];
        struct mm_moment m = {.company = c, .time_us = in->time_us, .rng = &r->rng};

        if (!in->on || in->time_us < from || in->time_us >= to || r->stopped)
            continue;
        if (k == MM_INCIDENT_C2) {
            c2_lines(r, in);
        } else if (k == MM_INCIDENT_LOGCLEARED) {
            m.pc = &c->pcs[in->pc];
            m.session = ++r->session;
            mm_line_win_log_cleared(&r->line, &m);
            (void)put(r, in->company, MM_DEV_WINDOWS, m.time_us);
        }
    }
}

static void emit_slot(struct run *r, uint32_t company, int64_t to)
{
    struct cell *cell = &r->cell[company];

    while (!r->stopped) {
        size_t first = 0;

        for (size_t k = 1; k < KINDS; k++) {
            if (cell->next[k] < cell->next[first])
                first = k;
        }
        if (cell->next[first] >= to || !emit(r, company, (enum kind)first))
            return;
    }
}

static void start_deals(struct run *r)
{
    const struct mm_plan *p = r->p;
    uint64_t people = 0, days = 0;

    for (uint32_t i = 0; i < p->world->n; i++)
        people += p->world->company[i].has[MM_DEV_UTM] ? p->world->company[i].employees : 0;
    for (uint32_t d = 0; d < p->days; d++)
        days += day_weight(p->start_us + d * MM_US_PER_DAY);
    r->deal[K_AD].total =
        p->full ? MM_PILOT_ADS : (MM_PILOT_ADS + MM_PILOT_ADS_SCALE / 2) / MM_PILOT_ADS_SCALE;
    r->deal[K_URL].total = MM_PILOT_URLS;
    r->deal[K_MALWARE].total = MM_PILOT_MALWARE;
    r->deal[K_P2P].total = MM_PILOT_P2P;
    for (size_t k = 0; k <= K_P2P; k++)
        r->deal[k].weight_all = people * days;
}

bool mm_plan_run(const struct mm_plan *p, mm_plan_sink *sink, void *ctx, struct mm_truth *ret)
{
    /* About 200 KB: too much for a stack in a thread, and one run at a time is all there is. */
    struct run *r = calloc(1, sizeof(*r));
    bool done;

    if (r == NULL)
        return false;
    MM_ASSERT(p->world->n <= MM_WORLD_COMPANIES_MAX && p->days >= 1);
    r->p = p;
    r->sink = sink;
    r->ctx = ctx;
    r->rng = mm_rng_for(p->seed, 5);
    mm_buf_init(&r->line, 64 * 1024);
    start_deals(r);
    for (uint32_t d = 0; d < p->days && !r->stopped; d++) {
        r->day_us = p->start_us + d * MM_US_PER_DAY;
        plan_day(r);
        for (int64_t to = r->day_us + SLOT_US; to <= r->day_us + MM_US_PER_DAY; to += SLOT_US) {
            emit_incidents(r, to - SLOT_US, to);
            for (uint32_t i = 0; i < p->world->n && !r->stopped; i++)
                emit_slot(r, i, to);
        }
    }
    done = !r->stopped;
    *ret = r->truth;
    mm_buf_done(&r->line);
    free(r);
    return done;
}

static void incident_json(struct mm_buf *out, const struct mm_plan *p, enum mm_incident k,
                          const char *name)
{
    const struct mm_plan_incident *in = &p->incident[k];
    const struct mm_play_company *c = &p->world->company[in->company];
    const struct mm_pc *pc = c->pcs == NULL ? NULL : &c->pcs[in->pc];
    char when[MM_TIME_TEXT];

    mm_time_text(in->time_us, when);
    mm_buf_fmt(out, ",\"%s\":", name);
    if (!in->on || pc == NULL) {
        mm_buf_str(out, "null");
        return;
    }
    mm_buf_fmt(out,
               "{\"time\":\"%s\",\"company\":%u,\"pc\":\"%s\",\"user\":\"%s\","
               "\"ip\":\"192.168.%u.%u\",\"mac\":\"%02x:%02x:%02x:%02x:%02x:%02x\","
               "\"proxy\":\"192.168.%u.%u\"}",
               when, c->number, pc->name, pc->user, c->net[2], pc->host, pc->mac[0], pc->mac[1],
               pc->mac[2], pc->mac[3], pc->mac[4], pc->mac[5], c->net[2], (unsigned)MM_HOST_PROXY);
}

void mm_truth_json(struct mm_buf *out, const struct mm_plan *p, const struct mm_truth *t)
{
    mm_buf_fmt(out,
               "{\"seed\":%llu,\"companies\":%u,\"days\":%u,\"full\":%s,\"lines\":%llu,"
               "\"bytes\":%llu,\"ads\":%llu,\"urls\":%llu,\"malware\":%llu,\"p2p\":%llu",
               (unsigned long long)p->seed, p->world->n, p->days, p->full ? "true" : "false",
               (unsigned long long)t->lines, (unsigned long long)t->bytes,
               (unsigned long long)t->ads, (unsigned long long)t->urls,
               (unsigned long long)t->malware, (unsigned long long)t->p2p);
    incident_json(out, p, MM_INCIDENT_C2, "c2");
    incident_json(out, p, MM_INCIDENT_REPORT, "report");
    incident_json(out, p, MM_INCIDENT_LOGCLEARED, "logcleared");
    mm_buf_str(out, "}\n");
}
