/* register/fill_test.c - see register_test.h. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "job/job.h"
#include "register/feature.h"
#include "register/register_test.h"
#include "tests/harness/test.h"

struct mm_records *mm_register_open(void)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_job_feature};
    struct mm_records *rec = NULL;
    struct mm_records_fault fault = {0};

    if (mm_records_open(
            &(struct mm_records_options){
                .dir = mm_test_dir(), .features = features, .feature_count = 2, .version = "1"},
            &rec, &fault) != MM_OK)
        mm_test_fail(__FILE__, __LINE__, fault.detail);
    return rec;
}

struct work {
    struct mm_rec rec;
    const struct mm_entity *entity;
    uint32_t id;
};

static enum mm_code work_add(struct mm_tx *tx, void *arg)
{
    struct work *w = arg;

    return mm_rec_add(tx, &w->rec, MM_REGISTER_NOW, &w->id);
}

static enum mm_code add(struct mm_records *rec, uint32_t company, struct work *w)
{
    struct mm_scope_hold hold;
    bool above = w->rec.entity->owner != MM_OWNER_COMPANY;

    return mm_records_write(rec, above ? mm_system_scope() : mm_system_company(&hold, company),
                            work_add, w);
}

static enum mm_code try_list(struct mm_records *rec, uint32_t company, enum mm_entity_id entity,
                             uint32_t *ret_id, va_list ap)
{
    struct work w = {0};
    const char *name;
    enum mm_code code;

    mm_rec_init(&w.rec, mm_entity(entity));
    while ((name = va_arg(ap, const char *)) != NULL) {
        const char *text = va_arg(ap, const char *);
        int at = mm_entity_field(w.rec.entity, mm_slice_str(name));

        CHECK(at >= 0);
        CHECK_NUM(mm_rec_put(&w.rec, at, mm_slice_str(text), NULL), MM_OK);
    }
    code = add(rec, company, &w);
    *ret_id = w.id;
    return code;
}

enum mm_code mm_register_try(struct mm_records *rec, uint32_t company, enum mm_entity_id entity,
                             uint32_t *ret_id, ...)
{
    va_list ap;
    enum mm_code code;

    va_start(ap, ret_id);
    code = try_list(rec, company, entity, ret_id, ap);
    va_end(ap);
    return code;
}

uint32_t mm_register_add(struct mm_records *rec, uint32_t company, enum mm_entity_id entity, ...)
{
    va_list ap;
    uint32_t id = 0;

    va_start(ap, entity);
    CHECK_NUM(try_list(rec, company, entity, &id, ap), MM_OK);
    va_end(ap);
    return id;
}

uint32_t mm_register_company(struct mm_records *rec, const char *code)
{
    return mm_register_add(rec, 0, MM_REG_COMPANY, "code", code, "name", code, NULL);
}

/* A row that the field may refer to, made where there is none. */
static uint32_t referred(struct mm_records *rec, const struct mm_field *f, uint32_t company)
{
    const struct mm_entity *e = mm_entity_find(mm_slice_str(f->extra));

    CHECK(e != NULL);
    return mm_register_round_trip(rec, e, company);
}

/* A text that no other field and no other row has. */
static struct mm_value sample(struct mm_records *rec, const struct mm_field *f, uint32_t company,
                              char text[64])
{
    static unsigned serial;
    struct mm_value v = {0};

    serial++;
    switch (f->type) {
    case MM_FIELD_REF:
        return (struct mm_value){.i = referred(rec, f, company)};
    case MM_FIELD_INT:
        return (struct mm_value){.i = f->max};
    case MM_FIELD_BLOB:
    case MM_FIELD_TEXT:
    case MM_FIELD_NAME:
        (void)snprintf(text, 64, "t%u", serial);
        break;
    case MM_FIELD_CHOICE:
        (void)snprintf(text, 64, "%.*s", (int)strcspn(f->extra, "|"), f->extra);
        break;
    case MM_FIELD_DATE:
        (void)snprintf(text, 64, "2020-01-%02u", serial % 28 + 1);
        break;
    case MM_FIELD_MAIL:
        (void)snprintf(text, 64, "m%u@example.jp", serial);
        break;
    case MM_FIELD_TEL:
        (void)snprintf(text, 64, "%03u", serial);
        break;
    case MM_FIELD_NET:
        (void)snprintf(text, 64, "10.0.%u.%u", serial / 200, serial % 200);
        break;
    }
    v.s = mm_slice_str(text);
    return v;
}

