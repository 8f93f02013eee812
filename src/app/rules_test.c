/* app/rules_test.c - public rules against the public events that belong to them. */
#include <dirent.h>
#include <sys/stat.h>

#include "tests/harness/test.h"

#include "base/time.h"
#include "decode/winevent.h"
#include "detect/matcher.h"
#include "os/file.h"

struct tools {
    struct mm_json *json;
    struct mm_winevent *win;
    struct mm_ruleset *set;
    struct mm_matcher *matcher;
    struct mm_event ev;
    size_t files, events, fired, silent, others, unread;
    size_t mute;    /* events beside those that fire the rule of their file */
    size_t crossed; /* pairs of an event and another file's rule that do */
    bool *has_file; /* per rule: there is a file of events for it */
};

static struct mm_ruleset *load_sigma(void)
{
    static const char *const dirs[] = {"rules", "rules-emerging-threats", "rules-threat-hunting"};
    const char *root = getenv("MIMAMORI_CORPORA");
    char path[MM_COUNT(dirs)][MM_MAX_PATH];
    const char *list[MM_COUNT(dirs)];
    struct mm_ruleset *set = NULL;
    struct stat st;

    if (root == NULL)
        mm_test_skip("no corpus");
    for (size_t i = 0; i < MM_COUNT(dirs); i++) {
        (void)snprintf(path[i], MM_MAX_PATH, "%s/sigma/%s", root, dirs[i]);
        if (stat(path[i], &st) != 0)
            mm_test_skip("no corpus");
        list[i] = path[i];
    }
    CHECK(mm_rules_load(list, MM_COUNT(dirs), NULL, &set, NULL) == MM_OK);
    return set;
}

/* One event from a JSON document; false when it is none. */
static bool read_event(struct tools *t, struct mm_arena *arena, struct mm_slice text,
                       struct mm_event *ev)
{
    struct mm_decode_env env = {.arena = arena};
    struct mm_json_doc doc;

    mm_event_reset(ev);
    ev->original = text;
    ev->format = MM_S("windows");
    return mm_json_parse(t->json, text, arena, &doc, NULL) == MM_OK &&
           mm_winevent_decode(t->win, &doc, &env, ev, NULL) == MM_OK;
}

/* The next document of a file of several, one behind the other; each begins with "{" on a line. */
static struct mm_slice next_document(struct mm_slice *io)
{
    size_t at = mm_slice_search(*io, MM_S("\n}\n{"));
    size_t n = at == SIZE_MAX ? io->n : at + 3;
    struct mm_slice doc = mm_slice_trim(mm_slice_sub(*io, 0, n));

    *io = mm_slice_sub(*io, n, SIZE_MAX);
    return doc;
}

/* Does the rule of this id match the event? Counts the others that do. */
static bool fires(struct tools *t, struct mm_slice id)
{
    uint32_t hits[256];
    size_t n = mm_rules_match(t->matcher, &t->ev, hits, MM_COUNT(hits));
    bool fired = false;

    CHECK(n <= MM_COUNT(hits));
    for (size_t i = 0; i < n; i++) {
        bool own = mm_slice_eq(mm_rules_get(t->set, hits[i])->id, id);

        fired |= own;
        t->others += !own;
        t->crossed += !own && t->has_file[hits[i]];
    }
    t->mute += !fired;
    return fired;
}

/* A file's name is the id of its rule. */
static void note_file(struct tools *t, const char *path, struct mm_slice id)
{
    (void)path;
    for (size_t r = 0; r < mm_rules_count(t->set); r++)
        t->has_file[r] |= mm_slice_eq(mm_rules_get(t->set, r)->id, id);
}

/* How many events must fire the rule: `match_count` of the info.yml beside them, or 1. */
static size_t wanted(const char *path)
{
    struct mm_slice file = mm_slice_str(path), line;
    char info[MM_MAX_PATH];
    size_t slash = file.n, at;
    uint64_t n = 1;
    struct mm_buf text;

    while (slash > 0 && file.p[slash - 1] != '/')
        slash--;
    (void)snprintf(info, sizeof(info), "%.*sinfo.yml", (int)slash, path);
    mm_buf_init(&text, 1024 * 1024);
    CHECK(mm_file_read(info, &text) == MM_OK);
    at = mm_slice_search(mm_buf_slice(&text), MM_S("\n      match_count: "));
    if (at != SIZE_MAX) {
        line = mm_slice_sub(mm_buf_slice(&text), at + 20, SIZE_MAX);
        line = mm_slice_trim(mm_slice_sub(line, 0, mm_slice_find(line, '\n', 0)));
        CHECK(mm_slice_u64(line, &n));
    }
    mm_buf_done(&text);
    return (size_t)n;
}

/* The file's name is the id of the rule that as many of its events must fire as are wanted. */
static void try_file(struct tools *t, const char *path, struct mm_slice id)
{
    struct mm_arena arena;
    struct mm_buf text;
    struct mm_slice rest;
    size_t fired = 0;

    mm_arena_init(&arena, 64 * 1024 * 1024);
    mm_buf_init(&text, 16 * 1024 * 1024);
    CHECK(mm_file_read(path, &text) == MM_OK);
    t->files++;
    rest = mm_buf_slice(&text);
    while (rest.n > 0) {
        struct mm_slice doc = next_document(&rest);

        if (doc.n == 0)
            continue;
        t->events++;
        if (!read_event(t, &arena, doc, &t->ev)) {
            t->unread++;
            printf("# not an event: %s\n", path);
            continue;
        }
        fired += fires(t, id);
    }
    t->fired += fired >= wanted(path);
    t->silent += fired < wanted(path);
    if (fired < wanted(path))
        printf("# silent: %s\n", path);
    mm_buf_done(&text);
    mm_arena_done(&arena);
}

