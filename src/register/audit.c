/* register/audit.c - see audit.h for the contract. */
#include "register/audit.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/utf8.h"
#include "register/feature.h"
#include "store/records/system_scope.h"

enum {
    HASHED_MAX = 1024,
    LOOKS_OF_TX = 100,          /* a transaction is held for 20 ms at most */
    DAY_MAX = 64 * 1024 * 1024, /* notes of one day: 44 bytes a company */
};

#define CLOSED "audit.day"

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

static struct mm_audit_head read_head(struct mm_q *q, int number_at)
{
    struct mm_audit_head head = {.number = (uint64_t)mm_q_col_int(q, number_at)};
    struct mm_slice hash = mm_q_col_blob(q, number_at + 1);

    if (hash.n == sizeof(head.hash.b))
        memcpy(head.hash.b, hash.p, hash.n);
    return head;
}

/* By one of the statements that answer a number and a hash; number 0 where there is no row. */
static enum mm_code ask_head(struct mm_tx *tx, enum mm_register_stmt st, struct mm_audit_head *ret)
{
    struct mm_q q;

    *ret = (struct mm_audit_head){0};
    mm_q_begin(&q, tx, &mm_register_stmts[st]);
    if (mm_q_row(&q))
        *ret = read_head(&q, 0);
    return mm_q_end(&q);
}

static bool same(const struct mm_audit_head *a, const struct mm_audit_head *b)
{
    return a->number == b->number && memcmp(a->hash.b, b->hash.b, sizeof(a->hash.b)) == 0;
}

enum mm_code mm_audit_add(struct mm_tx *tx, const struct mm_audit *entry)
{
    struct mm_audit e = *entry;
    struct mm_audit_head before;
    struct mm_digest text, hash;
    uint64_t number;
    struct mm_q q;
    enum mm_code code;

    if (mm_scope_kind(mm_tx_scope(tx)) != MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    e.actor = cut(e.actor, MM_AUDIT_WORD_MAX);
    e.action = cut(e.action, MM_AUDIT_WORD_MAX);
    e.object = cut(e.object, MM_AUDIT_WORD_MAX);
    e.text = cut(e.text, MM_AUDIT_TEXT_MAX);
    code = ask_head(tx, MM_R_AUDIT_LAST, &before);
    if (code != MM_OK)
        return code;
    number = before.number + 1;
    mm_digest(e.text, &text);
    hash_of(&before.hash, mm_scope_company(mm_tx_scope(tx)), number, &e,
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

struct looking {
    const struct mm_audit *entry;
    const uint32_t *company;
    size_t n;
};

static enum mm_code write_looks(struct mm_tx *tx, void *arg)
{
    const struct looking *l = arg;
    enum mm_code code = MM_OK;

    for (size_t i = 0; i < l->n && code == MM_OK; i++) {
        code = mm_tx_narrow(tx, l->company[i]);
        if (code != MM_OK)
            break;
        code = mm_audit_add(tx, l->entry);
        mm_tx_widen(tx);
    }
    return code;
}

enum mm_code mm_audit_look(struct mm_records *records, const struct mm_scope *scope,
                           const uint32_t *company, size_t n, const struct mm_audit *entry)
{
    enum mm_code code = MM_OK;

    MM_ASSERT(mm_slice_starts(entry->action, MM_S("look.")));
    for (size_t i = 0; i < n; i++) {
        if (!mm_scope_sees(scope, company[i]))
            return MM_E_NOTFOUND;
    }
    for (size_t at = 0; at < n && code == MM_OK; at += LOOKS_OF_TX) {
        struct looking l = {
            .entry = entry, .company = company + at, .n = mm_min_size(n - at, LOOKS_OF_TX)};

        code = mm_records_write(records, mm_system_scope(), write_looks, &l);
    }
    return code;
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

static enum mm_code each(struct mm_tx *tx, enum mm_register_stmt st, uint64_t before,
                         uint32_t limit, mm_audit_sink sink, void *arg)
{
    struct mm_audit_row row;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[st]);
    mm_q_int(&q, ":before", before == 0 || before > INT64_MAX ? INT64_MAX : (int64_t)before);
    mm_q_int(&q, ":limit", limit);
    while (mm_q_row(&q)) {
        read_row(&q, &row);
        if (!sink(arg, &row))
            break;
    }
    return mm_q_end(&q);
}

enum mm_code mm_audit_each(struct mm_tx *tx, uint64_t before, uint32_t limit, mm_audit_sink sink,
                           void *arg)
{
    return each(tx, MM_R_AUDIT_LIST, before, limit, sink, arg);
}

enum mm_code mm_audit_looks(struct mm_tx *tx, uint64_t before, uint32_t limit, mm_audit_sink sink,
                            void *arg)
{
    return each(tx, MM_R_AUDIT_LOOKS, before, limit, sink, arg);
}

/* ---- heads as people pass them on ---- */

static void hex_of(const struct mm_digest *d, char ret[2 * MM_DIGEST + 1])
{
    for (size_t i = 0; i < MM_DIGEST; i++)
        (void)snprintf(ret + 2 * i, 3, "%02x", d->b[i]);
}

static bool hex_parse(struct mm_slice s, struct mm_digest *ret)
{
    static const char digits[] = "0123456789abcdef";

    if (s.n != 2 * (size_t)MM_DIGEST)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        const char *at = s.p[i] == 0 ? NULL : strchr(digits, s.p[i]);

        if (at == NULL)
            return false;
        ret->b[i / 2] = (uint8_t)((ret->b[i / 2] << 4 | (at - digits)) & 0xff);
    }
    return true;
}

void mm_audit_head_text(const struct mm_audit_head *head, char ret[MM_AUDIT_HEAD_TEXT])
{
    char hex[2 * MM_DIGEST + 1];

    hex_of(&head->hash, hex);
    (void)snprintf(ret, MM_AUDIT_HEAD_TEXT, "%llu:%s", (unsigned long long)head->number, hex);
}

bool mm_audit_head_parse(struct mm_slice text, struct mm_audit_head *ret)
{
    size_t colon = mm_slice_find(text, ':', 0);
    struct mm_audit_head head = {0};

    if (colon == SIZE_MAX || !mm_slice_u64(mm_slice_sub(text, 0, colon), &head.number) ||
        head.number == 0 || !hex_parse(mm_slice_sub(text, colon + 1, SIZE_MAX), &head.hash))
        return false;
    *ret = head;
    return true;
}

/* ---- is it whole? ---- */

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
    hash_of(&proof->last.hash, company, row->number, &row->entry, digest, ret_hash);
    return mm_slice_eq(stored, mm_slice_of(ret_hash->b, sizeof(ret_hash->b)));
}

/* What the chain has to pass through on its way: the notes of closed days, oldest first. */
struct marks {
    struct mm_q days;
    struct mm_audit_head day; /* the next; number 0: there is none */
    const struct mm_audit_head *known;
};

static void next_day(struct marks *m)
{
    m->day = mm_q_row(&m->days) ? read_head(&m->days, 0) : (struct mm_audit_head){0};
}

/* Whether the entry at the end of *proof is what the marks say of its number. */
static bool marked(struct marks *m, const struct mm_audit_proof *proof)
{
    while (m->day.number != 0 && m->day.number <= proof->last.number) {
        if (!same(&m->day, &proof->last))
            return false;
        next_day(m);
    }
    return m->known == NULL || m->known->number != proof->last.number ||
           same(m->known, &proof->last);
}

/* The whole of it was walked; whether it ends where it has to. */
static void judge_end(const struct marks *m, const struct mm_audit_head *end,
                      struct mm_audit_proof *proof)
{
    uint64_t n = proof->entries;

