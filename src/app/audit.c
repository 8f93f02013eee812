/* app/audit.c - `mimamori audit list|verify`: who did what in a company, and is the log whole? */
#include <stdio.h>

#include "app/nouns.h"
#include "app/tables.h"
#include "base/time.h"
#include "register/audit.h"
#include "store/records/system_scope.h"

enum {
    ENTRIES_DEFAULT = 50,
    OUT_MAX = 64 * 1024 * 1024,
    COMPANIES_MAX = 20000, /* of one operator: 1,000 are planned for */
    CODE_MAX = 48,         /* register/fields.def: 40 */
};

struct print {
    struct mm_noun *n;
    struct mm_doc *items;
    uint64_t last;
    uint32_t count;
};

static bool print_entry(void *arg, const struct mm_audit_row *row)
{
    struct print *p = arg;
    char time[MM_TIME_TEXT];

    p->last = row->number;
    p->count++;
    if (p->n->json) {
        struct mm_doc *d = mm_doc_object(p->items, NULL);

        mm_doc_int(d, "number", (int64_t)row->number);
        mm_doc_time(d, "time", row->entry.time_us);
        mm_doc_int(d, "user", row->entry.user);
        mm_doc_text(d, "actor", row->entry.actor);
        mm_doc_text(d, "action", row->entry.action);
        mm_doc_text(d, "object", row->entry.object);
        if (row->erased)
            mm_doc_null(d, "text");
        else
            mm_doc_text(d, "text", row->entry.text);
        return true;
    }
    mm_time_text(row->entry.time_us, time);
    printf("%llu\t%s\t%.*s\t%.*s\t%.*s\t%.*s\n", (unsigned long long)row->number, time,
           MM_S_ARG(row->entry.actor), MM_S_ARG(row->entry.action), MM_S_ARG(row->entry.object),
           MM_S_ARG(row->entry.text));
    return true;
}

static enum mm_code list(struct mm_noun *n, struct mm_tx *tx)
{
    struct print p = {.n = n, .items = mm_doc_array(n->doc, "items")};
    uint32_t limit = n->limit == 0 ? ENTRIES_DEFAULT : n->limit;
    enum mm_code code = mm_audit_each(tx, n->from, limit, print_entry, &p);

    if (p.count == limit && p.last > 1)
        mm_doc_int(n->doc, "next", (int64_t)p.last);
    else
        mm_doc_null(n->doc, "next");
    return code;
}

static enum mm_code see(struct mm_noun *n, uint32_t company, struct mm_scope_hold *hold,
                        struct mm_tx **ret)
{
    return mm_records_read(n->records, mm_system_company(hold, company), ret);
}

/* One chain: what it is like, as members of d. */
static enum mm_code verify(struct mm_noun *n, uint32_t company, const struct mm_audit_head *known,
                           struct mm_doc *d, struct mm_audit_proof *ret)
{
    char head[MM_AUDIT_HEAD_TEXT];
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    enum mm_code code = see(n, company, &hold, &tx);

    if (code == MM_OK)
        code = mm_audit_verify(tx, known, ret);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    mm_audit_head_text(&ret->last, head);
    mm_doc_int(d, "entries", (int64_t)ret->entries);
    mm_doc_bool(d, "whole", ret->broken_at == 0);
    mm_doc_int(d, "broken_at", (int64_t)ret->broken_at);
    mm_doc_str(d, "last", strchr(head, ':') + 1);
    mm_doc_str(d, "head", head);
    mm_noun_number(n, "entries", (int64_t)ret->entries);
    mm_noun_number(n, "at", (int64_t)ret->broken_at);
    mm_noun_word(n, "last", head);
    return MM_OK;
}

static enum mm_code verify_one(struct mm_noun *n, uint32_t company,
                               const struct mm_audit_head *known, bool *ret_whole)
{
    struct mm_audit_proof proof = {0};
    enum mm_code code = verify(n, company, known, n->doc, &proof);

    *ret_whole = proof.broken_at == 0;
    if (code == MM_OK)
        mm_noun_tell(n, *ret_whole ? "cli.audit.whole" : "cli.audit.broken");
    return code;
}

struct all {
    uint32_t company[COMPANIES_MAX];
    char code[COMPANIES_MAX][CODE_MAX];
    size_t n;
};

static bool take_company(void *arg, uint32_t company, struct mm_slice code)
{
    struct all *all = arg;

    if (all->n == COMPANIES_MAX)
        return false;
    all->company[all->n] = company;
    (void)snprintf(all->code[all->n++], CODE_MAX, "%.*s", MM_S_ARG(code));
    return true;
}

static enum mm_code verify_days(struct mm_noun *n, struct mm_audit_days *ret)
{
    char day[MM_TIME_TEXT];
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(n->records, mm_system_scope(), &tx);

    if (code == MM_OK)
        code = mm_audit_verify_days(tx, ret);
    mm_records_read_done(&tx);
    if (code != MM_OK)
        return code;
    mm_doc_int(n->doc, "days", (int64_t)ret->days);
    mm_noun_number(n, "days", (int64_t)ret->days);
    if (ret->broken_at == 0) {
        mm_doc_null(n->doc, "broken_day");
        return MM_OK;
    }
    mm_time_text(ret->broken_at * MM_US_PER_DAY, day);
    day[10] = 0;
    mm_doc_str(n->doc, "broken_day", day);
    mm_noun_word(n, "value", day);
    mm_noun_tell(n, "cli.audit.day_broken");
    return MM_OK;
}

