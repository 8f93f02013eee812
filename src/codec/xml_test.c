/* codec/xml_test.c - documents as Windows writes them, and what is refused. */
#include "codec/xml.h"

#include "tests/harness/test.h"

static void expect(const char *in, const char *want)
{
    struct mm_fault fault = {0};
    struct mm_arena a;
    struct mm_tree *top = NULL;
    struct mm_buf out;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&out, 1 << 20);
    CHECK(mm_xml_parse(mm_slice_str(in), NULL, &a, &top, &fault) == MM_OK);
    mm_tree_json(&out, top);
    CHECK_SLICE(mm_buf_slice(&out), want);
    mm_buf_done(&out);
    mm_arena_done(&a);
}

TEST(xml_reads_elements_attributes_and_text)
{
    static const char *const row[][2] = {
        {"<a/>", "{\"a\":null}"},
        {"<a></a>", "{\"a\":null}"},
        {"<a> </a>", "{\"a\":\" \"}"},
        {"\xEF\xBB\xBF<?xml version=\"1.0\"?>\n<a>x</a>\n", "{\"a\":\"x\"}"},
        {"<a>\n  <b>1</b>\n  <c/>\n</a>", "{\"a\":{\"b\":\"1\",\"c\":null}}"},
        {"<a n='1' m=\"&quot;2'\">x</a>",
         "{\"a\":{\"#attributes\":{\"n\":\"1\",\"m\":\"\\\"2'\"},\"#text\":\"x\"}}"},
        {"<n:a xmlns:n='u'><n:b/></n:a>", "{\"a\":{\"#attributes\":{\"n\":\"u\"},\"b\":null}}"},
        {"<a>1 &lt; 2 &amp;&amp; &#x3042;&#65;</a>", "{\"a\":\"1 < 2 && \xE3\x81\x82"
                                                     "A\"}"},
        {"<a>x<![CDATA[<&]]><!-- no -->y</a>", "{\"a\":\"x<&y\"}"},
        {"<E><Data Name='u'>v</Data><Data Name='w'/></E>", "{\"E\":{\"u\":\"v\",\"w\":null}}"},
        {"<E><Data>v</Data><Data>w</Data></E>", "{\"E\":{\"Data\":[\"v\",\"w\"]}}"},
    };

    for (size_t i = 0; i < MM_COUNT(row); i++)
        expect(row[i][0], row[i][1]);
}

TEST(xml_says_what_is_wrong_and_where)
{
    static const struct {
        const char *in, *what;
        size_t at;
    } row[] = {
        {"", "xml.end", 0},
        {"x", "xml.outside", 1},
        {"<a>", "xml.end", 3},
        {"<a></b>", "xml.end", 5},
        {"<a/><b/>", "xml.outside", 5},
        {"<a/>x", "xml.outside", 5},
        {"</a>", "xml.end", 2},
        {"<a b></a>", "xml.attribute", 4},
        {"<a b=c></a>", "xml.attribute", 5},
        {"<a b='c></a>", "xml.attribute", 6},
        {"<a>&nbsp;</a>", "xml.reference", 9},
        {"<a>&amp</a>", "xml.reference", 7},
        {"<a>&#0;</a>", "xml.reference", 7},
        {"<a>&#xD800;</a>", "xml.reference", 11},
        {"<a>&#x110000;</a>", "xml.reference", 13},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "xml.doctype", 2},
        {"<a><![CDATA[x</a>", "xml.cdata", 12},
        {"<a><!-- x</a>", "xml.comment", 7},
        {"<?xml <a/>", "xml.instruction", 2},
        {"< a/>", "xml.tag", 1},
        {"<a /x>", "xml.tag", 4},
    };

    for (size_t i = 0; i < MM_COUNT(row); i++) {
        struct mm_fault fault = {0};
        struct mm_arena a;
        struct mm_tree *top = NULL;

        mm_arena_init(&a, 1 << 20);
        CHECK(mm_xml_parse(mm_slice_str(row[i].in), NULL, &a, &top, &fault) == MM_E_SYNTAX);
        CHECK(top == NULL && fault.what != NULL);
        CHECK_SLICE(mm_slice_str(fault.what), row[i].what);
        CHECK_NUM(fault.at, row[i].at);
        mm_arena_done(&a);
    }
}

TEST(xml_bounds_depth_and_memory)
{
    struct mm_fault fault = {0};
    struct mm_arena a;
    struct mm_tree *top = NULL;
    struct mm_buf in;

    mm_buf_init(&in, 4096);
    for (int i = 0; i < MM_XML_MAX_DEPTH; i++)
        mm_buf_str(&in, "<a>");
    for (int i = 0; i < MM_XML_MAX_DEPTH; i++)
        mm_buf_str(&in, "</a>");
    mm_arena_init(&a, 1 << 20);
    CHECK(mm_xml_parse(mm_buf_slice(&in), NULL, &a, &top, &fault) == MM_OK);
    mm_arena_done(&a);
    mm_buf_reset(&in);
    for (int i = 0; i <= MM_XML_MAX_DEPTH; i++)
        mm_buf_str(&in, "<a>");
    mm_arena_init(&a, 1 << 20);
    CHECK(mm_xml_parse(mm_buf_slice(&in), NULL, &a, &top, &fault) == MM_E_LIMIT);
    mm_arena_done(&a);
    mm_arena_init(&a, 100);
    CHECK(mm_xml_parse(MM_S("<a><b/></a>"), NULL, &a, &top, &fault) == MM_E_NOMEM);
    mm_arena_done(&a);
    mm_buf_done(&in);
}