    if (m->day.number > n || (m->known != NULL && m->known->number > n) || end->number > n)
        proof->broken_at = n + 1;
    else if (!same(end, &proof->last))
        proof->broken_at = end->number < n ? end->number + 1 : n;
}

enum mm_code mm_audit_verify(struct mm_tx *tx, const struct mm_audit_head *known,
                             struct mm_audit_proof *ret)
{
    struct mm_audit_proof proof = {0};
    struct marks marks = {.known = known};
    struct mm_audit_head end;
    struct mm_q q;
    enum mm_code code, days_code;

    if (mm_scope_kind(mm_tx_scope(tx)) != MM_SCOPE_COMPANY)
        return MM_E_DENIED;
    code = ask_head(tx, MM_R_AUDIT_HEAD, &end);
    if (code != MM_OK)
        return code;
    mm_q_begin(&marks.days, tx, &mm_register_stmts[MM_R_AUDIT_DAYS_OF]);
    next_day(&marks);
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_ALL]);
    while (proof.broken_at == 0 && mm_q_row(&q)) {
        struct mm_audit_proof next = {.entries = proof.entries + 1};
        struct mm_audit_row row;

        read_row(&q, &row);
        next.last.number = next.entries;
        if (fits(&q, mm_scope_company(mm_tx_scope(tx)), &row, &proof, &next.last.hash) &&
            marked(&marks, &next))
            proof = next;
        else
            proof.broken_at = next.entries;
    }
    code = mm_q_end(&q);
    if (proof.broken_at == 0)
        judge_end(&marks, &end, &proof);
    days_code = mm_q_end(&marks.days);
    if (code == MM_OK)
        code = days_code;
    if (code == MM_OK)
        *ret = proof;
    return code;
}

/* ---- days ---- */

