/* register/entity.c - see entity.h for the contract. */
#include "register/entity.h"

#include <stdio.h>

#include "base/time.h"
#include "base/utf8.h"
#include "register/feature.h"
#include "store/records/system_scope.h"

#define NEED MM_FIELD_NEED
#define ONCE MM_FIELD_ONCE
#define FIRST MM_FIELD_FIRST
#define OURS MM_FIELD_OURS
#define HIDE MM_FIELD_HIDE
#define DAYS MM_FIELD_DAYS
#define FIELD(field, field_type, field_flags, field_max, field_extra)                              \
    {.name = #field,                                                                               \
     .type = MM_FIELD_##field_type,                                                                \
     .flags = (field_flags),                                                                       \
     .max = (field_max),                                                                           \
     .extra = (field_extra)},

#define MM_ENTITY(noun, NOUN, owner)                                                               \
    static const struct mm_field noun##_fields[] = {MM_##NOUN##_FIELDS(FIELD)};
#include "register/entities.def"
#undef MM_ENTITY

static const struct mm_entity entities[MM_REG_COUNT] = {
#define MM_ENTITY(noun, NOUN, whose)                                                               \
    [MM_REG_##NOUN] = {.name = #noun,                                                              \
                       .id = MM_REG_##NOUN,                                                        \
                       .owner = MM_OWNER_##whose,                                                  \
                       .fields = noun##_fields,                                                    \
                       .field_count = MM_COUNT(noun##_fields),                                     \
                       .stmts = &mm_register_stmts[MM_R_##NOUN##_ADD]},
#include "register/entities.def"
#undef MM_ENTITY
};

/* Order of an entity's statements in statements.def. */
enum { STMT_ADD, STMT_SET, STMT_END, STMT_GET, STMT_LIST };
/* Columns in front of the fields. */
enum { COL_ID, COL_COMPANY, COL_CREATED, COL_CHANGED, COL_ENDED, COL_FIELDS };
enum { NAME_MAX_BYTES = 32 }; /* ":" and the longest field name */

const struct mm_entity *mm_entity(enum mm_entity_id id)
{
    MM_ASSERT((size_t)id < MM_REG_COUNT);
    return &entities[id];
}

const struct mm_entity *mm_entity_find(struct mm_slice name)
{
    for (size_t i = 0; i < MM_REG_COUNT; i++) {
        if (mm_slice_eq(name, mm_slice_str(entities[i].name)))
            return &entities[i];
    }
    return NULL;
}

int mm_entity_field(const struct mm_entity *e, struct mm_slice name)
{
    for (size_t i = 0; i < e->field_count; i++) {
        if (mm_slice_eq(name, mm_slice_str(e->fields[i].name)))
            return (int)i; /* below MM_REC_FIELDS_MAX */
    }
    return -1;
}

void mm_rec_init(struct mm_rec *rec, const struct mm_entity *e)
{
    *rec = (struct mm_rec){.entity = e};
    for (size_t i = 0; i < e->field_count; i++)
        rec->v[i] = mm_value_default(&e->fields[i]);
}

enum mm_code mm_rec_put(struct mm_rec *rec, int at, struct mm_slice text, struct mm_fault *fault)
{
    const struct mm_field *f;

    MM_ASSERT(at >= 0 && (size_t)at < rec->entity->field_count);
    f = &rec->entity->fields[at];
    if (f->flags & MM_FIELD_OURS)
        return mm_fail(fault, MM_E_DENIED, 0, "register.value.ours");
    if (rec->id != 0 && (f->flags & MM_FIELD_ONCE))
        return mm_fail(fault, MM_E_DENIED, 0, "register.value.once");
    return mm_value_parse(f, text, &rec->v[at], fault);
}

int mm_rec_missing(const struct mm_rec *rec)
{
    for (size_t i = 0; i < rec->entity->field_count; i++) {
        if ((rec->entity->fields[i].flags & MM_FIELD_NEED) && rec->v[i].null)
            return (int)i;
    }
    return -1;
}

static void bind_fields(struct mm_q *q, const struct mm_rec *rec)
{
    for (size_t i = 0; i < rec->entity->field_count; i++) {
        const struct mm_field *f = &rec->entity->fields[i];
        const struct mm_value *v = &rec->v[i];
        char name[NAME_MAX_BYTES];
        int n = snprintf(name, sizeof(name), ":%s", f->name);

        MM_ASSERT(n > 0 && (size_t)n < sizeof(name));
        if (v->null)
            mm_q_null(q, name);
        else if (f->type == MM_FIELD_INT || f->type == MM_FIELD_REF)
            mm_q_int(q, name, v->i);
        else if (f->type == MM_FIELD_BLOB)
            mm_q_blob(q, name, v->s);
        else
            mm_q_text(q, name, v->s);
    }
}

/* Does `e` have rows outside every company, so that only the operator writes them? */
static bool above(const struct mm_entity *e, int stmt)
{
    return e->owner == MM_OWNER_SHARED || (e->owner == MM_OWNER_ITSELF && stmt == STMT_ADD);
}

static bool may_write_above(const struct mm_tx *tx)
{
    enum mm_scope_kind kind = mm_scope_kind(mm_tx_scope(tx));

    return kind == MM_SCOPE_OPERATOR || kind == MM_SCOPE_SYSTEM;
}

enum mm_code mm_rec_add(struct mm_tx *tx, const struct mm_rec *rec, int64_t now_us,
                        uint32_t *ret_id)
{
    const struct mm_entity *e = rec->entity;
    bool up = above(e, STMT_ADD);
    struct mm_q q;
    enum mm_code code;

    MM_ASSERT(rec->id == 0);
    if (mm_rec_missing(rec) >= 0)
        return MM_E_RANGE;
    if (up && !may_write_above(tx))
        return MM_E_DENIED;
    if (up)
        mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &e->stmts[STMT_ADD]);
    mm_q_int(&q, ":now", now_us);
    bind_fields(&q, rec);
    code = mm_q_end(&q);
    if (up)
        mm_tx_drop(tx);
    if (code != MM_OK)
        return code;
    if (mm_tx_last_id(tx) <= 0 || mm_tx_last_id(tx) > UINT32_MAX)
        return MM_E_LIMIT;
    *ret_id = (uint32_t)mm_tx_last_id(tx);
    return MM_OK;
}

enum mm_code mm_rec_set(struct mm_tx *tx, const struct mm_rec *rec, int64_t now_us)
{
    bool up = above(rec->entity, STMT_SET);
    struct mm_q q;
    enum mm_code code;

    if (mm_rec_missing(rec) >= 0)
        return MM_E_RANGE;
    if (up && !may_write_above(tx))
        return MM_E_DENIED;
    if (up)
        mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &rec->entity->stmts[STMT_SET]);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":id", rec->id);
    bind_fields(&q, rec);
    code = mm_q_end_touch(&q);
    if (up)
        mm_tx_drop(tx);
    return code;
}

