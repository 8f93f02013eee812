/* web/portal/coverage_pages.c - one source: what of it is read, what is not, what it tells. */
#include "base/time.h"
#include "codec/cluster.h"
#include "coverage/coverage.h"
#include "parse/parse.h"
#include "web/portal/cover_view.h"
#include "web/portal/facts.h"
#include "web/portal/intake_view.h"
#include "web/portal/pages.h"

enum {
    UNREAD_SHOWN = 5, /* kinds of line: more is work for another day */
};

/* One source, on its way to the page. */
struct seen {
    struct mm_page *p;
    const struct mm_fact_source *source;
    int64_t today;
    struct mm_cover_day *days; /* with lines, oldest first */
    size_t days_n;
    struct mm_source_format *formats;
    size_t formats_n;
};

void mm_cover_write_counts(struct mm_doc *o, const struct mm_cover_sum *s)
{
    mm_doc_measured(o, "parsed", (int64_t)s->parsed); /* of database integers */
    mm_doc_measured(o, "unparsed", (int64_t)s->unparsed);
    if (mm_cover_permille(s) >= 0)
        mm_doc_measured(o, "coverage_permille", mm_cover_permille(s));
    else
        mm_doc_none(o, "coverage_permille", "no_lines");
}

void mm_cover_write_trend(struct mm_doc *list, const struct mm_cover_day *days, size_t n,
                          int64_t today)
{
    for (int64_t day = today - MM_COVER_DAYS_SHOWN + 1; day <= today; day++) {
        struct mm_cover_sum one = mm_cover_sum(days, n, day, day + 1);
        struct mm_doc *o = mm_doc_object(list, NULL);

        if (one.parsed + one.unparsed > 0) {
            mm_doc_measured(o, "parsed", (int64_t)one.parsed); /* of database integers */
            mm_doc_measured(o, "unparsed", (int64_t)one.unparsed);
        } else {
            mm_doc_none(o, "parsed", "no_lines");
            mm_doc_none(o, "unparsed", "no_lines");
        }
    }
}

static void write_days(const struct seen *s)
{
    static const struct {
        const char *span;
        int64_t from, to; /* days back */
    } spans[] = {{"week", 6, -1}, {"week_before", 13, 6}, {"month", MM_COVER_DAYS_SHOWN - 1, -1}};
    struct mm_doc *list = mm_doc_array(s->p->doc, "spans");

    for (size_t i = 0; i < MM_COUNT(spans); i++) {
        struct mm_cover_sum sum =
            mm_cover_sum(s->days, s->days_n, s->today - spans[i].from, s->today - spans[i].to);
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_doc_str(o, "span", spans[i].span);
        mm_cover_write_counts(o, &sum);
    }
    mm_cover_write_trend(mm_doc_array(s->p->doc, "trend"), s->days, s->days_n, s->today);
    list = mm_doc_array(s->p->doc, "days");
    for (size_t i = s->days_n; i > 0; i--) {
        const struct mm_cover_day *d = &s->days[i - 1];
        struct mm_doc *o = mm_doc_object(list, NULL);
        char date[MM_TIME_TEXT];

        mm_time_text(d->day * MM_US_PER_DAY, date);
        mm_doc_text(o, "day", mm_slice_of(date, 10));
        mm_cover_write_counts(o,
                              &(struct mm_cover_sum){.parsed = d->parsed, .unparsed = d->unparsed});
    }
}

/* What formats that read its lines of the last days (without any: the one it is said to send)
 * could tell; false when none of them is known. */
static bool could_tell(const struct seen *s, uint32_t *ret)
{
    const struct mm_known_formats *known = mm_page_known(s->p);
    int64_t since = (s->today - MM_COVER_DAYS_SHOWN + 1) * MM_US_PER_DAY;
    bool any = false;

    *ret = UINT32_C(1) << MM_TOPIC_TIME;
    for (size_t i = 0; known != NULL && i <= s->formats_n; i++) {
        struct mm_slice name = i < s->formats_n ? s->formats[i].format : s->source->format;
        uint16_t at = mm_formats_find(mm_known_set(known), name);
        uint64_t gives[MM_F_WORDS];

        if (at == MM_FORMAT_NONE || (i == s->formats_n && any) ||
            (i < s->formats_n && (s->formats[i].last_us < since || s->formats[i].parsed == 0)))
            continue;
        mm_formats_gives(mm_known_set(known), at, gives);
        *ret |= mm_topics_of(gives);
        any = true;
    }
    return any;
}

