/* store/events/search.c - see search.h for the contract. */
#include "store/events/search.h"

#include <stdio.h>

#include "base/ip.h"
#include "base/time.h"
#include "store/events/narrow.h"
#include "store/events/rows.h"
#include "store/events/schema.h"

enum {
    SQL_MAX = MM_EVENTS_SQL_MAX,
    VALUES_MAX = 4 * MM_QUERY_TEXT_MAX, /* patterns are escaped once more */
    NAMES_MAX = 8 * 1024,
};

struct compiler {
    const struct mm_search_request *r;
    struct mm_search_sql *s;
    struct mm_fault *fault;
    const struct mm_query_node *term; /* the one being compiled */
};

/* Fields that are not in fields.def. */
enum pseudo {
    PSEUDO_TIME,
    PSEUDO_RECEIVED,
    PSEUDO_FORMAT,
    PSEUDO_NUMBER,
    PSEUDO_FLAG,
    PSEUDO_ORIGINAL
};

static const struct {
    struct mm_slice name;
    enum pseudo is;
    const char *sql;
} pseudos[] = {
    {MM_S_INIT("time"), PSEUDO_TIME, "time"},
    {MM_S_INIT("@timestamp"), PSEUDO_TIME, "time"},
    {MM_S_INIT("received"), PSEUDO_RECEIVED, "received"},
    {MM_S_INIT("event.ingested"), PSEUDO_RECEIVED, "received"},
    {MM_S_INIT("format"), PSEUDO_FORMAT, "format"},
    {MM_S_INIT("source"), PSEUDO_NUMBER, "source"},
    {MM_S_INIT("queue"), PSEUDO_NUMBER, "queue"},
    {MM_S_INIT("seq"), PSEUDO_NUMBER, "seq"},
    /* bits of enum mm_event_flag; `parsed` is the opposite of its bit */
    {MM_S_INIT("parsed"), PSEUDO_FLAG, "NOT bitTest(flags, 0)"},
    {MM_S_INIT("truncated"), PSEUDO_FLAG, "bitTest(flags, 1)"},
    {MM_S_INIT("imported"), PSEUDO_FLAG, "bitTest(flags, 3)"},
    {MM_S_INIT("costly"), PSEUDO_FLAG, "bitTest(flags, 5)"},
    {MM_S_INIT("event.original"), PSEUDO_ORIGINAL, "original"},
};

static_assert(MM_EV_UNPARSED == 1 << 0, "bit of `parsed`");
static_assert(MM_EV_TRUNCATED == 1 << 1, "bit of `truncated`");
static_assert(MM_EV_IMPORTED == 1 << 3, "bit of `imported`");
static_assert(MM_EV_COSTLY == 1 << 5, "bit of `costly`");

static void sql(struct compiler *c, const char *text)
{
    mm_buf_str(&c->s->sql, text);
}

static enum mm_code refuse(struct compiler *c, const char *what)
{
    return mm_fail(c->fault, MM_E_SYNTAX, c->term->at, what);
}

/* Write {pN:Type} and keep the value for it. */
static enum mm_code bind(struct compiler *c, const char *type, struct mm_slice value)
{
    struct mm_search_sql *s = c->s;
    size_t from = s->values.n;
    char *name = (char *)mm_arena_bytes(&s->names, 8);

    if (s->param_n >= MM_EVENTS_PARAMS_MAX)
        return mm_fail(c->fault, MM_E_LIMIT, c->term == NULL ? 0 : c->term->at, "query.terms");
    mm_buf_add(&s->values, value);
    if (name == NULL || !mm_buf_ok(&s->values))
        return MM_E_NOMEM;
    (void)snprintf(name, 8, "p%zu", s->param_n);
    /* An offset for now: the buffer may move until all is bound (see finish). */
    s->param[s->param_n++] = (struct mm_events_param){
        .name = name, .value = {(const uint8_t *)(uintptr_t)from, value.n}};
    mm_buf_fmt(&s->sql, "{%s:%s}", name, type);
    return MM_OK;
}

static enum mm_code bind_u64(struct compiler *c, uint64_t v)
{
    char tmp[24];

    return bind(c, "UInt64", mm_events_u64(v, tmp));
}

/* A moment as a parameter. */
static enum mm_code bind_time(struct compiler *c, int64_t us)
{
    char tmp[24];
    enum mm_code code;

    sql(c, "fromUnixTimestamp64Micro(");
    code = bind(c, "Int64", mm_events_i64(us, tmp));
    sql(c, ", 'UTC')");
    return code;
}

