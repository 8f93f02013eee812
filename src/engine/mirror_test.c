/* engine/mirror_test.c - the file of what companies say about rules follows the records. */
#include "engine/mirror.h"

#include <unistd.h>

#include "os/file.h"
#include "register/feature.h"
#include "store/records/system_scope.h"
#include "tailor/feature.h"
#include "tailor/tailor.h"
#include "tests/harness/records.h"
#include "tests/harness/test.h"

static enum mm_code put(struct mm_tx *tx, void *arg)
{
    struct mm_slice value = mm_slice_str(arg);
    enum mm_code code = mm_tx_narrow(tx, 0);

    if (code == MM_OK)
        code = mm_tailor_put(tx, MM_TAILOR_OWN, MM_S("Admins"),
                             (struct mm_slices){.v = &value, .n = value.n > 0 ? 1 : 0}, 0, 1, NULL);
    mm_tx_widen(tx);
    return code;
}

static bool file_has(const struct mm_mirror *m, const char *word)
{
    struct mm_buf text;
    bool has;

    mm_buf_init(&text, 1 << 20);
    CHECK_NUM(mm_file_read(m->path, &text), MM_OK);
    mm_buf_byte(&text, 0);
    has = strstr((const char *)text.p, word) != NULL;
    mm_buf_done(&text);
    return has;
}

TEST(mirror_follows_the_records_and_mends_what_is_wrong)
{
    static const struct mm_feature *const features[] = {&mm_register_feature, &mm_tailor_feature};
    struct mm_records *rec = mm_test_records(features, MM_COUNT(features));
    static char alice[] = "alice", none[] = "";
    struct mm_mirror m;

    mm_mirror_init(&m, MM_MIRROR_TAILOR, rec, mm_test_dir());
    CHECK_NUM(mm_file_put(m.path, MM_S("list: left\nvalues: [by an older one]\n")), MM_OK);
    mm_mirror_tick(&m, 1);
    CHECK(!file_has(&m, "left"));
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), put, alice), MM_OK);
    mm_mirror_tick(&m, 1);
    CHECK(file_has(&m, "alice") && file_has(&m, "company: [0]"));
    CHECK(unlink(m.path) == 0);
    mm_mirror_tick(&m, 1); /* the records are as they were: nothing is looked at */
    CHECK(access(m.path, F_OK) != 0);
    CHECK_NUM(mm_records_write(rec, mm_system_scope(), put, none), MM_OK);
    mm_mirror_tick(&m, 1);
    CHECK(!file_has(&m, "alice"));
    mm_records_close(&rec);
}
