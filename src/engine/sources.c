/* engine/sources.c - see sources.h for the contract. */
#include "engine/sources.h"

#include <stdlib.h>

#include "base/vec.h"
#include "codec/charset.h"
#include "register/entity.h"
#include "register/keep.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum { JST_S = 9 * 3600 };

struct load {
    struct mm_sources fresh;
    size_t cap, keep_cap;
    uint16_t keep_days;
    bool failed;
};

static bool take(void *arg, const struct mm_rec *rec)
{
    struct load *l = arg;
    const struct mm_value *v = rec->v;
    struct mm_source_info *info;

    if (!MM_VEC_ROOM(l->fresh.list, l->fresh.n, l->cap, MM_SOURCES_MAX)) {
        l->failed = true;
        return false;
    }
    info = &l->fresh.list[l->fresh.n++];
    *info = (struct mm_source_info){
        .parse = {.company = rec->company,
                  .source = rec->id,
                  .tz_offset_s = JST_S,
                  .keep_days = (uint16_t)(v[MM_F_source_keep_days].null
                                              ? l->keep_days
                                              : v[MM_F_source_keep_days].i)}, /* <= 36500 */
        .silence_s = v[MM_F_source_silence_s].null
                         ? MM_SILENCE_S
                         : (uint32_t)v[MM_F_source_silence_s].i, /* <= one year */
        .created_us = rec->created_us,
        .active = mm_slice_eq(v[MM_F_source_state].s, MM_S("active")),
    };
    if (!v[MM_F_source_format].null && v[MM_F_source_format].s.n < MM_FORMAT_NAME)
        memcpy(info->parse.format, v[MM_F_source_format].s.p, v[MM_F_source_format].s.n);
    if (!v[MM_F_source_charset].null)
        info->parse.charset = (uint8_t)mm_charset_find(v[MM_F_source_charset].s); /* a few */
    return true;
}

static bool take_company(void *arg, const struct mm_rec *rec)
{
    struct load *l = arg;
    const struct mm_value *days = &rec->v[MM_F_company_keep_alerts];

    if (days->null)
        return true;
    if (l->fresh.keep_n == l->keep_cap) {
        size_t cap = l->keep_cap == 0 ? 64 : l->keep_cap * 2;
        struct mm_source_keep *more =
            cap > MM_SOURCES_MAX ? NULL : realloc(l->fresh.keep, cap * sizeof(*more));

        if (more == NULL) {
            l->failed = true;
            return false;
        }
        l->fresh.keep = more;
        l->keep_cap = cap;
    }
    l->fresh.keep[l->fresh.keep_n++] =
        (struct mm_source_keep){.company = rec->id, .alert_days = (uint16_t)days->i}; /* <= 3650 */
    return true;
}

static int by_company(const void *pa, const void *pb)
{
    const struct mm_source_keep *a = pa, *b = pb;

    return a->company < b->company ? -1 : a->company > b->company;
}

static int by_number(const void *pa, const void *pb)
{
    const struct mm_source_info *a = pa, *b = pb;

    return a->parse.source < b->parse.source ? -1 : a->parse.source > b->parse.source;
}

enum mm_code mm_sources_load(struct mm_records *rec, uint16_t keep_days_default,
                             struct mm_sources *s)
{
    struct load l = {.keep_days = keep_days_default};
    struct mm_rec_filter filter = {.limit = 0, .ended = false};
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(rec, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    code = mm_rec_each(tx, mm_entity(MM_REG_SOURCE), &filter, take, &l);
    if (code == MM_OK)
        code = mm_rec_each(tx, mm_entity(MM_REG_COMPANY), &filter, take_company, &l);
    mm_records_read_done(&tx);
    if (code == MM_OK && l.failed)
        code = MM_E_LIMIT;
    if (code != MM_OK) {
        mm_sources_free(&l.fresh);
        return code;
    }
    if (l.fresh.keep_n > 0)
        qsort(l.fresh.keep, l.fresh.keep_n, sizeof(*l.fresh.keep), by_company);
    if (l.fresh.n > 0)
        qsort(l.fresh.list, l.fresh.n, sizeof(*l.fresh.list), by_number);
    mm_sources_free(s);
    *s = l.fresh;
    return MM_OK;
}

void mm_sources_free(struct mm_sources *s)
{
    free(s->list);
    free(s->keep);
    *s = (struct mm_sources){0};
}

const struct mm_source_info *mm_sources_find(const struct mm_sources *s, uint32_t source)
{
    struct mm_source_info key = {.parse = {.source = source}};

    return s->n == 0 ? NULL : bsearch(&key, s->list, s->n, sizeof(key), by_number);
}

uint16_t mm_sources_alert_days(const struct mm_sources *s, uint32_t company)
{
    struct mm_source_keep key = {.company = company};
    const struct mm_source_keep *found =
        s->keep_n == 0 ? NULL : bsearch(&key, s->keep, s->keep_n, sizeof(key), by_company);

    return found == NULL ? MM_KEEP_ALERTS_DAYS : found->alert_days;
}
