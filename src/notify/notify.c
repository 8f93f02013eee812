/* notify/notify.c - from new cases to sent mails; see notify.h for the contract. */
#include "notify/notify.h"

#include "base/utf8.h"
#include "codec/ext/json.h"
#include "notify/notify_priv.h"
#include "store/records/system_scope.h"
#include "text/lang.h"

/* What the mails of a case say. */
struct told {
    int64_t event_us, many;
    uint32_t number, confidence;
    struct mm_slice entity, act, doc, title, company_name, person, telephone, post;
};

struct telling {
    const struct mm_mail_server *server; /* NULL: mail is off */
    const struct mm_job *job;
    struct mm_arena arena;
    struct mm_json *json;
    struct mm_notify_staff staff[MM_NOTIFY_STAFF_MAX];
    size_t staff_n;
    struct told told;
    int64_t now_us;
};

struct mm_slice mm_notify_words(enum mm_lang lang, const char *prefix, struct mm_slice name)
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

void mm_notify_line(struct mm_buf *b, enum mm_lang lang, const char *key, struct mm_slice value)
{
    if (value.n == 0)
        return;
    mm_buf_add(b, mm_notify_words(lang, key, (struct mm_slice){0}));
    mm_buf_str(b, ": ");
    mm_buf_add(b, value);
    mm_buf_byte(b, '\n');
}

/* Whom it is about: one entity, or about how many there are by now. */
static void line_entity(struct mm_buf *b, enum mm_lang lang, const struct told *c)
{
    struct mm_slice many = mm_notify_words(lang, "notify.many", (struct mm_slice){0});
    size_t at = mm_slice_search(many, MM_S("{n}"));
    struct mm_buf value;

    if (c->many == 0 || at == SIZE_MAX) {
        mm_notify_line(b, lang, "notify.entity", c->entity);
        return;
    }
    mm_buf_init(&value, 256);
    mm_buf_add(&value, mm_slice_sub(many, 0, at));
    mm_lang_number(&value, c->many);
    mm_buf_add(&value, mm_slice_sub(many, at + 3, many.n));
    mm_notify_line(b, lang, "notify.entity", mm_buf_slice(&value));
    mm_buf_done(&value);
}

static void write_body(struct telling *t, enum mm_lang lang, struct mm_slice title,
                       struct mm_buf *b)
{
    const struct told *c = &t->told;
    struct mm_buf when, sure;

    mm_buf_init(&when, 256);
    mm_buf_init(&sure, 256);
    mm_lang_time(&when, lang, MM_TIME_FULL, c->event_us, t->now_us, 9 * 3600);
    mm_buf_add(&sure, mm_notify_words(lang, "notify.sure.",
                                      mm_slice_str(c->confidence >= 90   ? "almost"
                                                   : c->confidence >= 70 ? "probably"
                                                                         : "just_in_case")));
    mm_buf_fmt(&sure, " (%u %%)", c->confidence);
    mm_buf_add(b, title);
    mm_buf_str(b, "\n\n");
    mm_notify_line(b, lang, "notify.company", c->company_name);
    mm_notify_line(b, lang, "notify.when", mm_buf_slice(&when));
    line_entity(b, lang, c);
    mm_notify_line(b, lang, "notify.sure", mm_buf_slice(&sure));
    mm_notify_line(b, lang, "notify.act", mm_notify_words(lang, "notify.act.", c->act));
    mm_buf_byte(b, '\n');
    mm_buf_add(b, of_doc(t, c->doc, lang, "what"));
    mm_buf_str(b, "\n");
    mm_buf_add(b, of_doc(t, c->doc, lang, "first"));
    mm_buf_str(b, "\n\n");
    if (c->person.n > 0) {
        mm_buf_add(b, mm_notify_words(lang, "notify.call", (struct mm_slice){0}));
        mm_buf_str(b, ": ");
        mm_buf_add(b, c->post);
        mm_buf_byte(b, ' ');
        mm_buf_add(b, c->person);
        mm_buf_byte(b, ' ');
        mm_buf_add(b, c->telephone);
        mm_buf_byte(b, '\n');
    }
    mm_buf_fmt(b, "%s/companies/%u/cases/%lld\n", t->server->portal, t->job->company,
               (long long)t->job->subject);
    mm_buf_done(&when);
    mm_buf_done(&sure);
}

enum mm_code mm_notify_put(struct mm_tx *tx, const struct mm_notify_mail *m)
{
    struct mm_q q;
    enum mm_code code;

