/* notify/notify.c - from new cases to sent mails; see notify.h for the contract. */
#include "notify/notify.h"

#include "base/time.h"
#include "base/utf8.h"
#include "codec/ext/json.h"
#include "notify/notify_priv.h"
#include "store/records/system_scope.h"
#include "text/lang.h"

enum { STAFF_MAX = 50 };

struct staff {
    struct mm_slice mail;
    enum mm_lang lang;
};

/* A case that nobody was told of, with what its mail says. */
struct told {
    int64_t case_id, event_us;
    uint32_t company, number;
    struct mm_slice how, entity, act, doc, title, company_name, person, telephone, post;
    uint32_t confidence;
};

struct telling {
    const struct mm_mail_server *server;
    struct mm_arena arena;
    struct mm_json *json;
    struct staff staff[STAFF_MAX];
    size_t staff_n;
    struct told told[MM_NOTIFY_DUE_MAX];
    size_t told_n;
    const struct told *now; /* being written */
    int64_t now_us;
};

static struct mm_slice words(enum mm_lang lang, const char *prefix, struct mm_slice name)
{
    char key[80];
    int n = snprintf(key, sizeof(key), "%s%.*s", prefix, (int)mm_min_size(name.n, 40),
                     (const char *)name.p);
    const char *text = mm_lang_text(lang, mm_slice_of(key, (size_t)n), 1);

    return text == NULL ? name : mm_slice_str(text);
}

/* A text of the rule in that language, or empty. */
static struct mm_slice of_doc(struct telling *t, struct mm_slice doc, enum mm_lang lang,
                              const char *key)
{
    struct mm_json_doc d;
    const struct mm_json_item *all, *one;

    if (doc.n == 0 || mm_json_parse(t->json, doc, &t->arena, &d, NULL) != MM_OK)
        return (struct mm_slice){0};
    all = mm_json_get(&d, 0, mm_slice_str(mm_lang_tag(lang)));
    if (all == NULL || all->type != MM_JSON_OBJECT)
        return (struct mm_slice){0};
    one = mm_json_get(&d, mm_json_index(&d, all), mm_slice_str(key));
    return one != NULL && one->type == MM_JSON_STRING ? one->text : (struct mm_slice){0};
}

static void line(struct mm_buf *b, enum mm_lang lang, const char *key, struct mm_slice value)
{
    if (value.n == 0)
        return;
    mm_buf_add(b, words(lang, key, (struct mm_slice){0}));
    mm_buf_str(b, ": ");
    mm_buf_add(b, value);
    mm_buf_byte(b, '\n');
}

static void write_body(struct telling *t, enum mm_lang lang, struct mm_slice title,
                       struct mm_buf *b)
{
    const struct told *c = t->now;
    struct mm_buf when, sure;

    mm_buf_init(&when, 256);
    mm_buf_init(&sure, 256);
    mm_lang_time(&when, lang, MM_TIME_FULL, c->event_us, t->now_us, 9 * 3600);
    mm_buf_add(&sure, words(lang, "notify.sure.",
                            mm_slice_str(c->confidence >= 90   ? "almost"
                                         : c->confidence >= 70 ? "probably"
                                                               : "just_in_case")));
    mm_buf_fmt(&sure, " (%u %%)", c->confidence);
    mm_buf_add(b, title);
    mm_buf_str(b, "\n\n");
    line(b, lang, "notify.company", c->company_name);
    line(b, lang, "notify.when", mm_buf_slice(&when));
    line(b, lang, "notify.entity", c->entity);
    line(b, lang, "notify.sure", mm_buf_slice(&sure));
    line(b, lang, "notify.act", words(lang, "notify.act.", c->act));
    mm_buf_byte(b, '\n');
    mm_buf_add(b, of_doc(t, c->doc, lang, "what"));
    mm_buf_str(b, "\n");
    mm_buf_add(b, of_doc(t, c->doc, lang, "first"));
    mm_buf_str(b, "\n\n");
    if (c->person.n > 0) {
        mm_buf_add(b, words(lang, "notify.call", (struct mm_slice){0}));
        mm_buf_str(b, ": ");
        mm_buf_add(b, c->post);
        mm_buf_byte(b, ' ');
        mm_buf_add(b, c->person);
        mm_buf_byte(b, ' ');
        mm_buf_add(b, c->telephone);
        mm_buf_byte(b, '\n');
    }
    mm_buf_fmt(b, "%s/companies/%u/cases/%lld\n", t->server->portal, c->company,
               (long long)c->case_id);
    mm_buf_done(&when);
    mm_buf_done(&sure);
}

static enum mm_code add_mail(struct mm_tx *tx, struct telling *t, const struct staff *to)
{
    const struct told *c = t->now;
    struct mm_slice title = of_doc(t, c->doc, to->lang, "title");
    struct mm_buf subject, body, id;
    struct mm_q q;
    enum mm_code code;

