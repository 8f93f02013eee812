/* engine/mirror.c - see mirror.h for the contract. */
#include "engine/mirror.h"

#include <stdio.h>

#include "codec/ext/yaml.h"
#include "exception/exception.h"
#include "os/file.h"
#include "os/log.h"
#include "store/records/system_scope.h"
#include "tailor/tailor.h"

static enum mm_code write_tailor(struct mm_tx *tx, int64_t now_us, struct mm_buf *out, size_t *left)
{
    (void)now_us; /* nothing of it ends by itself */
    return mm_tailor_write(tx, out, left);
}

static const struct {
    const char *file;
    size_t text_max;
    const char *left; /* what it means that some are left out */
    enum mm_code (*stamp)(struct mm_tx *tx, uint64_t *ret);
    enum mm_code (*write)(struct mm_tx *tx, int64_t now_us, struct mm_buf *out, size_t *ret_left);
} kinds[] = {
    [MM_MIRROR_EXCEPTIONS] = {MM_EXCEPTIONS_FILE,
                              256 * 1024 * 1024, /* 20,000 exceptions of 8 long values each */
                              "cannot be written as filters and hide nothing", mm_exception_stamp,
                              mm_exception_write},
    [MM_MIRROR_TAILOR] = {MM_TAILOR_FILE,
                          2 * MM_YAML_MAX_SIZE, /* mm_tailor_write stays below half of it */
                          "are more than rules can take and count for nothing", mm_tailor_stamp,
                          write_tailor},
};

void mm_mirror_init(struct mm_mirror *m, enum mm_mirror_kind kind, struct mm_records *records,
                    const char *state_dir)
{
    *m = (struct mm_mirror){.kind = kind, .records = records};
    (void)snprintf(m->path, sizeof(m->path), "%s/%s", state_dir, kinds[kind].file);
}

/* The file is written when the records differ from what was written last. */
static void write_out(struct mm_mirror *m, int64_t now_us)
{
    struct mm_tx *tx = NULL;
    struct mm_buf text;
    size_t left = 0;
    uint64_t stamp = 0;
    bool differs = false;
    enum mm_code code = mm_records_read(m->records, mm_system_scope(), &tx);

    mm_buf_init(&text, kinds[m->kind].text_max);
    if (code == MM_OK) {
        code = kinds[m->kind].stamp(tx, &stamp);
        differs = code == MM_OK && (!m->written || stamp != m->stamp);
        if (differs)
            code = kinds[m->kind].write(tx, now_us, &text, &left);
        mm_records_read_done(&tx);
    }
    if (code == MM_OK && differs)
        code = mm_file_put(m->path, mm_buf_slice(&text));
    if (left > 0)
        mm_log_error("engine", "%s: %zu %s", m->path, left, kinds[m->kind].left);
    if (code == MM_OK) {
        m->written = true;
        m->stamp = stamp;
    } else {
        m->written = false; /* again at the next look, whether the records change or not */
        mm_log_warn("engine", "not written: %s: %s", m->path, mm_code_key(code));
    }
    mm_buf_done(&text);
}

void mm_mirror_tick(struct mm_mirror *m, int64_t now_us)
{
    if (mm_records_changed(m->records, &m->seen) || !m->written)
        write_out(m, now_us);
}
