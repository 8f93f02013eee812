/* report/report.c - see report.h for the contract. */
#include "report/report.h"

#include <stdlib.h>

#include "codec/ext/json.h"
#include "register/cohort.h"
#include "register/entity.h"
#include "triage/case.h"

enum { PATTERN_INLINE, PATTERN_MIRROR, PATTERN_NONE, PATTERNS };
enum { CLASS_INBOUND, CLASS_C2, CLASS_URL, CLASS_MALWARE, CLASS_P2P, CLASSES };

/* What a kind of sensor can count at all. */
static const struct {
    const char *name;
    bool can[2]; /* in-line UTM, mirror sensor */
} classes[CLASSES] = {
    /* Both stand inside the company's router: attacks from outside end before they see them. */
    [CLASS_INBOUND] = {"inbound", {false, false}},
    [CLASS_C2] = {"c2", {true, true}},
    /* A mirror sensor sees copies: it blocks nothing and neutralises nothing. */
    [CLASS_URL] = {"url", {true, false}},
    [CLASS_MALWARE] = {"malware", {true, false}},
    [CLASS_P2P] = {"p2p", {true, false}},
};

struct company {
    uint32_t id;
    int pattern;
    bool in_programme;
    struct mm_slice name;
};

struct figures {
    struct company *company;
    size_t n;
    uint32_t programme;
    struct mm_arena *arena;
    int64_t count[CLASSES][2];
    int64_t not_ads;
    int64_t members[PATTERNS]; /* companies of the programme by what watches them */
    bool counted;              /* the store of events was asked */
    bool aggregate;            /* for who may not know of few companies */
    bool full;
};

static int pattern_of(struct mm_slice sensor)
{
    return mm_slice_eq(sensor, MM_S("inline"))   ? PATTERN_INLINE
           : mm_slice_eq(sensor, MM_S("mirror")) ? PATTERN_MIRROR
                                                 : PATTERN_NONE;
}

static bool take_company(void *arg, const struct mm_rec *rec)
{
    struct figures *f = arg;
    struct mm_slice sensor = rec->v[MM_F_company_sensor].s;
    struct company *c;

    if (rec->company == MM_COMPANY_OPERATOR)
        return true;
    if (f->n == MM_REPORT_COMPANIES_MAX) {
        f->full = true;
        return false;
    }
    c = &f->company[f->n++];
    c->id = rec->company;
    c->in_programme = f->programme == 0;
    c->pattern = pattern_of(sensor);
    return mm_arena_dup(f->arena, rec->v[MM_F_company_name].s, &c->name);
}

static struct company *find(struct figures *f, uint32_t id)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->company[i].id == id)
            return &f->company[i];
    }
    return NULL;
}

static bool take_member(void *arg, const struct mm_rec *rec)
{
    struct figures *f = arg;
    struct company *c = find(f, rec->company);

    if (c != NULL && rec->v[MM_F_member_programme].i == f->programme)
        c->in_programme = true;
    return true;
}

static enum mm_code companies(struct mm_tx *tx, struct figures *f)
{
    struct mm_rec_filter all = {0};
    enum mm_code code;

    f->company = mm_arena_array(f->arena, MM_REPORT_COMPANIES_MAX, sizeof(*f->company));
    if (f->company == NULL)
        return MM_E_NOMEM;
    code = mm_rec_each(tx, mm_entity(MM_REG_COMPANY), &all, take_company, f);
    if (code == MM_OK && f->programme != 0)
        code = mm_rec_each(tx, mm_entity(MM_REG_MEMBER), &all, take_member, f);
    return code == MM_OK && f->full ? MM_E_LIMIT : code;
}

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *line = ctx;

    mm_buf_add(line, piece);
    return mm_buf_ok(line) ? MM_OK : MM_E_LIMIT;
}

