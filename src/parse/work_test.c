/* parse/work_test.c - no line costs more than its length allows, whatever stands in it. */
#include "parse/explain.h"
#include "parse/format.h"
#include "tests/harness/test.h"

#include "parse/testkit.h"

enum {
    LONG = 4000, /* so that no other limit of a decoder is met before */
    LONGEST = 60000,
};

#define FORMAT(name, more)                                                                         \
    "format: " name "\nrecognise: [{starts: ['" name " ', '{', '<Event', 'CEF:', 'LEEF:', "        \
    "'audit(', 'COMM=']}]\n" more "prefix: x.\nset: {event.category: host, event.outcome: "        \
    "success}\ntimeless: true\n"

/* One decoder each, a line that it reads, and what makes such a line costly. */
static const struct {
    const char *format, *good, *front, *part, *back;
    bool costly; /* false: the decoder stops by itself, or it costs little */
} cases[] = {
    {FORMAT("kv", "decode: kv\n"), "kv a=b", "kv ", "a=b ", "", false},
    {FORMAT("kv", "decode: kv\n"), "kv a=b", "kv ", "= ", "", false},
    {FORMAT("kv", "decode: kv\nkv: {spaces: true, gap: ','}\n"), "kv a=b", "kv ", "a=b,", "",
     false},
    {FORMAT("kv", "decode: kv\nfields: {a: {to: url.original, as: lower}, b: {match: "
                  "'{x:to}!!{y:rest}'}}\n"),
     "kv a=b", "kv ", "\"\\", "", false},
    {FORMAT("csv", "decode: csv\ncsv: {columns: [a, b]}\n"), "csv ,b", "csv ,", ",", "", true},
    {FORMAT("json", "decode: json\n"), "{\"a\":1}", "{\"a\":[0", ",0", "]}", true},
    {FORMAT("json", "decode: json\n"), "{\"a\":1}", "{\"\":0", ",\"\":0", "}", true},
    {FORMAT("json", "decode: json\n"), "{\"a\":1}", "{\"\":", "[", "", false},
    {FORMAT("json", "decode: json\njson: {pairs: {a: [n, v, w]}}\nfields: {a.b: url.original}\n"),
     "{\"a\":[{\"n\":\"b\",\"v\":1}]}", "{\"a\":[{}", ",{\"n\":\"b\",\"v\":1}", "]}", true},
    {FORMAT("win", "decode: winevent\n"), "{\"EventID\":1,\"Channel\":\"c\"}",
     "{\"EventID\":1,\"Channel\":\"c\"", ",\"a\":0", "}", true},
    {FORMAT("win", "decode: winevent\n"), "{\"EventID\":1,\"Channel\":\"c\"}",
     "{\"EventID\":1,\"Channel\":\"c\",\"EventData\":{\"Data\":[{}", ",{\"a\":0}", "]}}", true},
    {FORMAT("xml", "decode: winxml\n"), NULL, "<Event>", "<a/>", "</Event>", true},
    {FORMAT("xml", "decode: winxml\n"), NULL, "<Event>", "<![CDATA[a]]>", "</Event>", false},
    {FORMAT("xml", "decode: winxml\n"), NULL, "<Event ", "a='' ", "/>", true},
    {FORMAT("cef", "decode: cef\n"), "CEF:0|v|p|1|c|n|5|a=b", "CEF:0|v|p|1|c|n|5|", "a=b ", "",
     false},
    {FORMAT("cef", "decode: cef\n"), "CEF:0|v|p|1|c|n|5|a=b", "CEF:0|v|p|1|c|n|5|",
     "cs1Label=a cs1=b ", "", true},
    {FORMAT("leef", "decode: leef\n"), "LEEF:1.0|v|p|1|e|a=b", "LEEF:1.0|v|p|1|e|", "a=b\t", "",
     false},
    {FORMAT("audit", "decode: auditd\n"), "audit(1795147200.1:1): a=b",
     "audit(1795147200.1:1): ", "a=b ", "", false},
    {FORMAT("journal", "decode: journal\n"), NULL, "COMM=a\n", "A=b\n", "", false},
    {FORMAT("pat", "decode: pattern\npatterns: [{is: 'pat {pairs:rest}'}]\n"), "pat a=b", "pat ",
     "a=b ", "", false},
    {FORMAT("pat", "decode: pattern\npatterns: [{is: 'pat {a:to} from {b:to} from {c:ip}'}]\n"),
     "pat a from b from 192.0.2.1", "pat ", " from ", "", false},
};

