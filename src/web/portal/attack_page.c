/* web/portal/attack_page.c - what of an attack would be noticed at one company: rules that are in
 * force and whose events really come, by the tactics and techniques that their authors name. */
#include <stdlib.h>

#include "base/time.h"
#include "detect/reach.h"
#include "web/portal/pages.h"
#include "web/portal/rules.h"
#include "web/portal/tailor_view.h"

enum {
    DAYS = 7,
    LINES_MAX = 1000 * 1000, /* the newest are looked at: half a second of the store */
    KINDS_MAX = 20 * 1000,   /* of lines that differ in what decides their logsource */
    ANSWER_MAX = 8 * 1024 * 1024,
    COLUMNS = 8,
    TAGS_MAX = 8, /* tactics, and techniques, of one rule; the public ones have 5 */
    PAIRS_MAX = 200 * 1000,
    TECHNIQUE_MAX = 8, /* "t1059": sub-techniques are counted with their technique */
    NEEDS_MAX = 32,    /* words of detect/needs.def, and five */
};

/* As rules tag them, in the order of an attack; "defense-evasion" was split into the two above. */
static const char *const tactics[] = {
    "reconnaissance",  "resource-development", "initial-access", "execution",
    "persistence",     "privilege-escalation", "stealth",        "defense-impairment",
    "defense-evasion", "credential-access",    "discovery",      "lateral-movement",
    "collection",      "command-and-control",  "exfiltration",   "impact",
};

/* One technique of one tactic in one rule. */
struct pair {
    uint8_t tactic;
    char technique[TECHNIQUE_MAX];
    bool reached;
    const char *need;
};

struct need {
    const char *word;
    size_t rules; /* in force, and nothing comes that they look at */
};

struct showing {
    struct mm_page *p;
    struct mm_ruleset *set;
    struct mm_reach *reach;
    struct mm_tailored here; /* what counts at this company */
    bool answered;           /* by the store */
    uint64_t lines;
    struct pair *pair;
    size_t pair_n, pair_max;
    struct need need[NEEDS_MAX];
    size_t need_n, rules, reached;
};

/* ---- what comes ---- */

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

/* One line of LOG_KINDS: format, category, code, provider, channel, dataset, EventType, lines. */
static void take_kind(struct showing *s, struct mm_slice line, struct mm_event *ev)
{
    static const enum mm_field fields[] = {MM_F_NONE,           MM_F_EVENT_CATEGORY,
                                           MM_F_EVENT_CODE,     MM_F_EVENT_PROVIDER,
                                           MM_F_WINLOG_CHANNEL, MM_F_EVENT_DATASET};
    struct mm_slice f[COLUMNS];
    uint64_t n;

    for (size_t i = 0; i < COLUMNS; i++) {
        size_t tab = mm_slice_find(line, '\t', 0);

        f[i] = mm_slice_sub(line, 0, tab);
        line = tab == SIZE_MAX ? MM_S("") : mm_slice_sub(line, tab + 1, SIZE_MAX);
    }
    if (!mm_slice_u64(f[COLUMNS - 1], &n))
        return;
    mm_event_reset(ev);
    ev->format = f[0];
    for (size_t i = 1; i < MM_COUNT(fields); i++) {
        if (f[i].n > 0)
            mm_event_text(ev, fields[i], f[i]);
    }
    if (f[6].n > 0)
        (void)!mm_event_name(ev, MM_S("winlog.event_data.EventType"), f[6]);
    mm_reach_event(s->reach, ev);
    s->lines += n;
}

