/* tailor/list.c - see tailor.h for the contract: lists of values. */
#include "tailor/tailor_priv.h"

#include "base/rd.h"
#include "base/utf8.h"
#include "base/vec.h"

/* ---- values and lines ---- */

static bool has(const struct mm_slice *v, size_t n, struct mm_slice value)
{
    for (size_t i = 0; i < n; i++) {
        if (mm_slice_eq(v[i], value))
            return true;
    }
    return false;
}

static struct mm_slice next_line(struct mm_slice *io)
{
    size_t at = mm_slice_find(*io, '\n', 0);
    struct mm_slice line = mm_slice_sub(*io, 0, at);

    *io = at == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(*io, at + 1, SIZE_MAX);
    return line;
}

enum mm_code mm_tailor_values(struct mm_slice text, struct mm_arena *a, struct mm_slices *ret,
                              struct mm_fault *fault)
{
    struct mm_slice *v = mm_arena_array(a, MM_TUNING_LIST_MAX, sizeof(*v));
    size_t n = 0;

    if (v == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "err.nomem");
    for (size_t line = 1; text.n > 0; line++) {
        struct mm_slice value = mm_slice_trim(next_line(&text));

        if (value.n == 0 || has(v, n, value))
            continue;
        if (!mm_tuning_value_good(value))
            return mm_fail(fault, MM_E_RANGE, line, "tailor.value");
        if (n == MM_TUNING_LIST_MAX)
            return mm_fail(fault, MM_E_RANGE, line, "tailor.values");
        v[n++] = value;
    }
    *ret = (struct mm_slices){.v = v, .n = n};
    return MM_OK;
}

/* The values of the lines that were kept. */
static enum mm_code split(struct mm_slice lines, struct mm_arena *a, struct mm_slices *ret)
{
    struct mm_slice *v, rest = lines;
    size_t n = 0;

    while (rest.n > 0) {
        (void)next_line(&rest);
        n++;
    }
    v = mm_arena_array(a, n, sizeof(*v));
    if (v == NULL)
        return MM_E_NOMEM;
    n = 0;
    while (lines.n > 0) {
        v[n] = next_line(&lines);
        n += v[n].n > 0 ? 1 : 0;
    }
    *ret = (struct mm_slices){.v = v, .n = n};
    return MM_OK;
}

/* ---- changing ---- */

enum mm_code mm_tailor_check_programme(struct mm_tx *tx, uint32_t programme)
{
    int64_t n = 0;
    struct mm_q q;
    enum mm_code code;

    if (programme == MM_TAILOR_OWN)
        return MM_OK;
    /* Rows of a programme are company 0's: only who sees all companies writes there. */
    if (mm_scope_company(mm_tx_scope(tx)) != MM_COMPANY_OPERATOR)
        return MM_E_DENIED;
    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_PROGRAMME);
    mm_q_int(&q, ":programme", programme);
    code = mm_q_end_int(&q, &n);
    return code == MM_OK && n == 0 ? MM_E_NOTFOUND : code;
}

static enum mm_code check_list(struct mm_slice name, struct mm_slices values,
                               struct mm_fault *fault)
{
    if (!mm_tuning_name_good(name))
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.name");
    if (values.n > MM_TUNING_LIST_MAX)
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.values");
    for (size_t i = 0; i < values.n; i++) {
        if (!mm_tuning_value_good(values.v[i]) || mm_slice_find(values.v[i], '\n', 0) != SIZE_MAX)
            return mm_fail(fault, MM_E_RANGE, i + 1, "tailor.value");
    }
    return MM_OK;
}

/* Is there room for so many bytes beside the place's other lists? */
static enum mm_code check_room(struct mm_tx *tx, uint32_t programme, struct mm_slice name,
                               size_t bytes, struct mm_fault *fault)
{
    int64_t lists = 0, used = 0;
    struct mm_q q;
    enum mm_code code;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_LIST_SUM);
    mm_q_int(&q, ":at", mm_scope_company(mm_tx_scope(tx)));
    mm_q_int(&q, ":programme", programme);
    mm_q_text(&q, ":name", name);
    if (mm_q_row(&q)) {
        lists = mm_q_col_int(&q, 0);
        used = mm_q_col_int(&q, 1);
    }
    code = mm_q_end(&q);
    if (code == MM_OK && bytes > 0 &&
        (lists >= MM_TAILOR_LISTS_MAX || used + (int64_t)bytes > MM_TAILOR_BYTES_MAX))
        return mm_fail(fault, MM_E_RANGE, 0, "tailor.full");
    return code;
}

