/* cost/doc.c - a month as a document and as a sheet; see cost.h for the contract. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cost/cost.h"

static int by_yen(const void *a, const void *b)
{
    const struct mm_cost_company *const *one = a, *const *two = b;

    if ((*one)->yen != (*two)->yen)
        return (*one)->yen < (*two)->yen ? 1 : -1;
    return ((*one)->company > (*two)->company) - ((*one)->company < (*two)->company);
}

/* Dearest first; NULL without memory. The caller frees it. */
static const struct mm_cost_company **ordered(const struct mm_cost *c)
{
    const struct mm_cost_company **list = calloc(c->n + 1, sizeof(struct mm_cost_company *));

    for (size_t i = 0; list != NULL && i < c->n; i++)
        list[i] = &c->company[i];
    if (list != NULL && c->n > 1)
        qsort(list, c->n, sizeof(struct mm_cost_company *), by_yen);
    return list;
}

static bool has_cpu(const struct mm_cost *c)
{
    return c->intake_us + c->engine_us + c->store_us + c->rest_us > 0;
}

static void measured(struct mm_doc *d, const char *key, bool known, int64_t v)
{
    if (known)
        mm_doc_measured(d, key, v);
    else
        mm_doc_none(d, key, "not_measured");
}

/* n of `of` in thousandths; nothing of nothing is not measured. */
static void permille(struct mm_doc *d, const char *key, uint64_t n, uint64_t of)
{
    measured(d, key, of > 0, of > 0 ? (int64_t)(n * 1000 / of) : 0);
}

static int64_t number(uint64_t v)
{
    return (int64_t)(v & INT64_MAX);
}

static void write_top(const struct mm_cost *c, const struct mm_cost_company *k, struct mm_doc *at)
{
    const struct mm_cost_source *s = k->top;
    struct mm_doc *d;

    if (s == NULL)
        return;
    d = mm_doc_object(at, "top");
    mm_doc_int(d, "source", s->source);
    mm_doc_text(d, "name", s->name);
    permille(d, "bytes_permille", s->bytes, k->bytes);
    permille(d, "unread_permille", s->unparsed, s->parsed + s->unparsed);
    measured(d, "alerts", c->store_there, number(s->alerts));
}

static void write_company(const struct mm_cost *c, const struct mm_cost_company *k,
                          struct mm_doc *d)
{
    mm_doc_int(d, "company", k->company);
    mm_doc_text(d, "code", k->code);
    mm_doc_text(d, "name", k->name);
    mm_doc_int(d, "lines", number(k->lines));
    mm_doc_int(d, "bytes", number(k->bytes));
    mm_doc_int(d, "searches", number(k->searches));
    measured(d, "cpu_ms", has_cpu(c), k->cpu_us / 1000);
    measured(d, "disk_bytes", c->store_there, k->disk_bytes);
    mm_doc_int(d, "machine_yen", k->machine_yen);
    measured(d, "minutes", k->acts > 0, number(k->minutes));
    mm_doc_int(d, "acts", number(k->acts));
    mm_doc_int(d, "people_yen", k->people_yen);
    mm_doc_int(d, "yen", k->yen);
    mm_doc_bool(d, "over", k->reason != MM_COST_NONE);
    if (k->reason != MM_COST_NONE)
        mm_doc_str(d, "reason", mm_cost_reason_name(k->reason));
    write_top(c, k, d);
}

static void write_totals(const struct mm_cost *c, struct mm_doc *d)
{
    struct mm_cost_company sum = {0};
    int64_t companies = 0, over = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct mm_cost_company *k = &c->company[i];

        companies += k->company != 0;
        over += k->reason != MM_COST_NONE;
        sum.lines += k->lines;
        sum.bytes += k->bytes;
        sum.searches += k->searches;
        sum.cpu_us += k->cpu_us;
        sum.disk_bytes += k->disk_bytes;
        sum.minutes += k->minutes;
        sum.acts += k->acts;
        sum.machine_yen += k->machine_yen;
        sum.people_yen += k->people_yen;
        sum.yen += k->yen;
    }
    mm_doc_int(d, "companies", companies);
    mm_doc_int(d, "over", over);
    mm_doc_int(d, "lines", number(sum.lines));
    mm_doc_int(d, "bytes", number(sum.bytes));
    mm_doc_int(d, "searches", number(sum.searches));
    measured(d, "cpu_ms", has_cpu(c), sum.cpu_us / 1000);
    measured(d, "disk_bytes", c->store_there, sum.disk_bytes);
    measured(d, "minutes", sum.acts > 0, number(sum.minutes));
    mm_doc_int(d, "acts", number(sum.acts));
    mm_doc_int(d, "machine_yen", sum.machine_yen);
    mm_doc_int(d, "people_yen", sum.people_yen);
    mm_doc_int(d, "yen", sum.yen);
    mm_doc_int(d, "fee_yen", companies * c->prices.fee);
}

