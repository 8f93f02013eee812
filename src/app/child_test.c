/* app/child_test.c - os/child: what a program that is asked for an answer may do to who asks. */
#include <stdio.h>
#include <stdlib.h>

#include "base/time.h"
#include "os/child.h"
#include "tests/harness/test.h"

enum { WAIT_MS = 20 * 1000, SOON_MS = 300 };

static enum mm_code shell(const char *script, struct mm_slice in, int timeout_ms,
                          struct mm_buf *out, int *ret_status)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};

    mm_buf_reset(out);
    return mm_child_ask(argv, in, timeout_ms, out, ret_status);
}

TEST(child_gets_all_bytes_and_its_answer_comes_back_with_its_status)
{
    size_t n = 3 * 1024 * 1024;
    uint8_t *bytes = malloc(n);
    struct mm_buf out;
    int status = -1;

    CHECK(bytes != NULL);
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 251);
    mm_buf_init(&out, 4 * n);
    CHECK_NUM(shell("cat; exit 3", mm_slice_of(bytes, n), WAIT_MS, &out, &status), MM_OK);
    CHECK_NUM(status, 3);
    CHECK(mm_slice_eq(mm_buf_slice(&out), mm_slice_of(bytes, n)));
    /* One that does not listen is no fault. */
    CHECK_NUM(shell("echo deaf", mm_slice_of(bytes, n), WAIT_MS, &out, &status), MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), "deaf\n");
    CHECK_NUM(shell("cat", (struct mm_slice){0}, WAIT_MS, &out, &status), MM_OK);
    CHECK_NUM(out.n, 0);
    mm_buf_done(&out);
    free(bytes);
}

TEST(child_that_says_too_much_or_nothing_or_dies_is_ended)
{
    const char *const nobody[] = {"/no/such/program", NULL};
    struct mm_buf out;
    int status = 77;
    int64_t began = mm_mono_us();

    mm_buf_init(&out, 64 * 1024);
    CHECK_NUM(shell("cat /dev/zero", MM_S(""), WAIT_MS, &out, &status), MM_E_LIMIT);
    CHECK_NUM(shell("exec sleep 60", MM_S(""), SOON_MS, &out, &status), MM_E_BUSY);
    /* It says that it has ended and lives on. */
    CHECK_NUM(shell("exec sleep 60 >&- <&-", MM_S(""), SOON_MS, &out, &status), MM_E_IO);
    CHECK_NUM(shell("kill -9 $$", MM_S(""), WAIT_MS, &out, &status), MM_E_IO);
    CHECK_NUM(mm_child_ask(nobody, MM_S(""), WAIT_MS, &out, &status), MM_E_IO);
    CHECK_NUM(status, 77);
    CHECK(mm_mono_us() - began < 10 * MM_US_PER_S);
    mm_buf_done(&out);
}

TEST(child_has_no_descriptors_of_ours)
{
    FILE *f = fopen("/dev/null", "r"); /* without O_CLOEXEC */
    struct mm_buf out;
    int status = -1;

    CHECK(f != NULL);
    mm_buf_init(&out, 64 * 1024);
    CHECK_NUM(shell("for n in 3 4 5 6 7 8 9; do [ -e /proc/$$/fd/$n ] && echo $n; done; true",
                    MM_S(""), WAIT_MS, &out, &status),
              MM_OK);
    CHECK_SLICE(mm_buf_slice(&out), "");
    mm_buf_done(&out);
    (void)fclose(f);
}
