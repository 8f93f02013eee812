/* triage/case_read.c - reads of cases; see case.h for the contract. */
#include "triage/case.h"
#include "triage/triage.h"
#include "triage/triage_priv.h"

/* The table's CHECK keeps levels in range; a damaged one reads as the gravest. */
static enum mm_level level_of(uint32_t stored)
{
    return stored < MM_LEVEL_COUNT ? (enum mm_level)stored : MM_LEVEL_CRITICAL;
}

/* Columns of CASE_GET and CASE_LIST. */
static void read_case(struct mm_q *q, struct mm_arena *a, struct mm_case *ret)
{
    *ret = (struct mm_case){.case_id = mm_q_col_int(q, 0),
                            .company = mm_q_col_u32(q, 1),
                            .number = mm_q_col_u32(q, 2),
                            .how = mm_q_col_dup(q, 3, a),
                            .entity_field = mm_q_col_dup(q, 4, a),
                            .entity = mm_q_col_dup(q, 5, a),
                            .level = level_of(mm_q_col_u32(q, 6)),
                            .confidence = mm_q_col_u32(q, 7),
                            .act = mm_q_col_dup(q, 8, a),
                            .state = mm_q_col_dup(q, 9, a),
                            .outcome = mm_q_col_dup(q, 10, a),
                            .outcome_text = mm_q_col_dup(q, 11, a),
                            .handler = mm_q_col_u32(q, 12),
                            .title = mm_q_col_dup(q, 13, a),
                            .doc = mm_q_col_dup(q, 14, a),
                            .opened_us = mm_q_col_int(q, 15),
                            .event_us = mm_q_col_int(q, 16),
                            .updated_us = mm_q_col_int(q, 17),
                            .many = (uint64_t)mm_q_col_int(q, 18)};
}

enum mm_code mm_case_get(struct mm_tx *tx, int64_t case_id, struct mm_arena *a, struct mm_case *ret)
{
    struct mm_case c = {0};
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_GET]);
    mm_q_int(&q, ":case", case_id);
    if (mm_q_row(&q))
        read_case(&q, a, &c);
    code = mm_q_end(&q);
    if (code == MM_OK && c.case_id == 0)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = c;
    return code;
}

enum mm_code mm_case_list(struct mm_tx *tx, bool closed_too, int64_t before, size_t max,
                          struct mm_arena *a, struct mm_case **ret, size_t *ret_n)
{
    struct mm_case *list;
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    MM_ASSERT(max >= 1 && max <= MM_CASE_LIST_MAX);
    list = mm_arena_array(a, max, sizeof(*list));
    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_triage_stmts[MM_TRIAGE_CASE_LIST]);
    mm_q_int(&q, ":closed", closed_too ? 1 : 0);
    mm_q_int(&q, ":before", before > 0 ? before : INT64_MAX);
    mm_q_int(&q, ":max", (int64_t)max);
    while (n < max && mm_q_row(&q))
        read_case(&q, a, &list[n++]);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

/* Room for every row of one case: its size is bounded where rows are added. */
enum { ROWS_MAX = 1000 };
static_assert((int)ROWS_MAX >= (int)MM_CASE_EVENTS_MAX, "all evidence fits");

/* Puts the row q stands on into list[i]; texts are copied into a. */
typedef void read_row_fn(struct mm_q *q, struct mm_arena *a, void *list, size_t i);

/* All rows of st for one case, each `size` bytes in *ret; nothing is set unless MM_OK. */
static enum mm_code read_rows(struct mm_tx *tx, enum mm_triage_stmt st, int64_t case_id,
                              struct mm_arena *a, size_t size, read_row_fn *read, void **ret,
                              size_t *ret_n)
{
    void *list = mm_arena_array(a, ROWS_MAX, size);
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    if (list == NULL)
        return MM_E_NOMEM;
    mm_q_begin(&q, tx, &mm_triage_stmts[st]);
    mm_q_int(&q, ":case", case_id);
    while (n < ROWS_MAX && mm_q_row(&q))
        read(&q, a, list, n++);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    *ret = list;
    *ret_n = n;
    return MM_OK;
}

