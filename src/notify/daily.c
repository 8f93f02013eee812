/* notify/daily.c - the mail of each morning; see notify.h for the contract. */
#include "base/time.h"
#include "notify/notify.h"
#include "notify/notify_priv.h"
#include "store/records/system_scope.h"

enum {
    SILENT_MAX = 20, /* named in a mail; how many more there are is said */
    ACTS_MAX = 8,
    JST_S = 9 * 3600,
};

struct silent {
    struct mm_slice company, source;
    int64_t last_seen_us;
};

struct daily {
    const struct mm_mail_server *server;
    const struct mm_job *job;
    const struct mm_daily *d;
    struct mm_arena arena;
    struct mm_notify_staff staff[MM_NOTIFY_STAFF_MAX];
    size_t staff_n;
    struct {
        struct mm_slice act;
        int64_t n;
    } act[ACTS_MAX];
    size_t acts;
    struct silent silent[SILENT_MAX + 1];
    size_t silent_n;
    bool told; /* already: the job came again by hand */
};

/* ---- reading ---- */

static enum mm_code read_cases(struct mm_tx *tx, struct daily *t)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_DAILY_CASES]);
    while (t->acts < ACTS_MAX && mm_q_row(&q)) {
        t->act[t->acts].act = mm_q_col_dup(&q, 0, &t->arena);
        t->act[t->acts++].n = mm_q_col_int(&q, 1);
    }
    return mm_q_end(&q);
}

static enum mm_code read_silent(struct mm_tx *tx, struct daily *t)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_DAILY_SILENT]);
    mm_q_int(&q, ":now", t->d->now_us);
    mm_q_int(&q, ":silence", t->d->silence_s);
    mm_q_int(&q, ":max", SILENT_MAX + 1);
    while (t->silent_n <= SILENT_MAX && mm_q_row(&q)) {
        struct silent *s = &t->silent[t->silent_n++];

        s->company = mm_q_col_dup(&q, 0, &t->arena);
        s->source = mm_q_col_dup(&q, 1, &t->arena);
        s->last_seen_us = mm_q_col_int(&q, 2);
    }
    return mm_q_end(&q);
}

static enum mm_code read_all(struct mm_records *records, struct daily *t)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    if (code == MM_OK)
        code = mm_notify_staff(tx, MM_NOTIFY_DAILY_MAILS, &t->arena, t->staff, &t->staff_n);
    if (code == MM_OK)
        code = read_cases(tx, t);
    if (code == MM_OK)
        code = read_silent(tx, t);
    mm_records_read_done(&tx);
    return code;
}

/* ---- writing ---- */

static struct mm_slice word(enum mm_lang lang, const char *key)
{
    return mm_notify_words(lang, key, (struct mm_slice){0});
}

static void write_cases(const struct daily *t, enum mm_lang lang, struct mm_buf *b)
{
    struct mm_buf number;

    mm_buf_add(b, word(lang, "notify.daily.cases"));
    mm_buf_byte(b, '\n');
    for (size_t i = 0; i < t->acts; i++) {
        mm_buf_init(&number, 64);
        mm_lang_number(&number, t->act[i].n);
        mm_buf_str(b, "  ");
        mm_buf_add(b, mm_notify_words(lang, "notify.act.", t->act[i].act));
        mm_buf_str(b, ": ");
        mm_buf_add(b, mm_buf_slice(&number));
        mm_buf_byte(b, '\n');
        mm_buf_done(&number);
    }
    if (t->acts == 0) {
        mm_buf_str(b, "  ");
        mm_buf_add(b, word(lang, "notify.daily.none"));
        mm_buf_byte(b, '\n');
    }
}

static void write_silent(const struct daily *t, enum mm_lang lang, struct mm_buf *b)
{
    mm_buf_add(b, word(lang, "notify.daily.silent"));
    mm_buf_byte(b, '\n');
    for (size_t i = 0; i < t->silent_n && i < SILENT_MAX; i++) {
        const struct silent *s = &t->silent[i];

        mm_buf_fmt(b, "  %.*s / %.*s: ", MM_S_ARG(s->company), MM_S_ARG(s->source));
        mm_lang_time(b, lang, MM_TIME_FULL, s->last_seen_us, t->d->now_us, JST_S);
        mm_buf_byte(b, '\n');
    }
    if (t->silent_n > SILENT_MAX) {
        mm_buf_str(b, "  ");
        mm_buf_add(b, word(lang, "notify.daily.more"));
        mm_buf_byte(b, '\n');
    }
    if (t->silent_n == 0) {
        mm_buf_str(b, "  ");
        mm_buf_add(b, word(lang, "notify.daily.none"));
        mm_buf_byte(b, '\n');
    }
}

