/* web/portal/guide_pages.c - guides for connecting devices: which there are, and one with this
 * company's own address and port in its commands. */
#include <stdio.h>

#include "os/sock.h"
#include "web/portal/feature.h"
#include "web/portal/guides.h"
#include "web/portal/pages.h"

enum { ROWS_MAX = 1000, NUMBER_MAX = 24 };

/* ---- which are connected ---- */

static bool is_of(const struct mm_guide *g, struct mm_slice format)
{
    for (size_t i = 0; i < g->formats.n; i++) {
        if (mm_slice_eq(g->formats.v[i], format))
            return true;
    }
    return false;
}

/* Sources of the company whose lines were read as this kind of device's, as `sources` and
 * `connected`. */
static enum mm_code write_connected(struct mm_page *p, const struct mm_guide *g, struct mm_doc *d)
{
    struct mm_doc *list = mm_doc_array(d, "sources");
    struct mm_q q;
    size_t n = 0;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_GUIDE_SOURCES]);
    mm_q_int(&q, ":max", ROWS_MAX);
    while (mm_q_row(&q)) {
        struct mm_doc *one;

        if (!is_of(g, mm_q_col_text(&q, 1)))
            continue;
        one = mm_doc_object(list, NULL);
        mm_doc_text(one, "name", mm_q_col_text(&q, 0));
        mm_doc_time(one, "last", mm_q_col_int(&q, 2));
        n++;
    }
    mm_doc_bool(d, "connected", n > 0);
    return mm_q_end(&q);
}

static void write_head(struct mm_page *p, const struct mm_guide *g, struct mm_doc *d)
{
    mm_doc_text(d, "guide", g->id);
    mm_doc_text(d, "title", mm_words_in(&g->title, p->lang));
    mm_doc_bool(d, "tested", g->checked.n > 0);
}

enum mm_code mm_page_guides(struct mm_page *p)
{
    const struct mm_guide_shelf *shelf = p->portal->guides;
    enum mm_code code = mm_page_company(p);
    struct mm_doc *list;

    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "refused", (int64_t)mm_guide_shelf_refused(shelf));
    list = mm_doc_array(p->doc, "guides");
    for (size_t i = 0; i < mm_guide_shelf_count(shelf) && code == MM_OK; i++) {
        const struct mm_guide *g = mm_guide_shelf_get(shelf, i);
        struct mm_doc *d = mm_doc_object(list, NULL);

        write_head(p, g, d);
        code = write_connected(p, g, d);
    }
    return code;
}

/* ---- where the device sends ---- */

enum way { WAY_NONE, WAY_RELAY, WAY_DIRECT };

struct target {
    enum way way;
    const char *why; /* WAY_NONE: what is missing; a key below "guide.why." */
    int64_t relay;
    struct mm_slice relay_name;
    struct mm_slice address; /* empty: the configuration cannot tell */
    uint16_t port;
};

/* The port of a word such as udp/514, when it is of this transport and the device can send to it.
 */
static uint16_t port_of(const struct mm_guide *g, struct mm_slice word)
{
    struct mm_slice prefix = g->via == MM_GUIDE_UDP ? MM_S("udp/") : MM_S("tcp/");
    uint64_t port = 0;

    if (!mm_slice_starts(word, prefix) ||
        !mm_slice_u64(mm_slice_sub(word, prefix.n, SIZE_MAX), &port) || port > UINT16_MAX ||
        (g->port != 0 && port != g->port))
        return 0;
    return (uint16_t)port; /* checked: at most UINT16_MAX */
}

/* The first such port of words that are parted by blanks; 0: none. */
static uint16_t port_among(const struct mm_guide *g, struct mm_slice words)
{
    uint16_t port = 0;

    for (size_t at = 0; at < words.n && port == 0;) {
        size_t end = mm_slice_find(words, ' ', at);

        end = end == SIZE_MAX ? words.n : end;
        port = port_of(g, mm_slice_sub(words, at, end - at));
        at = end + 1;
    }
    return port;
}

/* The listener that was given to this company's source of that kind: of this relay ("7/udp/5514"),
 * or, with relay 0, of the centre ("tcp/5514"). *ret stays when there is none. */
