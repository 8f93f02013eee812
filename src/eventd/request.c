/* eventd/request.c - see request.h for the contract. */
#include "eventd/request.h"

#include "codec/url.h"
#include "eventd/sql.h"

static enum mm_code decode(struct mm_arena *arena, struct mm_slice s, struct mm_slice *ret)
{
    struct mm_buf b;
    enum mm_code code = MM_OK;

    mm_buf_init(&b, s.n + 1); /* decoding never makes anything longer */
    if (!mm_url_decode(&b, s))
        code = MM_E_SYNTAX;
    else if (!mm_buf_ok(&b) || !mm_arena_dup(arena, mm_buf_slice(&b), ret))
        code = MM_E_LIMIT;
    mm_buf_done(&b);
    return code;
}

static bool plain(struct mm_slice s, size_t max, bool dashes)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || (dashes && (c == '-' || c == '.' || c == ':'))))
            return false;
    }
    return s.n > 0 && s.n <= max;
}

static enum mm_code add_param(struct mm_request *r, struct mm_slice name, struct mm_slice value,
                              size_t at, struct mm_fault *fault)
{
    uint64_t n;

    if (r->param_n >= MM_STORE_PARAMS_MAX)
        return mm_fail(fault, MM_E_LIMIT, at, "request.params");
    if (!plain(name, MM_SQL_NAME_MAX, false))
        return mm_fail(fault, MM_E_SYNTAX, at, "request.param");
    if (mm_slice_eq(name, MM_S("company")) && mm_slice_u64(value, &n) && n < UINT32_MAX)
        r->company = (uint32_t)n;
    r->param[r->param_n++] = (struct mm_store_param){.name = name, .value = value};
    return MM_OK;
}

/* One name=value of the URL. */
static enum mm_code setting(struct mm_request *r, struct mm_slice name, struct mm_slice value,
                            size_t at, struct mm_fault *fault)
{
    static const struct mm_slice param = MM_S_INIT("param_");

    if (mm_slice_starts(name, param))
        return add_param(r, mm_slice_sub(name, param.n, SIZE_MAX), value, at, fault);
    if (mm_slice_eq(name, MM_S("query"))) {
        r->query = value;
    } else if (mm_slice_eq(name, MM_S("query_id"))) {
        if (!plain(value, MM_REQUEST_ID_MAX, true))
            return mm_fail(fault, MM_E_SYNTAX, at, "request.query_id");
        r->id = value;
    } else if (mm_slice_eq(name, MM_S("default_format"))) {
        if (r->format.n == 0)
            r->format = value;
    } else if (mm_slice_eq(name, MM_S("database"))) {
        if (!mm_slice_eq(value, MM_S("default")))
            return mm_fail(fault, MM_E_SYNTAX, at, "request.database");
    } else if (!mm_slice_eq(name, MM_S("wait_end_of_query"))) {
        return mm_fail(fault, MM_E_SYNTAX, at, "request.setting");
    }
    return MM_OK;
}

static enum mm_code settings(struct mm_request *r, struct mm_slice query, struct mm_arena *arena,
                             struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(query);
    struct mm_slice name, value;

    while (mm_url_next(&rd, &name, &value)) {
        size_t at = (size_t)(name.p - query.p);
        enum mm_code code = decode(arena, name, &name);

        if (code == MM_OK)
            code = decode(arena, value, &value);
        if (code != MM_OK)
            return mm_fail(fault, code, at, "request.escape");
        code = setting(r, name, value, at, fault);
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

enum mm_code mm_request_parse(const struct mm_http1_head *head, struct mm_arena *arena,
                              struct mm_request *ret, struct mm_fault *fault)
{
    struct mm_request r = {.company = UINT32_MAX};
    const struct mm_slice *format = mm_http1_field(head, MM_S("x-clickhouse-format"));
    const struct mm_slice *key = mm_http1_field(head, MM_S("x-clickhouse-key"));
    struct mm_slice path, query;
    enum mm_code code;

    MM_ASSERT(ret != NULL);
    mm_url_split(head->target, &path, &query);
    r.read_only = mm_slice_eq(head->method, MM_S("GET"));
    if (!r.read_only && !mm_slice_eq(head->method, MM_S("POST")))
        return mm_fail(fault, MM_E_DENIED, 0, "request.method");
    if (key != NULL)
        r.key = *key;
    if (mm_slice_eq(path, MM_S("/ping"))) {
        r.ping = true;
        *ret = r;
        return MM_OK;
    }
    if (!mm_slice_eq(path, MM_S("/")))
        return mm_fail(fault, MM_E_NOTFOUND, 0, "request.path");
    if (format != NULL && !mm_arena_dup(arena, *format, &r.format))
        return mm_fail(fault, MM_E_LIMIT, 0, "request.format");
    code = settings(&r, query, arena, fault);
    if (code != MM_OK)
        return code;
    if (r.format.n == 0)
        r.format = MM_S("TabSeparated");
    if (!plain(r.format, MM_SQL_NAME_MAX, false))
        return mm_fail(fault, MM_E_SYNTAX, 0, "request.format");
    *ret = r;
    return MM_OK;
}

const struct mm_slice *mm_request_param(const struct mm_request *r, struct mm_slice name)
{
    for (size_t i = 0; i < r->param_n; i++) {
        if (mm_slice_eq(r->param[i].name, name))
            return &r->param[i].value;
    }
    return NULL;
}