/* One line with a count for each column of CLASS_COUNTS. */
static bool add_line(struct figures *f, int pattern, struct mm_slice line)
{
    static const int column_class[] = {CLASS_URL, -1, CLASS_MALWARE, CLASS_P2P, CLASS_C2};
    struct mm_rd rd = mm_rd_of(mm_slice_trim(line));

    for (size_t i = 0; i < MM_COUNT(column_class); i++) {
        struct mm_slice text;
        uint64_t v;

        if (i + 1 == MM_COUNT(column_class))
            text = mm_rd_rest(&rd);
        else if (!mm_rd_until(&rd, '\t', &text))
            return false;
        if (!mm_slice_u64(text, &v) || v > INT64_MAX)
            return false;
        if (column_class[i] < 0) /* a part of the URLs, so of those who can block them */
            f->not_ads += classes[CLASS_URL].can[pattern] ? (int64_t)v : 0;
        else
            f->count[column_class[i]][pattern] += (int64_t)v;
    }
    return true;
}

/* What the sensors of one kind in these companies reported. */
static enum mm_code count_set(struct mm_events_client *events,
                              const struct mm_report_period *period, const uint32_t *companies,
                              size_t n, int pattern, struct figures *f)
{
    char from[24], to[24];
    struct mm_events_param params[] = {{"from", mm_events_i64(period->from_us, from)},
                                       {"to", mm_events_i64(period->to_us, to)},
                                       {"companies", MM_S("")}};
    struct mm_events_answer answer;
    struct mm_buf set, line;
    enum mm_code code = MM_E_NOMEM;

    mm_buf_init(&set, MM_EVENTS_COMPANIES_MAX * 16);
    mm_buf_init(&line, 4096);
    mm_events_companies(&set, companies, n);
    params[2].value = mm_buf_slice(&set);
    if (mm_buf_ok(&set))
        code = mm_events_run(events, MM_ST_CLASS_COUNTS, params, 3, gather, &line, &answer);
    if (code == MM_OK && !add_line(f, pattern, mm_buf_slice(&line)))
        code = MM_E_IO;
    mm_buf_done(&line);
    mm_buf_done(&set);
    return code;
}

/* One question for all companies with a kind of sensor, however many the programme has. The numbers
 * are those that the scope of the transaction let us read. */
static enum mm_code count_pattern(struct mm_events_client *events,
                                  const struct mm_report_period *period, int pattern,
                                  struct figures *f)
{
    uint32_t set[MM_EVENTS_COMPANIES_MAX];
    enum mm_code code = MM_OK;
    size_t n = 0;

    for (size_t i = 0; i < f->n && code == MM_OK; i++) {
        if (f->company[i].in_programme && f->company[i].pattern == pattern)
            set[n++] = f->company[i].id;
        if (n == MM_EVENTS_COMPANIES_MAX || (n > 0 && i + 1 == f->n)) {
            code = count_set(events, period, set, n, pattern, f);
            n = 0;
        }
    }
    return code;
}

static enum mm_code counts(struct mm_events_client *events, const struct mm_report_period *period,
                           struct figures *f)
{
    enum mm_code code;

    for (size_t i = 0; i < f->n; i++)
        f->members[f->company[i].pattern] += f->company[i].in_programme;
    if (events == NULL)
        return MM_OK;
    f->counted = true;
    code = count_pattern(events, period, PATTERN_INLINE, f);
    return code == MM_OK ? count_pattern(events, period, PATTERN_MIRROR, f) : code;
}

/* ---- into the document ---- */

static bool few(int64_t companies)
{
    return companies > 0 && companies < MM_SCOPE_COHORT_MIN;
}

/* Why a figure of so many companies is none; NULL: it is one. */
static const char *why_none(const struct figures *f, bool can, bool column, int64_t companies)
{
    if (!can)
        return "not_measured";
    if (f->aggregate && companies < MM_SCOPE_COHORT_MIN)
        return "too_few";
    if (f->aggregate && column && (few(f->members[0]) || few(f->members[1])))
        return "too_few";
    return f->counted ? NULL : "unknown";
}

