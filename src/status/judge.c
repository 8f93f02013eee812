/* status/judge.c - what follows from a reading; see status.h for the contract. */
#include <stdio.h>

#include "base/time.h"
#include "model/intake_page.h"
#include "status/status.h"

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

/* Programs that run, but not for long. */
static void judge_ends(struct judging *j)
{
    const struct mm_status *s = j->s;

    for (size_t i = 0; s->served && i < s->vitals.n; i++) {
        struct mm_status_line *l = add(j, "ends", s->vitals.program[i].name);
        uint32_t n = s->hour.restarts[i];

        if (!s->lately)
            say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
        else if (n > 0)
            say(l, n >= MM_STATUS_ENDS_BAD ? MM_STATUS_BAD : MM_STATUS_WARN, "ended", n);
    }
}

static void judge_loss(struct judging *j)
{
    const struct mm_status_span *h = &j->s->hour;
    struct mm_status_line *l = add(j, "loss", "");
    int64_t lost = (int64_t)(h->dropped & INT64_MAX);
    bool much = h->dropped > (h->received + h->dropped) / 100 * MM_STATUS_LOSS_BAD_PCT;

    if (!j->s->lately)
        say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
    else if (lost > 0)
        say(l, much ? MM_STATUS_BAD : MM_STATUS_WARN, "lost", lost);
}

/* Something that people or queues wait for; slow of all of them. */
static void judge_slow(struct judging *j, const char *what, const char *why, uint64_t slow,
                       uint64_t all)
{
    struct mm_status_line *l = add(j, what, "");
    bool bad = slow >= MM_STATUS_SLOW_MIN && slow * MM_STATUS_SLOW_BAD >= all;

    if (!j->s->lately)
        say(l, MM_STATUS_UNKNOWN, "not_measured", 0);
    else if (slow * MM_STATUS_SLOW_OVER > all)
        say(l, bad ? MM_STATUS_BAD : MM_STATUS_WARN, why, (int64_t)(slow & INT64_MAX));
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

    static_assert(2 * (int)MM_VITALS_PROGRAMS + (int)MM_STATUS_QUEUES_MAX + 12 <=
                      (int)MM_STATUS_LINES_MAX,
                  "room for all lines");
    judge_programs(&j);
    judge_ends(&j);
    judge_intake(&j);
    judge_loss(&j);
    judge_share(&j);
    judge_queues(&j);
    judge_disk(&j);
    judge_rest(&j);
    judge_slow(&j, "inserts", "inserts_slow", s->minutes.inserts_slow, s->minutes.inserts);
    judge_slow(&j, "searches", "searches_slow", s->hour.searches_slow, s->hour.searches);
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
