/* bench/lines.c - see lines.h. */
#include "bench/lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "play/line.h"

enum { ALERTS_EVERY = 250 }; /* of a sensor's lines: a quarter of all, so 1 in 1,000 in all */

/* The four devices of a company that send: all formats that it has, Windows before DHCP. */
static size_t choose(const struct mm_play_company *c, enum mm_device ret[MM_LINES_SENDERS])
{
    static const enum mm_device order[] = {MM_DEV_UTM,     MM_DEV_SENSOR, MM_DEV_ROUTER,
                                           MM_DEV_WINDOWS, MM_DEV_PROXY,  MM_DEV_SERVER,
                                           MM_DEV_DHCP};
    size_t n = 0;

    for (size_t i = 0; i < MM_COUNT(order) && n < MM_LINES_SENDERS; i++) {
        if (c->has[order[i]])
            ret[n++] = order[i];
    }
    return n;
}

/* A line that a rule of ours must alert: only sensors see such things. */
static bool write_alert(struct mm_buf *out, enum mm_device d, const struct mm_moment *m)
{
    static const struct mm_target c2 = {.domain = "cdn-update.example.org",
                                        .ip = {198, 51, 100, 77}};

    if (d == MM_DEV_UTM)
        mm_line_fg_admin_login(out, m, "admin", "198.51.100.9", true);
    else if (d == MM_DEV_SENSOR)
        mm_line_eve_c2(out, m, &c2);
    return d == MM_DEV_UTM || d == MM_DEV_SENSOR;
}

static void write_line(struct mm_buf *out, enum mm_device d, const struct mm_moment *m,
                       const struct mm_target *t)
{
    switch (d) {
    case MM_DEV_UTM:
        if (m->session % 4 == 0)
            mm_line_fg_traffic(out, m, t);
        else
            mm_line_fg_urlblock(out, m, t);
        break;
    case MM_DEV_SENSOR:
        if (m->session % 2 == 0)
            mm_line_eve_flow(out, m, t);
        else
            mm_line_eve_dns(out, m, t);
        break;
    case MM_DEV_ROUTER:
        if (m->session % 3 == 0)
            mm_line_rtx_reject(out, m);
        else
            mm_line_rtx_inspect(out, m, t);
        break;
    case MM_DEV_PROXY:
        mm_line_squid(out, m, t, m->session % 4 != 0);
        break;
    case MM_DEV_WINDOWS:
        mm_line_win_logon(out, m);
        break;
    case MM_DEV_SERVER:
        mm_line_sshd(out, m, m->session % 5 != 0);
        break;
    default:
        mm_line_dhcp_ack(out, m);
    }
}

/* All lines of one sender, framed as its device frames them. */
static bool write_lines(struct mm_lines *f, struct mm_lines_sender *c, bool lf, struct mm_rng *rng,
                        uint64_t *session)
{
    const struct mm_play_company *company = &f->world.company[c->company];
    bool counts = !lf && c->device == MM_DEV_UTM;
    struct mm_buf line;
    char domain[64];

    mm_buf_init(&line, 64 * 1024);
    mm_buf_init(&c->text, 64 * 1024 * 1024);
    for (uint32_t i = 0; i < f->each; i++) {
        uint32_t x = mm_rng_below(rng, 100000);
        struct mm_moment m = {.company = company,
                              .pc = &company->pcs[mm_rng_below(rng, company->pcs_n)],
                              .time_us = mm_now_us() - (int64_t)(f->each - i) * 1001,
                              .session = ++*session,
                              .rng = rng};
        struct mm_target t = {.domain = domain,
                              .category = "Advertising",
                              .category_id = 17,
                              .ip = {203, 0, 113, (uint8_t)(x % 254 + 1)}};

        (void)snprintf(domain, sizeof(domain), "ads%u.example.com", x);
        mm_buf_reset(&line);
        if (i % ALERTS_EVERY == 0 && write_alert(&line, c->device, &m))
            f->alerts++;
        else
            write_line(&line, c->device, &m, &t);
        if (counts)
            mm_buf_fmt(&c->text, "%zu ", line.n);
        mm_buf_add(&c->text, mm_buf_slice(&line));
        if (!counts)
            mm_buf_byte(&c->text, '\n');
    }
    mm_buf_done(&line);
    f->bytes += c->text.n;
    return mm_buf_ok(&c->text);
}

bool mm_lines_make(uint64_t seed, uint32_t companies, uint32_t each, bool lf, struct mm_lines *ret)
{
    /* As the pilot: of 31 companies one has no devices. */
    uint32_t watched = companies == 31 ? 30 : companies;
    struct mm_rng rng = mm_rng_for(seed, 99);
    uint64_t session = 0;

    *ret = (struct mm_lines){.sender = calloc(MM_LINES_SENDERS_MAX, sizeof(*ret->sender)),
                             .each = each};
    if (ret->sender == NULL || mm_world_new(seed, companies, watched, &ret->world) != MM_OK)
        return false;
    for (uint32_t i = 0; i < ret->world.n; i++) {
        enum mm_device device[MM_LINES_SENDERS];
        size_t n = choose(&ret->world.company[i], device);

        for (size_t k = 0; k < n; k++) {
            struct mm_lines_sender *c = &ret->sender[ret->senders++];

            *c = (struct mm_lines_sender){.company = i, .device = device[k]};
            if (!write_lines(ret, c, lf, &rng, &session))
                return false;
        }
    }
    return true;
}
