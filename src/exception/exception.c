/* exception/exception.c - see exception.h for the contract. */
#include "exception/exception.h"

#include "base/time.h"
#include "base/utf8.h"
#include "exception/exception_priv.h"

static const char *const states[] = {"proposed", "active", "ended"};
static_assert(MM_COUNT(states) == MM_EXCEPTION_STATES, "one name a state");

static const char *const hows[] = {
    [MM_FILTER_EQUALS] = "equals", [MM_FILTER_CONTAINS] = "contains", [MM_FILTER_STARTS] = "starts",
    [MM_FILTER_ENDS] = "ends",     [MM_FILTER_CIDR] = "cidr",
};
static_assert(MM_COUNT(hows) == MM_FILTER_HOW_COUNT, "one name each");

const char *mm_exception_state_name(enum mm_exception_state state)
{
    MM_ASSERT(state < MM_EXCEPTION_STATES);
    return states[state];
}

const char *mm_exception_how_name(enum mm_filter_how how)
{
    MM_ASSERT(how < MM_FILTER_HOW_COUNT);
    return hows[how];
}

bool mm_exception_how_find(struct mm_slice name, enum mm_filter_how *ret)
{
    for (int i = 0; i < MM_FILTER_HOW_COUNT; i++) {
        if (mm_slice_eq(name, mm_slice_str(hows[i]))) {
            *ret = (enum mm_filter_how)i;
            return true;
        }
    }
    return false;
}

static void begin(struct mm_q *q, struct mm_tx *tx, enum mm_exception_stmt st)
{
    mm_q_begin(q, tx, &mm_exception_stmts[st]);
}

/* ---- changing ---- */

static bool good_text(struct mm_slice s, size_t max)
{
    return s.n > 0 && s.n <= max && mm_utf8_valid(s);
}

static enum mm_code check(const struct mm_exception *e, int64_t now_us, struct mm_fault *fault)
{
    if (!good_text(e->rule, MM_ALERT_MAX_TEXT) || !good_text(e->title, MM_ALERT_MAX_TEXT) ||
        e->product.n + e->category.n + e->service.n == 0)
        return mm_fail(fault, MM_E_RANGE, 0, "exception.rule");
    if (e->term_n == 0 || e->term_n > MM_EXCEPTION_TERMS_MAX)
        return mm_fail(fault, MM_E_RANGE, 0, "exception.terms");
    for (size_t i = 0; i < e->term_n; i++) {
        if (!good_text(e->term[i].field, MM_EXCEPTION_VALUE_MAX) ||
            !good_text(e->term[i].value, MM_EXCEPTION_VALUE_MAX))
            return mm_fail(fault, MM_E_RANGE, i, "exception.value");
    }
    if (!good_text(e->reason, MM_EXCEPTION_REASON_MAX))
        return mm_fail(fault, MM_E_RANGE, 0, "exception.reason");
    if (e->until_us <= now_us || e->until_us - now_us > MM_EXCEPTION_DAYS_MAX * MM_US_PER_DAY)
        return mm_fail(fault, MM_E_RANGE, 0, "exception.until");
    return MM_OK;
}

static enum mm_code add_terms(struct mm_tx *tx, int64_t exception, const struct mm_exception *e)
{
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < e->term_n && code == MM_OK; i++) {
        struct mm_q q;

        begin(&q, tx, MM_EXCEPTION_STMT_TERM_ADD);
        mm_q_int(&q, ":exception", exception);
        mm_q_int(&q, ":at", (int64_t)i);
        mm_q_text(&q, ":field", e->term[i].field);
        mm_q_text(&q, ":how", mm_slice_str(mm_exception_how_name(e->term[i].how)));
        mm_q_text(&q, ":value", e->term[i].value);
        code = mm_q_end(&q);
    }
    return code;
}

