/* app/relay_set.c - see relay_set.h for the contract. */
#include "app/relay_set.h"

#include "os/file.h"

enum mm_code mm_relay_set_check(const struct mm_relay_identity *id, struct mm_slice text,
                                struct mm_relayset *ret)
{
    uint8_t signature[MM_SIGNATURE];
    struct mm_relayset set;
    enum mm_code c = mm_relayset_parse(text, &set, NULL);

    if (c != MM_OK)
        return c;
    if (set.relay != id->relay ||
        !mm_base64url_exact(set.signature, signature, sizeof(signature)) ||
        !mm_sign_good(&id->centre, set.body, signature))
        return MM_E_AUTH;
    *ret = set;
    return MM_OK;
}

enum mm_code mm_relay_set_read(const char *state, const struct mm_relay_identity *id,
                               struct mm_buf *file, struct mm_relayset *ret)
{
    char path[MM_MAX_PATH];
    enum mm_code c = mm_path_join(path, state, "settings");

    mm_buf_reset(file);
    if (c == MM_OK)
        c = mm_file_read(path, file);
    return c == MM_OK ? mm_relay_set_check(id, mm_buf_slice(file), ret) : c;
}

enum mm_code mm_relay_set_keep(const char *state, const struct mm_relay_identity *id,
                               struct mm_slice text)
{
    struct mm_relayset now, set;
    char path[MM_MAX_PATH];
    struct mm_buf file;
    enum mm_code c = mm_relay_set_check(id, text, &set);

    mm_buf_init(&file, MM_RELAYSET_MAX);
    if (c == MM_OK && mm_relay_set_read(state, id, &file, &now) == MM_OK && set.serial < now.serial)
        c = MM_E_RANGE; /* somebody plays old ones */
    mm_buf_done(&file);
    if (c == MM_OK)
        c = mm_fs_mkdirs(mm_fs_real(), state, 0700);
    if (c == MM_OK)
        c = mm_path_join(path, state, "settings");
    return c == MM_OK ? mm_file_put(path, text) : c;
}
