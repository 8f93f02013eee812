/* tests/portal/fixture_main.c - fills an empty state directory for the browser tests, and a store
 * where one runs; prints what they need to log in, as JSON. */
#include <stdio.h>
#include <stdlib.h>

#include "app/tables.h"
#include "base/time.h"
#include "serve/state.h"
#include "tests/portal/alerts.h"
#include "tests/portal/fixture.h"

int main(int argc, char **argv)
{
    struct fixture f = {.now_us = mm_now_us()};
    struct mm_key key;
    struct mm_buf why;
    char path[1024];
    uint64_t companies = 31;

    if (argc < 2 || (argc > 2 && !mm_slice_u64(mm_slice_str(argv[2]), &companies)) ||
        companies > 10000) {
        fputs("usage: portal-fixture DIR [COMPANIES [STORE]]\n", stderr);
        return 2;
    }
    mm_buf_init(&why, 8192);
    if (mm_state_prepare(argv[1], &why) != MM_OK) {
        fprintf(stderr, "%.*s\n", MM_S_ARG(mm_buf_slice(&why)));
        return 1;
    }
    (void)snprintf(path, sizeof(path), "%s/key", argv[1]);
    if (mm_key_load(path, &key) != MM_OK || mm_app_records(argv[1], &f.records) != MM_OK ||
        mm_auth_open(f.records, &key, &f.auth) != MM_OK)
        return 1;
    fixture_fill(&f, (uint32_t)companies);
    if (argc > 3 && !fixture_alerts(argv[3], f.now_us)) {
        fprintf(stderr, "portal-fixture: %s takes no alerts\n", argv[3]);
        return 1;
    }
    printf("{\"password\":\"%s\",\"totp\":\"%s\",\"analyst_totp\":\"%s\",\"owner_totp\":\"%s\","
           "\"few_totp\":\"%s\",\"code\":\"%s\",\"companies\":%u}\n",
           FIXTURE_PASSWORD, f.totp, f.analyst_totp, f.owner_totp, f.few_totp, f.code, f.companies);
    mm_auth_close(&f.auth);
    mm_records_close(&f.records);
    mm_buf_done(&why);
    return 0;
}
