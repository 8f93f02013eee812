/* app/play.c - `mimamori play`: the pilot's monitoring period through the real intake sockets. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "app/content.h"
#include "app/play_enrol.h"
#include "app/play_report.h"
#include "app/play_send.h"
#include "app/tables.h"
#include "base/time.h"
#include "model/intake_page.h"
#include "serve/config.h"
#include "serve/state.h"
#include "store/records/system_scope.h"
#include "triage/triage.h"

enum { WAIT_STALL_S = 60 }; /* no progress for so long: something is broken */

struct arguments {
    const char *state, *tcp, *portal, *truth, *incidents;
    uint64_t seed, companies, days;
    int64_t start_us;
    bool full, enrol;
};

static int usage(void)
{
    fputs("usage: mimamori play [--state DIR] [--tcp 127.0.0.1:PORT] [--seed N] [--companies N]\n"
          "                     [--start YYYY-MM-DD] [--days N] [--incidents LIST|none] [--full]\n"
          "                     [--portal URL] [--truth FILE] [--enrol]\n"
          "Enters the pilot's companies and plays its monitoring period as real device logs.\n"
          "  --incidents  of: c2, report, logcleared; each may have @YYYY-MM-DDThh:mm or @seed\n"
          "               (default: c2,report at the pilot's times)\n"
          "  --full       every one of the 19,301,698 blocked URLs, not a hundredth of the ads\n"
          "  --tcp, --portal  where lines and the report go (default: what the configuration's\n"
          "               defaults and MIMAMORI_INTAKE_TCP, MIMAMORI_PORTAL_LISTEN say)\n"
          "  --truth      write what was really sent, for tests\n"
          "  --enrol      enter the companies, send nothing\n",
          stderr);
    return 2;
}

static bool read_date(const char *text, int64_t *ret_us)
{
    char full[64];
    bool zone;

    (void)snprintf(full, sizeof(full), "%.40s%s", text, strlen(text) == 10 ? "T00:00:00" : ":00");
    return mm_time_parse(mm_slice_str(full), 9 * 3600, ret_us, &zone);
}

/* A name that takes text; NULL: it is none of these. */
static const char **text_of(struct arguments *a, const char *name)
{
    const struct {
        const char *name;
        const char **to;
    } texts[] = {{"--state", &a->state},
                 {"--tcp", &a->tcp},
                 {"--portal", &a->portal},
                 {"--truth", &a->truth},
                 {"--incidents", &a->incidents}};

    for (size_t i = 0; i < MM_COUNT(texts); i++) {
        if (strcmp(name, texts[i].name) == 0)
            return texts[i].to;
    }
    return NULL;
}

static bool read_arguments(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i], *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool ok = false;

        if (strcmp(name, "--full") == 0 || strcmp(name, "--enrol") == 0) {
            *(name[2] == 'f' ? &a->full : &a->enrol) = true;
            continue;
        }
        if (value == NULL)
            return false;
        i++;
        if (text_of(a, name) != NULL)
            ok = (*text_of(a, name) = value) != NULL;
        else if (strcmp(name, "--seed") == 0)
            ok = mm_slice_u64(mm_slice_str(value), &a->seed);
        else if (strcmp(name, "--companies") == 0)
            ok = mm_slice_u64(mm_slice_str(value), &a->companies) && a->companies >= 1 &&
                 a->companies <= MM_WORLD_COMPANIES_MAX;
        else if (strcmp(name, "--days") == 0)
            ok = mm_slice_u64(mm_slice_str(value), &a->days) && a->days >= 1 && a->days <= 400;
        else if (strcmp(name, "--start") == 0)
            ok = strlen(value) == 10 && read_date(value, &a->start_us);
        if (!ok) {
            fprintf(stderr, "mimamori: %s %s cannot be used\n", name, value);
            return false;
        }
    }
    return true;
}

/* One word of --incidents: NAME, NAME@TIME or NAME@seed. */
static bool read_incident(struct mm_slice word, struct mm_plan *p)
{
    static const char *const names[] = {"c2", "report", "logcleared"};
    static_assert(MM_COUNT(names) == MM_INCIDENT_COUNT, "one name per incident");
    size_t at = mm_slice_find(word, '@', 0);
    struct mm_slice name = mm_slice_sub(word, 0, at);
    char time[24];

    for (size_t k = 0; k < MM_COUNT(names); k++) {
        struct mm_plan_incident *in = &p->incident[k];

        if (!mm_slice_eq(name, mm_slice_str(names[k])))
            continue;
        in->on = true;
        in->time_us = k == MM_INCIDENT_C2       ? mm_pilot_c2_us()
                      : k == MM_INCIDENT_REPORT ? mm_pilot_report_us()
                                                : 0;
        if (at == SIZE_MAX)
            return true;
        word = mm_slice_sub(word, at + 1, SIZE_MAX);
        if (mm_slice_eq(word, MM_S("seed"))) {
            in->time_us = 0;
            return true;
        }
        if (word.n != 16)
            return false;
        (void)snprintf(time, sizeof(time), "%.16s", (const char *)word.p);
        return read_date(time, &in->time_us);
    }
    return false;
}

