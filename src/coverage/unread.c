/* coverage/unread.c - templates of unread lines; see coverage.h for the contract. */
#include "base/time.h"
#include "base/utf8.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"
#include "coverage/coverage_priv.h"

enum { WEAKEST = 10 }; /* templates that make room at once */

/* A source's templates while new ones are put to them. */
struct put {
    struct mm_tx *tx;
    uint32_t source;
    struct mm_cluster set;
    int64_t row[MM_UNREAD_MAX];          /* by index in set; 0: not stored yet */
    struct mm_unread sum[MM_UNREAD_MAX]; /* likewise: what came, all together; count 0: nothing */
    struct mm_buf key, text;
};
static_assert((int)MM_UNREAD_MAX <= (int)MM_CLUSTER_SET, "one set holds a source's templates");

static enum mm_code load_known(struct put *p)
{
    struct mm_shape shape;
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_coverage_stmts[MM_COVERAGE_UNREAD_OF]);
    mm_q_int(&q, ":source", p->source);
    mm_q_int(&q, ":max", MM_UNREAD_MAX);
    while (mm_q_row(&q)) {
        size_t at;

        /* A later version may no longer know a type: what it wrote stays until it is old. */
        if (!mm_shape_read(mm_q_col_text(&q, 2), &shape))
            continue;
        at = mm_cluster_load(&p->set, p->source, mm_q_col_text(&q, 1), &shape);
        if (at != SIZE_MAX)
            p->row[at] = mm_q_col_int(&q, 0);
    }
    return mm_q_end(&q);
}

/* Texts of ours are UTF-8; a program's name may be anything. */
static struct mm_slice clean(struct mm_buf *out, struct mm_slice s)
{
    mm_buf_reset(out);
    mm_utf8_clean(out, s);
    return mm_buf_slice(out);
}

static void bind_line(struct mm_q *q, const char *name, const struct mm_unread *u, size_t at)
{
    if (at < u->lines)
        mm_q_blob(q, name, mm_slice_sub(u->line[at], 0, MM_UNREAD_LINE));
    else
        mm_q_null(q, name);
}

static enum mm_code add_row(struct put *p, const struct mm_unread *u)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_coverage_stmts[MM_COVERAGE_UNREAD_ADD]);
    mm_q_int(&q, ":source", u->source);
    mm_q_text(&q, ":app", clean(&p->text, u->app));
    mm_q_text(&q, ":shape", mm_buf_slice(&p->key));
    mm_q_text(&q, ":format", u->format);
    mm_q_int(&q, ":count", (int64_t)u->count); /* differences: far below 2^63 */
    mm_q_int(&q, ":first", u->first_us);
    mm_q_int(&q, ":last", u->last_us);
    mm_q_int(&q, ":queue", u->queue);
    mm_q_int(&q, ":seq", (int64_t)u->seq);
    bind_line(&q, ":line1", u, 0);
    bind_line(&q, ":line2", u, 1);
    bind_line(&q, ":line3", u, 2);
    return mm_q_end(&q);
}

static enum mm_code count_row(struct put *p, const struct mm_unread *u, int64_t row)
{
    struct mm_q q;

    mm_q_begin(&q, p->tx, &mm_coverage_stmts[MM_COVERAGE_UNREAD_COUNT]);
    mm_q_int(&q, ":unread", row);
    mm_q_text(&q, ":shape", mm_buf_slice(&p->key));
    mm_q_text(&q, ":format", u->format);
    mm_q_int(&q, ":count", (int64_t)u->count); /* differences: far below 2^63 */
    mm_q_int(&q, ":last", u->last_us);
    mm_q_int(&q, ":queue", u->queue);
    mm_q_int(&q, ":seq", (int64_t)u->seq);
    bind_line(&q, ":newest", u, u->lines - 1);
    bind_line(&q, ":more", u, u->lines - 2); /* of one line: wraps around, and is none */
    return mm_q_end(&q);
}

/* Like lines, one after the other: counts add up, the first two examples and the newest stay. */
static void add_up(struct mm_unread *sum, const struct mm_unread *u)
{
    if (sum->count == 0) {
        *sum = *u;
        return;
    }
    sum->count += u->count;
    sum->format = u->format;
    sum->queue = u->queue;
    sum->seq = u->seq;
    sum->last_us = u->last_us > sum->last_us ? u->last_us : sum->last_us;
    for (size_t i = 0; i < u->lines; i++)
        sum->line[sum->lines < MM_UNREAD_EXAMPLES ? sum->lines++ : MM_UNREAD_EXAMPLES - 1] =
            u->line[i];
}

