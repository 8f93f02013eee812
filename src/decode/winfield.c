/* decode/winfield.c - from a Windows name and value to a field; see win.h. */
#include "decode/win.h"

/* Members of System and their like, in every shape's spelling. */
static const struct {
    struct mm_slice name;
    enum win_head head;
} heads[] = {
    {MM_S_INIT("EventID"), HEAD_CODE},
    {MM_S_INIT("event_id"), HEAD_CODE},
    {MM_S_INIT("eventID"), HEAD_CODE},
    {MM_S_INIT("EventId"), HEAD_CODE},
    {MM_S_INIT("winlog.event_id"), HEAD_CODE},
    {MM_S_INIT("event.code"), HEAD_CODE},
    {MM_S_INIT("Channel"), HEAD_CHANNEL},
    {MM_S_INIT("channel"), HEAD_CHANNEL},
    {MM_S_INIT("log_name"), HEAD_CHANNEL},
    {MM_S_INIT("EventLog"), HEAD_CHANNEL},
    {MM_S_INIT("LogName"), HEAD_CHANNEL},
    {MM_S_INIT("winlog.channel"), HEAD_CHANNEL},
    {MM_S_INIT("SourceName"), HEAD_PROVIDER},
    {MM_S_INIT("source_name"), HEAD_PROVIDER},
    {MM_S_INIT("provider_name"), HEAD_PROVIDER},
    {MM_S_INIT("providerName"), HEAD_PROVIDER},
    {MM_S_INIT("Provider"), HEAD_PROVIDER},
    {MM_S_INIT("Provider_Name"), HEAD_PROVIDER},
    {MM_S_INIT("winlog.provider_name"), HEAD_PROVIDER},
    {MM_S_INIT("event.provider"), HEAD_PROVIDER},
    {MM_S_INIT("Hostname"), HEAD_HOST},
    {MM_S_INIT("Computer"), HEAD_HOST},
    {MM_S_INIT("ComputerName"), HEAD_HOST},
    {MM_S_INIT("computer"), HEAD_HOST},
    {MM_S_INIT("computer_name"), HEAD_HOST},
    {MM_S_INIT("MachineName"), HEAD_HOST},
    {MM_S_INIT("winlog.computer_name"), HEAD_HOST},
    {MM_S_INIT("host.name"), HEAD_HOST},
    {MM_S_INIT("RecordNumber"), HEAD_RECORD},
    {MM_S_INIT("EventRecordID"), HEAD_RECORD},
    {MM_S_INIT("eventRecordID"), HEAD_RECORD},
    {MM_S_INIT("record_id"), HEAD_RECORD},
    {MM_S_INIT("record_number"), HEAD_RECORD},
    {MM_S_INIT("winlog.record_id"), HEAD_RECORD},
    {MM_S_INIT("Keywords"), HEAD_KEYWORDS},
    {MM_S_INIT("keywords"), HEAD_KEYWORDS},
    {MM_S_INIT("winlog.keywords"), HEAD_KEYWORDS},
    {MM_S_INIT("Level"), HEAD_LEVEL},
    {MM_S_INIT("level"), HEAD_LEVEL},
    {MM_S_INIT("EventLevel"), HEAD_LEVEL},
    {MM_S_INIT("log.level"), HEAD_LEVEL},
    {MM_S_INIT("Message"), HEAD_MESSAGE},
    {MM_S_INIT("message"), HEAD_MESSAGE},
    {MM_S_INIT("outcome"), HEAD_AUDIT},
    {MM_S_INIT("severityValue"), HEAD_AUDIT},
    {MM_S_INIT("event.outcome"), HEAD_AUDIT},
    {MM_S_INIT("UserID"), HEAD_SID},
    {MM_S_INIT("Security_UserID"), HEAD_SID},
    {MM_S_INIT("AccountName"), HEAD_USER},
    {MM_S_INIT("Domain"), HEAD_DOMAIN},
    {MM_S_INIT("TimeCreated"), HEAD_TIME},
    {MM_S_INIT("TimeCreated_SystemTime"), HEAD_TIME},
    {MM_S_INIT("systemTime"), HEAD_TIME},
    {MM_S_INIT("TimeGenerated"), HEAD_TIME},
    {MM_S_INIT("EventTime"), HEAD_TIME_LOCAL},
    {MM_S_INIT("EventReceivedTime"), HEAD_TIME_RECEIVED},
    {MM_S_INIT("@timestamp"), HEAD_TIME_AT},
};

