/* web/portal/intake_view.c - see intake_view.h for the contract. */
#include "web/portal/intake_view.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "model/intake_page.h"

static bool find(const struct mm_intake_page *page, uint32_t company, uint32_t source,
                 uint64_t *ret)
{
    for (size_t i = 0; i < MM_INTAKE_SOURCES; i++) {
        const struct mm_intake_source *s = &page->source[i];

        if (atomic_load(&s->used) == 0)
            return false;
        if (atomic_load(&s->company) == company && atomic_load(&s->source) == source) {
            *ret = atomic_load(&s->over);
            return true;
        }
    }
    return false;
}

bool mm_intake_over(const char *state_dir, uint32_t company, uint32_t source, uint64_t *ret)
{
    char path[MM_MAX_PATH];
    const struct mm_intake_page *page;
    struct stat st;
    void *map = MAP_FAILED;
    bool found;
    int n = snprintf(path, sizeof(path), "%s/%s", state_dir, MM_INTAKE_PAGE_NAME), fd;

    if (n < 0 || (size_t)n >= sizeof(path))
        return false;
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && (size_t)st.st_size >= sizeof(*page))
        map = mmap(NULL, sizeof(*page), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        (void)close(fd);
    if (map == MAP_FAILED)
        return false;
    page = mm_intake_page_of(mm_slice_of(map, sizeof(*page)));
    found = page != NULL && find(page, company, source, ret);
    (void)munmap(map, sizeof(*page));
    return found;
}
