/* app/rules_pack_test.c - a set of rules that comes as an archive, from a file or over HTTPS. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/file.h"
#include "tests/harness/cli.h"
#include "tests/harness/tar.h"
#include "web/http.h"
#include "web/tls.h"

#define RULE(id)                                                                                   \
    "title: Rule " id "\nid: '" id "'\nlogsource: {product: windows}\n"                            \
    "detection: {s: {Image|endswith: x}, condition: s}\n"
#define ARGS(...) ((const char *const[]){__VA_ARGS__, "--state", "state", NULL})

static void put_archive(const char *file, const struct tar_member *m, size_t n)
{
    struct mm_buf out;

    mm_buf_init(&out, 1 << 20);
    tar_put_all(&out, m, n);
    mm_cli_put(file, mm_buf_slice(&out));
    mm_buf_done(&out);
}

static const struct tar_member good[] = {
    {"./set-1/one.yml", RULE("1")},         {"set-1/win/two.yaml", RULE("2")},
    {"set-1/.github/three.yml", RULE("3")}, /* hidden: never loaded */
    {"set-1/readme.md", "# no rule"},       {"set-1/link.yml", NULL},
};

static bool there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

/* Run, expect this exit status and the text, among errors or not. */
static void expect(int status, const char *text, const char *const *args)
{
    struct mm_ran r = mm_cli_run(MM_PROGRAM, MM_S(""), args);

    if (r.status != status || (strstr(r.out, text) == NULL && strstr(r.err, text) == NULL))
        printf("# %d %s%s\n", r.status, r.out, r.err);
    CHECK_NUM(r.status, status);
    CHECK(strstr(r.out, text) != NULL || strstr(r.err, text) != NULL);
    mm_ran_done(&r);
}

TEST(update_takes_an_archive_as_it_takes_a_folder)
{
    CHECK(chdir(mm_test_dir()) == 0);
    put_archive("good.tar", good, MM_COUNT(good));
    expect(0, "\"installed\":false", ARGS("update", "--json", "good.tar"));
    CHECK(!there("state/rules/sigmahq"));
    expect(0, "sigmahq: 2 new, 0 changed, 0 removed, 0 as before\n",
           ARGS("update", "--yes", "good.tar"));
    CHECK(there("state/rules/sigmahq/set-1/one.yml"));
    CHECK(there("state/rules/sigmahq/set-1/win/two.yaml"));
    CHECK(!there("state/rules/sigmahq/set-1/link.yml"));
    CHECK(!there("state/rules/sigmahq/set-1/.github"));
    CHECK(!there("state/rules-sets/sigmahq.in")); /* nothing is left behind */
    expect(0, "nothing to do", ARGS("update", "--yes", "good.tar"));
    /* The next one; and back. */
    put_archive("less.tar", good, 1);
    expect(0, "0 new, 0 changed, 1 removed, 1 as before", ARGS("update", "--yes", "less.tar"));
    expect(0, "1 new, 0 changed, 0 removed", ARGS("rollback", "--yes"));
    expect(1, "the archive's SHA-256 is ", ARGS("update", "--yes", "--sha256", "0000", "good.tar"));
    expect(1, "it has no checksum", ARGS("update", "--yes", "--sha256", "0000", "state"));
}

TEST(update_refuses_archives_that_lead_elsewhere_or_are_none)
{
    static const struct tar_member bad[] = {
        {"../evil.yml", RULE("1")},      {"/tmp/evil.yml", RULE("1")},
        {"a/../../evil.yml", RULE("1")}, {"a\\..\\evil.yml", RULE("1")},
        {"a//b.yml", RULE("1")},         {"a\nb.yml", RULE("1")},
        {"a\033[2J.yml", RULE("1")},
    };
    struct tar_member two[2] = {good[0]};

    CHECK(chdir(mm_test_dir()) == 0);
    for (size_t i = 0; i < MM_COUNT(bad); i++) {
        two[1] = bad[i];
        put_archive("bad.tar", two, 2);
        expect(1, "a name in this archive leads out", ARGS("update", "--yes", "bad.tar"));
        CHECK(!there("state/rules/sigmahq") && !there("state/rules-sets/sigmahq.in"));
        CHECK(!there("evil.yml") && !there("state/evil.yml") && !there("/tmp/evil.yml"));
    }
    mm_cli_put("text.zip", MM_S("no archive at all"));
    expect(1, "no archive of rules", ARGS("update", "--yes", "text.zip"));
    mm_cli_put("empty.zip", MM_S(""));
    expect(1, "no archive of rules", ARGS("update", "--yes", "empty.zip"));
    put_archive("none.tar", &good[3], 1); /* a good archive without a rule */
    expect(1, "no good rule", ARGS("update", "--yes", "none.tar"));
    expect(1, "not_there.tar.gz", ARGS("update", "--yes", "not_there.tar.gz"));
    mm_cli_put("one.yml", MM_S(RULE("1"))); /* a file of rules is a set as well */
    expect(0, "\"new\":[{\"filter\":false,\"id\":\"1\",", ARGS("update", "--json", "one.yml"));
    /* Cut off in the middle of a member. */
    put_archive("cut.tar", good, 2);
    CHECK(truncate("cut.tar", TAR_BLOCK + 20) == 0);
    expect(1, "no archive of rules", ARGS("update", "--yes", "cut.tar"));
    CHECK(!there("state/rules/sigmahq"));
}