void mm_cost_doc(const struct mm_cost *c, int64_t now_us, size_t from, size_t max,
                 struct mm_doc *doc)
{
    const struct mm_cost_company **list = ordered(c);
    struct mm_cost_month before;
    struct mm_doc *d;

    mm_doc_time(doc, "at", now_us);
    mm_doc_str(doc, "month", c->month.name);
    mm_doc_bool(doc, "so_far", !c->month.over);
    if (mm_cost_month_before(&c->month, now_us, &before))
        mm_doc_text(doc, "before", mm_slice_str(before.name));
    d = mm_doc_object(doc, "prices");
    mm_doc_int(d, "machine_yen", c->prices.machine);
    mm_doc_int(d, "hour_yen", c->prices.hour);
    mm_doc_int(d, "fee_yen", c->prices.fee);
    write_totals(c, mm_doc_object(doc, "totals"));
    d = mm_doc_array(doc, "companies");
    doc->root->failed = doc->root->failed || list == NULL;
    for (size_t i = from; list != NULL && i < c->n && i < from + max; i++)
        write_company(c, list[i], mm_doc_object(d, NULL));
    if (from + max < c->n)
        mm_doc_int(doc, "next", (int64_t)(from + max));
    free(list);
}

/* ---- the sheet ---- */

/* A cell in quotes. A spreadsheet takes what begins with one of these for a formula. */
static void cell(struct mm_buf *out, struct mm_slice text)
{
    mm_buf_byte(out, '"');
    if (text.n > 0 && memchr("=+-@\t\r", text.p[0], 6) != NULL)
        mm_buf_byte(out, '\'');
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"')
            mm_buf_byte(out, '"');
        mm_buf_byte(out, text.p[i]);
    }
    mm_buf_byte(out, '"');
}

static void num(struct mm_buf *out, bool known, int64_t v)
{
    if (known)
        mm_buf_fmt(out, ",%" PRId64, v);
    else
        mm_buf_byte(out, ',');
}

static void write_head(enum mm_lang lang, struct mm_buf *out)
{
    static const char *const keys[] = {
        "cost.sheet.month",   "cost.sheet.code",       "cost.sheet.name",   "cost.sheet.lines",
        "cost.sheet.bytes",   "cost.sheet.searches",   "cost.sheet.cpu",    "cost.sheet.disk",
        "cost.sheet.machine", "cost.sheet.minutes",    "cost.sheet.people", "cost.sheet.yen",
        "cost.sheet.fee",     "cost.sheet.top_source", "cost.sheet.reason",
    };

    mm_buf_str(out, "\xef\xbb\xbf"); /* without it Excel takes UTF-8 for something else */
    for (size_t i = 0; i < MM_COUNT(keys); i++) {
        if (i > 0)
            mm_buf_byte(out, ',');
        cell(out, mm_slice_str(mm_lang_text(lang, mm_slice_str(keys[i]), 1)));
    }
    mm_buf_str(out, "\r\n");
}

static struct mm_slice reason_words(enum mm_lang lang, enum mm_cost_reason r)
{
    char key[48];

    if (r == MM_COST_NONE)
        return (struct mm_slice){0};
    (void)snprintf(key, sizeof(key), "cost.reason.%s", mm_cost_reason_name(r));
    return mm_slice_str(mm_lang_text(lang, mm_slice_str(key), 1));
}

void mm_cost_csv(const struct mm_cost *c, enum mm_lang lang, struct mm_buf *out)
{
    const struct mm_cost_company **list = ordered(c);

    out->failed = out->failed || list == NULL;
    write_head(lang, out);
    for (size_t i = 0; list != NULL && i < c->n; i++) {
        const struct mm_cost_company *k = list[i];

        mm_buf_str(out, c->month.name);
        mm_buf_byte(out, ',');
        cell(out, k->code);
        mm_buf_byte(out, ',');
        cell(out, k->name);
        num(out, true, number(k->lines));
        num(out, true, number(k->bytes));
        num(out, true, number(k->searches));
        num(out, has_cpu(c), k->cpu_us / 1000);
        num(out, c->store_there, k->disk_bytes);
        num(out, true, k->machine_yen);
        num(out, k->acts > 0, number(k->minutes));
        num(out, true, k->people_yen);
        num(out, true, k->yen);
        num(out, k->company != 0, c->prices.fee);
        mm_buf_byte(out, ',');
        cell(out, k->top == NULL ? (struct mm_slice){0} : k->top->name);
        mm_buf_byte(out, ',');
        cell(out, reason_words(lang, k->reason));
        mm_buf_str(out, "\r\n");
    }
    free(list);
}