/* Without the store the page says that it does not know. */
static enum mm_code ask_store(struct showing *s)
{
    char company[24], from[24], rows[24], limit[24];
    const struct mm_events_param params[] = {
        {"company", mm_events_u64(mm_scope_company(s->p->narrow), company)},
        {"from", mm_events_i64(s->p->now_us - DAYS * MM_US_PER_DAY, from)},
        {"rows", mm_events_u64(LINES_MAX, rows)},
        {"limit", mm_events_u64(KINDS_MAX, limit)},
    };
    struct mm_event *ev = mm_arena_alloc(s->p->arena, sizeof(*ev));
    struct mm_events_client *client = NULL;
    struct mm_events_answer said;
    struct mm_buf answer;
    struct mm_slice rest;
    enum mm_code code;

    if (ev == NULL)
        return MM_E_NOMEM;
    mm_buf_init(&answer, ANSWER_MAX);
    code = mm_page_events_client(s->p, &client);
    if (code == MM_OK)
        code = mm_events_run(client, MM_ST_LOG_KINDS, params, MM_COUNT(params), gather, &answer,
                             &said);
    mm_events_free(&client);
    s->answered = code == MM_OK;
    rest = mm_buf_slice(&answer);
    while (s->answered && rest.n > 0) {
        size_t end = mm_slice_find(rest, '\n', 0);

        take_kind(s, mm_slice_sub(rest, 0, end), ev);
        rest = end == SIZE_MAX ? MM_S("") : mm_slice_sub(rest, end + 1, SIZE_MAX);
    }
    mm_buf_done(&answer);
    return MM_OK;
}

/* ---- what rules are about ---- */

/* Index of a tactic; some write it with '_'. */
static bool tactic_of(struct mm_slice tag, uint8_t *ret)
{
    for (size_t i = 0; i < MM_COUNT(tactics); i++) {
        struct mm_slice name = mm_slice_str(tactics[i]);
        size_t at = 0;

        while (at < name.n && at < tag.n &&
               (tag.p[at] == name.p[at] || (tag.p[at] == '_' && name.p[at] == '-')))
            at++;
        if (at == name.n && at == tag.n) {
            *ret = (uint8_t)i;
            return true;
        }
    }
    return false;
}

/* "t1059.001" is t1059. */
static bool technique_of(struct mm_slice tag, char ret[TECHNIQUE_MAX])
{
    struct mm_slice id = mm_slice_sub(tag, 0, mm_slice_find(tag, '.', 0));

    if (id.n != 5 || (id.p[0] != 't' && id.p[0] != 'T'))
        return false;
    for (size_t i = 1; i < id.n; i++) {
        if (id.p[i] < '0' || id.p[i] > '9')
            return false;
    }
    (void)snprintf(ret, TECHNIQUE_MAX, "T%.*s", MM_S_ARG(mm_slice_sub(id, 1, SIZE_MAX)));
    return true;
}

/* Is the technique at n none of those before it? */
static bool is_new(char technique[TAGS_MAX][TECHNIQUE_MAX], size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(technique[i], technique[n]) == 0)
            return false;
    }
    return true;
}

/* A rule at this company. */
struct seen {
    struct mm_rule rule;
    bool reached;
    const char *need; /* as mm_reach_need has it; "off": switched off there; "values": it waits */
};

static struct seen look_at(const struct showing *s, size_t index)
{
    struct seen x = {.rule = *mm_rules_get(s->set, index)};
    const struct mm_tailor_adjust *adjust = mm_tailored_adjust(&s->here, x.rule.id);
    bool off = adjust != NULL && !adjust->enabled;

    /* The portal's set knows no values of anybody. */
    if (x.rule.state == MM_RULE_NEEDS_VALUES && !mm_tailor_waits(&s->here, &x.rule))
        x.rule.state = MM_RULE_ACTIVE;
    x.reached = !off && mm_reach_rule(s->reach, &x.rule);
    x.need = off ? "off" : x.rule.state == MM_RULE_NEEDS_VALUES ? "values" : mm_reach_need(&x.rule);
    return x;
}