enum mm_code mm_exception_add(struct mm_tx *tx, const struct mm_exception *e, int64_t now_us,
                              int64_t *ret, struct mm_fault *fault)
{
    enum mm_exception_state state =
        e->second || e->hides_critical > 0 ? MM_EXCEPTION_PROPOSED : MM_EXCEPTION_ACTIVE;
    enum mm_code code = check(e, now_us, fault);
    struct mm_q q;
    int64_t id;

    if (code != MM_OK)
        return code;
    begin(&q, tx, MM_EXCEPTION_STMT_ADD);
    mm_q_text(&q, ":rule", e->rule);
    mm_q_text(&q, ":title", e->title);
    mm_q_text(&q, ":product", e->product);
    mm_q_text(&q, ":category", e->category);
    mm_q_text(&q, ":service", e->service);
    mm_q_text(&q, ":reason", e->reason);
    mm_q_text(&q, ":state", mm_slice_str(states[state]));
    mm_q_int(&q, ":hides", (int64_t)e->hides);
    mm_q_int(&q, ":critical", (int64_t)e->hides_critical);
    mm_q_int(&q, ":until", e->until_us);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":user", e->made_by);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    id = mm_tx_last_id(tx);
    code = add_terms(tx, id, e);
    if (code == MM_OK)
        *ret = id;
    return code;
}

enum mm_code mm_exception_agree(struct mm_tx *tx, int64_t exception, uint32_t user)
{
    struct mm_exception e;
    struct mm_arena a;
    struct mm_q q;
    enum mm_code code;

    mm_arena_init(&a, 1024 * 1024);
    code = mm_exception_get(tx, exception, &a, &e);
    mm_arena_done(&a);
    if (code == MM_OK && e.state != MM_EXCEPTION_PROPOSED)
        return MM_E_NOTFOUND;
    if (code == MM_OK && (user == 0 || e.made_by == user))
        return MM_E_DENIED;
    if (code != MM_OK)
        return code;
    begin(&q, tx, MM_EXCEPTION_STMT_AGREE);
    mm_q_int(&q, ":exception", exception);
    mm_q_int(&q, ":user", user);
    return mm_q_end_touch(&q);
}

enum mm_code mm_exception_end(struct mm_tx *tx, int64_t exception, uint32_t user, int64_t now_us)
{
    struct mm_q q;

    begin(&q, tx, MM_EXCEPTION_STMT_END);
    mm_q_int(&q, ":exception", exception);
    mm_q_int(&q, ":user", user);
    mm_q_int(&q, ":now", now_us);
    return mm_q_end_touch(&q);
}

enum mm_code mm_exception_ran_out(struct mm_tx *tx, int64_t exception, int64_t now_us)
{
    struct mm_q q;

    begin(&q, tx, MM_EXCEPTION_STMT_END);
    mm_q_int(&q, ":exception", exception);
    mm_q_null(&q, ":user");
    mm_q_int(&q, ":now", now_us);
    return mm_q_end_touch(&q);
}

/* ---- reading ---- */

/* EXCEPTION_COLUMNS, without terms. */
static void read_row(struct mm_q *q, struct mm_arena *a, struct mm_exception *ret)
{
    struct mm_slice state;

    *ret = (struct mm_exception){.exception = mm_q_col_int(q, 0),
                                 .company = mm_q_col_u32(q, 1),
                                 .rule = mm_q_col_dup(q, 2, a),
                                 .title = mm_q_col_dup(q, 3, a),
                                 .product = mm_q_col_dup(q, 4, a),
                                 .category = mm_q_col_dup(q, 5, a),
                                 .service = mm_q_col_dup(q, 6, a),
                                 .reason = mm_q_col_dup(q, 7, a),
                                 .hides = (uint64_t)mm_q_col_int(q, 9),
                                 .hides_critical = (uint64_t)mm_q_col_int(q, 10),
                                 .until_us = mm_q_col_int(q, 11),
                                 .made_us = mm_q_col_int(q, 12),
                                 .made_by = mm_q_col_u32(q, 13),
                                 .agreed_by = mm_q_col_u32(q, 14),
                                 .ended_us = mm_q_col_int(q, 15),
                                 .ended_by = mm_q_col_u32(q, 16)};
    state = mm_q_col_text(q, 8);
    ret->state = MM_EXCEPTION_ENDED; /* of a damaged table: it hides nothing */
    for (int i = 0; i < MM_EXCEPTION_STATES; i++) {
        if (mm_slice_eq(state, mm_slice_str(states[i])))
            ret->state = (enum mm_exception_state)i;
    }
}

