/* store/events/narrow.c - see narrow.h for the contract. */
#include "store/events/narrow.h"

#include <stdlib.h>

#include "base/rd.h"
#include "base/time.h"
#include "store/events/rows.h"
#include "store/events/sieve.h"

/* ---- asking ---- */

struct asking {
    const struct mm_query *q;
    struct mm_buf *out;
    unsigned texts; /* asked for so far */
};

/* "Bit so and so of the filter is set", with the filter's own length. */
static void put_piece(struct mm_buf *out, const char *column, uint32_t hash)
{
    mm_buf_fmt(out,
               "bitTest(reinterpretAsUInt8(substring(%s, 1 + bitAnd(%u, length(%s) - 1), 1)), %u)",
               column, hash >> 3, column, hash & 7);
}

static void put_width(struct mm_buf *out, const struct mm_sieve_ask *ask, enum mm_sieve_width w)
{
    static const char *const columns[] = {"fours", "eights"};

    mm_buf_byte(out, '(');
    for (size_t a = 0; a < ask->alignments[w]; a++) {
        for (size_t i = 0; i < ask->pieces[w][a]; i++) {
            mm_buf_str(out, i > 0 ? " AND " : a > 0 ? " OR " : "");
            put_piece(out, columns[w], ask->hash[w][a][i]);
        }
    }
    mm_buf_byte(out, ')');
}

/* One text. False, and nothing written: it cannot be asked for. */
static bool put_text(struct asking *k, struct mm_slice text, bool folds)
{
    struct mm_sieve_ask ask;

    if (k->texts >= MM_NARROW_TEXTS_MAX || !mm_sieve_ask(text, folds, &ask))
        return false;
    k->texts++;
    for (size_t w = 0, n = 0; w < MM_SIEVE_WIDTHS; w++) {
        if (ask.alignments[w] == 0)
            continue;
        mm_buf_str(k->out, n++ > 0 ? " AND " : "");
        put_width(k->out, &ask, (enum mm_sieve_width)w);
    }
    return true;
}

/* The texts between a pattern's wildcards, all of which a line must have. */
static bool put_pattern(struct asking *k, struct mm_slice pattern)
{
    uint8_t text[MM_QUERY_TEXT_MAX];
    size_t n = 0;
    bool any = false;

    MM_ASSERT(pattern.n <= sizeof(text));
    for (size_t i = 0; i <= pattern.n; i++) {
        bool end = i == pattern.n || pattern.p[i] == '*' || pattern.p[i] == '?';

        if (!end) {
            i += pattern.p[i] == '\\' && i + 1 < pattern.n;
            text[n++] = pattern.p[i];
            continue;
        }
        size_t before = k->out->n;

        if (any)
            mm_buf_str(k->out, " AND ");
        if (put_text(k, mm_slice_of(text, n), true))
            any = true;
        else
            k->out->n = before;
        n = 0;
    }
    return any;
}

static bool put_term(struct asking *k, const struct mm_query_node *t)
{
    bool line = t->op == MM_QUERY_WORD ||
                (t->op == MM_QUERY_IS && mm_slice_eq(t->field, MM_S("event.original")));

    if (!line)
        return false;
    return t->wild ? put_pattern(k, t->value) : put_text(k, t->value, false);
}

/*
 * What the sieves can tell about a node; false, and nothing written, when that is nothing. Children
 * stand before their parents: as deep as there are nodes at most, that is 128.
 */
static bool put_node(struct asking *k, size_t i)
{
    const struct mm_query_node *n = &k->q->node[i];
    size_t start = k->out->n, middle;
    bool left, right;

    if (n->kind == MM_QUERY_TERM)
        return put_term(k, n);
    if (n->kind == MM_QUERY_NOT)
        return false; /* a line with the text is no proof of a line without it */
    mm_buf_byte(k->out, '(');
    left = put_node(k, n->left);
    if (left)
        mm_buf_str(k->out, n->kind == MM_QUERY_AND ? ") AND (" : ") OR (");
    middle = k->out->n;
    right = (left || n->kind == MM_QUERY_AND) && put_node(k, n->right);
    if (n->kind == MM_QUERY_AND ? !left && !right : !left || !right) {
        k->out->n = start;
        return false;
    }
    if (left && !right)
        k->out->n = middle - strlen(" AND (");
    else
        mm_buf_byte(k->out, ')');
    return true;
}

