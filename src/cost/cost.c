/* cost/cost.c - reading a month; see cost.h for the contract. */
#include "cost/cost.h"

#include <stdio.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "base/rd.h"
#include "base/time.h"
#include "base/vec.h"
#include "cost/cost_priv.h"
#include "coverage/coverage.h"
#include "os/file.h"
#include "store/spool/spool.h"

#define JST_S (9 * 3600)

enum {
    ANSWER_MAX = 64 * 1024 * 1024, /* three numbers of each source */
    PARAM_MAX = 16 * 1024,         /* MM_EVENTS_COMPANIES_MAX numbers */
};

const char *mm_cost_reason_name(enum mm_cost_reason r)
{
    static const char *const names[] = {"none", "people", "searches", "unread", "unused", "much"};

    MM_ASSERT((size_t)r < MM_COUNT(names));
    return names[r];
}

/* ---- months ---- */

static void month(int32_t year, int32_t m, int64_t now_us, struct mm_cost_month *ret)
{
    MM_ASSERT(year >= 1970 && year <= 9998 && m >= 1 && m <= 12);
    (void)snprintf(ret->name, sizeof(ret->name), "%04u-%02u", (unsigned)year % 10000u,
                   (unsigned)m % 100u);
    ret->from_day = mm_days_of(year, m, 1);
    ret->to_day = m == 12 ? mm_days_of(year + 1, 1, 1) : mm_days_of(year, m + 1, 1);
    ret->from_us = ret->from_day * MM_US_PER_DAY - JST_S * (int64_t)MM_US_PER_S;
    ret->to_us = ret->to_day * MM_US_PER_DAY - JST_S * (int64_t)MM_US_PER_S;
    ret->over = ret->to_us <= now_us;
}

void mm_cost_month_of(int64_t us, int64_t now_us, struct mm_cost_month *ret)
{
    struct mm_civil c;

    mm_civil_of_us(us, JST_S, &c);
    month(c.year, c.month, now_us, ret);
}

bool mm_cost_month_parse(struct mm_slice text, int64_t now_us, struct mm_cost_month *ret)
{
    struct mm_cost_month m;
    uint64_t year, number;

    if (text.n != 7 || text.p[4] != '-' || !mm_slice_u64(mm_slice_sub(text, 0, 4), &year) ||
        !mm_slice_u64(mm_slice_sub(text, 5, 7), &number) || year < 1970 || year > 9998 ||
        number < 1 || number > 12)
        return false;
    month((int32_t)year, (int32_t)number, now_us, &m);
    if (m.from_us > now_us)
        return false;
    *ret = m;
    return true;
}

bool mm_cost_month_before(const struct mm_cost_month *m, int64_t now_us, struct mm_cost_month *ret)
{
    if (m->from_day <= mm_cover_day_of(now_us) - MM_COVERAGE_DAYS + 1)
        return false;
    mm_cost_month_of(m->from_us - 1, now_us, ret);
    return true;
}

/* ---- the records ---- */

struct reading {
    const struct mm_cost_options *o;
    struct mm_arena *a;
    struct mm_cost *c;
    size_t companies_cap, sources_cap;
};

static void begin(struct reading *r, struct mm_q *q, enum mm_cost_stmt st)
{
    mm_q_begin(q, r->o->tx, &mm_cost_stmts[st]);
}

static struct mm_cost_company *company_of(const struct mm_cost *c, uint32_t company)
{
    size_t low = 0, high = c->n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (c->company[mid].company < company)
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->n && c->company[low].company == company ? &c->company[low] : NULL;
}

static struct mm_cost_source *source_of(const struct mm_cost *c, uint32_t company, uint32_t source)
{
    size_t low = 0, high = c->sources_n;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct mm_cost_source *s = &c->source[mid];

        if (s->company < company || (s->company == company && s->source < source))
            low = mid + 1;
        else
            high = mid;
    }
    return low < c->sources_n && c->source[low].company == company &&
                   c->source[low].source == source
               ? &c->source[low]
               : NULL;
}

