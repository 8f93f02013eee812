/* app/benchmark.c - `mimamori benchmark QUESTIONNAIRE`: how companies stand, none of them alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/language.h"
#include "app/quests.h"
#include "app/say.h"
#include "app/tables.h"
#include "assess/assess.h"
#include "assess/averages.h"
#include "assess/doc.h"
#include "assess/peers.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum { DONE, BAD, USAGE };
enum { ARENA_MAX = 64 * 1024 * 1024 };

struct cmd {
    struct mm_quests x;
    const char *state, *what, *averages;
    struct mm_averages *published; /* NULL: none */
    size_t floor;
    struct mm_arena arena;
    struct mm_doc *doc, *items;
    int64_t *micro; /* MM_PEERS_MAX */
};

/* What every company came to in this part, as millionths. */
static enum mm_code gather(struct cmd *c, struct mm_tx *tx, const struct mm_quest *q,
                           const char *part, struct mm_slice id, size_t *ret)
{
    uint32_t after = 0;
    size_t n = 0, got = MM_ASSESS_PEERS_MAX;
    enum mm_code code = MM_OK;

    while (got == MM_ASSESS_PEERS_MAX && code == MM_OK) {
        struct mm_assess_peer *peer = NULL;
        struct mm_arena a;

        mm_arena_init(&a, ARENA_MAX);
        code =
            mm_assess_peers(tx, q->id, q->version, mm_slice_str(part), id, after, &a, &peer, &got);
        for (size_t i = 0; code == MM_OK && i < got; i++) {
            after = peer[i].company;
            if (n == MM_PEERS_MAX || !mm_micro_of(peer[i].value, &c->micro[n]))
                code = MM_E_RANGE;
            else
                n++;
        }
        mm_arena_done(&a);
    }
    *ret = n;
    return code;
}

static void print_ratio(struct mm_buf *out, const struct mm_quest *q, struct mm_ratio v)
{
    mm_buf_reset(out);
    mm_ratio_print(out, v, q->score.rounding, q->score.digits);
}

/* The figures of a part that has enough companies. */
struct figures {
    struct mm_buf mean, median, q1, q3, sd;
    /* Quartiles of few are scores of single companies, and with mean and deviation those of all:
     * they are told of four times the floor. */
    bool spread;
};

static void figures_make(const struct cmd *c, const struct mm_quest *q, size_t n, struct figures *f)
{
    enum mm_deviation kind =
        q->score.deviation == MM_DEVIATION_SAMPLE ? MM_DEVIATION_SAMPLE : MM_DEVIATION_POPULATION;
    struct mm_stats s;
    int64_t sd;

    mm_stats_of(c->micro, n, &s);
    mm_micro_sort(c->micro, n);
    print_ratio(&f->mean, q, mm_stats_mean(&s));
    f->spread = n >= 4 * c->floor;
    if (f->spread) {
        print_ratio(&f->median, q, mm_quantile(c->micro, n, 1, 2));
        print_ratio(&f->q1, q, mm_quantile(c->micro, n, 1, 4));
        print_ratio(&f->q3, q, mm_quantile(c->micro, n, 3, 4));
    }
    mm_buf_reset(&f->sd);
    if (mm_stats_sd(&s, kind, 2, &sd))
        mm_decimal_print(&f->sd, sd, 2);
}

static void figures_doc(struct mm_doc *o, const struct figures *f)
{
    mm_doc_text(o, "mean", mm_buf_slice(&f->mean));
    if (f->spread) {
        mm_doc_text(o, "median", mm_buf_slice(&f->median));
        mm_doc_text(o, "q1", mm_buf_slice(&f->q1));
        mm_doc_text(o, "q3", mm_buf_slice(&f->q3));
    }
    mm_doc_text(o, "sd", mm_buf_slice(&f->sd));
}

/* What somebody published for this part, beside what was measured here. */
static void published(struct cmd *c, const struct mm_quest *q, struct mm_doc *o, const char *part,
                      struct mm_slice id)
{
    enum mm_average_of of = id.n == 0 ? MM_AVERAGE_TOTAL : MM_AVERAGE_SECTION;
    const struct mm_average *row = NULL;
    struct mm_buf mean;

