/* app/play_enrol.c - see play_enrol.h for the contract. */
#include "app/play_enrol.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "codec/ext/yaml.h"
#include "register/entity.h"
#include "store/records/system_scope.h"

enum { CONTENT_MAX = 256 * 1024, COMPANIES_PER_WRITE = 8 };

struct enrol {
    const struct mm_yaml *content;
    const struct mm_world *world;
    struct mm_enrolled *out;
    uint32_t from, to; /* companies of this transaction */
    struct mm_tx *tx;
    struct mm_rec rec;
    enum mm_code code;
};

void mm_enrol_address(uint32_t company, enum mm_device device, char ret[16])
{
    (void)snprintf(ret, 16, "127.%u.%u.%u", 1 + company / 250 % 200, 1 + company % 250,
                   1 + (unsigned)device % 200);
}

/* A small writer of records: the first failure sticks. */
static void begin(struct enrol *e, enum mm_entity_id id)
{
    mm_rec_init(&e->rec, mm_entity(id));
}

static void put(struct enrol *e, const char *field, struct mm_slice text)
{
    int at = mm_entity_field(e->rec.entity, mm_slice_str(field));
    struct mm_fault fault = {0};

    MM_ASSERT(at >= 0);
    if (e->code != MM_OK || text.n == 0)
        return;
    e->code = mm_rec_put(&e->rec, at, text, &fault);
    if (e->code != MM_OK)
        fprintf(stderr, "mimamori: %s.%s = \"%.*s\": %s\n", e->rec.entity->name, field,
                MM_S_ARG(text), fault.what == NULL ? "refused" : fault.what);
}

static void put_number(struct enrol *e, const char *field, uint64_t v)
{
    char text[24];
    int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);

    put(e, field, mm_slice_of(text, (size_t)n));
}

static uint32_t add(struct enrol *e)
{
    uint32_t id = 0;

    if (e->code == MM_OK)
        e->code = mm_rec_add(e->tx, &e->rec, mm_now_us(), &id);
    return id;
}

static const char *employees_band(uint32_t n)
{
    return n <= 20 ? "to_20" : n <= 50 ? "to_50" : n <= 100 ? "to_100" : "to_300";
}

static const struct mm_yaml *nth(const struct mm_yaml *list, uint32_t at)
{
    const struct mm_yaml *m = list == NULL ? NULL : list->first;

    for (; m != NULL && at > 0; at--)
        m = m->next;
    return m;
}

static uint32_t add_company(struct enrol *e, uint32_t at)
{
    const struct mm_play_company *c = &e->world->company[at];
    const struct mm_yaml *row = nth(mm_yaml_get(e->content, "companies"), at);
    char code[16], name[32];
    int n = snprintf(code, sizeof(code), "p%03u", at + 1);
    int name_n = snprintf(name, sizeof(name), "p%03u", at + 1);

    begin(e, MM_REG_COMPANY);
    put(e, "code", mm_slice_of(code, (size_t)n));
    put(e, "name", row != NULL ? mm_yaml_text(row, "name") : mm_slice_of(name, (size_t)name_n));
    put(e, "name_en", mm_yaml_text(row, "name_en"));
    put(e, "kana", mm_yaml_text(row, "kana"));
    put(e, "area", mm_yaml_text(row, "area"));
    put(e, "industry", MM_S("E"));
    put(e, "employees", mm_slice_str(employees_band(c->employees)));
    put_number(e, "tier", 1 + at % 3);
    put(e, "product_type", at % 5 == 0 ? MM_S("control") : MM_S("other"));
    put(e, "sensor",
        c->pattern == MM_PATTERN_INLINE   ? MM_S("inline")
        : c->pattern == MM_PATTERN_MIRROR ? MM_S("mirror")
                                          : MM_S("none"));
    put(e, "stage", MM_S("installed"));
    return add(e);
}

static void add_people(struct enrol *e)
{
    const struct mm_yaml *posts = mm_yaml_get(e->content, "posts");
    uint64_t order = 1;

    for (const struct mm_yaml *p = posts == NULL ? NULL : posts->first; p != NULL; p = p->next) {
        uint32_t post;

        begin(e, MM_REG_POST);
        put(e, "title", mm_yaml_text(p, "title"));
        put(e, "duty", mm_yaml_text(p, "duty"));
        put(e, "telephone", mm_yaml_text(p, "telephone"));
        put(e, "hours", mm_yaml_text(p, "hours"));
        put_number(e, "call_order", order++);
        post = add(e);
        begin(e, MM_REG_CONTACT);
        put_number(e, "post", post);
        put(e, "person", mm_yaml_text(p, "person"));
        put(e, "telephone", mm_yaml_text(p, "telephone"));
        (void)add(e);
    }
}

static const char *device_kind(enum mm_device d)
{
    static const char *const kinds[] = {"utm",    "sensor", "router", "proxy",
                                        "server", "server", "server"};
    static_assert(MM_COUNT(kinds) == MM_DEV_COUNT, "one kind per device");

    return kinds[d];
}