    if (!mm_buf_ok(m->subject) || !mm_buf_ok(m->body) || !mm_buf_ok(m->id))
        return MM_E_LIMIT;
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_ADD]);
    if (m->case_id == 0)
        mm_q_null(&q, ":case");
    else
        mm_q_int(&q, ":case", m->case_id);
    mm_q_text(&q, ":recipient", m->recipient);
    mm_q_text(&q, ":subject", mm_buf_slice(m->subject));
    mm_q_text(&q, ":body", mm_buf_slice(m->body));
    mm_q_text(&q, ":id", mm_buf_slice(m->id));
    mm_q_int(&q, ":now", m->now_us);
    code = mm_q_end(&q);
    return code == MM_OK ? mm_job_add(tx, MM_JOB_MAIL, mm_tx_last_id(tx), m->now_us, m->now_us)
                         : code;
}

static enum mm_code add_mail(struct mm_tx *tx, struct telling *t, const struct mm_notify_staff *to)
{
    const struct told *c = &t->told;
    struct mm_slice title = of_doc(t, c->doc, to->lang, "title");
    struct mm_buf subject, body, id;
    enum mm_code code;

    mm_buf_init(&subject, 4096);
    mm_buf_init(&body, MM_MAIL_MAX / 2);
    mm_buf_init(&id, 256);
    if (title.n == 0) /* what the program found wrong with itself is titled by its kind */
        title = mm_notify_words(to->lang, "finding.kind.", c->title);
    mm_buf_str(&subject, "[");
    mm_buf_add(&subject, mm_notify_words(to->lang, "notify.act.", c->act));
    mm_buf_str(&subject, "] ");
    mm_buf_add(&subject, c->company_name);
    mm_buf_fmt(&subject, " #%u ", c->number);
    mm_buf_add(&subject, title);
    write_body(t, to->lang, title, &body);
    /* Unique by case, how sure (a case that is raised is told anew) and place in the list; the same
     * whenever this is told again. */
    mm_buf_fmt(&id, "case-%lld-%u-%zu-%lld@mimamori.local", (long long)t->job->subject,
               c->confidence, (size_t)(to - t->staff), (long long)c->event_us);
    code = mm_notify_put(tx, &(struct mm_notify_mail){.case_id = t->job->subject,
                                                      .recipient = to->mail,
                                                      .subject = &subject,
                                                      .body = &body,
                                                      .id = &id,
                                                      .now_us = t->now_us});
    mm_buf_done(&subject);
    mm_buf_done(&body);
    mm_buf_done(&id);
    return code;
}

/* The mails of the case, and that it was told, together. */
static enum mm_code write_mails(struct mm_tx *tx, void *arg)
{
    struct telling *t = arg;
    enum mm_code code = MM_OK;

    for (size_t i = 0; t->server != NULL && i < t->staff_n && code == MM_OK; i++)
        code = add_mail(tx, t, &t->staff[i]);
    return code == MM_OK ? mm_job_done(tx, t->job, t->now_us) : code;
}

enum mm_code mm_notify_staff(struct mm_tx *tx, enum mm_notify_stmt st, struct mm_arena *a,
                             struct mm_notify_staff *ret, size_t *ret_n)
{
    size_t n = 0;
    struct mm_q q;
    enum mm_code code;

    mm_tx_elevate(tx);
    mm_q_begin(&q, tx, &mm_notify_stmts[st]);
    while (n < MM_NOTIFY_STAFF_MAX && mm_q_row(&q)) {
        struct mm_notify_staff *s = &ret[n++];

        s->mail = mm_q_col_dup(&q, 0, a);
        if (!mm_lang_parse(mm_q_col_text(&q, 1), &s->lang))
            s->lang = MM_LANG_JA;
    }
    code = mm_q_end(&q);
    mm_tx_drop(tx);
    if (code == MM_OK)
        *ret_n = n;
    return code;
}

/* The company's name and whom to call first. */
static enum mm_code read_company(struct mm_tx *tx, struct telling *t)
{
    struct told *c = &t->told;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_COMPANY_NAME]);
    if (mm_q_row(&q))
        c->company_name = mm_q_col_dup(&q, 0, &t->arena);
    code = mm_q_end(&q);
    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_CALL_FIRST]);
    if (mm_q_row(&q)) {
        c->person = mm_q_col_dup(&q, 0, &t->arena);
        c->telephone = mm_q_col_dup(&q, 1, &t->arena);
        c->post = mm_q_col_dup(&q, 2, &t->arena);
    }
    return mm_q_end(&q);
}