static void put_figure(struct mm_doc *row, const char *name, const char *why_name, const char *why,
                       int64_t v)
{
    if (why == NULL) {
        mm_doc_measured(row, name, v);
        return;
    }
    mm_doc_none(row, name, why);
    mm_doc_str(row, why_name, why);
}

static void put_row(const struct figures *f, struct mm_doc *row, const bool can[2],
                    const int64_t count[2])
{
    static const char *const names[] = {"inline", "mirror"};
    static const char *const whys[] = {"inline_why", "mirror_why"};
    int64_t total = 0, companies = 0;

    for (size_t p = 0; p < 2; p++) {
        put_figure(row, names[p], whys[p], why_none(f, can[p], true, f->members[p]), count[p]);
        total += can[p] ? count[p] : 0;
        companies += can[p] ? f->members[p] : 0;
    }
    put_figure(row, "total", "total_why", why_none(f, can[0] || can[1], false, companies), total);
}

static void put_classes(struct mm_doc *doc, const struct figures *f)
{
    struct mm_doc *list = mm_doc_array(doc, "classes");
    const int64_t not_ads[2] = {f->not_ads, 0};

    for (size_t k = 0; k < CLASSES; k++) {
        struct mm_doc *row = mm_doc_object(list, NULL);

        mm_doc_str(row, "class", classes[k].name);
        put_row(f, row, classes[k].can, f->count[k]);
        if (k == CLASS_URL)
            put_row(f, mm_doc_object(row, "not_ads"), classes[k].can, not_ads);
    }
    put_figure(doc, "not_advertising", "not_advertising_why",
               why_none(f, true, false, f->members[PATTERN_INLINE]), f->not_ads);
    mm_doc_bool(doc, "events_missing", !f->counted);
}

/* The row of companies that are watched; their number is known without the store. */
static void put_monitored(struct mm_doc *doc, const struct figures *f)
{
    struct figures known = *f;
    const bool can[2] = {true, true};

    known.counted = true;
    put_row(&known, mm_doc_object(doc, "monitored"), can, f->members);
}

static void put_period(struct mm_doc *doc, const struct mm_report_period *period)
{
    mm_doc_time(doc, "from", period->from_us);
    mm_doc_time(doc, "to", period->to_us == MM_REPORT_EVER ? 0 : period->to_us);
}

/* The title in the reader's language: the rule's own words, else its title. */
static struct mm_slice title_of(const struct mm_case *c, enum mm_lang lang, struct mm_json *json,
                                struct mm_arena *a)
{
    struct mm_json_doc doc;
    const struct mm_json_item *words, *title;

    if (mm_json_parse(json, c->doc, a, &doc, NULL) != MM_OK)
        return c->title;
    words = mm_json_get(&doc, 0, mm_slice_str(mm_lang_tag(lang)));
    if (words == NULL || words->type != MM_JSON_OBJECT)
        return c->title;
    title = mm_json_get(&doc, mm_json_index(&doc, words), MM_S("title"));
    return title != NULL && title->type == MM_JSON_STRING ? title->text : c->title;
}

static void put_case(struct mm_doc *list, const struct mm_case *c, const struct company *company,
                     int64_t no, struct mm_slice title)
{
    struct mm_doc *row = mm_doc_object(list, NULL);

    mm_doc_int(row, "no", no);
    mm_doc_int(row, "case", c->case_id);
    mm_doc_text(row, "company", company->name);
    mm_doc_int(row, "company_id", company->id);
    mm_doc_int(row, "number", c->number);
    mm_doc_text(row, "what", title);
    mm_doc_text(row, "how", c->how);
    mm_doc_text(row, "state", c->state);
    if (c->outcome.n > 0)
        mm_doc_text(row, "outcome", c->outcome);
    else
        mm_doc_null(row, "outcome");
    mm_doc_text(row, "entity", c->entity);
    mm_doc_time(row, "event", c->event_us);
    mm_doc_time(row, "opened", c->opened_us);
}

