/* detect/logsource_test.c - tests/sigma/logsources.txt: every row of logsource.def by example. */
#include <unistd.h>

#include "tests/harness/test.h"

#include "detect/logsource.h"

static const struct {
    struct mm_slice word[3]; /* product, category, service */
} rows[] = {
#define MM_SOURCE(product, category, service, test)                                                \
    {{MM_S_INIT(product), MM_S_INIT(category), MM_S_INIT(service)}},
#include "detect/logsource.def"
#undef MM_SOURCE
};

struct bench {
    struct mm_arena arena;
    struct mm_sources sources;
    struct mm_slice word[3];    /* the logsource that is asked about */
    struct mm_source_bits wide; /* rows that it selects */
    bool met[MM_COUNT(rows)], missed[MM_COUNT(rows)];
    size_t events, wrong;
};

/* What stands in front of the next `sep`, which is taken off as well. */
static struct mm_slice cut(struct mm_slice *io, uint8_t sep)
{
    size_t at = mm_slice_find(*io, sep, 0);
    struct mm_slice head = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return head;
}

static void begin(struct bench *b, struct mm_slice line)
{
    for (size_t i = 0; i < 3; i++) {
        b->word[i] = cut(&line, ' ');
        if (mm_slice_eq(b->word[i], MM_S("-")))
            b->word[i] = (struct mm_slice){0};
    }
    CHECK(mm_sources_select(&b->sources, b->word[0], b->word[1], b->word[2], &b->wide));
}

/* The row is about exactly the logsource that is asked about. */
static bool own(const struct bench *b, size_t row)
{
    for (size_t i = 0; i < 3; i++) {
        if (!mm_slice_eq(rows[row].word[i], b->word[i]))
            return false;
    }
    return true;
}

/* A format that events of the examples come from is one that we have. */
static void check_format(struct mm_slice name)
{
    char path[MM_MAX_FIELD_NAME + 32];

    (void)snprintf(path, sizeof(path), "content/formats/%.*s.yaml", MM_S_ARG(name));
    CHECK(access(mm_test_source(path), R_OK) == 0);
}

static void ask(struct bench *b, bool must, struct mm_slice line)
{
    struct mm_slice rest = line;
    struct mm_source_bits got;
    struct mm_event ev;
    bool any = false;

    mm_event_reset(&ev);
    while (rest.n > 0) {
        struct mm_slice value = cut(&rest, ';'), name = cut(&value, '=');

        if (mm_slice_eq(name, MM_S("format"))) {
            check_format(value);
            ev.format = value;
        } else {
            CHECK(mm_event_name(&ev, name, value));
        }
    }
    mm_sources_test(&b->sources, &ev, &got);
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        bool hit = (got.w[i / 64] & b->wide.w[i / 64] & (UINT64_C(1) << (i % 64))) != 0;

        any |= hit;
        if (own(b, i)) {
            b->met[i] |= must && hit;
            b->missed[i] |= !must && !hit;
        }
    }
    b->events++;
    if (any == must)
        return;
    printf("# %.*s %.*s %.*s %s %.*s\n", MM_S_ARG(b->word[0]), MM_S_ARG(b->word[1]),
           MM_S_ARG(b->word[2]), must ? "is not" : "is", MM_S_ARG(line));
    b->wrong++;
}

/* A row that no example meets may be dead or wrong; one that none misses may mean everything. */
TEST(every_logsource_is_met_by_an_example_and_missed_by_another)
{
    static char text[128 * 1024];
    struct bench b = {0};
    struct mm_slice rest;
    FILE *f = fopen(mm_test_source("tests/sigma/logsources.txt"), "re");
    size_t n;

    CHECK(f != NULL);
    n = fread(text, 1, sizeof(text), f);
    CHECK(n > 0 && n < sizeof(text));
    (void)fclose(f);
    mm_arena_init(&b.arena, 1024 * 1024);
    CHECK(mm_sources_init(&b.arena, &b.sources));
    CHECK_NUM(b.sources.n, MM_COUNT(rows));
    for (rest = mm_slice_of(text, n); rest.n > 0;) {
        struct mm_slice line = cut(&rest, '\n');

        if (line.n == 0 || line.p[0] == '#')
            continue;
        if (line.p[0] == '+' || (line.p[0] == '-' && line.n > 1 && line.p[1] == ' ' &&
                                 mm_slice_find(line, '=', 0) != SIZE_MAX))
            ask(&b, line.p[0] == '+', mm_slice_sub(line, 2, SIZE_MAX));
        else
            begin(&b, line);
    }
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        if (b.met[i] && b.missed[i])
            continue;
        printf("# row %zu, %.*s %.*s %.*s: no example that %s it\n", i + 1,
               MM_S_ARG(rows[i].word[0]), MM_S_ARG(rows[i].word[1]), MM_S_ARG(rows[i].word[2]),
               b.met[i] ? "misses" : "meets");
        b.wrong++;
    }
    printf("# %zu rows, %zu events\n", MM_COUNT(rows), b.events);
    CHECK_NUM(b.wrong, 0);
    mm_arena_done(&b.arena);
}
