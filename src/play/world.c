/* play/world.c - see world.h for the contract. */
#include "play/world.h"

#include <stdlib.h>

static const struct {
    const char *name;
    const char *format;
} devices[] = {
    {"utm", "fortigate"},  {"sensor", "suricata-eve"}, {"router", "yamaha-rtx"}, {"proxy", "squid"},
    {"dhcp", "isc-dhcpd"}, {"server", "linux-auth"},   {"windows", "windows"},
};
static_assert(MM_COUNT(devices) == MM_DEV_COUNT, "one row per device kind");

const char *mm_device_name(enum mm_device d)
{
    MM_ASSERT(d < MM_DEV_COUNT);
    return devices[d].name;
}

const char *mm_device_format(enum mm_device d)
{
    MM_ASSERT(d < MM_DEV_COUNT);
    return devices[d].format;
}

static void make_pc(struct mm_rng *r, struct mm_pc *pc, uint32_t at)
{
    static const char *const rooms[] = {"KEIRI", "SOUMU", "EIGYO", "SEKKEI", "GENBA", "KENSA"};
    static const char *const names[] = {"suzuki", "sato", "tanaka", "watanabe", "ito",
                                        "yamada", "kato", "mori",   "abe",      "ono",
                                        "goto",   "endo", "ota",    "hara",     "sakai"};

    pc->host = (uint8_t)(20 + at); /* at < MM_WORLD_PCS_MAX */
    for (size_t i = 0; i < 6; i++)
        pc->mac[i] = (uint8_t)mm_rng_below(r, 256);
    pc->mac[0] = (uint8_t)((pc->mac[0] & 0xFC) | 2); /* locally administered: nobody's real card */
    (void)snprintf(pc->name, sizeof(pc->name), "PC-%s-%02u",
                   rooms[mm_rng_below(r, MM_COUNT(rooms))], (at + 1) % 1000);
    (void)snprintf(pc->user, sizeof(pc->user), "%c.%s", (char)('a' + mm_rng_below(r, 26)),
                   names[mm_rng_below(r, MM_COUNT(names))]);
}

static enum mm_code make_company(uint64_t seed, uint32_t at, uint32_t monitored,
                                 struct mm_play_company *c)
{
    struct mm_rng r = mm_rng_for(seed, 1000 + at);

    c->number = at + 1;
    c->employees = 12 + mm_rng_below(&r, 180);
    c->net[0] = 192;
    c->net[1] = 168;
    c->net[2] = (uint8_t)(1 + mm_rng_below(&r, 200));
    (void)snprintf(c->tag, sizeof(c->tag), "s%03u", at % 1000);
    c->pattern = at >= monitored ? MM_PATTERN_NONE
                 : at % 10 == 9  ? MM_PATTERN_MIRROR
                                 : MM_PATTERN_INLINE;
    if (c->pattern == MM_PATTERN_NONE)
        return MM_OK;
    c->has[MM_DEV_ROUTER] = c->has[MM_DEV_DHCP] = true;
    c->has[MM_DEV_UTM] = c->pattern == MM_PATTERN_INLINE;
    c->has[MM_DEV_SENSOR] = c->has[MM_DEV_PROXY] = c->pattern == MM_PATTERN_MIRROR;
    c->has[MM_DEV_SERVER] = true;
    c->has[MM_DEV_WINDOWS] = at % 3 != 1;
    c->pcs_n = 8 + c->employees / 3;
    MM_ASSERT(c->pcs_n <= MM_WORLD_PCS_MAX);
    c->pcs = calloc(c->pcs_n, sizeof(*c->pcs));
    if (c->pcs == NULL)
        return MM_E_NOMEM;
    for (uint32_t i = 0; i < c->pcs_n; i++)
        make_pc(&r, &c->pcs[i], i);
    return MM_OK;
}

enum mm_code mm_world_new(uint64_t seed, uint32_t n, uint32_t monitored, struct mm_world *ret)
{
    struct mm_world w = {.n = n};
    enum mm_code code = MM_OK;

    MM_ASSERT(n >= 1 && n <= MM_WORLD_COMPANIES_MAX && monitored <= n);
    w.company = calloc(n, sizeof(*w.company));
    if (w.company == NULL)
        return MM_E_NOMEM;
    for (uint32_t i = 0; i < n && code == MM_OK; i++)
        code = make_company(seed, i, monitored, &w.company[i]);
    if (code != MM_OK) {
        mm_world_free(&w);
        return code;
    }
    *ret = w;
    return MM_OK;
}

void mm_world_free(struct mm_world *w)
{
    for (uint32_t i = 0; i < w->n; i++)
        free(w->company[i].pcs);
    free(w->company);
    *w = (struct mm_world){0};
}