/* What shippers add, and facts of System that no rule and no page asks for. */
static const struct mm_slice skipped[] = {
    MM_S_INIT("@version"),
    MM_S_INIT("@metadata"),
    MM_S_INIT("AccountType"),
    MM_S_INIT("ActivityID"),
    MM_S_INIT("Category"),
    MM_S_INIT("Correlation"),
    MM_S_INIT("Correlation_ActivityID"),
    MM_S_INIT("Correlation_RelatedActivityID"),
    MM_S_INIT("ERROR_EVT_UNRESOLVED"),
    MM_S_INIT("EventLevelName"),
    MM_S_INIT("EventOriginId"),
    MM_S_INIT("EventTypeOrignal"),
    MM_S_INIT("EventTypeOriginal"),
    MM_S_INIT("Execution_ProcessID"),
    MM_S_INIT("Execution_ThreadID"),
    MM_S_INIT("ExecutionThreadID"),
    MM_S_INIT("ExecutionProcessID"),
    MM_S_INIT("MG"),
    MM_S_INIT("ManagementGroupName"),
    MM_S_INIT("Opcode"),
    MM_S_INIT("OpcodeValue"),
    MM_S_INIT("Provider_Guid"),
    MM_S_INIT("Provider_EventSourceName"),
    MM_S_INIT("ProviderGuid"),
    MM_S_INIT("RelatedActivityID"),
    MM_S_INIT("RenderedDescription"),
    MM_S_INIT("Security"),
    MM_S_INIT("Severity"),
    MM_S_INIT("SeverityValue"),
    MM_S_INIT("SourceComputerId"),
    MM_S_INIT("SourceModuleName"),
    MM_S_INIT("SourceModuleType"),
    MM_S_INIT("SourceSystem"),
    MM_S_INIT("Task"),
    MM_S_INIT("TenantId"),
    MM_S_INIT("ThreadID"),
    MM_S_INIT("TimeCollected"),
    MM_S_INIT("Version"),
    MM_S_INIT("_ResourceId"),
    MM_S_INIT("activity_id"),
    MM_S_INIT("api"),
    MM_S_INIT("host"),
    MM_S_INIT("opcode"),
    MM_S_INIT("port"),
    MM_S_INIT("processID"),
    MM_S_INIT("process_id"),
    MM_S_INIT("providerGuid"),
    MM_S_INIT("provider_guid"),
    MM_S_INIT("related_activity_id"),
    MM_S_INIT("tags"),
    MM_S_INIT("task"),
    MM_S_INIT("threadID"),
    MM_S_INIT("thread_id"),
    MM_S_INIT("type"),
    MM_S_INIT("version"),
    MM_S_INIT("xml_name"),
    MM_S_INIT("xmlns"),
    MM_S_INIT("#attributes"),
    MM_S_INIT("time_created"),
};