enum mm_code mm_rec_end(struct mm_tx *tx, const struct mm_entity *e, uint32_t id, int64_t now_us)
{
    bool up = above(e, STMT_END);
    struct mm_q q;
    enum mm_code code;

    if (up && !may_write_above(tx))
        return MM_E_DENIED;
    if (up)
        mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &e->stmts[STMT_END]);
    mm_q_int(&q, ":now", now_us);
    mm_q_int(&q, ":id", id);
    code = mm_q_end_touch(&q);
    if (up)
        mm_tx_drop(tx);
    return code;
}

/* The current row; texts are borrowed from the query, or copied when there is an arena. */
static void read_row(struct mm_q *q, const struct mm_entity *e, struct mm_arena *a,
                     struct mm_rec *ret)
{
    *ret = (struct mm_rec){
        .entity = e,
        .id = mm_q_col_u32(q, COL_ID),
        .company = mm_q_col_u32(q, COL_COMPANY),
        .created_us = mm_q_col_int(q, COL_CREATED),
        .changed_us = mm_q_col_int(q, COL_CHANGED),
        .ended_us = mm_q_col_int(q, COL_ENDED),
    };
    for (size_t i = 0; i < e->field_count; i++) {
        int col = COL_FIELDS + (int)i;
        struct mm_value *v = &ret->v[i];

        v->null = mm_q_col_null(q, col);
        if (v->null)
            continue;
        if (e->fields[i].type == MM_FIELD_INT || e->fields[i].type == MM_FIELD_REF)
            v->i = mm_q_col_int(q, col);
        else
            v->s = a == NULL ? mm_q_col_text(q, col) : mm_q_col_dup(q, col, a);
    }
}