/* Which questions its lines answer, could answer, and never will: what is told stands first. */
static void write_topics(const struct seen *s)
{
    static const char *const states[] = {"told", "not_seen", "cannot", "unknown"};
    struct mm_doc *list = mm_doc_array(s->p->doc, "topics");
    struct mm_doc *groups = mm_doc_array(s->p->chrome, "topic_groups");
    struct mm_cover_sum month =
        mm_cover_sum(s->days, s->days_n, s->today - MM_COVER_DAYS_SHOWN + 1, s->today + 1);
    size_t state[MM_TOPICS];
    uint32_t could = 0;
    bool known = could_tell(s, &could);

    for (uint32_t t = 0; t < MM_TOPICS; t++) {
        struct mm_doc *o = mm_doc_object(list, NULL);

        state[t] = (month.topics >> t & 1) != 0 ? 0 : !known ? 3 : (could >> t & 1) != 0 ? 1 : 2;
        mm_doc_str(o, "topic", mm_topic_name((enum mm_topic)t));
        mm_doc_str(o, "told", states[state[t]]);
    }
    for (size_t g = 0; g < MM_COUNT(states); g++) {
        struct mm_doc *group = NULL;

        for (uint32_t t = 0; t < MM_TOPICS; t++) {
            if (state[t] != g)
                continue;
            if (group == NULL) {
                struct mm_doc *o = mm_doc_object(groups, NULL);

                mm_doc_str(o, "told", states[g]);
                group = mm_doc_array(o, "list");
            }
            mm_doc_str(mm_doc_object(group, NULL), "topic", mm_topic_name((enum mm_topic)t));
        }
    }
}

static void write_formats(const struct seen *s)
{
    struct mm_doc *list = mm_doc_array(s->p->doc, "formats");

    for (size_t i = 0; i < s->formats_n; i++) {
        const struct mm_source_format *f = &s->formats[i];
        struct mm_doc *o = mm_doc_object(list, NULL);

        mm_facts_write_format(s->p, f->format, o);
        mm_doc_measured(o, "parsed", (int64_t)f->parsed); /* of database integers */
        mm_doc_measured(o, "unparsed", (int64_t)f->unparsed);
        mm_doc_time(o, "first", f->first_us);
        mm_doc_time(o, "last", f->last_us);
    }
}

static void write_notice(const struct seen *s, const char *kind, struct mm_slice was,
                         struct mm_slice is)
{
    struct mm_doc *list = (struct mm_doc *)(uintptr_t)mm_doc_get(s->p->doc, MM_S("notices"));
    struct mm_doc *o = mm_doc_object(list, NULL);

    mm_doc_str(o, "kind", kind);
    mm_doc_text(o, "was", was);
    mm_doc_text(o, "was_title", mm_facts_format_title(s->p, was));
    mm_doc_text(o, "is", is);
    mm_doc_text(o, "is_title", mm_facts_format_title(s->p, is));
}

/* What somebody should know of this device: it is another one, it was replaced, less is read. */
static void write_notices(const struct seen *s)
{
    const struct mm_source_format *f = s->formats;
    struct mm_cover_sum week = mm_cover_sum(s->days, s->days_n, s->today - 6, s->today + 1);
    struct mm_cover_sum before =
        mm_cover_sum(s->days, s->days_n, s->today - MM_COVER_DAYS_SHOWN + 1, s->today - 6);
    int64_t since = (s->today - MM_COVER_DAYS_SHOWN + 1) * MM_US_PER_DAY;
    size_t was = SIZE_MAX, is = mm_cover_sends(f, s->formats_n, &was);
    size_t other = mm_cover_other(f, s->formats_n, s->source->format);

    (void)mm_doc_array(s->p->doc, "notices");
    if (other != SIZE_MAX)
        write_notice(s, "other", s->source->format, f[other].format);
    if (is != SIZE_MAX && was != SIZE_MAX && f[is].first_us >= since)
        write_notice(s, "changed", f[was].format, f[is].format);
    if (mm_cover_fell(&before, &week))
        write_notice(s, "fell", (struct mm_slice){0}, (struct mm_slice){0});
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

static enum mm_code write_source(struct mm_page *p, const struct mm_fact_source *source)
{
    struct seen s = {.p = p, .source = source, .today = mm_cover_day_of(p->now_us)};
    uint64_t over = 0;
    enum mm_code code = mm_cover_days(p->tx, p->arena, source->source,
                                      s.today - MM_COVER_DAYS_SHOWN + 1, &s.days, &s.days_n);

    if (code == MM_OK)
        code = mm_source_formats(p->tx, p->arena, source->source, &s.formats, &s.formats_n);
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "source", source->source);
    if (mm_intake_over(p->portal->cfg.state_dir, p->company, source->source, &over))
        mm_doc_measured(p->doc, "over", (int64_t)over);
    else
        mm_doc_none(p->doc, "over", "not_measured");
    write_notices(&s);
    write_days(&s);
    write_topics(&s);
    write_formats(&s);
    return write_unread(p, source->source);
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
    return write_source(p, one.list);
}