/* EventData names that conclusions are drawn from, besides those with a row in winfields.def. */
static const struct {
    struct mm_slice name;
    struct mm_slice extra;
    enum win_slot slot;
} slots[] = {
#define SLOT(name, slot)                                                                           \
    {                                                                                              \
        MM_S_INIT(name), MM_S_INIT("winlog.event_data." name), slot                                \
    }
    SLOT("UtcTime", SLOT_UTC_TIME),
    SLOT("User", SLOT_USER),
    SLOT("SourceUser", SLOT_SOURCE_USER),
    SLOT("TargetUser", SLOT_TARGET_USER),
    SLOT("SubjectUserName", SLOT_SUBJECT_NAME),
    SLOT("SubjectDomainName", SLOT_SUBJECT_DOMAIN),
    SLOT("SubjectUserSid", SLOT_SUBJECT_SID),
    SLOT("TargetUserName", SLOT_TARGET_NAME),
    SLOT("TargetDomainName", SLOT_TARGET_DOMAIN),
    SLOT("TargetUserSid", SLOT_TARGET_SID),
    SLOT("TargetSid", SLOT_TARGET_SID),
    SLOT("MemberName", SLOT_MEMBER_NAME),
    SLOT("MemberSid", SLOT_MEMBER_SID),
    SLOT("AccountName", SLOT_ACCOUNT_NAME),
    SLOT("AccountDomain", SLOT_ACCOUNT_DOMAIN),
    SLOT("UserName", SLOT_USER_NAME),
    SLOT("UserContext", SLOT_USER_NAME),
    SLOT("Detection User", SLOT_USER_NAME),
    SLOT("Direction", SLOT_DIRECTION),
    SLOT("Threat Name", SLOT_THREAT_NAME),
    SLOT("Category Name", SLOT_THREAT_CATEGORY),
    SLOT("Process Name", SLOT_THREAT_PROCESS),
    SLOT("Path", SLOT_PATH),
    SLOT("Action ID", SLOT_THREAT_ACTION),
    SLOT("Error Code", SLOT_THREAT_ERROR),
    SLOT("TargetServerName", SLOT_TARGET_SERVER),
    SLOT("Hashes", SLOT_HASHES),
    SLOT("Hash", SLOT_HASHES),
    SLOT("Initiated", SLOT_INITIATED),
    SLOT("ProcessId", SLOT_PID),
    SLOT("NewProcessId", SLOT_NEW_PID),
    SLOT("ProcessID", SLOT_PID_CAPITAL),
    SLOT("ObjectType", SLOT_OBJECT_TYPE),
    SLOT("ObjectName", SLOT_OBJECT_NAME),
    SLOT("Status", SLOT_STATUS),
    SLOT("SubStatus", SLOT_SUB_STATUS),
    SLOT("EventType", SLOT_EVENT_TYPE),
    SLOT("ContextInfo", SLOT_CONTEXT),
    SLOT("Data", SLOT_DATA),
#undef SLOT
};

