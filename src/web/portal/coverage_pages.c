/* web/portal/coverage_pages.c - one source: what of it is read, what is not, what it tells. */
#include "base/time.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"
#include "web/portal/facts.h"
#include "web/portal/pages.h"

enum {
    UNREAD_SHOWN = 5, /* kinds of line: more is work for another day */
    DAYS_SHOWN = 30,
};

static enum mm_code write_days(struct mm_page *p, uint32_t source)
{
    struct mm_doc *list = mm_doc_array(p->doc, "days");
    int64_t today = mm_cover_day_of(p->now_us);
    struct mm_cover_day *days = NULL;
    size_t n = 0;
    enum mm_code code = mm_cover_days(p->tx, p->arena, source, today - DAYS_SHOWN + 1, &days, &n);

    for (size_t i = n; code == MM_OK && i > 0; i--) {
        const struct mm_cover_day *d = &days[i - 1];
        struct mm_doc *o = mm_doc_object(list, NULL);
        int64_t all = (int64_t)(d->parsed + d->unparsed); /* of database integers */
        char date[MM_TIME_TEXT];

        mm_time_text(d->day * MM_US_PER_DAY, date);
        mm_doc_text(o, "day", mm_slice_of(date, 10));
        mm_doc_measured(o, "parsed", (int64_t)d->parsed);
        mm_doc_measured(o, "unparsed", (int64_t)d->unparsed);
        if (all > 0)
            mm_doc_measured(o, "coverage_permille", (int64_t)d->parsed * 1000 / all);
        else
            mm_doc_none(o, "coverage_permille", "not_measured");
    }
    return code;
}

/* Which questions its lines have answered so far; "unknown" while no line was read. */
static void write_topics(struct mm_page *p, uint32_t seen, bool read)
{
    struct mm_doc *list = mm_doc_array(p->doc, "topics");

    for (uint32_t t = 0; t < MM_TOPICS; t++) {
        struct mm_doc *o = mm_doc_object(list, NULL);
        bool told = (seen >> t & 1) != 0;

        mm_doc_str(o, "topic", mm_topic_name((enum mm_topic)t));
        mm_doc_str(o, "told", told ? "told" : read ? "not_seen" : "unknown");
    }
}

static enum mm_code write_formats(struct mm_page *p, uint32_t source)
{
    struct mm_doc *list = mm_doc_array(p->doc, "formats");
    struct mm_source_format *formats = NULL;
    uint32_t seen = 0;
    bool read = false;
    size_t n = 0;
    enum mm_code code = mm_source_formats(p->tx, p->arena, source, &formats, &n);

    for (size_t i = 0; code == MM_OK && i < n; i++) {
        const struct mm_source_format *f = &formats[i];
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_text(o, "format", f->format);
        mm_doc_text(o, "format_title", mm_facts_format_title(p, f->format));
        mm_doc_measured(o, "parsed", (int64_t)f->parsed); /* of database integers */
        mm_doc_measured(o, "unparsed", (int64_t)f->unparsed);
        mm_doc_time(o, "first", f->first_us);
        mm_doc_time(o, "last", f->last_us);
        seen |= f->topics;
        read = read || f->parsed > 0;
    }
    write_topics(p, seen, read);
    return code;
}

static void write_template(struct mm_page *p, const struct mm_unread *u)
{
    struct mm_doc *o = mm_doc_object((struct mm_doc *)(uintptr_t)mm_doc_get(p->doc, MM_S("unread")),
                                     NULL),
                  *lines;
    struct mm_shape shape;
    struct mm_buf text;

    mm_buf_init(&text, MM_CLUSTER_TEXT);
    if (mm_shape_read(u->shape, &shape))
        mm_shape_template(&shape, &text);
    mm_doc_int(o, "unread", u->unread);
    mm_doc_text(o, "template", mm_buf_slice(&text));
    mm_doc_text(o, "app", u->app);
    mm_doc_text(o, "format", u->format);
    mm_doc_text(o, "format_title", mm_facts_format_title(p, u->format));
    mm_doc_measured(o, "count", (int64_t)u->count); /* of a database integer */
    mm_doc_time(o, "first", u->first_us);
    mm_doc_time(o, "last", u->last_us);
    lines = mm_doc_array(o, "lines");
    for (size_t i = 0; i < u->lines; i++)
        mm_doc_text(lines, NULL, u->line[i]);
    mm_buf_done(&text);
}

/* Lines hold what people did: they are shown to who may search them. */
static enum mm_code write_unread(struct mm_page *p, uint32_t source)
{
    struct mm_unread *list = NULL;
    size_t n = 0;
    enum mm_code code = MM_OK;

    (void)mm_doc_array(p->doc, "unread");
    if (!mm_page_may(p, MM_MAY_SEARCH))
        return MM_OK;
    code = mm_unread_list(p->tx, p->arena, source, 0, UNREAD_SHOWN, &list, &n);
    for (size_t i = 0; code == MM_OK && i < n; i++)
        write_template(p, &list[i]);
    return code;
}

enum mm_code mm_page_source(struct mm_page *p)
{
    struct mm_fact_sources all, one;
    uint64_t number = 0;
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        code = mm_page_number(p, 1, &number);
    if (code == MM_OK)
        code = mm_facts_sources(p, &all);
    if (code != MM_OK)
        return code;
    one = (struct mm_fact_sources){.list = all.list};
    while (one.n < 1 && all.n > 0) {
        if (one.list->source == number)
            one.n = 1;
        else if (--all.n > 0)
            one.list++;
    }
    if (one.n == 0)
        return MM_E_NOTFOUND;
    mm_facts_write_sources(p, &one, mm_doc_array(p->doc, "sources"));
    code = write_days(p, one.list->source);
    if (code == MM_OK)
        code = write_formats(p, one.list->source);
    return code == MM_OK ? write_unread(p, one.list->source) : code;
}
