/* app/relay_identity.c - see relay_identity.h for the contract. */
#include "app/relay_identity.h"

#include <stdio.h>

#include "base/rd.h"
#include "os/file.h"

enum { FILE_MAX = 8192, KEY_TEXT = 44 };

/* The value of "name value"; false when that line is not there or does not fit. */
static bool value_of(struct mm_slice file, const char *name, char *ret, size_t size)
{
    struct mm_rd rd = mm_rd_of(file);
    struct mm_slice line;

    while (mm_rd_until(&rd, '\n', &line)) {
        size_t blank = mm_slice_find(line, ' ', 0);

        if (blank == SIZE_MAX || !mm_slice_eq(mm_slice_sub(line, 0, blank), mm_slice_str(name)))
            continue;
        line = mm_slice_sub(line, blank + 1, SIZE_MAX);
        if (line.n >= size)
            return false;
        if (line.n > 0)
            memcpy(ret, line.p, line.n);
        ret[line.n] = 0;
        return true;
    }
    return false;
}

static bool number_of(struct mm_slice file, const char *name, uint32_t *ret)
{
    char text[16];
    uint64_t v;

    if (!value_of(file, name, text, sizeof(text)) || !mm_slice_u64(mm_slice_str(text), &v) ||
        v > UINT32_MAX)
        return false;
    *ret = (uint32_t)v;
    return true;
}

static bool read_all(struct mm_slice file, struct mm_relay_identity *id)
{
    char key[KEY_TEXT];

    return value_of(file, "url", id->url, sizeof(id->url)) &&
           value_of(file, "token", id->token, sizeof(id->token)) &&
           value_of(file, "pin", id->pin, sizeof(id->pin)) &&
           value_of(file, "proxy", id->proxy, sizeof(id->proxy)) &&
           value_of(file, "proxy_user", id->proxy_user, sizeof(id->proxy_user)) &&
           number_of(file, "relay", &id->relay) && number_of(file, "epoch", &id->epoch) &&
           value_of(file, "centre", key, sizeof(key)) &&
           mm_base64url_exact(mm_slice_str(key), id->centre.b, sizeof(id->centre.b));
}

enum mm_code mm_relay_identity_read(const char *state, struct mm_relay_identity *ret)
{
    struct mm_relay_identity id = {0};
    char path[MM_MAX_PATH];
    struct mm_buf file;
    enum mm_code c = mm_path_join(path, state, "identity");

    mm_buf_init(&file, FILE_MAX);
    if (c == MM_OK)
        c = mm_file_read(path, &file);
    if (c == MM_OK && !read_all(mm_buf_slice(&file), &id))
        c = MM_E_SYNTAX;
    if (c == MM_OK)
        *ret = id;
    if (file.n > 0)
        mm_wipe(file.p, file.n);
    mm_wipe(&id, sizeof(id));
    mm_buf_done(&file);
    return c;
}

enum mm_code mm_relay_identity_write(const char *state, const struct mm_relay_identity *id)
{
    char path[MM_MAX_PATH], key[KEY_TEXT];
    struct mm_buf file;
    enum mm_code c = mm_path_join(path, state, "identity");

    mm_base64url(mm_slice_of(id->centre.b, sizeof(id->centre.b)), key, sizeof(key));
    mm_buf_init(&file, FILE_MAX);
    mm_buf_fmt(&file, "url %s\ntoken %s\npin %s\nproxy %s\nproxy_user %s\n", id->url, id->token,
               id->pin, id->proxy, id->proxy_user);
    mm_buf_fmt(&file, "relay %u\nepoch %u\ncentre %s\n", id->relay, id->epoch, key);
    if (c == MM_OK)
        c = mm_fs_mkdirs(mm_fs_real(), state, 0700);
    if (c == MM_OK)
        c = mm_buf_ok(&file) ? mm_file_put(path, mm_buf_slice(&file)) : MM_E_NOMEM;
    if (file.n > 0)
        mm_wipe(file.p, file.n);
    mm_buf_done(&file);
    return c;
}
