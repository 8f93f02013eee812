/* desk/look.c - see look.h for the contract. */
#include "desk/look.h"

#include "base/rd.h"
#include "base/utf8.h"

enum { ANSWER_MAX = 64 * 1024, EVENTS_BYTES_MAX = 8 * 1024 * 1024, CELLS = 16 };

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

struct asking {
    struct mm_events_client *events;
    struct mm_subject *s;
    struct mm_arena *a;
    struct mm_looked *out;
};

/* Run a statement whose parameters all come from the subject; those it doesn't name are left out.
 */
static enum mm_code ask(struct asking *k, enum mm_statement st, int64_t from_us, int64_t to_us,
                        struct mm_buf *answer)
{
    const struct mm_subject *s = k->s;
    char company[24], from[24], to[24];
    struct mm_events_param params[] = {
        {"company", mm_events_u64(s->company, company)},
        {"from", mm_events_i64(from_us, from)},
        {"to", mm_events_i64(to_us, to)},
        {"pc", s->pc},
        /* An address that is nobody's where none is known: it matches nothing. */
        {"ip", s->ip.n > 0 ? s->ip : MM_S("100::")},
        {"dest_ip", s->dest_ip.n > 0 ? s->dest_ip : MM_S("100::")},
        {"dest_domain", s->dest_domain},
    };
    struct mm_events_answer a;

    return mm_events_run(k->events, st, params, MM_COUNT(params), gather, answer, &a);
}

/* TSV writes a backslash as two, and \b \f \n \r \t \0 by letter. In place; never longer. */
static void unescape(struct mm_slice *s, uint8_t *p)
{
    static const char letters[] = "bfnrt0", bytes[] = "\b\f\n\r\t";
    size_t n = 0;

    for (size_t i = 0; i < s->n; i++) {
        const char *letter;

        if (p[i] != '\\' || i + 1 == s->n) {
            p[n++] = p[i];
            continue;
        }
        i++;
        letter = memchr(letters, p[i], sizeof(letters) - 1);
        p[n++] = letter == NULL ? p[i] : (uint8_t)bytes[letter - letters];
    }
    s->n = n;
}

