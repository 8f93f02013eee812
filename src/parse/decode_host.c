/* parse/decode_host.c - decoders for records of Linux hosts: audit daemon, journal export. */
#include "codec/auditd.h"
#include "codec/journal.h"
#include "parse/format.h"

static bool epoch_of(struct mm_slice text, struct mm_when *ret)
{
    struct mm_rd rd = mm_rd_of(text);
    struct mm_when when = {0};

    if (!mm_when_read(&rd, MM_WHEN_EPOCH, &when) || mm_rd_left(&rd) > 0)
        return false;
    *ret = when;
    return true;
}

bool mm_decode_auditd(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    struct mm_auditd a;
    struct mm_auditd_walk walk;
    struct mm_auditd_pair pair;

    (void)f;
    if (mm_auditd_parse(text, &a, NULL) != MM_OK)
        return false;
    w->whole = true;
    w->has_when = epoch_of(a.time, &w->when);
    mm_wire_put(w, MM_S("auditd.type"), a.type);
    mm_wire_put(w, MM_S("auditd.serial"), a.serial);
    mm_wire_put(w, MM_S("auditd.node"), a.node);
    mm_wire_put(w, MM_S("auditd.avc"), a.avc);
    mm_wire_put(w, MM_S("auditd.permissions"), a.permissions);
    mm_auditd_walk(&walk, a.pairs);
    while (!mm_wire_spent(w) && mm_auditd_next(&walk, &pair)) {
        (void)mm_work_take(&w->work, pair.value.n / 2); /* it may be hexadecimal */
        if (!mm_auditd_text(w->arena, &pair, &pair.value))
            w->whole = false;
        mm_wire_put(w, pair.key, pair.value);
    }
    w->whole = w->whole && w->has_when && walk.stray == 0;
    return true;
}

bool mm_decode_journal(const struct mm_format *f, struct mm_wire *w, struct mm_slice text)
{
    static const struct mm_slice times[] = {MM_S_INIT("_SOURCE_REALTIME_TIMESTAMP"),
                                            MM_S_INIT("__REALTIME_TIMESTAMP")};
    struct mm_journal j;
    struct mm_journal_field field;
    size_t fields = 0;
    enum mm_code code = MM_OK;

    (void)f;
    mm_journal_init(&j, text);
    while (!mm_wire_spent(w) && (code = mm_journal_next(&j, &field, NULL)) == MM_OK) {
        for (size_t i = 0; i < MM_COUNT(times); i++) {
            /* The first is when it was said, the other when journald heard it. */
            if (mm_slice_eq(field.name, times[i]) && (i == 0 || !w->has_when))
                w->has_when = epoch_of(field.value, &w->when) || w->has_when;
        }
        mm_wire_put(w, field.name, field.value);
        fields++;
    }
    w->whole = code == MM_E_NOTFOUND && w->has_when;
    return fields > 1;
}
