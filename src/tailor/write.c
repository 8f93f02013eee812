/* tailor/write.c - see tailor.h for the contract: what counts in a company, and all for the engine.
 */
#include <stdlib.h>
#include <sys/random.h>

#include "base/hash.h"
#include "codec/ext/yaml.h"
#include "store/records/system_scope.h"
#include "tailor/tailor_priv.h"

enum {
    MEMBERS_MAX =
        100000, /* memberships of 1,000 companies and more programmes than there will be */
    ROWS_MAX = 200 * 1000 * 1000, /* bytes of all lists and adjustments while they are written */
    TEXT_MAX = MM_YAML_MAX_SIZE - 1024,
    ROW_NODES = 11, /* of YAML: a document, its keys, what they hold beside companies and values */
};

/* ---- one company ---- */

static enum mm_code read_of(struct mm_tx *tx, uint32_t company, struct mm_slice rule,
                            struct mm_arena *a, struct mm_tailored *ret)
{
    struct mm_q q;
    enum mm_code code;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_LISTS_OF_MEMBER);
    mm_q_int(&q, ":member", company);
    mm_q_int(&q, ":max", MM_TAILOR_ROWS_MAX);
    code = mm_tailor_read_lists(&q, MM_TAILOR_ROWS_MAX, a, &ret->list, &ret->list_n);
    if (code != MM_OK)
        return code;
    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_ADJUSTS_OF_MEMBER);
    mm_q_int(&q, ":member", company);
    mm_q_text(&q, ":rule", rule);
    mm_q_int(&q, ":max", MM_TAILOR_ROWS_MAX);
    return mm_tailor_read_adjusts(&q, MM_TAILOR_ROWS_MAX, a, &ret->adjust, &ret->adjust_n);
}

enum mm_code mm_tailor_of(struct mm_tx *tx, uint32_t company, struct mm_slice rule,
                          struct mm_arena *a, struct mm_tailored *ret)
{
    struct mm_tailored t = {0};
    enum mm_code code;

    if (mm_scope_kind(mm_tx_scope(tx)) == MM_SCOPE_PROGRAMME ||
        !mm_scope_sees(mm_tx_scope(tx), company))
        return MM_E_NOTFOUND;
    /* Rows of its programmes are company 0's, which few see: they are asked for this company. */
    mm_tx_elevate(tx);
    code = read_of(tx, company, rule, a, &t);
    mm_tx_drop(tx);
    if (code == MM_OK)
        *ret = t;
    return code;
}

const struct mm_tailor_list *mm_tailored_list(const struct mm_tailored *t, struct mm_slice name)
{
    for (size_t i = 0; i < t->list_n; i++) { /* its own first, then by programme */
        if (mm_slice_eq(t->list[i].name, name))
            return &t->list[i];
    }
    return NULL;
}

/* How much an adjustment leaves of a rule: 0 when it is off. */
static int strength(const struct mm_tailor_adjust *x)
{
    return !x->enabled ? 0 : 1 + (int)(x->has_level ? x->level : x->rule_level);
}

const struct mm_tailor_adjust *mm_tailored_adjust(const struct mm_tailored *t, struct mm_slice rule)
{
    const struct mm_tailor_adjust *best = NULL;

    for (size_t i = 0; i < t->adjust_n; i++) {
        const struct mm_tailor_adjust *x = &t->adjust[i];

        if (x->state != MM_TAILOR_ACTIVE || !mm_slice_eq(x->rule, rule))
            continue;
        if (x->programme == MM_TAILOR_OWN)
            return x;
        if (best == NULL || strength(x) > strength(best))
            best = x;
    }
    return best;
}

static void put_list(struct mm_buf *out, const struct mm_tailor_list *l, const uint32_t *company,
                     size_t n)
{
    mm_tuning_put_list(
        out, &(struct mm_tuning_list){
                 .name = l->name, .company = company, .company_n = n, .values = l->values});
}

static void put_adjust(struct mm_buf *out, const struct mm_tailor_adjust *x,
                       const uint32_t *company, size_t n)
{
    if (x->enabled && !x->has_level)
        return; /* as the author has it: nothing stands in its place */
    mm_tuning_put_rule(out, &(struct mm_tuning_rule){.rule = x->rule,
                                                     .company = company,
                                                     .company_n = n,
                                                     .off = !x->enabled,
                                                     .has_level = x->has_level,
                                                     .level = x->level,
                                                     .has_made = x->agreed_by == 0,
                                                     .made = x->rule_level});
}

