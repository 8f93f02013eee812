/* register/erase.c - see erase.h. */
#include "register/erase.h"

#include <stddef.h>

const char *const mm_register_kept[] = {"company", "audit", "audit_head", "audit_day", NULL};

const char mm_register_emptied[] =
    "UPDATE audit SET text = NULL WHERE company = ?1 AND text IS NOT NULL;"
    "UPDATE company SET code = 'erased-?1', name = 'erased', kana = NULL, name_en = NULL,"
    " area = NULL, address = NULL, industry = NULL, capital = NULL, employees = NULL, tier = NULL,"
    " products = NULL, product_type = NULL, sensor = NULL, stage = NULL, keep_alerts = NULL,"
    " keep_cases = NULL, note = NULL,"
    " changed_us = unixepoch() * 1000000, ended_us = coalesce(ended_us, unixepoch() * 1000000)"
    " WHERE company = ?1;";