typedef void file_fn(struct tools *t, const char *path, struct mm_slice id);

static void walk(struct tools *t, const char *dir, size_t depth, file_fn *fn)
{
    struct dirent **list = NULL;
    int n = scandir(dir, &list, NULL, alphasort);

    CHECK(n >= 0 && depth < 16);
    for (int i = 0; i < n; i++) {
        struct mm_slice name = mm_slice_str(list[i]->d_name);
        char path[MM_MAX_PATH];
        struct stat st;

        (void)snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);
        if (list[i]->d_name[0] != '.' && stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                walk(t, path, depth + 1, fn);
            else if (mm_slice_ends(name, MM_S(".json")))
                fn(t, path, mm_slice_sub(name, 0, name.n - 5));
        }
        free(list[i]);
    }
    free(list);
}

static void tools_init(struct tools *t)
{
    *t = (struct tools){.json = mm_json_new(MM_JSON_MAX_SIZE), .win = mm_winevent_new()};
    t->set = load_sigma();
    t->matcher = mm_matcher_new(t->set);
    CHECK(t->json != NULL && t->win != NULL && t->matcher != NULL);
}

static void tools_done(struct tools *t)
{
    mm_matcher_free(&t->matcher);
    mm_rules_unref(&t->set);
    mm_json_free(&t->json);
    mm_winevent_free(&t->win);
    free(t->has_file);
}

TEST(sigmahq_regression_events_fire_their_rules)
{
    struct tools t;
    char dir[MM_MAX_PATH];

    tools_init(&t);
    (void)snprintf(dir, sizeof(dir), "%s/sigma/regression_data", getenv("MIMAMORI_CORPORA"));
    t.has_file = calloc(mm_rules_count(t.set), sizeof(*t.has_file));
    CHECK(t.has_file != NULL);
    walk(&t, dir, 0, note_file);
    walk(&t, dir, 0, try_file);
    printf("# %zu files with %zu events: %zu fired their rule, %zu silent, %zu unreadable; "
           "%.2f other rules an event\n",
           t.files, t.events, t.fired, t.silent, t.unread, (double)t.others / (double)t.events);
    printf("# %zu events stand beside those that fire; %zu of %zu pairs with another file's rule "
           "fire\n",
           t.mute, t.crossed, t.events * (t.files - 1));
    /* Rules about one tool find each other's events; all else is silent on what is not its own. */
    CHECK(t.crossed * 500 < t.events * (t.files - 1));
    CHECK(t.files >= 200);
    CHECK_NUM(t.silent, 0);
    CHECK_NUM(t.unread, 0);
    tools_done(&t);
}

/* Every rule asked alone says what the indexes said. */
static void compare(struct tools *t)
{
    uint32_t hits[256];
    size_t n = mm_rules_match(t->matcher, &t->ev, hits, MM_COUNT(hits)), alone = 0, at = 0;

    CHECK(n <= MM_COUNT(hits));
    for (size_t r = 0; r < mm_rules_count(t->set); r++) {
        bool routed, yes = mm_match_plain(t->matcher, &t->ev, r, &routed);
        bool hit = at < n && hits[at] == r;

        at += hit;
        if (yes != hit)
            printf("# %s alone, %s by index: %.*s\n", yes ? "yes" : "no", hit ? "yes" : "no",
                   MM_S_ARG(mm_rules_get(t->set, r)->id));
        CHECK(yes == hit);
        alone += yes;
    }
    CHECK_NUM(alone, n);
    t->events++;
    t->others += n;
}

TEST(indexes_answer_as_every_rule_alone_on_public_events)
{
    enum { LINES_A_FILE = 12 };
    struct dirent **list = NULL;
    char dir[MM_MAX_PATH], path[MM_MAX_PATH];
    struct tools t;
    int n;

    tools_init(&t);
    (void)snprintf(dir, sizeof(dir), "%s/otrf", getenv("MIMAMORI_CORPORA"));
    n = scandir(dir, &list, NULL, alphasort);
    if (n <= 2)
        mm_test_skip("no corpus");
    for (int i = 0; i < n; i++) {
        struct mm_arena arena;
        char *line = NULL;
        size_t room = 0;
        ssize_t len;
        FILE *f;

        bool skip = list[i]->d_name[0] == '.' || mm_path_join(path, dir, list[i]->d_name) != MM_OK;

        free(list[i]);
        if (skip)
            continue;
        f = fopen(path, "re");
        CHECK(f != NULL);
        mm_arena_init(&arena, 64 * 1024 * 1024);
        for (size_t k = 0; k < LINES_A_FILE * 50 && (len = getline(&line, &room, f)) > 0; k++) {
            mm_arena_reset(&arena);
            if (k % 50 == 0 && read_event(&t, &arena, mm_slice_of(line, (size_t)len), &t.ev))
                compare(&t);
        }
        mm_arena_done(&arena);
        free(line);
        (void)fclose(f);
    }
    free(list);
    printf("# %zu events, %zu matches\n", t.events, t.others);
    CHECK(t.events > 0);
    tools_done(&t);
}
