/* decode/treedoc_test.c - promises of trees taken as documents. */
#include "decode/treedoc_kit.h"

#include "codec/xml.h"
#include "tests/harness/test.h"

static bool same(struct mm_slice xml, struct mm_json_doc *ret, struct mm_arena *arena)
{
    struct mm_json *json = mm_json_new(1024 * 1024);
    struct mm_tree *top;
    bool ok;

    mm_arena_init(arena, 16 * 1024 * 1024);
    CHECK(json != NULL && mm_xml_parse(xml, NULL, arena, &top, NULL) == MM_OK);
    ok = mm_treedoc_same(top, arena, json);
    CHECK(!ok || mm_tree_doc(top, arena, ret));
    mm_json_free(&json);
    return ok;
}

TEST(treedoc_is_what_the_json_text_says)
{
    static const struct mm_slice xml[] = {
        MM_S_INIT("<Event/>"),
        MM_S_INIT("<Event a='1'><System><Provider Name='P' Guid='{1}'/><EventID>1</EventID>"
                  "<TimeCreated SystemTime='2026-11-20T00:00:00Z'/></System></Event>"),
        MM_S_INIT("<Event><EventData><Data Name='A'>x</Data><Data Name='B'/><Data>1</Data>"
                  "<Data>2</Data><Data Name='C' Type='t'>y</Data></EventData></Event>"),
        MM_S_INIT("<Event><UserData><Own xmlns='u'><V>1</V><V>2</V><W><X>3</X></W></Own>"
                  "</UserData><RenderingInfo><Keywords><Keyword>k</Keyword></Keywords>"
                  "</RenderingInfo></Event>"),
        MM_S_INIT("<Event><EventData><Data Name='N'><B>\"q\" &amp; \\</B>t</Data></EventData>"
                  "</Event>"),
    };

    for (size_t i = 0; i < MM_COUNT(xml); i++) {
        struct mm_json_doc doc;
        struct mm_arena arena;

        CHECK(same(xml[i], &doc, &arena));
        mm_arena_done(&arena);
    }
}

TEST(treedoc_has_the_source_of_containers_that_are_values)
{
    struct mm_json_doc doc;
    struct mm_arena arena;
    const struct mm_json_item *it = NULL;

    CHECK(
        same(MM_S("<Event><EventData><V>1</V><V>\xC3\xA9</V></EventData></Event>"), &doc, &arena));
    for (size_t i = 0; i < doc.n; i++)
        it = mm_slice_eq(doc.item[i].key, MM_S("V")) ? &doc.item[i] : it;
    CHECK(it != NULL && it->type == MM_JSON_ARRAY);
    CHECK_SLICE(it->text, "[\"1\",\"\xC3\xA9\"]");
    mm_arena_done(&arena);
}

TEST(treedoc_refuses_what_is_too_deep_or_too_wide)
{
    struct mm_json_doc doc = {.n = 99};
    struct mm_arena arena;
    struct mm_buf xml;

    mm_buf_init(&xml, 1024 * 1024);
    for (int i = 0; i < MM_JSON_MAX_DEPTH + 1; i++)
        mm_buf_str(&xml, "<a>");
    for (int i = 0; i < MM_JSON_MAX_DEPTH + 1; i++)
        mm_buf_str(&xml, "</a>");
    CHECK(!same(mm_buf_slice(&xml), &doc, &arena));
    mm_arena_done(&arena);
    mm_buf_reset(&xml);
    mm_buf_str(&xml, "<a>");
    for (int i = 0; i < MM_JSON_MAX_ITEMS; i++)
        mm_buf_str(&xml, "<b/>");
    mm_buf_str(&xml, "</a>");
    CHECK(!same(mm_buf_slice(&xml), &doc, &arena));
    CHECK_NUM(doc.n, 99);
    mm_arena_done(&arena);
    mm_buf_done(&xml);
}
