/* parse/decode_csv_test.c - columns that are fixed, chosen by the line, or named by header lines.
 */
#include "tests/harness/test.h"

#include "parse/testkit.h"

#define TAIL                                                                                       \
    "prefix: t.\nabsent: ['-']\nset: {event.category: network, event.outcome: unknown}\n"          \
    "fields: {src: source.ip, dst: destination.ip, who: user.name}\n"
#define W3C                                                                                        \
    "format: w\nrecognise:\n  - starts: ['#']\n  - headed: true\ndecode: csv\n"                    \
    "csv: {gap: ' ', header: directives}\ntime:\n"                                                 \
    "  - {from: [date, time], form: [date, clock], zone: UTC}\n" TAIL                              \
    "rules:\n  - when: {csv.header: '*'}\n    set: {event.action: 'header {csv.header}'}\n"
#define JST(rest)                                                                                  \
    "{\"@timestamp\":\"2026-11-20T04:00:00Z\",\"event.category\":\"network\"," rest "}"
#define EV(rest) JST("\"event.outcome\":\"unknown\"" rest)
#define HEADER(name) JST("\"event.action\":\"header " name "\",\"event.outcome\":\"unknown\"")

TEST(decode_csv_takes_the_set_that_fits_count_and_cells)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - starts: ['T', 'U']\ndecode: csv\ntimeless: true\n"
            "csv:\n  sets:\n"
            "    - {name: one, columns: [~, type, src], where: {type: [A, B]}}\n"
            "    - {name: two, columns: [~, type, dst], where: {type: C}}\n"
            "    - {columns: [~, type, src, dst]}\n" TAIL "drop: [type]\n"
            "rules:\n  - when: {csv.set: '*'}\n    set: {event.action: '{csv.set}'}\n");
    expect(&b, "T,B,192.0.2.1",
           JST("\"event.action\":\"one\",\"event.outcome\":\"unknown\","
               "\"source.ip\":\"192.0.2.1\""));
    expect(&b, "T,C,192.0.2.1",
           JST("\"event.action\":\"two\",\"event.outcome\":\"unknown\","
               "\"destination.ip\":\"192.0.2.1\""));
    expect(&b, "T,D,192.0.2.1,192.0.2.2",
           EV(",\"source.ip\":\"192.0.2.1\",\"destination.ip\":\"192.0.2.2\""));
    expect(&b, "T,D,192.0.2.1", "!" EV(""));
    expect(&b, "T,A,192.0.2.1,192.0.2.2,x", "!" EV(""));
    end(&b);
}

TEST(decode_csv_takes_lines_of_other_releases_from_the_least_number_of_columns)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - starts: ['T']\ndecode: csv\ntimeless: true\n"
            "csv:\n  sets:\n    - {columns: [~, type, src, dst], where: {type: A}, least: 3}\n" TAIL
            "drop: [type]\n");
    expect(&b, "T,A,192.0.2.1", EV(",\"source.ip\":\"192.0.2.1\""));
    expect(&b, "T,A,192.0.2.1,192.0.2.2,new",
           EV(",\"source.ip\":\"192.0.2.1\",\"destination.ip\":\"192.0.2.2\""));
    expect(&b, "T,A", "!" EV(""));
    expect(&b, "T,B,192.0.2.1", "!" EV(""));
    end(&b);
}

TEST(decode_csv_learns_columns_from_directives_also_in_the_middle)
{
    struct bench b;

    begin(&b);
    add(&b, W3C);
    expect(&b, "#Version: 1.0", HEADER("Version"));
    expect(&b, "#Date: 2026-11-20 04:00:00", HEADER("Date"));
    expect(&b, "#Fields: date time src who x-new", HEADER("Fields"));
    expect(&b, "2026-11-20 04:00:00 192.0.2.1 sato 5",
           EV(",\"source.ip\":\"192.0.2.1\",\"user.name\":\"sato\",\"t.x-new\":\"5\""));
    expect(&b, "#Fields: date time dst src", HEADER("Fields"));
    expect(&b, "2026-11-20 04:00:00 192.0.2.2 192.0.2.1",
           EV(",\"source.ip\":\"192.0.2.1\",\"destination.ip\":\"192.0.2.2\""));
    expect(&b, "2026-11-20 04:00:00 192.0.2.1", "!" JST("\"event.outcome\":\"unknown\""));
    end(&b);
}

