/* app/daily.c - see daily.h for the contract. */
#include "app/daily.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "desk/desk.h"
#include "os/log.h"
#include "register/audit.h"
#include "register/entity.h"
#include "register/keep.h"
#include "serve/state.h"
#include "store/records/system_scope.h"
#include "triage/case.h"
#include "triage/triage.h"

enum {
    CASES_OF_TX = 5, /* a case has some hundred rows; a transaction holds everybody else up */
    COMPANIES_MAX = 20000,
};

#define JST_US (INT64_C(9) * 3600 * 1000000)
#define MORNING_US (INT64_C(7) * 3600 * 1000000)

static int64_t day_of(int64_t us)
{
    return (us + JST_US) / MM_US_PER_DAY;
}

int64_t mm_daily_next(int64_t now_us)
{
    int64_t today = day_of(now_us) * MM_US_PER_DAY - JST_US + MORNING_US;

    return today > now_us ? today : today + MM_US_PER_DAY;
}

static enum mm_code write_job(struct mm_tx *tx, void *arg)
{
    const int64_t *now_us = arg;

    return mm_job_add(tx, MM_JOB_DAILY, 0, mm_daily_next(*now_us), *now_us);
}

enum mm_code mm_daily_ensure(struct mm_records *records, int64_t now_us)
{
    struct mm_scope_hold hold;

    return mm_records_write(records, mm_system_company(&hold, MM_COMPANY_OPERATOR), write_job,
                            &now_us);
}

/* ---- what has passed its time ---- */

struct keeping {
    struct {
        uint32_t company;
        int64_t case_days;
    } list[COMPANIES_MAX];
    size_t n;
};

static bool take_company(void *arg, const struct mm_rec *rec)
{
    struct keeping *k = arg;
    const struct mm_value *days = &rec->v[MM_F_company_keep_cases];

    if (k->n == COMPANIES_MAX)
        return false;
    k->list[k->n].company = rec->id;
    k->list[k->n++].case_days = days->null ? MM_KEEP_CASES_DAYS : days->i;
    return true;
}

struct forgetting {
    int64_t before_us, now_us;
    size_t n; /* were deleted in this transaction */
};

static enum mm_code forget_case(struct mm_tx *tx, int64_t number)
{
    enum mm_code code = mm_notify_forget(tx, number);

    if (code == MM_OK)
        code = mm_desk_forget(tx, number);
    if (code == MM_OK)
        code = mm_job_forget(tx, MM_JOB_LOOK, number);
    if (code == MM_OK)
        code = mm_job_forget(tx, MM_JOB_TELL, number);
    return code == MM_OK ? mm_case_forget(tx, number) : code;
}

static enum mm_code note(struct mm_tx *tx, const struct forgetting *f)
{
    char before[MM_TIME_TEXT], text[64];
    int n;

    mm_time_text(f->before_us, before);
    n = snprintf(text, sizeof(text), "%zu cases closed before %.10s", f->n, before);
    return mm_audit_add(tx, &(struct mm_audit){.time_us = f->now_us,
                                               .actor = MM_S("worker"),
                                               .action = MM_S("keep.cases"),
                                               .text = mm_slice_of(text, (size_t)n)});
}

static enum mm_code write_forgotten(struct mm_tx *tx, void *arg)
{
    struct forgetting *f = arg;
    int64_t list[CASES_OF_TX];
    enum mm_code code;

    f->n = 0;
    code = mm_case_old(tx, f->before_us, list, CASES_OF_TX, &f->n);
    for (size_t i = 0; i < f->n && code == MM_OK; i++)
        code = forget_case(tx, list[i]);
    return code == MM_OK && f->n > 0 ? note(tx, f) : code;
}

static bool some_old(struct mm_records *records, const struct mm_scope *scope, int64_t before_us)
{
    struct mm_tx *tx = NULL;
    int64_t one;
    size_t n = 0;
    enum mm_code code = mm_records_read(records, scope, &tx);

    if (code == MM_OK)
        code = mm_case_old(tx, before_us, &one, 1, &n);
    mm_records_read_done(&tx);
    return code == MM_OK && n > 0;
}

static enum mm_code forget_of(struct mm_records *records, uint32_t company, int64_t days,
                              int64_t now_us, uint64_t *io_deleted)
{
    struct forgetting f = {.before_us = now_us - days * MM_US_PER_DAY, .now_us = now_us};
    struct mm_scope_hold hold;
    const struct mm_scope *scope = mm_system_company(&hold, company);
    enum mm_code code = MM_OK;

    while (code == MM_OK && some_old(records, scope, f.before_us)) {
        code = mm_records_write(records, scope, write_forgotten, &f);
        *io_deleted += code == MM_OK ? f.n : 0;
    }
    return code;
}

static enum mm_code forget(struct mm_records *records, int64_t now_us, uint64_t *ret_deleted)
{
    struct keeping *k = calloc(1, sizeof(*k));
    struct mm_rec_filter filter = {.ended = true};
    struct mm_tx *tx = NULL;
    enum mm_code code = k == NULL ? MM_E_NOMEM : mm_records_read(records, mm_system_scope(), &tx);

    *ret_deleted = 0;
    if (code == MM_OK)
        code = mm_rec_each(tx, mm_entity(MM_REG_COMPANY), &filter, take_company, k);
    mm_records_read_done(&tx);
    for (size_t i = 0; code == MM_OK && i < k->n; i++)
        code = forget_of(records, k->list[i].company, k->list[i].case_days, now_us, ret_deleted);
    free(k);
    return code;
}

/* ---- the morning ---- */

struct closing {
    int64_t day, now_us;
    struct mm_audit_head head;
};

static enum mm_code write_closed(struct mm_tx *tx, void *arg)
{
    struct closing *c = arg;

    return mm_audit_close_day(tx, c->day, c->now_us, &c->head);
}

enum mm_code mm_daily_do(struct mm_records *records, const char *state,
                         const struct mm_mail_server *server, const struct mm_job *job,
                         int64_t now_us)
{
    struct closing c = {.day = day_of(now_us), .now_us = now_us};
    char head[MM_AUDIT_HEAD_TEXT];
    struct mm_daily d = {.day = c.day,
                         .now_us = now_us,
                         .next_us = mm_daily_next(now_us),
                         .silence_s = MM_SILENCE_S,
                         .backup_us = mm_state_moment(state, MM_STATE_BACKUP),
                         .head = head};
    enum mm_code forgot = forget(records, now_us, &d.deleted), code;

    if (forgot != MM_OK) /* holds back neither the heads nor the mail */
        mm_log_error("worker", "old cases are not deleted: %s", mm_code_key(forgot));
    code = mm_records_write(records, mm_system_scope(), write_closed, &c);
    if (code != MM_OK)
        return code;
    mm_audit_head_text(&c.head, head);
    mm_log_info("worker", "day closed: audit head %s, %llu old cases deleted", head,
                (unsigned long long)d.deleted);
    code = mm_notify_daily(records, server, job, &d);
    return code == MM_OK ? forgot : code;
}