    mm_buf_init(&subject, 4096);
    mm_buf_init(&body, MM_MAIL_MAX / 2);
    mm_buf_init(&id, 256);
    if (title.n == 0)
        title = c->title;
    mm_buf_str(&subject, "[");
    mm_buf_add(&subject, words(to->lang, "notify.act.", c->act));
    mm_buf_str(&subject, "] ");
    mm_buf_add(&subject, c->company_name);
    mm_buf_fmt(&subject, " #%u ", c->number);
    mm_buf_add(&subject, title);
    write_body(t, to->lang, title, &body);
    /* Unique by case and place in the list; the same whenever this case is told again. */
    mm_buf_fmt(&id, "case-%lld-%zu-%lld@mimamori.local", (long long)c->case_id,
               (size_t)(to - t->staff), (long long)c->event_us);
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_ADD]);
    mm_q_int(&q, ":case", c->case_id);
    mm_q_text(&q, ":recipient", to->mail);
    mm_q_text(&q, ":subject", mm_buf_slice(&subject));
    mm_q_text(&q, ":body", mm_buf_slice(&body));
    mm_q_text(&q, ":id", mm_buf_slice(&id));
    mm_q_int(&q, ":now", t->now_us);
    code = mm_q_end(&q);
    if (code == MM_OK && !(mm_buf_ok(&subject) && mm_buf_ok(&body) && mm_buf_ok(&id)))
        code = MM_E_LIMIT;
    mm_buf_done(&subject);
    mm_buf_done(&body);
    mm_buf_done(&id);
    return code;
}

/* One case: its mails and the note that it was told, together. */
static enum mm_code write_one(struct mm_tx *tx, void *arg)
{
    struct telling *t = arg;
    struct mm_q q;
    enum mm_code code = mm_tx_narrow(tx, t->now->company);

    if (code != MM_OK)
        return code;
    for (size_t i = 0; t->server != NULL && i < t->staff_n && code == MM_OK; i++)
        code = add_mail(tx, t, &t->staff[i]);
    if (code == MM_OK) {
        mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_NOTIFIED_SET]);
        mm_q_int(&q, ":case", t->now->case_id);
        mm_q_int(&q, ":now", t->now_us);
        code = mm_q_end(&q);
    }
    mm_tx_widen(tx);
    return code;
}

static enum mm_code read_staff(struct mm_tx *tx, struct telling *t)
{
    struct mm_q q;
    enum mm_code code;

    mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_STAFF_MAILS]);
    while (t->staff_n < STAFF_MAX && mm_q_row(&q)) {
        struct staff *s = &t->staff[t->staff_n++];

        s->mail = mm_q_col_dup(&q, 0, &t->arena);
        if (!mm_lang_parse(mm_q_col_text(&q, 1), &s->lang))
            s->lang = MM_LANG_JA;
    }
    code = mm_q_end(&q);
    mm_tx_drop(tx);
    return code;
}

/* The company's name and whom to call first. */
static enum mm_code read_company(struct mm_tx *tx, struct telling *t, struct told *c)
{
    struct mm_q q;
    enum mm_code code = mm_tx_narrow(tx, c->company);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_COMPANY_NAME]);
    if (mm_q_row(&q))
        c->company_name = mm_q_col_dup(&q, 0, &t->arena);
    code = mm_q_end(&q);
    if (code == MM_OK) {
        mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_CALL_FIRST]);
        if (mm_q_row(&q)) {
            c->person = mm_q_col_dup(&q, 0, &t->arena);
            c->telephone = mm_q_col_dup(&q, 1, &t->arena);
            c->post = mm_q_col_dup(&q, 2, &t->arena);
        }
        code = mm_q_end(&q);
    }
    mm_tx_widen(tx);
    return code;
}

static enum mm_code read_cases(struct mm_tx *tx, struct telling *t)
{
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_CASES_TO_TELL]);
    mm_q_int(&q, ":max", MM_NOTIFY_DUE_MAX);
    while (t->told_n < MM_NOTIFY_DUE_MAX && mm_q_row(&q)) {
        t->told[t->told_n++] = (struct told){.case_id = mm_q_col_int(&q, 0),
                                             .company = mm_q_col_u32(&q, 1),
                                             .number = mm_q_col_u32(&q, 2),
                                             .how = mm_q_col_dup(&q, 3, &t->arena),
                                             .entity = mm_q_col_dup(&q, 4, &t->arena),
                                             .act = mm_q_col_dup(&q, 5, &t->arena),
                                             .confidence = mm_q_col_u32(&q, 6),
                                             .doc = mm_q_col_dup(&q, 7, &t->arena),
                                             .title = mm_q_col_dup(&q, 8, &t->arena),
                                             .event_us = mm_q_col_int(&q, 9)};
    }
    code = mm_q_end(&q);
    for (size_t i = 0; i < t->told_n && code == MM_OK; i++)
        code = read_company(tx, t, &t->told[i]);
    return code;
}