/* "last 24h" that all events must fulfil: how far back, or 0. */
static uint32_t last_seconds(const struct mm_query *q, size_t i)
{
    const struct mm_query_node *n = &q->node[i];

    while (n->kind == MM_QUERY_AND) {
        if (q->node[n->right].op == MM_QUERY_LAST && q->node[n->right].kind == MM_QUERY_TERM)
            return q->node[n->right].seconds;
        n = &q->node[n->left];
    }
    return n->kind == MM_QUERY_TERM && n->op == MM_QUERY_LAST ? n->seconds : 0;
}

bool mm_narrow_ask(const struct mm_query *q, int64_t now_us, struct mm_buf *out)
{
    struct asking k = {.q = q, .out = out};
    size_t start = out->n;
    uint32_t seconds = q->n > 0 ? last_seconds(q, q->n - 1) : 0;

    mm_buf_str(out, "SELECT queue, seq_from, seq_to FROM sieves WHERE company = {company:UInt32}");
    /* A sieve's `received` is that of its newest line. A day more, as in the search itself. */
    if (seconds > 0) {
        mm_buf_str(out, " AND received >= fromUnixTimestamp64Micro(");
        mm_buf_i64(out, now_us - (int64_t)seconds * MM_US_PER_S - MM_US_PER_DAY);
        mm_buf_str(out, ", 'UTC')");
    }
    mm_buf_str(out, " AND NOT (");
    if (q->n == 0 || !put_node(&k, q->n - 1)) {
        out->n = start;
        return false;
    }
    mm_buf_fmt(out, ") ORDER BY company DESC, received DESC LIMIT %u",
               (unsigned)MM_NARROW_ROWS_MAX);
    return true;
}

/* ---- leaving out ---- */

static int by_start(const void *a, const void *b)
{
    const struct mm_rows_run *x = a, *y = b;

    if (x->queue != y->queue)
        return x->queue < y->queue ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static int by_length(const void *a, const void *b)
{
    const struct mm_rows_run *x = a, *y = b;
    uint64_t n = x->to - x->from, m = y->to - y->from;

    return n > m ? -1 : n < m;
}

/* Sort, and join what touches. Returns how many are left. */
static size_t join(struct mm_rows_run *run, size_t n)
{
    size_t used = 0;

    qsort(run, n, sizeof(*run), by_start);
    for (size_t i = 0; i < n; i++) {
        struct mm_rows_run *last = used > 0 ? &run[used - 1] : NULL;

        if (last == NULL || last->queue != run[i].queue || last->to < run[i].from)
            run[used++] = run[i];
        else if (last->to < run[i].to)
            last->to = run[i].to;
    }
    return used;
}

enum mm_code mm_narrow_put(struct mm_slice answer, struct mm_buf *out)
{
    struct mm_rd rd = mm_rd_of(answer);
    size_t max = answer.n / MM_ROWS_RUN_BYTES, n = 0;
    struct mm_rows_run *run = calloc(max + 1, sizeof(*run));
    enum mm_code code = run == NULL ? MM_E_NOMEM : MM_OK;

    while (code == MM_OK && mm_rd_left(&rd) > 0)
        code = mm_rows_run(&rd, &run[n++]);
    if (code != MM_OK)
        goto out;
    n = join(run, n);
    if (n > MM_NARROW_RUNS_MAX) {
        qsort(run, n, sizeof(*run), by_length);
        n = MM_NARROW_RUNS_MAX;
    }
    for (size_t i = 0; i < n; i++) {
        mm_buf_fmt(out, " AND NOT (queue = %u AND seq >= ", (unsigned)run[i].queue);
        mm_buf_u64(out, run[i].from);
        mm_buf_str(out, " AND seq < ");
        mm_buf_u64(out, run[i].to);
        mm_buf_byte(out, ')');
    }
out:
    free(run);
    return code;
}