/* A rule whose author names three tactics and two techniques counts for all six. */
static void add_rule(struct showing *s, const struct seen *at)
{
    const struct mm_rule *r = &at->rule;
    uint8_t tactic[TAGS_MAX];
    char technique[TAGS_MAX][TECHNIQUE_MAX];
    size_t tactic_n = 0, technique_n = 0;

    for (size_t i = 0; i < r->tags.n; i++) {
        struct mm_slice tag = r->tags.v[i];

        if (!mm_slice_starts(tag, MM_S("attack.")))
            continue;
        tag = mm_slice_sub(tag, strlen("attack."), SIZE_MAX);
        if (tactic_n < TAGS_MAX && tactic_of(tag, &tactic[tactic_n]))
            tactic_n += memchr(tactic, tactic[tactic_n], tactic_n) == NULL ? 1 : 0;
        else if (technique_n < TAGS_MAX && technique_of(tag, technique[technique_n]))
            technique_n += is_new(technique, technique_n) ? 1 : 0;
    }
    if (tactic_n == 0 || technique_n == 0)
        return;
    s->rules++;
    s->reached += at->reached ? 1 : 0;
    for (size_t i = 0; i < tactic_n; i++) {
        for (size_t k = 0; k < technique_n && s->pair_n < s->pair_max; k++) {
            struct pair *x = &s->pair[s->pair_n++];

            *x = (struct pair){.tactic = tactic[i], .reached = at->reached, .need = at->need};
            memcpy(x->technique, technique[k], TECHNIQUE_MAX);
        }
    }
}

static void count_need(struct showing *s, const struct seen *at)
{
    size_t i = 0;

    if (at->rule.state == MM_RULE_NEXT_STAGE || at->reached)
        return;
    while (i < s->need_n && strcmp(s->need[i].word, at->need) != 0)
        i++;
    MM_ASSERT(i < NEEDS_MAX);
    if (i == s->need_n)
        s->need[s->need_n++] = (struct need){.word = at->need};
    s->need[i].rules++;
}

static int by_pair(const void *pa, const void *pb)
{
    const struct pair *a = pa, *b = pb;

    if (a->tactic != b->tactic)
        return a->tactic < b->tactic ? -1 : 1;
    return strcmp(a->technique, b->technique);
}

static int by_rules(const void *pa, const void *pb)
{
    const struct need *a = pa, *b = pb;

    if (a->rules != b->rules)
        return a->rules > b->rules ? -1 : 1;
    return strcmp(a->word, b->word);
}

/* ---- the document ---- */

/* Techniques that stand together in s->pair from `at` on; returns where the next begins. */
static size_t write_technique(const struct showing *s, size_t at, struct mm_doc *list, bool *ret)
{
    const struct pair *x = &s->pair[at];
    struct mm_doc *d = list == NULL ? NULL : mm_doc_object(list, NULL), *needs = NULL;
    size_t rules = 0, reached = 0, end = at;

    for (; end < s->pair_n && by_pair(x, &s->pair[end]) == 0; end++) {
        rules++;
        reached += s->pair[end].reached ? 1 : 0;
    }
    *ret = reached > 0;
    if (d == NULL)
        return end;
    mm_doc_text(d, "technique", mm_slice_str(x->technique));
    mm_doc_int(d, "rules", (int64_t)rules);
    mm_doc_int(d, "reached", (int64_t)reached);
    mm_doc_bool(d, "covered", *ret);
    needs = mm_doc_array(d, "needs");
    for (size_t i = at; i < end && !*ret; i++) {
        bool said = false;

        for (size_t k = at; k < i && !said; k++)
            said = strcmp(s->pair[k].need, s->pair[i].need) == 0;
        if (!said)
            mm_doc_str(mm_doc_object(needs, NULL), "need", s->pair[i].need);
    }
    return end;
}

/* Each tactic that some rule is about; techniques for the operator only: to a company's people they
 * say nothing. */