/* Where the template belongs; false when there was no room for it. */
static bool put_one(struct put *p, const struct mm_unread *u)
{
    struct mm_shape shape;
    size_t at;

    MM_ASSERT(u->lines >= 1 && u->lines <= MM_UNREAD_EXAMPLES && u->count > 0);
    MM_ASSERT(u->source == p->source);
    if (!mm_shape_read(u->shape, &shape))
        return true;
    at = mm_cluster_put(&p->set, p->source, clean(&p->text, u->app), &shape);
    if (at == SIZE_MAX)
        return false;
    add_up(&p->sum[at], u);
    return true;
}

static enum mm_code write_one(struct put *p, size_t at)
{
    mm_shape_key(&p->set.entry[at].shape, &p->key);
    return p->row[at] != 0 ? count_row(p, &p->sum[at], p->row[at]) : add_row(p, &p->sum[at]);
}

static enum mm_code forget(struct put *p, bool full, int64_t now_us)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, p->tx, &mm_coverage_stmts[MM_COVERAGE_UNREAD_OLD]);
    mm_q_int(&q, ":source", p->source);
    mm_q_int(&q, ":before", now_us - MM_UNREAD_KEEP_DAYS * MM_US_PER_DAY);
    code = mm_q_end(&q);
    if (code != MM_OK || !full)
        return code;
    mm_q_begin(&q, p->tx, &mm_coverage_stmts[MM_COVERAGE_UNREAD_WEAKEST]);
    mm_q_int(&q, ":source", p->source);
    mm_q_int(&q, ":n", WEAKEST);
    return mm_q_end(&q);
}

static enum mm_code put_all(struct put *p, const struct mm_unread *list, size_t n, int64_t now_us)
{
    bool full = false;
    enum mm_code code = load_known(p);

    for (size_t i = 0; i < n && code == MM_OK; i++)
        full = !put_one(p, &list[i]) || full;
    for (size_t i = 0; i < p->set.count && code == MM_OK; i++) {
        if (p->sum[i].count > 0)
            code = write_one(p, i);
    }
    return code == MM_OK ? forget(p, full, now_us) : code;
}

enum mm_code mm_unread_put(struct mm_tx *tx, const struct mm_unread *list, size_t n, int64_t now_us)
{
    struct put p = {.tx = tx};
    bool is = false;
    enum mm_code code;

    MM_ASSERT(n > 0);
    p.source = list[0].source;
    if (mm_cluster_init(&p.set, MM_UNREAD_MAX) != MM_OK)
        return MM_E_NOMEM;
    mm_buf_init(&p.key, MM_CLUSTER_TEXT);
    mm_buf_init(&p.text, 4 * MM_CLUSTER_APP);
    code = mm_coverage_enter(tx, list[0].company, &is);
    if (code == MM_OK) {
        if (is)
            code = put_all(&p, list, n, now_us);
        mm_tx_widen(tx);
    }
    mm_cluster_done(&p.set);
    mm_buf_done(&p.key);
    mm_buf_done(&p.text);
    return code;
}

enum mm_code mm_unread_list(struct mm_tx *tx, struct mm_arena *a, uint32_t source, int64_t unread,
                            size_t max, struct mm_unread **ret, size_t *ret_n)
{
    struct mm_unread *list = mm_arena_array(a, max, sizeof(*list));
    struct mm_q q;
    size_t n = 0;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_coverage_stmts[MM_COVERAGE_UNREAD_LIST]);
    mm_q_int(&q, ":source", source);
    mm_q_int(&q, ":unread", unread);
    mm_q_int(&q, ":max", (int64_t)max); /* a page's worth */
    while (n < max && mm_q_row(&q)) {
        struct mm_unread *u = &list[n++];

        *u = (struct mm_unread){.unread = mm_q_col_int(&q, 0),
                                .company = mm_q_col_u32(&q, 1),
                                .source = mm_q_col_u32(&q, 2),
                                .app = mm_q_col_dup(&q, 3, a),
                                .shape = mm_q_col_dup(&q, 4, a),
                                .format = mm_q_col_dup(&q, 5, a),
                                .count = (uint64_t)mm_q_col_int(&q, 6),
                                .first_us = mm_q_col_int(&q, 7),
                                .last_us = mm_q_col_int(&q, 8),
                                .queue = (uint16_t)mm_q_col_u32(&q, 9),
                                .seq = (uint64_t)mm_q_col_int(&q, 10)};
        for (int i = 0; i < MM_UNREAD_EXAMPLES; i++) {
            if (!mm_q_col_null(&q, 11 + i) &&
                !mm_arena_dup(a, mm_q_col_blob(&q, 11 + i), &u->line[u->lines++]))
                q.code = MM_E_NOMEM;
        }
    }
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}