static enum mm_code bind_ip(struct compiler *c, const struct mm_ip *ip)
{
    char tmp[MM_IP_TEXT + 8];

    /* IPv4 is stored mapped: say it so. */
    if (mm_ip_is_v4(ip))
        (void)snprintf(tmp, sizeof(tmp), "::ffff:%u.%u.%u.%u", ip->b[12], ip->b[13], ip->b[14],
                       ip->b[15]);
    else
        mm_ip_text(ip, tmp);
    return bind(c, "IPv6", mm_slice_str(tmp));
}

/* A pattern of ours as one of LIKE, wrapped in % when it may stand anywhere. */
static enum mm_code bind_like(struct compiler *c, struct mm_slice pattern, bool anywhere)
{
    struct mm_buf like;
    enum mm_code code;

    mm_buf_init(&like, VALUES_MAX);
    if (anywhere)
        mm_buf_byte(&like, '%');
    for (size_t i = 0; i < pattern.n; i++) {
        uint8_t b = pattern.p[i];

        if (b == '\\' && i + 1 < pattern.n) {
            b = pattern.p[++i];
            if (b == '\\')
                mm_buf_byte(&like, '\\');
        } else if (b == '*' || b == '?') {
            mm_buf_byte(&like, b == '*' ? '%' : '_');
            continue;
        }
        if (b == '%' || b == '_')
            mm_buf_byte(&like, '\\');
        mm_buf_byte(&like, b);
    }
    if (anywhere)
        mm_buf_byte(&like, '%');
    code = mm_buf_ok(&like) ? bind(c, "String", mm_buf_slice(&like)) : MM_E_NOMEM;
    mm_buf_done(&like);
    return code;
}

static const char *sign_of(enum mm_query_op op)
{
    switch (op) {
    case MM_QUERY_GE:
        return " >= ";
    case MM_QUERY_GT:
        return " > ";
    case MM_QUERY_LE:
        return " <= ";
    case MM_QUERY_LT:
        return " < ";
    default:
        return " = ";
    }
}

static enum mm_code word(struct compiler *c)
{
    const struct mm_query_node *t = c->term;
    enum mm_code code;

    sql(c, t->wild ? "original ILIKE " : "positionCaseInsensitive(original, ");
    code = t->wild ? bind_like(c, t->value, true) : bind(c, "String", t->value);
    sql(c, t->wild ? "" : ") > 0");
    return code;
}

/* The column, map entry or expression that a term is about. */
struct operand {
    enum mm_ftype type;
    bool in_map;
    struct mm_slice key; /* in_map */
    const char *text;    /* otherwise: an expression of ours, or NULL and … */
    enum mm_field field; /* … a HOT field */
};

static enum mm_code put_operand(struct compiler *c, const struct operand *o)
{
    enum mm_code code = MM_OK;

    if (o->in_map) {
        sql(c, "more[");
        code = bind(c, "String", o->key);
        sql(c, "]");
    } else if (o->text != NULL) {
        sql(c, o->text);
    } else {
        struct mm_ecolumn col = {.name = mm_field_name(o->field)};

        mm_ecol_name(&c->s->sql, &col);
    }
    return code;
}

/* Which bit of `present` a HOT field has. */
static unsigned bit_of(enum mm_field f)
{
    unsigned bit = 0;

    for (size_t i = 0; i < (size_t)f; i++)
        bit += mm_field_store((enum mm_field)i) == MM_FS_HOT;
    return bit;
}

/* "the field is there", without which 0 would find what was never said. */
static enum mm_code put_exists(struct compiler *c, const struct operand *o)
{
    enum mm_code code = MM_OK;

    if (o->in_map) {
        sql(c, "mapContains(more, ");
        code = bind(c, "String", o->key);
        sql(c, ")");
    } else if (o->text == NULL) {
        mm_buf_fmt(&c->s->sql, "bitTest(present, %u)", bit_of(o->field));
    } else {
        sql(c, "1");
    }
    return code;
}

/* KEYWORD and TEXT. */
static enum mm_code compare_text(struct compiler *c, const struct operand *o)
{
    const struct mm_query_node *t = c->term;
    bool fold = t->op == MM_QUERY_IS && !t->wild;
    enum mm_code code = MM_OK;

