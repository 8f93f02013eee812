/* web/portal/exception_view.c - see exception_view.h for the contract. */
#include "web/portal/exception_view.h"

#include "base/time.h"

enum { ANSWER_MAX = 64 * 1024 }; /* a line of 40 bytes for each exception that hid something */

/* What people know by name comes first. */
static const struct mm_candidate candidates[] = {
    {MM_S_INIT("host.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("user.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("user.target.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("source.ip"), MM_CANDIDATE_IP},
    {MM_S_INIT("source.domain"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("source.mac"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("destination.ip"), MM_CANDIDATE_IP},
    {MM_S_INIT("destination.domain"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("destination.port"), MM_CANDIDATE_NUMBER},
    {MM_S_INIT("process.executable"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("process.command_line"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("process.parent.executable"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("process.parent.command_line"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("file.path"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("file.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("file.hash.sha256"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("registry.path"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("service.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("url.domain"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("url.original"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("dns.question.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("network.application"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("rule.name"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("rule.id"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("event.code"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("event.action"), MM_CANDIDATE_TEXT},
    {MM_S_INIT("observer.name"), MM_CANDIDATE_TEXT},
};

const struct mm_candidate *mm_candidate_at(size_t index)
{
    return index < MM_COUNT(candidates) ? &candidates[index] : NULL;
}

const struct mm_candidate *mm_candidate_find(struct mm_slice name)
{
    for (size_t i = 0; i < MM_COUNT(candidates); i++) {
        if (mm_slice_eq(candidates[i].name, name))
            return &candidates[i];
    }
    return NULL;
}

bool mm_candidate_takes(enum mm_candidate_kind kind, enum mm_filter_how how)
{
    switch (kind) {
    case MM_CANDIDATE_NUMBER:
        return how == MM_FILTER_EQUALS;
    case MM_CANDIDATE_IP:
        return how == MM_FILTER_EQUALS || how == MM_FILTER_CIDR;
    case MM_CANDIDATE_TEXT:
        return how != MM_FILTER_CIDR;
    }
    return false;
}

void mm_exception_write_term(struct mm_doc *list, const struct mm_filter_term *term)
{
    struct mm_doc *d = mm_doc_object(list, NULL);

    mm_doc_text(d, "name", term->field);
    mm_doc_bool(d, "known", mm_candidate_find(term->field) != NULL);
    mm_doc_str(d, "how", mm_exception_how_name(term->how));
    mm_doc_text(d, "value", term->value);
}

static enum mm_code gather(void *ctx, struct mm_slice piece)
{
    struct mm_buf *b = ctx;

    mm_buf_add(b, piece);
    return mm_buf_ok(b) ? MM_OK : MM_E_LIMIT;
}

static enum mm_code ask_hidden(const struct mm_page *p, struct mm_buf *answer)
{
    char company[24], from[24], limit[24];
    const struct mm_events_param params[] = {
        {"company", mm_events_u64(p->company, company)},
        {"from", mm_events_i64(p->now_us - MM_HIDDEN_DAYS * MM_US_PER_DAY, from)},
        {"limit", mm_events_u64(MM_EXCEPTION_LIST_MAX, limit)},
    };
    struct mm_events_client *client = NULL;
    struct mm_events_answer said;
    enum mm_code code = mm_page_events_soon(p, &client);

    if (code == MM_OK)
        code = mm_events_run(client, MM_ST_HIDDEN_BY_EXCEPTIONS, params, MM_COUNT(params), gather,
                             answer, &said);
    mm_events_free(&client);
    return code;
}

/* "12\t345": exception 12 has hidden 345. */
static void take_hidden(struct mm_hidden_counts *h, struct mm_slice line)
{
    size_t tab = mm_slice_find(line, '\t', 0);
    struct mm_hidden_row *row = &h->row[h->n];

    if (tab != SIZE_MAX && h->n < MM_EXCEPTION_LIST_MAX &&
        mm_slice_u64(mm_slice_sub(line, 0, tab), &row->exception) &&
        mm_slice_u64(mm_slice_sub(line, tab + 1, SIZE_MAX), &row->n))
        h->n++;
}

enum mm_code mm_hidden_ask(struct mm_page *p, struct mm_hidden_counts *ret)
{
    struct mm_hidden_counts h = {
        .row = mm_arena_array(p->arena, MM_EXCEPTION_LIST_MAX + 1, sizeof(struct mm_hidden_row))};
    struct mm_buf answer;
    struct mm_slice rest;

    if (h.row == NULL)
        return MM_E_NOMEM;
    mm_buf_init(&answer, ANSWER_MAX);
    h.known = ask_hidden(p, &answer) == MM_OK;
    rest = mm_buf_slice(&answer);
    while (h.known && rest.n > 0) {
        size_t end = mm_slice_find(rest, '\n', 0);

        take_hidden(&h, mm_slice_sub(rest, 0, end));
        rest = end == SIZE_MAX ? MM_S("") : mm_slice_sub(rest, end + 1, SIZE_MAX);
    }
    mm_buf_done(&answer);
    *ret = h;
    return MM_OK;
}

void mm_hidden_write(struct mm_doc *d, const char *key, const struct mm_hidden_counts *h,
                     int64_t exception)
{
    uint64_t n = 0;

    if (!h->known) {
        mm_doc_none(d, key, "unknown");
        return;
    }
    for (size_t i = 0; i < h->n; i++)
        n += h->row[i].exception == (uint64_t)exception ? h->row[i].n : 0;
    mm_doc_measured(d, key, (int64_t)(n & INT64_MAX));
}

bool mm_exception_of_filter(struct mm_slice id, int64_t *ret)
{
    uint64_t number;

    if (!mm_slice_starts(id, MM_S("exception-")) ||
        !mm_slice_u64(mm_slice_sub(id, strlen("exception-"), SIZE_MAX), &number) ||
        number > INT64_MAX)
        return false;
    *ret = (int64_t)number;
    return true;
}

void mm_exception_write_brief(struct mm_doc *d, const struct mm_exception *e)
{
    mm_doc_int(d, "exception", e->exception);
    mm_doc_str(d, "state", mm_exception_state_name(e->state));
    mm_doc_time(d, "until", e->state == MM_EXCEPTION_ENDED ? e->ended_us : e->until_us);
    mm_doc_bool(d, "ended", e->state == MM_EXCEPTION_ENDED);
}