void mm_tailored_write(const struct mm_tailored *t, uint32_t company, struct mm_buf *out)
{
    for (size_t i = 0; i < t->list_n; i++) {
        if (mm_tailored_list(t, t->list[i].name) == &t->list[i])
            put_list(out, &t->list[i], &company, 1);
    }
    for (size_t i = 0; i < t->adjust_n; i++) {
        if (mm_tailored_adjust(t, t->adjust[i].rule) == &t->adjust[i])
            put_adjust(out, &t->adjust[i], &company, 1);
    }
}

/* ---- all companies ---- */

struct member {
    uint32_t programme, company;
};

struct writing {
    struct mm_arena a;
    struct mm_tailor_list *list;
    size_t list_n;
    struct mm_tailor_adjust *adjust;
    size_t adjust_n;
    struct member *member; /* rising by programme */
    size_t member_n;
    uint32_t *company;  /* of the row being written */
    struct mm_map done; /* "company, name": what a company has already */
    struct mm_buf *out;
    size_t values, companies, rows, nodes, left;
};

static enum mm_code read_all(struct mm_tx *tx, struct writing *w)
{
    const struct mm_tailor_which which = {.programme = -1, .max = MM_TAILOR_ROWS_MAX};
    struct mm_q q;
    enum mm_code code = mm_tailor_lists(tx, -1, &w->a, &w->list, &w->list_n);

    if (code == MM_OK)
        code = mm_tailor_adjusts(tx, &which, &w->a, &w->adjust, &w->adjust_n);
    if (code != MM_OK)
        return code;
    w->member = mm_arena_array(&w->a, MEMBERS_MAX, sizeof(*w->member));
    w->company = mm_arena_array(&w->a, MEMBERS_MAX, sizeof(*w->company));
    if (w->member == NULL || w->company == NULL)
        return MM_E_NOMEM;
    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_MEMBERS);
    mm_q_int(&q, ":max", MEMBERS_MAX);
    while (w->member_n < MEMBERS_MAX && mm_q_row(&q))
        w->member[w->member_n++] =
            (struct member){.programme = mm_q_col_u32(&q, 0), .company = mm_q_col_u32(&q, 1)};
    return mm_q_end(&q);
}

static size_t bytes_of(const struct mm_tailor_list *l)
{
    size_t n = 0;

    for (size_t i = 0; i < l->values.n; i++)
        n += l->values.v[i].n;
    return n;
}

/* Companies' own first, then by programme; short ones first, so that what is left out is long. */
static int by_place(const void *pa, const void *pb)
{
    const struct mm_tailor_list *a = pa, *b = pb;
    size_t m, n;

    if (a->programme != b->programme)
        return a->programme < b->programme ? -1 : 1;
    m = bytes_of(a);
    n = bytes_of(b);
    if (m != n)
        return m < n ? -1 : 1;
    return a->company < b->company   ? -1
           : a->company > b->company ? 1
                                     : mm_slice_cmp(a->name, b->name);
}

/* Companies' own first, then of each rule the strongest. */
static int by_strength(const void *pa, const void *pb)
{
    const struct mm_tailor_adjust *a = pa, *b = pb;
    int own = (a->programme != MM_TAILOR_OWN) - (b->programme != MM_TAILOR_OWN);

    if (own != 0)
        return own;
    if (strength(a) != strength(b))
        return strength(a) > strength(b) ? -1 : 1;
    return a->adjust < b->adjust ? -1 : a->adjust > b->adjust ? 1 : 0;
}

/* True, and it is noted, when the company has nothing of this name yet, and there is room. */
static bool claim(struct writing *w, uint32_t company, struct mm_slice name, bool *io_failed)
{
    uint8_t *key = mm_arena_bytes(&w->a, sizeof(company) + name.n);
    struct mm_slice k;
    enum mm_code code;

    if (key == NULL) {
        *io_failed = true;
        return false;
    }
    memcpy(key, &company, sizeof(company));
    memcpy(key + sizeof(company), name.p, name.n);
    k = mm_slice_of(key, sizeof(company) + name.n);
    if (mm_map_get(&w->done, k) != NULL)
        return false;
    code = mm_map_set(&w->done, k, 1);
    w->left += code == MM_E_LIMIT ? 1 : 0;
    *io_failed |= code != MM_OK && code != MM_E_LIMIT;
    return code == MM_OK;
}

/* Who the row is for, of those that have nothing of this name yet; into w->company. */
static enum mm_code find_companies(struct writing *w, uint32_t company, uint32_t programme,
                                   struct mm_slice name, size_t *ret_n)
{
    bool failed = false;
    size_t n = 0;

