/* decode/winderive.c - what follows from a Windows event's facts; see win.h. */
#include "base/time.h"
#include "decode/win.h"

enum channel {
    CH_OTHER,
    CH_SYSMON,
    CH_SECURITY,
    CH_SYSTEM,
    CH_POWERSHELL,
    CH_TERMINAL,
    CH_TASKS,
    CH_WMI,
    CH_DEFENDER,
    CH_HYPERV,        /* virtual machines that come and go */
    CH_HYPERV_WORKER, /* one that runs */
};

/* Channels by the beginning of their names; the first that fits. */
static const struct {
    struct mm_slice starts;
    enum channel channel;
    struct mm_slice category; /* of events that have no row */
} channels[] = {
    {MM_S_INIT("Microsoft-Windows-Sysmon"), CH_SYSMON, MM_S_INIT("host")},
    {MM_S_INIT("Security"), CH_SECURITY, MM_S_INIT("host")},
    {MM_S_INIT("System"), CH_SYSTEM, MM_S_INIT("host")},
    {MM_S_INIT("Windows PowerShell"), CH_POWERSHELL, MM_S_INIT("process")},
    {MM_S_INIT("Microsoft-Windows-PowerShell"), CH_POWERSHELL, MM_S_INIT("process")},
    {MM_S_INIT("PowerShellCore"), CH_POWERSHELL, MM_S_INIT("process")},
    {MM_S_INIT("Microsoft-Windows-TerminalServices"), CH_TERMINAL, MM_S_INIT("session")},
    {MM_S_INIT("Microsoft-Windows-RemoteDesktop"), CH_TERMINAL, MM_S_INIT("session")},
    {MM_S_INIT("Microsoft-Windows-TaskScheduler"), CH_TASKS, MM_S_INIT("configuration")},
    {MM_S_INIT("Microsoft-Windows-WMI-Activity"), CH_WMI, MM_S_INIT("process")},
    {MM_S_INIT("Microsoft-Windows-Windows Defender"), CH_DEFENDER, MM_S_INIT("malware")},
    {MM_S_INIT("Microsoft-Windows-Hyper-V-Worker"), CH_HYPERV_WORKER, MM_S_INIT("host")},
    {MM_S_INIT("Microsoft-Windows-Hyper-V-VMMS"), CH_HYPERV, MM_S_INIT("host")},
    {MM_S_INIT("Microsoft-Windows-Windows Firewall"), CH_OTHER, MM_S_INIT("configuration")},
    {MM_S_INIT("Microsoft-Windows-DNS"), CH_OTHER, MM_S_INIT("network")},
    {MM_S_INIT("DNS Server"), CH_OTHER, MM_S_INIT("network")},
    {MM_S_INIT("Microsoft-Windows-SMB"), CH_OTHER, MM_S_INIT("network")},
    {MM_S_INIT("Microsoft-Windows-Bits"), CH_OTHER, MM_S_INIT("network")},
    {MM_S_INIT("Microsoft-Windows-NTLM"), CH_OTHER, MM_S_INIT("authentication")},
    {MM_S_INIT("Microsoft-Windows-Authentication"), CH_OTHER, MM_S_INIT("authentication")},
    {MM_S_INIT("Microsoft-Windows-AppLocker"), CH_OTHER, MM_S_INIT("process")},
    {MM_S_INIT("Microsoft-Windows-CodeIntegrity"), CH_OTHER, MM_S_INIT("library")},
    {MM_S_INIT("Microsoft-Windows-DriverFrameworks"), CH_OTHER, MM_S_INIT("driver")},
    {MM_S_INIT("Directory Service"), CH_OTHER, MM_S_INIT("iam")},
};

enum who { WHO_NOBODY, WHO_SUBJECT, WHO_TARGET, WHO_GROUP, WHO_USER, WHO_ACCOUNT, WHO_PARAMS };

struct known {
    enum channel channel;
    uint16_t code;
    struct mm_slice category, type, action, outcome;
    enum who who;
};

