/* intake/bulk_test.c - actions and documents are told apart, or the body is refused. */
#include "intake/bulk.h"

#include <stdio.h>

#include "tests/harness/test.h"

/* "create:DOC|delete!|..." ('!': not taken), and behind it the key with which the walk ended. */
static void walk(struct mm_slice body, struct mm_buf *out)
{
    static const char *const name[] = {"index", "create", "update", "delete"};
    struct mm_bulk b;
    struct mm_bulk_item item;
    struct mm_fault fault = {0};
    enum mm_code c;

    mm_bulk_init(&b, body);
    while ((c = mm_bulk_next(&b, &item, &fault)) == MM_OK) {
        mm_buf_fmt(out, "%s%s", name[item.op], item.taken ? ":" : "!");
        mm_buf_add(out, item.document);
        mm_buf_byte(out, '|');
    }
    if (c != MM_E_NOTFOUND)
        mm_buf_fmt(out, "%s@%zu", fault.what, fault.at);
}

static void check_walk(struct mm_slice body, const char *want)
{
    struct mm_buf out;

    mm_buf_init(&out, 4096);
    walk(body, &out);
    CHECK_SLICE(mm_buf_slice(&out), want);
    mm_buf_done(&out);
}

TEST(bulk_gives_each_action_its_document)
{
    check_walk(MM_S("{\"index\":{\"_index\":\"a\",\"_id\":\"}\"}}\n{\"m\":1}\n"
                    "{ \"create\" : {} }\r\n {\"create\":{}} \r\n"),
               "index:{\"m\":1}|create:{\"create\":{}}|");
    check_walk(MM_S("\n{\"delete\":{\"_id\":\"1\"}}\n\r\n{\"create\":{}}\nno json\n\n"),
               "delete!|create:no json|");
    check_walk(MM_S("{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n{\"index\":{}}\n\n"),
               "update!{\"doc\":{}}|index!|");
}

TEST(bulk_refuses_what_could_be_read_in_two_ways)
{
    check_walk(MM_S(""), "bulk.empty@0");
    check_walk(MM_S("\n\n"), "bulk.empty@2");
    check_walk(MM_S("{\"create\":{}}"), "bulk.newline@0");
    check_walk(MM_S("{\"create\":{}}\n"), "bulk.document@14");
    check_walk(MM_S("{\"create\":{}}\n{\"m\":1}"), "bulk.newline@14");
    check_walk(MM_S("{\"create\":{}}\n{}\n{\"m\":1}\n"), "create:{}|bulk.action@17");
    check_walk(MM_S("{\"create\":1}\n{}\n"), "bulk.action@0");
    check_walk(MM_S("{\"create\":{}\n{}\n"), "bulk.action@0");
    check_walk(MM_S("{\"create\":{}} x}\n{}\n"), "bulk.action@0");
    check_walk(MM_S("{\"creat\":{}}\n{}\n"), "bulk.action@0");
    check_walk(MM_S("{\"create\n{}\n"), "bulk.action@0");
    check_walk(MM_S("plain line\n"), "bulk.action@0");
}

TEST(bulk_counts_its_items_and_stops)
{
    struct mm_buf body;
    struct mm_bulk b;
    struct mm_bulk_item item;
    struct mm_fault fault = {0};

    mm_buf_init(&body, (size_t)MM_BULK_ITEMS * 32);
    for (size_t i = 0; i <= MM_BULK_ITEMS; i++)
        mm_buf_str(&body, "{\"delete\":{}}\n");
    CHECK(mm_buf_ok(&body));
    mm_bulk_init(&b, mm_buf_slice(&body));
    for (size_t i = 0; i < MM_BULK_ITEMS; i++)
        CHECK(mm_bulk_next(&b, &item, NULL) == MM_OK);
    CHECK(mm_bulk_next(&b, &item, &fault) == MM_E_LIMIT);
    CHECK(strcmp(fault.what, "bulk.items") == 0);
    mm_buf_done(&body);
}

TEST(bulk_answers_with_a_status_for_each)
{
    struct mm_buf notes, out;

    mm_buf_init(&notes, 16);
    mm_buf_init(&out, 1024);
    mm_bulk_note(&notes, &(struct mm_bulk_item){.op = MM_BULK_CREATE, .taken = true});
    mm_bulk_note(&notes, &(struct mm_bulk_item){.op = MM_BULK_INDEX, .taken = true});
    mm_bulk_json(mm_buf_slice(&notes), 7, &out);
    CHECK_SLICE(mm_buf_slice(&out),
                "{\"took\":7,\"errors\":false,\"items\":["
                "{\"create\":{\"status\":201}},{\"index\":{\"status\":201}}]}\n");
    mm_buf_reset(&out);
    mm_bulk_note(&notes, &(struct mm_bulk_item){.op = MM_BULK_DELETE});
    mm_bulk_note(&notes, &(struct mm_bulk_item){.op = MM_BULK_INDEX});
    mm_bulk_json(mm_slice_sub(mm_buf_slice(&notes), 2, 2), 0, &out);
    CHECK_SLICE(mm_buf_slice(&out), "{\"took\":0,\"errors\":true,\"items\":["
                                    "{\"delete\":{\"status\":400,\"error\":{\"type\":\"refused\","
                                    "\"reason\":\"bulk.op\"}}},"
                                    "{\"index\":{\"status\":400,\"error\":{\"type\":\"refused\","
                                    "\"reason\":\"bulk.document\"}}}]}\n");
    mm_buf_done(&notes);
    mm_buf_done(&out);
}
