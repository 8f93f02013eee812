/* register/audit.c - see audit.h for the contract. */
#include "register/audit.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "register/feature.h"

enum { HASHED_MAX = 1024 };

static struct mm_slice cut(struct mm_slice s, size_t max)
{
    return mm_utf8_cut(s, max);
}

/* Every part with its length in front, so that no two entries have the same bytes. */
static void part(struct mm_buf *b, struct mm_slice s)
{
    mm_buf_u32le(b, (uint32_t)s.n); /* bounded by the maxima above */
    mm_buf_add(b, s);
}

static void hash_of(const struct mm_digest *before, uint32_t company, uint64_t number,
                    const struct mm_audit *e, struct mm_slice text_digest, struct mm_digest *ret)
{
    struct mm_buf b;

    mm_buf_init(&b, HASHED_MAX);
    mm_buf_str(&b, "mimamori audit 1");
    part(&b, mm_slice_of(before->b, sizeof(before->b)));
    mm_buf_u32le(&b, company);
    mm_buf_u64le(&b, number);
    mm_buf_u64le(&b, (uint64_t)e->time_us);
    mm_buf_u32le(&b, e->user);
    part(&b, e->actor);
    part(&b, e->action);
    part(&b, e->object);
    part(&b, text_digest);
    MM_ASSERT(mm_buf_ok(&b)); /* 3 words of 100 bytes and fixed parts */
    mm_digest(mm_buf_slice(&b), ret);
    mm_buf_done(&b);
}

static enum mm_code last_of(struct mm_tx *tx, uint64_t *ret_number, struct mm_digest *ret)
{
    struct mm_q q;
    enum mm_code code;

    *ret = (struct mm_digest){0};
    *ret_number = 0;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_LAST]);
    if (mm_q_row(&q)) {
        struct mm_slice h = mm_q_col_blob(&q, 1);

        *ret_number = (uint64_t)mm_q_col_int(&q, 0);
        if (h.n == sizeof(ret->b))
            memcpy(ret->b, h.p, sizeof(ret->b));
    }
    code = mm_q_end(&q);
    return code;
}

enum mm_code mm_audit_add(struct mm_tx *tx, const struct mm_audit *entry)
{
    struct mm_audit e = *entry;
    struct mm_digest before, text, hash;
    uint64_t number;
    struct mm_q q;
    enum mm_code code;

    if (mm_scope_kind(mm_tx_scope(tx)) != MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    e.actor = cut(e.actor, MM_AUDIT_WORD_MAX);
    e.action = cut(e.action, MM_AUDIT_WORD_MAX);
    e.object = cut(e.object, MM_AUDIT_WORD_MAX);
    e.text = cut(e.text, MM_AUDIT_TEXT_MAX);
    code = last_of(tx, &number, &before);
    if (code != MM_OK)
        return code;
    number++;
    mm_digest(e.text, &text);
    hash_of(&before, mm_scope_company(mm_tx_scope(tx)), number, &e,
            mm_slice_of(text.b, sizeof(text.b)), &hash);
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_ADD]);
    mm_q_int(&q, ":number", (int64_t)number);
    mm_q_int(&q, ":time", e.time_us);
    if (e.user == 0)
        mm_q_null(&q, ":user");
    else
        mm_q_int(&q, ":user", e.user);
    mm_q_text(&q, ":actor", e.actor);
    mm_q_text(&q, ":action", e.action);
    mm_q_text(&q, ":object", e.object);
    mm_q_text(&q, ":text", e.text);
    mm_q_blob(&q, ":text_digest", mm_slice_of(text.b, sizeof(text.b)));
    mm_q_blob(&q, ":hash", mm_slice_of(hash.b, sizeof(hash.b)));
    return mm_q_end(&q);
}

enum mm_code mm_audit_erase(struct mm_tx *tx, uint64_t number)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_ERASE]);
    mm_q_int(&q, ":number", (int64_t)number);
    return mm_q_end_touch(&q);
}

enum {
    COL_NUMBER,
    COL_TIME,
    COL_USER,
    COL_ACTOR,
    COL_ACTION,
    COL_OBJECT,
    COL_TEXT,
    COL_DIGEST,
    COL_HASH
};

static void read_row(struct mm_q *q, struct mm_audit_row *ret)
{
    *ret = (struct mm_audit_row){
        .number = (uint64_t)mm_q_col_int(q, COL_NUMBER),
        .entry = {.time_us = mm_q_col_int(q, COL_TIME),
                  .user = mm_q_col_u32(q, COL_USER),
                  .actor = mm_q_col_text(q, COL_ACTOR),
                  .action = mm_q_col_text(q, COL_ACTION),
                  .object = mm_q_col_text(q, COL_OBJECT),
                  .text = mm_q_col_text(q, COL_TEXT)},
        .erased = mm_q_col_null(q, COL_TEXT),
    };
}

enum mm_code mm_audit_each(struct mm_tx *tx, uint64_t before, uint32_t limit, mm_audit_sink sink,
                           void *arg)
{
    struct mm_audit_row row;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_LIST]);
    mm_q_int(&q, ":before", before == 0 ? INT64_MAX : (int64_t)before);
    mm_q_int(&q, ":limit", limit);
    while (mm_q_row(&q)) {
        read_row(&q, &row);
        if (!sink(arg, &row))
            break;
    }
    return mm_q_end(&q);
}

/* Is this row what must come after *proof? */
static bool fits(struct mm_q *q, uint32_t company, const struct mm_audit_row *row,
                 const struct mm_audit_proof *proof, struct mm_digest *ret_hash)
{
    struct mm_slice stored = mm_q_col_blob(q, COL_HASH), digest = mm_q_col_blob(q, COL_DIGEST);
    struct mm_digest text;

    if (row->number != proof->entries + 1 || digest.n != MM_DIGEST ||
        row->entry.actor.n > MM_AUDIT_WORD_MAX || row->entry.action.n > MM_AUDIT_WORD_MAX ||
        row->entry.object.n > MM_AUDIT_WORD_MAX)
        return false;
    if (!row->erased) {
        mm_digest(row->entry.text, &text);
        if (!mm_slice_eq(digest, mm_slice_of(text.b, sizeof(text.b))))
            return false;
    }
    hash_of(&proof->last, company, row->number, &row->entry, digest, ret_hash);
    return mm_slice_eq(stored, mm_slice_of(ret_hash->b, sizeof(ret_hash->b)));
}

enum mm_code mm_audit_verify(struct mm_tx *tx, struct mm_audit_proof *ret)
{
    struct mm_audit_proof proof = {0};
    struct mm_audit_row row;
    struct mm_digest hash;
    struct mm_q q;
    enum mm_code code;

    if (mm_scope_kind(mm_tx_scope(tx)) != MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_ALL]);
    while (proof.broken_at == 0 && mm_q_row(&q)) {
        read_row(&q, &row);
        if (fits(&q, mm_scope_company(mm_tx_scope(tx)), &row, &proof, &hash)) {
            proof.entries++;
            proof.last = hash;
        } else {
            proof.broken_at = proof.entries + 1;
        }
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = proof;
    return code;
}