static void write_tactics(struct showing *s)
{
    struct mm_doc *list = mm_doc_array(s->p->doc, "tactics"), *techniques;
    bool staff = mm_page_staff(s->p), covered;
    size_t stages = 0, watched = 0;

    for (size_t at = 0; at < s->pair_n;) {
        uint8_t tactic = s->pair[at].tactic;
        struct mm_doc *d = mm_doc_object(list, NULL);
        int64_t n = 0, n_covered = 0;

        mm_doc_str(d, "tactic", tactics[tactic]);
        techniques = staff ? mm_doc_array(d, "techniques") : NULL;
        while (at < s->pair_n && s->pair[at].tactic == tactic) {
            at = write_technique(s, at, techniques, &covered);
            n++;
            n_covered += covered ? 1 : 0;
        }
        mm_doc_int(d, "n", n);
        mm_doc_int(d, "covered_n", n_covered);
        mm_doc_bool(d, "covered", n_covered > 0);
        stages++;
        watched += n_covered > 0 ? 1 : 0;
    }
    mm_doc_int(s->p->doc, "stages", (int64_t)stages);
    mm_doc_int(s->p->doc, "watched", (int64_t)watched);
}

/* What no format of ours writes, and what the operator has to do, is no wish to a company. */
static bool for_staff(const char *need)
{
    return strcmp(need, "none") == 0 || strcmp(need, "off") == 0 || strcmp(need, "values") == 0;
}

static void write_needs(struct showing *s)
{
    struct mm_doc *list = mm_doc_array(s->p->doc, "needs");

    if (s->need_n > 0)
        qsort(s->need, s->need_n, sizeof(s->need[0]), by_rules);
    for (size_t i = 0; i < s->need_n; i++) {
        struct mm_doc *d;

        if (for_staff(s->need[i].word) && !mm_page_staff(s->p))
            continue;
        d = mm_doc_object(list, NULL);
        mm_doc_str(d, "need", s->need[i].word);
        mm_doc_int(d, "rules", (int64_t)s->need[i].rules);
    }
}

static enum mm_code write_all(struct showing *s)
{
    size_t n = mm_rules_count(s->set);

    s->pair_max = mm_min_size(n * TAGS_MAX + 1, PAIRS_MAX);
    s->pair = mm_arena_array(s->p->arena, s->pair_max, sizeof(*s->pair));
    if (s->pair == NULL)
        return MM_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct seen at = look_at(s, i);

        add_rule(s, &at);
        count_need(s, &at);
    }
    if (s->pair_n > 0)
        qsort(s->pair, s->pair_n, sizeof(*s->pair), by_pair);
    mm_doc_bool(s->p->doc, "answered", s->answered);
    mm_doc_int(s->p->doc, "days", DAYS);
    mm_doc_bool(s->p->doc, "cut", s->lines >= LINES_MAX);
    mm_doc_int(s->p->doc, "lines", (int64_t)s->lines);
    mm_doc_int(s->p->doc, "rules", (int64_t)s->rules);
    mm_doc_int(s->p->doc, "reached", (int64_t)s->reached);
    write_tactics(s);
    write_needs(s);
    return MM_OK;
}

enum mm_code mm_page_attack(struct mm_page *p)
{
    struct showing *s = mm_arena_alloc(p->arena, sizeof(*s));
    enum mm_code code = mm_page_company(p);

    if (code != MM_OK || s == NULL)
        return code != MM_OK ? code : MM_E_NOMEM;
    *s = (struct showing){.p = p, .reach = mm_reach_new(p->arena)};
    if (s->reach == NULL)
        return MM_E_NOMEM;
    code = mm_tailor_of(p->tx, p->company, (struct mm_slice){0}, p->arena, &s->here);
    if (code == MM_OK)
        code = mm_portal_rules(p->portal, p->now_us, &s->set);
    if (code == MM_OK)
        code = ask_store(s);
    if (code == MM_OK)
        code = write_all(s);
    mm_rules_unref(&s->set);
    return code;
}
