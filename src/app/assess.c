/* app/assess.c - `mimamori assess score|list|export|import`: answers, out of files and records. */
#include <stdio.h>
#include <string.h>

#include "app/language.h"
#include "app/quests.h"
#include "app/say.h"
#include "app/tables.h"
#include "assess/answers.h"
#include "assess/doc.h"
#include "base/time.h"
#include "register/audit.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

enum { DONE, BAD, USAGE };
enum { ARENA_MAX = 256 * 1024 * 1024, ANSWERS_MAX = 4 * 1024 * 1024, LIST_MAX = 500 };

struct cmd {
    struct mm_quests x;
    const char *state, *company;
    char *word[4];
    int words;
    struct mm_arena arena;
    struct mm_doc *doc;
};

static bool failed(const struct cmd *c, enum mm_code code)
{
    MM_COMPLAIN(c->x.lang, "assess.cli.failed",
                MM_SAY_TEXT("why", mm_slice_str(mm_code_key(code))));
    return false;
}

/* ---- score ---- */

/* A questionnaire and answers to it from two files. */
struct asked {
    struct mm_quest *q;
    struct mm_buf yaml, text;
    struct mm_said *said;
    size_t n;
};

static void asked_done(struct asked *k)
{
    mm_quest_free(&k->q);
    mm_buf_done(&k->yaml);
    mm_buf_done(&k->text);
}

static bool asked_read(struct cmd *c, const char *quest, const char *answers, struct asked *k)
{
    memset(k, 0, sizeof(*k));
    mm_buf_init(&k->yaml, MM_QUEST_SIZE_MAX);
    mm_buf_init(&k->text, ANSWERS_MAX);
    if (!mm_quests_read(&c->x, quest, &k->q, &k->yaml) || !mm_quests_file(&c->x, answers, &k->text))
        return false;
    if (mm_answers_read(k->q, mm_buf_slice(&k->text), &c->arena, &k->said, &k->n, &c->x.errors) ==
        MM_OK)
        return true;
    mm_quests_tell(&c->x, answers);
    return false;
}

static void put_score(const struct cmd *c, const struct mm_quest *q, struct mm_slice id,
                      struct mm_slice title, const struct mm_score *s)
{
    struct mm_buf out;

    mm_buf_init(&out, 64);
    mm_score_print(&out, q, s);
    printf("%.*s\t", MM_S_ARG(id));
    if (s->measured)
        printf("%.*s", MM_S_ARG(mm_buf_slice(&out)));
    else
        MM_SAY(stdout, c->x.lang, "assess.cli.unmeasured", MM_SAY_NUMBER("n", 0));
    putchar('\t');
    MM_SAY(stdout, c->x.lang, "assess.cli.of", MM_SAY_NUMBER("counted", s->n.counted),
           MM_SAY_NUMBER("unknown", s->n.unknown), MM_SAY_NUMBER("na", s->n.not_applicable),
           MM_SAY_NUMBER("blank", s->n.blank), MM_SAY_NUMBER("skipped", s->n.not_asked));
    putchar('\t');
    mm_quests_put(title);
    putchar('\n');
    mm_buf_done(&out);
}

static void put_result(const struct cmd *c, const struct mm_result *r)
{
    const struct mm_quest *q = r->quest;
    const char *total = mm_lang_text(c->x.lang, MM_S("assess.cli.total"), 1);

    put_score(c, q, MM_S("total"), mm_slice_str(total), &r->total);
    for (size_t i = 0; i < q->sections; i++)
        put_score(c, q, q->section[i].id, q->section[i].title.in[c->x.lang], &r->section[i]);
    for (size_t i = 0; i < q->tiers; i++) {
        printf("%.*s\t%zu/%zu\t", MM_S_ARG(q->tier[i].id), r->tier[i].k, r->tier[i].n);
        mm_quests_put(q->tier[i].words.in[c->x.lang]);
        putchar('\n');
    }
    if (r->band >= 0) {
        printf("%.*s\t", MM_S_ARG(q->score.band[r->band].id));
        mm_quests_put(q->score.band[r->band].words.in[c->x.lang]);
        putchar('\n');
    }
}

static int score(struct cmd *c)
{
    struct asked k;
    struct mm_answer *answer;
    struct mm_result r;
    enum mm_code code = MM_E_NOMEM;
    bool ok = asked_read(c, c->word[1], c->word[2], &k);

    if (ok) {
        answer = mm_arena_array(&c->arena, k.q->questions, sizeof(*answer));
        if (answer != NULL) {
            mm_assess_count(k.q, k.said, k.n, false, answer);
            code = mm_score(k.q, answer, &c->arena, &r);
        }
        ok = code == MM_OK || failed(c, code);
    }
    if (ok && c->x.json) {
        mm_result_doc(c->doc, &r);
        mm_quests_print(c->doc);
    } else if (ok) {
        put_result(c, &r);
    }
    asked_done(&k);
    return ok ? DONE : BAD;
}

/* ---- records ---- */