static const struct known events[] = {
#define MM_WINEV(channel, code, category, type, action, outcome, who)                              \
    {CH_##channel,       code,     MM_S_INIT(category), MM_S_INIT(type), MM_S_INIT(action),        \
     MM_S_INIT(outcome), WHO_##who},
#include "decode/winevents.def"
#undef MM_WINEV
};
static_assert(MM_COUNT(events) <= WIN_EVENTS_MAX, "every event has room for its key");

static void event_key(uint8_t key[WIN_KEY], enum channel channel, uint64_t code)
{
    key[0] = (uint8_t)channel;
    key[1] = (uint8_t)(code >> 8);
    key[2] = (uint8_t)code;
    key[3] = 1;
}

void win_events_init(struct mm_winevent *t)
{
    for (size_t i = 0; i < MM_COUNT(events); i++) {
        event_key(t->event_key[i], events[i].channel, events[i].code);
        mm_names_add(&t->events, mm_slice_of(t->event_key[i], WIN_KEY), (uint32_t)i);
    }
}

/* Names of channels begin alike: their last byte tells most of them apart. */
static bool starts_with_icase(struct mm_slice s, struct mm_slice prefix)
{
    MM_ASSERT(prefix.n > 0);
    return s.n >= prefix.n && ((s.p[prefix.n - 1] ^ prefix.p[prefix.n - 1]) & ~0x20) == 0 &&
           mm_slice_ieq(mm_slice_sub(s, 0, prefix.n), prefix);
}

static enum channel channel_of(struct win *w, struct mm_slice *ret_category)
{
    struct mm_slice name =
        w->head[HEAD_CHANNEL].n > 0 ? w->head[HEAD_CHANNEL] : w->head[HEAD_PROVIDER];

    for (size_t i = 0; i < MM_COUNT(channels); i++) {
        if (!starts_with_icase(name, channels[i].starts))
            continue;
        /* Some collectors write "security": rules compare with the name Windows uses. */
        if (name.n == channels[i].starts.n && w->head[HEAD_CHANNEL].n > 0)
            w->head[HEAD_CHANNEL] = channels[i].starts;
        *ret_category = channels[i].category;
        return channels[i].channel;
    }
    *ret_category = MM_S("host");
    if (w->head[HEAD_CHANNEL].n == 0 &&
        mm_slice_eq(name, MM_S("Microsoft-Windows-Security-Auditing")))
        return CH_SECURITY;
    return CH_OTHER;
}

static const struct known *known_event(const struct win *w, enum channel channel)
{
    uint8_t key[WIN_KEY];
    uint64_t code;
    uint32_t at;

    if (!mm_slice_u64(w->head[HEAD_CODE], &code) || code > UINT16_MAX)
        return NULL;
    event_key(key, channel, code);
    return mm_names_get(&w->t->events, mm_slice_of(key, WIN_KEY), &at) ? &events[at] : NULL;
}

/* ---- time ---- */

/* "/Date(1605022222000)/" of PowerShell's ConvertTo-Json, or a bare epoch. */
static bool epoch_of(struct mm_slice s, int64_t *ret_us)
{
    uint64_t v;

    if (mm_slice_starts(s, MM_S("/Date(")) && mm_slice_ends(s, MM_S(")/")))
        s = mm_slice_sub(s, 6, s.n - 8);
    if (!mm_slice_u64(s, &v))
        return false;
    if (v < UINT64_C(5000000000))
        v *= 1000000;
    else if (v < UINT64_C(5000000000000))
        v *= 1000;
    if (v > (uint64_t)INT64_C(4300000000000000)) /* year 2106 */
        return false;
    *ret_us = (int64_t)v;
    return true;
}

static bool moment(struct mm_slice s, int32_t offset_s, int64_t *ret_us, bool *ret_zone)
{
    if (s.n == 0)
        return false;
    if (mm_time_parse(s, offset_s, ret_us, ret_zone))
        return true;
    *ret_zone = true;
    return epoch_of(s, ret_us);
}

/*
 * NXLog's local times have no zone, but the shipper's UTC time of the same minute may stand beside
 * them: the difference, in quarters of an hour, is the zone.
 */
static bool zone_beside(const struct win *w, int32_t *ret_offset_s)
{
    struct mm_slice local =
        w->head[HEAD_TIME_RECEIVED].n > 0 ? w->head[HEAD_TIME_RECEIVED] : w->head[HEAD_TIME_LOCAL];
    const int64_t quarter = 900 * MM_US_PER_S;
    int64_t local_us, at_us, diff, rest;
    bool zone;

    if (!moment(w->head[HEAD_TIME_AT], 0, &at_us, &zone) || !zone)
        return false;
    if (!mm_time_parse(local, 0, &local_us, &zone) || zone)
        return false;
    diff = local_us - at_us;
    rest = ((diff % quarter) + quarter) % quarter;
    if (rest > quarter - 150 * MM_US_PER_S) /* shipped up to 150 s later */
        diff += quarter - rest;
    else if (rest < 10 * MM_US_PER_S)
        diff -= rest;
    else
        return false;
    if (diff < -12 * 4 * quarter || diff > 14 * 4 * quarter)
        return false;
    *ret_offset_s = (int32_t)(diff / MM_US_PER_S);
    return true;
}

static void set_time(struct win *w, int64_t us, enum mm_time_quality quality)
{
    w->ev->time_us = us;
    w->ev->time_quality = (uint8_t)quality;
}

/* The best of the times that stand in the event. */
static void derive_time(struct win *w)
{
    int32_t offset_s = w->env->offset_s;
    int64_t us;
    bool zone, created = moment(w->head[HEAD_TIME], offset_s, &us, &zone);

    if (created && zone) {
        set_time(w, us, MM_TQ_ZONE_GIVEN);
        return;
    }
    if (w->at_is_event && moment(w->head[HEAD_TIME_AT], offset_s, &us, &zone)) {
        set_time(w, us, zone ? MM_TQ_ZONE_GIVEN : MM_TQ_ZONE_ASSUMED);
        return;
    }
    /* Sysmon writes UTC and no zone. */
    if (mm_time_parse(w->slot[SLOT_UTC_TIME], 0, &us, &zone)) {
        set_time(w, us, MM_TQ_ZONE_GIVEN);
        return;
    }
    (void)zone_beside(w, &offset_s);
    if (created || moment(w->head[HEAD_TIME_LOCAL], offset_s, &us, &zone) ||
        moment(w->head[HEAD_TIME_AT], offset_s, &us, &zone) ||
        moment(w->head[HEAD_TIME_RECEIVED], offset_s, &us, &zone)) {
        set_time(w, us, zone ? MM_TQ_ZONE_GIVEN : MM_TQ_ZONE_ASSUMED);
        return;
    }
    set_time(w, w->ev->received_us, MM_TQ_RECEIVED);
    win_fail(w, "winevent.time");
}

/* ---- who ---- */

static void text_once(struct win *w, enum mm_field f, struct mm_slice v)
{
    /* S-1-0-0 is the SID of nobody. */
    if (!win_is_blank(v) && !mm_slice_eq(v, MM_S("S-1-0-0")) && !mm_event_has(w->ev, f))
        mm_event_text(w->ev, f, v);
}

/* DOMAIN\name, or name@REALM as Kerberos writes it. */
static void put_user(struct win *w, struct mm_slice name, struct mm_slice domain)
{
    size_t slash = mm_slice_find(name, '\\', 0), at = mm_slice_find(name, '@', 0);

    if (win_is_blank(name))
        return;
    if (slash != SIZE_MAX && slash + 1 < name.n) {
        domain = mm_slice_sub(name, 0, slash);
        name = mm_slice_sub(name, slash + 1, SIZE_MAX);
    } else if (at != SIZE_MAX && at > 0) {
        if (win_is_blank(domain))
            domain = mm_slice_sub(name, at + 1, SIZE_MAX);
        name = mm_slice_sub(name, 0, at);
    }
    text_once(w, MM_F_USER_NAME, name);
    text_once(w, MM_F_USER_DOMAIN, domain);
}

static void put_subject(struct win *w)
{
    put_user(w, w->slot[SLOT_SUBJECT_NAME], w->slot[SLOT_SUBJECT_DOMAIN]);
    text_once(w, MM_F_USER_ID, w->slot[SLOT_SUBJECT_SID]);
}

/* The value behind `key` up to the end of its line. */
static struct mm_slice line_value(struct mm_slice text, struct mm_slice key)
{
    size_t at = mm_slice_search(text, key), end;

    if (text.n == 0 || at == SIZE_MAX)
        return (struct mm_slice){0};
    text = mm_slice_sub(text, at + key.n, SIZE_MAX);
    for (end = 0; end < text.n && text.p[end] != '\r' && text.p[end] != '\n'; end++) {
    }
    return mm_slice_trim(mm_slice_sub(text, 0, end));
}

/* Sysmon's User, a session's User, or what stands in a PowerShell context. */
static void put_any_user(struct win *w, enum channel channel, struct mm_slice context)
{
    static const struct mm_slice keys[] = {MM_S_INIT("UserId="), MM_S_INIT("User = ")};

    struct mm_slice target = w->slot[SLOT_TARGET_USER];
    size_t slash = mm_slice_find(target, '\\', 0);

    put_user(w, w->slot[SLOT_USER], (struct mm_slice){0});
    put_user(w, w->slot[SLOT_SOURCE_USER], (struct mm_slice){0});
    /* Sysmon 8 and 10: whose process it was done to. */
    if (slash != SIZE_MAX)
        text_once(w, MM_F_USER_TARGET_DOMAIN, mm_slice_sub(target, 0, slash));
    text_once(w, MM_F_USER_TARGET_NAME,
              slash == SIZE_MAX ? target : mm_slice_sub(target, slash + 1, SIZE_MAX));
    put_user(w, w->slot[SLOT_USER_NAME], (struct mm_slice){0});
    for (size_t i = 0; channel == CH_POWERSHELL && i < MM_COUNT(keys); i++)
        put_user(w, line_value(context, keys[i]), (struct mm_slice){0});
    /* Sysmon's, the auditor's and a session manager's own account say nothing about the event. */
    if (channel == CH_SYSMON || channel == CH_SECURITY ||
        (mm_event_has(w->ev, MM_F_USER_NAME) && channel != CH_POWERSHELL))
        return;
    put_user(w, w->head[HEAD_USER], w->head[HEAD_DOMAIN]);
    text_once(w, MM_F_USER_ID, w->head[HEAD_SID]);
}

static void put_target(struct win *w)
{
    text_once(w, MM_F_USER_TARGET_NAME, w->slot[SLOT_TARGET_NAME]);
    /* 4740, account locked out: the computer from which it was tried. */
    if (mm_slice_eq(w->head[HEAD_CODE], MM_S("4740")))
        text_once(w, MM_F_SOURCE_DOMAIN, w->slot[SLOT_TARGET_DOMAIN]);
    else
        text_once(w, MM_F_USER_TARGET_DOMAIN, w->slot[SLOT_TARGET_DOMAIN]);
}

static void derive_who(struct win *w, enum channel channel, enum who who, struct mm_slice context)
{
    switch (who) {
    case WHO_TARGET:
        put_user(w, w->slot[SLOT_TARGET_NAME], w->slot[SLOT_TARGET_DOMAIN]);
        text_once(w, MM_F_USER_ID, w->slot[SLOT_TARGET_SID]);
        return;
    case WHO_GROUP:
        put_subject(w);
        text_once(w, MM_F_GROUP_NAME, w->slot[SLOT_TARGET_NAME]);
        text_once(w, MM_F_USER_TARGET_NAME, w->slot[SLOT_MEMBER_NAME]);
        text_once(w, MM_F_USER_TARGET_NAME, w->slot[SLOT_MEMBER_SID]);
        return;
    case WHO_ACCOUNT:
        put_user(w, w->slot[SLOT_ACCOUNT_NAME], w->slot[SLOT_ACCOUNT_DOMAIN]);
        put_user(w, w->head[HEAD_USER], w->slot[SLOT_ACCOUNT_DOMAIN]);
        return;
    case WHO_PARAMS:
        /* TerminalServices 1149: Param1 user, Param2 domain, Param3 address. */
        if (w->param_count == 3) {
            put_user(w, w->param[0], w->param[1]);
            win_data_text(w, MM_S("ClientAddress"), w->param[2]);
        }
        return;
    case WHO_SUBJECT:
        put_subject(w);
        put_target(w);
        return;
    case WHO_USER:
        put_any_user(w, channel, context);
        return;
    case WHO_NOBODY:
        break;
    }
    put_subject(w);
    put_any_user(w, channel, context);
    put_target(w);
}

/* ---- what ---- */

/* NXLog writes Keywords as a signed decimal number, everybody else as 0x…, Winlogbeat as words. */
static bool keyword_bits(struct mm_slice s, uint64_t *ret)
{
    int64_t i;

    if (win_num(s, ret))
        return true;
    if (!mm_slice_i64(s, &i))
        return false;
    *ret = (uint64_t)i; /* two's complement is what NXLog prints */
    return true;
}

enum { AUDIT_UNKNOWN, AUDIT_SUCCESS, AUDIT_FAILURE };

static int audit_of(const struct win *w)
{
    static const struct {
        struct mm_slice word;
        int audit;
    } words[] = {
        {MM_S_INIT("AUDIT_SUCCESS"), AUDIT_SUCCESS}, {MM_S_INIT("AUDIT_FAILURE"), AUDIT_FAILURE},
        {MM_S_INIT("success"), AUDIT_SUCCESS},       {MM_S_INIT("failure"), AUDIT_FAILURE},
        {MM_S_INIT("Audit Success"), AUDIT_SUCCESS}, {MM_S_INIT("Audit Failure"), AUDIT_FAILURE},
    };
    uint64_t bits;

    if (keyword_bits(w->head[HEAD_KEYWORDS], &bits)) {
        /* winmeta.xml: WINEVENT_KEYWORD_AUDIT_FAILURE, _SUCCESS */
        if ((bits & UINT64_C(0x0010000000000000)) != 0)
            return AUDIT_FAILURE;
        if ((bits & UINT64_C(0x0020000000000000)) != 0)
            return AUDIT_SUCCESS;
    }
    for (size_t i = 0; i < MM_COUNT(words); i++) {
        if (mm_slice_eq(w->head[HEAD_AUDIT], words[i].word) ||
            (w->head[HEAD_KEYWORDS].n > 0 &&
             mm_slice_search(w->head[HEAD_KEYWORDS], words[i].word) != SIZE_MAX))
            return words[i].audit;
    }
    return AUDIT_UNKNOWN;
}

static void derive_outcome(struct win *w, enum channel channel, const struct known *known)
{
    struct mm_slice outcome = known == NULL ? MM_S("unknown") : known->outcome;
    struct mm_slice status = w->slot[SLOT_STATUS], sub = w->slot[SLOT_SUB_STATUS];
    uint64_t v;
    bool has_status = known != NULL && win_num(status, &v);
    int audit = channel == CH_SECURITY ? audit_of(w) : AUDIT_UNKNOWN;

    if (audit == AUDIT_FAILURE)
        outcome = MM_S("failure");
    else if (audit == AUDIT_SUCCESS)
        outcome = MM_S("success");
    else if (has_status && v != 0 && mm_slice_eq(known->category, MM_S("authentication")))
        outcome = MM_S("failure");
    mm_event_text(w->ev, MM_F_EVENT_OUTCOME, outcome);
    if (audit != AUDIT_UNKNOWN)
        win_extra(w, MM_S("winlog.keywords"),
                  audit == AUDIT_FAILURE ? MM_S("0x8010000000000000") : MM_S("0x8020000000000000"));
    if (mm_slice_eq(outcome, MM_S("failure")) && has_status) {
        if (win_num(sub, &v) && v != 0)
            status = sub;
        mm_event_text(w->ev, MM_F_EVENT_REASON, status);
    }
}

static void derive_level(struct win *w)
{
    /* 0, "log always", is what the Security channel writes; viewers show it as information. */
    static const struct mm_slice words[] = {
        MM_S_INIT("information"), MM_S_INIT("critical"),    MM_S_INIT("error"),
        MM_S_INIT("warning"),     MM_S_INIT("information"), MM_S_INIT("verbose"),
    };
    uint64_t level;

    if (w->head[HEAD_LEVEL].n == 0)
        return;
    win_extra(w, MM_S("winlog.level"), w->head[HEAD_LEVEL]);
    if (!mm_slice_u64(w->head[HEAD_LEVEL], &level))
        level = 0;
    for (size_t i = 1; i < MM_COUNT(words); i++) {
        if (level == i || mm_slice_ieq(w->head[HEAD_LEVEL], words[i]))
            mm_event_text(w->ev, MM_F_LOG_LEVEL, words[i]);
    }
    if (!mm_event_has(w->ev, MM_F_LOG_LEVEL))
        mm_event_text(w->ev, MM_F_LOG_LEVEL, words[0]);
}

/* ---- values inside values ---- */

/* A copy in small letters; false without memory. */
static bool low_dup(struct mm_arena *arena, struct mm_slice *v)
{
    uint8_t *low = mm_arena_bytes(arena, v->n);

    if (low == NULL)
        return false;
    for (size_t k = 0; k < v->n; k++)
        low[k] = v->p[k] >= 'A' && v->p[k] <= 'Z' ? (uint8_t)(v->p[k] + 32) : v->p[k];
    v->p = low;
    return true;
}

/* "SHA1=…,MD5=…,SHA256=…,IMPHASH=…": each its own field, in small letters as threat lists are. */
static void derive_hashes(struct win *w)
{
    static const struct {
        struct mm_slice key, ecs;
        enum mm_field field;
    } kinds[] = {
        {MM_S_INIT("MD5"), MM_S_INIT(""), MM_F_FILE_HASH_MD5},
        {MM_S_INIT("SHA256"), MM_S_INIT(""), MM_F_FILE_HASH_SHA256},
        {MM_S_INIT("SHA1"), MM_S_INIT("file.hash.sha1"), MM_F_NONE},
        {MM_S_INIT("IMPHASH"), MM_S_INIT("file.pe.imphash"), MM_F_NONE},
    };
    struct mm_slice rest = w->slot[SLOT_HASHES];

    while (rest.n > 0) {
        size_t comma = mm_slice_find(rest, ',', 0);
        struct mm_slice part = mm_slice_sub(rest, 0, comma);
        size_t eq = mm_slice_find(part, '=', 0);
        struct mm_slice v = mm_slice_sub(part, eq == SIZE_MAX ? part.n : eq + 1, SIZE_MAX);

        rest = comma == SIZE_MAX ? (struct mm_slice){0} : mm_slice_sub(rest, comma + 1, SIZE_MAX);
        for (size_t i = 0; v.n > 0 && i < MM_COUNT(kinds); i++) {
            if (!mm_slice_ieq(mm_slice_sub(part, 0, eq), kinds[i].key))
                continue;
            if (!low_dup(w->env->arena, &v))
                return;
            if (kinds[i].field == MM_F_NONE)
                win_extra(w, kinds[i].ecs, v);
            else
                mm_event_text(w->ev, kinds[i].field, v);
        }
    }
}

/*
 * ProcessID is a value of the filtering platform's events (5150 to 5159). In older NXLog's flat
 * form every event has one: the process that wrote the event, which says nothing.
 */
static bool has_own_process_id(const struct win *w)
{
    uint64_t code;

    return !w->flat || (mm_slice_u64(w->head[HEAD_CODE], &code) && code >= 5150 && code <= 5159);
}

/* In 4688 ProcessId is the creator and NewProcessId the new process; elsewhere it is the one. */
static void derive_pids(struct win *w)
{
    enum mm_field own = MM_F_PROCESS_PID;
    uint64_t v;

    if (w->slot[SLOT_NEW_PID].p != NULL) {
        if (win_num(w->slot[SLOT_NEW_PID], &v))
            mm_event_uint(w->ev, MM_F_PROCESS_PID, v);
        else
            win_fail(w, "winevent.number");
        own = MM_F_PROCESS_PARENT_PID;
    }
    if (w->slot[SLOT_PID].p == NULL && own == MM_F_PROCESS_PID && has_own_process_id(w))
        w->slot[SLOT_PID] = w->slot[SLOT_PID_CAPITAL];
    if (w->slot[SLOT_PID].p == NULL)
        return;
    if (!mm_event_has(w->ev, own) && win_num(w->slot[SLOT_PID], &v)) {
        mm_event_uint(w->ev, own, v);
        return;
    }
    win_extra(w, MM_S("winlog.event_data.ProcessId"), w->slot[SLOT_PID]);
    if (!mm_event_has(w->ev, own) && !win_is_blank(w->slot[SLOT_PID]))
        win_fail(w, "winevent.number");
}

/* Object access: what kind of object it was decides the class and the field. */
static void derive_object(struct win *w, const struct known *known)
{
    struct mm_slice type = w->slot[SLOT_OBJECT_TYPE], name = w->slot[SLOT_OBJECT_NAME];

    if (known == NULL || known->channel != CH_SECURITY)
        return;
    if (known->code == 4657) {
        text_once(w, MM_F_REGISTRY_PATH, name);
        return;
    }
    if (mm_slice_eq(type, MM_S("Key"))) {
        text_once(w, MM_F_REGISTRY_PATH, name);
        mm_event_text(w->ev, MM_F_EVENT_CATEGORY, MM_S("registry"));
    } else if (mm_slice_eq(type, MM_S("File"))) {
        text_once(w, MM_F_FILE_PATH, name);
    } else if (mm_slice_eq(type, MM_S("Process")) || mm_slice_eq(type, MM_S("Thread"))) {
        mm_event_text(w->ev, MM_F_EVENT_CATEGORY, MM_S("process"));
    } else if (mm_slice_starts(type, MM_S("SAM_"))) {
        mm_event_text(w->ev, MM_F_EVENT_CATEGORY, MM_S("iam"));
    }
}

/* %%14592 is the message "Inbound", %%14593 "Outbound". */
static void derive_direction(struct win *w)
{
    if (mm_slice_eq(w->slot[SLOT_DIRECTION], MM_S("%%14592")))
        mm_event_text(w->ev, MM_F_NETWORK_DIRECTION, MM_S("ingress"));
    else if (mm_slice_eq(w->slot[SLOT_DIRECTION], MM_S("%%14593")))
        mm_event_text(w->ev, MM_F_NETWORK_DIRECTION, MM_S("egress"));
}

/* "Action taken" is what the event is called whatever the action was: a user may have allowed it,
 * and cleaning may have found nothing more to clean. Numbers as MSFT_MpThreatDetection's
 * CleaningAction gives them. */
static void derive_defended(struct win *w)
{
    enum { CLEAN = 1, QUARANTINE = 2, REMOVE = 3, ALLOW = 6, BLOCK = 10 };
    uint64_t action, error = 0;

    if (!win_num(w->slot[SLOT_THREAT_ACTION], &action))
        return;
    (void)win_num(w->slot[SLOT_THREAT_ERROR], &error);
    if (action == ALLOW) {
        mm_event_text(w->ev, MM_F_EVENT_TYPE, MM_S("allowed"));
        mm_event_text(w->ev, MM_F_EVENT_OUTCOME, MM_S("success"));
    } else if (error != 0 ||
               (action != CLEAN && action != QUARANTINE && action != REMOVE && action != BLOCK)) {
        mm_event_text(w->ev, MM_F_EVENT_TYPE, MM_S("info"));
        mm_event_text(w->ev, MM_F_EVENT_OUTCOME, MM_S("unknown"));
    }
}

/* Defender: which malware, in which file and process, and what became of it. */
static void derive_defender(struct win *w, enum channel channel, const struct known *known)
{
    struct mm_slice path = w->slot[SLOT_PATH];

    if (channel != CH_DEFENDER)
        return;
    if (known != NULL && (known->code == 1007 || known->code == 1117))
        derive_defended(w);
    text_once(w, MM_F_RULE_NAME, w->slot[SLOT_THREAT_NAME]);
    text_once(w, MM_F_RULE_CATEGORY, w->slot[SLOT_THREAT_CATEGORY]);
    text_once(w, MM_F_PROCESS_EXECUTABLE, w->slot[SLOT_THREAT_PROCESS]);
    /* "file:_C:\x.exe; process:_pid:1,…": the first resource, when it is a file. */
    if (mm_slice_starts(path, MM_S("file:_")))
        text_once(w, MM_F_FILE_PATH,
                  mm_slice_sub(path, 6,
                               mm_slice_find(path, ';', 0) == SIZE_MAX
                                   ? SIZE_MAX
                                   : mm_slice_find(path, ';', 0) - 6));
    else if (known != NULL && known->code >= 1121 && known->code <= 1128)
        text_once(w, MM_F_FILE_PATH, path); /* of rules and protected folders: the path alone */
}

static void derive_sysmon(struct win *w, const struct known *known)
{
    struct mm_slice initiated = w->slot[SLOT_INITIATED], type = w->slot[SLOT_EVENT_TYPE];

    if (known == NULL || known->channel != CH_SYSMON)
        return;
    if (mm_slice_ieq(initiated, MM_S("true")))
        mm_event_text(w->ev, MM_F_NETWORK_DIRECTION, MM_S("egress"));
    else if (mm_slice_ieq(initiated, MM_S("false")))
        mm_event_text(w->ev, MM_F_NETWORK_DIRECTION, MM_S("ingress"));
    if (known->code == 12 && mm_slice_starts(type, MM_S("Create")))
        mm_event_text(w->ev, MM_F_EVENT_TYPE, MM_S("creation"));
    else if (known->code == 12 && mm_slice_starts(type, MM_S("Delete")))
        mm_event_text(w->ev, MM_F_EVENT_TYPE, MM_S("deletion"));
}

/* Values without a name, one a line, as Sigma's `Data` reads them. */
static struct mm_slice joined_params(struct win *w)
{
    size_t n = 0, at = 0;
    uint8_t *p;

    if (w->param_count <= 1)
        return w->param[0];
    for (size_t i = 0; i < w->param_count; i++)
        n += w->param[i].n + 1;
    p = mm_arena_bytes(w->env->arena, n);
    if (p == NULL)
        return (struct mm_slice){0};
    for (size_t i = 0; i < w->param_count; i++) {
        if (w->param[i].n > 0)
            memcpy(p + at, w->param[i].p, w->param[i].n);
        at += w->param[i].n;
        p[at++] = '\n';
    }
    return mm_slice_of(p, n - 1);
}

/* The text that a PowerShell event carries its context in; empty for other channels. */
static struct mm_slice derive_data(struct win *w, enum channel channel)
{
    struct mm_slice data = w->slot[SLOT_DATA];
    bool classic = channel == CH_POWERSHELL && w->slot[SLOT_CONTEXT].p == NULL;

    if (data.p == NULL && w->param_count > 0 && (w->unnamed || classic)) {
        data = joined_params(w);
        win_extra(w, MM_S("winlog.event_data.Data"), data);
    } else if (data.p == NULL && classic && !w->has_data) {
        data = w->head[HEAD_MESSAGE];
        if (data.n > 0)
            win_extra(w, MM_S("winlog.event_data.Data"), data);
    } else if (w->head[HEAD_MESSAGE].n > 0 && !w->has_data) {
        /* Otherwise the message only repeats the values, and the original line has it. */
        mm_event_text(w->ev, MM_F_MESSAGE, w->head[HEAD_MESSAGE]);
    }
    if (channel != CH_POWERSHELL)
        return (struct mm_slice){0};
    return w->slot[SLOT_CONTEXT].p != NULL ? w->slot[SLOT_CONTEXT] : data;
}

static void derive_powershell(struct win *w, struct mm_slice context)
{
    text_once(w, MM_F_PROCESS_COMMAND_LINE, line_value(context, MM_S("HostApplication=")));
    text_once(w, MM_F_PROCESS_COMMAND_LINE, line_value(context, MM_S("Host Application = ")));
}

/* Events that some exporters ship without EventData: the English message has the account. */
static void derive_from_message(struct win *w)
{
    struct mm_slice message = w->head[HEAD_MESSAGE];

    if (w->has_data || !mm_slice_eq(w->head[HEAD_CODE], MM_S("1102")))
        return;
    w->slot[SLOT_SUBJECT_NAME] = line_value(message, MM_S("Account Name:"));
    w->slot[SLOT_SUBJECT_DOMAIN] = line_value(message, MM_S("Domain Name:"));
    w->slot[SLOT_SUBJECT_SID] = line_value(message, MM_S("Security ID:"));
}

static void derive_process_name(struct win *w)
{
    struct mm_slice path;
    size_t at;

    if (!mm_event_has(w->ev, MM_F_PROCESS_EXECUTABLE) || mm_event_has(w->ev, MM_F_PROCESS_NAME))
        return;
    path = w->ev->val[MM_F_PROCESS_EXECUTABLE].text;
    at = path.n;
    while (at > 0 && path.p[at - 1] != '\\' && path.p[at - 1] != '/')
        at--;
    text_once(w, MM_F_PROCESS_NAME, mm_slice_sub(path, at, SIZE_MAX));
}

static void derive_head(struct win *w)
{
    uint64_t v;

    if (mm_slice_u64(w->head[HEAD_CODE], &v))
        mm_event_text(w->ev, MM_F_EVENT_CODE, w->head[HEAD_CODE]);
    else
        win_fail(w, "winevent.code");
    if (w->head[HEAD_HOST].n > 0)
        mm_event_text(w->ev, MM_F_HOST_NAME, w->head[HEAD_HOST]);
    else
        win_fail(w, "winevent.host");
    if (w->head[HEAD_CHANNEL].n > 0)
        mm_event_text(w->ev, MM_F_WINLOG_CHANNEL, w->head[HEAD_CHANNEL]);
    if (w->head[HEAD_PROVIDER].n > 0)
        mm_event_text(w->ev, MM_F_EVENT_PROVIDER, w->head[HEAD_PROVIDER]);
    if (w->head[HEAD_CHANNEL].n == 0 && w->head[HEAD_PROVIDER].n == 0)
        win_fail(w, "winevent.channel");
    if (mm_slice_u64(w->head[HEAD_RECORD], &v))
        mm_event_uint(w->ev, MM_F_WINLOG_RECORD, v);
}

void win_derive(struct win *w)
{
    struct mm_slice category, context;
    enum channel channel = channel_of(w, &category);
    const struct known *known = known_event(w, channel);

    derive_head(w);
    derive_time(w);
    mm_event_text(w->ev, MM_F_EVENT_CATEGORY, known == NULL ? category : known->category);
    mm_event_text(w->ev, MM_F_EVENT_TYPE, known == NULL ? MM_S("info") : known->type);
    if (known != NULL)
        mm_event_text(w->ev, MM_F_EVENT_ACTION, known->action);
    derive_outcome(w, channel, known);
    derive_level(w);
    derive_pids(w);
    derive_object(w, known);
    derive_sysmon(w, known);
    context = derive_data(w, channel);
    derive_powershell(w, context);
    derive_from_message(w);
    derive_who(w, channel, known == NULL ? WHO_NOBODY : known->who, context);
    derive_hashes(w);
    derive_direction(w);
    derive_defender(w, channel, known);
    derive_process_name(w);
    text_once(w, MM_F_DESTINATION_DOMAIN, w->slot[SLOT_TARGET_SERVER]);
}
