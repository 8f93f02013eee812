/* parse/load_dir.c - formats from a directory of files. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "codec/ext/yaml.h"
#include "parse/parse.h"

static int only_yaml(const struct dirent *d)
{
    struct mm_slice name = mm_slice_str(d->d_name);

    return name.p[0] != '.' && mm_slice_ends(name, MM_S(".yaml"));
}

/* Files whose names begin with "_" hold what others include. */
static int bases_first(const struct dirent **a, const struct dirent **b)
{
    bool base_a = (*a)->d_name[0] == '_', base_b = (*b)->d_name[0] == '_';

    return base_a != base_b ? (base_a ? -1 : 1) : strcmp((*a)->d_name, (*b)->d_name);
}

static enum mm_code read_file(const char *path, struct mm_buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum mm_code code = MM_E_IO;

    if (fd < 0)
        return MM_E_IO;
    for (;;) {
        uint8_t *room = mm_buf_room(out, 65536);
        ssize_t n;

        if (room == NULL)
            break;
        n = read(fd, room, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            code = n == 0 ? MM_OK : MM_E_IO;
            break;
        }
        out->n += (size_t)n;
    }
    (void)close(fd);
    return code;
}

enum mm_code mm_formats_load(struct mm_formats *formats, const char *dir,
                             struct mm_format_errors *errors)
{
    return mm_formats_load_but(formats, dir, NULL, errors);
}

enum mm_code mm_formats_load_but(struct mm_formats *formats, const char *dir, const char *but,
                                 struct mm_format_errors *errors)
{
    struct dirent **list;
    struct mm_buf text;
    enum mm_code code = MM_OK;
    int n = scandir(dir, &list, only_yaml, bases_first);

    if (n < 0)
        return MM_E_IO;
    mm_buf_init(&text, MM_YAML_MAX_SIZE + 65536);
    for (int i = 0; i < n; i++) {
        char path[MM_MAX_PATH];
        int len = snprintf(path, sizeof(path), "%s/%s", dir, list[i]->d_name);

        mm_buf_reset(&text);
        if (but != NULL && strcmp(but, list[i]->d_name) == 0)
            len = 0; /* somebody works at it */
        else if (len < 0 || (size_t)len >= sizeof(path) || read_file(path, &text) != MM_OK)
            code = MM_E_IO;
        else /* what was refused stands in errors */
            (void)!mm_formats_add(formats, list[i]->d_name, mm_buf_slice(&text), errors);
        free(list[i]);
    }
    free(list);
    mm_buf_done(&text);
    return code;
}