static bool records(const struct cmd *c, struct mm_records **ret)
{
    enum mm_code code = mm_app_records(c->state, ret);

    return code == MM_OK || failed(c, code);
}

/* A transaction that sees the company asked for, or all. */
static enum mm_code see(const struct cmd *c, struct mm_records *rec, struct mm_scope_hold *hold,
                        struct mm_tx **ret)
{
    uint32_t company;
    enum mm_code code = mm_records_read(rec, mm_system_scope(), ret);

    if (code != MM_OK || c->company == NULL)
        return code;
    code = mm_app_company(*ret, c->company, &company);
    mm_records_read_done(ret);
    return code == MM_OK ? mm_records_read(rec, mm_system_company(hold, company), ret) : code;
}

static void put_row(const struct cmd *c, const struct mm_assessment *one, struct mm_doc *items)
{
    struct mm_doc *o = mm_doc_object(items, NULL);
    char key[40];

    mm_doc_int(o, "assessment", one->assessment);
    mm_doc_int(o, "company", one->company);
    mm_doc_text(o, "questionnaire", one->name);
    mm_doc_int(o, "version", one->version);
    mm_doc_str(o, "state", mm_assess_state_name(one->state));
    mm_doc_time(o, "opened", one->opened_us);
    mm_doc_time(o, "due", one->due_us);
    mm_doc_time(o, "submitted", one->submitted_us);
    mm_doc_time(o, "signed", one->signed_us);
    if (c->x.json)
        return;
    (void)snprintf(key, sizeof(key), "assess.state.%s", mm_assess_state_name(one->state));
    printf("%lld\t%u\t%.*s\t%u\t%s\n", (long long)one->assessment, one->company,
           MM_S_ARG(one->name), one->version, mm_lang_text(c->x.lang, mm_slice_str(key), 1));
}

static int list(struct cmd *c)
{
    const struct mm_assess_which w = {.closed_too = true, .max = LIST_MAX};
    struct mm_doc *items = mm_doc_array(c->doc, "items");
    struct mm_assessment *row = NULL;
    struct mm_records *rec = NULL;
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    size_t n = 0;
    enum mm_code code;

    if (!records(c, &rec))
        return BAD;
    code = see(c, rec, &hold, &tx);
    if (code == MM_OK)
        code = mm_assess_list(tx, &w, &c->arena, &row, &n);
    mm_records_read_done(&tx);
    for (size_t i = 0; code == MM_OK && i < n; i++)
        put_row(c, &row[i], items);
    if (code == MM_OK && c->x.json)
        mm_quests_print(c->doc);
    mm_records_close(&rec);
    return code == MM_OK || failed(c, code) ? DONE : BAD;
}

/* Answers of one assessment on standard output. */
static enum mm_code export_read(struct cmd *c, struct mm_tx *tx, int64_t id)
{
    struct mm_assessment one = {0};
    struct mm_quest *q = NULL;
    struct mm_said *said = NULL;
    size_t n = 0;
    enum mm_code code = mm_assess_get(tx, id, &c->arena, &one);

    if (code == MM_OK)
        code = mm_assess_text_read(tx, one.questionnaire, &q);
    if (code == MM_OK)
        code = mm_assess_said(tx, id, &c->arena, &said, &n);
    if (code == MM_OK) {
        mm_doc_int(c->doc, "assessment", id);
        mm_doc_int(c->doc, "company", one.company);
        mm_doc_str(c->doc, "state", mm_assess_state_name(one.state));
        mm_answers_doc(c->doc, q, said, n);
        mm_quests_print(c->doc); /* its keys are the questionnaire's */
    }
    mm_quest_free(&q);
    return code;
}

/* Who takes out a company's answers is in its chain before anything is printed. */
static enum mm_code export_look(struct mm_records *rec, struct mm_tx *tx, int64_t id)
{
    char actor[MM_APP_ACTOR], object[64];
    struct mm_assessment one = {0};
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, 65536);
    code = mm_assess_get(tx, id, &a, &one);
    mm_arena_done(&a);
    if (code != MM_OK)
        return code;
    mm_app_actor(actor);
    (void)snprintf(object, sizeof(object), "assessment %lld", (long long)id);
    return mm_audit_look(rec, mm_system_scope(), &one.company, 1,
                         &(struct mm_audit){.time_us = mm_now_us(),
                                            .actor = mm_slice_str(actor),
                                            .action = MM_S("look.assess"),
                                            .object = mm_slice_str(object)});
}

static int export(struct cmd *c)
{
    struct mm_records *rec = NULL;
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    uint64_t id = 0;
    enum mm_code code = MM_E_NOTFOUND;

    if (!records(c, &rec))
        return BAD;
    if (mm_slice_u64(mm_slice_str(c->word[1]), &id) && id <= INT64_MAX) {
        code = see(c, rec, &hold, &tx);
        if (code == MM_OK)
            code = export_look(rec, tx, (int64_t)id);
        if (code == MM_OK)
            code = export_read(c, tx, (int64_t)id);
        mm_records_read_done(&tx);
    }
    mm_records_close(&rec);
    if (code == MM_E_NOTFOUND) {
        MM_COMPLAIN(c->x.lang, "assess.cli.none", MM_SAY_TEXT("what", mm_slice_str(c->word[1])));
        return BAD;
    }
    return code == MM_OK || failed(c, code) ? DONE : BAD;
}

