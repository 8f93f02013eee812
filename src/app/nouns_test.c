/* app/nouns_test.c - the command line of the register, run in this process. */
#include "app/nouns.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/tables.h"
#include "register/audit.h"
#include "store/records/system_scope.h"
#include "tests/harness/test.h"

enum { WORDS_MAX = 24 };

struct ran {
    int code;
    char out[16384], err[16384];
};

static size_t read_all(const char *path, char *ret, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, ret, size - 1);

    CHECK(fd >= 0 && n >= 0);
    (void)close(fd);
    ret[n] = 0;
    return (size_t)n;
}

/* Words are split at '|'. Output goes to files, as it would in a pipe. */
static void run(struct ran *r, const char *words)
{
    static char line[2048];
    char *argv[WORDS_MAX + 4], path[2][128];
    int argc = 0, keep[2];

    CHECK(strlen(words) < sizeof(line));
    memcpy(line, words, strlen(words) + 1);
    for (char *at = line; at != NULL && argc < WORDS_MAX; argc++) {
        argv[argc] = at;
        at = strchr(at, '|');
        if (at != NULL)
            *at++ = 0;
    }
    argv[argc++] = (char[]){"--state"};
    argv[argc++] = (char *)(uintptr_t)mm_test_dir(); /* argv is not const by tradition */
    argv[argc] = NULL;
    for (int i = 0; i < 2; i++) {
        int fd;

        (void)snprintf(path[i], sizeof(path[i]), "%s/out%d", mm_test_dir(), i);
        fd = open(path[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        CHECK(fd >= 0);
        (void)fflush(i == 0 ? stdout : stderr);
        keep[i] = dup(i + 1);
        CHECK(dup2(fd, i + 1) == i + 1);
        (void)close(fd);
    }
    r->code = mm_nouns_main(argv[0], argc, argv);
    (void)fflush(stderr);
    for (int i = 0; i < 2; i++) {
        CHECK(dup2(keep[i], i + 1) == i + 1);
        (void)close(keep[i]);
    }
    (void)read_all(path[0], r->out, sizeof(r->out));
    (void)read_all(path[1], r->err, sizeof(r->err));
}

static void works(struct ran *r, const char *words)
{
    run(r, words);
    if (r->code != MM_NOUNS_OK)
        mm_test_fail_slice(__FILE__, __LINE__, words, mm_slice_str(r->err), (struct mm_slice){0});
}

static void refused(const char *words, int code, const char *says)
{
    static struct ran r;

    run(&r, words);
    CHECK_NUM(r.code, code);
    if (strstr(r.err, says) == NULL)
        mm_test_fail_slice(__FILE__, __LINE__, words, mm_slice_str(r.err), mm_slice_str(says));
    CHECK(r.out[0] == 0);
}

static void english(void)
{
    CHECK(setenv("LC_ALL", "en_US.UTF-8", 1) == 0);
}

TEST(nouns_every_field_has_a_title_in_both_languages)
{
    for (int e = 0; e < MM_REG_COUNT; e++) {
        const struct mm_entity *entity = mm_entity((enum mm_entity_id)e);

        for (size_t i = 0; i < entity->field_count; i++) {
            char key[96];

            (void)snprintf(key, sizeof(key), "register.field.%s", entity->fields[i].name);
            for (int lang = 0; lang < MM_LANG_COUNT; lang++) {
                if (!(entity->fields[i].flags & MM_FIELD_HIDE) &&
                    mm_lang_text((enum mm_lang)lang, mm_slice_str(key), 1) == NULL)
                    mm_test_fail(__FILE__, __LINE__, entity->fields[i].name);
            }
        }
    }
}

TEST(nouns_add_show_change_and_remove)
{
    static struct ran r;

    english();
    works(&r, "company|add|--code|alpha|--name|Alpha|--industry|E|--name-en|A");
    CHECK(strcmp(r.out, "company 1 was added.\n") == 0);
    works(&r, "company|set|alpha|--tier|2|--name-en|");
    works(&r, "company|show|alpha|--json");
    CHECK(strstr(r.out, "\"tier\":2,") != NULL);
    CHECK(strstr(r.out, "\"name_en\":null,") != NULL);
    CHECK(strstr(r.out, "\"industry\":\"E\",") != NULL);
    works(&r, "company|list");
    CHECK(strcmp(r.out, "0\toperator\tMimamori\tAsia/Tokyo\n1\talpha\tAlpha\tAsia/Tokyo\n") == 0);
    works(&r, "company|list|--limit|1|--json");
    CHECK(strstr(r.out, "\"next\":1}") != NULL);
    works(&r, "company|remove|alpha");
    works(&r, "company|list");
    CHECK(strcmp(r.out, "0\toperator\tMimamori\tAsia/Tokyo\n") == 0);
    works(&r, "company|list|--ended|--json");
    CHECK(strstr(r.out, "\"code\":\"alpha\"") != NULL);
}

TEST(nouns_refer_by_name_within_one_company)
{
    static struct ran r;

    english();
    works(&r, "company|add|--code|alpha|--name|Alpha");
    works(&r, "company|add|--code|beta|--name|Beta");
    works(&r, "site|add|--company|alpha|--name|main");
    works(&r, "device|add|--company|alpha|--name|fw|--kind|router|--site|main");
    works(&r, "device|show|fw|--json");
    CHECK(strstr(r.out, "\"site\":1,") != NULL);
    refused("device|add|--company|beta|--name|fw|--kind|router|--site|main", MM_NOUNS_FAILED,
            "--site: this company has no site main");
    refused("device|add|--company|beta|--name|fw|--kind|router|--site|1", MM_NOUNS_FAILED,
            "--site: this company has no site 1");
    refused("device|show|fw|--company|beta", MM_NOUNS_FAILED, "there is no device fw");
}

TEST(nouns_say_what_where_and_what_to_do)
{
    english();
    refused("site|add|--name|x", MM_NOUNS_FAILED, "--company CODE");
    refused("site|add|--name|x|--company|nope", MM_NOUNS_FAILED, "there is no company nope");
    refused("company|add|--name|x", MM_NOUNS_FAILED, "--code is needed");
    refused("company|add|--code|a b|--name|x", MM_NOUNS_FAILED, "(character 2)");
    refused("company|add|--code|a|--name|x|--sensor|up", MM_NOUNS_FAILED, "inline|mirror|none");
    refused("company|add|--frob|x", MM_NOUNS_USAGE, "mimamori company --help");
    refused("company|frob", MM_NOUNS_USAGE, "add, list, show, set or remove");
    refused("company|show", MM_NOUNS_USAGE, "say which");
    refused("company|show|9", MM_NOUNS_FAILED, "there is no company 9");
    refused("company|remove|operator", MM_NOUNS_FAILED, "nothing was changed");
    refused("token|add|--company|operator|--name|x|--rights|read", MM_NOUNS_FAILED, "--source");
    refused("company|show|9|--lang|ja", MM_NOUNS_FAILED, "company 9 ");
}

TEST(nouns_speak_the_users_language)
{
    static struct ran ja, en;

    CHECK(setenv("LC_ALL", "ja_JP.UTF-8", 1) == 0);
    run(&ja, "company|show|9");
    works(&en, "company|--help|--lang|en");
    CHECK(strstr(ja.err, "there is no") == NULL && ja.err[0] != 0);
    CHECK(strncmp(en.out, "usage: ", 7) == 0);
}

TEST(nouns_show_secrets_once_and_keep_digests)
{
    static struct ran r;
    char token[64] = "";

    english();
    works(&r, "company|add|--code|alpha|--name|Alpha");
    works(&r, "source|add|--company|alpha|--name|fw|--bind|token");
    works(&r, "token|add|--company|alpha|--source|fw|--name|t|--json");
    CHECK(strncmp(r.out, "{\"id\":1,\"token\":\"mm_", 20) == 0);
    memcpy(token, r.out + 17, 46);
    works(&r, "token|show|1|--json");
    CHECK(strstr(r.out, token) == NULL);
    CHECK(strstr(r.out, "\"rights\":\"ingest\"") != NULL);
    CHECK(strstr(r.out, "digest") == NULL);
    works(&r, "user|add|--company|alpha|--login|hana|--name|H|--role|charge|--codes|2|--json");
    CHECK(strstr(r.out, "\"codes\":[\"") != NULL);
    works(&r, "user|add|--company|operator|--login|ana|--name|A|--role|analyst|--json");
    CHECK(strstr(r.out, "\"password\":\"") != NULL);
    refused("user|add|--company|alpha|--login|x|--name|H|--role|analyst", MM_NOUNS_FAILED,
            "--company operator");
    refused("user|add|--company|alpha|--login|ana|--name|H|--role|charge", MM_NOUNS_FAILED,
            "is there already");
}

TEST(tables_every_statement_of_every_feature_is_bound_to_the_scope)
{
    struct mm_records *rec = NULL;
    const struct mm_stmt *bad = NULL;
    char why[512] = "";

    CHECK_NUM(mm_app_records(mm_test_dir(), &rec), MM_OK);
    if (mm_records_check(rec, &bad, why, sizeof(why)) != MM_OK)
        mm_test_fail(__FILE__, __LINE__, why);
    mm_records_close(&rec);
}

TEST(nouns_keep_the_signed_page_of_a_consent)
{
    static struct ran r;
    char words[512], path[2][96], back[64];
    FILE *f;

    english();
    for (int i = 0; i < 2; i++)
        (void)snprintf(path[i], sizeof(path[i]), "%s/page%d.pdf", mm_test_dir(), i);
    f = fopen(path[0], "w");
    CHECK(f != NULL && fputs("%PDF signed", f) >= 0 && fclose(f) == 0);
    works(&r, "company|add|--code|alpha|--name|Alpha");
    (void)snprintf(
        words, sizeof(words),
        "consent|add|--company|alpha|--what|probe|--giver|G|--given|2020-08-01|--scan|%s", path[0]);
    works(&r, words);
    (void)snprintf(words, sizeof(words), "consent|show|1|--scan-to|%s", path[1]);
    works(&r, words);
    (void)read_all(path[1], back, sizeof(back));
    CHECK(strcmp(back, "%PDF signed") == 0);
    run(&r, words);
    CHECK(r.code == MM_NOUNS_FAILED && strstr(r.err, "is there already") != NULL);
    run(&r, "consent|set|1|--scan|/nowhere");
    CHECK(r.code == MM_NOUNS_FAILED && strstr(r.err, "/nowhere") != NULL);
}

static bool count_entry(void *arg, const struct mm_audit_row *row)
{
    (void)row;
    (*(int *)arg)++;
    return true;
}

TEST(nouns_write_every_change_to_the_audit_log)
{
    static struct ran r;
    struct mm_records *rec = NULL;
    struct mm_audit_proof proof = {0};
    struct mm_scope_hold hold;
    struct mm_tx *tx = NULL;
    int entries = 0;

    english();
    works(&r, "company|add|--code|alpha|--name|Alpha");
    works(&r, "site|add|--company|alpha|--name|main");
    works(&r, "site|set|main|--note|x");
    works(&r, "site|remove|main");
    works(&r, "site|list|--ended");
    CHECK_NUM(mm_app_records(mm_test_dir(), &rec), MM_OK);
    CHECK_NUM(mm_records_read(rec, mm_system_company(&hold, 1), &tx), MM_OK);
    CHECK_NUM(mm_audit_each(tx, 0, 100, count_entry, &entries), MM_OK);
    CHECK_NUM(mm_audit_verify(tx, NULL, &proof), MM_OK);
    mm_records_read_done(&tx);
    CHECK_NUM(entries, 4);
    CHECK_NUM(proof.entries, 4);
    CHECK_NUM(proof.broken_at, 0);
    mm_records_close(&rec);
}
