/* intake/ingest_test.c - a request is stored once and answered when it is durable, or refused. */
#include "intake/ingest.h"

#include <pthread.h>

#include "intake/bulk.h"
#include "intake/intake_test.h"
#include "tests/harness/fault_fs.h"

static struct mm_ingest *ingest(struct mm_intake *core)
{
    struct mm_ingest *in = NULL;

    CHECK(mm_ingest_new(core, &in) == MM_OK);
    return in;
}

static struct mm_ingest_answer call(struct mm_ingest *in, const char *key, const char *encoding,
                                    struct mm_slice body)
{
    struct mm_ingest_call c = {.company = 1,
                               .source = 11,
                               .key = mm_slice_str(key),
                               .encoding = mm_slice_str(encoding),
                               .body = body,
                               .received_us = 1606000000000000};
    struct mm_ingest_answer a;

    mm_ingest_call(in, &c, &a);
    return a;
}

TEST(ingest_stores_lines_and_answers_with_their_count)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    struct mm_ingest_answer a = call(in, NULL, NULL, MM_S("one\r\ntwo\n\n{\"three\":3}"));
    struct mm_buf json;

    CHECK(a.status == 200 && a.count == 3 && !a.repeated && a.retry_after_s == 0);
    CHECK_SPOOL("1/11 one|1/11 two|1/11 {\"three\":3}|");
    mm_buf_init(&json, 1024);
    mm_ingest_json(&a, &json);
    CHECK_SLICE(mm_buf_slice(&json), "{\"count\":3,\"truncated\":0,\"repeated\":false}\n");
    mm_buf_done(&json);
    a = call(in, "k", NULL, MM_S("\n\n"));
    CHECK(a.status == 200 && a.count == 0 && !a.repeated);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_takes_each_record_of_a_list)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    struct mm_ingest_answer a =
        call(in, "k", NULL, MM_S("{\"Records\":[{\"a\":1},\n {\"a\":\"}\"}]}\n"));

    CHECK(a.status == 200 && a.count == 2 && !a.repeated);
    a = call(in, "k", NULL, MM_S("{\"Records\":[{\"a\":1},\n {\"a\":\"}\"}]}\n"));
    CHECK(a.status == 200 && a.count == 2 && a.repeated);
    /* What is not wholly a list is kept as it came. */
    a = call(in, NULL, NULL, MM_S("[{\"a\":1},\n{\"b\":"));
    CHECK(a.status == 200 && a.count == 2 && a.truncated == 0);
    CHECK_SPOOL("1/11 {\"a\":1}|1/11 {\"a\":\"}\"}|1/11 [{\"a\":1},|1/11 {\"b\":|");
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

static struct mm_ingest_answer bulk(struct mm_ingest *in, const char *key, struct mm_slice body,
                                    struct mm_buf *notes)
{
    struct mm_ingest_call c = {.company = 1,
                               .source = 11,
                               .key = mm_slice_str(key),
                               .body = body,
                               .bulk = notes,
                               .received_us = 1606000000000000};
    struct mm_ingest_answer a;

    mm_buf_reset(notes);
    mm_ingest_call(in, &c, &a);
    return a;
}

