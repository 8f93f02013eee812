/* serve/config_test.c - promises of the configuration file. */
#include "serve/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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

TEST(config_defaults_are_complete)
{
    struct mm_config c;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    CHECK(mm_config_load(NULL, &c, &why) == MM_OK);
    CHECK_NUM(mm_config_number(&c, MM_CFG_EVENTS_KEEP_DAYS), 90);
    CHECK(mm_config_on(&c, MM_CFG_PORTAL_TLS) && !mm_config_on(&c, MM_CFG_INTAKE_UDP));
    CHECK(mm_config_has_word(&c, MM_CFG_SERVE_PROGRAMS, "eventd"));
    CHECK(mm_config_has_word(&c, MM_CFG_SERVE_PROGRAMS, "portal"));
    CHECK(!mm_config_has_word(&c, MM_CFG_SERVE_PROGRAMS, "port"));
    CHECK(mm_config_files(&c, &why) == MM_OK);
    mm_config_done(&c);
    mm_buf_done(&why);
}

TEST(config_knows_where_each_value_comes_from)
{
    struct mm_config c;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    CHECK(setenv("MIMAMORI_MAIL_PAUSE", "7", 1) == 0);
    CHECK(load("# of the test\nengine.shards = 3\nmail.pause = 9\n", &c, &why) == MM_OK);
    CHECK(c.origin[MM_CFG_ENGINE_SHARDS].from == MM_CFG_FROM_FILE);
    CHECK_NUM(c.origin[MM_CFG_ENGINE_SHARDS].line, 2);
    CHECK(c.origin[MM_CFG_MAIL_PAUSE].from == MM_CFG_FROM_ENVIRONMENT);
    CHECK(c.origin[MM_CFG_MAIL_URL].from == MM_CFG_FROM_DEFAULT);
    mm_config_done(&c);
    mm_buf_done(&why);
}

TEST(config_tells_who_reads_what_has_changed)
{
    struct mm_config a, b;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    CHECK(load("", &a, &why) == MM_OK);
    CHECK(load("engine.shards = 0\n", &b, &why) == MM_OK);
    CHECK_NUM(mm_config_changed(&a, &b), 0); /* the default, written out */
    mm_config_done(&b);
    CHECK(load("mail.pause = 31\nportal.desk_tel = 0\n", &b, &why) == MM_OK);
    CHECK_NUM(mm_config_changed(&a, &b), MM_USED_WORKER | MM_USED_PORTAL);
    mm_config_done(&b);
    CHECK(load("serve.pause_max = 1\n", &b, &why) == MM_OK);
    CHECK_NUM(mm_config_changed(&a, &b), MM_USED_SERVE);
    mm_config_done(&b);
    mm_config_done(&a);
    mm_buf_done(&why);
}

TEST(config_names_file_line_key_and_an_example)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"# x\nportal.listen = 8443\n", "mimamori.conf:2: portal.listen = \"8443\" cannot be used"},
        {"portal.lisen = off\n",
         "mimamori.conf:1: there is no key \"portal.lisen\"; is portal.listen meant?"},
        {"nothing.like.it = 1\n", "`mimamori config show` lists them"},
        {"mail.pause = 1\n\nmail.pause = 2\n",
         "mimamori.conf:3: mail.pause stands in line 1 already"},
        {"\n\nengine.shards\n", "mimamori.conf:3: no \"=\" here"},
        {"engine.shards = -1\n", "for example: engine.shards = 4"},
        {"intake.private = yes\n", "on or off"},
        {"portal.listen = 127.0.0.1:70000\n", "cannot be used"},
        {"portal.listen = localhost:8443\n", "cannot be used"},
        {"events.keep_days = 65536\n", "(whole numbers from 1 to 65535, days)"},
        {"events.keep_days = 0\n", "cannot be used"},
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
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("environment MIMAMORI_ENGINE_SHARDS: ")) == 0);
    mm_buf_done(&why);
}

TEST(config_refuses_a_variable_that_looks_like_a_key_and_is_none)
{
    struct mm_config c;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    CHECK(setenv("MIMAMORI_CONTENT", "/somewhere", 1) == 0); /* no key's group */
    CHECK(load("", &c, &why) == MM_OK);
    mm_config_done(&c);
    CHECK(setenv("MIMAMORI_PORTAL_LISEN", "off", 1) == 0);
    CHECK(load("", &c, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("MIMAMORI_PORTAL_LISEN")) != SIZE_MAX);
    mm_buf_done(&why);
}