static enum mm_code own_listener(struct mm_page *p, const struct mm_guide *g, int64_t relay,
                                 uint16_t *ret)
{
    char behind[NUMBER_MAX] = "";
    uint16_t port = 0;
    struct mm_q q;

    if (relay > 0)
        (void)snprintf(behind, sizeof(behind), "%lld/", (long long)relay);
    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_GUIDE_LISTENERS]);
    mm_q_text(&q, ":bind", relay > 0 ? MM_S("relay") : MM_S("listener"));
    mm_q_int(&q, ":max", ROWS_MAX);
    while (mm_q_row(&q)) {
        struct mm_slice word = mm_q_col_text(&q, 1);

        if (port == 0 && is_of(g, mm_q_col_text(&q, 0)) &&
            mm_slice_starts(word, mm_slice_str(behind)))
            port = port_of(g, mm_slice_sub(word, strlen(behind), SIZE_MAX));
    }
    if (port != 0)
        *ret = port;
    return mm_q_end(&q);
}

/* The first relay of the company that takes what this device can send. */
static enum mm_code find_relay(struct mm_page *p, const struct mm_guide *g, struct target *t)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, p->tx, &mm_portal_stmts[MM_P_GUIDE_RELAYS]);
    mm_q_int(&q, ":max", ROWS_MAX);
    while (mm_q_row(&q)) {
        uint16_t port = port_among(g, mm_q_col_text(&q, 2));

        t->why = "relay"; /* there is one, but it does not listen so */
        if (port == 0 || t->way == WAY_RELAY)
            continue;
        t->way = WAY_RELAY;
        t->relay = mm_q_col_int(&q, 0);
        t->relay_name = mm_q_col_dup(&q, 1, p->arena);
        t->port = port;
    }
    code = mm_q_end(&q);
    return code == MM_OK && t->way == WAY_RELAY ? own_listener(p, g, t->relay, &t->port) : code;
}

/* The name that the operator has given, or the address that intake listens at, when it is one. */
static bool own_address(struct mm_page *p, const struct mm_ip *ip, struct mm_slice *ret)
{
    static const struct mm_ip any; /* 0.0.0.0 and :: */
    const char *name = p->portal->cfg.intake_address;
    char text[MM_IP_TEXT];

    mm_ip_text(ip, text);
    if (name != NULL && name[0] != 0)
        *ret = mm_slice_str(name);
    else if (mm_ip_is_loopback(ip))
        return false;
    else if (memcmp(ip, &any, sizeof(any)) != 0 && strcmp(text, "0.0.0.0") != 0)
        return mm_arena_dup(p->arena, mm_slice_str(text), ret);
    return true;
}

/* Straight to the centre: on a network that the operator has declared private only, since plain
 * syslog can be read and forged by anybody on the way. */
static enum mm_code find_direct(struct mm_page *p, const struct mm_guide *g, struct target *t)
{
    const struct mm_portal_cfg *cfg = &p->portal->cfg;
    const char *listen = g->via == MM_GUIDE_UDP ? cfg->intake_udp : cfg->intake_tcp;
    struct mm_endpoint at = {.port = 0};
    const char *why = NULL;
    uint16_t port;
    enum mm_code code;

    if (listen != NULL && !mm_endpoint_parse(mm_slice_str(listen), &at))
        listen = NULL;
    port = g->port == 0 || g->port == at.port ? at.port : 0;
    code = own_listener(p, g, 0, &port);
    if (code != MM_OK)
        return code;
    if (!cfg->intake_private)
        why = "private";
    else if (listen == NULL)
        why = "off";
    else if (port == 0)
        why = "port";
    else if (!own_address(p, &at.ip, &t->address))
        why = "local";
    if (why == NULL) {
        t->way = WAY_DIRECT;
        t->port = port;
    } else if (t->why == NULL) {
        t->why = why;
    }
    return MM_OK;
}

static void write_target(struct mm_page *p, const struct mm_guide *g, const struct target *t)
{
    struct mm_doc *d = mm_doc_object(p->doc, "target");

    mm_doc_bool(d, "ready", t->way != WAY_NONE);
    mm_doc_str(d, "why", t->way == WAY_NONE ? t->why : NULL);
    mm_doc_bool(d, "by_relay", t->way == WAY_RELAY);
    mm_doc_str(d, "via", g->via == MM_GUIDE_UDP ? "UDP" : "TCP");
    if (t->way == WAY_RELAY)
        mm_doc_text(d, "relay_name", t->relay_name);
    else
        mm_doc_null(d, "relay_name");
    if (t->address.n > 0)
        mm_doc_text(d, "address", t->address);
    else
        mm_doc_null(d, "address");
    if (t->way != WAY_NONE)
        mm_doc_int(d, "port", t->port);
    else
        mm_doc_null(d, "port");
    mm_doc_int(d, "only_port", g->port);
}

/* ---- the guide itself ---- */

