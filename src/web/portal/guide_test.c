/* web/portal/guide_test.c - the guides that ship, what is refused of others, and blanks. */
#include "web/portal/guide.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/file.h"
#include "tests/harness/test.h"

#define W "{ja: j, en: e}"
#define HEAD                                                                                       \
    "guide: a\ntitle: " W "\nformats: [f]\nvia: tcp\nchecked: untested\n"                          \
    "source: {url: 'https://example.jp/', day: '2026-11-20'}\nbefore: [" W "]\n"
#define TAIL "see: [" W "]\nwrong: [{sign: " W ", help: " W "}]\nnaming: [" W "]\n"

static const struct mm_guide_values values = {.address = {(const uint8_t *)"192.0.2.7", 9},
                                              .port = {(const uint8_t *)"5514", 4}};

/* Filled, it has no blank left, and says where to send as often as the guide asks for it. */
static size_t filled(struct mm_slice text)
{
    struct mm_buf out;
    size_t n = 0;

    mm_buf_init(&out, MM_GUIDE_FILLED_MAX);
    mm_guide_fill(text, &values, &out);
    CHECK(mm_buf_ok(&out));
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("{address}")) == SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&out), MM_S("{port}")) == SIZE_MAX);
    n = mm_slice_search(mm_buf_slice(&out), values.address) != SIZE_MAX;
    mm_buf_done(&out);
    return n;
}

static void one(const char *path, const char *name)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));
    struct mm_guide *g = NULL;
    struct mm_buf text;
    size_t places = 0;

    CHECK(e != NULL);
    mm_buf_init(&text, MM_GUIDE_SIZE_MAX);
    CHECK_NUM(mm_file_read(path, &text), MM_OK);
    if (mm_guide_read(mm_buf_slice(&text), &g, e) != MM_OK)
        printf("# %s:%u:%u: %s %s, %s\n", name, e->error[0].line, e->error[0].column,
               e->error[0].what, e->error[0].detail, e->error[0].expected);
    mm_buf_done(&text);
    CHECK(g != NULL);
    CHECK_SLICE(g->id, name);
    for (size_t i = 0; i < g->steps; i++) {
        places += filled(g->step[i].commands) + filled(g->step[i].text.in[MM_LANG_JA]);
        (void)filled(g->step[i].text.in[MM_LANG_EN]);
    }
    printf("# %s\n", name);
    CHECK(places > 0);
    mm_guide_free(&g);
    free(e);
}

TEST(every_guide_that_ships_is_read_and_its_blanks_are_filled)
{
    char dir[512], path[MM_MAX_PATH], name[64];
    struct dirent *entry;
    size_t n = 0;
    DIR *d;

    (void)snprintf(dir, sizeof(dir), "%s", mm_test_source("content/guides"));
    d = opendir(dir);
    CHECK(d != NULL);
    for (entry = readdir(d); entry != NULL; entry = readdir(d)) {
        struct mm_slice file = mm_slice_str(entry->d_name);

        if (!mm_slice_ends(file, MM_S(".yaml")))
            continue;
        CHECK_NUM(mm_path_join(path, dir, entry->d_name), MM_OK);
        (void)snprintf(name, sizeof(name), "%.*s", (int)(file.n - 5), entry->d_name);
        one(path, name);
        n++;
    }
    (void)closedir(d);
    CHECK(n >= 5);
}

TEST(guide_is_refused_with_the_place_and_the_reason)
{
    static const struct {
        const char *yaml, *what, *detail;
        uint32_t line;
    } cases[] = {
        {HEAD "steps: [{text: " W ", commands: 'x {token}'}]\n" TAIL, "blank", "token", 8},
        {HEAD "steps: [{text: {ja: '{adress}', en: e}}]\n" TAIL, "blank", "adress", 8},
        {HEAD "steps: [{text: " W "}]\nsee: [" W "]\nwrong: [{sign: " W ", help: " W "}]\n"
              "naming: [{ja: j, en: '{port}'}]\n", /* also shown where there is none */
         "blank", "port", 11},
        {HEAD TAIL, "missing", "steps", 1},
        {HEAD "steps: []\n" TAIL, "list", "steps", 8},
        {HEAD "port: 65536\nsteps: [{text: " W "}]\n" TAIL, "whole", "65536", 8},
        {HEAD "way: tcp\nsteps: [{text: " W "}]\n" TAIL, "key", "way", 8},
        {"guide: [\n", "yaml", NULL, 2},
    };

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_quest_errors *e = calloc(1, sizeof(*e));
        struct mm_guide *g = NULL;

        CHECK(e != NULL);
        CHECK_NUM(mm_guide_read(mm_slice_str(cases[i].yaml), &g, e), MM_E_SYNTAX);
        CHECK(g == NULL && e->count > 0);
        CHECK(strcmp(e->error[0].what, cases[i].what) == 0);
        CHECK(cases[i].detail == NULL || strcmp(e->error[0].detail, cases[i].detail) == 0);
        CHECK_NUM(e->error[0].line, cases[i].line);
        free(e);
    }
}

TEST(blanks_are_filled_and_other_braces_are_text)
{
    static const char text[] = "{address}:{port} {} {A} { port } {0CCE} {port";
    struct mm_buf out;

    mm_buf_init(&out, 256);
    mm_guide_fill(mm_slice_str(text), &values, &out);
    CHECK_SLICE(mm_buf_slice(&out), "192.0.2.7:5514 {} {A} { port } {0CCE} {port");
    mm_buf_done(&out);
}
