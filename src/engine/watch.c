/* engine/watch.c - see watch.h for the contract. */
#include "engine/watch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"
#include "base/vec.h"
#include "model/intake_page.h"
#include "os/log.h"
#include "store/records/system_scope.h"
#include "text/doc.h"
#include "text/lang.h"
#include "triage/triage.h"

enum { WRITES_MAX = 100 }; /* sources of one transaction */

#define CLOCK_STEP_US (2 * MM_US_PER_S)

/* Intake's counters of one slot as they were added last by this engine; zero: not yet. */
struct counted {
    uint64_t received, spooled, dropped;
};

/* A source's totals when coverage was judged last, and what is known to be wrong. */
struct judged {
    uint32_t source;
    uint64_t parsed, unparsed;
    bool silent, fell, other;
    bool looked;                /* formats were looked at since the engine began */
    char sends[MM_FORMAT_NAME]; /* the format it sent last */
};

struct mm_watch {
    struct mm_records *records;
    char page_path[MM_MAX_PATH];
    const struct mm_intake_page *page;
    uint64_t epoch;
    struct counted counted[MM_INTAKE_SOURCES];
    struct judged *judged;
    size_t judged_n, judged_cap;
    int64_t counted_at_us, judged_at_us; /* monotonic */
    int64_t wall_ahead_us;               /* wall minus monotonic clock, 0: not known yet */
    bool filled;                         /* the disk was full, and the finding is not closed yet */
    bool full, unsynced;                 /* said so */
    bool rules_known, behind;            /* the same, once it is known what was said */
    int64_t behind_us;                   /* since then; 0: they are not */
    bool behind_long;                    /* and that it lasts was said */
    bool unasked_known, unasked;
};

bool mm_watch_silent(const struct mm_source_info *s, int64_t last_seen_us, int64_t now_us)
{
    int64_t since = last_seen_us > 0 ? last_seen_us : s->created_us;

    return s->active && s->silence_s > 0 && now_us - since > s->silence_s * MM_US_PER_S;
}

bool mm_watch_fell(uint64_t parsed_before, uint64_t unparsed_before, uint64_t parsed,
                   uint64_t unparsed)
{
    uint64_t before = parsed_before + unparsed_before, window = parsed + unparsed;

    return before >= MM_WATCH_COVER_MIN && window >= MM_WATCH_COVER_MIN &&
           parsed_before * 100 >= before * 98 && unparsed * 10 > window;
}

enum mm_code mm_watch_new(struct mm_records *records, const char *state_dir, struct mm_watch **ret)
{
    struct mm_watch *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return MM_E_NOMEM;
    w->records = records;
    (void)snprintf(w->page_path, sizeof(w->page_path), "%s/" MM_INTAKE_PAGE_NAME, state_dir);
    *ret = w;
    return MM_OK;
}

static void unmap(struct mm_watch *w)
{
    if (w->page != NULL)
        (void)munmap((void *)(uintptr_t)w->page, sizeof(*w->page)); /* read only, but ours */
    w->page = NULL;
}

void mm_watch_free(struct mm_watch **pw)
{
    if (*pw == NULL)
        return;
    unmap(*pw);
    free((*pw)->judged);
    free(*pw);
    *pw = NULL;
}