    if (c->published != NULL && strcmp(part, "pillar") != 0)
        row = mm_averages_mean(c->published, of, id);
    if (row == NULL)
        return;
    mm_buf_init(&mean, 64);
    print_ratio(&mean, q, mm_ratio_milli(row->milli));
    o = mm_doc_object(o, "published");
    mm_doc_text(o, "mean", mm_buf_slice(&mean));
    mm_doc_int(o, "n", (int64_t)row->n);
    if (!c->x.json) {
        putchar('\t');
        MM_SAY(stdout, c->x.lang, "benchmark.cli.published",
               MM_SAY_TEXT("mean", mm_buf_slice(&mean)), MM_SAY_NUMBER("n", row->n));
    }
    mm_buf_done(&mean);
}

static void tell(struct cmd *c, const struct mm_quest *q, const char *part, struct mm_slice id,
                 size_t n)
{
    struct mm_doc *o = mm_doc_object(c->items, NULL);
    struct figures f;
    struct mm_buf *bufs[] = {&f.mean, &f.median, &f.q1, &f.q3, &f.sd};
    bool shown = n >= c->floor;

    for (size_t i = 0; i < MM_COUNT(bufs); i++)
        mm_buf_init(bufs[i], 64);
    mm_doc_str(o, "part", part);
    mm_doc_text(o, "id", id);
    mm_doc_int(o, "n", (int64_t)n);
    if (shown) {
        figures_make(c, q, n, &f);
        figures_doc(o, &f);
    }
    if (!c->x.json) {
        printf("%.*s\t", MM_S_ARG(id.n == 0 ? mm_slice_str(part) : id));
        if (shown && !f.spread)
            MM_SAY(stdout, c->x.lang, "benchmark.cli.mean", MM_SAY_NUMBER("n", n),
                   MM_SAY_TEXT("mean", mm_buf_slice(&f.mean)),
                   MM_SAY_TEXT("sd", mm_buf_slice(&f.sd)));
        else if (shown)
            MM_SAY(stdout, c->x.lang, "benchmark.cli.row", MM_SAY_NUMBER("n", n),
                   MM_SAY_TEXT("mean", mm_buf_slice(&f.mean)),
                   MM_SAY_TEXT("median", mm_buf_slice(&f.median)),
                   MM_SAY_TEXT("q1", mm_buf_slice(&f.q1)), MM_SAY_TEXT("q3", mm_buf_slice(&f.q3)),
                   MM_SAY_TEXT("sd", mm_buf_slice(&f.sd)));
        else
            MM_SAY(stdout, c->x.lang, "benchmark.cli.few", MM_SAY_NUMBER("n", n));
    }
    published(c, q, o, part, id);
    if (!c->x.json)
        putchar('\n');
    for (size_t i = 0; i < MM_COUNT(bufs); i++)
        mm_buf_done(bufs[i]);
}

static enum mm_code one(struct cmd *c, struct mm_tx *tx, const struct mm_quest *q, const char *part,
                        struct mm_slice id)
{
    size_t n = 0;
    enum mm_code code = gather(c, tx, q, part, id, &n);

    if (code == MM_OK)
        tell(c, q, part, id, n);
    return code;
}

static enum mm_code all(struct cmd *c, struct mm_tx *tx, const struct mm_quest *q)
{
    enum mm_code code = one(c, tx, q, "total", MM_S(""));

    for (size_t i = 0; i < q->sections && code == MM_OK; i++)
        code = one(c, tx, q, "section", q->section[i].id);
    for (size_t i = 0; i < q->pillars && code == MM_OK; i++)
        code = one(c, tx, q, "pillar", q->pillar[i].id);
    return code;
}

