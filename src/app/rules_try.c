/* app/rules_try.c - see rules_try.h for the contract: the trial itself. */
#include "app/rules_try.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/time.h"
#include "detect/filter.h"
#include "store/events/search.h"

struct trying {
    struct mm_matcher *matcher;
    struct mm_ruleset *set;
    struct mm_arena *arena;
    struct mm_map index; /* of about, by its text */
    struct mm_rules_try_about *about;
    size_t about_n;
    struct mm_rules_try out;
};

static enum mm_code count_about(struct trying *t, struct mm_slice text)
{
    uint64_t *at = mm_map_get(&t->index, text);

    if (at != NULL) {
        t->about[*at].matches++;
        return MM_OK;
    }
    if (text.n == 0 || t->about_n == MM_RULES_TRY_ABOUT_MAX)
        return MM_OK;
    if (!mm_arena_dup(t->arena, text, &text))
        return MM_E_NOMEM;
    t->about[t->about_n] = (struct mm_rules_try_about){.text = text, .matches = 1};
    return mm_map_set(&t->index, text, t->about_n++);
}

static enum mm_code ask(struct trying *t, const struct mm_event *ev)
{
    struct mm_rules_try *o = &t->out;
    char tmp[MM_FIELD_TEXT];
    struct mm_alert alert;
    uint32_t hit;

    o->events++;
    o->since_us = ev->received_us;
    if (mm_rules_match(t->matcher, ev, &hit, 1) == 0)
        return MM_OK;
    o->matches++;
    if (o->example_n < MM_RULES_TRY_EXAMPLES_MAX) {
        struct mm_rules_try_example *x = &o->example[o->example_n];

        if (!mm_arena_dup(t->arena,
                          mm_slice_sub(mm_slice_trim(ev->original), 0, MM_RULES_TRY_LINE_MAX),
                          &x->line))
            return MM_E_NOMEM;
        x->time_us = ev->time_us;
        x->queue = ev->queue;
        x->seq = ev->seq;
        o->example_n++;
    }
    mm_rules_alert(t->set, hit, ev, tmp, &alert);
    return count_about(t, alert.entity);
}

static enum mm_code read_pages(struct trying *t, struct mm_events_client *client,
                               struct mm_search_request *r, uint64_t events_max,
                               struct mm_events_answer *said)
{
    enum mm_code code = MM_OK;

    do {
        struct mm_search_result page = {0};
        struct mm_event ev;
        uint64_t left = events_max - t->out.events;

        r->limit = left < MM_SEARCH_LIMIT_MAX ? (uint32_t)left : MM_SEARCH_LIMIT_MAX;
        code = mm_search_run(client, r, &page, NULL);
        while (code == MM_OK && mm_search_next(&page, &ev))
            code = ask(t, &ev);
        *said = page.answer;
        t->out.more = page.more;
        r->has_cursor = page.more;
        r->cursor = page.next;
        mm_search_done(&page);
    } while (code == MM_OK && t->out.more && t->out.events < events_max);
    return code;
}

static int most_first(const void *pa, const void *pb)
{
    const struct mm_rules_try_about *a = pa, *b = pb;

    if (a->matches != b->matches)
        return a->matches > b->matches ? -1 : 1;
    return mm_slice_cmp(a->text, b->text);
}

static void finish(struct trying *t)
{
    struct mm_matcher_stats stats = mm_matcher_stats(t->matcher);

    t->out.hidden = stats.hidden;
    t->out.undecided = stats.undecided;
    if (t->about_n > 0)
        qsort(t->about, t->about_n, sizeof(*t->about), most_first);
    t->out.top_n = t->about_n < MM_RULES_TRY_TOP_MAX ? t->about_n : MM_RULES_TRY_TOP_MAX;
    for (size_t i = 0; i < t->out.top_n; i++)
        t->out.top[i] = t->about[i];
}

enum mm_code mm_rules_try(struct mm_events_client *client, uint32_t company, struct mm_ruleset *set,
                          int64_t now_us, uint32_t days, uint64_t events_max, struct mm_arena *a,
                          struct mm_rules_try *ret, struct mm_events_answer *said)
{
    struct trying t = {.set = set, .arena = a};
    struct mm_query query;
    struct mm_search_request r = {.company = company, .query = &query, .now_us = now_us};
    struct mm_seed seed;
    char words[24];
    int n = snprintf(words, sizeof(words), "last %ud", days);
    enum mm_code code;

    MM_ASSERT(client != NULL && ret != NULL && said != NULL && mm_rules_count(set) == 1);
    MM_ASSERT(days >= 1 && days <= MM_RULES_TRY_DAYS_MAX && events_max > 0);
    *said = (struct mm_events_answer){0};
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return MM_E_IO;
    mm_map_init(&t.index, seed, MM_RULES_TRY_ABOUT_MAX);
    t.matcher = mm_matcher_new(set);
    t.about = mm_arena_array(a, MM_RULES_TRY_ABOUT_MAX, sizeof(*t.about));
    code = t.matcher == NULL || t.about == NULL ? MM_E_NOMEM : MM_OK;
    if (code == MM_OK)
        code = mm_query_parse(mm_slice_of(words, (size_t)n), a, &query, NULL);
    if (code == MM_OK)
        code = read_pages(&t, client, &r, events_max, said);
    if (code == MM_OK) {
        finish(&t);
        *ret = t.out;
    }
    mm_map_done(&t.index);
    mm_matcher_free(&t.matcher);
    return code;
}
