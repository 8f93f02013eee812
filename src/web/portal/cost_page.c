/*
 * web/portal/cost_page.c - what each company costs in a month: a page, and a sheet to take along.
 *
 * Both come from `mimamori cost`, a program of its own: the machine is one for all companies, and
 * no scope of the portal shows how it is shared.
 */
#include <stdio.h>

#include "os/child.h"
#include "web/portal/ask.h"
#include "web/portal/pages.h"

enum {
    WAIT_MS = 10 * 1000,
    ANSWER_MAX = 64 * 1024 * 1024, /* a sheet of 20,000 companies; it grows as needed */
    MONTH_MAX = 16,                /* "2026-11", and room for what is none */
    PRICES_MAX = 72,
    ASKED_WRONGLY = 2, /* the program's end when there is no such month */
};

/* The program's answer about the month that is asked for, into out. */
static enum mm_code ask(struct mm_page *p, const char *form, const char *more, const char *value,
                        struct mm_buf *out)
{
    const struct mm_portal_cfg *cfg = &p->portal->cfg;
    struct mm_slice month = mm_input_get(&p->in, "month");
    char month_text[MONTH_MAX + 1], prices[PRICES_MAX];
    const char *argv[16] = {cfg->cost_program, form,  "--state", cfg->state_dir, more, value,
                            "--prices",        prices};
    enum mm_code code;
    int status = 0;

    /* Staff of one programme sees its companies, not what all of them together take. */
    if (!mm_page_machine(p))
        return MM_E_DENIED;
    if (argv[0] == NULL)
        return MM_E_NOTFOUND;
    if (month.n > MONTH_MAX)
        return MM_E_RANGE;
    (void)snprintf(month_text, sizeof(month_text), "%.*s", MM_S_ARG(month));
    (void)snprintf(prices, sizeof(prices), "%llu,%llu,%llu", (unsigned long long)cfg->machine_yen,
                   (unsigned long long)cfg->hour_yen, (unsigned long long)cfg->fee_yen);
    if (month.n > 0) {
        argv[8] = "--month";
        argv[9] = month_text;
    }
    /* One program at a time looks at the whole machine. */
    (void)pthread_mutex_lock(&p->portal->status_lock);
    code = mm_child_ask(argv, (struct mm_slice){0}, WAIT_MS, out, &status);
    (void)pthread_mutex_unlock(&p->portal->status_lock);
    if (code == MM_OK && status != 0)
        code = status == ASKED_WRONGLY ? MM_E_RANGE : MM_E_IO;
    return code;
}

enum mm_code mm_page_cost(struct mm_page *p)
{
    struct mm_slice from = mm_input_get(&p->in, "from");
    struct mm_buf answer;
    char at[24];
    uint64_t n = 0;
    enum mm_code code;

    if (from.n > 0 && (!mm_slice_u64(from, &n) || n > UINT32_MAX))
        return MM_E_RANGE;
    (void)snprintf(at, sizeof(at), "%llu", (unsigned long long)n);
    mm_buf_init(&answer, ANSWER_MAX);
    code = ask(p, "--json", "--from", at, &answer);
    if (code == MM_OK)
        code = mm_page_typed(p, mm_buf_slice(&answer), p->doc);
    mm_buf_done(&answer);
    return code;
}

enum mm_code mm_page_cost_sheet(struct mm_page *p)
{
    struct mm_buf answer;
    enum mm_code code;

    mm_buf_init(&answer, ANSWER_MAX);
    code = ask(p, "--csv", "--lang", mm_lang_tag(p->lang), &answer);
    if (code == MM_OK) {
        mm_http_set(p->req, "Content-Disposition", "attachment; filename=\"mimamori-cost.csv\"");
        mm_buf_add(mm_http_reply(p->req, 200, "text/csv; charset=utf-8"), mm_buf_slice(&answer));
    }
    mm_buf_done(&answer);
    return code;
}