static void read_back(struct mm_records *rec, const struct work *w, uint32_t company)
{
    struct mm_scope_hold hold;
    struct mm_arena arena;
    struct mm_tx *tx = NULL;
    struct mm_rec got;

    mm_arena_init(&arena, 1 << 20);
    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, company), &tx), MM_OK);
    CHECK_NUM(mm_rec_get(tx, w->rec.entity, w->id, &arena, &got), MM_OK);
    mm_records_read_done(&tx);
    CHECK_NUM(got.created_us, MM_REGISTER_NOW);
    CHECK_NUM(got.ended_us, 0);
    for (size_t i = 0; i < w->rec.entity->field_count; i++) {
        if (got.v[i].null != w->rec.v[i].null || got.v[i].i != w->rec.v[i].i ||
            !mm_slice_eq(got.v[i].s, w->rec.v[i].s))
            mm_test_fail(__FILE__, __LINE__, w->rec.entity->fields[i].name);
    }
    mm_arena_done(&arena);
}

uint32_t mm_register_round_trip(struct mm_records *rec, const struct mm_entity *e, uint32_t company)
{
    struct work w = {0};
    char texts[MM_REC_FIELDS_MAX][64];
    struct mm_scope_hold hold;

    mm_rec_init(&w.rec, e);
    for (size_t i = 0; i < e->field_count; i++)
        w.rec.v[i] = sample(rec, &e->fields[i], company, texts[i]);
    if (e->id == MM_REG_TOKEN) /* of a source or of a user, never of both */
        w.rec.v[MM_F_token_user] = (struct mm_value){.null = true};
    if (e->id == MM_REG_USER)
        w.rec.v[MM_F_user_role] = (struct mm_value){.s = MM_S("charge")};
    if (e->id == MM_REG_SERVICE) { /* a company takes a service once */
        w.id = 1;
        while (mm_register_end(rec, mm_system_company(&hold, company), e, w.id) == MM_OK)
            w.id++;
    }
    CHECK_NUM(add(rec, company, &w), MM_OK);
    read_back(rec, &w, e->owner == MM_OWNER_ITSELF ? w.id : company);
    return w.id;
}

static enum mm_code work_set(struct mm_tx *tx, void *arg)
{
    struct work *w = arg;

    return mm_rec_set(tx, &w->rec, MM_REGISTER_NOW + 1);
}

enum mm_code mm_register_set(struct mm_records *rec, const struct mm_scope *scope,
                             const struct mm_entity *e, uint32_t id)
{
    struct work w = {0};
    struct mm_arena arena;
    struct mm_tx *tx = NULL;
    enum mm_code code;

    /* As a handler would who took the number from a URL and the rest from anywhere. */
    mm_arena_init(&arena, 1 << 20);
    CHECK_NUM(mm_records_read(rec, mm_system_scope(), &tx), MM_OK);
    CHECK_NUM(mm_rec_get(tx, e, id, &arena, &w.rec), MM_OK);
    mm_records_read_done(&tx);
    code = mm_records_write(rec, scope, work_set, &w);
    mm_arena_done(&arena);
    return code;
}

static enum mm_code work_end(struct mm_tx *tx, void *arg)
{
    struct work *w = arg;

    return mm_rec_end(tx, w->entity, w->id, MM_REGISTER_NOW + 1);
}

enum mm_code mm_register_end(struct mm_records *rec, const struct mm_scope *scope,
                             const struct mm_entity *e, uint32_t id)
{
    struct work w = {.entity = e, .id = id};

    return mm_records_write(rec, scope, work_end, &w);
}