/* Cells of the next line of a TSV answer; missing ones are empty. Returns how many there were. */
static size_t cells(struct asking *k, struct mm_rd *all, struct mm_slice cell[CELLS])
{
    struct mm_slice line;
    struct mm_rd rd;
    size_t n = 0;

    memset(cell, 0, CELLS * sizeof(*cell));
    if (!mm_rd_until(all, '\n', &line)) {
        line = mm_rd_rest(all);
        all->pos = all->in.n;
    }
    rd = mm_rd_of(line);
    while (mm_rd_left(&rd) > 0 && n < CELLS) {
        struct mm_slice c;

        if (!mm_rd_until(&rd, '\t', &c)) {
            c = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (!mm_arena_dup(k->a, c, &cell[n]))
            return 0;
        unescape(&cell[n], (uint8_t *)(uintptr_t)cell[n].p); /* our own copy */
        n++;
    }
    return n;
}

/* Those of the first line. */
static size_t first_cells(struct asking *k, const struct mm_buf *answer,
                          struct mm_slice cell[CELLS])
{
    struct mm_rd rd = mm_rd_of(mm_buf_slice(answer));

    return cells(k, &rd, cell);
}

static int64_t number(struct mm_slice s)
{
    uint64_t v;

    return mm_slice_u64(s, &v) && v <= INT64_MAX ? (int64_t)v : 0;
}

static void put(struct asking *k, enum mm_look what, enum mm_look_state state, int64_t count,
                struct mm_slice detail)
{
    MM_ASSERT(k->out->n < MM_LOOK_COUNT);
    k->out->result[k->out->n++] =
        (struct mm_look_result){.what = what, .state = state, .count = count, .detail = detail};
}

/* {"key":"value",...} of what is not empty. */
static struct mm_slice object(struct asking *k, const char *const keys[],
                              const struct mm_slice values[], size_t n)
{
    struct mm_buf b;
    struct mm_slice ret = MM_S("{}");
    bool first = true;

    mm_buf_init(&b, 16 * 1024);
    mm_buf_byte(&b, '{');
    for (size_t i = 0; i < n; i++) {
        if (values[i].n == 0)
            continue;
        mm_buf_fmt(&b, "%s\"%s\":", first ? "" : ",", keys[i]);
        mm_utf8_json(&b, values[i]);
        first = false;
    }
    mm_buf_byte(&b, '}');
    if (!mm_buf_ok(&b) || !mm_arena_dup(k->a, mm_buf_slice(&b), &ret))
        ret = MM_S("{}");
    mm_buf_done(&b);
    return ret;
}

static struct mm_slice why(struct asking *k, const char *reason)
{
    static const char *const keys[] = {"why"};
    struct mm_slice v[] = {mm_slice_str(reason)};

    return object(k, keys, v, 1);
}

/* Which PC stood behind the proxy? A proxy's line at that moment to the same place tells. */
static enum mm_code behind_proxy(struct asking *k, bool has_proxy)
{
    static const char *const keys[] = {"ip", "user", "proxy"};
    struct mm_slice cell[CELLS], values[3];
    struct mm_subject *s = k->s;
    struct mm_buf answer;
    enum mm_code code;

    if (!s->detected || (s->dest_ip.n == 0 && s->dest_domain.n == 0))
        return MM_OK; /* no connection to follow */
    if (!has_proxy)
        return MM_OK; /* the source of the connection is the PC itself */
    mm_buf_init(&answer, ANSWER_MAX);
    code =
        ask(k, MM_ST_LOOK_PROXY, s->at_us - MM_LOOK_PROXY_US, s->at_us + MM_LOOK_PROXY_US, &answer);
    if (code == MM_OK && first_cells(k, &answer, cell) >= 2) {
        values[0] = cell[0];
        values[1] = cell[1];
        values[2] = s->ip;
        put(k, MM_LOOK_BEHIND_PROXY, MM_LOOK_FOUND, 1, object(k, keys, values, 3));
        s->ip = cell[0];
        s->user = cell[1];
        s->pc = (struct mm_slice){0};
    } else if (code == MM_OK) {
        put(k, MM_LOOK_BEHIND_PROXY, MM_LOOK_NONE, 0, MM_S("{}"));
    }
    mm_buf_done(&answer);
    return code;
}

/* Which address had the PC, or which PC the address? */
static enum mm_code address(struct asking *k, bool has_leases)
{
    static const char *const keys[] = {"ip", "mac", "pc", "user"};
    struct mm_slice cell[CELLS], values[4];
    struct mm_subject *s = k->s;
    struct mm_buf answer;
    enum mm_code code;

    if (s->pc.n == 0 && s->ip.n == 0) {
        put(k, MM_LOOK_ADDRESS, MM_LOOK_CANNOT, 0, why(k, "not_named"));
        return MM_OK;
    }
    mm_buf_init(&answer, ANSWER_MAX);
    code = ask(k, MM_ST_LOOK_LEASE, s->at_us - MM_LOOK_LEASE_US, s->at_us + MM_LOOK_WINDOW_US,
               &answer);
    if (code == MM_OK && first_cells(k, &answer, cell) >= 3) {
        s->ip = cell[0].n > 0 ? cell[0] : s->ip;
        s->mac = cell[1];
        s->pc = cell[2].n > 0 ? cell[2] : s->pc;
        values[0] = s->ip;
        values[1] = s->mac;
        values[2] = s->pc;
        values[3] = s->user;
        put(k, MM_LOOK_ADDRESS, MM_LOOK_FOUND, 1, object(k, keys, values, 4));
    } else if (code == MM_OK) {
        put(k, MM_LOOK_ADDRESS, has_leases ? MM_LOOK_NONE : MM_LOOK_CANNOT, 0,
            has_leases ? MM_S("{}") : why(k, "no_dhcp"));
    }
    mm_buf_done(&answer);
    return code;
}

/* One row of the counts: found, nothing, or no source that could have seen it. */
static void judge(struct asking *k, enum mm_look what, int64_t count, bool could_see,
                  const char *reason)
{
    if (count > 0)
        put(k, what, MM_LOOK_FOUND, count, MM_S("{}"));
    else if (could_see)
        put(k, what, MM_LOOK_NONE, 0, MM_S("{}"));
    else
        put(k, what, MM_LOOK_CANNOT, 0, why(k, reason));
}

static enum mm_code counts(struct asking *k, bool has_sensor, bool has_logons)
{
    const struct mm_subject *s = k->s;
    /* A name alone is in no line of a router or UTM: without an address "none" would be untrue. */
    bool placed = s->ip.n > 0;
    const char *nowhere = s->pc.n > 0 ? "no_address" : "not_named";
    struct mm_slice c[CELLS];
    struct mm_buf answer;
    int64_t detections = 0;
    enum mm_code code;

    mm_buf_init(&answer, ANSWER_MAX);
    code = ask(k, MM_ST_LOOK_ALERTS, s->at_us - 24 * MM_LOOK_WINDOW_US,
               s->at_us + 24 * MM_LOOK_WINDOW_US, &answer);
    if (code == MM_OK && first_cells(k, &answer, c) >= 1)
        detections = number(c[0]);
    /* What opened the case is one, also when it names the proxy before this PC. */
    if (s->detected && detections == 0)
        detections = 1;
    mm_buf_reset(&answer);
    if (code == MM_OK)
        code = ask(k, MM_ST_LOOK_COUNTS, s->at_us - MM_LOOK_WINDOW_US, s->at_us + MM_LOOK_WINDOW_US,
                   &answer);
    if (code == MM_OK) {
        (void)first_cells(k, &answer, c);
        judge(k, MM_LOOK_EVENTS, number(c[0]), placed, nowhere);
        judge(k, MM_LOOK_DETECTIONS, detections, placed, nowhere);
        judge(k, MM_LOOK_MALWARE, number(c[1]), placed && has_sensor,
              has_sensor ? nowhere : "no_sensor");
        judge(k, MM_LOOK_BLOCKED, number(c[2]), placed && has_sensor,
              has_sensor ? nowhere : "no_sensor");
        judge(k, MM_LOOK_LOGONS, number(c[3]), placed && has_logons,
              has_logons ? nowhere : "no_logons");
        judge(k, MM_LOOK_INSIDE_PC, number(c[4]), false, "no_endpoint");
    }
    mm_buf_done(&answer);
    return code;
}

int64_t mm_look_flood(int64_t opened_us, const struct mm_case_event *events, size_t n)
{
    int64_t first_us = opened_us;

    for (size_t i = 0; i < n; i++) {
        /* What a look has copied lies around the case's moment, before the flood as well. */
        if (!mm_slice_eq(events[i].rule, MM_LOOKED) && events[i].received_us > 0 &&
            events[i].received_us < first_us)
            first_us = events[i].received_us;
    }
    return first_us - MM_LOOK_FLOOD_US;
}

/* Of very many names those that the logs knew before: that one is not made up. */
static enum mm_code known(struct asking *k)
{
    const struct mm_subject *s = k->s;
    char company[24], from[24], before[24], limit[24];
    struct mm_events_param params[] = {
        {"company", mm_events_u64(s->company, company)},
        {"from", mm_events_i64(s->flood_us, from)},
        {"before", mm_events_i64(s->flood_us - MM_LOOK_KNOWN_US, before)},
        {"rule", s->rule},
        {"field", s->field},
        {"limit", mm_events_u64(MM_MANY_KNOWN, limit)},
    };
    struct mm_looked *out = k->out;
    struct mm_events_answer a;
    struct mm_slice cell[CELLS];
    struct mm_buf answer;
    enum mm_code code;

    out->known = mm_arena_array(k->a, MM_MANY_KNOWN, sizeof(*out->known));
    if (out->known == NULL)
        return MM_E_NOMEM;
    mm_buf_init(&answer, ANSWER_MAX);
    code =
        mm_events_run(k->events, MM_ST_LOOK_KNOWN, params, MM_COUNT(params), gather, &answer, &a);
    for (struct mm_rd rd = mm_rd_of(mm_buf_slice(&answer));
         code == MM_OK && out->known_n < MM_MANY_KNOWN && cells(k, &rd, cell) == 4;)
        out->known[out->known_n++] = (struct mm_many_entity){.entity = cell[0],
                                                             .events = (uint64_t)number(cell[1]),
                                                             .first_us = number(cell[2]),
                                                             .last_us = number(cell[3]),
                                                             .known = true};
    if (code == MM_OK)
        put(k, MM_LOOK_KNOWN, out->known_n > 0 ? MM_LOOK_FOUND : MM_LOOK_NONE,
            (int64_t)out->known_n, MM_S("{}"));
    mm_buf_done(&answer);
    return code;
}

enum mm_code mm_look_ask(struct mm_events_client *events, struct mm_subject *s, struct mm_arena *a,
                         struct mm_looked *ret)
{
    struct asking k = {.events = events, .s = s, .a = a, .out = ret};
    struct mm_slice has[CELLS];
    struct mm_buf answer;
    enum mm_code code;

    *ret = (struct mm_looked){0};
    mm_buf_init(&ret->events, EVENTS_BYTES_MAX);
    mm_buf_init(&answer, ANSWER_MAX);
    /* First: what does this company send at all? Only then is "nothing found" a true sentence. */
    code = ask(&k, MM_ST_LOOK_SOURCES, s->at_us - 24 * MM_LOOK_WINDOW_US,
               s->at_us + 24 * MM_LOOK_WINDOW_US, &answer);
    if (code == MM_OK)
        (void)first_cells(&k, &answer, has);
    mm_buf_done(&answer);
    if (code == MM_OK)
        code = behind_proxy(&k, number(has[0]) > 0);
    if (code == MM_OK)
        code = address(&k, number(has[1]) > 0);
    if (code == MM_OK)
        code = counts(&k, number(has[2]) > 0, number(has[3]) > 0);
    if (code == MM_OK && s->rule.n > 0)
        code = known(&k);
    if (code == MM_OK && (s->pc.n > 0 || s->ip.n > 0))
        code = ask(&k, MM_ST_LOOK_EVENTS, s->at_us - MM_LOOK_WINDOW_US,
                   s->at_us + MM_LOOK_WINDOW_US, &ret->events);
    if (code != MM_OK)
        mm_buf_done(&ret->events);
    return code;
}