    if (programme == MM_TAILOR_OWN) {
        w->company[0] = company;
        n = claim(w, company, name, &failed) ? 1 : 0;
    }
    for (size_t i = 0; i < w->member_n && programme != MM_TAILOR_OWN && !failed; i++) {
        if (w->member[i].programme == programme && claim(w, w->member[i].company, name, &failed))
            w->company[n++] = w->member[i].company;
    }
    *ret_n = n;
    return failed ? MM_E_NOMEM : MM_OK;
}

/* Take the row back when it is over a limit of detect/tuning.h, or of the YAML that it is read as:
 * a text that is refused would be missing in every company. */
static void keep_or_leave(struct writing *w, size_t before, size_t values, size_t companies,
                          size_t rows_max)
{
    size_t nodes = ROW_NODES + values + companies;

    if (w->out->n <= TEXT_MAX && w->nodes + nodes <= MM_YAML_MAX_NODES &&
        w->values + values <= MM_TUNING_VALUES_MAX &&
        w->companies + companies <= MM_TUNING_COMPANIES_MAX && w->rows < rows_max) {
        w->nodes += nodes;
        w->values += values;
        w->companies += companies;
        w->rows++;
        return;
    }
    w->out->n = before;
    w->left++;
}

static enum mm_code write_lists(struct writing *w)
{
    enum mm_code code = MM_OK;
    size_t n;

    if (w->list_n > 1)
        qsort(w->list, w->list_n, sizeof(*w->list), by_place);
    w->rows = 0;
    for (size_t i = 0; i < w->list_n && code == MM_OK; i++) {
        const struct mm_tailor_list *l = &w->list[i];
        size_t before = w->out->n;

        code = find_companies(w, l->company, l->programme, l->name, &n);
        if (code != MM_OK || n == 0)
            continue;
        put_list(w->out, l, w->company, n);
        keep_or_leave(w, before, l->values.n, n, MM_TUNING_LISTS_MAX);
    }
    return code;
}

static enum mm_code write_adjusts(struct writing *w)
{
    enum mm_code code = MM_OK;
    size_t n;

    if (w->adjust_n > 1)
        qsort(w->adjust, w->adjust_n, sizeof(*w->adjust), by_strength);
    w->rows = 0;
    for (size_t i = 0; i < w->adjust_n && code == MM_OK; i++) {
        const struct mm_tailor_adjust *x = &w->adjust[i];
        size_t before = w->out->n;

        if (x->state != MM_TAILOR_ACTIVE)
            continue;
        code = find_companies(w, x->company, x->programme, x->rule, &n);
        if (code != MM_OK || n == 0)
            continue;
        put_adjust(w->out, x, w->company, n);
        if (w->out->n > before)
            keep_or_leave(w, before, 0, n, MM_TUNING_RULES_MAX);
    }
    return code;
}

enum mm_code mm_tailor_stamp(struct mm_tx *tx, uint64_t *ret)
{
    uint64_t part[4] = {0};
    struct mm_q q;
    enum mm_code code;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_STAMP);
    if (mm_q_row(&q)) {
        for (int i = 0; i < 4; i++)
            part[i] = (uint64_t)mm_q_col_int(&q, i);
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = mm_hash((struct mm_seed){1, 2}, mm_slice_of(part, sizeof(part)));
    return code;
}

enum mm_code mm_tailor_write(struct mm_tx *tx, struct mm_buf *out, size_t *ret_left)
{
    struct writing w = {.out = out};
    struct mm_seed seed;
    enum mm_code code;

    MM_ASSERT(mm_scope_kind(mm_tx_scope(tx)) == MM_SCOPE_SYSTEM);
    if (getrandom(&seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return MM_E_IO;
    mm_arena_init(&w.a, ROWS_MAX);
    code = read_all(tx, &w);
    /* Lists and adjustments one after the other: a list may be called as a rule is. */
    mm_map_init(&w.done, seed, MM_TUNING_COMPANIES_MAX);
    if (code == MM_OK)
        code = write_lists(&w);
    mm_map_done(&w.done);
    mm_map_init(&w.done, seed, MM_TUNING_COMPANIES_MAX);
    if (code == MM_OK)
        code = write_adjusts(&w);
    mm_map_done(&w.done);
    mm_arena_done(&w.a);
    if (code == MM_OK && !mm_buf_ok(out))
        code = MM_E_LIMIT;
    if (code == MM_OK)
        *ret_left = w.left;
    return code;
}
