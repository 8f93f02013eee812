/*
 * app/rules_agree_test.c - our matches on public events held against pySigma's with SQLite
 * (tests/agreement/sigma.golden, made by sigma.py there); what differs must have its reason in
 * tests/agreement/sigma.differences.
 */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/harness/test.h"

#include "base/hash.h"
#include "decode/winevent.h"
#include "detect/detect.h"
#include "os/file.h"

enum { FIRST = 10, LINES = 3000, PATHS_MAX = 1000, PAIRS_MAX = 20000, REASONS_MAX = 1000 };

/* A rule and an event: file and line. */
struct pair {
    struct mm_slice rule;
    uint32_t file, line;
};

struct pairs {
    struct pair *v;
    size_t n;
};

struct agree {
    struct mm_json *json;
    struct mm_winevent *win;
    struct mm_ruleset *set;
    struct mm_matcher *matcher;
    struct mm_event ev;
    struct mm_map seen;    /* channel and number -> how many of this file */
    struct mm_map skipped; /* rules that the other side cannot ask */
    struct mm_arena names;
    struct pairs ours, theirs;
    uint64_t events, events_want;
    uint32_t file;
};

static const struct mm_seed seed = {1, 2};

static void add(struct pairs *p, struct mm_slice rule, uint32_t file, uint32_t line)
{
    CHECK(p->n < PAIRS_MAX);
    p->v[p->n++] = (struct pair){.rule = rule, .file = file, .line = line};
}

static int order(const void *pa, const void *pb)
{
    const struct pair *a = pa, *b = pb;
    int c = mm_slice_cmp(a->rule, b->rule);

    if (c == 0)
        c = a->file < b->file ? -1 : a->file > b->file;
    return c != 0 ? c : a->line < b->line ? -1 : a->line > b->line;
}

static struct mm_slice cut(struct mm_slice *io, uint8_t sep)
{
    size_t at = mm_slice_find(*io, sep, 0);
    struct mm_slice head = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return head;
}

/* "ID not asked", "ID FILE:LINE FILE:LINE ...", "# events N". */
static void read_golden(struct agree *g, struct mm_slice text)
{
    while (text.n > 0) {
        struct mm_slice line = cut(&text, '\n'), id = cut(&line, ' ');

        if (mm_slice_eq(id, MM_S("#"))) {
            if (mm_slice_eq(cut(&line, ' '), MM_S("events")))
                CHECK(mm_slice_u64(line, &g->events_want));
            continue;
        }
        if (mm_slice_eq(line, MM_S("not asked"))) {
            CHECK(mm_map_set(&g->skipped, id, 1) == MM_OK);
            continue;
        }
        while (line.n > 0) {
            struct mm_slice one = cut(&line, ' '), file = cut(&one, ':');
            uint64_t f, l;

            CHECK(mm_slice_u64(file, &f) && mm_slice_u64(one, &l));
            add(&g->theirs, id, (uint32_t)f, (uint32_t)l);
        }
    }
}

static void match(struct agree *g, uint32_t line)
{
    uint32_t hits[256];
    size_t n = mm_rules_match(g->matcher, &g->ev, hits, MM_COUNT(hits));

    CHECK(n <= MM_COUNT(hits));
    g->events++;
    for (size_t i = 0; i < n; i++) {
        struct mm_slice id = mm_rules_get(g->set, hits[i])->id;

        if (mm_map_get(&g->skipped, id) == NULL)
            add(&g->ours, id, g->file, line);
    }
}

/* Is this Windows event among the first of its kind in the file? */
static bool chosen(struct agree *g)
{
    char key[256], tmp[MM_FIELD_TEXT];
    struct mm_slice code, channel, own;
    uint64_t *n;
    int len;

    if (!mm_event_has(&g->ev, MM_F_WINLOG_CHANNEL) || !mm_event_has(&g->ev, MM_F_EVENT_CODE))
        return false;
    channel = mm_event_as_text(&g->ev, MM_F_WINLOG_CHANNEL, tmp);
    code = mm_event_as_text(&g->ev, MM_F_EVENT_CODE, tmp);
    len = snprintf(key, sizeof(key), "%.*s %.*s", MM_S_ARG(channel), MM_S_ARG(code));
    CHECK(len > 0 && (size_t)len < sizeof(key));
    n = mm_map_get(&g->seen, mm_slice_of(key, (size_t)len));
    if (n != NULL)
        return ++*n <= FIRST;
    CHECK(mm_arena_dup(&g->names, mm_slice_of(key, (size_t)len), &own));
    return mm_map_set(&g->seen, own, 1) == MM_OK;
}