    if (t->op == MM_QUERY_BETWEEN)
        return refuse(c, "query.order");
    sql(c, fold ? "lower(" : "");
    code = put_operand(c, o);
    sql(c, fold ? ")" : "");
    if (code != MM_OK)
        return code;
    sql(c, t->wild ? " ILIKE " : sign_of(t->op));
    if (t->wild)
        return bind_like(c, t->value, false);
    sql(c, fold ? "lower(" : "");
    code = bind(c, "String", t->value);
    sql(c, fold ? ")" : "");
    return code;
}

/* `operand sign value` with the operand as a number. */
static enum mm_code number_sign(struct compiler *c, const struct operand *o, const char *sign,
                                struct mm_slice value)
{
    uint64_t v;
    enum mm_code code;

    if (!mm_slice_u64(value, &v))
        return refuse(c, "query.number");
    sql(c, o->in_map ? "toUInt64OrZero(" : "");
    code = put_operand(c, o);
    sql(c, o->in_map ? ")" : "");
    sql(c, sign);
    return code == MM_OK ? bind_u64(c, v) : code;
}

static enum mm_code ip_sign(struct compiler *c, const struct operand *o, const char *sign,
                            const struct mm_ip *ip)
{
    enum mm_code code;

    sql(c, o->in_map ? "toIPv6OrDefault(" : "");
    code = put_operand(c, o);
    sql(c, o->in_map ? ")" : "");
    sql(c, sign);
    return code == MM_OK ? bind_ip(c, ip) : code;
}

/* An address or a network as its first and last address. */
static bool ip_range(struct mm_slice text, struct mm_ip *ret_first, struct mm_ip *ret_last)
{
    struct mm_cidr net;

    if (!mm_cidr_parse(text, &net))
        return false;
    *ret_first = net.net;
    *ret_last = net.net;
    for (unsigned i = net.bits; i < 128; i++)
        ret_last->b[i / 8] |= (uint8_t)(0x80 >> (i % 8));
    return true;
}

static enum mm_code ip_value(struct compiler *c, const struct operand *o, enum mm_query_op op,
                             struct mm_slice value)
{
    struct mm_ip first, last;
    bool upper = op == MM_QUERY_GT || op == MM_QUERY_LE;
    enum mm_code code;

    if (!ip_range(value, &first, &last))
        return refuse(c, "query.ip");
    if (op != MM_QUERY_IS)
        return ip_sign(c, o, sign_of(op), upper ? &last : &first);
    if (memcmp(&first, &last, sizeof(first)) == 0)
        return ip_sign(c, o, " = ", &first);
    code = ip_sign(c, o, " >= ", &first);
    sql(c, " AND ");
    return code == MM_OK ? ip_sign(c, o, " <= ", &last) : code;
}

typedef enum mm_code compare_fn(struct compiler *c, const struct operand *o, enum mm_query_op op,
                                struct mm_slice value);

static enum mm_code number_value(struct compiler *c, const struct operand *o, enum mm_query_op op,
                                 struct mm_slice value)
{
    return number_sign(c, o, sign_of(op), value);
}

/*
 * What a time text stands for: from its first microsecond to the first one behind it. "2020-12"
 * is a month, "2020-12-23T10:34" a minute, with a zone or a fraction it is that moment.
 */
static bool time_range(struct mm_slice text, int32_t zone_s, int64_t *ret_from, int64_t *ret_to)
{
    static const char filler[] = "0000-01-01T00:00:00";
    static const size_t lengths[] = {4, 7, 10, 13, 16, 19};
    char whole[sizeof(filler)];
    struct mm_civil civil;
    bool zone;
    size_t unit = 0;

    while (unit < MM_COUNT(lengths) && lengths[unit] != text.n)
        unit++;
    if (unit == MM_COUNT(lengths)) {
        if (!mm_time_parse(text, zone_s, ret_from, &zone))
            return false;
        *ret_to = *ret_from + 1;
        return true;
    }
    memcpy(whole, filler, sizeof(filler));
    memcpy(whole, text.p, text.n);
    if (!mm_time_parse(mm_slice_of(whole, sizeof(filler) - 1), zone_s, ret_from, &zone))
        return false;
    mm_civil_of_us(*ret_from, zone_s, &civil);
    if (unit < 2) {
        civil.year += unit == 0 || civil.month == 12;
        civil.month = unit == 0 || civil.month == 12 ? 1 : civil.month + 1;
        return mm_civil_to_us(&civil, zone_s, ret_to);
    }
    static const int64_t seconds[] = {86400, 3600, 60, 1};

    *ret_to = *ret_from + seconds[unit - 2] * MM_US_PER_S;
    return true;
}