static void add_devices(struct enrol *e, uint32_t at)
{
    const struct mm_play_company *c = &e->world->company[at];
    const struct mm_yaml *row = nth(mm_yaml_get(e->content, "sites"), 0);
    uint32_t site;

    begin(e, MM_REG_SITE);
    put(e, "name", row != NULL ? mm_yaml_text(row, "name") : MM_S("site"));
    site = add(e);
    for (uint32_t d = 0; d < MM_DEV_COUNT; d++) {
        char address[16], name[40];
        uint32_t device;
        int n;

        if (!c->has[d])
            continue;
        mm_enrol_address(at, (enum mm_device)d, address);
        n = snprintf(name, sizeof(name), "%s-%s", mm_device_name((enum mm_device)d), c->tag);
        begin(e, MM_REG_DEVICE);
        put_number(e, "site", site);
        put(e, "name", mm_slice_of(name, (size_t)n));
        put(e, "kind", mm_slice_str(device_kind((enum mm_device)d)));
        device = add(e);
        begin(e, MM_REG_SOURCE);
        put_number(e, "site", site);
        put_number(e, "device", device);
        put(e, "name", mm_slice_of(name, (size_t)n));
        put(e, "format", mm_slice_str(mm_device_format((enum mm_device)d)));
        put(e, "bind", MM_S("address"));
        put(e, "address", mm_slice_str(address));
        e->out->source[at][d] = add(e);
    }
}

static void add_rest(struct enrol *e, uint32_t at)
{
    char programme[24];
    bool watched = e->world->company[at].pattern != MM_PATTERN_NONE;

    (void)snprintf(programme, sizeof(programme), "%u", e->out->programme);
    begin(e, MM_REG_MEMBER);
    put(e, "programme", mm_slice_str(programme));
    (void)add(e);
    if (watched) {
        begin(e, MM_REG_SERVICE);
        put(e, "kind", MM_S("monitoring"));
        (void)add(e);
    }
    add_people(e);
    if (watched)
        add_devices(e, at);
}

static enum mm_code write_companies(struct mm_tx *tx, void *arg)
{
    struct enrol *e = arg;

    e->tx = tx;
    for (uint32_t i = e->from; i < e->to && e->code == MM_OK; i++) {
        e->out->company[i] = add_company(e, i);
        if (e->code == MM_OK)
            e->code = mm_tx_narrow(tx, e->out->company[i]);
        if (e->code != MM_OK)
            break;
        add_rest(e, i);
        mm_tx_widen(tx);
    }
    return e->code;
}

static enum mm_code write_programme(struct mm_tx *tx, void *arg)
{
    struct enrol *e = arg;
    const struct mm_yaml *p = mm_yaml_get(e->content, "programme");

    e->tx = tx;
    begin(e, MM_REG_PROGRAMME);
    put(e, "code", mm_yaml_text(p, "code"));
    put(e, "name", mm_yaml_text(p, "name"));
    put(e, "name_en", mm_yaml_text(p, "name_en"));
    put(e, "owner", mm_yaml_text(p, "owner"));
    put(e, "area", mm_yaml_text(p, "area"));
    e->out->programme = add(e);
    return e->code;
}

static enum mm_code read_content(struct mm_arena *a, const char *path, struct mm_yaml **ret)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = mm_arena_bytes(a, CONTENT_MAX);
    struct mm_yaml_fault fault = {0};
    enum mm_code code;
    size_t n;

    if (f == NULL || bytes == NULL) {
        if (f != NULL)
            (void)fclose(f);
        fprintf(stderr, "mimamori: %s cannot be read\n", path);
        return MM_E_IO;
    }
    n = fread(bytes, 1, CONTENT_MAX, f);
    (void)fclose(f);
    code = mm_yaml_read(a, mm_slice_of(bytes, n), ret, &fault);
    if (code != MM_OK)
        fprintf(stderr, "mimamori: %s:%u: %s\n", path, fault.line, fault.what);
    return code;
}

static void keep_report(const struct mm_yaml *content, struct mm_enrolled *out)
{
    const struct mm_yaml *r = mm_yaml_get(content, "report");
    struct mm_slice place = mm_yaml_text(r, "place"), text = mm_yaml_text(r, "text");

    (void)snprintf(out->report_place, sizeof(out->report_place), "%.*s", MM_S_ARG(place));
    (void)snprintf(out->report_text, sizeof(out->report_text), "%.*s", MM_S_ARG(text));
}

enum mm_code mm_enrol(struct mm_records *records, const char *content_file,
                      const struct mm_world *world, struct mm_enrolled *ret)
{
    struct mm_yaml *content = NULL;
    struct mm_arena arena;
    struct enrol e = {.world = world, .out = ret};
    enum mm_code code;

    mm_arena_init(&arena, 16 * 1024 * 1024);
    code = read_content(&arena, content_file, &content);
    if (code == MM_OK) {
        e.content = content;
        keep_report(content, ret);
        code = mm_records_write(records, mm_system_scope(), write_programme, &e);
    }
    for (uint32_t at = 0; at < world->n && code == MM_OK; at = e.to) {
        e.from = at;
        e.to = at + COMPANIES_PER_WRITE < world->n ? at + COMPANIES_PER_WRITE : world->n;
        code = mm_records_write(records, mm_system_scope(), write_companies, &e);
    }
    mm_arena_done(&arena);
    return code;
}
