/* text/chart.c - see chart.h for the contract. */
#include "text/chart.h"

enum {
    WIDE = 3, /* of a bar; one more is the gap to the next */
    HIGH = 40,
};

/* Numbers of a bar; below zero, and what is no number, counts as nothing. */
struct bar {
    uint64_t low, high;
};

static uint64_t number_of(const struct mm_doc *d)
{
    bool number = d != NULL && (d->type == MM_DOC_INT || d->type == MM_DOC_MEASURED);

    return number && d->i > 0 ? (uint64_t)d->i : 0;
}

static struct bar bar_of(const struct mm_doc *e, struct mm_slice low, struct mm_slice high)
{
    struct bar b = {0};

    if (e->type == MM_DOC_OBJECT) {
        b.low = number_of(mm_doc_get(e, low));
        b.high = number_of(mm_doc_get(e, high));
    }
    return b;
}

/* Height of a part of a bar; what is there is never invisible. Halved until it cannot overflow. */
static uint64_t height(uint64_t part, uint64_t top)
{
    while (part > UINT64_MAX / HIGH) {
        part /= 2;
        top /= 2;
    }
    if (part == 0 || top == 0)
        return 0;
    return part * HIGH / top > 0 ? part * HIGH / top : 1;
}

/* Both heights; when both were rounded up the greater one gives way. */
static struct bar heights(struct bar b, uint64_t top)
{
    struct bar h = {height(b.low, top), height(b.high, top)};

    if (h.low + h.high > HIGH && h.low >= h.high)
        h.low--;
    else if (h.low + h.high > HIGH)
        h.high--;
    return h;
}

/* One path of all low or all high parts. */
static void put_parts(struct mm_buf *out, const struct bar *bar, size_t n, uint64_t top, bool upper)
{
    mm_buf_fmt(out, "<path class=\"%s\" d=\"", upper ? "high" : "low");
    for (size_t i = 0; i < n; i++) {
        struct bar h = heights(bar[i], top == 0 ? bar[i].low + bar[i].high : top);
        unsigned base = upper ? (unsigned)h.low : 0; /* at most HIGH, and the next one too */
        unsigned own = upper ? (unsigned)h.high : (unsigned)h.low;

        if (own > 0)
            mm_buf_fmt(out, "M%zu %uv-%uh%dv%uz", i * (WIDE + 1), HIGH - base, own, WIDE, own);
    }
    mm_buf_str(out, "\"/>");
}

void mm_chart_bars(struct mm_buf *out, const struct mm_doc *list, struct mm_slice low,
                   struct mm_slice high, bool share)
{
    struct bar bar[MM_CHART_BARS_MAX];
    uint64_t top = 0;
    size_t n = 0;

    if (list == NULL || list->type != MM_DOC_ARRAY)
        return;
    for (const struct mm_doc *e = list->first; e != NULL && n < MM_CHART_BARS_MAX; e = e->next) {
        struct bar b = bar_of(e, low, high);

        /* Numbers of a document are below 2^63: their sum is one of 64 bits. */
        if (!share && b.low + b.high > top)
            top = b.low + b.high;
        bar[n++] = b;
    }
    if (n == 0 || (!share && top == 0))
        return;
    mm_buf_fmt(out,
               "<svg class=\"bars\" viewBox=\"0 0 %zu %d\" preserveAspectRatio=\"none\" "
               "aria-hidden=\"true\" focusable=\"false\">",
               n * (WIDE + 1) - 1, HIGH);
    put_parts(out, bar, n, share ? 0 : top, false);
    put_parts(out, bar, n, share ? 0 : top, true);
    mm_buf_str(out, "</svg>");
}
