/* register/scan.c - see scan.h for the contract. */
#include "register/scan.h"

#include "base/utf8.h"
#include "register/feature.h"

static_assert((int)MM_SCAN_MAX <= (int)MM_SEAL_MAX, "a scan can be sealed");

enum mm_code mm_scan_put(struct mm_tx *tx, const struct mm_key *key, uint32_t consent,
                         struct mm_slice name, struct mm_slice bytes, int64_t now_us)
{
    struct mm_digest digest;
    struct mm_buf box;
    struct mm_q q;
    enum mm_code code = MM_E_NOMEM;

    if (bytes.n == 0 || bytes.n > MM_SCAN_MAX)
        return MM_E_LIMIT;
    if (!mm_utf8_valid(name))
        return MM_E_SYNTAX;
    mm_digest(bytes, &digest);
    mm_buf_init(&box, MM_SCAN_MAX + MM_SEAL_EXTRA);
    if (mm_seal(key, bytes, &box)) {
        mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SCAN_PUT]);
        mm_q_int(&q, ":consent", consent);
        mm_q_int(&q, ":now", now_us);
        mm_q_text(&q, ":name", mm_utf8_cut(name, MM_SCAN_NAME_MAX));
        mm_q_blob(&q, ":digest", mm_slice_of(digest.b, sizeof(digest.b)));
        mm_q_blob(&q, ":sealed", mm_buf_slice(&box));
        code = mm_q_end(&q);
    }
    mm_buf_done(&box);
    return code;
}

/* What was sealed, and whether it is what was put. */
static enum mm_code open_box(const struct mm_key *key, struct mm_slice box, struct mm_slice want,
                             struct mm_arena *a, struct mm_slice *ret)
{
    struct mm_digest digest;
    struct mm_buf plain;
    struct mm_slice copy = {0};
    enum mm_code code;

    mm_buf_init(&plain, MM_SCAN_MAX);
    code = mm_unseal(key, box, &plain);
    mm_digest(mm_buf_slice(&plain), &digest);
    if (code == MM_OK && !mm_slice_eq(want, mm_slice_of(digest.b, sizeof(digest.b))))
        code = MM_E_SYNTAX;
    if (code == MM_OK && !mm_arena_dup(a, mm_buf_slice(&plain), &copy))
        code = MM_E_NOMEM;
    mm_buf_done(&plain);
    if (code == MM_OK)
        *ret = copy;
    return code;
}

enum mm_code mm_scan_get(struct mm_tx *tx, const struct mm_key *key, uint32_t consent,
                         struct mm_arena *a, struct mm_slice *ret_name, struct mm_slice *ret_bytes)
{
    struct mm_slice name = {0}, bytes = {0};
    enum mm_code code, opened = MM_E_NOTFOUND;
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_register_stmts[MM_R_SCAN_GET]);
    mm_q_int(&q, ":consent", consent);
    if (mm_q_row(&q)) {
        name = mm_q_col_dup(&q, 0, a);
        opened = open_box(key, mm_q_col_blob(&q, 2), mm_q_col_blob(&q, 1), a, &bytes);
    }
    code = mm_q_end(&q);
    if (code == MM_OK)
        code = opened;
    if (code == MM_OK) {
        *ret_name = name;
        *ret_bytes = bytes;
    }
    return code;
}
