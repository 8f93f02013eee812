/*
 * register/entity.h - programmes, companies, sites, devices, sources, posts, contacts, services,
 * consents, users and tokens: one way to add, change, end, list and show them all.
 *
 * Purpose   What an entity consists of is data (entities.def, fields.def): forms, command line and
 *           JSON read the same table, so a new field is one row there and one migration.
 * Owns      Nothing. Texts of a record that was read live in the arena that was passed.
 * Threads   As the transaction.
 * Trust     Texts come from people through mm_rec_put. Which company is meant is the scope's
 *           business: a record of another company is MM_E_NOTFOUND.
 */
#ifndef MM_REGISTER_ENTITY_H
#define MM_REGISTER_ENTITY_H

#include "base/arena.h"
#include "base/buf.h"
#include "register/fields.def"
#include "register/value.h"
#include "store/records/query.h"

enum { MM_REC_FIELDS_MAX = 20 };

enum mm_entity_id {
#define MM_ENTITY(noun, NOUN, owner) MM_REG_##NOUN,
#include "register/entities.def"
#undef MM_ENTITY
    MM_REG_COUNT
};

/* Positions of fields in a record: MM_F_site_name and so on. */
#define MM_F_PROGRAMME(n, ...) MM_F_programme_##n,
#define MM_F_COMPANY(n, ...) MM_F_company_##n,
#define MM_F_MEMBER(n, ...) MM_F_member_##n,
#define MM_F_SITE(n, ...) MM_F_site_##n,
#define MM_F_DEVICE(n, ...) MM_F_device_##n,
#define MM_F_RELAY(n, ...) MM_F_relay_##n,
#define MM_F_SOURCE(n, ...) MM_F_source_##n,
#define MM_F_POST(n, ...) MM_F_post_##n,
#define MM_F_CONTACT(n, ...) MM_F_contact_##n,
#define MM_F_SERVICE(n, ...) MM_F_service_##n,
#define MM_F_CONSENT(n, ...) MM_F_consent_##n,
#define MM_F_USER(n, ...) MM_F_user_##n,
#define MM_F_TOKEN(n, ...) MM_F_token_##n,
#define MM_ENTITY(noun, NOUN, owner)                                                               \
    enum mm_##noun##_field{MM_##NOUN##_FIELDS(MM_F_##NOUN) MM_F_##noun##_count};                   \
    static_assert((int)MM_F_##noun##_count <= (int)MM_REC_FIELDS_MAX, "fields of a record");
#include "register/entities.def"
#undef MM_ENTITY

enum mm_entity_owner { MM_OWNER_COMPANY = 1, MM_OWNER_ITSELF, MM_OWNER_SHARED };

struct mm_entity {
    const char *name;
    enum mm_entity_id id;
    enum mm_entity_owner owner;
    const struct mm_field *fields;
    size_t field_count;
    const struct mm_stmt *stmts; /* add, set, end, get, list */
};

const struct mm_entity *mm_entity(enum mm_entity_id id);
/* By name ("site"), or NULL. */
const struct mm_entity *mm_entity_find(struct mm_slice name);
/* Position of a field, or -1. */
int mm_entity_field(const struct mm_entity *e, struct mm_slice name);

struct mm_rec {
    const struct mm_entity *entity;
    uint32_t id;
    uint32_t company;
    int64_t created_us;
    int64_t changed_us;
    int64_t ended_us; /* 0: not ended */
    struct mm_value v[MM_REC_FIELDS_MAX];
};

/* A record to be added, with its defaults. */
void mm_rec_init(struct mm_rec *rec, const struct mm_entity *e);
/* Check a text and put it into field `at`. The text is borrowed. Refuses fields marked OURS. */
MM_MUST_USE enum mm_code mm_rec_put(struct mm_rec *rec, int at, struct mm_slice text,
                                    struct mm_fault *fault);
/* Position of the first needed field without a value, or -1. */
int mm_rec_missing(const struct mm_rec *rec);
/*
 * Add it; *ret_id is its number. Companies and programmes: operator or system scope; the rest: a
 * scope of (or narrowed to) one company. MM_E_EXISTS when its name is taken, MM_E_NOTFOUND when it
 * refers to what this company doesn't have, MM_E_RANGE when a needed field is missing.
 */
MM_MUST_USE enum mm_code mm_rec_add(struct mm_tx *tx, const struct mm_rec *rec, int64_t now_us,
                                    uint32_t *ret_id);
/* Write all fields of a record that was read and changed. Codes as _add. */
MM_MUST_USE enum mm_code mm_rec_set(struct mm_tx *tx, const struct mm_rec *rec, int64_t now_us);
/* End it: it stays readable by number. MM_E_NOTFOUND when it isn't there or has ended. */
MM_MUST_USE enum mm_code mm_rec_end(struct mm_tx *tx, const struct mm_entity *e, uint32_t id,
                                    int64_t now_us);
MM_MUST_USE enum mm_code mm_rec_get(struct mm_tx *tx, const struct mm_entity *e, uint32_t id,
                                    struct mm_arena *a, struct mm_rec *ret);

struct mm_rec_filter {
    uint32_t from;  /* numbers from this one on: the cursor of a page is the last one + 1 */
    uint32_t limit; /* 0: all */
    bool ended;     /* those that have ended, too */
};
/* false stops. Texts of rec are borrowed until it returns. */
typedef bool (*mm_rec_sink)(void *arg, const struct mm_rec *rec);
/* Every record that the scope sees, by number. */
MM_MUST_USE enum mm_code mm_rec_each(struct mm_tx *tx, const struct mm_entity *e,
                                     const struct mm_rec_filter *filter, mm_rec_sink sink,
                                     void *arg);
/* The number of the company or programme with this code, or the user with this login. */
MM_MUST_USE enum mm_code mm_company_by_code(struct mm_tx *tx, struct mm_slice code, uint32_t *ret);
MM_MUST_USE enum mm_code mm_programme_by_code(struct mm_tx *tx, struct mm_slice code,
                                              uint32_t *ret);

/*
 * One JSON object: "id", "company", every field that may be shown (null: not entered), "created",
 * "changed", "ended" in RFC 3339.
 */
void mm_rec_json(struct mm_buf *out, const struct mm_rec *rec);

#endif