static void read_event(struct mm_q *q, struct mm_arena *a, void *list, size_t i)
{
    ((struct mm_case_event *)list)[i] =
        (struct mm_case_event){.queue = (uint16_t)mm_q_col_int(q, 0),
                               .seq = (uint64_t)mm_q_col_int(q, 1),
                               .rule = mm_q_col_dup(q, 2, a),
                               .time_us = mm_q_col_int(q, 3),
                               .received_us = mm_q_col_int(q, 4),
                               .source = mm_q_col_u32(q, 5),
                               .event = mm_q_col_dup(q, 6, a)};
}

enum mm_code mm_case_events(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                            struct mm_case_event **ret, size_t *ret_n)
{
    void *list = NULL;
    enum mm_code code = read_rows(tx, MM_TRIAGE_CASE_EVENT_LIST, case_id, a, sizeof(**ret),
                                  read_event, &list, ret_n);

    if (code == MM_OK)
        *ret = list;
    return code;
}

static void read_finding(struct mm_q *q, struct mm_arena *a, void *list, size_t i)
{
    ((struct mm_finding *)list)[i] = (struct mm_finding){.finding = mm_q_col_int(q, 0),
                                                         .kind = mm_q_col_dup(q, 1, a),
                                                         .rule = mm_q_col_dup(q, 2, a),
                                                         .entity_field = mm_q_col_dup(q, 3, a),
                                                         .entity = mm_q_col_dup(q, 4, a),
                                                         .level = level_of(mm_q_col_u32(q, 5)),
                                                         .title = mm_q_col_dup(q, 6, a),
                                                         .author = mm_q_col_dup(q, 7, a),
                                                         .doc = mm_q_col_dup(q, 8, a),
                                                         .count = (uint64_t)mm_q_col_int(q, 9),
                                                         .first_us = mm_q_col_int(q, 10),
                                                         .last_us = mm_q_col_int(q, 11)};
}

enum mm_code mm_case_findings(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                              struct mm_finding **ret, size_t *ret_n)
{
    void *list = NULL;
    enum mm_code code = read_rows(tx, MM_TRIAGE_FINDING_OF_CASE, case_id, a, sizeof(**ret),
                                  read_finding, &list, ret_n);

    if (code == MM_OK)
        *ret = list;
    return code;
}

static void read_step(struct mm_q *q, struct mm_arena *a, void *list, size_t i)
{
    ((struct mm_case_step *)list)[i] = (struct mm_case_step){.step = mm_q_col_int(q, 0),
                                                             .at_us = mm_q_col_int(q, 1),
                                                             .user = mm_q_col_u32(q, 2),
                                                             .what = mm_q_col_dup(q, 3, a),
                                                             .text = mm_q_col_dup(q, 4, a),
                                                             .minutes = mm_q_col_u32(q, 5)};
}

enum mm_code mm_case_steps(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                           struct mm_case_step **ret, size_t *ret_n)
{
    void *list = NULL;
    enum mm_code code =
        read_rows(tx, MM_TRIAGE_STEP_LIST, case_id, a, sizeof(**ret), read_step, &list, ret_n);

    if (code == MM_OK)
        *ret = list;
    return code;
}

static void read_request(struct mm_q *q, struct mm_arena *a, void *list, size_t i)
{
    ((struct mm_case_request *)list)[i] =
        (struct mm_case_request){.request = mm_q_col_int(q, 0),
                                 .text = mm_q_col_dup(q, 1, a),
                                 .state = mm_q_col_dup(q, 2, a),
                                 .reason = mm_q_col_dup(q, 3, a),
                                 .asked_us = mm_q_col_int(q, 4),
                                 .answered_us = mm_q_col_int(q, 5)};
}

enum mm_code mm_case_requests(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                              struct mm_case_request **ret, size_t *ret_n)
{
    void *list = NULL;
    enum mm_code code = read_rows(tx, MM_TRIAGE_REQUEST_LIST, case_id, a, sizeof(**ret),
                                  read_request, &list, ret_n);

    if (code == MM_OK)
        *ret = list;
    return code;
}