static enum mm_code read_terms(struct mm_tx *tx, struct mm_arena *a, struct mm_exception *e)
{
    struct mm_filter_term *term = mm_arena_array(a, MM_EXCEPTION_TERMS_MAX, sizeof(*term));
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    if (term == NULL)
        return MM_E_NOMEM;
    begin(&q, tx, MM_EXCEPTION_STMT_TERMS);
    mm_q_int(&q, ":exception", e->exception);
    mm_q_int(&q, ":max", MM_EXCEPTION_TERMS_MAX);
    while (n < MM_EXCEPTION_TERMS_MAX && mm_q_row(&q)) {
        term[n].field = mm_q_col_dup(&q, 0, a);
        term[n].value = mm_q_col_dup(&q, 2, a);
        if (!mm_exception_how_find(mm_q_col_text(&q, 1), &term[n].how))
            term[n].how = MM_FILTER_EQUALS; /* the narrowest */
        n++;
    }
    code = mm_q_end(&q);
    e->term = term;
    e->term_n = n;
    return code;
}

enum mm_code mm_exception_get(struct mm_tx *tx, int64_t exception, struct mm_arena *a,
                              struct mm_exception *ret)
{
    struct mm_exception e = {0};
    bool found = false;
    struct mm_q q;
    enum mm_code code;

    begin(&q, tx, MM_EXCEPTION_STMT_GET);
    mm_q_int(&q, ":exception", exception);
    if (mm_q_row(&q)) {
        read_row(&q, a, &e);
        found = true;
    }
    code = mm_q_end(&q);
    if (code == MM_OK && !found)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        code = read_terms(tx, a, &e);
    if (code == MM_OK)
        *ret = e;
    return code;
}

/* All rows of q, which holds at most max of them; ends q. */
static enum mm_code read_rows(struct mm_q *q, size_t max, struct mm_arena *a,
                              struct mm_exception **ret, size_t *ret_n)
{
    struct mm_exception *list = mm_arena_array(a, max, sizeof(*list));
    size_t n = 0;
    enum mm_code code;

    while (list != NULL && n < max && mm_q_row(q))
        read_row(q, a, &list[n++]);
    code = mm_q_end(q);
    if (list == NULL)
        return MM_E_NOMEM;
    *ret = list;
    *ret_n = n;
    return code;
}

enum mm_code mm_exception_list(struct mm_tx *tx, const struct mm_exception_which *w,
                               struct mm_arena *a, struct mm_exception **ret, size_t *ret_n)
{
    struct mm_q q;
    enum mm_code code;

    MM_ASSERT(w->max >= 1 && w->max <= MM_EXCEPTION_LIST_MAX);
    begin(&q, tx, MM_EXCEPTION_STMT_LIST);
    mm_q_int(&q, ":ended", w->ended_too ? 1 : 0);
    mm_q_text(&q, ":rule", w->rule);
    mm_q_int(&q, ":max", (int64_t)w->max);
    code = read_rows(&q, w->max, a, ret, ret_n);
    for (size_t i = 0; code == MM_OK && i < *ret_n; i++)
        code = read_terms(tx, a, &(*ret)[i]);
    return code;
}

enum mm_code mm_exception_due(struct mm_tx *tx, int64_t now_us, struct mm_arena *a,
                              struct mm_exception **ret, size_t *ret_n)
{
    struct mm_q q;

    begin(&q, tx, MM_EXCEPTION_STMT_DUE);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":max", MM_EXCEPTION_ENDED_MAX);
    return read_rows(&q, MM_EXCEPTION_ENDED_MAX, a, ret, ret_n);
}

static const struct {
    const char *word, *kind;
} cares[MM_EXCEPTION_CARES] = {
    [MM_EXCEPTION_NO_CARE] = {"", NULL},
    [MM_EXCEPTION_WAITS] = {"waits", "exception_waits"},
    [MM_EXCEPTION_SOON] = {"soon", "exception_soon"},
};

const char *mm_exception_care_kind(enum mm_exception_care care)
{
    MM_ASSERT(care < MM_EXCEPTION_CARES);
    return cares[care].kind;
}

static enum mm_exception_care care_of(struct mm_slice word)
{
    for (int i = 0; i < MM_EXCEPTION_CARES; i++) {
        if (mm_slice_eq(word, mm_slice_str(cares[i].word)))
            return (enum mm_exception_care)i;
    }
    return MM_EXCEPTION_NO_CARE;
}