static bool read_event(struct agree *g, struct mm_arena *arena, struct mm_slice text)
{
    struct mm_decode_env env = {.arena = arena};
    struct mm_json_doc doc;

    mm_event_reset(&g->ev);
    g->ev.original = text;
    g->ev.format = MM_S("windows");
    return mm_json_parse(g->json, text, arena, &doc, NULL) == MM_OK && mm_winevent_is(&doc) &&
           mm_winevent_decode(g->win, &doc, &env, &g->ev, NULL) == MM_OK;
}

static void lines(struct agree *g, const char *path)
{
    struct mm_arena arena;
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    FILE *f = fopen(path, "re");

    CHECK(f != NULL);
    g->file++;
    mm_arena_init(&arena, 64 * 1024 * 1024);
    mm_map_init(&g->seen, seed, 10000);
    for (uint32_t k = 1; k <= LINES && (n = getline(&line, &room, f)) > 0; k++) {
        mm_arena_reset(&arena);
        if (read_event(g, &arena, mm_slice_of(line, (size_t)n)) && chosen(g))
            match(g, k);
    }
    mm_map_done(&g->seen);
    mm_arena_done(&arena);
    free(line);
    (void)fclose(f);
}

/* A file of documents, one behind the other. */
static void documents(struct agree *g, const char *path)
{
    struct mm_arena arena;
    struct mm_slice rest;
    struct mm_buf text;

    g->file++;
    mm_arena_init(&arena, 64 * 1024 * 1024);
    mm_buf_init(&text, 16 * 1024 * 1024);
    CHECK(mm_file_read(path, &text) == MM_OK);
    rest = mm_buf_slice(&text);
    for (uint32_t k = 1; rest.n > 0; k++) {
        size_t at = mm_slice_search(rest, MM_S("\n}\n{"));
        size_t n = at == SIZE_MAX ? rest.n : at + 3;

        mm_arena_reset(&arena);
        if (read_event(g, &arena, mm_slice_trim(mm_slice_sub(rest, 0, n))))
            match(g, k);
        rest = mm_slice_sub(rest, n, SIZE_MAX);
    }
    mm_buf_done(&text);
    mm_arena_done(&arena);
}

struct paths {
    char *v[PATHS_MAX];
    size_t n;
};

static void find_json(struct paths *p, const char *dir, size_t depth)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    if (d == NULL)
        mm_test_skip("no corpus");
    CHECK(depth < 16);
    while ((e = readdir(d)) != NULL) {
        char path[MM_MAX_PATH];
        struct stat st;

        if (e->d_name[0] == '.' || mm_path_join(path, dir, e->d_name) != MM_OK ||
            stat(path, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            find_json(p, path, depth + 1);
        else if (mm_slice_ends(mm_slice_str(path), MM_S(".json"))) {
            CHECK(p->n < PATHS_MAX);
            p->v[p->n++] = strdup(path);
        }
    }
    (void)closedir(d);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void walk(struct agree *g, const char *sub, void (*fn)(struct agree *g, const char *path))
{
    static struct paths p;
    char dir[MM_MAX_PATH];

    p.n = 0;
    (void)snprintf(dir, sizeof(dir), "%s/%s", getenv("MIMAMORI_CORPORA"), sub);
    find_json(&p, dir, 0);
    qsort(p.v, p.n, sizeof(p.v[0]), by_path);
    for (size_t i = 0; i < p.n; i++) {
        fn(g, p.v[i]);
        free(p.v[i]);
    }
}

static struct mm_ruleset *load_rules(void)
{
    static const char *const dirs[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
    char path[MM_COUNT(dirs)][MM_MAX_PATH];
    const char *list[MM_COUNT(dirs)];
    struct mm_ruleset *set = NULL;

    if (getenv("MIMAMORI_CORPORA") == NULL)
        mm_test_skip("no corpus");
    for (size_t i = 0; i < MM_COUNT(dirs); i++) {
        (void)snprintf(path[i], MM_MAX_PATH, "%s/sigma/%s", getenv("MIMAMORI_CORPORA"), dirs[i]);
        list[i] = path[i];
    }
    if (mm_rules_load(list, MM_COUNT(dirs), NULL, &set, NULL) != MM_OK)
        mm_test_skip("no corpus");
    return set;
}

/* "ID<tab>ours|theirs<tab>reason": who matches where the other does not. */
struct reason {
    struct mm_slice rule, who;
    size_t used;
};

static size_t read_reasons(struct mm_slice text, struct reason ret[REASONS_MAX])
{
    size_t n = 0;

    while (text.n > 0) {
        struct mm_slice line = cut(&text, '\n');

        if (line.n == 0 || line.p[0] == '#')
            continue;
        CHECK(n < REASONS_MAX);
        ret[n].rule = cut(&line, '\t');
        ret[n].who = cut(&line, '\t');
        CHECK(line.n > 10);
        ret[n++].used = 0;
    }
    return n;
}

/* Is there a reason for this? */
static bool explained(struct reason *reason, size_t n, const struct pair *p, struct mm_slice who)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(reason[i].rule, p->rule) && mm_slice_eq(reason[i].who, who)) {
            reason[i].used++;
            return true;
        }
    }
    printf("# only %.*s: %.*s %u:%u\n", MM_S_ARG(who), MM_S_ARG(p->rule), p->file, p->line);
    return false;
}