/* Map the page; a new intake has made a new file. */
static bool map(struct mm_watch *w)
{
    struct stat st;
    void *p = MAP_FAILED;
    int fd;

    unmap(w);
    fd = open(w->page_path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size >= sizeof(*w->page))
        p = mmap(NULL, sizeof(*w->page), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        (void)close(fd);
    if (p == MAP_FAILED)
        return false;
    w->page = mm_intake_page_of(mm_slice_of(p, sizeof(*w->page)));
    if (w->page == NULL) {
        (void)munmap(p, sizeof(*w->page));
        return false;
    }
    if (w->page->epoch != w->epoch) {
        w->epoch = w->page->epoch;
        memset(w->counted, 0, sizeof(w->counted));
    }
    return true;
}

/* ---- counters ---- */

struct counting {
    struct mm_watch *w;
    const struct mm_sources *sources;
    size_t from, to; /* slots */
    struct counted seen[WRITES_MAX];
    int64_t now_us;
};

static enum mm_code count_slots(struct mm_tx *tx, void *arg)
{
    const struct counting *k = arg;
    enum mm_code code = MM_OK;

    for (size_t i = k->from; i < k->to && code == MM_OK; i++) {
        const struct mm_intake_source *s = &k->w->page->source[i];
        const struct counted *c = &k->w->counted[i], *now = &k->seen[i - k->from];
        struct mm_health h = {.company = atomic_load(&s->company),
                              .source = atomic_load(&s->source),
                              .page = k->w->epoch,
                              .received = now->received,
                              .spooled = now->spooled,
                              .dropped = now->dropped,
                              .last_seen_us = atomic_load(&s->last_us),
                              .updated_us = k->now_us};
        const struct mm_source_info *info = mm_sources_find(k->sources, h.source);

        if (atomic_load(&s->used) == 0 || memcmp(c, now, sizeof(*c)) == 0)
            continue;
        /* Slot 0 is the quarantine; any other must be a source of that company. */
        if (i > 0 && (info == NULL || info->parse.company != h.company))
            continue;
        if ((now->received | now->spooled | now->dropped) >> 62 != 0 ||
            now->received < c->received || now->spooled < c->spooled || now->dropped < c->dropped)
            continue; /* no honest intake counts backwards */
        code = mm_health_intake(tx, &h);
    }
    return code;
}

static void count(struct mm_watch *w, const struct mm_sources *sources, int64_t now_us)
{
    size_t n = mm_min_size(atomic_load(&w->page->sources) + 1, MM_INTAKE_SOURCES);

    for (size_t from = 0; from < n; from += WRITES_MAX) {
        struct counting k = {.w = w, .sources = sources, .from = from, .now_us = now_us};

        k.to = mm_min_size(from + WRITES_MAX, n);
        /* Read once: what comes in between is added next time. */
        for (size_t i = from; i < k.to; i++)
            k.seen[i - from] = (struct counted){atomic_load(&w->page->source[i].received),
                                                atomic_load(&w->page->source[i].spooled),
                                                atomic_load(&w->page->source[i].dropped)};
        if (mm_records_write(w->records, mm_system_scope(), count_slots, &k) != MM_OK)
            return;
        memcpy(&w->counted[from], k.seen, (k.to - from) * sizeof(k.seen[0]));
    }
}

/* ---- findings ---- */

struct saying {
    struct mm_note note;
    bool over;
};

static enum mm_code say(struct mm_tx *tx, void *arg)
{
    struct saying *s = arg;
    struct mm_opened opened;

    return s->over ? mm_triage_over(tx, &s->note)
                   : mm_triage_note(tx, &s->note, s->note.time_us, &opened);
}

static void put_words(struct mm_doc *to, const char *member, enum mm_lang lang, const char *prefix,
                      const char *kind)
{
    char key[64];
    const char *words;

    (void)snprintf(key, sizeof(key), "%s%s", prefix, kind);
    words = mm_lang_text(lang, mm_slice_str(key), 1);
    if (words != NULL)
        mm_doc_str(to, member, words);
}

/* What a rule would say of its finding, for its case and mail: title, what happened, what to do
 * first. */
static void write_doc(const char *kind, struct mm_arena *a, struct mm_buf *out)
{
    struct mm_doc *doc = mm_doc_new(a);

    for (int lang = 0; lang < MM_LANG_COUNT; lang++) {
        struct mm_doc *d = mm_doc_object(doc, mm_lang_tag((enum mm_lang)lang));

        put_words(d, "title", (enum mm_lang)lang, "finding.kind.", kind);
        put_words(d, "what", (enum mm_lang)lang, "finding.what.", kind);
        put_words(d, "first", (enum mm_lang)lang, "finding.first.", kind);
    }
    mm_doc_json(out, doc);
}

/* Make the finding, or close it; true when it is written. */
static bool tell(struct mm_watch *w, uint32_t company, const char *kind, struct mm_slice entity,
                 enum mm_level level, bool over, int64_t now_us)
{
    struct saying s = {.note = {.company = company,
                                .kind = kind,
                                .entity_field = "observer.name",
                                .entity = entity,
                                .level = level,
                                .time_us = now_us},
                       .over = over};
    struct mm_arena a;
    struct mm_buf doc;
    bool ok;

    mm_arena_init(&a, 64 * 1024);
    mm_buf_init(&doc, 32 * 1024);
    if (level >= MM_CASE_LEVEL && !over)
        write_doc(kind, &a, &doc);
    s.note.doc = mm_buf_slice(&doc);
    ok = mm_buf_ok(&doc) && mm_records_write(w->records, mm_system_scope(), say, &s) == MM_OK;
    mm_buf_done(&doc);
    mm_arena_done(&a);
    return ok;
}

static void tell_change(struct mm_watch *w, bool *known, bool now, uint32_t company,
                        const char *kind, struct mm_slice entity, enum mm_level level,
                        int64_t now_us)
{
    if (*known != now && tell(w, company, kind, entity, level, !now, now_us))
        *known = now;
}

static struct judged *judged_of(struct mm_watch *w, uint32_t source)
{
    for (size_t i = 0; i < w->judged_n; i++) {
        if (w->judged[i].source == source)
            return &w->judged[i];
    }
    if (!MM_VEC_ROOM(w->judged, w->judged_n, w->judged_cap, MM_SOURCES_MAX))
        return NULL;
    w->judged[w->judged_n] = (struct judged){.source = source};
    return &w->judged[w->judged_n++];
}

static void judge_one(struct mm_watch *w, const struct mm_source_info *info,
                      const struct mm_health *h, int64_t now_us)
{
    struct judged *j = judged_of(w, info->parse.source);
    char name[16];
    int n = snprintf(name, sizeof(name), "%u", info->parse.source);
    struct mm_slice entity = mm_slice_of(name, (size_t)n);
    uint64_t parsed = h == NULL ? 0 : h->parsed, unparsed = h == NULL ? 0 : h->unparsed;

    if (j == NULL)
        return;
    tell_change(w, &j->silent, mm_watch_silent(info, h == NULL ? 0 : h->last_seen_us, now_us),
                info->parse.company, "source_silent", entity, MM_LEVEL_LOW, now_us);
    if (parsed + unparsed < j->parsed + j->unparsed + MM_WATCH_COVER_MIN)
        return; /* too little since the last judgement */
    if (j->parsed + j->unparsed > 0) {
        bool fell =
            mm_watch_fell(j->parsed, j->unparsed, parsed - j->parsed, unparsed - j->unparsed);
        bool good = (unparsed - j->unparsed) * 50 <= parsed - j->parsed;

        if (fell || good)
            tell_change(w, &j->fell, fell, info->parse.company, "coverage_fell", entity,
                        MM_LEVEL_LOW, now_us);
    }
    if (!j->fell) {
        j->parsed = parsed;
        j->unparsed = unparsed;
    }
}

/* A device was replaced, or is entered as what it is not. */
static void judge_formats(struct mm_watch *w, const struct mm_source_info *info,
                          const struct mm_source_format *list, size_t n, int64_t now_us)
{
    struct judged *j = judged_of(w, info->parse.source);
    size_t before = SIZE_MAX, now = mm_cover_sends(list, n, &before), other;
    struct mm_slice told = mm_slice_str(info->parse.format), sends;
    char name[16];
    int len = snprintf(name, sizeof(name), "%u", info->parse.source);

    if (j == NULL)
        return;
    other = mm_cover_other(list, n, told);
    if (other != SIZE_MAX && !j->other)
        mm_log_warn("engine", "source %u of company %u is said to send %s, its lines are %.*s",
                    info->parse.source, info->parse.company, info->parse.format,
                    MM_S_ARG(list[other].format));
    tell_change(w, &j->other, other != SIZE_MAX, info->parse.company, "format_other",
                mm_slice_of(name, (size_t)len), MM_LEVEL_LOW, now_us);
    if (now == SIZE_MAX)
        return;
    sends = mm_slice_sub(list[now].format, 0, MM_FORMAT_NAME - 1);
    /* What changed before the engine began was said then. */
    if (j->looked && before != SIZE_MAX && !mm_slice_eq(sends, mm_slice_str(j->sends))) {
        mm_log_info("engine", "source %u of company %u sent %.*s and now sends %.*s",
                    info->parse.source, info->parse.company, MM_S_ARG(list[before].format),
                    MM_S_ARG(sends));
        if (!tell(w, info->parse.company, "format_changed", mm_slice_of(name, (size_t)len),
                  MM_LEVEL_INFORMATIONAL, false, now_us))
            return; /* again at the next look */
    }
    if (!j->looked || before != SIZE_MAX || j->sends[0] == 0) {
        memset(j->sends, 0, sizeof(j->sends));
        memcpy(j->sends, sends.p, sends.n);
    }
    j->looked = true;
}

/* Formats come by company and source: those of one source stand together. */
static void judge_all_formats(struct mm_watch *w, const struct mm_sources *sources,
                              const struct mm_source_format *list, size_t n, int64_t now_us)
{
    for (size_t from = 0, to; from < n; from = to) {
        const struct mm_source_info *info = mm_sources_find(sources, list[from].source);

        for (to = from + 1; to < n && list[to].source == list[from].source &&
                            list[to].company == list[from].company;)
            to++;
        if (info != NULL && info->parse.company == list[from].company)
            judge_formats(w, info, list + from, to - from, now_us);
    }
}

static void judge(struct mm_watch *w, const struct mm_sources *sources, int64_t now_us)
{
    struct mm_health *list = NULL;
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    struct mm_source_format *formats = NULL;
    size_t n = 0, formats_n = 0;
    enum mm_code code;

    mm_arena_init(&a, 64 * 1024 * 1024);
    code = mm_records_read(w->records, mm_system_scope(), &tx);
    if (code == MM_OK) {
        code = mm_health_list(tx, &a, &list, &n);
        if (code == MM_OK)
            code = mm_source_formats(tx, &a, 0, &formats, &formats_n);
        mm_records_read_done(&tx);
    }
    for (size_t i = 0; code == MM_OK && i < sources->n; i++) {
        const struct mm_source_info *info = &sources->list[i];
        const struct mm_health *h = NULL;

        for (size_t k = 0; k < n && h == NULL; k++) {
            if (list[k].source == info->parse.source && list[k].company == info->parse.company)
                h = &list[k];
        }
        judge_one(w, info, h, now_us);
    }
    if (code == MM_OK)
        judge_all_formats(w, sources, formats, formats_n, now_us);
    mm_arena_done(&a);
}

/* Findings of the operator's own company: the machine itself. */
static void judge_machine(struct mm_watch *w, int64_t now_us, int64_t mono_us)
{
    uint32_t state = w->page == NULL ? MM_INTAKE_OK : atomic_load(&w->page->state);
    bool full = state == MM_INTAKE_FULL || state == MM_INTAKE_FAILING;
    struct timex tx = {0};
    int64_t ahead = now_us - mono_us;
    int64_t step = ahead > w->wall_ahead_us ? ahead - w->wall_ahead_us : w->wall_ahead_us - ahead;

    /* A full disk takes no records either: then it is said as soon as there is room again. */
    w->filled = w->filled || full;
    tell_change(w, &w->full, w->filled, 0, "disk_full", MM_S("spool"), MM_LEVEL_HIGH, now_us);
    if (w->full && !full) {
        w->filled = false;
        tell_change(w, &w->full, false, 0, "disk_full", MM_S("spool"), MM_LEVEL_HIGH, now_us);
    }
    if (w->wall_ahead_us != 0 && step > CLOCK_STEP_US)
        (void)tell(w, 0, "clock_step", MM_S("clock"), MM_LEVEL_LOW, false, now_us);
    w->wall_ahead_us = ahead;
    tell_change(w, &w->unsynced, adjtimex(&tx) == TIME_ERROR, 0, "clock_unsynced", MM_S("clock"),
                MM_LEVEL_INFORMATIONAL, now_us);
}

void mm_watch_rules(struct mm_watch *w, bool behind, int64_t now_us)
{
    if (!w->rules_known) /* an engine before this one may have said something */
        w->behind = !behind;
    tell_change(w, &w->behind, behind, 0, "rules_behind", MM_S("engine"), MM_LEVEL_LOW, now_us);
    w->rules_known |= w->behind == behind;
    if (!behind) {
        w->behind_us = 0;
        w->behind_long = false;
        return;
    }
    /* A file that is being written is read whole a minute later. What lasts keeps new rules from
     * everybody: somebody has to be told. */
    if (w->behind_us == 0)
        w->behind_us = now_us;
    if (now_us - w->behind_us >= MM_WATCH_BEHIND_S * MM_US_PER_S)
        tell_change(w, &w->behind_long, true, 0, "rules_behind", MM_S("engine"), MM_LEVEL_MEDIUM,
                    now_us);
}

void mm_watch_unasked(struct mm_watch *w, bool unasked, int64_t now_us)
{
    if (!w->unasked_known)
        w->unasked = !unasked;
    tell_change(w, &w->unasked, unasked, 0, "rules_unasked", MM_S("engine"), MM_LEVEL_MEDIUM,
                now_us);
    w->unasked_known |= w->unasked == unasked;
}

void mm_watch_tick(struct mm_watch *w, const struct mm_sources *sources, int64_t now_us,
                   int64_t mono_us)
{
    if (mono_us - w->counted_at_us >= MM_WATCH_COUNT_S * MM_US_PER_S) {
        w->counted_at_us = mono_us;
        if (map(w))
            count(w, sources, now_us);
        judge_machine(w, now_us, mono_us);
    }
    if (mono_us - w->judged_at_us >= MM_WATCH_JUDGE_S * MM_US_PER_S) {
        w->judged_at_us = mono_us;
        judge(w, sources, now_us);
    }
}
