/* app/report.c - `mimamori report`: alerts by class and cases of a programme. */
#include <stdio.h>
#include <stdlib.h>

#include "app/tables.h"
#include "base/limits.h"
#include "base/time.h"
#include "register/entity.h"
#include "report/report.h"
#include "serve/state.h"
#include "store/records/system_scope.h"

struct arguments {
    const char *state, *programme;
    enum mm_lang lang;
    bool json;
    struct mm_report_period period;
};

static int usage(void)
{
    fputs("usage: mimamori report [--programme CODE] [--from TIME] [--to TIME] [--lang ja|en]\n"
          "                       [--json] [--state DIR]\n"
          "Alerts by class and sensor pattern, and every case with its outcome.\n"
          "  --from, --to   2020-10-01T00:00:00+09:00; by when it happened; default: all\n",
          stderr);
    return 2;
}

static bool read_time(const char *text, int64_t *ret_us)
{
    bool zone;

    return mm_time_parse(mm_slice_str(text), 9 * 3600, ret_us, &zone);
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--json") == 0)
            a->json = true;
        else if (more && strcmp(argv[i], "--state") == 0)
            a->state = argv[++i];
        else if (more && strcmp(argv[i], "--programme") == 0)
            a->programme = argv[++i];
        else if (more && strcmp(argv[i], "--from") == 0 &&
                 read_time(argv[i + 1], &a->period.from_us))
            i++;
        else if (more && strcmp(argv[i], "--to") == 0 && read_time(argv[i + 1], &a->period.to_us))
            i++;
        else if (more && strcmp(argv[i], "--lang") == 0 &&
                 mm_lang_parse(mm_slice_str(argv[i + 1]), &a->lang))
            i++;
        else
            return false;
    }
    return true;
}

static enum mm_code build(const struct arguments *a, struct mm_records *records,
                          struct mm_events_client *events, struct mm_doc *doc)
{
    uint32_t programme = 0;
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    if (a->programme != NULL)
        code = mm_programme_by_code(tx, mm_slice_str(a->programme), &programme);
    if (code == MM_E_NOTFOUND)
        fprintf(stderr,
                "mimamori: there is no programme \"%s\"; `mimamori programme list` shows them\n",
                a->programme);
    if (code == MM_OK)
        code = mm_report_programme(tx, events, programme, &a->period, a->lang, doc);
    mm_records_read_done(&tx);
    return code;
}

int main(int argc, char **argv)
{
    struct arguments a = {.state = MM_STATE_DEFAULT, .period = {0, INT64_MAX / 2}};
    char address[MM_MAX_PATH];
    struct mm_records *records = NULL;
    struct mm_events_client *events = NULL;
    struct mm_arena arena;
    struct mm_doc *doc;
    struct mm_buf out;
    enum mm_code code;

    if (!read_arguments(argc, argv, &a))
        return usage();
    (void)snprintf(address, sizeof(address), "unix:%s/run/eventd-read.sock", a.state);
    mm_arena_init(&arena, 256 * 1024 * 1024);
    mm_buf_init(&out, 4 * 1024 * 1024);
    doc = mm_doc_new(&arena);
    code = mm_app_records(a.state, &records);
    if (code == MM_OK)
        code = mm_events_new(mm_slice_str(address), 60 * 1000, &events);
    if (code == MM_OK)
        code = build(&a, records, events, doc);
    if (code == MM_OK) {
        if (a.json) {
            mm_doc_json(&out, doc);
            mm_buf_byte(&out, '\n');
        } else {
            mm_report_text(&out, doc, a.lang);
        }
        (void)fwrite(out.p, 1, out.n, stdout);
    } else if (code != MM_E_NOTFOUND) { /* said already */
        fprintf(stderr, "mimamori: the report cannot be made: %s; is `mimamori serve` running?\n",
                mm_code_key(code));
    }
    mm_events_free(&events);
    mm_records_close(&records);
    mm_buf_done(&out);
    mm_arena_done(&arena);
    return code == MM_OK ? 0 : 1;
}