static const struct win_row rows[] = {
#define MM_WIN(name, ecs, kind)                                                                    \
    {                                                                                              \
        MM_S_INIT(name), MM_S_INIT("winlog.event_data." name),                                     \
        MM_S_INIT(ecs),  MM_F_NONE,                                                                \
        KIND_##kind,     SLOT_NONE},
#include "model/winfields.def"
#undef MM_WIN
};
static_assert(MM_COUNT(rows) + MM_COUNT(slots) <= WIN_ROWS_MAX, "every name has room for a row");

static const struct mm_slice data_prefix = MM_S_INIT("winlog.event_data.");

static struct win_row *row_of(struct mm_winevent *t, struct mm_slice name)
{
    uint32_t at;

    if (!mm_names_get(&t->data, name, &at)) {
        at = (uint32_t)t->row_count++;
        MM_ASSERT(at < WIN_ROWS_MAX);
        t->row[at] = (struct win_row){.name = name, .field = MM_F_NONE, .kind = KIND_COPY};
        mm_names_add(&t->data, name, at);
    }
    return &t->row[at];
}

void win_tables_init(struct mm_winevent *t)
{
    for (size_t i = 0; i < MM_COUNT(heads); i++)
        mm_names_add(&t->heads, heads[i].name, heads[i].head);
    for (size_t i = 0; i < MM_COUNT(skipped); i++)
        mm_names_add(&t->heads, skipped[i], HEAD_SKIP);
    for (size_t i = 0; i < MM_COUNT(rows); i++) {
        struct win_row *r = row_of(t, rows[i].name);

        *r = rows[i];
        r->field = mm_field_find(r->ecs);
    }
    for (size_t i = 0; i < MM_COUNT(slots); i++) {
        struct win_row *r = row_of(t, slots[i].name);

        r->extra = slots[i].extra;
        r->slot = slots[i].slot;
        /* Which of the process numbers is whose shows only at the end. */
        if (r->slot == SLOT_PID || r->slot == SLOT_NEW_PID || r->slot == SLOT_PID_CAPITAL)
            r->kind = KIND_LATE;
    }
    for (size_t i = 0; i < MM_F_COUNT; i++)
        mm_names_add(&t->fields, mm_field_name((enum mm_field)i), (uint32_t)i);
}

void win_fail(struct win *w, const char *why)
{
    if (w->why == NULL)
        w->why = why;
}

bool win_is_blank(struct mm_slice s)
{
    return s.n == 0 || (s.n == 1 && s.p[0] == '-') || mm_slice_eq(s, MM_S("N/A")) ||
           mm_slice_eq(s, MM_S("LOCAL")) || mm_slice_ieq(s, MM_S("unknown"));
}

bool win_num(struct mm_slice s, uint64_t *ret)
{
    if (s.n > 2 && s.p[0] == '0' && (s.p[1] | 0x20) == 'x')
        return mm_slice_hex(mm_slice_sub(s, 2, SIZE_MAX), ret);
    return mm_slice_u64(s, ret);
}

void win_extra(struct win *w, struct mm_slice name, struct mm_slice value)
{
    struct mm_event *ev = w->ev;

    if (ev->extra_n >= MM_MAX_EXTRA || name.n > MM_MAX_FIELD_NAME) {
        ev->flags |= MM_EV_EXTRA_FULL;
        return;
    }
    ev->extra[ev->extra_n++] = (struct mm_extra){.name = name, .value = value};
}

void win_extra_data(struct win *w, struct mm_slice name, struct mm_slice value)
{
    uint8_t *p;

    if (name.n > MM_MAX_FIELD_NAME - data_prefix.n) {
        w->ev->flags |= MM_EV_EXTRA_FULL;
        return;
    }
    p = mm_arena_bytes(w->env->arena, data_prefix.n + name.n);
    if (p == NULL) {
        w->ev->flags |= MM_EV_EXTRA_FULL;
        return;
    }
    memcpy(p, data_prefix.p, data_prefix.n);
    if (name.n > 0)
        memcpy(p + data_prefix.n, name.p, name.n);
    win_extra(w, mm_slice_of(p, data_prefix.n + name.n), value);
}

/* IPv6 link-local addresses are written with the interface behind them: fe80::1%5. */
static bool put_addr(struct win *w, enum mm_field f, struct mm_slice v)
{
    struct mm_ip ip;

    if (!mm_ip_parse_log(v, &ip))
        return false;
    mm_event_ip(w->ev, f, &ip);
    return true;
}

/* Written with the characters of an address: then it should have been one. */
static bool looks_like_addr(struct mm_slice v)
{
    bool dots = false;

    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i];

        if (c == '.' || c == ':')
            dots = true;
        else if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return dots;
}

static const struct {
    struct mm_slice number, name;
} protocols[] = {
    {MM_S_INIT("1"), MM_S_INIT("icmp")},       {MM_S_INIT("2"), MM_S_INIT("igmp")},
    {MM_S_INIT("6"), MM_S_INIT("tcp")},        {MM_S_INIT("17"), MM_S_INIT("udp")},
    {MM_S_INIT("47"), MM_S_INIT("gre")},       {MM_S_INIT("50"), MM_S_INIT("esp")},
    {MM_S_INIT("58"), MM_S_INIT("ipv6-icmp")},
};