TEST(ingest_stores_the_documents_of_a_bulk_request)
{
    const struct mm_slice body =
        MM_S("{\"create\":{\"_index\":\"x\"}}\n{\"Records\":[{\"a\":1},{\"a\":2}]}\n"
             "{\"delete\":{}}\n{\"index\":{}}\n{\"b\":2}\r\n");
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    struct mm_ingest_answer a;
    struct mm_buf notes;

    mm_buf_init(&notes, 64);
    a = bulk(in, "k", body, &notes);
    CHECK(a.status == 200 && a.count == 2 && notes.n == 3);
    a = bulk(in, "k", body, &notes);
    CHECK(a.status == 200 && a.repeated && notes.n == 3);
    CHECK_NUM(bulk(in, NULL, MM_S("{\"create\":{}}\n{\"c\":3}\n{\"create\":{}}\n"), &notes).status,
              400);
    CHECK_NUM(bulk(in, NULL, MM_S("\xFE\xFF\0{\0\n"), &notes).status, 400);
    CHECK_NUM(bulk(in, NULL, MM_S("{\"delete\":{}}\n"), &notes).status, 200);
    CHECK_SPOOL("1/11 {\"Records\":[{\"a\":1},{\"a\":2}]}|1/11 {\"b\":2}|");
    mm_buf_done(&notes);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_takes_a_bulk_request_that_is_larger_than_the_room)
{
    struct mm_intake *core = t_open_fs((struct mm_fs){0}, (size_t)4 << 20);
    struct mm_ingest *in = ingest(core);
    struct mm_buf body, notes;
    struct mm_ingest_answer a;

    mm_buf_init(&body, MM_INGEST_BODY);
    mm_buf_init(&notes, MM_BULK_ITEMS);
    for (int i = 0; i < 20000; i++)
        mm_buf_fmt(&body, "{\"create\":{}}\n{\"n\":%d}\n", i);
    mm_buf_str(&body, "{\"create\":{}}\n");
    for (int i = 0; i <= MM_MAX_LINE; i++)
        mm_buf_byte(&body, 'x');
    mm_buf_byte(&body, '\n');
    a = bulk(in, NULL, mm_buf_slice(&body), &notes);
    CHECK(a.status == 200 && a.count == 20001 && a.truncated == 1);
    CHECK_NUM(t_source(core, 1, 11)->spooled, 20001);
    CHECK_NUM(t_source(core, 1, 11)->truncated, 1);
    mm_buf_done(&body);
    mm_buf_done(&notes);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_takes_a_body_in_utf16)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    struct mm_ingest_answer a = call(in, NULL, NULL, MM_S("\xFE\xFF\0a\x30\x0A\0\r\0\n\0b"));

    CHECK(a.status == 200 && a.count == 2);
    CHECK_SPOOL("1/11 a\xE3\x80\x8A|1/11 b|");
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_answers_a_repeated_key_again_also_after_a_restart)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    struct mm_ingest_answer a = call(in, "k1", NULL, MM_S("a\nb"));

    CHECK(a.status == 200 && a.count == 2 && !a.repeated);
    a = call(in, "k1", NULL, MM_S("a\nb"));
    CHECK(a.status == 200 && a.count == 2 && a.repeated);
    CHECK_NUM(t_source(core, 1, 11)->repeated, 2);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);

    core = t_open();
    in = ingest(core);
    a = call(in, "k1", NULL, MM_S("a\nb"));
    CHECK(a.status == 200 && a.count == 2 && a.repeated);
    a = call(in, "k1", NULL, MM_S("a\nb\nc"));
    CHECK(a.status == 422);
    a = call(in, "k2", NULL, MM_S("a\nb"));
    CHECK(a.status == 200 && !a.repeated);
    CHECK_SPOOL("1/11 a|1/11 b|1/11 a|1/11 b|");
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_goes_on_where_a_killed_intake_stopped)
{
    char dir[MM_MAX_PATH];
    struct mm_spool *s = NULL;
    struct mm_intake *core;
    struct mm_ingest *in;
    struct mm_ingest_answer a;
    uint8_t id[16];

    /* Two of four lines were written when it died. */
    CHECK(mm_path_join(dir, mm_test_dir(), "spool") == MM_OK);
    CHECK(mm_spool_open(dir, MM_INTAKE_QUEUE, NULL, &s) == MM_OK);
    mm_keys_id(11, MM_S("k"), id);
    for (uint32_t i = 0; i < 2; i++) {
        struct mm_spool_record rec = {.company = 1,
                                      .source = 11,
                                      .origin = mm_keys_origin(id, i, 4),
                                      .body = i == 0 ? MM_S("a") : MM_S("b")};

        CHECK(mm_spool_append(s, &rec, NULL) == MM_OK);
    }
    CHECK(mm_spool_commit(s) == MM_OK);
    mm_spool_close(&s);

    core = t_open();
    in = ingest(core);
    a = call(in, "k", NULL, MM_S("a\nb\nc\nd\n"));
    CHECK(a.status == 200 && a.count == 4 && !a.repeated);
    CHECK_SPOOL("1/11 a|1/11 b|1/11 c|1/11 d|");
    a = call(in, "k", NULL, MM_S("a\nb\nc\nd\n"));
    CHECK(a.status == 200 && a.repeated);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_unpacks_gzip_and_stores_nothing_of_a_damaged_one)
{
    /* printf 'first line\nsecond line\nthird line\n' | gzip -n */
    static const uint8_t gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b,
                                 0xcb, 0x2c, 0x2a, 0x2e, 0x51, 0xc8, 0xc9, 0xcc, 0x4b, 0xe5, 0x2a,
                                 0x4e, 0x4d, 0xce, 0xcf, 0x4b, 0x81, 0xb0, 0x4b, 0x32, 0x32, 0x8b,
                                 0xa0, 0x4c, 0x00, 0x16, 0x01, 0xc0, 0x59, 0x22, 0x00, 0x00, 0x00};
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    uint8_t bad[sizeof(gz)];

    CHECK_NUM(call(in, NULL, "gzip", mm_slice_of(gz, sizeof(gz) - 3)).status, 400);
    memcpy(bad, gz, sizeof(gz));
    bad[sizeof(gz) - 7] ^= 1;
    CHECK_NUM(call(in, NULL, "gzip", mm_slice_of(bad, sizeof(bad))).status, 400);
    CHECK_NUM(call(in, NULL, "gzip", MM_S("no gzip")).status, 400);
    CHECK_NUM(call(in, NULL, "br", MM_S("x")).status, 415);
    CHECK_SPOOL("");
    CHECK_NUM(call(in, NULL, "GZIP", mm_slice_of(gz, sizeof(gz))).count, 3);
    CHECK_NUM(call(in, NULL, "identity", MM_S("x")).count, 1);
    CHECK_SPOOL("1/11 first line|1/11 second line|1/11 third line|1/11 x|");
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_refuses_what_is_too_much)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    static uint8_t big[MM_INGEST_BODY + 1];
    char key[MM_INGEST_KEY + 2];

    memset(big, '\n', sizeof(big));
    CHECK_NUM(call(in, NULL, NULL, mm_slice_of(big, sizeof(big))).status, 413);
    for (size_t i = 0; i < sizeof(big); i += 2)
        big[i] = 'x';
    CHECK_NUM(call(in, NULL, NULL, mm_slice_of(big, MM_INGEST_BODY)).status, 413); /* lines */
    memset(key, 'k', sizeof(key));
    key[sizeof(key) - 1] = 0;
    CHECK_NUM(call(in, key, NULL, MM_S("x")).status, 400);
    CHECK_SPOOL("");
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_cuts_long_lines_and_says_so)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    static uint8_t big[2 * MM_MAX_LINE];
    struct mm_ingest_answer a;

    memset(big, 'x', sizeof(big));
    a = call(in, NULL, NULL, mm_slice_of(big, sizeof(big)));
    CHECK(a.status == 200 && a.count == 1 && a.truncated == 1);
    CHECK_NUM(t_source(core, 1, 11)->truncated, 1);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_says_503_and_when_to_come_back_while_the_disk_is_full)
{
    struct mm_fault_fs *fault = mm_fault_fs_new();
    struct mm_intake *core = t_open_fs(mm_fault_fs_ops(fault), 0);
    struct mm_ingest *in = ingest(core);
    struct mm_ingest_answer a;

    mm_fault_fs_fail(fault, 1000000, MM_E_FULL);
    a = call(in, "k", NULL, MM_S("a\nb")); /* was taken before it was known */
    CHECK(a.status == 503 && a.retry_after_s > 0 && strcmp(a.why, "ingest.full") == 0);
    a = call(in, "other", NULL, MM_S("c")); /* is refused at once */
    CHECK(a.status == 503 && a.retry_after_s > 0);
    CHECK_SPOOL("");
    mm_fault_fs_fail(fault, 0, MM_OK);
    CHECK(mm_intake_wait(core, 3, T_WAIT_MS) == MM_OK ||
          mm_intake_wait(core, 3, T_WAIT_MS) == MM_OK);
    a = call(in, "k", NULL, MM_S("a\nb"));
    CHECK(a.status == 200 && a.count == 2 && a.repeated);
    CHECK_SPOOL("1/11 a|1/11 b|");
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
    mm_fault_fs_free(&fault);
}