TEST(config_values_have_to_agree)
{
    static const struct {
        const char *text;
        const char *says; /* NULL: they do */
    } cases[] = {
        {"portal.tls = off\n", NULL},
        {"portal.tls = off\nportal.listen = [::1]:8443\n", NULL},
        {"portal.tls = off\nportal.listen = 0.0.0.0:8443\n", "mimamori.conf:1: portal.tls = off"},
        {"oidc.issuer = http://id.example.jp\n", "mimamori.conf:1: oidc.issuer = http://id.ex"},
        {"oidc.issuer = http://127.0.0.1:9\n", "mimamori.conf:1: oidc.issuer = http://127.0"},
        {"oidc.issuer = https://u@id.example.jp\n", "cannot be used; write for example: oidc"},
        {"oidc.issuer = https://id.example.jp\n", "oidc.client_id =  is missing"},
        {"oidc.issuer = https://id.example.jp\noidc.client_id = m\n",
         "oidc.redirect_url =  cannot"},
        {"oidc.issuer = https://id.example.jp\noidc.client_id = m\noidc.redirect_url = "
         "https://m.example.jp/\n",
         "mimamori.conf:3: oidc.redirect_url"},
        {"oidc.issuer = https://id.example.jp\noidc.client_id = m\noidc.redirect_url = "
         "https://m.example.jp/login/oidc/callback\n",
         NULL},
        {"oidc.loopback_http = on\noidc.issuer = http://127.0.0.1:9\noidc.client_id = m\n"
         "oidc.redirect_url = http://127.0.0.1:8/login/oidc/callback\n",
         NULL},
        {"intake.address = log.example.jp\n", NULL},
        {"intake.address = [2001:db8::1]\n",
         "mimamori.conf:1: intake.address = [2001:db8::1] is no"},
        {"intake.address = x; reboot\n", "is no name or address alone"},
        {"portal.listen = off\n", "portal.listen = off cannot be"},
        {"portal.cert = /x\n", "portal.cert and portal.key go together"},
        {"portal.key = /x\n", "mimamori.conf:1: portal.key = /x needs its other half"},
        {"portal.cert = /x\nportal.key = /y\n", NULL},
        {"mail.url = http://mail.example.jp\n", "smtps://"},
        {"mail.url = smtp://me:secret@mail.example.jp\n", "mail.url holds a user"},
        {"mail.url = smtp://mail.example.jp\nmail.user = me\n", "go together"},
        {"mail.user = me\n", NULL}, /* no mails */
        {"intake.tcp = 127.0.0.1:8443\n", "is the address of portal.listen, too"},
        {"intake.tcp = off\nintake.http = off\n", NULL},
        {"intake.udp = 127.0.0.1:6514\n", NULL}, /* UDP and TCP share a number */
        {"serve.programs = eventd engin\n", "names something else"},
        {"serve.programs = \n", "names none"},
        {"serve.programs = worker  portal\n", NULL},
    };
    struct mm_config c;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        enum mm_code code = load(cases[i].text, &c, &why);

        CHECK_NUM(code, cases[i].says == NULL ? MM_OK : MM_E_CONFIG);
        if (code == MM_OK)
            mm_config_done(&c);
        else
            CHECK(mm_slice_search(mm_buf_slice(&why), mm_slice_str(cases[i].says)) != SIZE_MAX);
        CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("secret")) == SIZE_MAX);
    }
    mm_buf_done(&why);
}

TEST(config_files_are_there_and_credentials_for_nobody_else)
{
    char text[700], path[300], got[MM_MAX_PATH];
    struct mm_config c;
    struct mm_buf why;
    FILE *f;

    mm_buf_init(&why, 4096);
    (void)snprintf(path, sizeof(path), "%s/password", mm_test_dir());
    (void)snprintf(text, sizeof(text), "portal.tls = on\nportal.cert = %s\nportal.key = %s\n", path,
                   path);
    CHECK(load(text, &c, &why) == MM_OK);
    CHECK(mm_config_files(&c, &why) == MM_E_CONFIG); /* not there */
    f = fopen(path, "w");
    CHECK(f != NULL && fputs("x\n", f) >= 0 && fclose(f) == 0);
    CHECK(mm_config_files(&c, &why) == MM_OK);
    mm_config_done(&c);
    /* As a credential of systemd. */
    CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
    CHECK(load("mail.password = credential:password\n", &c, &why) == MM_OK);
    CHECK(mm_config_files(&c, &why) == MM_E_CONFIG);
    CHECK(setenv("CREDENTIALS_DIRECTORY", mm_test_dir(), 1) == 0);
    CHECK(chmod(path, 0640) == 0);
    mm_buf_reset(&why);
    CHECK(mm_config_files(&c, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("chmod 600")) != SIZE_MAX);
    CHECK(chmod(path, 0600) == 0);
    CHECK(mm_config_files(&c, &why) == MM_OK);
    CHECK(mm_config_path(&c, MM_CFG_MAIL_PASSWORD, got) && strcmp(got, path) == 0);
    CHECK(mm_config_path(&c, MM_CFG_PORTAL_CERT, got) && got[0] == 0);
    mm_config_done(&c);
    CHECK(load("mail.password = credential:../password\n", &c, &why) == MM_OK);
    CHECK(!mm_config_path(&c, MM_CFG_MAIL_PASSWORD, got));
    mm_config_done(&c);
    mm_buf_done(&why);
}