/* The member `key`: a text of the guide with its blanks filled. */
static void put(struct mm_doc *d, const char *key, struct mm_slice text,
                const struct mm_guide_values *v)
{
    struct mm_buf out;

    mm_buf_init(&out, MM_GUIDE_FILLED_MAX);
    mm_guide_fill(text, v, &out);
    mm_doc_text(d, key, mm_buf_slice(&out));
    mm_buf_done(&out);
}

static void write_texts(struct mm_page *p, const char *key, const struct mm_texts *t,
                        const struct mm_guide_values *v)
{
    struct mm_doc *list = mm_doc_array(p->doc, key);

    for (size_t i = 0; i < t->n; i++)
        put(mm_doc_object(list, NULL), "text", mm_words_in(&t->v[i], p->lang), v);
}

static void write_steps(struct mm_page *p, const struct mm_guide *g,
                        const struct mm_guide_values *v)
{
    struct mm_doc *list = mm_doc_array(p->doc, "steps");

    for (size_t i = 0; i < g->steps; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        put(d, "text", mm_words_in(&g->step[i].text, p->lang), v);
        if (g->step[i].commands.n > 0)
            put(d, "commands", g->step[i].commands, v);
        else
            mm_doc_null(d, "commands");
    }
    list = mm_doc_array(p->doc, "wrong");
    for (size_t i = 0; i < g->troubles; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        put(d, "sign", mm_words_in(&g->trouble[i].sign, p->lang), v);
        put(d, "help", mm_words_in(&g->trouble[i].help, p->lang), v);
    }
}

static struct mm_slice word(struct mm_page *p, const char *key)
{
    return mm_slice_str(mm_lang_text(p->lang, mm_slice_str(key), 1));
}

/* How the operator makes the device's lines a source of this company. */
static void write_register(struct mm_page *p, const struct mm_guide *g, const struct target *t)
{
    const struct mm_doc *company = mm_doc_get(p->doc, MM_S("company"));
    const struct mm_doc *code = company == NULL ? NULL : mm_doc_get(company, MM_S("code"));
    struct mm_slice device = word(p, "guide.blank.device");
    struct mm_buf out;

    if (!mm_page_staff(p) || t->way == WAY_NONE || code == NULL) {
        mm_doc_null(p->doc, "register");
        return;
    }
    mm_buf_init(&out, MM_GUIDE_COMMANDS_MAX);
    mm_buf_fmt(&out, "mimamori source add --company %.*s --name %.*s ", MM_S_ARG(code->text),
               MM_S_ARG(g->id));
    if (t->way == WAY_RELAY)
        mm_buf_fmt(&out, "--bind relay --listener %lld/%.*s", (long long)t->relay,
                   MM_S_ARG(device));
    else
        mm_buf_fmt(&out, "--bind address --address %.*s", MM_S_ARG(device));
    mm_doc_text(p->doc, "register", mm_buf_slice(&out));
    mm_buf_done(&out);
}

static void write_guide(struct mm_page *p, const struct mm_guide *g, const struct target *t)
{
    static const struct mm_guide none;
    const struct mm_guide *said = t->way == WAY_NONE ? &none : g; /* rather nothing than a guess */
    struct mm_guide_values v = {.address = t->address};
    char port[NUMBER_MAX];

    (void)snprintf(port, sizeof(port), "%u", t->port);
    v.port = mm_slice_str(port);
    if (v.address.n == 0)
        v.address = word(p, t->way == WAY_RELAY ? "guide.blank.relay" : "guide.blank.centre");
    write_head(p, g, p->doc);
    if (g->checked.n > 0)
        mm_doc_text(p->doc, "checked", g->checked);
    else
        mm_doc_null(p->doc, "checked");
    mm_doc_text(p->doc, "source", g->source);
    mm_doc_text(p->doc, "source_day", g->source_day);
    write_target(p, g, t);
    write_texts(p, "before", &said->before, &v);
    write_steps(p, said, &v);
    write_texts(p, "see", &said->see, &v);
    write_texts(p, "naming", &g->naming, &v);
    write_register(p, g, t);
}

enum mm_code mm_page_guide(struct mm_page *p)
{
    const struct mm_guide *g;
    struct target t = {.way = WAY_NONE};
    enum mm_code code = mm_page_company(p);

    if (code != MM_OK)
        return code;
    g = mm_guide_shelf_find(p->portal->guides, p->match->param[1]);
    if (g == NULL)
        return MM_E_NOTFOUND;
    code = find_relay(p, g, &t);
    if (code == MM_OK && t.way == WAY_NONE)
        code = find_direct(p, g, &t);
    if (code != MM_OK)
        return code;
    write_guide(p, g, &t);
    return write_connected(p, g, p->doc);
}
