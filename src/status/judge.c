/* status/judge.c - what follows from a reading, and who is told; see status.h for the contract. */
#include <stdio.h>

#include "base/time.h"
#include "model/intake_page.h"
#include "status/status.h"
#include "store/records/system_scope.h"

struct judging {
    const struct mm_status *s;
    struct mm_status_line *line;
    size_t n;
};

static struct mm_status_line *add(struct judging *j, const char *what, const char *name)
{
    struct mm_status_line *l;

    MM_ASSERT(j->n < MM_STATUS_LINES_MAX);
    l = &j->line[j->n++];
    *l = (struct mm_status_line){.what = what, .state = MM_STATUS_OK};
    (void)snprintf(l->name, sizeof(l->name), "%s", name);
    return l;
}

static void say(struct mm_status_line *l, enum mm_status_state state, const char *why, int64_t n)
{
    l->state = state;
    l->why = why;
    l->n = n;
}

static void judge_programs(struct judging *j)
{
    const struct mm_status *s = j->s;

    if (!s->served) {
        say(add(j, "program", "serve"), MM_STATUS_BAD, "not_served", 0);
        return;
    }
    for (size_t i = 0; i < s->vitals.n; i++) {
        const struct mm_vital *p = &s->vitals.program[i];
        struct mm_status_line *l = add(j, "program", p->name);
        /* One that keeps dying is young each time: then the supervisor's age counts. */
        int64_t since_us =
            p->started_us == 0 || p->restarts > 0 ? s->vitals.began_us : p->started_us;
        int64_t age_s = (s->now_us - since_us) / MM_US_PER_S;

        if (p->ready)
            continue;
        say(l, age_s > MM_STATUS_START_S ? MM_STATUS_BAD : MM_STATUS_WARN,
            p->pid == 0 ? "not_running" : "not_ready", p->restarts);
    }
}

static void judge_intake(struct judging *j)
{
    const struct mm_status *s = j->s;
    struct mm_status_line *l = add(j, "intake", "");

    if (!s->intake_there)
        say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
    else if (s->intake_state == MM_INTAKE_FULL)
        say(l, MM_STATUS_BAD, "disk_full", 0);
    else if (s->intake_state == MM_INTAKE_FAILING)
        say(l, MM_STATUS_BAD, "disk_fails", 0);
    else if (s->intake_state != MM_INTAKE_OK)
        say(l, MM_STATUS_WARN, "stopped", 0);
    else if (s->commit_max_us > MM_STATUS_COMMIT_BAD_S * (uint64_t)MM_US_PER_S)
        say(l, MM_STATUS_WARN, "disk_slow", (int64_t)(s->commit_max_us / MM_US_PER_S));
}

/* Companies whose lines took all that one may have of the spool, a moment ago. */
static void judge_share(struct judging *j)
{
    const struct mm_status *s = j->s;
    struct mm_status_line *l = add(j, "share", "");
    int64_t sources = 0;

    for (size_t i = 0; i < s->senders_n; i++)
        sources += s->sender[i].held_back_us != 0 &&
                   s->now_us - s->sender[i].held_back_us < MM_STATUS_HELD_BACK_S * MM_US_PER_S;
    if (!s->intake_there)
        say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
    else if (sources > 0)
        say(l, MM_STATUS_BAD, "held_back", sources);
}

static void judge_queues(struct judging *j)
{
    for (size_t i = 0; i < j->s->queues_n; i++) {
        const struct mm_status_queue *q = &j->s->queue[i];
        int64_t age_s = q->oldest_us == 0 ? 0 : (j->s->now_us - q->oldest_us) / MM_US_PER_S;
        struct mm_status_line *l;
        char name[8];

        (void)snprintf(name, sizeof(name), "%u", q->queue);
        l = add(j, "queue", name);
        if (age_s > MM_STATUS_BEHIND_S)
            say(l, age_s > MM_STATUS_BEHIND_BAD_S ? MM_STATUS_BAD : MM_STATUS_WARN, "behind",
                age_s / 60);
    }
}

