/* hunt/tally.c - see tally.h for the contract. */
#include "hunt/tally.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/time.h"
#include "base/vec.h"
#include "model/alert.h"

#define HOUR_US (INT64_C(3600) * MM_US_PER_S)

static struct mm_tally_table *table_at(struct mm_tally *t, size_t i)
{
    struct mm_tally_table *tables[] = {&t->hosts, &t->users, &t->hours, &t->on_host};

    return i < MM_COUNT(tables) ? tables[i] : NULL;
}

enum mm_code mm_tally_init(struct mm_tally *t, const struct mm_ruleset *set)
{
    struct mm_seed seed = {.k0 = 0};

    *t = (struct mm_tally){.set = set};
    /* Only against names made to collide: without random bytes it is slow, not wrong. */
    (void)!getrandom(&seed, sizeof(seed), 0);
    mm_arena_init(&t->arena, MM_TALLY_MEMORY);
    t->rule = calloc(mm_rules_count(set) + 1, sizeof(*t->rule));
    for (size_t i = 0; table_at(t, i) != NULL; i++)
        mm_map_init(&table_at(t, i)->map, seed, MM_TALLY_ROWS_MAX);
    return t->rule == NULL ? MM_E_NOMEM : MM_OK;
}

void mm_tally_done(struct mm_tally *t)
{
    for (size_t i = 0; table_at(t, i) != NULL; i++) {
        mm_map_done(&table_at(t, i)->map);
        free(table_at(t, i)->row);
    }
    mm_arena_done(&t->arena);
    free(t->rule);
    *t = (struct mm_tally){.set = NULL};
}

static struct mm_tally_row *new_row(struct mm_tally *t, struct mm_tally_table *table,
                                    struct mm_slice key)
{
    struct mm_tally_row *row;
    struct mm_slice own;

    if (table->n == MM_TALLY_ROWS_MAX || !mm_arena_dup(&t->arena, key, &own))
        return NULL;
    if (!MM_VEC_ROOM(table->row, table->n, table->cap, MM_TALLY_ROWS_MAX))
        return NULL;
    if (mm_map_set(&table->map, own, table->n) != MM_OK)
        return NULL;
    row = &table->row[table->n++];
    *row = (struct mm_tally_row){.name = own};
    return row;
}

static void count(struct mm_tally *t, struct mm_tally_table *table, struct mm_slice key,
                  enum mm_level level, const struct mm_hunt_frame *hit)
{
    uint64_t *at = mm_map_get(&table->map, key);
    struct mm_tally_row *row = at != NULL ? &table->row[*at] : new_row(t, table, key);

    if (row == NULL) {
        table->others++;
        return;
    }
    if (row->n == 0 || hit->time_us < row->first_us)
        row->first_us = hit->time_us;
    if (row->n == 0 || hit->time_us > row->last_us)
        row->last_us = hit->time_us;
    row->rule = hit->rule;
    row->n++;
    row->level[level]++;
}

bool mm_tally_add(struct mm_tally *t, const struct mm_hunt_frame *hit)
{
    uint8_t pair[sizeof(uint32_t) + MM_HF_MAX_TEXT];
    int64_t hour = hit->time_us - hit->time_us % HOUR_US;
    struct mm_tally_rule *rule;
    enum mm_level level;

    MM_ASSERT(hit->kind == MM_HF_HIT && hit->host.n <= MM_HF_MAX_TEXT);
    if (hit->rule >= mm_rules_count(t->set))
        return false;
    level = mm_level_weigh(mm_rules_get(t->set, hit->rule)->level, hit->prevented != 0);
    rule = &t->rule[hit->rule];
    if (rule->n == 0 || hit->time_us < rule->first_us)
        rule->first_us = hit->time_us;
    if (rule->n == 0 || hit->time_us > rule->last_us)
        rule->last_us = hit->time_us;
    rule->n++;
    rule->prevented += hit->prevented != 0 ? 1 : 0;
    rule->worst = level > rule->worst ? level : rule->worst;
    if (t->n == 0 || hit->time_us < t->first_us)
        t->first_us = hit->time_us;
    if (t->n == 0 || hit->time_us > t->last_us)
        t->last_us = hit->time_us;
    t->n++;
    t->level[level]++;
    count(t, &t->hours, mm_slice_of(&hour, sizeof(hour)), level, hit);
    if (hit->user.n > 0)
        count(t, &t->users, hit->user, level, hit);
    if (hit->host.n == 0)
        return true;
    count(t, &t->hosts, hit->host, level, hit);
    memcpy(pair, &hit->rule, sizeof(hit->rule));
    memcpy(pair + sizeof(hit->rule), hit->host.p, hit->host.n);
    count(t, &t->on_host, mm_slice_of(pair, sizeof(hit->rule) + hit->host.n), level, hit);
    return true;
}

static int by_level(const void *a, const void *b)
{
    const struct mm_tally_row *x = a, *y = b;

    for (int l = MM_LEVEL_COUNT - 1; l >= MM_LEVEL_INFORMATIONAL; l--) {
        if (x->level[l] != y->level[l])
            return x->level[l] > y->level[l] ? -1 : 1;
    }
    return mm_slice_cmp(x->name, y->name);
}

static int by_time(const void *a, const void *b)
{
    const struct mm_tally_row *x = a, *y = b;

    return x->first_us < y->first_us ? -1 : x->first_us > y->first_us ? 1 : 0;
}

void mm_tally_sort(struct mm_tally_table *table)
{
    mm_map_done(&table->map); /* its rows move */
    if (table->n > 0)
        qsort(table->row, table->n, sizeof(*table->row), by_level);
}

void mm_tally_sort_time(struct mm_tally_table *table)
{
    mm_map_done(&table->map);
    if (table->n > 0)
        qsort(table->row, table->n, sizeof(*table->row), by_time);
}

bool mm_tally_worst(const struct mm_tally *t, enum mm_level *ret)
{
    for (int l = MM_LEVEL_COUNT - 1; l >= MM_LEVEL_INFORMATIONAL; l--) {
        if (t->level[l] > 0) {
            *ret = (enum mm_level)l;
            return true;
        }
    }
    return false;
}