/* Eight threads send the same requests under the same keys. */
static void *same_keys(void *arg)
{
    struct mm_ingest *in = arg;

    for (int k = 0; k < 20; k++) {
        char key[16];
        struct mm_ingest_answer a;

        (void)snprintf(key, sizeof(key), "key-%d", k);
        do {
            a = call(in, key, NULL, mm_slice_str(key));
            CHECK(a.status == 200 || a.status == 409);
        } while (a.status != 200);
    }
    return NULL;
}

TEST(ingest_stores_once_what_many_send_at_once_under_one_key)
{
    struct mm_intake *core = t_open();
    struct mm_ingest *in = ingest(core);
    pthread_t t[8];

    for (size_t i = 0; i < MM_COUNT(t); i++)
        CHECK(pthread_create(&t[i], NULL, same_keys, in) == 0);
    for (size_t i = 0; i < MM_COUNT(t); i++)
        CHECK(pthread_join(t[i], NULL) == 0);
    CHECK_NUM(t_source(core, 1, 11)->spooled, 20);
    mm_ingest_free(&in);
    CHECK(mm_intake_close(&core, T_WAIT_MS) == MM_OK);
}

TEST(ingest_auth_binds_a_token_to_its_source)
{
    struct mm_binding_table t;
    const struct mm_key key = {{3}};
    uint32_t company = 0, source = 0;

    CHECK(mm_crypt_init() == MM_OK);
    mm_bindings_init(&t);
    CHECK(mm_bindings_parse(MM_S("1 11 utm token s3cret\n2 21 rtx token other\n"), &key, &t,
                            NULL) == MM_OK);
    mm_bindings_seal(&t);
    CHECK_NUM(mm_ingest_auth(&t, &key, MM_S("utm"), MM_S("s3cret"), &company, &source), 200);
    CHECK(company == 1 && source == 11);
    CHECK_NUM(mm_ingest_auth(&t, &key, MM_S("21"), MM_S("other"), &company, &source), 200);
    CHECK(company == 2 && source == 21);
    CHECK_NUM(mm_ingest_auth(&t, &key, MM_S("rtx"), MM_S("s3cret"), &company, &source), 403);
    CHECK_NUM(mm_ingest_auth(&t, &key, MM_S("utm"), MM_S("wrong"), &company, &source), 401);
    CHECK_NUM(mm_ingest_auth(&t, &key, MM_S("utm"), MM_S(""), &company, &source), 401);
    CHECK(company == 2 && source == 21);
    mm_bindings_done(&t);
}
