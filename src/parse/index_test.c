/* parse/index_test.c - candidates are few, and never too few. */
#include "parse/index.h"

#include <stdio.h>

#include "parse/format.h"
#include "tests/harness/test.h"

#define BODY(name, witness)                                                                        \
    "format: " name "\nrecognise: [" witness "]\nwrap: syslog\ndecode: kv\n"                       \
    "set: {event.category: network, event.outcome: success}\n"

static struct mm_formats *load(void)
{
    static const char *const texts[] = {
        BODY("by-app", "{app: [alpha, beta]}"),
        BODY("by-text", "{starts: ['{'], has: ['\"vendor\":\"Example\"', 'x']}"),
        BODY("by-start", "{starts: ['devname=', 'Z'], has: ['id']}"),
        BODY("by-like", "{like: ['[{:word}] {:rest}', '{:int} is {:rest}']}"),
        BODY("by-any", "{like: ['{:word} gone{? away}']}"),
        BODY("by-star", "{app: ['mail/*', '*/queue']}"),
        BODY("by-two", "{app: [alpha]}, {has: ['Q9#x']}"),
    };
    struct mm_formats *set = mm_formats_new();
    struct mm_format_errors errors = {0};

    CHECK(set != NULL);
    for (size_t i = 0; i < MM_COUNT(texts); i++)
        CHECK(mm_formats_add(set, "t.yaml", mm_slice_str(texts[i]), &errors) == MM_OK);
    return set;
}

TEST(index_finds_the_formats_that_may_have_written_a_line)
{
    static const struct {
        const char *line;
        const char *names; /* in order of adding */
    } cases[] = {
        {"<13>Nov 20 10:00:00 h beta[1]: hello", "by-app "},
        {"<13>Nov 20 10:00:00 h alpha: hello", "by-app by-two "},
        {"<13>Nov 20 10:00:00 h mail/in[1]: hello", "by-star "},
        {"<13>Nov 20 10:00:00 h mta1/queue[1]: hello", "by-star "},
        {"<13>Nov 20 10:00:00 h gamma: an odd Q9#x", "by-two "},
        {"{\"vendor\":\"Example\",\"x\":1}", "by-text "},
        {"{\"vendor\":\"Another\"}", ""},
        {"<13>Nov 20 10:00:00 h gamma: devname=x", "by-start "},
        {"Zebra", "by-start "},
        {"[a] b", "by-like "},
        {"7 is b", "by-like "},
        {"it is gone", "by-any "},
        {"gone {are} all", ""},
        {"nobody", ""},
    };
    struct mm_formats *set = load();
    static struct mm_wire w;

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_slice body = mm_slice_str(cases[i].line);
        static struct mm_look look;
        char got[200] = "";
        int n = 0;

        w.has_syslog = mm_syslog_parse(body, &w.syslog, NULL) == MM_OK;
        mm_index_look(set->index, &w, body, &look);
        for (size_t k = 0; k < set->count; k++) {
            bool fits = mm_format_fits(set->format[k], &w, NULL, body);

            CHECK(mm_index_in(&look.may, (uint16_t)k) || !fits);
            CHECK(mm_format_fits(set->format[k], &w, &look, body) == fits);
            if (mm_index_in(&look.may, (uint16_t)k))
                n += snprintf(got + n, sizeof(got) - (size_t)n, "%.*s ",
                              MM_S_ARG(set->format[k]->name));
        }
        CHECK_SLICE(mm_slice_of(got, (size_t)n), cases[i].names);
    }
    mm_formats_free(&set);
}

TEST(index_takes_an_empty_line)
{
    struct mm_formats *set = load();
    static struct mm_wire w;
    static struct mm_look look;

    w.has_syslog = false;
    mm_index_look(set->index, &w, (struct mm_slice){0}, &look);
    for (size_t k = 0; k < set->count; k++)
        CHECK(mm_index_in(&look.may, (uint16_t)k) ||
              !mm_format_fits(set->format[k], &w, NULL, (struct mm_slice){0}));
    mm_formats_free(&set);
}

TEST(index_knows_where_a_text_stands)
{
    static const struct {
        const char *line;
        bool may, fits;
    } cases[] = {
        {"<13>Nov 20 10:00:00 h tag: near12 and Other-text", true, true},
        {"<13>Nov 20 10:00:00 h tag: near12 ..................... Other-text", false, false},
        /* In the header it is no text of the message; behind it there may be another. */
        {"<13>Nov 20..................... Other-text", false, false},
        {"<13>Nov 20 10:00:00 near12 tag: near12 Other-text", true, true},
        {"<13>Nov 20 10:00..................... Other-text", false, false},
        {"near12Other-text", true, true},
        {"Other-text", true, false},
    };
    struct mm_formats *set = mm_formats_new();
    struct mm_format_errors errors = {0};
    static struct mm_wire w;
    static struct mm_look look;

    CHECK(set != NULL);
    CHECK(mm_formats_add(set, "t.yaml",
                         MM_S(BODY("f", "{has: [near12, Other-text, 't'], within: 24}")),
                         &errors) == MM_OK);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_slice body = mm_slice_str(cases[i].line);

        w.has_syslog = mm_syslog_parse(body, &w.syslog, NULL) == MM_OK;
        mm_index_look(set->index, &w, body, &look);
        CHECK(mm_index_in(&look.may, 0) == cases[i].may);
        CHECK(mm_format_fits(set->format[0], &w, &look, body) == cases[i].fits);
        CHECK(mm_format_fits(set->format[0], &w, NULL, body) == cases[i].fits);
    }
    mm_formats_free(&set);
}