static void put_protocol(struct win *w, const struct win_row *r, struct mm_slice v)
{
    uint64_t number;

    if (!mm_slice_u64(v, &number)) {
        mm_event_text(w->ev, r->field, v);
        return;
    }
    win_extra(w, r->extra, v);
    mm_event_uint(w->ev, MM_F_NETWORK_IANA, number);
    for (size_t i = 0; i < MM_COUNT(protocols); i++) {
        if (mm_slice_eq(protocols[i].number, v))
            mm_event_text(w->ev, r->field, protocols[i].name);
    }
}

static void put_row(struct win *w, const struct win_row *r, struct mm_slice v)
{
    uint64_t number;

    switch (r->kind) {
    case KIND_TEXT:
        /* "-" is Windows' word for nothing: no executable, no host is called so. */
        if (v.n == 1 && v.p[0] == '-')
            win_extra(w, r->extra, v);
        else if (r->field == MM_F_NONE)
            win_extra(w, r->ecs, v);
        else if (mm_event_has(w->ev, r->field))
            win_extra(w, r->extra, v);
        else
            mm_event_text(w->ev, r->field, v);
        return;
    case KIND_ADDR:
        if (mm_event_has(w->ev, r->field) || win_is_blank(v) || !put_addr(w, r->field, v)) {
            win_extra(w, r->extra, v);
            if (looks_like_addr(v) && !mm_event_has(w->ev, r->field))
                win_fail(w, "winevent.address");
        }
        return;
    case KIND_NUM:
        if (mm_event_has(w->ev, r->field) || !win_num(v, &number)) {
            win_extra(w, r->extra, v);
            if (!win_is_blank(v) && !mm_event_has(w->ev, r->field))
                win_fail(w, "winevent.number");
            return;
        }
        mm_event_uint(w->ev, r->field, number);
        return;
    case KIND_PROTO:
        put_protocol(w, r, v);
        return;
    case KIND_COPY:
    case KIND_HEAD:
        win_extra(w, r->extra, v);
        return;
    case KIND_LATE:
        return;
    }
}

/* param1, Param2 … are values that the publisher gave no name. */
static bool is_param(struct mm_slice name)
{
    uint64_t n;

    return name.n > 5 && (name.p[0] | 0x20) == 'p' && memcmp(name.p + 1, "aram", 4) == 0 &&
           mm_slice_u64(mm_slice_sub(name, 5, SIZE_MAX), &n);
}

void win_data_text(struct win *w, struct mm_slice name, struct mm_slice value)
{
    uint32_t at;

    w->has_data = true;
    if (!mm_names_get(&w->t->data, name, &at)) {
        if (w->param_count < WIN_PARAMS_MAX && is_param(name))
            w->param[w->param_count++] = value;
        win_extra_data(w, name, value);
        return;
    }
    if (w->t->row[at].slot != SLOT_NONE && w->slot[w->t->row[at].slot].p == NULL)
        w->slot[w->t->row[at].slot] = value;
    put_row(w, &w->t->row[at], value);
}

void win_data(struct win *w, struct mm_slice name, const struct mm_json_item *it)
{
    const struct mm_json_item *text;

    if (it->type == MM_JSON_NULL)
        return;
    if (it->type == MM_JSON_OBJECT) {
        text = mm_json_get(w->doc, mm_json_index(w->doc, it), MM_S("#text"));
        if (text != NULL && mm_json_is_scalar(text))
            it = text;
    }
    win_data_text(w, name, it->text);
}

void win_ecs(struct win *w, struct mm_slice name, struct mm_slice value)
{
    uint32_t f;

    if (!mm_names_get(&w->t->fields, name, &f)) {
        struct mm_slice own;

        if (mm_event_extra(w->ev, name) == NULL && mm_arena_dup(w->env->arena, name, &own))
            win_extra(w, own, value);
        return;
    }
    if (!mm_event_has(w->ev, (enum mm_field)f) && !win_is_blank(value) &&
        !mm_event_parse(w->ev, (enum mm_field)f, value))
        win_fail(w, "winevent.ecs");
}
