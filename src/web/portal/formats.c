/* web/portal/formats.c - see formats.h for the contract. */
#include "web/portal/formats.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "detect/detect.h"
#include "parse/parse.h"

enum { LOOK_US = 2 * 1000 * 1000 }; /* as often as the engine looks */

struct mm_known_formats {
    struct mm_formats *set;
    size_t ours;
    struct mm_format_errors errors;
    size_t holders; /* under the shelf's lock */
};

struct mm_format_shelf {
    pthread_mutex_t lock;
    struct mm_known_formats *known; /* NULL: never asked for, or none could be read */
    uint64_t stamp;                 /* of the operator's folder when it was read */
    int64_t looked_us;
    const char *dir, *own_dir;
};

struct mm_format_shelf *mm_format_shelf_new(const char *dir, const char *own_dir)
{
    struct mm_format_shelf *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->dir = dir;
    s->own_dir = own_dir;
    (void)pthread_mutex_init(&s->lock, NULL);
    return s;
}

static void forget(struct mm_known_formats *k)
{
    if (k == NULL)
        return;
    mm_formats_free(&k->set);
    free(k);
}

void mm_format_shelf_free(struct mm_format_shelf **ps)
{
    struct mm_format_shelf *s = *ps;

    if (s == NULL)
        return;
    MM_ASSERT(s->known == NULL || s->known->holders == 0);
    forget(s->known);
    (void)pthread_mutex_destroy(&s->lock);
    free(s);
    *ps = NULL;
}

static struct mm_known_formats *load(const struct mm_format_shelf *s)
{
    struct mm_known_formats *k = calloc(1, sizeof(*k));

    if (k == NULL)
        return NULL;
    k->set = mm_formats_new();
    if (s->dir == NULL || k->set == NULL || mm_formats_load(k->set, s->dir, &k->errors) != MM_OK) {
        forget(k);
        return NULL;
    }
    k->ours = mm_formats_count(k->set);
    if (s->own_dir != NULL && access(s->own_dir, R_OK) == 0) /* what was refused is in errors */
        (void)!mm_formats_load(k->set, s->own_dir, &k->errors);
    return k;
}

const struct mm_known_formats *mm_formats_hold(struct mm_format_shelf *s, int64_t now_us)
{
    struct mm_known_formats *held;

    (void)pthread_mutex_lock(&s->lock);
    if (s->known == NULL || now_us - s->looked_us > LOOK_US || now_us < s->looked_us) {
        uint64_t stamp = s->own_dir == NULL ? 0 : mm_rules_stamp(&s->own_dir, 1);
        struct mm_known_formats *fresh = s->known == NULL || stamp != s->stamp ? load(s) : NULL;

        s->looked_us = now_us;
        if (fresh != NULL) {
            if (s->known != NULL && s->known->holders == 0)
                forget(s->known);
            s->known = fresh;
            s->stamp = stamp;
        }
    }
    held = s->known;
    if (held != NULL)
        held->holders++;
    (void)pthread_mutex_unlock(&s->lock);
    return held;
}

void mm_formats_release(struct mm_format_shelf *s, const struct mm_known_formats **held)
{
    /* The shelf's own; readers see it as const. */
    struct mm_known_formats *k = (struct mm_known_formats *)(uintptr_t)*held;

    if (k == NULL)
        return;
    (void)pthread_mutex_lock(&s->lock);
    k->holders--;
    if (k->holders == 0 && k != s->known)
        forget(k);
    (void)pthread_mutex_unlock(&s->lock);
    *held = NULL;
}

const struct mm_formats *mm_known_set(const struct mm_known_formats *held)
{
    return held->set;
}

size_t mm_known_ours(const struct mm_known_formats *held)
{
    return held->ours;
}

const struct mm_format_errors *mm_known_errors(const struct mm_known_formats *held)
{
    return &held->errors;
}