TEST(decode_csv_keeps_headers_of_sources_apart)
{
    struct bench b;

    begin(&b);
    add(&b, W3C);
    expect_of(&b, 1, "#Fields: date time src", HEADER("Fields"));
    expect_of(&b, 2, "#Fields: date time dst", HEADER("Fields"));
    expect_of(&b, 1, "2026-11-20 04:00:00 192.0.2.1", EV(",\"source.ip\":\"192.0.2.1\""));
    expect_of(&b, 2, "2026-11-20 04:00:00 192.0.2.1", EV(",\"destination.ip\":\"192.0.2.1\""));
    expect_of(&b, 3, "2026-11-20 04:00:00 192.0.2.1",
              "!{\"@timestamp\":\"2026-11-19T19:00:00Z\",\"message\":\"192.0.2.1\"}");
    end(&b);
}

TEST(decode_csv_keeps_the_headers_of_several_logs_of_a_source)
{
    struct bench b;

    begin(&b);
    add(&b, "format: z\nrecognise:\n  - starts: ['#']\n  - headed: true\ndecode: csv\n"
            "csv: {gap: tab, quotes: false, header: directives}\ntimeless: true\n" TAIL
            "rules:\n  - when: {csv.set: '*'}\n    set: {event.action: '{csv.set}'}\n");
    expect(&b, "#separator \\x09", EV(""));
    expect(&b, "#path\tone", EV(""));
    expect(&b, "#fields\tsrc\tdst", EV(""));
    expect(&b, "#separator \\x09", EV(""));
    expect(&b, "#path\ttwo", EV(""));
    expect(&b, "#fields\tdst\tsrc\twho", EV(""));
    expect(&b, "192.0.2.1\t192.0.2.2",
           JST("\"event.action\":\"one\",\"event.outcome\":\"unknown\","
               "\"source.ip\":\"192.0.2.1\",\"destination.ip\":\"192.0.2.2\""));
    expect(&b, "192.0.2.1\t192.0.2.2\t-",
           JST("\"event.action\":\"two\",\"event.outcome\":\"unknown\","
               "\"source.ip\":\"192.0.2.2\",\"destination.ip\":\"192.0.2.1\""));
    end(&b);
}

TEST(decode_csv_knows_a_line_of_names_and_falls_back_to_its_sets)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - has: [',']\ndecode: csv\ntimeless: true\n"
            "csv: {header: names, sets: [{columns: [src, who, dst]}]}\n" TAIL);
    expect(&b, "192.0.2.1,sato,192.0.2.2",
           EV(",\"source.ip\":\"192.0.2.1\",\"destination.ip\":\"192.0.2.2\","
              "\"user.name\":\"sato\""));
    expect(&b,
           "\xEF\xBB\xBF"
           "dst,\"src\", who",
           EV(""));
    expect(&b, "192.0.2.1,192.0.2.2,\"sa\"\"to\"",
           EV(",\"source.ip\":\"192.0.2.2\",\"destination.ip\":\"192.0.2.1\","
              "\"user.name\":\"sa\\\"to\""));
    end(&b);
}

TEST(decode_csv_does_not_keep_a_header_that_is_too_large)
{
    struct bench b;
    char line[2048] = "#Fields:";

    begin(&b);
    add(&b, W3C);
    for (int i = 0; i < 130; i++)
        (void)snprintf(line + strlen(line), sizeof(line) - strlen(line), " f%d", i);
    expect(&b, line, "!" HEADER("Fields"));
    expect(&b, "#Fields:", "!" HEADER("Fields"));
    expect(&b, "a b c", "!{\"@timestamp\":\"2026-11-20T04:00:00Z\"}");
    end(&b);
}

TEST(decode_csv_reads_a_column_that_is_json)
{
    struct bench b;

    begin(&b);
    add(&b, "format: t\nrecognise:\n  - starts: ['T']\ndecode: csv\ntimeless: true\n"
            "csv: {columns: [~, data], json: data}\n"
            "drop: [data]\n" TAIL);
    expect(&b, "T,\"{\"\"src\"\":\"\"192.0.2.1\"\",\"\"who\"\":\"\"sato\"\"}\"",
           EV(",\"source.ip\":\"192.0.2.1\",\"user.name\":\"sato\""));
    expect(&b, "T,\"{\"\"who\"\":\"\"sato\"\"\"", "!" EV(""));
    expect(&b, "T,", EV(""));
    expect(&b, "T,\"{\"\"who\"\":\"\"sato\"\"}", "!" EV(",\"user.name\":\"sato\""));
    end(&b);
}
