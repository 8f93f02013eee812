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
    const struct mm_rules_try_ask *ask;
    struct mm_matcher *matcher;
    struct mm_arena *arena;
    struct mm_map index; /* of about, by its text */
    struct mm_rules_try_about *about;
    size_t about_n;
    struct mm_rules_try_company *company; /* one each of the ask */
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

static enum mm_code ask(struct trying *t, const struct mm_event *ev, uint64_t *matches)
{
    struct mm_rules_try *o = &t->out;
    char tmp[MM_FIELD_TEXT];
    struct mm_alert alert;
    uint32_t hit;

    if (o->events == 0 || ev->time_us < o->first_us)
        o->first_us = ev->time_us;
    if (o->events == 0 || ev->time_us > o->last_us)
        o->last_us = ev->time_us;
    o->events++;
    if (mm_rules_match(t->matcher, ev, &hit, 1) == 0)
        return MM_OK;
    o->matches++;
    (*matches)++;
    if (o->example_n < MM_RULES_TRY_EXAMPLES_MAX) {
        struct mm_rules_try_example *x = &o->example[o->example_n];

        if (!mm_arena_dup(t->arena,
                          mm_slice_sub(mm_slice_trim(ev->original), 0, MM_RULES_TRY_LINE_MAX),
                          &x->line))
            return MM_E_NOMEM;
        x->company = ev->company;
        x->time_us = ev->time_us;
        x->queue = ev->queue;
        x->seq = ev->seq;
        o->example_n++;
    }
    mm_rules_alert(t->ask->set, hit, ev, tmp, &alert);
    return count_about(t, alert.entity);
}

static bool late(const struct mm_rules_try_ask *ask)
{
    return ask->until_mono_us != 0 && mm_mono_us() >= ask->until_mono_us;
}

/* Pages of one company, newest first, until its share is used up or time is. */
static enum mm_code read_pages(struct trying *t, struct mm_events_client *client,
                               struct mm_search_request *r, uint64_t share, uint64_t *matches,
                               struct mm_events_answer *said)
{
    enum mm_rules_try_cut cut = MM_RULES_TRY_WHOLE;
    int64_t oldest_us = r->now_us;
    enum mm_code code = MM_OK;
    bool more = true;

    r->has_cursor = false;
    while (code == MM_OK && more && cut == MM_RULES_TRY_WHOLE) {
        struct mm_search_result page = {0};
        struct mm_event ev;
        uint64_t before = t->out.events;

        r->limit = share < MM_SEARCH_LIMIT_MAX ? (uint32_t)share : MM_SEARCH_LIMIT_MAX;
        if (share == 0 || late(t->ask)) {
            cut = share == 0 ? MM_RULES_TRY_ROWS : MM_RULES_TRY_TIME;
            break;
        }
        code = mm_search_run(client, r, &page, NULL);
        while (code == MM_OK && mm_search_next(&page, &ev)) {
            oldest_us = ev.received_us;
            code = ask(t, &ev, matches);
        }
        *said = page.answer;
        share -= t->out.events - before;
        more = page.more;
        r->has_cursor = page.more;
        r->cursor = page.next;
        mm_search_done(&page);
    }
    if (cut != MM_RULES_TRY_WHOLE && oldest_us > t->out.since_us)
        t->out.since_us = oldest_us;
    if (cut > t->out.cut)
        t->out.cut = cut;
    return code;
}

static int most_first(const void *pa, const void *pb)
{
    const struct mm_rules_try_about *a = pa, *b = pb;

    if (a->matches != b->matches)
        return a->matches > b->matches ? -1 : 1;
    return mm_slice_cmp(a->text, b->text);
}

static int companies_first(const void *pa, const void *pb)
{
    const struct mm_rules_try_company *a = pa, *b = pb;

    if (a->matches != b->matches)
        return a->matches > b->matches ? -1 : 1;
    return a->company < b->company ? -1 : a->company > b->company;
}

static void finish(struct trying *t)
{
    struct mm_matcher_stats stats = mm_matcher_stats(t->matcher);
    struct mm_rules_try *o = &t->out;

    o->hidden = stats.hidden;
    o->undecided = stats.undecided;
    if (t->about_n > 0)
        qsort(t->about, t->about_n, sizeof(*t->about), most_first);
    o->top_n = t->about_n < MM_RULES_TRY_TOP_MAX ? t->about_n : MM_RULES_TRY_TOP_MAX;
    for (size_t i = 0; i < o->top_n; i++)
        o->top[i] = t->about[i];
    qsort(t->company, t->ask->company_n, sizeof(*t->company), companies_first);
    while (o->companies < t->ask->company_n && t->company[o->companies].matches > 0)
        o->companies++;
    o->company_n = o->companies < MM_RULES_TRY_TOP_MAX ? o->companies : MM_RULES_TRY_TOP_MAX;
    for (size_t i = 0; i < o->company_n; i++)
        o->company[i] = t->company[i];
}

/* What one company leaves of its share is for those behind it. */
static enum mm_code read_companies(struct trying *t, struct mm_events_client *client,
                                   const struct mm_query *query, struct mm_events_answer *said)
{
    const struct mm_rules_try_ask *ask = t->ask;
    enum mm_code code = MM_OK;

    t->out.since_us = ask->now_us - (int64_t)ask->days * MM_US_PER_DAY;
    for (size_t i = 0; i < ask->company_n && code == MM_OK; i++) {
        struct mm_search_request r = {
            .company = ask->company[i], .query = query, .now_us = ask->now_us};
        uint64_t left = ask->events_max - t->out.events, behind = ask->company_n - i;

        t->company[i].company = ask->company[i];
        code =
            read_pages(t, client, &r, (left + behind - 1) / behind, &t->company[i].matches, said);
    }
    return code;
}

enum mm_code mm_rules_try(struct mm_events_client *client, const struct mm_rules_try_ask *ask,
                          struct mm_arena *a, struct mm_rules_try *ret,
                          struct mm_events_answer *said)
{
    struct trying t = {.ask = ask, .arena = a};
    struct mm_query query;
    struct mm_seed seed;
    char words[24];
    int n = snprintf(words, sizeof(words), "last %ud", ask->days);
    enum mm_code code;

    MM_ASSERT(client != NULL && ret != NULL && said != NULL && mm_rules_count(ask->set) == 1);
    MM_ASSERT(ask->days >= 1 && ask->days <= MM_RULES_TRY_DAYS_MAX && ask->events_max > 0);
    MM_ASSERT(ask->company_n >= 1 && ask->company_n <= MM_RULES_TRY_COMPANIES_MAX);
    *said = (struct mm_events_answer){0};
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return MM_E_IO;
    mm_map_init(&t.index, seed, MM_RULES_TRY_ABOUT_MAX);
    t.matcher = mm_matcher_new(ask->set);
    t.about = mm_arena_array(a, MM_RULES_TRY_ABOUT_MAX, sizeof(*t.about));
    t.company = mm_arena_array(a, ask->company_n, sizeof(*t.company));
    code = t.matcher == NULL || t.about == NULL || t.company == NULL ? MM_E_NOMEM : MM_OK;
    for (size_t i = 0; code == MM_OK && i < ask->company_n; i++)
        t.company[i] = (struct mm_rules_try_company){0};
    if (code == MM_OK)
        code = mm_query_parse(mm_slice_of(words, (size_t)n), a, &query, NULL);
    if (code == MM_OK)
        code = read_companies(&t, client, &query, said);
    if (code == MM_OK) {
        finish(&t);
        *ret = t.out;
    }
    mm_map_done(&t.index);
    mm_matcher_free(&t.matcher);
    return code;
}
