/* serve/secret_test.c - promises of sealed secrets. */
#include "serve/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "serve/state.h"
#include "tests/harness/test.h"

/* A state directory with its key. */
static void make_state(const char *name, char ret[MM_MAX_PATH], struct mm_key *ret_key)
{
    char path[MM_MAX_PATH];
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    (void)snprintf(ret, MM_MAX_PATH, "%s/%s", mm_test_dir(), name);
    CHECK(mm_state_prepare(ret, &why) == MM_OK);
    CHECK(mm_state_key(ret, path) == MM_OK);
    CHECK(mm_state_key_read(path, ret_key, &why) == MM_OK);
    mm_buf_done(&why);
}

/* Read `mail.password = VALUE`; what was said of it is in *why. */
static enum mm_code read_value(const char *value, const char *state, char ret[MM_SECRET_MAX],
                               struct mm_buf *why)
{
    struct mm_config c;
    enum mm_code code;

    mm_buf_reset(why);
    CHECK(setenv("MIMAMORI_MAIL_PASSWORD", value, 1) == 0);
    code = mm_config_load(NULL, &c, why);
    if (code == MM_OK) {
        code = mm_secret_read(&c, MM_CFG_MAIL_PASSWORD, state, ret, why);
        if (code == MM_OK)
            CHECK(mm_secrets_check(&c, state, why) == MM_OK);
        mm_config_done(&c);
    }
    return code;
}

static void write_file(const char *name, const char *text)
{
    char path[MM_MAX_PATH];
    FILE *f;

    (void)snprintf(path, sizeof(path), "%s/%s", mm_test_dir(), name);
    f = fopen(path, "w");
    CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0 && chmod(path, 0600) == 0);
}

TEST(secret_is_read_with_the_key_it_was_sealed_with_and_no_other)
{
    char one[MM_MAX_PATH], two[MM_MAX_PATH], text[MM_SECRET_TEXT], got[MM_SECRET_MAX] = "before";
    struct mm_key key, other;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    make_state("one", one, &key);
    make_state("two", two, &other);
    CHECK(mm_secret_seal(&key, MM_S(" with blanks "), text));
    CHECK(mm_slice_search(mm_slice_str(text), MM_S("blanks")) == SIZE_MAX);
    CHECK(read_value(text, two, got, &why) == MM_E_CONFIG);
    CHECK(mm_slice_starts(mm_buf_slice(&why), MM_S("mail.password: was not sealed with the key")));
    CHECK(mm_slice_search(mm_buf_slice(&why), mm_slice_str(text)) == SIZE_MAX);
    CHECK(strcmp(got, "before") == 0);
    CHECK(read_value(text, one, got, &why) == MM_OK);
    CHECK(strcmp(got, " with blanks ") == 0);
    text[strlen(text) - 2] ^= 1;
    CHECK(read_value(text, one, got, &why) == MM_E_CONFIG);
    mm_buf_done(&why);
}

TEST(secret_in_plain_is_refused_and_not_repeated)
{
    static const char *const plain[] = {"hunter2", "/etc/hunter2", "sealed", "Sealed:hunter2"};
    char state[MM_MAX_PATH], got[MM_SECRET_MAX];
    struct mm_key key;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    make_state("state", state, &key);
    for (size_t i = 0; i < MM_COUNT(plain); i++) {
        CHECK(read_value(plain[i], state, got, &why) == MM_E_CONFIG);
        CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("mimamori config seal")) != SIZE_MAX);
        CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("hunter2")) == SIZE_MAX);
    }
    CHECK(read_value("sealed:2:AAAA", state, got, &why) == MM_E_VERSION);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("newer release")) != SIZE_MAX);
    CHECK(read_value("sealed:1:", state, got, &why) == MM_E_CONFIG);
    CHECK(read_value("sealed:1:*", state, got, &why) == MM_E_CONFIG);
    CHECK(read_value("", state, got, &why) == MM_OK && got[0] == 0);
    mm_buf_done(&why);
}

TEST(secret_has_one_line_and_not_too_much_of_it)
{
    char state[MM_MAX_PATH], text[MM_SECRET_TEXT], got[MM_SECRET_MAX], longest[MM_SECRET_MAX + 1];
    struct mm_key key;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    make_state("state", state, &key);
    CHECK(!mm_secret_seal(&key, MM_S(""), text));
    CHECK(!mm_secret_seal(&key, MM_S("two\nlines"), text));
    CHECK(!mm_secret_seal(&key, MM_S("a\0b"), text));
    memset(longest, 'x', sizeof(longest));
    longest[MM_SECRET_MAX] = 0;
    CHECK(!mm_secret_seal(&key, mm_slice_str(longest), text));
    longest[MM_SECRET_MAX - 1] = 0;
    CHECK(mm_secret_seal(&key, mm_slice_str(longest), text));
    CHECK(read_value(text, state, got, &why) == MM_OK && strcmp(got, longest) == 0);
    mm_buf_done(&why);
}

TEST(secret_of_a_credential_is_what_stands_in_it)
{
    char state[MM_MAX_PATH], got[MM_SECRET_MAX], longest[MM_SECRET_MAX + 1];
    struct mm_key key;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    make_state("state", state, &key);
    CHECK(setenv("CREDENTIALS_DIRECTORY", mm_test_dir(), 1) == 0);
    CHECK(read_value("credential:absent", state, got, &why) == MM_E_CONFIG);
    write_file("mail", "hunter2\r\n");
    CHECK(read_value("credential:mail", state, got, &why) == MM_OK && strcmp(got, "hunter2") == 0);
    write_file("mail", "");
    CHECK(read_value("credential:mail", state, got, &why) == MM_E_CONFIG);
    write_file("mail", "hunter2\nmore\n");
    CHECK(read_value("credential:mail", state, got, &why) == MM_E_CONFIG);
    CHECK(mm_slice_search(mm_buf_slice(&why), MM_S("hunter2")) == SIZE_MAX);
    memset(longest, 'x', sizeof(longest));
    longest[MM_SECRET_MAX] = 0;
    write_file("mail", longest);
    CHECK(read_value("credential:mail", state, got, &why) == MM_E_CONFIG);
    CHECK(read_value("credential:../mail", state, got, &why) == MM_E_CONFIG);
    mm_buf_done(&why);
}

TEST(secret_that_could_be_guessed_is_refused)
{
    char state[MM_MAX_PATH], text[MM_SECRET_TEXT];
    struct mm_config c;
    struct mm_key key;
    struct mm_buf why;

    mm_buf_init(&why, 4096);
    make_state("state", state, &key);
    for (size_t n = 15; n <= 16; n++) {
        CHECK(mm_secret_seal(&key, mm_slice_sub(MM_S("0123456789abcdef"), 0, n), text));
        CHECK(setenv("MIMAMORI_METRICS_TOKEN", text, 1) == 0);
        CHECK(mm_config_load(NULL, &c, &why) == MM_OK);
        CHECK_NUM(mm_secrets_check(&c, state, &why), n == 16 ? MM_OK : MM_E_CONFIG);
        mm_config_done(&c);
    }
    mm_buf_done(&why);
}