static void judge_disk(struct judging *j)
{
    const struct mm_status *s = j->s;
    struct mm_status_line *l = add(j, "disk", "");
    int64_t percent = s->disk_size == 0 ? 0 : (int64_t)(s->disk_free / (s->disk_size / 100 + 1));

    if (s->disk_size == 0)
        say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
    else if (s->disk_days >= 0 && s->disk_days < MM_STATUS_DISK_DAYS)
        say(l, s->disk_days < MM_STATUS_DISK_BAD_DAYS ? MM_STATUS_BAD : MM_STATUS_WARN, "disk_days",
            s->disk_days);
    else if (percent < MM_STATUS_DISK_FREE_PCT)
        say(l, MM_STATUS_WARN, "disk_percent", percent);
}

static void judge_rest(struct judging *j)
{
    const struct mm_status *s = j->s;
    int64_t since_us = s->backup_us != 0 ? s->backup_us : s->since_us;
    int64_t days = (s->now_us - since_us) / MM_US_PER_DAY;
    struct mm_status_line *l = add(j, "clock", "");

    if (s->clock < 0)
        say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
    else if (s->clock == 0)
        say(l, MM_STATUS_WARN, "clock_unsynced", 0);
    l = add(j, "backup", "");
    if (since_us != 0 && days >= MM_STATUS_BACKUP_DAYS)
        say(l, MM_STATUS_WARN, s->backup_us == 0 ? "backup_none" : "backup_old", days);
    else if (s->backup_us == 0)
        say(l, MM_STATUS_UNKNOWN, "backup_none", days > 0 ? days : 0);
    l = add(j, "jobs", "");
    if (s->jobs_failed > 0)
        say(l, MM_STATUS_WARN, "jobs_failed", (int64_t)s->jobs_failed);
    if (!s->store_asked)
        return;
    l = add(j, "store", "");
    if (!s->store_there)
        say(l, MM_STATUS_BAD, "store_away", 0);
}

size_t mm_status_judge(const struct mm_status *s, struct mm_status_line ret[MM_STATUS_LINES_MAX])
{
    struct judging j = {.s = s, .line = ret};

    static_assert((int)MM_VITALS_PROGRAMS + (int)MM_STATUS_QUEUES_MAX + 9 <=
                      (int)MM_STATUS_LINES_MAX,
                  "room for all lines");
    judge_programs(&j);
    judge_intake(&j);
    judge_share(&j);
    judge_queues(&j);
    judge_disk(&j);
    judge_rest(&j);
    return j.n;
}

enum mm_status_state mm_status_worst(const struct mm_status_line *line, size_t n)
{
    enum mm_status_state worst = MM_STATUS_OK;

    for (size_t i = 0; i < n; i++) {
        /* Not to know one thing does not make the whole unknown. */
        if (line[i].state > worst && line[i].state != MM_STATUS_UNKNOWN)
            worst = line[i].state;
    }
    return worst;
}

/* ---- findings ---- */

/*
 * Which line becomes which finding. Clock, full disk and failed jobs have theirs from who notices
 * them first (engine/watch.h, the worker).
 */
static const struct {
    const char *what, *kind;
    enum mm_level warn, bad; /* from MM_CASE_LEVEL on somebody gets a mail */
} kinds[] = {
    {"program", "program_down", MM_LEVEL_INFORMATIONAL, MM_LEVEL_MEDIUM},
    {"share", "spool_share", MM_LEVEL_LOW, MM_LEVEL_MEDIUM},
    {"queue", "queue_behind", MM_LEVEL_LOW, MM_LEVEL_MEDIUM},
    {"disk", "disk_soon", MM_LEVEL_LOW, MM_LEVEL_MEDIUM},
    {"backup", "backup_old", MM_LEVEL_LOW, MM_LEVEL_LOW},
};

