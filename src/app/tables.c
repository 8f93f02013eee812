/* app/tables.c - see tables.h for the contract. */
#include "app/tables.h"

#include <stdio.h>
#include <unistd.h>

#include "assess/feature.h"
#include "base/time.h"
#include "cost/cost.h"
#include "coverage/coverage.h"
#include "desk/desk.h"
#include "exception/feature.h"
#include "job/job.h"
#include "notify/notify.h"
#include "os/log.h"
#include "register/audit.h"
#include "register/entity.h"
#include "register/feature.h"
#include "serve/state.h"
#include "store/records/system_scope.h"
#include "tailor/feature.h"
#include "triage/triage.h"

static const struct mm_feature *const features[] = {
    &mm_register_feature, /* first: everything else refers to its companies */
    &mm_job_feature,      &mm_triage_feature,   &mm_desk_feature,
    &mm_notify_feature,   &mm_coverage_feature, &mm_exception_feature,
    &mm_tailor_feature,   &mm_cost_feature,     &mm_assess_feature,
};

const struct mm_records_options *mm_app_tables(void)
{
    static const struct mm_records_options options = {
        .features = features, .feature_count = MM_COUNT(features), .version = MM_VERSION};

    return &options;
}

enum mm_code mm_app_records(const char *state_dir, struct mm_records **ret)
{
    struct mm_records_fault fault = {0};
    struct mm_records_options options = *mm_app_tables();
    struct mm_buf why;
    enum mm_code code;

    mm_buf_init(&why, 4096);
    code = mm_state_check(state_dir, &why);
    if (code != MM_OK)
        mm_log_error("records", "%.*s", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    if (code != MM_OK)
        return code;
    options.dir = state_dir;
    code = mm_records_open(&options, ret, &fault);
    if (code == MM_E_VERSION && strcmp(fault.what, "records.newer") == 0)
        mm_log_error("records",
                     "%s/records.db: written by release %s; run that release or a newer one",
                     state_dir, fault.detail);
    else if (code != MM_OK)
        mm_log_error("records", "%s/records.db cannot be opened: %s %s", state_dir,
                     fault.what == NULL ? mm_code_key(code) : fault.what, fault.detail);
    return code;
}

enum mm_code mm_app_records_held(const char *state_dir, struct mm_records **ret)
{
    uint64_t seen = 0;
    enum mm_code code = mm_app_records(state_dir, ret);

    if (code == MM_OK)
        (void)mm_records_changed(*ret, &seen); /* keeps the connection it looks through */
    return code;
}

/* By code, which was looked up and gave `code`, or else by number. */
static enum mm_code or_number(struct mm_tx *tx, enum mm_code code, enum mm_entity_id entity,
                              const char *text, uint32_t *ret)
{
    struct mm_arena a;
    struct mm_rec rec;
    uint64_t number;

    if (code != MM_E_NOTFOUND || !mm_slice_u64(mm_slice_str(text), &number) || number > UINT32_MAX)
        return code;
    mm_arena_init(&a, 1 << 20);
    code = mm_rec_get(tx, mm_entity(entity), (uint32_t)number, &a, &rec);
    mm_arena_done(&a);
    if (code == MM_OK)
        *ret = (uint32_t)number;
    return code;
}

enum mm_code mm_app_company(struct mm_tx *tx, const char *text, uint32_t *ret)
{
    return or_number(tx, mm_company_by_code(tx, mm_slice_str(text), ret), MM_REG_COMPANY, text,
                     ret);
}

enum mm_code mm_app_programme(struct mm_tx *tx, const char *text, uint32_t *ret)
{
    return or_number(tx, mm_programme_by_code(tx, mm_slice_str(text), ret), MM_REG_PROGRAMME, text,
                     ret);
}

void mm_app_actor(char ret[MM_APP_ACTOR])
{
    (void)snprintf(ret, MM_APP_ACTOR, "uid %u", (unsigned)getuid());
}

enum mm_code mm_app_company_look(const char *state_dir, const char *text,
                                 const struct mm_audit *look, uint32_t *ret)
{
    struct mm_audit entry = *look;
    struct mm_records *records = NULL;
    struct mm_tx *tx = NULL;
    char actor[MM_APP_ACTOR];
    enum mm_code code = mm_app_records(state_dir, &records);

    if (code != MM_OK)
        return code;
    mm_app_actor(actor);
    entry.actor = mm_slice_str(actor);
    entry.time_us = mm_now_us();
    code = mm_records_read(records, mm_system_scope(), &tx);
    if (code == MM_OK)
        code = mm_app_company(tx, text, ret);
    mm_records_read_done(&tx);
    if (code == MM_OK)
        code = mm_audit_look(records, mm_system_scope(), ret, 1, &entry);
    mm_records_close(&records);
    if (code == MM_E_NOTFOUND)
        fprintf(stderr, "mimamori: no company \"%s\"; `mimamori company list` shows them\n", text);
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: records: %s\n", mm_code_key(code));
    return code;
}
