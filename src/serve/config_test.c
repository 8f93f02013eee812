/* serve/config_test.c - promises of the configuration file. */
#include "serve/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/harness/test.h"

static enum mm_code load(const char *text, struct mm_config *c, struct mm_buf *why)
{
    char path[256];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/mimamori.conf", mm_test_dir());
    f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
    mm_buf_reset(why);
    return mm_config_load(path, c, why);
}

TEST(config_defaults_are_complete_and_what_is_shown_reads_back)
{
    struct mm_config c, again;
    struct mm_buf why, shown;

    mm_buf_init(&why, 4096);
    mm_buf_init(&shown, 65536);
    CHECK(mm_config_load(NULL, &c, &why) == MM_OK);
    CHECK_NUM(mm_config_number(&c, MM_CFG_EVENTS_KEEP_DAYS), 90);
    CHECK(mm_config_on(&c, MM_CFG_PORTAL_TLS) && !mm_config_on(&c, MM_CFG_INTAKE_UDP));
    mm_config_show(&c, &shown);
    mm_buf_byte(&shown, 0);
    CHECK(load((const char *)shown.p, &again, &why) == MM_OK);
    for (size_t i = 0; i < MM_CFG_COUNT; i++)
        CHECK(strcmp(c.value[i], again.value[i]) == 0);
    mm_config_done(&again);
    mm_config_done(&c);
    mm_buf_done(&shown);
    mm_buf_done(&why);
}

TEST(config_names_file_line_key_and_an_example)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"# x\nportal.listen = 8443\n", "mimamori.conf:2: portal.listen = \"8443\" cannot be used"},
        {"portal.lisen = off\n", "mimamori.conf:1: there is no key \"portal.lisen\""},
        {"\n\nengine.shards\n", "mimamori.conf:3: no \"=\" here"},
        {"engine.shards = -1\n", "for example: engine.shards = 4"},
        {"intake.private = yes\n", "on or off"},
        {"portal.listen = 127.0.0.1:70000\n", "cannot be used"},
    };
    struct mm_config c;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        CHECK(load(cases[i].text, &c, &why) == MM_E_CONFIG);
        CHECK(mm_slice_search(mm_buf_slice(&why), mm_slice_str(cases[i].says)) != SIZE_MAX);
    }
    mm_buf_reset(&why);
    CHECK(mm_config_load("/nonexistent/x", &c, &why) == MM_E_IO && why.n > 0);
    mm_buf_done(&why);
}

TEST(config_environment_wins_over_the_file)
{
    struct mm_config c;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    CHECK(setenv("MIMAMORI_ENGINE_SHARDS", "3", 1) == 0);
    CHECK(load("engine.shards = 7\n", &c, &why) == MM_OK);
    CHECK_NUM(mm_config_number(&c, MM_CFG_ENGINE_SHARDS), 3);
    mm_config_done(&c);
    CHECK(setenv("MIMAMORI_ENGINE_SHARDS", "many", 1) == 0);
    CHECK(load("", &c, &why) == MM_E_CONFIG);
    mm_buf_done(&why);
}