static enum mm_code time_sign(struct compiler *c, const struct operand *o, const char *sign,
                              int64_t us)
{
    sql(c, o->text);
    sql(c, sign);
    return bind_time(c, us);
}

static enum mm_code time_value(struct compiler *c, const struct operand *o, enum mm_query_op op,
                               struct mm_slice value)
{
    int64_t from, to;
    enum mm_code code;

    if (!time_range(value, c->r->zone_s, &from, &to))
        return refuse(c, "query.time");
    switch (op) {
    case MM_QUERY_GE:
        return time_sign(c, o, " >= ", from);
    case MM_QUERY_GT:
        return time_sign(c, o, " >= ", to);
    case MM_QUERY_LE:
        return time_sign(c, o, " < ", to);
    case MM_QUERY_LT:
        return time_sign(c, o, " < ", from);
    default:
        break;
    }
    code = time_sign(c, o, " >= ", from);
    sql(c, " AND ");
    return code == MM_OK ? time_sign(c, o, " < ", to) : code;
}

/* A term over ordered values: numbers, addresses, moments. */
static enum mm_code compare_ordered(struct compiler *c, const struct operand *o, compare_fn *one)
{
    const struct mm_query_node *t = c->term;
    enum mm_code code = MM_OK;

    if (t->wild)
        return refuse(c, "query.wildcard");
    if (t->op != MM_QUERY_BETWEEN)
        return one(c, o, t->op, t->value);
    if (t->value.n > 0)
        code = one(c, o, MM_QUERY_GE, t->value);
    if (t->value.n > 0 && t->value2.n > 0)
        sql(c, " AND ");
    if (code == MM_OK && t->value2.n > 0)
        code = one(c, o, MM_QUERY_LE, t->value2);
    return code;
}

static enum mm_code flag(struct compiler *c, const char *expression)
{
    struct mm_slice v = c->term->value;
    bool yes = mm_slice_ieq(v, MM_S("yes")) || mm_slice_ieq(v, MM_S("true"));

    if (c->term->op != MM_QUERY_IS || c->term->wild ||
        (!yes && !mm_slice_ieq(v, MM_S("no")) && !mm_slice_ieq(v, MM_S("false"))))
        return refuse(c, "query.yesno");
    sql(c, yes ? "(" : "NOT (");
    sql(c, expression);
    sql(c, ")");
    return MM_OK;
}

static enum mm_code original(struct compiler *c)
{
    if (c->term->op != MM_QUERY_IS)
        return refuse(c, "query.order");
    if (!c->term->wild)
        return word(c);
    sql(c, "original ILIKE ");
    return bind_like(c, c->term->value, false);
}

static enum mm_code pseudo(struct compiler *c, size_t i)
{
    struct operand o = {.type = MM_FT_KEYWORD, .text = pseudos[i].sql};

    if (c->term->op == MM_QUERY_EXISTS)
        return put_exists(c, &o);
    switch (pseudos[i].is) {
    case PSEUDO_TIME:
    case PSEUDO_RECEIVED:
        return compare_ordered(c, &o, time_value);
    case PSEUDO_NUMBER:
        return compare_ordered(c, &o, number_value);
    case PSEUDO_FORMAT:
        return compare_text(c, &o);
    case PSEUDO_FLAG:
        return flag(c, o.text);
    case PSEUDO_ORIGINAL:
        break;
    }
    return original(c);
}

/* "last 24h", by arrival, as rules, exceptions and noise count: time has a term of its own. */
static enum mm_code last(struct compiler *c)
{
    const struct operand received = {.text = "received"};

    return time_sign(c, &received, " >= ", c->r->now_us - (int64_t)c->term->seconds * MM_US_PER_S);
}

static enum mm_code field_term(struct compiler *c)
{
    const struct mm_query_node *t = c->term;
    enum mm_field f = mm_field_find(t->field);
    struct operand o = {.type = MM_FT_KEYWORD, .in_map = true, .key = t->field, .field = f};
    enum mm_code code;

