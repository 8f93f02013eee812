/* serve/vitals_test.c - what the supervisor writes is read back, and what is no such file is told.
 */
#include "serve/vitals.h"

#include <stdio.h>

#include "base/time.h"
#include "tests/harness/test.h"

static void put(const char *text)
{
    char path[300];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/" MM_VITALS_NAME, mm_test_dir());
    f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(vitals_are_read_as_they_were_written)
{
    struct mm_vitals v = {.written_us = 60 * MM_US_PER_S,
                          .began_us = 5,
                          .supervisor = {.name = "serve", .pid = 1, .ready = true},
                          .program = {{.name = "eventd",
                                       .pid = 12,
                                       .ready = true,
                                       .restarts = 3,
                                       .started_us = 7,
                                       .cpu_us = 123456,
                                       .rss_bytes = 1 << 30,
                                       .processes = 2},
                                      {.name = "portal"}},
                          .n = 2};
    struct mm_vitals got = {.n = 9};

    CHECK(mm_vitals_read(mm_test_dir(), &got) == MM_E_NOTFOUND && got.n == 9);
    CHECK(mm_vitals_write(mm_test_dir(), &v) == MM_OK);
    CHECK(mm_vitals_read(mm_test_dir(), &got) == MM_OK);
    CHECK(got.n == 2 && got.began_us == 5 && strcmp(got.supervisor.name, "serve") == 0);
    CHECK(strcmp(got.program[0].name, "eventd") == 0 && got.program[0].pid == 12);
    CHECK(got.program[0].ready && !got.program[1].ready && got.program[0].restarts == 3);
    CHECK(got.program[0].cpu_us == 123456 && got.program[0].rss_bytes == 1 << 30);
    CHECK(got.program[0].processes == 2 && got.program[0].started_us == 7);
    CHECK(mm_vitals_fresh(&got, 61 * MM_US_PER_S));
    CHECK(!mm_vitals_ready(&got, 61 * MM_US_PER_S));
    got.program[1].ready = true;
    CHECK(mm_vitals_ready(&got, 61 * MM_US_PER_S));
    CHECK(!mm_vitals_ready(&got, 600 * MM_US_PER_S));
    CHECK(!mm_vitals_fresh(&got, (60 + MM_VITALS_OLD_S) * MM_US_PER_S));
}

TEST(vitals_that_are_none_are_refused)
{
    static const char *const cases[] = {
        "",
        "[]",
        "{\"programs\":[]}",
        "{\"supervisor\":{\"name\":\"serve\"},\"programs\":[{\"name\":\"a b\"}]}",
        "{\"supervisor\":{\"name\":\"serve\"},\"programs\":[{\"name\":\"\"}]}",
        "{\"supervisor\":{\"name\":\"serve\"},\"programs\":[7]}",
        "{\"supervisor\":{\"name\":\"serve\"},\"programs\":[{\"name\":\"port",
    };
    struct mm_vitals got = {.n = 9};

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        put(cases[i]);
        CHECK(mm_vitals_read(mm_test_dir(), &got) == MM_E_SYNTAX && got.n == 9);
    }
    /* Numbers that are none count as nothing. */
    put("{\"written_us\":-4,\"supervisor\":{\"name\":\"serve\",\"pid\":\"x\"},\"programs\":["
        "{\"name\":\"worker\",\"restarts\":99999999999,\"cpu_us\":1e9}]}");
    CHECK(mm_vitals_read(mm_test_dir(), &got) == MM_OK && got.n == 1 && got.written_us == 0);
    CHECK(got.program[0].restarts == UINT32_MAX && got.program[0].cpu_us == 0);
}
