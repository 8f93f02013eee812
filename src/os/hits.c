/* os/hits.c - see hits.h for the contract. */
#include "os/hits.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"

/* As it lies in the file. */
struct page {
    uint8_t magic[8]; /* "MMHITS\0\0", written last */
    uint32_t version;
    uint32_t size;
    _Atomic uint64_t count[MM_HITS];
    _Atomic int64_t last_us[MM_HITS];
    struct {
        _Atomic uint64_t count; /* 0: free */
        _Atomic int64_t last_us;
        _Atomic uint64_t high, low; /* struct mm_ip, bytes as they stand */
        _Atomic uint64_t hit;
    } who[MM_HITTERS];
};

struct mm_hits {
    pthread_mutex_t lock; /* for who[] */
    struct page *page;
};

static const uint8_t magic[8] = "MMHITS";
static const char *const names[MM_HITS] = {
#define MM_HIT(id, name) name,
#include "os/hits.def"
#undef MM_HIT
};

const char *mm_hit_name(enum mm_hit hit)
{
    MM_ASSERT((size_t)hit < MM_HITS);
    return names[hit];
}

static enum mm_code map_new(int fd, struct page **ret)
{
    struct page *p;

    if (ftruncate(fd, (off_t)sizeof(*p)) != 0)
        return MM_E_IO;
    p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return MM_E_IO;
    p->version = MM_HITS_VERSION;
    p->size = sizeof(*p);
    atomic_thread_fence(memory_order_release);
    memcpy(p->magic, magic, sizeof(magic));
    *ret = p;
    return MM_OK;
}

enum mm_code mm_hits_open(const char *path, struct mm_hits **ret)
{
    char fresh[MM_MAX_PATH];
    struct mm_hits *h;
    int n = snprintf(fresh, sizeof(fresh), "%s.new", path), fd;
    enum mm_code code;

    if (n < 0 || (size_t)n >= sizeof(fresh))
        return MM_E_IO;
    h = calloc(1, sizeof(*h));
    if (h == NULL)
        return MM_E_NOMEM;
    (void)pthread_mutex_init(&h->lock, NULL);
    fd = open(fresh, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    code = fd < 0 ? MM_E_IO : map_new(fd, &h->page);
    if (fd >= 0)
        (void)close(fd);
    /* A reader has the old page or the new one, never half of one. */
    if (code == MM_OK && rename(fresh, path) != 0)
        code = MM_E_IO;
    if (code == MM_OK)
        *ret = h;
    else
        mm_hits_close(&h);
    return code;
}

void mm_hits_close(struct mm_hits **h)
{
    if (*h == NULL)
        return;
    if ((*h)->page != NULL)
        (void)munmap((*h)->page, sizeof(*(*h)->page));
    (void)pthread_mutex_destroy(&(*h)->lock);
    free(*h);
    *h = NULL;
}

static void note_who(struct page *p, enum mm_hit hit, const struct mm_ip *who, int64_t now_us)
{
    struct mm_ip owner = mm_ip_owner(who);
    uint64_t high, low;
    size_t pick = 0;

    memcpy(&high, owner.b, 8);
    memcpy(&low, owner.b + 8, 8);
    for (size_t i = 0; i < MM_HITTERS; i++) {
        if (p->who[i].count != 0 && p->who[i].hit == (uint64_t)hit && p->who[i].high == high &&
            p->who[i].low == low) {
            pick = i;
            break;
        }
        if (p->who[i].count < p->who[pick].count)
            pick = i;
    }
    p->who[pick].high = high;
    p->who[pick].low = low;
    p->who[pick].hit = (uint64_t)hit;
    p->who[pick].last_us = now_us;
    (void)atomic_fetch_add(&p->who[pick].count, 1);
}

void mm_hit_add(struct mm_hits *h, enum mm_hit hit, const struct mm_ip *who)
{
    static const struct mm_ip nobody;
    int64_t now_us;

    MM_ASSERT((size_t)hit < MM_HITS);
    if (h == NULL)
        return;
    now_us = mm_now_us();
    (void)atomic_fetch_add(&h->page->count[hit], 1);
    atomic_store(&h->page->last_us[hit], now_us);
    if (who == NULL || memcmp(who, &nobody, sizeof(nobody)) == 0)
        return;
    (void)pthread_mutex_lock(&h->lock);
    note_who(h->page, hit, who, now_us);
    (void)pthread_mutex_unlock(&h->lock);
}

/* ---- reading ---- */

static int by_count(const void *a, const void *b)
{
    const struct mm_hitter *x = a, *y = b;

    return x->count < y->count ? 1 : x->count > y->count ? -1 : 0;
}

static void read_page(const struct page *p, struct mm_hits_read *ret)
{
    *ret = (struct mm_hits_read){0};
    for (size_t i = 0; i < MM_HITS; i++) {
        ret->count[i] = atomic_load(&p->count[i]);
        ret->last_us[i] = atomic_load(&p->last_us[i]);
    }
    for (size_t i = 0; i < MM_HITTERS; i++) {
        struct mm_hitter *h = &ret->hitter[ret->hitters];
        uint64_t high = p->who[i].high, low = p->who[i].low, hit = p->who[i].hit;

        h->count = p->who[i].count;
        h->last_us = p->who[i].last_us;
        memcpy(h->owner.b, &high, 8);
        memcpy(h->owner.b + 8, &low, 8);
        if (h->count == 0 || hit >= MM_HITS)
            continue;
        h->hit = (enum mm_hit)hit;
        ret->hitters++;
    }
    qsort(ret->hitter, ret->hitters, sizeof(ret->hitter[0]), by_count);
}

enum mm_code mm_hits_read(const char *path, struct mm_hits_read *ret)
{
    const struct page *p = MAP_FAILED;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool whole;

    if (fd < 0)
        return MM_E_NOTFOUND;
    if (fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(*p))
        p = mmap(NULL, sizeof(*p), PROT_READ, MAP_SHARED, fd, 0);
    (void)close(fd);
    if (p == MAP_FAILED)
        return MM_E_NOTFOUND;
    whole = memcmp(p->magic, magic, sizeof(magic)) == 0 && p->version == MM_HITS_VERSION &&
            p->size == sizeof(*p);
    if (whole)
        read_page(p, ret);
    (void)munmap((void *)(uintptr_t)p, sizeof(*p)); /* read only, but ours */
    return whole ? MM_OK : MM_E_NOTFOUND;
}
