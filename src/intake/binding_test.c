/* intake/binding_test.c - a sender is one source's or nobody's, never the wrong one's. */
#include "intake/binding.h"

#include "tests/harness/test.h"

static const struct mm_key key = {{7}};

static struct mm_binding_table table(const char *text)
{
    struct mm_binding_table t;

    CHECK(mm_crypt_init() == MM_OK);
    mm_bindings_init(&t);
    CHECK(mm_bindings_parse(mm_slice_str(text), &key, &t, NULL) == MM_OK);
    mm_bindings_seal(&t);
    return t;
}

static uint32_t source_of(const struct mm_binding *b)
{
    return b == NULL ? 0 : b->source;
}

static uint32_t by_address(const struct mm_binding_table *t, const char *ip)
{
    struct mm_ip addr;

    CHECK(mm_ip_parse(mm_slice_str(ip), &addr));
    return source_of(mm_bindings_address(t, &addr));
}

static uint32_t by_token(const struct mm_binding_table *t, const char *token)
{
    struct mm_digest d;

    mm_digest_keyed(&key, mm_slice_str(token), &d);
    return source_of(mm_bindings_token(t, &d));
}

TEST(binding_finds_by_token_listener_and_address)
{
    struct mm_binding_table t = table("# the pilot\n"
                                      "1 11 utm token s3cret\n"
                                      "\n"
                                      "2 21 rtx listener tcp/5514\n"
                                      "2 22 rtx-u\tlistener   udp/5514\r\n"
                                      "3 31 squid address 192.0.2.7\n"
                                      "3 32 net address 192.0.2.0/24\n"
                                      "4 41 six address 2001:db8::/32");

    CHECK_NUM(t.n, 6);
    CHECK_NUM(by_token(&t, "s3cret"), 11);
    CHECK_NUM(by_token(&t, "s3creT"), 0);
    CHECK_NUM(by_token(&t, ""), 0);
    CHECK_NUM(source_of(mm_bindings_listener(&t, MM_TRANSPORT_TCP, 5514)), 21);
    CHECK_NUM(source_of(mm_bindings_listener(&t, MM_TRANSPORT_UDP, 5514)), 22);
    CHECK_NUM(source_of(mm_bindings_listener(&t, MM_TRANSPORT_UDP, 5515)), 0);
    CHECK_NUM(by_address(&t, "192.0.2.7"), 31);
    CHECK_NUM(by_address(&t, "192.0.2.8"), 32);
    CHECK_NUM(by_address(&t, "192.0.3.8"), 0);
    CHECK_NUM(by_address(&t, "2001:db8:1::5"), 41);
    CHECK_NUM(by_address(&t, "2001:db9::5"), 0);
    mm_bindings_done(&t);
}

TEST(binding_that_two_sources_claim_is_nobodys)
{
    struct mm_binding_table t = table("1 11 a address 192.168.1.1\n"
                                      "2 21 b address 192.168.1.1\n"
                                      "3 31 c address 192.168.0.0/16\n"
                                      "1 11 a listener tcp/600\n"
                                      "2 21 b listener tcp/600\n"
                                      "1 12 d token x\n"
                                      "1 12 d token x\n");

    CHECK_NUM(by_address(&t, "192.168.1.1"), 0);
    CHECK_NUM(by_address(&t, "192.168.1.2"), 31);
    CHECK_NUM(source_of(mm_bindings_listener(&t, MM_TRANSPORT_TCP, 600)), 0);
    CHECK_NUM(by_token(&t, "x"), 12); /* twice the same is no conflict */
    mm_bindings_done(&t);
}

TEST(binding_tables_are_the_same_whatever_the_order_of_rows)
{
    struct mm_binding_table a = table("1 11 a address 192.0.2.1\n2 21 b address 192.0.2.1\n"),
                            b = table("2 21 b address 192.0.2.1\n1 11 a address 192.0.2.1\n"),
                            c = table("1 11 a address 192.0.2.1\n2 22 b address 192.0.2.1\n");

    CHECK(mm_bindings_same(&a, &b));
    CHECK(!mm_bindings_same(&a, &c));
    mm_bindings_done(&a);
    mm_bindings_done(&b);
    mm_bindings_done(&c);
}

TEST(binding_of_an_empty_table_is_nobodys)
{
    struct mm_binding_table t = table("");

    CHECK_NUM(by_address(&t, "192.168.1.1"), 0);
    CHECK_NUM(by_token(&t, "x"), 0);
    CHECK(mm_bindings_listener(&t, MM_TRANSPORT_TCP, 1) == NULL);
    mm_bindings_done(&t);
}

TEST(binding_file_names_the_line_it_refused)
{
    static const struct {
        const char *text, *what;
    } cases[] = {
        {"x 1 n token t", "bindings.company"},
        {"4294967296 1 n token t", "bindings.company"},
        {"1 -1 n token t", "bindings.source"},
        {"1 1", "bindings.name"},
        {"1 1 n", "bindings.words"},
        {"1 1 n token", "bindings.words"},
        {"1 1 n token a b", "bindings.words"},
        {"1 1 n listener 514", "bindings.listener"},
        {"1 1 n listener tcp/0", "bindings.listener"},
        {"1 1 n listener udp/65536", "bindings.listener"},
        {"1 1 n address 192.0.2.1/24", "bindings.address"},
        {"1 1 n adress 192.0.2.1", "bindings.kind"},
    };

    CHECK(mm_crypt_init() == MM_OK);
    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_binding_table t;
        struct mm_fault f = {0};
        char text[128];

        (void)snprintf(text, sizeof(text), "1 1 ok token t\n\n%s\n", cases[i].text);
        mm_bindings_init(&t);
        CHECK(mm_bindings_parse(mm_slice_str(text), &key, &t, &f) == MM_E_CONFIG);
        CHECK_NUM(f.at, 3);
        CHECK(strcmp(f.what, cases[i].what) == 0);
        CHECK_NUM(t.n, 1);
        mm_bindings_done(&t);
    }
}