static enum mm_code read_companies(struct reading *r)
{
    struct mm_cost *c = r->c;
    struct mm_q q;
    enum mm_code code;
    bool full = false;

    /* The operator's own comes first: lines of strangers are its. */
    full = !MM_VEC_ROOM_IN(r->a, c->company, c->n, r->companies_cap);
    if (!full)
        c->company[c->n++] = (struct mm_cost_company){.code = MM_S("operator")};
    begin(r, &q, MM_COST_COMPANIES);
    mm_q_int(&q, ":from", r->o->month.from_us);
    mm_q_int(&q, ":max", MM_COST_COMPANIES_MAX);
    while (!full && mm_q_row(&q)) {
        full = c->n > MM_COST_COMPANIES_MAX ||
               !MM_VEC_ROOM_IN(r->a, c->company, c->n, r->companies_cap);
        if (!full)
            c->company[c->n++] = (struct mm_cost_company){.company = mm_q_col_u32(&q, 0),
                                                          .code = mm_q_col_dup(&q, 1, r->a),
                                                          .name = mm_q_col_dup(&q, 2, r->a)};
    }
    code = mm_q_end(&q);
    return code == MM_OK && full ? MM_E_LIMIT : code;
}

static enum mm_code read_sources(struct reading *r)
{
    struct mm_cost *c = r->c;
    struct mm_q q;
    enum mm_code code;
    bool full = false;

    begin(r, &q, MM_COST_SOURCES);
    mm_q_int(&q, ":from", r->o->month.from_day);
    mm_q_int(&q, ":to", r->o->month.to_day);
    mm_q_int(&q, ":max", MM_COST_SOURCES_MAX);
    while (!full && mm_q_row(&q)) {
        full = !MM_VEC_ROOM_IN(r->a, c->source, c->sources_n, r->sources_cap);
        if (!full)
            c->source[c->sources_n++] =
                (struct mm_cost_source){.company = mm_q_col_u32(&q, 0),
                                        .source = mm_q_col_u32(&q, 1),
                                        .name = mm_q_col_dup(&q, 2, r->a),
                                        .parsed = (uint64_t)mm_q_col_int(&q, 3),
                                        .unparsed = (uint64_t)mm_q_col_int(&q, 4),
                                        .bytes = (uint64_t)mm_q_col_int(&q, 5),
                                        .all_lines = (uint64_t)mm_q_col_int(&q, 6),
                                        .all_bytes = (uint64_t)mm_q_col_int(&q, 7)};
    }
    code = mm_q_end(&q);
    return code == MM_OK && full ? MM_E_LIMIT : code;
}

/* Where the number of a company goes that this statement reads. */
static uint64_t *place_of(struct mm_cost_company *k, enum mm_cost_stmt st)
{
    return st == MM_COST_SEARCHES  ? &k->searches
           : st == MM_COST_MINUTES ? &k->minutes
           : st == MM_COST_ACTS    ? &k->acts
                                   : &k->entries;
}

/* A number of each company; what is of no company here is passed over. */
static enum mm_code read_numbers(struct reading *r, enum mm_cost_stmt st)
{
    uint64_t weight = st == MM_COST_CASES ? MM_COST_CASE : 1;
    struct mm_q q;

    begin(r, &q, st);
    if (st == MM_COST_ENTRIES || st == MM_COST_CASES) {
        mm_q_int(&q, ":max", MM_COST_COMPANIES_MAX + 1); /* of all time */
    } else {
        mm_q_int(&q, ":from", r->o->month.from_us);
        mm_q_int(&q, ":to", r->o->month.to_us);
    }
    while (mm_q_row(&q)) {
        struct mm_cost_company *k = company_of(r->c, mm_q_col_u32(&q, 0));

        if (k != NULL)
            *place_of(k, st) += weight * (uint64_t)mm_q_col_int(&q, 1);
    }
    return mm_q_end(&q);
}

static enum mm_code read_work(struct reading *r)
{
    static const enum mm_cost_stmt all[] = {MM_COST_SEARCHES, MM_COST_MINUTES, MM_COST_ACTS,
                                            MM_COST_ENTRIES, MM_COST_CASES};
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < MM_COUNT(all) && code == MM_OK; i++)
        code = read_numbers(r, all[i]);
    return code;
}