struct read {
    struct bench b;
    uint8_t *line;
};

static void read_begin(struct read *r, const char *format)
{
    begin(&r->b);
    mm_arena_done(&r->b.arena);
    mm_arena_init(&r->b.arena, 32 * 1024 * 1024);
    r->line = calloc(1, LONGEST + MM_PADDING);
    CHECK(r->line != NULL);
    add(&r->b, format);
}

static void read_end(struct read *r)
{
    free(r->line);
    end(&r->b);
}

static void parse(struct read *r, size_t n)
{
    struct mm_hint hint = {.format = 0, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.body = mm_slice_of(r->line, n), .company = 1, .source = 1};

    mm_arena_reset(&r->b.arena);
    mm_parse(r->b.set, r->b.scratch, &r->b.arena, &raw, &hint, r->b.ev);
}

/* `front`, then `part` over and over, then `back`. */
static size_t make(struct read *r, const char *front, const char *part, const char *back,
                   size_t max)
{
    size_t n = strlen(front), m = strlen(part), end = strlen(back);

    memset(r->line, 0, LONGEST + MM_PADDING);
    memcpy(r->line, front, n);
    for (; n + m + end <= max; n += m)
        memcpy(r->line + n, part, m);
    memcpy(r->line + n, back, end);
    return n + end;
}

TEST(a_hostile_line_costs_what_its_length_allows_and_is_left_unread)
{
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct read r;
        size_t n;

        read_begin(&r, cases[i].format);
        n = make(&r, cases[i].front, cases[i].part, cases[i].back, LONG);
        for (int again = 0; again < 2; again++) {
            bool costly;

            parse(&r, n);
            costly = (r.b.ev->flags & MM_EV_COSTLY) != 0;
            if (costly != cases[i].costly)
                printf("# case %zu\n", i);
            CHECK(costly == cases[i].costly && (r.b.ev->flags & MM_EV_UNPARSED) != 0);
            CHECK(mm_scratch_work(r.b.scratch) <= mm_work_of_line(n));
            CHECK(mm_slice_eq(r.b.ev->original, mm_slice_of(r.line, n)));
            /* Nothing that was read by chance is kept. */
            CHECK(!costly || (r.b.ev->extra_n == 0 && !mm_event_has(r.b.ev, MM_F_EVENT_CATEGORY)));
        }
        n = make(&r, cases[i].front, cases[i].part, cases[i].back, LONGEST);
        parse(&r, n);
        CHECK(mm_scratch_work(r.b.scratch) <= mm_work_of_line(n));
        CHECK((r.b.ev->flags & MM_EV_UNPARSED) != 0);
        /* The next line is read as ever. */
        if (cases[i].good != NULL) {
            parse(&r, make(&r, cases[i].good, "", "", 0));
            CHECK((r.b.ev->flags & MM_EV_COSTLY) == 0);
            CHECK(mm_event_has(r.b.ev, MM_F_EVENT_CATEGORY));
        }
        read_end(&r);
    }
}

TEST(a_line_of_many_short_values_is_read)
{
    struct read r;

    read_begin(&r, cases[0].format);
    parse(&r, make(&r, "kv ", "a=b c=d e=f g=h ", "", 400));
    CHECK((r.b.ev->flags & (MM_EV_UNPARSED | MM_EV_COSTLY)) == MM_EV_UNPARSED);
    CHECK_NUM(r.b.ev->extra_n, 96); /* all that an event holds */
    read_end(&r);
}

