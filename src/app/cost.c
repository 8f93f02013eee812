/*
 * app/cost.c - `mimamori cost`: what each company costs in a month.
 *
 * The portal starts it for its page: the machine is one for all companies, and no scope of the
 * portal shows how it is shared.
 */
#include <stdio.h>
#include <unistd.h>

#include "app/language.h"
#include "app/say.h"
#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "cost/cost.h"
#include "os/file.h"
#include "serve/config.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum {
    EXIT_BAD = 1,
    EXIT_USAGE = 2,
    STORE_MS = 8000,               /* the portal waits ten seconds */
    ARENA_MAX = 256 * 1024 * 1024, /* 100,000 sources of 150 bytes, doubled while they are read */
    OUT_MAX = 64 * 1024 * 1024,    /* 20,000 companies of 1 KiB */
    WHY_MAX = 8192,
};

enum form { TEXT, JSON, CSV };

struct arguments {
    const char *state, *config, *month;
    const char *prices; /* "MACHINE,HOUR,FEE": the portal has read the configuration already */
    uint64_t from;
    enum form form;
    enum mm_lang lang;
};

static int usage(void)
{
    fputs("usage: mimamori cost [--month YYYY-MM] [--json [--from N] | --csv] [--lang ja|en]\n"
          "                     [--config FILE] [--prices MACHINE,HOUR,FEE] [--state DIR]\n"
          "What each company costs in a month: processor, disk, yen, minutes of people.\n"
          "  --month     this month, or one of the last three\n"
          "  --json      a document of 50 companies, dearest first, from place N on\n"
          "  --csv       a sheet of all companies\n"
          "  --prices    yen for the machine a month, an hour of a person, and what a company\n"
          "              brings a month (default: cost.machine, cost.hour, cost.fee)\n",
          stderr);
    return EXIT_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    struct arguments a = {.state = MM_STATE_DEFAULT, .lang = mm_app_language()};

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--json") == 0 && a.form == TEXT)
            a.form = JSON;
        else if (strcmp(argv[i], "--csv") == 0 && a.form == TEXT)
            a.form = CSV;
        else if (!more)
            return false;
        else if (strcmp(argv[i], "--state") == 0)
            a.state = argv[++i];
        else if (strcmp(argv[i], "--config") == 0)
            a.config = argv[++i];
        else if (strcmp(argv[i], "--month") == 0)
            a.month = argv[++i];
        else if (strcmp(argv[i], "--prices") == 0)
            a.prices = argv[++i];
        else if ((strcmp(argv[i], "--lang") == 0 &&
                  mm_lang_parse(mm_slice_str(argv[i + 1]), &a.lang)) ||
                 (strcmp(argv[i], "--from") == 0 &&
                  mm_slice_u64(mm_slice_str(argv[i + 1]), &a.from) &&
                  a.from <= MM_COST_COMPANIES_MAX))
            i++;
        else
            return false;
    }
    *ret = a;
    return true;
}

/* "5000,4000,10000" */
static bool read_prices(struct mm_slice text, struct mm_cost_prices *ret)
{
    int64_t *const to[] = {&ret->machine, &ret->hour, &ret->fee};

    for (size_t i = 0; i < MM_COUNT(to); i++) {
        size_t end = i + 1 < MM_COUNT(to) ? mm_slice_find(text, ',', 0) : text.n;
        uint64_t v;

        if (end == SIZE_MAX || !mm_slice_u64(mm_slice_sub(text, 0, end), &v) || v > MM_COST_YEN_MAX)
            return false;
        *to[i] = (int64_t)v;
        text = mm_slice_sub(text, mm_min_size(end + 1, text.n), text.n);
    }
    return true;
}

/* As asked for, or as the configuration says. */
static bool find_prices(const struct arguments *a, struct mm_cost_prices *ret)
{
    struct mm_config config;
    struct mm_buf why;
    bool ok;

    if (a->prices != NULL)
        return read_prices(mm_slice_str(a->prices), ret);
    mm_buf_init(&why, WHY_MAX);
    ok = mm_config_load(a->config, &config, &why) == MM_OK;
    if (ok) {
        /* config.def bounds them. */
        ret->machine = (int64_t)mm_config_number(&config, MM_CFG_COST_MACHINE);
        ret->hour = (int64_t)mm_config_number(&config, MM_CFG_COST_HOUR);
        ret->fee = (int64_t)mm_config_number(&config, MM_CFG_COST_FEE);
        mm_config_done(&config);
    } else {
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    }
    mm_buf_done(&why);
    return ok;
}