/* Of all notes of a day: *ret_n counts them. */
static enum mm_code digest_of_day(struct mm_tx *tx, int64_t day, struct mm_digest *ret,
                                  uint64_t *ret_n)
{
    struct mm_buf b;
    struct mm_q q;
    enum mm_code code;

    mm_buf_init(&b, DAY_MAX);
    mm_buf_str(&b, "mimamori audit day 1");
    mm_buf_u64le(&b, (uint64_t)day);
    *ret_n = 0;
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_DAY]);
    mm_q_int(&q, ":day", day);
    while (mm_q_row(&q)) {
        struct mm_audit_head head = read_head(&q, 1);

        mm_buf_u32le(&b, mm_q_col_u32(&q, 0));
        mm_buf_u64le(&b, head.number);
        mm_buf_add(&b, mm_slice_of(head.hash.b, sizeof(head.hash.b)));
        ++*ret_n;
    }
    code = mm_q_end(&q);
    if (code == MM_OK && !mm_buf_ok(&b))
        code = MM_E_LIMIT;
    if (code == MM_OK)
        mm_digest(mm_buf_slice(&b), ret);
    mm_buf_done(&b);
    return code;
}

static enum mm_code note_heads(struct mm_tx *tx, int64_t day)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_DAY_ADD]);
    mm_q_int(&q, ":day", day);
    return mm_q_end(&q);
}

/* That a day is closed, as an entry of the operator's chain: "20778 DIGEST". */
static enum mm_code say_closed(struct mm_tx *tx, int64_t day, int64_t now_us,
                               struct mm_audit_head *ret)
{
    char object[MM_AUDIT_WORD_MAX], hex[2 * MM_DIGEST + 1], text[64];
    struct mm_digest digest;
    uint64_t n = 0;
    enum mm_code code = digest_of_day(tx, day, &digest, &n);

    if (code == MM_OK)
        code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);
    if (code != MM_OK)
        return code;
    hex_of(&digest, hex);
    (void)snprintf(object, sizeof(object), "%lld %s", (long long)day, hex);
    (void)snprintf(text, sizeof(text), "heads of %llu chains", (unsigned long long)n);
    code = mm_audit_add(tx, &(struct mm_audit){.time_us = now_us,
                                               .actor = MM_S("worker"),
                                               .action = MM_S(CLOSED),
                                               .object = mm_slice_str(object),
                                               .text = mm_slice_str(text)});
    if (code == MM_OK)
        code = ask_head(tx, MM_R_AUDIT_HEAD, ret);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_audit_close_day(struct mm_tx *tx, int64_t day, int64_t now_us,
                                struct mm_audit_head *ret)
{
    struct mm_digest digest;
    uint64_t noted = 0;
    enum mm_code code;

    MM_ASSERT(mm_scope_kind(mm_tx_scope(tx)) == MM_SCOPE_SYSTEM);
    code = digest_of_day(tx, day, &digest, &noted);
    if (code == MM_OK && noted == 0) {
        code = note_heads(tx, day);
        if (code == MM_OK)
            code = say_closed(tx, day, now_us, ret);
        return code;
    }
    if (code == MM_OK)
        code = mm_tx_narrow(tx, MM_COMPANY_OPERATOR);
    if (code != MM_OK)
        return code;
    code = ask_head(tx, MM_R_AUDIT_HEAD, ret);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_audit_companies(struct mm_tx *tx, mm_audit_company_sink sink, void *arg)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_COMPANIES]);
    while (mm_q_row(&q)) {
        if (!sink(arg, mm_q_col_u32(&q, 0), mm_q_col_text(&q, 1)))
            break;
    }
    return mm_q_end(&q);
}

/* "DAY DIGEST", as say_closed has written it. */
static bool read_closed(struct mm_slice object, int64_t *ret_day, struct mm_digest *ret)
{
    size_t blank = mm_slice_find(object, ' ', 0);
    uint64_t day;

    if (blank == SIZE_MAX || !mm_slice_u64(mm_slice_sub(object, 0, blank), &day) || day > INT64_MAX)
        return false;
    *ret_day = (int64_t)day;
    return hex_parse(mm_slice_sub(object, blank + 1, SIZE_MAX), ret);
}

enum mm_code mm_audit_verify_days(struct mm_tx *tx, struct mm_audit_days *ret)
{
    struct mm_audit_days proof = {0};
    struct mm_q q;
    enum mm_code code = MM_OK, end;

    MM_ASSERT(mm_scope_kind(mm_tx_scope(tx)) == MM_SCOPE_SYSTEM);
    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_AUDIT_CLOSED]);
    while (code == MM_OK && proof.broken_at == 0 && mm_q_row(&q)) {
        struct mm_digest said, is;
        int64_t day = 0;
        uint64_t n;
        bool right = read_closed(mm_q_col_text(&q, 0), &day, &said);

        code = digest_of_day(tx, day, &is, &n);
        if (code == MM_OK && right && memcmp(said.b, is.b, sizeof(is.b)) == 0)
            proof.days++;
        else if (code == MM_OK)
            proof.broken_at = right && day > 0 ? day : 1; /* it does not even say which day */
    }
    end = mm_q_end(&q);
    if (code == MM_OK)
        code = end;
    if (code == MM_OK)
        *ret = proof;
    return code;
}