static bool read_incidents(const char *list, struct mm_plan *p)
{
    struct mm_rd rd = mm_rd_of(mm_slice_str(list));
    struct mm_slice word;

    if (strcmp(list, "none") == 0)
        return true;
    while (mm_rd_left(&rd) > 0) {
        if (!mm_rd_until(&rd, ',', &word)) {
            word = mm_rd_rest(&rd);
            rd.pos = rd.in.n;
        }
        if (!read_incident(word, p)) {
            fprintf(stderr, "mimamori: --incidents: \"%.*s\" is none of c2, report, logcleared\n",
                    MM_S_ARG(word));
            return false;
        }
    }
    return true;
}

static enum mm_code judged(struct mm_records *records, uint64_t *ret)
{
    struct mm_tx *tx = NULL;
    struct mm_arena a;
    struct mm_health *list;
    size_t n = 0;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    if (code != MM_OK)
        return code;
    mm_arena_init(&a, 64 * 1024 * 1024);
    code = mm_health_list(tx, &a, &list, &n);
    *ret = 0;
    for (size_t i = 0; code == MM_OK && i < n; i++)
        *ret += list[i].parsed + list[i].unparsed;
    mm_records_read_done(&tx);
    mm_arena_done(&a);
    return code;
}

/* Until every line is stored and judged; says how far it is on a terminal. */
static bool wait_judged(struct mm_records *records, uint64_t lines)
{
    uint64_t done = 0, before = 0;
    int64_t moved_us = mm_mono_us();

    while (judged(records, &done) == MM_OK) {
        if (isatty(STDERR_FILENO))
            fprintf(stderr, "\r%llu of %llu ", (unsigned long long)done, (unsigned long long)lines);
        if (done >= lines)
            return done == lines;
        if (done != before)
            moved_us = mm_mono_us();
        before = done;
        if (mm_mono_us() - moved_us > WAIT_STALL_S * MM_US_PER_S)
            break;
        (void)poll(NULL, 0, 100);
    }
    fprintf(stderr, "mimamori: only %llu of %llu lines were judged\n", (unsigned long long)done,
            (unsigned long long)lines);
    return false;
}

/* Until intake knows every source that was entered: before that its lines would be a stranger's. */
static bool wait_bound(const char *state, size_t sources)
{
    int64_t until_us = mm_mono_us() + WAIT_STALL_S * MM_US_PER_S;
    char path[MM_MAX_PATH];
    bool bound = false;

    (void)snprintf(path, sizeof(path), "%s/" MM_INTAKE_PAGE_NAME, state);
    while (!bound && mm_mono_us() < until_us) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        void *p = fd < 0 ? MAP_FAILED
                         : mmap(NULL, sizeof(struct mm_intake_page), PROT_READ, MAP_SHARED, fd, 0);

        if (fd >= 0)
            (void)close(fd);
        if (p != MAP_FAILED) {
            const struct mm_intake_page *page =
                mm_intake_page_of(mm_slice_of(p, sizeof(struct mm_intake_page)));

            bound = page != NULL && atomic_load(&page->bindings) >= sources;
            (void)munmap(p, sizeof(struct mm_intake_page));
        }
        if (!bound)
            (void)poll(NULL, 0, 50);
    }
    if (!bound)
        fputs("mimamori: intake does not know the new sources; is `mimamori serve` running here, "
              "with intake.private = on?\n",
              stderr);
    return bound;
}

static size_t count_sources(const struct mm_world *w)
{
    size_t n = 0;

    for (uint32_t i = 0; i < w->n; i++) {
        for (size_t d = 0; d < MM_DEV_COUNT; d++)
            n += w->company[i].has[d];
    }
    return n;
}

static bool write_truth(const char *path, const struct mm_plan *p, const struct mm_truth *t)
{
    struct mm_buf out;
    FILE *f = fopen(path, "w");
    bool ok;

    if (f == NULL)
        return false;
    mm_buf_init(&out, 64 * 1024);
    mm_truth_json(&out, p, t);
    ok = fwrite(out.p, 1, out.n, f) == out.n;
    ok = fclose(f) == 0 && ok;
    mm_buf_done(&out);
    return ok;
}