enum mm_code mm_notify_cases(struct mm_records *records, const struct mm_mail_server *server,
                             int64_t now_us, size_t *ret_done)
{
    struct telling t = {.server = server, .now_us = now_us};
    struct mm_tx *tx = NULL;
    size_t done = 0;
    enum mm_code code;

    mm_arena_init(&t.arena, 64 * 1024 * 1024);
    t.json = mm_json_new(1024 * 1024);
    code = t.json == NULL ? MM_E_NOMEM : mm_records_read(records, mm_system_scope(), &tx);
    if (code == MM_OK) {
        code = read_staff(tx, &t);
        if (code == MM_OK)
            code = read_cases(tx, &t);
        mm_records_read_done(&tx);
    }
    for (; done < t.told_n && code == MM_OK; done++) {
        t.now = &t.told[done];
        code = mm_records_write(records, mm_system_scope(), write_one, &t);
    }
    mm_json_free(&t.json);
    mm_arena_done(&t.arena);
    if (code == MM_OK)
        *ret_done = done;
    return code;
}

/* ---- sending ---- */

struct sending {
    int64_t mail;
    uint32_t company;
    uint32_t tries, pause_s;
    struct mm_mail m;
    enum mm_mail_end end;
    struct mm_buf why;
    int64_t now_us;
};

static enum mm_code read_due(struct mm_records *records, struct sending *s, struct mm_arena *a)
{
    struct mm_tx *tx = NULL;
    struct mm_q q;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_DUE]);
    mm_q_int(&q, ":now", s->now_us);
    if (mm_q_row(&q)) {
        s->mail = mm_q_col_int(&q, 0);
        s->company = mm_q_col_u32(&q, 1);
        s->m = (struct mm_mail){.recipient = mm_q_col_dup(&q, 2, a),
                                .subject = mm_q_col_dup(&q, 3, a),
                                .body = mm_q_col_dup(&q, 4, a),
                                .message_id = mm_q_col_dup(&q, 5, a),
                                .date_us = mm_q_col_int(&q, 7)};
        s->tries = mm_q_col_u32(&q, 6);
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    return code;
}

static int64_t pause_us(uint32_t first_s, uint32_t tries)
{
    int64_t s = first_s;

    while (tries-- > 0 && s > 0 && s < MM_MAIL_PAUSE_MAX_S)
        s *= 2;
    return (s < MM_MAIL_PAUSE_MAX_S ? s : MM_MAIL_PAUSE_MAX_S) * MM_US_PER_S;
}

static enum mm_code write_end(struct mm_tx *tx, void *arg)
{
    static const char *const states[] = {"sent", "queued", "unsure", "refused"};
    const struct sending *s = arg;
    struct mm_q q;
    enum mm_code code = mm_tx_narrow(tx, s->company);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_DONE]);
    mm_q_int(&q, ":mail", s->mail);
    mm_q_text(&q, ":state", mm_slice_str(states[s->end]));
    mm_q_int(&q, ":next", s->now_us + pause_us(s->pause_s, s->tries));
    mm_q_text(&q, ":error", mm_buf_slice(&s->why));
    if (s->end == MM_MAIL_SENT)
        mm_q_int(&q, ":sent", s->now_us);
    else
        mm_q_null(&q, ":sent");
    code = mm_q_end_touch(&q);
    mm_tx_widen(tx);
    return code;
}

enum mm_code mm_notify_send(struct mm_records *records, const struct mm_mail_server *server,
                            int64_t now_us, bool *ret_tried)
{
    struct sending s = {.now_us = now_us, .pause_s = server->pause_s};
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, 4 * 1024 * 1024);
    mm_buf_init(&s.why, 4096);
    code = read_due(records, &s, &a);
    if (code == MM_OK && s.mail != 0) {
        /* Whatever dies here: the row is still there and is tried again, with the same id. */
        s.end = mm_mail_send(server, &s.m, &s.why);
        code = mm_records_write(records, mm_system_scope(), write_end, &s);
    }
    if (code == MM_OK)
        *ret_tried = s.mail != 0;
    mm_buf_done(&s.why);
    mm_arena_done(&a);
    return code;
}

enum mm_code mm_notify_count(struct mm_tx *tx, struct mm_outbox_count *ret)
{
    struct mm_outbox_count c = {0};
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_COUNT]);
    while (mm_q_row(&q)) {
        struct mm_slice state = mm_q_col_text(&q, 0);
        uint64_t n = (uint64_t)mm_q_col_int(&q, 1);

        if (mm_slice_eq(state, MM_S("queued")))
            c.queued = n;
        else if (mm_slice_eq(state, MM_S("unsure")))
            c.unsure = n;
        else if (mm_slice_eq(state, MM_S("sent")))
            c.sent = n;
        else
            c.refused = n;
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        *ret = c;
    return code;
}