struct telling {
    struct mm_status_told next; /* what will have been told */
    struct mm_status_told *told;
    const struct mm_status_line *line;
    size_t n;
    int64_t now_us;
};

static size_t kind_of(const struct mm_status_line *l)
{
    size_t i = 0;

    while (i < MM_COUNT(kinds) && strcmp(kinds[i].what, l->what) != 0)
        i++;
    return i;
}

/* Where it is among the open ones, or t->n. */
static size_t open_at(const struct mm_status_told *t, const char *kind, const char *name)
{
    size_t i = 0;

    while (i < t->n && (t->open[i].kind != kind || strcmp(t->open[i].name, name) != 0))
        i++;
    return i;
}

/* Is there a finding of this line's state? A program that starts is no news. */
static bool is_finding(const struct mm_status_line *l, size_t k)
{
    return l->state == MM_STATUS_BAD ||
           (l->state == MM_STATUS_WARN && kinds[k].warn != MM_LEVEL_INFORMATIONAL);
}

/* Would telling this line change anything? What is not known changes nothing. */
static bool is_news(const struct mm_status_told *told, const struct mm_status_line *l, size_t k)
{
    size_t at = open_at(told, kinds[k].kind, l->name);

    if (l->state == MM_STATUS_UNKNOWN)
        return false;
    if (!is_finding(l, k))
        return at < told->n || !told->began;
    return at == told->n || (l->state == MM_STATUS_BAD && !told->open[at].bad);
}

static enum mm_code tell_line(struct mm_tx *tx, struct telling *t, const struct mm_status_line *l)
{
    size_t k = kind_of(l), at;
    bool bad = l->state == MM_STATUS_BAD, news;
    struct mm_note note = {.company = MM_COMPANY_OPERATOR,
                           .entity_field = "observer.name",
                           .entity = mm_slice_str(l->name[0] == 0 ? l->what : l->name),
                           .time_us = t->now_us};
    struct mm_opened opened;

    if (k == MM_COUNT(kinds))
        return MM_OK;
    note.kind = kinds[k].kind;
    note.level = bad ? kinds[k].bad : kinds[k].warn;
    news = is_news(t->told, l, k);
    at = open_at(t->told, note.kind, l->name);
    if (l->state == MM_STATUS_UNKNOWN ? at < t->told->n : is_finding(l, k)) {
        t->next.open[t->next.n].kind = note.kind;
        t->next.open[t->next.n].bad = bad || (at < t->told->n && t->told->open[at].bad);
        (void)snprintf(t->next.open[t->next.n++].name, MM_STATUS_NAME, "%s", l->name);
    }
    if (!news)
        return MM_OK;
    return is_finding(l, k) ? mm_triage_note(tx, &note, t->now_us, &opened)
                            : mm_triage_over(tx, &note);
}

static enum mm_code tell(struct mm_tx *tx, void *arg)
{
    struct telling *t = arg;
    enum mm_code code = MM_OK;

    t->next = (struct mm_status_told){.began = true};
    for (size_t i = 0; i < t->n && code == MM_OK; i++)
        code = tell_line(tx, t, &t->line[i]);
    return code;
}

enum mm_code mm_status_tell(struct mm_records *records, struct mm_status_told *told,
                            const struct mm_status_line *line, size_t n, int64_t now_us)
{
    struct telling t = {.told = told, .line = line, .n = n, .now_us = now_us};
    bool news = !told->began;
    enum mm_code code;

    /* Most looks find what the one before found. */
    for (size_t i = 0; i < n && !news; i++)
        news = kind_of(&line[i]) < MM_COUNT(kinds) && is_news(told, &line[i], kind_of(&line[i]));
    if (!news)
        return MM_OK;
    code = mm_records_write(records, mm_system_scope(), tell, &t);
    if (code == MM_OK)
        *told = t.next;
    return code;
}
