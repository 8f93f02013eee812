/* app/tables.c - see tables.h for the contract. */
#include "app/tables.h"

#include "desk/desk.h"
#include "notify/notify.h"
#include "os/log.h"
#include "register/feature.h"
#include "triage/triage.h"

static const struct mm_feature *const features[] = {
    &mm_register_feature, /* first: everything else refers to its companies */
    &mm_triage_feature,
    &mm_desk_feature,
    &mm_notify_feature,
};

enum mm_code mm_app_records(const char *state_dir, struct mm_records **ret)
{
    struct mm_records_fault fault = {0};
    struct mm_records_options options = {.dir = state_dir,
                                         .features = features,
                                         .feature_count = MM_COUNT(features),
                                         .version = MM_VERSION};
    enum mm_code code = mm_records_open(&options, ret, &fault);

    if (code != MM_OK)
        mm_log_error("records", "%s/records.db cannot be opened: %s %s", state_dir,
                     fault.what == NULL ? mm_code_key(code) : fault.what, fault.detail);
    return code;
}