static enum mm_code read_machine(struct reading *r)
{
    static const char *const names[] = {"intake", "engine", "eventd", "inserting", "searching"};
    struct mm_cost *c = r->c;
    uint64_t *const to[] = {&c->intake_us, &c->engine_us, &c->store_us, &c->inserting_us,
                            &c->searching_us};
    struct mm_q q;

    static_assert(MM_COUNT(names) == MM_COUNT(to), "one place each");
    begin(r, &q, MM_COST_MACHINE);
    mm_q_int(&q, ":from", r->o->month.from_day);
    mm_q_int(&q, ":to", r->o->month.to_day);
    while (mm_q_row(&q)) {
        size_t i = 0;

        while (i < MM_COUNT(names) && !mm_slice_eq(mm_q_col_text(&q, 0), mm_slice_str(names[i])))
            i++;
        *(i < MM_COUNT(names) ? to[i] : &c->rest_us) += (uint64_t)mm_q_col_int(&q, 1);
    }
    return mm_q_end(&q);
}

/* ---- the disk ---- */

static uint64_t size_of(const char *state_dir, const char *name)
{
    char path[MM_MAX_PATH];
    struct stat st;

    return mm_path_join(path, state_dir, name) == MM_OK && stat(path, &st) == 0
               ? (uint64_t)st.st_blocks * 512
               : 0;
}

static void read_disk(struct reading *r)
{
    uint16_t queue[MM_SPOOL_QUEUES_READ];
    struct mm_spool_bounds bounds;
    char spool[MM_MAX_PATH];
    size_t n;

    r->c->records_bytes =
        size_of(r->o->state_dir, "records.db") + size_of(r->o->state_dir, "records.db-wal");
    if (mm_path_join(spool, r->o->state_dir, "spool") != MM_OK)
        return;
    n = mm_min_size(mm_spool_queues(spool, queue, MM_COUNT(queue)), MM_COUNT(queue));
    for (size_t i = 0; i < n; i++) {
        if (mm_spool_bounds(spool, queue[i], &bounds) == MM_OK)
            r->c->spool_bytes += bounds.bytes;
    }
}

/* ---- the store ---- */

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

/* Lines of company, source and a number; false at the first one that is none. */
static bool row(struct mm_rd *rd, uint64_t ret[3])
{
    struct mm_slice cell[3];

    return mm_rd_until(rd, '\t', &cell[0]) && mm_rd_until(rd, '\t', &cell[1]) &&
           mm_rd_until(rd, '\n', &cell[2]) && mm_slice_u64(cell[0], &ret[0]) &&
           mm_slice_u64(cell[1], &ret[1]) && mm_slice_u64(cell[2], &ret[2]) &&
           ret[0] <= UINT32_MAX && ret[1] <= UINT32_MAX;
}

/* Ask about some companies: rows that are kept, or what rules found in the month. */
static enum mm_code ask(struct reading *r, const uint32_t *companies, size_t n, bool alerts)
{
    const struct mm_cost_month *m = &r->o->month;
    char from[24], to[24];
    struct mm_events_answer answer;
    struct mm_buf list, text;
    struct mm_rd rd;
    uint64_t cell[3];
    enum mm_code code;

    mm_buf_init(&list, PARAM_MAX);
    mm_buf_init(&text, ANSWER_MAX);
    mm_events_companies(&list, companies, n);
    {
        const struct mm_events_param params[] = {{"companies", mm_buf_slice(&list)},
                                                 {"from", mm_events_i64(m->from_us, from)},
                                                 {"to", mm_events_i64(m->to_us, to)}};

        code = mm_events_run(r->o->events, alerts ? MM_ST_ALERTS_BY_SOURCE : MM_ST_EVENTS_BY_SOURCE,
                             params, alerts ? MM_COUNT(params) : 1, gather, &text, &answer);
    }
    rd = mm_rd_of(mm_buf_slice(&text));
    while (code == MM_OK && row(&rd, cell)) {
        struct mm_cost_source *s = source_of(r->c, (uint32_t)cell[0], (uint32_t)cell[1]);

        if (s != NULL && alerts)
            s->alerts = cell[2];
        else if (s != NULL)
            s->events = cell[2];
    }
    mm_buf_done(&text);
    mm_buf_done(&list);
    return code;
}