/* ---- over HTTPS ---- */

struct served {
    struct mm_buf archive;
    char port[8];
};

static void serve(void *user, struct mm_http_req *req)
{
    struct served *s = user;

    if (mm_slice_eq(req->path, MM_S("/good.tar"))) {
        mm_http_static(req, 200, "application/x-tar", mm_buf_slice(&s->archive));
    } else if (mm_slice_eq(req->path, MM_S("/moved"))) {
        mm_http_redirect(req, "/good.tar");
    } else if (mm_slice_eq(req->path, MM_S("/plain"))) {
        mm_http_set(req, "Location", "http://127.0.0.1:1/good.tar");
        mm_http_text(req, 302, "moved\n");
    } else if (mm_slice_eq(req->path, MM_S("/round"))) {
        mm_http_redirect(req, "/round");
    } else {
        mm_http_text(req, 404, "none\n");
    }
}

static void fetch(const struct served *s, const char *path, const char *ca, int status,
                  const char *text)
{
    char url[128];

    (void)snprintf(url, sizeof(url), "https://127.0.0.1:%s%s", s->port, path);
    if (ca != NULL)
        expect(status, text, ARGS("update", "--json", "--ca", ca, url));
    else
        expect(status, text, ARGS("update", "--json", url));
}

TEST(update_fetches_an_archive_over_https_and_nothing_else)
{
    const struct mm_http_cfg cfg = {
        .listen = "127.0.0.1:0", .cert_path = "cert.pem", .key_path = "key.pem"};
    struct served s = {0};
    const struct mm_http_handler handler = {.user = &s, .handle = serve};
    struct mm_http *http = NULL;
    struct mm_fault fault = {0};
    struct mm_buf note;
    char url[128];

    CHECK(chdir(mm_test_dir()) == 0);
    CHECK(setenv("no_proxy", "127.0.0.1", 1) == 0);
    put_archive("good.tar", good, MM_COUNT(good));
    mm_buf_init(&s.archive, 1 << 20);
    CHECK_NUM(mm_file_read("good.tar", &s.archive), MM_OK);
    CHECK_NUM(mm_tls_self_signed("cert.pem", "key.pem", NULL), MM_OK);
    CHECK_NUM(mm_tls_self_signed("other.pem", "other-key.pem", NULL), MM_OK);
    CHECK_NUM(mm_http_start(&cfg, &handler, &http, &fault), MM_OK);
    (void)snprintf(s.port, sizeof(s.port), "%u", mm_http_port(http));
    fetch(&s, "/good.tar", "cert.pem", 0, "\"rules\":2,");
    fetch(&s, "/moved", "cert.pem", 0, "\"rules\":2,");
    fetch(&s, "/good.tar", "other.pem", 1, "certificate");
    fetch(&s, "/good.tar", NULL, 1, "certificate"); /* nobody vouches for it */
    fetch(&s, "/none", "cert.pem", 1, "404");
    fetch(&s, "/plain", "cert.pem", 1, "http"); /* a redirection away from https */
    fetch(&s, "/round", "cert.pem", 1, "redirect");
    expect(1, "rules come over https only", ARGS("update", "http://127.0.0.1/good.tar"));
    CHECK(!there("state/rules/sigmahq"));
    /* Who reads on a page where the set came from does not get in there by it. */
    (void)snprintf(url, sizeof(url), "https://me:secret@127.0.0.1:%s/good.tar?key=secret", s.port);
    expect(0, "in force", ARGS("update", "--yes", "--ca", "cert.pem", url));
    mm_buf_init(&note, 1 << 20);
    CHECK_NUM(mm_file_read("state/rules/sigmahq/.note.json", &note), MM_OK);
    (void)snprintf(url, sizeof(url), "\"https://127.0.0.1:%s/good.tar\"", s.port);
    CHECK(mm_slice_search(mm_buf_slice(&note), mm_slice_str(url)) != SIZE_MAX);
    CHECK(mm_slice_search(mm_buf_slice(&note), MM_S("secret")) == SIZE_MAX);
    mm_buf_done(&note);
    mm_http_stop(&http);
    mm_buf_done(&s.archive);
}
