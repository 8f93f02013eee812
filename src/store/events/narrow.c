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

/*
 * "And" is said as * and "or" as +: the sums stay small, and for the words themselves the store
 * would copy whole columns of filters, to work out the rest for fewer rows (seven times the cost).
 */

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
            mm_buf_str(out, i > 0 ? " * " : a > 0 ? " + " : "");
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
        mm_buf_str(k->out, n++ > 0 ? " * " : "");
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
            mm_buf_str(k->out, " * ");
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
        mm_buf_str(k->out, n->kind == MM_QUERY_AND ? ") * (" : ") + (");
    middle = k->out->n;
    right = (left || n->kind == MM_QUERY_AND) && put_node(k, n->right);
    if (n->kind == MM_QUERY_AND ? !left && !right : !left || !right) {
        k->out->n = start;
        return false;
    }
    if (left && !right)
        k->out->n = middle - strlen(" * (");
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

    mm_buf_fmt(out,
               "SELECT queue, seq_from, seq_to FROM sieves "
               "WHERE company = {company:UInt32} AND form = %u",
               (unsigned)MM_SIEVE_FORM);
    /* A sieve's `received` is that of its newest line. */
    if (seconds > 0) {
        mm_buf_str(out, " AND received >= fromUnixTimestamp64Micro(");
        mm_buf_i64(out, now_us - (int64_t)seconds * MM_US_PER_S);
        mm_buf_str(out, ", 'UTC')");
    }
    mm_buf_str(out, " AND (");
    if (q->n == 0 || !put_node(&k, q->n - 1)) {
        out->n = start;
        return false;
    }
    mm_buf_fmt(out, ") = 0 ORDER BY company DESC, received DESC LIMIT %u",
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

/* Between the runs of a queue lies what has to be read. */
struct gaps {
    const struct mm_rows_run *run;
    size_t n; /* runs: one more than gaps */
    /* Gaps of at least so many numbers are said one by one, shorter ones by their blocks. */
    uint64_t long_from;
};

static uint64_t gap_length(const struct gaps *g, size_t i)
{
    return g->run[i + 1].from - g->run[i].to;
}

/* Make long_from so large that no more than STRETCHES_MAX gaps are long. */
static void choose_long(struct gaps *g)
{
    size_t longer = SIZE_MAX;

    for (g->long_from = 256 * MM_NARROW_BLOCK; longer > MM_NARROW_STRETCHES_MAX;
         g->long_from *= 2) {
        longer = 0;
        for (size_t i = 0; i + 1 < g->n; i++)
            longer += gap_length(g, i) >= g->long_from;
    }
    g->long_from /= 2;
}

/* The blocks of all short gaps, each once; to out unless that is NULL. Returns how many. */
static size_t put_blocks(const struct gaps *g, uint64_t block, struct mm_buf *out)
{
    uint64_t next = 0; /* the first one that was not said yet */
    size_t n = 0;

    for (size_t i = 0; i + 1 < g->n; i++) {
        uint64_t from = g->run[i].to / block, to = (g->run[i + 1].from - 1) / block + 1;

        if (gap_length(g, i) >= g->long_from)
            continue;
        if (from < next)
            from = next;
        n += to > from ? to - from : 0;
        for (; out != NULL && from < to; from++) {
            mm_buf_byte(out, ',');
            mm_buf_u64(out, from);
        }
        next = to > next ? to : next;
    }
    return n;
}

/* " OR (queue = 2 AND (seq < … OR seq >= … OR …))" */
static void put_queue(struct mm_buf *out, const struct mm_rows_run *run, size_t n,
                      size_t blocks_max)
{
    struct gaps g = {.run = run, .n = n};
    uint64_t block = MM_NARROW_BLOCK;

    choose_long(&g);
    mm_buf_fmt(out, " OR (queue = %u AND (seq < ", (unsigned)run[0].queue);
    mm_buf_u64(out, run[0].from);
    mm_buf_str(out, " OR seq >= ");
    mm_buf_u64(out, run[n - 1].to);
    for (size_t i = 0; i + 1 < n; i++) {
        if (gap_length(&g, i) < g.long_from)
            continue;
        mm_buf_str(out, " OR (seq >= ");
        mm_buf_u64(out, run[i].to);
        mm_buf_str(out, " AND seq < ");
        mm_buf_u64(out, run[i + 1].from);
        mm_buf_byte(out, ')');
    }
    while (put_blocks(&g, block, NULL) > blocks_max)
        block *= 2;
    mm_buf_str(out, " OR intDiv(seq, ");
    mm_buf_u64(out, block);
    mm_buf_str(out, ") IN (18446744073709551615"); /* no block has that number: a list of none */
    (void)put_blocks(&g, block, out);
    mm_buf_str(out, ")))");
}

/* Where the runs of the next queue begin. */
static size_t next_queue(const struct mm_rows_run *run, size_t n, size_t i)
{
    uint16_t queue = run[i].queue;

    while (i < n && run[i].queue == queue)
        i++;
    return i;
}

/* Events of queues that are not named are read. */
static void put_condition(struct mm_buf *out, const struct mm_rows_run *run, size_t n)
{
    size_t queues = 0, i = 0;

    mm_buf_str(out, " AND (queue NOT IN (");
    for (; i < n && queues < MM_NARROW_QUEUES_MAX; i = next_queue(run, n, i), queues++)
        mm_buf_fmt(out, "%s%u", queues > 0 ? ", " : "", (unsigned)run[i].queue);
    n = i;
    mm_buf_byte(out, ')');
    for (i = 0; i < n; i = next_queue(run, n, i))
        put_queue(out, run + i, next_queue(run, n, i) - i, MM_NARROW_BLOCKS_MAX / queues);
    mm_buf_byte(out, ')');
}

enum mm_code mm_narrow_put(struct mm_slice answer, struct mm_buf *out)
{
    struct mm_rd rd = mm_rd_of(answer);
    size_t max = answer.n / MM_ROWS_RUN_BYTES, n = 0;
    struct mm_rows_run *run = calloc(max + 1, sizeof(*run));
    enum mm_code code = run == NULL ? MM_E_NOMEM : MM_OK;

    while (code == MM_OK && mm_rd_left(&rd) > 0) {
        code = mm_rows_run(&rd, &run[n]);
        n += code == MM_OK && run[n].from < run[n].to; /* one of no numbers says nothing */
    }
    if (code == MM_OK && n > 0)
        put_condition(out, run, join(run, n));
    free(run);
    return code;
}