static int by_event(const void *pa, const void *pb)
{
    const struct mm_case *a = pa, *b = pb;

    return a->event_us < b->event_us ? -1 : a->event_us > b->event_us;
}

static enum mm_code cases(struct mm_tx *tx, struct figures *f,
                          const struct mm_report_period *period, enum mm_lang lang,
                          struct mm_doc *doc)
{
    struct mm_doc *list = mm_doc_array(doc, "cases");
    struct mm_json *json = mm_json_new(1024 * 1024);
    struct mm_case *all = NULL;
    size_t n = 0;
    int64_t no = 0;
    enum mm_code code;

    if (json == NULL)
        return MM_E_NOMEM;
    code = mm_case_list(tx, true, 0, MM_REPORT_CASES_MAX, f->arena, &all, &n);
    if (code == MM_OK && n > 1)
        qsort(all, n, sizeof(*all), by_event);
    for (size_t i = 0; i < n && code == MM_OK; i++) {
        const struct company *c = find(f, all[i].company);

        if (c != NULL && c->in_programme && all[i].event_us >= period->from_us &&
            all[i].event_us < period->to_us)
            put_case(list, &all[i], c, ++no, title_of(&all[i], lang, json, f->arena));
    }
    mm_json_free(&json);
    return code;
}

enum mm_code mm_report_programme(struct mm_tx *tx, struct mm_events_client *events,
                                 uint32_t programme, const struct mm_report_period *period,
                                 enum mm_lang lang, struct mm_doc *ret)
{
    struct figures f = {.programme = programme, .arena = ret->root->arena};
    static const char *const patterns[PATTERNS] = {"inline", "mirror", "none"};
    struct mm_doc *by_pattern;
    enum mm_code code = companies(tx, &f);

    if (code == MM_OK)
        code = counts(events, period, &f);
    if (code != MM_OK)
        return code;
    mm_doc_int(ret, "programme", programme);
    put_period(ret, period);
    by_pattern = mm_doc_object(ret, "companies");
    for (int p = 0; p < PATTERNS; p++)
        mm_doc_int(by_pattern, patterns[p], f.members[p]);
    put_monitored(ret, &f);
    put_classes(ret, &f);
    code = cases(tx, &f, period, lang, ret);
    return code == MM_OK && !mm_doc_ok(ret) ? MM_E_NOMEM : code;
}

static bool take_of_cohort(void *arg, uint32_t id, struct mm_slice sensor)
{
    struct figures *f = arg;

    if (f->n == MM_REPORT_COMPANIES_MAX) {
        f->full = true;
        return false;
    }
    f->company[f->n++] =
        (struct company){.id = id, .in_programme = true, .pattern = pattern_of(sensor)};
    return true;
}

enum mm_code mm_report_cohort(struct mm_tx *tx, struct mm_events_client *events,
                              const struct mm_report_period *period, struct mm_doc *ret)
{
    struct figures f = {.arena = ret->root->arena, .aggregate = true};
    enum mm_code code;

    f.company = mm_arena_array(f.arena, MM_REPORT_COMPANIES_MAX, sizeof(*f.company));
    if (f.company == NULL)
        return MM_E_NOMEM;
    code = mm_cohort_members(tx, take_of_cohort, &f);
    if (code == MM_OK && f.full)
        code = MM_E_LIMIT;
    if (code == MM_OK && f.n >= MM_SCOPE_COHORT_MIN)
        code = counts(events, period, &f);
    if (code != MM_OK)
        return code;
    put_period(ret, period);
    put_monitored(ret, &f);
    put_classes(ret, &f);
    return mm_doc_ok(ret) ? MM_OK : MM_E_NOMEM;
}
