/* store/spool/dir_test.c - promises of a queue's files. */
#include "store/spool/dir.h"

#include <fcntl.h>
#include <unistd.h>

#include "store/spool/segment.h"
#include "tests/harness/test.h"

/* As a release to come would write it. */
static void set_form(const char *path, uint8_t form)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    CHECK(fd >= 0 && pwrite(fd, &form, 1, 8) == 1);
    (void)close(fd);
}

TEST(spool_of_a_newer_form_is_named_and_refused_untouched)
{
    char qdir[MM_MAX_PATH], seg[MM_MAX_PATH], page[MM_MAX_PATH], path[MM_MAX_PATH] = "before";
    struct mm_spool_reader *r = NULL;
    struct mm_spool *s = NULL;
    struct mm_spool_record rec = {.received_us = 5, .company = 1, .body = MM_S("a line")};
    uint32_t form = 7;

    CHECK(mm_spool_known(mm_test_dir(), path, &form) == MM_OK); /* no queue yet */
    CHECK(mm_spool_open(mm_test_dir(), 4, NULL, &s) == MM_OK);
    CHECK(mm_spool_append(s, &rec, NULL) == MM_OK && mm_spool_commit(s) == MM_OK);
    mm_spool_close(&s);
    CHECK(mm_spool_known(mm_test_dir(), path, &form) == MM_OK);
    CHECK(strcmp(path, "before") == 0 && form == 7);
    CHECK(mm_spool_dir(qdir, mm_test_dir(), 4) == MM_OK);
    CHECK(mm_seg_path(seg, qdir, 1, true) == MM_OK && mm_path_join(page, qdir, "commit") == MM_OK);

    set_form(seg, MM_SEG_VERSION + 1);
    CHECK(mm_spool_known(mm_test_dir(), path, &form) == MM_E_VERSION);
    CHECK(strcmp(path, seg) == 0 && form == MM_SEG_VERSION + 1);
    CHECK(mm_spool_open(mm_test_dir(), 4, NULL, &s) == MM_E_VERSION && s == NULL);
    CHECK(mm_spool_reader_open(mm_test_dir(), 4, 1, &r) == MM_E_VERSION && r == NULL);

    set_form(seg, MM_SEG_VERSION);
    set_form(page, MM_PAGE_VERSION + 1);
    CHECK(mm_spool_known(mm_test_dir(), path, &form) == MM_E_VERSION);
    CHECK(strcmp(path, page) == 0 && form == MM_PAGE_VERSION + 1);
    CHECK(mm_spool_open(mm_test_dir(), 4, NULL, &s) == MM_E_VERSION);

    set_form(page, MM_PAGE_VERSION);
    CHECK(mm_spool_known(mm_test_dir(), path, &form) == MM_OK);
    CHECK(mm_spool_open(mm_test_dir(), 4, NULL, &s) == MM_OK);
    CHECK_NUM(mm_spool_next(s), 2);
    mm_spool_close(&s);
}