enum mm_code mm_exception_cares(struct mm_tx *tx, int64_t now_us, struct mm_exception_care_row *ret,
                                size_t *ret_n)
{
    struct mm_q q;
    size_t n = 0;
    enum mm_code code;

    begin(&q, tx, MM_EXCEPTION_STMT_CARES);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":soon", MM_EXCEPTION_SOON_US);
    mm_q_int(&q, ":max", MM_EXCEPTION_ENDED_MAX);
    while (n < MM_EXCEPTION_ENDED_MAX && mm_q_row(&q)) {
        ret[n++] = (struct mm_exception_care_row){.exception = mm_q_col_int(&q, 0),
                                                  .company = mm_q_col_u32(&q, 1),
                                                  .was = care_of(mm_q_col_text(&q, 2)),
                                                  .is = care_of(mm_q_col_text(&q, 3))};
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret_n = n;
    return code;
}

enum mm_code mm_exception_care_set(struct mm_tx *tx, int64_t exception, enum mm_exception_care care)
{
    struct mm_q q;

    MM_ASSERT(care < MM_EXCEPTION_CARES);
    begin(&q, tx, MM_EXCEPTION_STMT_CARE_SET);
    mm_q_int(&q, ":exception", exception);
    mm_q_text(&q, ":care", mm_slice_str(cares[care].word));
    return mm_q_end_touch(&q);
}

enum mm_code mm_exception_stamp(struct mm_tx *tx, uint64_t *ret)
{
    int64_t changes = 0;
    struct mm_q q;
    enum mm_code code;

    begin(&q, tx, MM_EXCEPTION_STMT_STAMP);
    code = mm_q_end_int(&q, &changes);
    if (code == MM_OK)
        *ret = (uint64_t)changes;
    return code;
}

/* ---- as filters ---- */

enum mm_code mm_exception_filter(const struct mm_exception *e, struct mm_buf *out,
                                 struct mm_fault *fault)
{
    char id[40];
    int n = snprintf(id, sizeof(id), "exception-%lld", (long long)e->exception);
    struct mm_filter f = {.id = mm_slice_of(id, (size_t)n),
                          .title = e->title,
                          .product = e->product,
                          .category = e->category,
                          .service = e->service,
                          .rules = {.v = &e->rule, .n = 1},
                          .company = &e->company,
                          .company_n = 1,
                          .until_us = e->until_us,
                          .reason = e->reason};

    return mm_filter_write(&f, e->term, e->term_n, out, fault);
}

enum mm_code mm_exception_write(struct mm_tx *tx, int64_t now_us, struct mm_buf *out,
                                size_t *ret_left)
{
    struct mm_exception *list = NULL;
    struct mm_arena a;
    int64_t after = 0;
    size_t n = MM_EXCEPTION_LIST_MAX, left = 0;
    enum mm_code code = MM_OK;

    mm_arena_init(&a, 64 * 1024 * 1024);
    while (code == MM_OK && n == MM_EXCEPTION_LIST_MAX) {
        struct mm_q q;

        mm_arena_reset(&a);
        begin(&q, tx, MM_EXCEPTION_STMT_IN_FORCE);
        mm_q_int(&q, ":now", now_us);
        mm_q_int(&q, ":after", after);
        mm_q_int(&q, ":max", MM_EXCEPTION_LIST_MAX);
        code = read_rows(&q, MM_EXCEPTION_LIST_MAX, &a, &list, &n);
        for (size_t i = 0; code == MM_OK && i < n; i++) {
            size_t before = out->n;

            after = list[i].exception;
            code = read_terms(tx, &a, &list[i]);
            mm_buf_str(out, before > 0 ? "---\n" : "");
            if (code == MM_OK &&
                (list[i].term_n == 0 || mm_exception_filter(&list[i], out, NULL) != MM_OK)) {
                out->n = before;
                left++;
            }
        }
    }
    mm_arena_done(&a);
    if (code == MM_OK && !mm_buf_ok(out))
        code = MM_E_LIMIT;
    if (code == MM_OK)
        *ret_left = left;
    return code;
}