struct taking {
    const struct asked *k;
    int64_t now_us, assessment;
};

/* One transaction: the text, the assessment, its answers, what they came to, who did it. */
static enum mm_code take(struct mm_tx *tx, void *arg)
{
    struct taking *t = arg;
    struct mm_assess_new n = {.q = t->k->q};
    char actor[MM_APP_ACTOR], object[64];
    int64_t row;
    enum mm_code code =
        mm_assess_text_keep(tx, t->k->q, mm_buf_slice(&t->k->yaml), t->now_us, &n.questionnaire);

    if (code == MM_OK)
        code = mm_assess_open(tx, &n, t->now_us, &t->assessment);
    for (size_t i = 0; i < t->k->n && code == MM_OK; i++)
        code = mm_assess_say(tx, t->assessment, t->k->q, &t->k->said[i], t->now_us, &row, NULL);
    if (code == MM_OK)
        code = mm_assess_score(tx, t->assessment, t->now_us);
    mm_app_actor(actor);
    (void)snprintf(object, sizeof(object), "assessment %lld", (long long)t->assessment);
    if (code == MM_OK)
        code = mm_audit_add(tx, &(struct mm_audit){.time_us = t->now_us,
                                                   .actor = mm_slice_str(actor),
                                                   .action = MM_S("assess.import"),
                                                   .object = mm_slice_str(object)});
    return code;
}

static enum mm_code import_into(const struct cmd *c, const struct asked *k, int64_t *ret)
{
    struct taking t = {.k = k, .now_us = mm_now_us()};
    struct mm_records *rec = NULL;
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    uint32_t company = 0;
    enum mm_code code = mm_app_records(c->state, &rec);

    if (code != MM_OK)
        return code;
    code = mm_records_read(rec, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_app_company(tx, c->company, &company);
    mm_records_read_done(&tx);
    if (code == MM_OK)
        code = mm_records_write(rec, mm_system_company(&hold, company), take, &t);
    mm_records_close(&rec);
    *ret = t.assessment;
    return code;
}

static int import(struct cmd *c)
{
    struct asked k;
    int64_t id = 0;
    bool ok = asked_read(c, c->word[1], c->word[2], &k);
    enum mm_code code = ok ? import_into(c, &k, &id) : MM_OK;

    ok = ok && (code == MM_OK || failed(c, code));
    if (ok && c->x.json) {
        mm_doc_int(c->doc, "assessment", id);
        mm_doc_int(c->doc, "answers", (int64_t)k.n);
        mm_quests_print(c->doc);
    } else if (ok) {
        MM_SAY(stdout, c->x.lang, "assess.cli.imported", MM_SAY_NUMBER("number", id),
               MM_SAY_NUMBER("answers", k.n));
        putchar('\n');
    }
    asked_done(&k);
    return ok ? DONE : BAD;
}

/* ---- the program ---- */

static int usage(const struct cmd *c, FILE *to, int code)
{
    mm_say_line(to, c->x.lang, "assess.cli.usage");
    return code;
}

static bool option(struct cmd *c, int argc, char **argv, int *i)
{
    if (strcmp(argv[*i], "--json") == 0) {
        c->x.json = true;
        return true;
    }
    if (*i + 1 == argc)
        return false;
    if (strcmp(argv[*i], "--state") == 0)
        c->state = argv[++*i];
    else if (strcmp(argv[*i], "--company") == 0)
        c->company = argv[++*i];
    else
        return strcmp(argv[*i], "--lang") == 0 &&
               mm_lang_parse(mm_slice_str(argv[++*i]), &c->x.lang);
    return true;
}

static int run(struct cmd *c)
{
    const char *verb = c->words == 0 ? "" : c->word[0];

    if (strcmp(verb, "score") == 0 && c->words == 3)
        return score(c);
    if (strcmp(verb, "list") == 0 && c->words == 1)
        return list(c);
    if (strcmp(verb, "export") == 0 && c->words == 2)
        return export(c);
    if (strcmp(verb, "import") == 0 && c->words == 3 && c->company != NULL)
        return import(c);
    return usage(c, stderr, USAGE);
}

int main(int argc, char **argv)
{
    static struct cmd c; /* tidy: global allowed, its list of errors is 23 KiB. */
    int code;

    c.x.lang = mm_app_language();
    c.state = MM_STATE_DEFAULT;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0)
            return usage(&c, stdout, DONE);
        if (argv[i][0] != '-' && c.words < (int)MM_COUNT(c.word))
            c.word[c.words++] = argv[i];
        else if (argv[i][0] != '-' || !option(&c, argc, argv, &i))
            return usage(&c, stderr, USAGE);
    }
    mm_arena_init(&c.arena, ARENA_MAX);
    c.doc = mm_doc_new(&c.arena);
    code = run(&c);
    mm_arena_done(&c.arena);
    return code;
}