/* Every chain there is, and the days that tie them together; `known` is the operator's. */
static enum mm_code verify_all(struct mm_noun *n, const struct mm_audit_head *known,
                               bool *ret_whole)
{
    static struct all all;
    struct mm_doc *list = mm_doc_array(n->doc, "companies");
    struct mm_audit_days days = {0};
    struct mm_audit_proof proof;
    char head[MM_AUDIT_HEAD_TEXT] = "";
    uint64_t entries = 0;
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(n->records, mm_system_scope(), &tx);
    bool whole = true;

    if (code == MM_OK)
        code = mm_audit_companies(tx, take_company, &all);
    mm_records_read_done(&tx);
    for (size_t i = 0; i < all.n && code == MM_OK; i++) {
        struct mm_doc *d = mm_doc_object(list, NULL);
        bool operators = all.company[i] == MM_COMPANY_OPERATOR;

        mm_doc_int(d, "company", all.company[i]);
        mm_doc_text(d, "code", mm_slice_str(all.code[i]));
        code = verify(n, all.company[i], operators ? known : NULL, d, &proof);
        if (code != MM_OK)
            break;
        entries += proof.entries;
        if (operators)
            mm_audit_head_text(&proof.last, head);
        whole = whole && proof.broken_at == 0;
        mm_noun_word(n, "value", all.code[i]);
        if (proof.broken_at != 0)
            mm_noun_tell(n, "cli.audit.company_broken");
    }
    if (code == MM_OK)
        code = verify_days(n, &days);
    whole = whole && days.broken_at == 0;
    mm_doc_bool(n->doc, "whole", whole);
    mm_noun_number(n, "companies", (int64_t)all.n);
    mm_noun_number(n, "entries", (int64_t)entries);
    mm_noun_word(n, "last", head);
    if (code == MM_OK && whole)
        mm_noun_tell(n, "cli.audit.all_whole");
    *ret_whole = whole;
    return code;
}

static enum mm_code list_of(struct mm_noun *n, uint32_t company)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    enum mm_code code = see(n, company, &hold, &tx);

    if (code == MM_OK)
        code = list(n, tx);
    mm_records_read_done(&tx);
    return code;
}

static enum mm_code company_of(struct mm_noun *n, uint32_t *ret)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(n->records, mm_system_scope(), &tx);

    if (code == MM_OK)
        code = mm_company_by_code(tx, mm_slice_str(n->company), ret);
    mm_records_read_done(&tx);
    return code;
}

static bool run(struct mm_noun *n, bool verifying, const struct mm_audit_head *known)
{
    uint32_t company = 0;
    bool whole = true;
    enum mm_code code = MM_OK;

    if (n->company != NULL) {
        mm_noun_word(n, "value", n->company);
        code = company_of(n, &company);
        if (code == MM_E_NOTFOUND)
            return mm_noun_complain(n, "cli.no_company");
    }
    if (code == MM_OK && !verifying)
        code = list_of(n, company);
    else if (code == MM_OK && n->company != NULL)
        code = verify_one(n, company, known, &whole);
    else if (code == MM_OK)
        code = verify_all(n, known, &whole);
    mm_noun_word(n, "why", mm_code_key(code));
    if (code != MM_OK)
        return mm_noun_complain(n, "cli.failed");
    return whole;
}

/* Takes --head NUMBER:HASH out of argv; false when it is none. */
static bool take_head(int *argc, char **argv, struct mm_audit_head *ret, bool *ret_given)
{
    for (int i = 2; i < *argc; i++) {
        if (strcmp(argv[i], "--head") != 0)
            continue;
        if (i + 1 == *argc || !mm_audit_head_parse(mm_slice_str(argv[i + 1]), ret))
            return false;
        for (int j = i; j + 2 <= *argc; j++)
            argv[j] = argv[j + 2]; /* the NULL behind the last as well */
        *argc -= 2;
        *ret_given = true;
        return true;
    }
    return true;
}

static void print_json(struct mm_noun *n)
{
    struct mm_buf out;

    mm_buf_init(&out, OUT_MAX);
    mm_doc_json(&out, n->doc);
    mm_buf_byte(&out, '\n');
    (void)fwrite(out.p, 1, out.n, stdout);
    mm_buf_done(&out);
}

int main(int argc, char **argv)
{
    struct mm_noun n = {.entity = mm_entity(MM_REG_COMPANY), .now_us = mm_now_us()};
    bool verifying = argc > 1 && strcmp(argv[1], "verify") == 0, ok = false, given = false;
    struct mm_audit_head known;
    static char verb[] = "list";

    mm_arena_init(&n.arena, OUT_MAX);
    n.doc = mm_doc_new(&n.arena);
    if (verifying)
        argv[1] = verb; /* options are those of a list */
    if ((verifying && !take_head(&argc, argv, &known, &given)) || !mm_noun_read(&n, argc, argv) ||
        n.verb != MM_VERB_LIST || (n.company == NULL && !verifying)) {
        fputs("usage: mimamori audit list --company CODE [--from NUMBER] [--limit COUNT]\n"
              "       mimamori audit verify [--company CODE] [--head NUMBER:HASH]\n"
              "       --head: an end of the chain that was kept elsewhere, such as that of the\n"
              "       operator's daily mail; without --company it is the operator's\n"
              "       also: --state DIR  --json  --lang ja|en\n",
              stderr);
        mm_arena_done(&n.arena);
        return MM_NOUNS_USAGE;
    }
    mm_noun_word(&n, "state", n.state);
    if (mm_app_records(n.state, &n.records) == MM_OK)
        ok = run(&n, verifying, given ? &known : NULL);
    if (n.json && n.records != NULL)
        print_json(&n);
    mm_records_close(&n.records);
    mm_arena_done(&n.arena);
    return ok && fflush(stdout) == 0 ? MM_NOUNS_OK : MM_NOUNS_FAILED;
}
