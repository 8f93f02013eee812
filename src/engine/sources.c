/* engine/sources.c - see sources.h for the contract. */
#include "engine/sources.h"

#include <stdlib.h>

#include "base/vec.h"
#include "codec/charset.h"
#include "register/entity.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum { JST_S = 9 * 3600 };

struct load {
    struct mm_sources fresh;
    size_t cap;
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
    mm_records_read_done(&tx);
    if (code == MM_OK && l.failed)
        code = MM_E_LIMIT;
    if (code != MM_OK) {
        free(l.fresh.list);
        return code;
    }
    if (l.fresh.n > 0)
        qsort(l.fresh.list, l.fresh.n, sizeof(*l.fresh.list), by_number);
    mm_sources_free(s);
    *s = l.fresh;
    return MM_OK;
}

void mm_sources_free(struct mm_sources *s)
{
    free(s->list);
    *s = (struct mm_sources){0};
}

const struct mm_source_info *mm_sources_find(const struct mm_sources *s, uint32_t source)
{
    struct mm_source_info key = {.parse = {.source = source}};

    return s->n == 0 ? NULL : bsearch(&key, s->list, s->n, sizeof(key), by_number);
}