    for (size_t i = 0; i < MM_COUNT(pseudos); i++) {
        if (mm_slice_eq(pseudos[i].name, t->field))
            return pseudo(c, i);
    }
    if (f != MM_F_NONE) {
        o.type = mm_field_type(f);
        o.in_map = mm_field_store(f) != MM_FS_HOT;
    }
    code = put_exists(c, &o);
    if (t->op == MM_QUERY_EXISTS || code != MM_OK)
        return code;
    sql(c, " AND ");
    switch (o.type) {
    case MM_FT_UINT:
        return compare_ordered(c, &o, number_value);
    case MM_FT_IP:
        return compare_ordered(c, &o, ip_value);
    case MM_FT_KEYWORD:
    case MM_FT_TEXT:
        break;
    }
    return compare_text(c, &o);
}

/* Children stand before their parents: as deep as there are nodes at most, that is 128. */
static enum mm_code put_node(struct compiler *c, size_t i)
{
    const struct mm_query_node *n = &c->r->query->node[i];
    enum mm_code code;

    MM_ASSERT(i < c->r->query->n);
    sql(c, "(");
    switch (n->kind) {
    case MM_QUERY_TERM:
        c->term = n;
        code = n->op == MM_QUERY_WORD ? word(c) : n->op == MM_QUERY_LAST ? last(c) : field_term(c);
        break;
    case MM_QUERY_NOT:
        sql(c, "NOT ");
        code = put_node(c, n->left);
        break;
    default:
        code = put_node(c, n->left);
        sql(c, n->kind == MM_QUERY_AND ? " AND " : " OR ");
        if (code == MM_OK)
            code = put_node(c, n->right);
        break;
    }
    sql(c, ")");
    return code;
}

/* Behind the cursor: the first condition is for the index, the second for the rest. */
static enum mm_code put_cursor(struct compiler *c, const struct mm_search_cursor *at)
{
    enum mm_code code;

    sql(c, " AND received <= ");
    code = bind_time(c, at->received_us);
    sql(c, " AND (received, queue, seq) < (");
    if (code == MM_OK)
        code = bind_time(c, at->received_us);
    sql(c, ", ");
    if (code == MM_OK)
        code = bind_u64(c, at->queue);
    sql(c, ", ");
    if (code == MM_OK)
        code = bind_u64(c, at->seq);
    sql(c, ")");
    return code;
}

/* Values are whole now: offsets become addresses. */
static enum mm_code finish(struct mm_search_sql *s)
{
    if (!mm_buf_ok(&s->sql) || !mm_buf_ok(&s->values))
        return MM_E_NOMEM;
    for (size_t i = 0; i < s->param_n; i++) {
        size_t from = (size_t)(uintptr_t)s->param[i].value.p;

        s->param[i].value.p = s->values.p + from;
    }
    return MM_OK;
}

enum mm_code mm_search_compile(const struct mm_search_request *r, struct mm_slice narrowed,
                               struct mm_search_sql *ret, struct mm_fault *fault)
{
    struct compiler c = {.r = r, .s = ret, .fault = fault};
    char tmp[24];
    enum mm_code code;

    MM_ASSERT(r->limit >= 1 && r->limit <= MM_SEARCH_LIMIT_MAX);
    memset(ret, 0, sizeof(*ret));
    mm_buf_init(&ret->sql, SQL_MAX);
    mm_buf_init(&ret->values, VALUES_MAX);
    mm_arena_init(&ret->names, NAMES_MAX);
    sql(&c, "SELECT ");
    mm_etable_list(&ret->sql, MM_ET_EVENTS);
    sql(&c, " FROM events WHERE company = {company:UInt32}");
    code = r->query->n > 0 ? (sql(&c, " AND "), put_node(&c, r->query->n - 1)) : MM_OK;
    if (code == MM_OK && r->has_cursor)
        code = put_cursor(&c, &r->cursor);
    mm_buf_add(&ret->sql, narrowed);
    sql(&c, " ORDER BY company DESC, received DESC, queue DESC, seq DESC LIMIT ");
    /* One more than asked for tells whether there is another page. */
    mm_buf_u64(&ret->sql, (uint64_t)r->limit + 1);
    if (code == MM_OK && ret->param_n >= MM_EVENTS_PARAMS_MAX)
        code = mm_fail(fault, MM_E_LIMIT, 0, "query.terms");
    if (code == MM_OK) {
        size_t from = ret->values.n;
        struct mm_slice company = mm_events_u64(r->company, tmp);

        mm_buf_add(&ret->values, company);
        ret->param[ret->param_n++] = (struct mm_events_param){
            .name = "company", .value = {(const uint8_t *)(uintptr_t)from, company.n}};
        code = finish(ret);
    }
    return code;
}