static void write_backup(const struct daily *t, enum mm_lang lang, struct mm_buf *b)
{
    mm_buf_add(b, word(lang, "notify.daily.backup"));
    mm_buf_str(b, ": ");
    if (t->d->backup_us == 0)
        mm_buf_add(b, word(lang, "notify.daily.backup.none"));
    else
        mm_lang_time(b, lang, MM_TIME_FULL, t->d->backup_us, t->d->now_us, JST_S);
    mm_buf_byte(b, '\n');
}

static void write_body(const struct daily *t, enum mm_lang lang, struct mm_buf *b)
{
    struct mm_buf deleted;

    write_cases(t, lang, b);
    mm_buf_byte(b, '\n');
    write_silent(t, lang, b);
    mm_buf_byte(b, '\n');
    write_backup(t, lang, b);
    if (t->d->deleted > 0) {
        mm_buf_init(&deleted, 64);
        mm_lang_number(&deleted, (int64_t)t->d->deleted);
        mm_notify_line(b, lang, "notify.daily.deleted", mm_buf_slice(&deleted));
        mm_buf_done(&deleted);
    }
    mm_buf_byte(b, '\n');
    mm_buf_add(b, word(lang, "notify.daily.head"));
    mm_buf_fmt(b, "\n  %s\n\n%s/companies\n", t->d->head, t->server->portal);
}

static enum mm_code add_mail(struct mm_tx *tx, const struct daily *t, size_t at)
{
    const struct mm_notify_staff *to = &t->staff[at];
    struct mm_buf subject, body, id;
    enum mm_code code;

    mm_buf_init(&subject, 4096);
    mm_buf_init(&body, MM_MAIL_MAX / 2);
    mm_buf_init(&id, 256);
    mm_buf_add(&subject, word(to->lang, "notify.daily.subject"));
    mm_buf_byte(&subject, ' ');
    mm_lang_time(&subject, to->lang, MM_TIME_DAY, t->d->now_us, t->d->now_us, JST_S);
    write_body(t, to->lang, &body);
    /* Unique by day and place in the list; the same whenever this day is told again. */
    mm_buf_fmt(&id, "daily-%lld-%zu@mimamori.local", (long long)t->d->day, at);
    code = mm_notify_put(tx, &(struct mm_notify_mail){.recipient = to->mail,
                                                      .subject = &subject,
                                                      .body = &body,
                                                      .id = &id,
                                                      .now_us = t->d->now_us});
    mm_buf_done(&subject);
    mm_buf_done(&body);
    mm_buf_done(&id);
    return code;
}

static enum mm_code write_mails(struct mm_tx *tx, void *arg)
{
    const struct daily *t = arg;
    enum mm_code code = MM_OK;

    for (size_t i = 0; t->server != NULL && !t->told && i < t->staff_n && code == MM_OK; i++)
        code = add_mail(tx, t, i);
    return code == MM_OK ? mm_job_again(tx, t->job, t->d->next_us) : code;
}

enum mm_code mm_notify_daily(struct mm_records *records, const struct mm_mail_server *server,
                             const struct mm_job *job, const struct mm_daily *d)
{
    struct daily t = {.server = server, .job = job, .d = d};
    struct mm_scope_hold hold;
    enum mm_code code;

    MM_ASSERT(job->kind == MM_JOB_DAILY && job->company == MM_COMPANY_OPERATOR);
    mm_arena_init(&t.arena, 4 * 1024 * 1024);
    code = read_all(records, &t);
    if (code == MM_OK)
        code = mm_records_write(records, mm_system_company(&hold, MM_COMPANY_OPERATOR), write_mails,
                                &t);
    if (code == MM_E_EXISTS) {
        t.told = true;
        code = mm_records_write(records, mm_system_company(&hold, MM_COMPANY_OPERATOR), write_mails,
                                &t);
    }
    mm_arena_done(&t.arena);
    return code;
}

enum mm_code mm_notify_forget(struct mm_tx *tx, int64_t case_id)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_notify_stmts[MM_NOTIFY_FORGET_MAILS]);
    mm_q_int(&q, ":case", case_id);
    return mm_q_end(&q);
}
