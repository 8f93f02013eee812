/*
 * app/search.c - find events of one company from the command line.
 *
 * Prints newest first; the last line (to stderr) says how many, and how long it took.
 */
#include <stdio.h>
#include <stdlib.h>

#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "base/utf8.h"
#include "os/file.h"
#include "register/audit.h"
#include "store/events/search.h"
#include "text/lang.h"

enum {
    TIMEOUT_MS = 30 * 1000,
    JST_S = 9 * 3600, /* times without a zone are read as Japan's */
    EXIT_USAGE = 2,
};

struct arguments {
    const char *state;
    const char *company;
    struct mm_slice query;
    uint64_t limit;
    bool json;
};

static int usage(void)
{
    fputs("usage: mimamori search --company CODE [--state DIR] [--json] [--limit N] QUERY\n"
          "Finds events of one company (its code or number), newest first.\n"
          "  user.name:tanaka* source.ip:10.0.0.0/8 destination.port:[1 to 1023]\n"
          "  not (event.action:deny or http.response.status_code>=500) last 24h\n"
          "  time:2020-12-23T10  \"any text of the line\"  parsed:no  vendor.field:*\n"
          "  --json     one JSON object a line\n"
          "  --limit N  at most N events (1 to 1000, default 100)\n",
          stderr);
    return EXIT_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    bool query = false;

    *ret = (struct arguments){.state = "/var/lib/mimamori", .limit = 100};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--json") == 0)
            ret->json = true;
        else if (strcmp(argv[i], "--state") == 0 && more)
            ret->state = argv[++i];
        else if (strcmp(argv[i], "--company") == 0 && more)
            ret->company = argv[++i];
        else if (strcmp(argv[i], "--limit") == 0 && more) {
            if (!mm_slice_u64(mm_slice_str(argv[++i]), &ret->limit))
                return false;
        } else if (!query && argv[i][0] != '-') {
            ret->query = mm_slice_str(argv[i]);
            query = true;
        } else if (strcmp(argv[i], "--") == 0 && !query && more) {
            ret->query = mm_slice_str(argv[++i]);
            query = true;
        } else {
            return false;
        }
    }
    return query && ret->company != NULL && ret->limit >= 1 && ret->limit <= MM_SEARCH_LIMIT_MAX;
}

/* One event as a line for people: when, what read it, and the line itself, made safe to show. */
static void print_plain(struct mm_buf *out, const struct mm_event *ev)
{
    char when[MM_TIME_TEXT];
    struct mm_slice line = mm_slice_trim(ev->original);
    size_t from;

    mm_time_text(ev->time_us, when);
    mm_buf_fmt(out, "%s %u/%llu %.*s ", when, ev->queue, (unsigned long long)ev->seq,
               MM_S_ARG(ev->format.n == 0 ? MM_S("-") : ev->format));
    from = out->n;
    mm_utf8_clean(out, line);
    for (size_t i = from; i < out->n; i++) {
        if (out->p[i] < 0x20 || out->p[i] == 0x7f)
            out->p[i] = ' '; /* no control sequence reaches the terminal */
    }
    mm_buf_byte(out, '\n');
}

static int print(struct mm_search_result *r, bool json)
{
    static struct mm_event ev;
    struct mm_buf out;
    int rc = 0;

    mm_buf_init(&out, MM_SEARCH_BYTES_MAX);
    while (rc == 0 && mm_search_next(r, &ev)) {
        mm_buf_reset(&out);
        if (json)
            mm_event_json(&out, &ev, true);
        else
            print_plain(&out, &ev);
        if (json)
            mm_buf_byte(&out, '\n');
        if (!mm_buf_ok(&out) || fwrite(out.p, 1, out.n, stdout) != out.n)
            rc = 1;
    }
    mm_buf_done(&out);
    return fflush(stdout) == 0 ? rc : 1;
}

/* What was wrong with the query, and where: the line, and a mark under the byte. */
static void complain(struct mm_slice query, const struct mm_fault *f)
{
    const char *words = mm_lang_text(MM_LANG_EN, mm_slice_str(f->what), 1);
    struct mm_buf out;

    mm_buf_init(&out, 4 * MM_QUERY_TEXT_MAX);
    mm_utf8_clean(&out, query);
    fprintf(stderr, "mimamori: the query was refused at byte %zu: %s\n  %.*s\n  %*s^\n", f->at,
            words == NULL ? f->what : words, MM_S_ARG(mm_buf_slice(&out)), (int)f->at, "");
    mm_buf_done(&out);
}

static int search(const struct arguments *a, struct mm_events_client *client, uint32_t company)
{
    struct mm_arena arena;
    struct mm_query query;
    struct mm_fault fault = {0};
    struct mm_search_result result = {0};
    struct mm_search_request r = {.company = company,
                                  .query = &query,
                                  .now_us = mm_now_us(),
                                  .zone_s = JST_S,
                                  .limit = (uint32_t)a->limit};
    enum mm_code code;
    int rc = 1;

    mm_arena_init(&arena, 16 * MM_QUERY_TEXT_MAX);
    code = mm_query_parse(a->query, &arena, &query, &fault);
    if (code == MM_OK)
        code = mm_search_run(client, &r, &result, &fault);
    if (code == MM_OK) {
        rc = print(&result, a->json);
        fprintf(stderr, "%zu events%s in %.3f s (%llu rows read)\n", result.count,
                result.more ? " and more" : "", (double)result.answer.elapsed_us / 1e6,
                (unsigned long long)result.answer.read_rows);
    } else if (fault.what != NULL) {
        complain(a->query, &fault);
        rc = EXIT_USAGE;
    } else {
        fprintf(stderr, "mimamori: %.*s\n", (int)result.answer.text_n, result.answer.text);
    }
    mm_search_done(&result);
    mm_arena_done(&arena);
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct mm_audit look = {.action = MM_S("look.search")};
    struct mm_events_client *client;
    char path[MM_MAX_PATH], address[MM_MAX_PATH + 8];
    uint32_t company;
    int rc;

    if (!parse(argc, argv, &a))
        return usage();
    look.text = a.query;
    if (mm_app_company_look(a.state, a.company, &look, &company) != MM_OK)
        return EXIT_USAGE;
    if (mm_path_join(path, a.state, "run/eventd-read.sock") != MM_OK)
        return usage();
    (void)snprintf(address, sizeof(address), "unix:%s", path);
    if (mm_events_new(mm_slice_str(address), TIMEOUT_MS, &client) != MM_OK) {
        fputs("mimamori: the path of the state directory is too long for a socket\n", stderr);
        return EXIT_USAGE;
    }
    rc = search(&a, client, company);
    mm_events_free(&client);
    return rc;
}