static enum mm_code read_size(struct reading *r)
{
    struct mm_events_answer answer;
    struct mm_buf text;
    struct mm_rd rd;
    struct mm_slice cell[4];
    uint64_t bytes;
    enum mm_code code;

    mm_buf_init(&text, ANSWER_MAX);
    code = mm_events_run(r->o->events, MM_ST_STORE_SIZE, NULL, 0, gather, &text, &answer);
    rd = mm_rd_of(mm_buf_slice(&text));
    while (code == MM_OK && mm_rd_until(&rd, '\t', &cell[0]) && mm_rd_until(&rd, '\t', &cell[1]) &&
           mm_rd_until(&rd, '\t', &cell[2]) && mm_rd_until(&rd, '\n', &cell[3])) {
        if (mm_slice_u64(cell[2], &bytes))
            r->c->store_bytes += bytes;
    }
    mm_buf_done(&text);
    return code;
}

/* What the store says; while it does not answer, nothing of it is known. */
static enum mm_code read_store(struct reading *r)
{
    uint32_t *numbers = mm_arena_array(r->a, r->c->n, sizeof(*numbers));
    enum mm_code code = MM_OK;

    if (numbers == NULL)
        return MM_E_NOMEM;
    if (r->o->events == NULL || read_size(r) != MM_OK)
        return MM_OK;
    for (size_t i = 0; i < r->c->n; i++)
        numbers[i] = r->c->company[i].company;
    for (size_t i = 0; i < r->c->n && code == MM_OK; i += MM_EVENTS_COMPANIES_MAX) {
        size_t n = mm_min_size(r->c->n - i, MM_EVENTS_COMPANIES_MAX);

        code = ask(r, numbers + i, n, false);
        if (code == MM_OK)
            code = ask(r, numbers + i, n, true);
    }
    r->c->store_there = code == MM_OK;
    if (!r->c->store_there)
        r->c->store_bytes = 0;
    return MM_OK;
}

/* Sources into their companies. */
static void sum_up(struct mm_cost *c)
{
    for (size_t i = 0; i < c->sources_n; i++) {
        const struct mm_cost_source *s = &c->source[i];
        struct mm_cost_company *k = company_of(c, s->company);
        uint64_t lines = s->parsed + s->unparsed;
        /* Days of before bytes were counted have lines without. */
        uint64_t mean = s->all_lines == 0 ? 0 : s->all_bytes / s->all_lines;

        if (k == NULL)
            continue;
        k->lines += lines;
        k->bytes += s->bytes;
        k->event_bytes += s->events * (mean > 0 ? mean : 1);
        if (lines > 0 && (k->top == NULL || s->bytes > k->top->bytes))
            k->top = s;
    }
    /* Strangers that sent nothing are no row. */
    if (c->n > 0 && c->company[0].company == 0 && c->company[0].lines == 0) {
        c->company++;
        c->n--;
    }
}

enum mm_code mm_cost_read(const struct mm_cost_options *o, struct mm_arena *a, struct mm_cost *ret)
{
    struct mm_cost c = {.month = o->month, .prices = o->prices};
    struct reading r = {.o = o, .a = a, .c = &c};
    enum mm_code code;

    MM_ASSERT(o->state_dir != NULL && o->tx != NULL);
    code = read_companies(&r);
    if (code == MM_OK)
        code = read_sources(&r);
    if (code == MM_OK)
        code = read_work(&r);
    if (code == MM_OK)
        code = read_machine(&r);
    if (code == MM_OK)
        code = read_store(&r);
    if (code != MM_OK)
        return code;
    read_disk(&r);
    sum_up(&c);
    mm_cost_share(&c);
    *ret = c;
    return MM_OK;
}