static void compare(const struct agree *g, struct reason *reason, size_t reasons)
{
    const struct pairs *a = &g->ours, *b = &g->theirs;
    size_t i = 0, k = 0, both = 0, different = 0, open = 0;

    while (i < a->n || k < b->n) {
        int c = i == a->n ? 1 : k == b->n ? -1 : order(&a->v[i], &b->v[k]);

        if (c == 0) {
            both++;
        } else {
            different++;
            open += !explained(reason, reasons, c < 0 ? &a->v[i] : &b->v[k],
                               c < 0 ? MM_S("ours") : MM_S("theirs"));
        }
        i += c <= 0;
        k += c >= 0;
    }
    printf("# %llu events: %zu matches agree, %zu differ, %zu of these without a reason\n",
           (unsigned long long)g->events, both, different, open);
    for (i = 0; i < reasons; i++) {
        if (reason[i].used == 0)
            printf("# nothing to explain any more: %.*s\n", MM_S_ARG(reason[i].rule));
        CHECK(reason[i].used > 0);
    }
    CHECK_NUM(open, 0);
    CHECK(both > 0);
}

TEST(matches_agree_with_pysigma_and_sqlite)
{
    static struct reason reason[REASONS_MAX];
    struct agree g = {.json = mm_json_new(MM_JSON_MAX_SIZE), .win = mm_winevent_new()};
    struct mm_buf golden, differences;

    g.set = load_rules();
    g.matcher = mm_matcher_new(g.set);
    g.ours.v = calloc(PAIRS_MAX, sizeof(*g.ours.v));
    g.theirs.v = calloc(PAIRS_MAX, sizeof(*g.theirs.v));
    CHECK(g.json != NULL && g.win != NULL && g.matcher != NULL && g.ours.v && g.theirs.v);
    mm_buf_init(&golden, 4 * 1024 * 1024);
    mm_buf_init(&differences, 1024 * 1024);
    mm_arena_init(&g.names, 64 * 1024 * 1024);
    mm_map_init(&g.skipped, seed, 1000);
    CHECK(mm_file_read(mm_test_source("tests/agreement/sigma.golden"), &golden) == MM_OK);
    read_golden(&g, mm_buf_slice(&golden));
    CHECK(mm_file_read(mm_test_source("tests/agreement/sigma.differences"), &differences) == MM_OK);
    walk(&g, "otrf", lines);
    walk(&g, "sigma/regression_data", documents);
    if (g.events != g.events_want) {
        printf("# %llu events here, %llu there\n", (unsigned long long)g.events,
               (unsigned long long)g.events_want);
        mm_test_skip("another corpus than the golden file's");
    }
    qsort(g.ours.v, g.ours.n, sizeof(struct pair), order);
    qsort(g.theirs.v, g.theirs.n, sizeof(struct pair), order);
    compare(&g, reason, read_reasons(mm_buf_slice(&differences), reason));
    mm_map_done(&g.skipped);
    mm_arena_done(&g.names);
    mm_buf_done(&golden);
    mm_buf_done(&differences);
    free(g.ours.v);
    free(g.theirs.v);
    mm_matcher_free(&g.matcher);
    mm_rules_unref(&g.set);
    mm_winevent_free(&g.win);
    mm_json_free(&g.json);
}