/* For a terminal: who costs more than it brings, and why. */
static bool write_text(const struct arguments *a, const struct mm_cost *c)
{
    int64_t companies = 0, over = 0, yen = 0;

    for (size_t i = 0; i < c->n; i++) {
        companies += c->company[i].company != 0;
        over += c->company[i].reason != MM_COST_NONE;
        yen += c->company[i].yen;
    }
    MM_SAY(stdout, a->lang, c->month.over ? "cost.say.month" : "cost.say.so_far",
           MM_SAY_TEXT("month", mm_slice_str(c->month.name)), MM_SAY_NUMBER("n", companies),
           MM_SAY_NUMBER("yen", yen), MM_SAY_NUMBER("fee", companies * c->prices.fee),
           MM_SAY_NUMBER("over", over));
    fputc('\n', stdout);
    for (size_t i = 0; i < c->n; i++) {
        const struct mm_cost_company *k = &c->company[i];
        char key[48];

        if (k->reason == MM_COST_NONE)
            continue;
        (void)snprintf(key, sizeof(key), "cost.reason.%s", mm_cost_reason_name(k->reason));
        MM_SAY(stdout, a->lang, "cost.say.over", MM_SAY_TEXT("code", k->code),
               MM_SAY_TEXT("name", k->name), MM_SAY_NUMBER("yen", k->yen),
               MM_SAY_NUMBER("machine", k->machine_yen), MM_SAY_NUMBER("people", k->people_yen),
               MM_SAY_TEXT("reason", mm_slice_str(mm_lang_text(a->lang, mm_slice_str(key), 1))));
        fputc('\n', stdout);
    }
    return fflush(stdout) == 0;
}

static enum mm_code read_cost(const struct arguments *a, const struct mm_cost_prices *prices,
                              const struct mm_cost_month *month, struct mm_arena *arena,
                              struct mm_cost *ret)
{
    struct mm_cost_options o = {.state_dir = a->state, .month = *month, .prices = *prices};
    struct mm_records *records = NULL;
    char address[MM_MAX_PATH + 32];
    int n = snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock", a->state);
    enum mm_code code = mm_app_records(a->state, &records);

    if (code == MM_OK)
        code = mm_records_read(records, mm_system_scope(), &o.tx);
    if (code == MM_OK)
        code = mm_events_new(mm_slice_of(address, (size_t)n), STORE_MS, &o.events);
    if (code == MM_OK)
        code = mm_cost_read(&o, arena, ret);
    mm_events_free(&o.events);
    mm_records_read_done(&o.tx);
    mm_records_close(&records);
    return code;
}

static bool write_out(const struct arguments *a, struct mm_arena *arena, const struct mm_cost *c)
{
    struct mm_doc *doc;
    struct mm_buf out;
    bool told;

    if (a->form == TEXT)
        return write_text(a, c);
    mm_buf_init(&out, OUT_MAX);
    if (a->form == CSV) {
        mm_cost_csv(c, a->lang, &out);
    } else {
        doc = mm_doc_new(arena);
        mm_cost_doc(c, mm_now_us(), (size_t)a->from, MM_COST_PAGE, doc);
        mm_doc_json(&out, doc);
        mm_buf_byte(&out, '\n');
        out.failed = out.failed || !mm_doc_ok(doc);
    }
    told = mm_buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n && fflush(stdout) == 0;
    mm_buf_done(&out);
    return told;
}

static int tell(const struct arguments *a, const struct mm_cost_prices *prices,
                const struct mm_cost_month *month)
{
    struct mm_arena arena;
    struct mm_cost c;
    bool told = false;
    enum mm_code code;

    mm_arena_init(&arena, ARENA_MAX);
    code = read_cost(a, prices, month, &arena, &c);
    if (code == MM_OK)
        told = write_out(a, &arena, &c);
    else
        fprintf(stderr, "mimamori: %s: %s\n", a->state, mm_code_key(code));
    mm_arena_done(&arena);
    return told ? 0 : EXIT_BAD;
}

int main(int argc, char **argv)
{
    struct mm_cost_prices prices = {0};
    struct mm_cost_month month;
    struct arguments a;
    char path[MM_MAX_PATH];
    int64_t now_us = mm_now_us();

    if (!parse(argc, argv, &a))
        return usage();
    mm_cost_month_of(now_us, now_us, &month);
    if (a.month != NULL && !mm_cost_month_parse(mm_slice_str(a.month), now_us, &month))
        return usage();
    /* Looking must not make what is looked for. */
    if (mm_path_join(path, a.state, "records.db") != MM_OK || access(path, F_OK) != 0) {
        fprintf(stderr, "mimamori: %s: no state directory, or not readable by this user\n",
                a.state);
        return EXIT_BAD;
    }
    if (!find_prices(&a, &prices))
        return a.prices != NULL ? usage() : EXIT_BAD;
    return tell(&a, &prices, &month);
}