/* The file of averages, when one was named; false after saying what is wrong with it. */
static bool averages_read(struct cmd *c, const struct mm_quest *q)
{
    struct mm_buf text;
    bool ok;

    if (c->averages == NULL)
        return true;
    mm_buf_init(&text, MM_QUEST_SIZE_MAX);
    ok = mm_quests_file(&c->x, c->averages, &text);
    if (ok) {
        ok = mm_averages_read(mm_buf_slice(&text), &c->published, &c->x.errors) == MM_OK &&
             mm_averages_check(c->published, q, &c->x.errors) == MM_OK;
        if (!ok)
            mm_quests_tell(&c->x, c->averages);
    }
    mm_buf_done(&text);
    return ok;
}

static int run(struct cmd *c)
{
    struct mm_records *rec = NULL;
    struct mm_quest *q = NULL;
    struct mm_tx *tx = NULL;
    enum mm_code code;

    if (!mm_quests_read(&c->x, c->what, &q, NULL))
        return BAD;
    if (!averages_read(c, q)) {
        mm_averages_free(&c->published);
        mm_quest_free(&q);
        return BAD;
    }
    code = mm_app_records(c->state, &rec);
    if (code == MM_OK)
        code = mm_records_read(rec, mm_system_scope(), &tx);
    if (code == MM_OK) {
        mm_doc_text(c->doc, "questionnaire", q->id);
        mm_doc_int(c->doc, "version", q->version);
        mm_doc_int(c->doc, "floor", (int64_t)c->floor);
        mm_doc_str(c->doc, "show", q->score.percent ? "percent" : "raw");
        c->items = mm_doc_array(c->doc, "items");
        code = all(c, tx, q);
    }
    mm_records_read_done(&tx);
    mm_records_close(&rec);
    if (code == MM_OK && c->x.json)
        mm_quests_print(c->doc);
    if (code != MM_OK)
        MM_COMPLAIN(c->x.lang, "assess.cli.failed",
                    MM_SAY_TEXT("why", mm_slice_str(mm_code_key(code))));
    mm_averages_free(&c->published);
    mm_quest_free(&q);
    return code == MM_OK ? DONE : BAD;
}

static int usage(const struct cmd *c, FILE *to, int code)
{
    mm_say_line(to, c->x.lang, "benchmark.cli.usage");
    return code;
}

/* The value of an option; false when it is none. */
static bool option(struct cmd *c, const char *name, const char *value)
{
    uint64_t floor;

    if (strcmp(name, "--lang") == 0)
        return mm_lang_parse(mm_slice_str(value), &c->x.lang);
    if (strcmp(name, "--state") == 0) {
        c->state = value;
        return true;
    }
    if (strcmp(name, "--averages") == 0) {
        c->averages = value;
        return true;
    }
    if (strcmp(name, "--floor") != 0 || !mm_slice_u64(mm_slice_str(value), &floor) ||
        floor < MM_PEERS_FLOOR || floor > MM_PEERS_MAX)
        return false;
    c->floor = (size_t)floor;
    return true;
}

int main(int argc, char **argv)
{
    static struct cmd c; /* tidy: global allowed, its list of errors is 23 KiB. */
    int code = BAD;

    c.x.lang = mm_app_language();
    c.state = MM_STATE_DEFAULT;
    c.floor = MM_PEERS_FLOOR;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(&c, stdout, DONE);
        if (strcmp(argv[i], "--json") == 0)
            c.x.json = true;
        else if (argv[i][0] != '-' && c.what == NULL)
            c.what = argv[i];
        else if (argv[i][0] != '-' || i + 1 == argc || !option(&c, argv[i], argv[i + 1]))
            return usage(&c, stderr, USAGE);
        else
            i++;
    }
    if (c.what == NULL)
        return usage(&c, stderr, USAGE);
    mm_arena_init(&c.arena, ARENA_MAX);
    c.doc = mm_doc_new(&c.arena);
    c.micro = calloc(MM_PEERS_MAX, sizeof(*c.micro));
    if (c.micro != NULL)
        code = run(&c);
    free(c.micro);
    mm_arena_done(&c.arena);
    return code;
}
