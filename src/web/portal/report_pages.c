/* web/portal/report_pages.c - somebody noticed something: the form, and its way to a case. */
#include "base/time.h"
#include "desk/desk.h"
#include "register/audit.h"
#include "web/portal/pages.h"

/* Full-width digits and signs, as a Japanese keyboard gives them, become ASCII. */
static struct mm_slice narrow_digits(struct mm_page *p, struct mm_slice s)
{
    uint8_t *out = mm_arena_bytes(p->arena, s.n);
    size_t n = 0;

    if (out == NULL)
        return MM_S("");
    for (size_t i = 0; i < s.n; i++) {
        /* U+FF01..U+FF3F stand 0xFEE0 above their ASCII forms. */
        if (i + 2 < s.n && s.p[i] == 0xef && s.p[i + 1] == 0xbc && s.p[i + 2] >= 0x81) {
            out[n++] = (uint8_t)(s.p[i + 2] - 0x60);
            i += 2;
        } else {
            out[n++] = s.p[i] == '/' ? '-' : s.p[i];
        }
    }
    return mm_slice_of(out, n);
}

/* "noticed" as RFC 3339, or a day and an hour as people write them; empty means now. */
static bool read_noticed(struct mm_page *p, int64_t *ret_us)
{
    struct mm_slice whole = mm_input_get(&p->in, "noticed");
    struct mm_slice day = narrow_digits(p, mm_input_get(&p->in, "noticed_day"));
    struct mm_slice clock = narrow_digits(p, mm_input_get(&p->in, "noticed_clock"));
    char text[64];
    bool zone;
    int n;

    if (whole.n > 0)
        return mm_time_parse(whole, MM_PAGE_OFFSET_S, ret_us, &zone);
    if (day.n == 0) {
        *ret_us = p->now_us;
        return true;
    }
    if (day.n > 10 || clock.n > 8)
        return false;
    n = snprintf(text, sizeof(text), "%.*sT%s%.*s%s", MM_S_ARG(day), clock.n == 4 ? "0" : "",
                 MM_S_ARG(clock.n > 0 ? clock : MM_S("12:00")), clock.n <= 5 ? ":00" : "");
    return n > 0 && mm_time_parse(mm_slice_of(text, (size_t)n), MM_PAGE_OFFSET_S, ret_us, &zone);
}

/* The keys that were ticked, parted by single blanks; values may also come so from the API. */
static struct mm_slice ticked(struct mm_page *p, const char *name, const char *const *list)
{
    struct mm_buf out;
    struct mm_slice own = {0};

    mm_buf_init(&out, 1024);
    for (size_t i = 0; list[i] != NULL; i++) {
        if (!mm_input_ticked(&p->in, name, mm_slice_str(list[i])))
            continue;
        if (out.n > 0)
            mm_buf_byte(&out, ' ');
        mm_buf_str(&out, list[i]);
    }
    if (!mm_arena_dup(p->arena, mm_buf_slice(&out), &own))
        own = (struct mm_slice){0};
    mm_buf_done(&out);
    return own;
}

static void write_choices(struct mm_page *p, const char *name, const char *const *list)
{
    struct mm_doc *array = mm_doc_array(p->doc, name);

    for (size_t i = 0; list[i] != NULL; i++) {
        struct mm_doc *d = mm_doc_object(array, NULL);

        mm_doc_str(d, "key", list[i]);
        mm_doc_bool(d, "ticked", mm_input_ticked(&p->in, name, mm_slice_str(list[i])));
    }
}

/* The form, with what was entered when it comes back. */
static void write_form(struct mm_page *p)
{
    static const char *const names[] = {"noticed_clock", "who", "pc", "place", "text", "needed"};
    static const char *const needs[] = {"yes", "no", "unknown"};
    char today[MM_TIME_TEXT];
    struct mm_doc *list;

    write_choices(p, "symptoms", mm_desk_symptoms());
    write_choices(p, "done", mm_desk_dones());
    list = mm_doc_array(p->doc, "needs");
    for (size_t i = 0; i < MM_COUNT(needs); i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_str(d, "key", needs[i]);
        mm_doc_bool(d, "ticked",
                    mm_slice_eq(mm_input_get(&p->in, "needed"), mm_slice_str(needs[i])));
    }
    mm_page_echo(p, names, MM_COUNT(names));
    mm_time_text(p->now_us + MM_PAGE_OFFSET_S * MM_US_PER_S, today);
    mm_doc_text(p->doc, "day",
                mm_input_has(&p->in, "noticed_day") ? mm_input_get(&p->in, "noticed_day")
                                                    : mm_slice_of(today, 10));
}

enum mm_code mm_page_report(struct mm_page *p)
{
    enum mm_code code = mm_page_company(p);

    if (code == MM_OK)
        write_form(p);
    return code;
}

struct taking {
    struct mm_page *p;
    struct mm_report report;
    int64_t case_id;
    uint32_t number;
    struct mm_fault fault;
};

static enum mm_code do_take(struct mm_tx *tx, void *arg)
{
    struct taking *t = arg;
    struct mm_audit entry = {.time_us = t->p->now_us,
                             .user = t->p->me.user,
                             .actor = t->p->me.login,
                             .action = MM_S("report")};
    char object[32];
    enum mm_code code =
        mm_desk_report(tx, &t->report, t->p->me.user, &t->case_id, &t->number, &t->fault);

    if (code != MM_OK)
        return code;
    (void)snprintf(object, sizeof(object), "case %lld", (long long)t->case_id);
    entry.object = mm_slice_str(object);
    return mm_audit_add(tx, &entry);
}

static enum mm_code take(struct mm_page *p, struct taking *t)
{
    const struct mm_input *in = &p->in;
    const char *via = p->me.api ? "api" : mm_page_staff(p) ? "call" : "page";

    t->p = p;
    t->report = (struct mm_report){
        .made_us = p->now_us,
        .who = mm_input_get(in, "who"),
        .pc = mm_input_get(in, "pc"),
        .place = mm_input_get(in, "place"),
        .symptoms = ticked(p, "symptoms", mm_desk_symptoms()),
        .done = ticked(p, "done", mm_desk_dones()),
        .needed = mm_input_has(in, "needed") ? mm_input_get(in, "needed") : MM_S("unknown"),
        .via = mm_slice_str(via),
        .text = mm_input_get(in, "text"),
    };
    if (!read_noticed(p, &t->report.noticed_us)) {
        t->fault.what = "report.noticed";
        return MM_E_RANGE;
    }
    return mm_records_write(p->portal->cfg.records, p->narrow, do_take, t);
}

enum mm_code mm_page_report_make(struct mm_page *p)
{
    struct taking *t = mm_arena_alloc(p->arena, sizeof(*t));
    enum mm_code code = mm_page_company(p);

    if (t == NULL)
        return MM_E_NOMEM;
    if (code == MM_OK)
        code = take(p, t);
    if (code == MM_E_RANGE && t->fault.what != NULL) {
        p->template = "report";
        mm_page_refuse(p, t->fault.what, t->fault.what);
        write_form(p);
        return MM_OK;
    }
    if (code != MM_OK)
        return code;
    mm_doc_int(p->doc, "case", t->case_id);
    mm_doc_int(p->doc, "number", t->number);
    /* An employee may not read cases: it is told the number, and thanked. */
    if (mm_page_may(p, MM_MAY_SEE))
        mm_page_go(p, "/companies/%u/cases/%lld", p->company, (long long)t->case_id);
    p->template = "reported";
    return MM_OK;
}