static enum mm_code read_case(struct mm_tx *tx, struct telling *t)
{
    bool is = false;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_CASE_TO_TELL]);
    mm_q_int(&q, ":case", t->job->subject);
    if (mm_q_row(&q)) {
        is = true;
        t->told = (struct told){.number = mm_q_col_u32(&q, 0),
                                .entity = mm_q_col_dup(&q, 1, &t->arena),
                                .act = mm_q_col_dup(&q, 2, &t->arena),
                                .confidence = mm_q_col_u32(&q, 3),
                                .doc = mm_q_col_dup(&q, 4, &t->arena),
                                .title = mm_q_col_dup(&q, 5, &t->arena),
                                .event_us = mm_q_col_int(&q, 6),
                                .many = mm_q_col_int(&q, 7)};
    }
    code = mm_q_end(&q);
    return code == MM_OK && !is ? MM_E_NOTFOUND : code;
}

enum mm_code mm_notify_case(struct mm_records *records, const struct mm_mail_server *server,
                            const struct mm_job *job, int64_t now_us)
{
    struct telling t = {.server = server, .job = job, .now_us = now_us};
    struct mm_scope_hold hold;
    const struct mm_scope *scope = mm_system_company(&hold, job->company);
    struct mm_tx *tx = NULL;
    enum mm_code code;

    MM_ASSERT(job->kind == MM_JOB_TELL);
    mm_arena_init(&t.arena, 64 * 1024 * 1024);
    t.json = mm_json_new(1024 * 1024);
    code = t.json == NULL ? MM_E_NOMEM : mm_records_read(records, scope, &tx);
    if (code == MM_OK)
        code = mm_notify_staff(tx, MM_NOTIFY_STAFF_MAILS, &t.arena, t.staff, &t.staff_n);
    if (code == MM_OK)
        code = read_case(tx, &t);
    if (code == MM_OK)
        code = read_company(tx, &t);
    mm_records_read_done(&tx);
    if (code == MM_OK)
        code = mm_records_write(records, scope, write_mails, &t);
    mm_json_free(&t.json);
    mm_arena_done(&t.arena);
    return code;
}

/* ---- sending ---- */

struct sending {
    const struct mm_job *job;
    struct mm_mail m;
    bool sent;
    int64_t now_us;
};

static enum mm_code read_mail(struct mm_records *records, const struct mm_scope *scope,
                              struct sending *s, struct mm_arena *a)
{
    struct mm_tx *tx = NULL;
    bool is = false;
    struct mm_q q;
    enum mm_code code = mm_records_read(records, scope, &tx);

    if (code != MM_OK)
        return code;
    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_GET]);
    mm_q_int(&q, ":mail", s->job->subject);
    if (mm_q_row(&q)) {
        is = true;
        s->m = (struct mm_mail){.recipient = mm_q_col_dup(&q, 0, a),
                                .subject = mm_q_col_dup(&q, 1, a),
                                .body = mm_q_col_dup(&q, 2, a),
                                .message_id = mm_q_col_dup(&q, 3, a),
                                .date_us = mm_q_col_int(&q, 4)};
        s->sent = !mm_q_col_null(&q, 5);
    }
    code = mm_q_end(&q);
    mm_records_read_done(&tx);
    return code == MM_OK && !is ? MM_E_NOTFOUND : code;
}

static enum mm_code write_sent(struct mm_tx *tx, void *arg)
{
    const struct sending *s = arg;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_MAIL_SENT]);
    mm_q_int(&q, ":mail", s->job->subject);
    mm_q_int(&q, ":now", s->now_us);
    code = mm_q_end_touch(&q);
    return code == MM_OK ? mm_job_done(tx, s->job, s->now_us) : code;
}

enum mm_code mm_notify_mail(struct mm_records *records, const struct mm_mail_server *server,
                            const struct mm_job *job, int64_t now_us, struct mm_buf *why)
{
    struct sending s = {.job = job, .now_us = now_us};
    struct mm_scope_hold hold;
    const struct mm_scope *scope = mm_system_company(&hold, job->company);
    enum mm_mail_end end = MM_MAIL_SENT;
    struct mm_arena a;
    enum mm_code code;

    MM_ASSERT(job->kind == MM_JOB_MAIL);
    mm_arena_init(&a, 4 * 1024 * 1024);
    code = read_mail(records, scope, &s, &a);
    /* Whatever dies here: the job is still there and is tried again, with the same Message-ID. */
    if (code == MM_OK && !s.sent)
        end = mm_mail_send(server, &s.m, why);
    if (code == MM_OK && end == MM_MAIL_SENT)
        code = mm_records_write(records, scope, write_sent, &s);
    else if (code == MM_OK)
        code = end == MM_MAIL_REFUSED ? MM_E_DENIED : MM_E_IO;
    mm_arena_done(&a);
    return code;
}
