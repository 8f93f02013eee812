/* app/audit.c - `mimamori audit list|verify`: who did what in a company, and is the log whole? */
#include <stdio.h>

#include "app/nouns.h"
#include "app/tables.h"
#include "base/time.h"
#include "register/audit.h"
#include "store/records/system_scope.h"

enum { ENTRIES_DEFAULT = 50, OUT_MAX = 64 * 1024 * 1024 };

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

/* *ret_whole says whether the chain is. */
static enum mm_code verify(struct mm_noun *n, struct mm_tx *tx, bool *ret_whole)
{
    struct mm_audit_proof proof = {0};
    enum mm_code code = mm_audit_verify(tx, &proof);
    char last[2 * MM_DIGEST + 1];

    if (code != MM_OK)
        return code;
    for (size_t i = 0; i < MM_DIGEST; i++)
        (void)snprintf(last + 2 * i, 3, "%02x", proof.last.b[i]);
    mm_doc_int(n->doc, "entries", (int64_t)proof.entries);
    mm_doc_bool(n->doc, "whole", proof.broken_at == 0);
    mm_doc_int(n->doc, "broken_at", (int64_t)proof.broken_at);
    mm_doc_str(n->doc, "last", last);
    mm_noun_number(n, "entries", (int64_t)proof.entries);
    mm_noun_number(n, "at", (int64_t)proof.broken_at);
    mm_noun_word(n, "last", last);
    *ret_whole = proof.broken_at == 0;
    mm_noun_tell(n, *ret_whole ? "cli.audit.whole" : "cli.audit.broken");
    return MM_OK;
}

static bool run(struct mm_noun *n, bool verifying)
{
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    uint32_t company = 0;
    bool whole = true;
    enum mm_code code = mm_records_read(n->records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return mm_noun_complain(n, "cli.failed");
    code = mm_company_by_code(tx, mm_slice_str(n->company), &company);
    mm_records_read_done(&tx);
    mm_noun_word(n, "value", n->company);
    if (code != MM_OK)
        return mm_noun_complain(n, "cli.no_company");
    code = mm_records_read(n->records, mm_system_company(&hold, company), &tx);
    if (code == MM_OK)
        code = verifying ? verify(n, tx, &whole) : list(n, tx);
    mm_records_read_done(&tx);
    mm_noun_word(n, "why", mm_code_key(code));
    if (code != MM_OK)
        return mm_noun_complain(n, "cli.failed");
    return whole;
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
    bool verifying = argc > 1 && strcmp(argv[1], "verify") == 0, ok = false;
    static char verb[] = "list";

    mm_arena_init(&n.arena, OUT_MAX);
    n.doc = mm_doc_new(&n.arena);
    if (verifying)
        argv[1] = verb; /* options are those of a list */
    if (!mm_noun_read(&n, argc, argv) || n.verb != MM_VERB_LIST || n.company == NULL) {
        fputs("usage: mimamori audit list --company CODE [--from NUMBER] [--limit COUNT]\n"
              "       mimamori audit verify --company CODE\n"
              "       also: --state DIR  --json  --lang ja|en\n",
              stderr);
        mm_arena_done(&n.arena);
        return MM_NOUNS_USAGE;
    }
    mm_noun_word(&n, "state", n.state);
    if (mm_app_records(n.state, &n.records) == MM_OK)
        ok = run(&n, verifying);
    if (n.json && n.records != NULL)
        print_json(&n);
    mm_records_close(&n.records);
    mm_arena_done(&n.arena);
    return ok && fflush(stdout) == 0 ? MM_NOUNS_OK : MM_NOUNS_FAILED;
}
