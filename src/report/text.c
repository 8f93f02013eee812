/* report/text.c - the report's tables for a terminal; see report.h for the contract. */
#include "base/time.h"
#include "base/utf8.h"
#include "report/report.h"

enum { COLUMNS_MAX = 6, KEY_MAX = 96 };

/* Terminal columns of a text: East Asian wide characters take two. */
static size_t width_of(struct mm_slice s)
{
    size_t at = 0, width = 0;

    while (at < s.n) {
        size_t n = mm_utf8_len(s, at);
        bool wide = n >= 3 && s.p[at] >= 0xE2 && !(s.p[at] == 0xE2 && s.p[at + 1] < 0xBA);

        width += wide ? 2 : 1;
        at += n == 0 ? 1 : n;
    }
    return width;
}

static void pad(struct mm_buf *out, struct mm_slice s, size_t width, bool right)
{
    size_t have = width_of(s);

    if (!right)
        mm_utf8_clean(out, s);
    for (; have < width; have++)
        mm_buf_byte(out, ' ');
    if (right)
        mm_utf8_clean(out, s);
}

static struct mm_slice words(enum mm_lang lang, const char *prefix, struct mm_slice name)
{
    char key[KEY_MAX];
    int n = snprintf(key, sizeof(key), "%s%.*s", prefix, (int)mm_min_size(name.n, 40),
                     (const char *)name.p);
    const char *text = mm_lang_text(lang, mm_slice_of(key, (size_t)n), 1);

    return text == NULL ? name : mm_slice_str(text);
}

static void measured(struct mm_buf *out, const struct mm_doc *row, const char *key, size_t width)
{
    const struct mm_doc *d = mm_doc_get(row, mm_slice_str(key));
    struct mm_buf text;

    mm_buf_init(&text, 64);
    if (d != NULL && d->type == MM_DOC_MEASURED)
        mm_lang_number(&text, d->i);
    else
        mm_buf_str(&text, "-");
    pad(out, mm_buf_slice(&text), width, true);
    mm_buf_done(&text);
}

static struct mm_slice text_at(const struct mm_doc *row, const char *key)
{
    const struct mm_doc *d = mm_doc_get(row, mm_slice_str(key));

    return d != NULL && d->type == MM_DOC_TEXT ? d->text : (struct mm_slice){0};
}

static int64_t int_at(const struct mm_doc *row, const char *key)
{
    const struct mm_doc *d = mm_doc_get(row, mm_slice_str(key));

    return d == NULL ? 0 : d->i;
}

static void title(struct mm_buf *out, enum mm_lang lang, const char *key)
{
    mm_buf_byte(out, '\n');
    mm_buf_add(out, words(lang, key, (struct mm_slice){0}));
    mm_buf_byte(out, '\n');
}

static void class_table(struct mm_buf *out, const struct mm_doc *doc, enum mm_lang lang)
{
    const struct mm_doc *list = mm_doc_get(doc, MM_S("classes"));
    const struct mm_doc *by = mm_doc_get(doc, MM_S("companies"));
    static const char *const columns[] = {"inline", "mirror", "total"};
    size_t first = 52, width = 18;

    title(out, lang, "report.alerts.title");
    pad(out, words(lang, "report.alerts.class", (struct mm_slice){0}), first, false);
    for (size_t i = 0; i < 3; i++)
        pad(out, words(lang, "report.alerts.", mm_slice_str(columns[i])), width, true);
    mm_buf_byte(out, '\n');
    pad(out, words(lang, "report.alerts.companies", (struct mm_slice){0}), first, false);
    for (size_t i = 0; i < 3; i++) {
        struct mm_buf n;

        mm_buf_init(&n, 64);
        mm_lang_number(&n, i < 2 ? int_at(by, columns[i])
                                 : int_at(by, "inline") + int_at(by, "mirror"));
        pad(out, mm_buf_slice(&n), width, true);
        mm_buf_done(&n);
    }
    mm_buf_byte(out, '\n');
    for (const struct mm_doc *row = list->first; row != NULL; row = row->next) {
        pad(out, words(lang, "report.class.", text_at(row, "class")), first, false);
        for (size_t i = 0; i < 3; i++)
            measured(out, row, columns[i], width);
        mm_buf_byte(out, '\n');
    }
    pad(out, words(lang, "report.not_advertising", (struct mm_slice){0}), first + 2 * width, false);
    measured(out, doc, "not_advertising", width);
    mm_buf_byte(out, '\n');
    mm_buf_add(out, words(lang, "report.alerts.note", (struct mm_slice){0}));
    mm_buf_byte(out, '\n');
}

static void case_table(struct mm_buf *out, const struct mm_doc *doc, enum mm_lang lang)
{
    const struct mm_doc *list = mm_doc_get(doc, MM_S("cases"));

    title(out, lang, "report.cases.title");
    pad(out, MM_S("No"), 4, false);
    pad(out, words(lang, "report.cases.what", (struct mm_slice){0}), 56, false);
    pad(out, words(lang, "report.cases.how", (struct mm_slice){0}), 14, false);
    mm_buf_add(out, words(lang, "report.cases.outcome", (struct mm_slice){0}));
    mm_buf_byte(out, '\n');
    for (const struct mm_doc *row = list->first; row != NULL; row = row->next) {
        struct mm_slice outcome = text_at(row, "outcome");
        struct mm_buf no;

        mm_buf_init(&no, 64);
        mm_lang_number(&no, int_at(row, "no"));
        pad(out, mm_buf_slice(&no), 4, false);
        mm_buf_done(&no);
        pad(out, text_at(row, "what"), 56, false);
        pad(out, words(lang, "report.how.", text_at(row, "how")), 14, false);
        mm_buf_add(out, outcome.n > 0 ? words(lang, "report.outcome.", outcome)
                                      : words(lang, "report.outcome.", MM_S("open")));
        mm_buf_byte(out, '\n');
    }
    if (list->first == NULL) {
        mm_buf_add(out, words(lang, "report.cases.none", (struct mm_slice){0}));
        mm_buf_byte(out, '\n');
    }
}

void mm_report_text(struct mm_buf *out, const struct mm_doc *doc, enum mm_lang lang)
{
    class_table(out, doc, lang);
    case_table(out, doc, lang);
}