enum mm_code mm_rec_get(struct mm_tx *tx, const struct mm_entity *e, uint32_t id,
                        struct mm_arena *a, struct mm_rec *ret)
{
    struct mm_q q;
    struct mm_rec rec;
    bool found;
    enum mm_code code;

    MM_ASSERT(a != NULL);
    mm_q_begin(&q, tx, &e->stmts[STMT_GET]);
    mm_q_int(&q, ":id", id);
    found = mm_q_row(&q);
    if (found)
        read_row(&q, e, a, &rec);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    if (!found)
        return MM_E_NOTFOUND;
    *ret = rec;
    return MM_OK;
}

enum mm_code mm_rec_each(struct mm_tx *tx, const struct mm_entity *e,
                         const struct mm_rec_filter *filter, mm_rec_sink sink, void *arg)
{
    struct mm_q q;
    struct mm_rec rec;

    mm_q_begin(&q, tx, &e->stmts[STMT_LIST]);
    mm_q_int(&q, ":from", filter->from);
    mm_q_int(&q, ":ended", filter->ended);
    mm_q_int(&q, ":limit", filter->limit == 0 ? INT64_MAX : (int64_t)filter->limit);
    while (mm_q_row(&q)) {
        read_row(&q, e, NULL, &rec);
        if (!sink(arg, &rec))
            break;
    }
    return mm_q_end(&q);
}

static enum mm_code by_code(struct mm_tx *tx, enum mm_register_stmt stmt, struct mm_slice code,
                            uint32_t *ret)
{
    struct mm_q q;
    int64_t id = 0;
    enum mm_code rc;

    mm_q_begin(&q, tx, &mm_register_stmts[stmt]);
    mm_q_text(&q, ":code", code);
    rc = mm_q_end_int(&q, &id);
    if (rc != MM_OK)
        return rc;
    *ret = (uint32_t)id; /* a rowid of ours: mm_rec_add held it below 2^32 */
    return MM_OK;
}

enum mm_code mm_company_by_code(struct mm_tx *tx, struct mm_slice code, uint32_t *ret)
{
    return by_code(tx, MM_R_COMPANY_BY_CODE, code, ret);
}

enum mm_code mm_programme_by_code(struct mm_tx *tx, struct mm_slice code, uint32_t *ret)
{
    return by_code(tx, MM_R_PROGRAMME_BY_CODE, code, ret);
}

static void json_time(struct mm_buf *out, const char *name, int64_t us)
{
    char text[MM_TIME_TEXT];

    mm_buf_fmt(out, ",\"%s\":", name);
    if (us == 0) {
        mm_buf_str(out, "null");
        return;
    }
    mm_time_text(us, text);
    mm_buf_fmt(out, "\"%s\"", text);
}

void mm_rec_json(struct mm_buf *out, const struct mm_rec *rec)
{
    mm_buf_fmt(out, "{\"id\":%u", rec->id);
    if (rec->entity->owner == MM_OWNER_COMPANY)
        mm_buf_fmt(out, ",\"company\":%u", rec->company);
    for (size_t i = 0; i < rec->entity->field_count; i++) {
        const struct mm_field *f = &rec->entity->fields[i];

        if (f->flags & MM_FIELD_HIDE)
            continue;
        mm_buf_fmt(out, ",\"%s\":", f->name);
        if (rec->v[i].null)
            mm_buf_str(out, "null");
        else if (f->type == MM_FIELD_INT || f->type == MM_FIELD_REF)
            mm_buf_i64(out, rec->v[i].i);
        else
            mm_utf8_json(out, rec->v[i].s);
    }
    json_time(out, "created", rec->created_us);
    json_time(out, "changed", rec->changed_us);
    json_time(out, "ended", rec->ended_us);
    mm_buf_str(out, "}");
}