void mm_search_sql_done(struct mm_search_sql *s)
{
    mm_buf_done(&s->sql);
    mm_buf_done(&s->values);
    mm_arena_done(&s->names);
}

static enum mm_code to_buf(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

/* Count the page's events, find where it ends and whether there is one more behind it. */
static enum mm_code survey(struct mm_search_result *ret, uint32_t limit)
{
    struct mm_rd rd = mm_rd_of(mm_buf_slice(&ret->bytes));
    struct mm_event ev;
    size_t end = 0;

    while (mm_rd_left(&rd) > 0 && ret->count < limit) {
        enum mm_code code = mm_rows_event(&rd, &ev);

        if (code != MM_OK)
            return code;
        end = rd.pos;
        ret->count++;
        ret->next = (struct mm_search_cursor){ev.received_us, ev.queue, ev.seq};
    }
    ret->more = mm_rd_left(&rd) > 0;
    ret->rd = mm_rd_of(mm_slice_sub(mm_buf_slice(&ret->bytes), 0, end));
    return MM_OK;
}

/* What the sieves allow to leave out, as a condition: nothing when they cannot be asked. */
static void narrow(struct mm_events_client *c, const struct mm_search_request *r,
                   struct mm_events_answer *answer, struct mm_buf *out)
{
    char tmp[24];
    struct mm_events_param company = {"company", mm_events_u64(r->company, tmp)};
    struct mm_buf ask, runs;

    mm_buf_init(&ask, SQL_MAX);
    mm_buf_init(&runs, (size_t)MM_NARROW_ROWS_MAX * MM_ROWS_RUN_BYTES);
    if (!r->plain && mm_narrow_ask(r->query, r->now_us, &ask) && mm_buf_ok(&ask) &&
        (mm_events_sql(c, mm_buf_slice(&ask), "RowBinary", &company, 1, to_buf, &runs, answer) !=
             MM_OK ||
         mm_narrow_put(mm_buf_slice(&runs), out) != MM_OK || !mm_buf_ok(out)))
        mm_buf_reset(out);
    mm_buf_done(&ask);
    mm_buf_done(&runs);
}

enum mm_code mm_search_run(struct mm_events_client *c, const struct mm_search_request *r,
                           struct mm_search_result *ret, struct mm_fault *fault)
{
    struct mm_events_answer asked = {0};
    struct mm_search_sql s;
    struct mm_buf narrowed;
    enum mm_code code;

    memset(ret, 0, sizeof(*ret));
    mm_buf_init(&ret->bytes, MM_SEARCH_BYTES_MAX);
    mm_buf_init(&narrowed, SQL_MAX / 2);
    narrow(c, r, &asked, &narrowed);
    code = mm_search_compile(r, mm_buf_slice(&narrowed), &s, fault);
    mm_buf_done(&narrowed);
    if (code == MM_OK)
        code = mm_events_sql(c, mm_buf_slice(&s.sql), "RowBinary", s.param, s.param_n, to_buf,
                             &ret->bytes, &ret->answer);
    ret->answer.elapsed_us += asked.elapsed_us;
    ret->answer.read_rows += asked.read_rows;
    if (code == MM_OK)
        code = survey(ret, r->limit);
    mm_search_sql_done(&s);
    return code;
}

bool mm_search_next(struct mm_search_result *r, struct mm_event *ret)
{
    return mm_rd_left(&r->rd) > 0 && mm_rows_event(&r->rd, ret) == MM_OK;
}

void mm_search_done(struct mm_search_result *r)
{
    mm_buf_done(&r->bytes);
}

enum mm_code mm_search_event(struct mm_events_client *c, uint32_t company, uint16_t queue,
                             uint64_t seq, struct mm_search_result *ret, struct mm_event *ret_event)
{
    char tmp[3][24];
    struct mm_events_param p[] = {{"company", mm_events_u64(company, tmp[0])},
                                  {"queue", mm_events_u64(queue, tmp[1])},
                                  {"seq", mm_events_u64(seq, tmp[2])}};
    enum mm_code code;

    memset(ret, 0, sizeof(*ret));
    mm_buf_init(&ret->bytes, MM_SEARCH_BYTES_MAX);
    code = mm_events_run(c, MM_ST_EVENT, p, MM_COUNT(p), to_buf, &ret->bytes, &ret->answer);
    if (code == MM_OK)
        code = survey(ret, 1);
    if (code == MM_OK && !mm_search_next(ret, ret_event))
        code = MM_E_NOTFOUND;
    return code;
}