enum mm_code mm_tailor_put(struct mm_tx *tx, uint32_t programme, struct mm_slice name,
                           struct mm_slices values, uint32_t user, int64_t now_us,
                           struct mm_fault *fault)
{
    enum mm_code code = check_list(name, values, fault);
    struct mm_buf lines;
    struct mm_q q;

    mm_buf_init(&lines, MM_TUNING_LIST_MAX * (MM_TUNING_VALUE_MAX + 1));
    for (size_t i = 0; i < values.n && code == MM_OK; i++) {
        mm_buf_add(&lines, values.v[i]);
        mm_buf_byte(&lines, '\n');
    }
    if (code == MM_OK)
        code = mm_tailor_check_programme(tx, programme);
    if (code == MM_OK)
        code = check_room(tx, programme, name, lines.n, fault);
    if (code == MM_OK) {
        mm_tailor_begin(&q, tx, MM_TAILOR_STMT_LIST_PUT);
        mm_q_int(&q, ":programme", programme);
        mm_q_text(&q, ":name", name);
        mm_q_text(&q, ":lines", mm_buf_slice(&lines));
        mm_q_int(&q, ":now", now_us);
        mm_q_int(&q, ":user", user);
        code = mm_q_end(&q);
    }
    mm_buf_done(&lines);
    return code;
}

/* ---- reading ---- */

/* LIST_COLUMNS */
static enum mm_code read_row(struct mm_q *q, struct mm_arena *a, struct mm_tailor_list *ret)
{
    *ret = (struct mm_tailor_list){.company = mm_q_col_u32(q, 0),
                                   .programme = mm_q_col_u32(q, 1),
                                   .name = mm_q_col_dup(q, 2, a),
                                   .changed_us = mm_q_col_int(q, 4),
                                   .changed_by = mm_q_col_u32(q, 5)};
    return split(mm_q_col_dup(q, 3, a), a, &ret->values);
}

enum mm_code mm_tailor_read_lists(struct mm_q *q, size_t max, struct mm_arena *a,
                                  struct mm_tailor_list **ret, size_t *ret_n)
{
    struct mm_tailor_list *list = NULL;
    size_t n = 0, cap = 0;
    enum mm_code code = MM_OK, end;

    while (code == MM_OK && n < max && mm_q_row(q)) {
        if (!MM_VEC_ROOM_IN(a, list, n, cap)) {
            code = MM_E_NOMEM;
            break;
        }
        code = read_row(q, a, &list[n++]);
    }
    end = mm_q_end(q);
    if (code != MM_OK || end != MM_OK)
        return code == MM_OK ? end : code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

enum mm_code mm_tailor_get(struct mm_tx *tx, uint32_t company, uint32_t programme,
                           struct mm_slice name, struct mm_arena *a, struct mm_tailor_list *ret)
{
    struct mm_tailor_list *list = NULL;
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_LIST_GET);
    mm_q_int(&q, ":at", company);
    mm_q_int(&q, ":programme", programme);
    mm_q_text(&q, ":name", name);
    code = mm_tailor_read_lists(&q, 1, a, &list, &n);
    if (code == MM_OK && (n == 0 || list[0].values.n == 0))
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = list[0];
    return code;
}

enum mm_code mm_tailor_lists(struct mm_tx *tx, int64_t programme, struct mm_arena *a,
                             struct mm_tailor_list **ret, size_t *ret_n)
{
    struct mm_q q;

    mm_tailor_begin(&q, tx, MM_TAILOR_STMT_LISTS);
    mm_q_int(&q, ":programme", programme);
    mm_q_int(&q, ":max", MM_TAILOR_ROWS_MAX);
    return mm_tailor_read_lists(&q, MM_TAILOR_ROWS_MAX, a, ret, ret_n);
}