TEST(a_costly_line_is_not_read_again_for_each_repetition)
{
    struct mm_hint hint = {.format = 0, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1, .source = 1, .seq = 1};
    struct read r;

    read_begin(&r, FORMAT("csv", "wrap: syslog\ndecode: csv\ncsv: {columns: [a, b]}\n"));
    raw.body = mm_slice_of(r.line, make(&r, "<13>Nov 20 10:00:00 h csv ,", ",", "", LONG));
    mm_parse(r.b.set, r.b.scratch, &r.b.arena, &raw, &hint, r.b.ev);
    CHECK((r.b.ev->flags & MM_EV_COSTLY) != 0);
    CHECK_SLICE(r.b.ev->format, "csv");
    raw.body = mm_slice_str("<13>Nov 20 10:00:00 h last message repeated 3 times");
    raw.seq = 2;
    mm_parse(r.b.set, r.b.scratch, &r.b.arena, &raw, &hint, r.b.ev);
    CHECK((r.b.ev->flags & MM_EV_COSTLY) == 0);
    CHECK_NUM(r.b.ev->val[MM_F_EVENT_COUNT].u, 3);
    CHECK(mm_scratch_work(r.b.scratch) < 1000);
    read_end(&r);
}

TEST(explain_says_that_a_line_would_cost_too_much)
{
    struct mm_explained e[MM_EXPLAIN_MAX];
    struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
    struct mm_raw raw = {.company = 1, .source = 1};
    struct read r;

    read_begin(&r, cases[4].format);
    raw.body = mm_slice_of(r.line, make(&r, "csv ,", ",", "", LONG));
    CHECK_NUM(mm_explain(r.b.set, r.b.scratch, &r.b.arena, &raw, &hint, e), 1);
    CHECK(e[0].costly && !e[0].parsed && !e[0].read);
    raw.body = MM_S("csv ,b");
    CHECK_NUM(mm_explain(r.b.set, r.b.scratch, &r.b.arena, &raw, &hint, e), 1);
    CHECK(!e[0].costly && e[0].read);
    read_end(&r);
}

/* Formats that the operator has made ask what they like of a line: ours have their own account. */
TEST(the_operators_formats_keep_none_of_ours_from_being_asked)
{
    static const char line[] = "one two three four five six seven 192.0.2.7 eight nine ten";
    char own[512];
    struct read r;

    read_begin(&r,
               "format: ours\nrecognise: [{like: ['{a:word} {b:word} {c:word} {d:word} {e:word} "
               "{f:word} {g:word} {source.ip:ip} {h:rest}']}]\norder: 999\ntimeless: true\n"
               "decode: pattern\npatterns: [{is: '{:to} seven {source.ip:ip} {:rest}'}]\n"
               "set: {event.category: host, event.outcome: success}\n");
    mm_formats_own(r.b.set);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(own, sizeof(own),
                       "format: own-%d\nrecognise: [{like: ['{a:word} {b:word} {c:word} {d:word} "
                       "{e:word} {f:word} {g:word} {h:int} {i:rest}']}]\norder: 1\ntimeless: true\n"
                       "decode: pattern\npatterns: [{is: '{:rest}'}]\n"
                       "set: {event.category: host, event.outcome: success}\n",
                       i);
        add(&r.b, own);
    }
    for (uint32_t source = 1; source <= 2; source++) {
        struct mm_hint hint = {.format = MM_FORMAT_NONE, .offset_s = MM_PARSE_JST_S};
        struct mm_raw raw = {.body = mm_slice_str(line), .company = 1, .source = source};

        mm_arena_reset(&r.b.arena);
        mm_parse(r.b.set, r.b.scratch, &r.b.arena, &raw, &hint, r.b.ev);
        CHECK_SLICE(r.b.ev->format, "ours");
        CHECK((r.b.ev->flags & (MM_EV_UNPARSED | MM_EV_COSTLY)) == 0);
        CHECK(mm_scratch_work(r.b.scratch) <= mm_work_of_line(sizeof(line) - 1));
    }
    read_end(&r);
}