static bool play(const struct arguments *a, const struct mm_plan *plan, struct mm_records *records,
                 struct mm_truth *truth)
{
    struct mm_senders *senders = NULL;
    int64_t from_us = mm_mono_us(), took_us;
    uint64_t before = 0;
    enum mm_code code;
    bool ok;

    code = mm_senders_new(a->tcp, plan->world, &senders);
    if (code != MM_OK) {
        fprintf(stderr, "mimamori: --tcp %s: %s\n", a->tcp,
                code == MM_E_DENIED ? "only a loopback address is played to" : mm_code_key(code));
        return false;
    }
    ok = judged(records, &before) == MM_OK && mm_plan_run(plan, mm_senders_line, senders, truth) &&
         mm_senders_finish(senders);
    mm_senders_free(&senders);
    ok = ok && wait_judged(records, before + truth->lines);
    took_us = mm_mono_us() - from_us;
    if (ok)
        printf("\n%llu events in %.1f s: %.0f events/s, stored and judged\n",
               (unsigned long long)truth->lines, (double)took_us / 1e6,
               (double)truth->lines * 1e6 / (double)took_us);
    return ok;
}

static int run(const struct arguments *a, struct mm_plan *plan)
{
    static struct mm_enrolled enrolled; /* 36 KB for 1,000 companies */
    struct mm_truth truth = {0};
    struct mm_records *records = NULL;
    char content[MM_MAX_PATH];
    enum mm_code code;
    int rc = 1;

    if (mm_content_path("pilot.yaml", content) != MM_OK ||
        mm_app_records(a->state, &records) != MM_OK)
        return 1;
    code = mm_enrol(records, content, plan->world, &enrolled);
    if (code == MM_E_EXISTS)
        fputs("mimamori: the pilot is in this state directory already; choose another --state\n",
              stderr);
    else if (code != MM_OK)
        fprintf(stderr, "mimamori: companies cannot be entered: %s\n", mm_code_key(code));
    else if (wait_bound(a->state, count_sources(plan->world)) &&
             (a->enrol || (play(a, plan, records, &truth) &&
                           (!plan->incident[MM_INCIDENT_REPORT].on ||
                            mm_play_report(records, a->state, a->portal, plan, &enrolled)))))
        rc = a->truth == NULL || write_truth(a->truth, plan, &truth) ? 0 : 1;
    mm_records_close(&records);
    return rc;
}

/* Addresses that were not given are those that `serve` takes from the same environment. */
static bool fill_addresses(struct arguments *a, const struct mm_config *config,
                           char portal[MM_MAX_PATH])
{
    int n = snprintf(portal, MM_MAX_PATH, "%s://%s",
                     mm_config_on(config, MM_CFG_PORTAL_TLS) ? "https" : "http",
                     mm_config_text(config, MM_CFG_PORTAL_LISTEN));

    if (a->tcp == NULL)
        a->tcp = mm_config_text(config, MM_CFG_INTAKE_TCP);
    if (a->portal == NULL)
        a->portal = portal;
    return n < MM_MAX_PATH;
}

/* Play with the configuration that the environment gives. */
static int run_configured(const struct arguments *given, struct mm_plan *plan)
{
    struct arguments a = *given;
    char portal[MM_MAX_PATH];
    struct mm_config config;
    struct mm_buf why;
    int rc = 1;

    mm_buf_init(&why, 8192);
    if (mm_config_load(NULL, &config, &why) != MM_OK) {
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    } else {
        if (fill_addresses(&a, &config, portal))
            rc = run(&a, plan);
        mm_config_done(&config);
    }
    mm_buf_done(&why);
    return rc;
}

int main(int argc, char **argv)
{
    struct arguments a = {.state = MM_STATE_DEFAULT,
                          .incidents = "c2,report",
                          .seed = 1,
                          .companies = 31,
                          .days = MM_PILOT_DAYS,
                          .start_us = mm_pilot_start_us()};
    struct mm_world world;
    struct mm_plan plan;
    int rc = 1;

    if (!read_arguments(argc, argv, &a))
        return usage();
    /* Of 31 companies one took part without being watched. */
    if (mm_world_new(a.seed, (uint32_t)a.companies, a.companies == 31 ? 30 : (uint32_t)a.companies,
                     &world) != MM_OK)
        return 1;
    plan = (struct mm_plan){.world = &world,
                            .seed = a.seed,
                            .start_us = a.start_us,
                            .days = (uint32_t)a.days,
                            .full = a.full};
    if (!read_incidents(a.incidents, &plan))
        rc = usage();
    else if (!mm_plan_prepare(&plan))
        fputs("mimamori: no company of this size has the device that an incident needs\n", stderr);
    else
        rc = run_configured(&a, &plan);
    mm_world_free(&world);
    return rc;
}
