/* assess/answers_test.c - answers as a file, there and back; results as documents. */
#include "assess/answers.h"

#include "assess/doc.h"
#include "tests/harness/test.h"

#include "assess/testkit.h"

#define YAML                                                                                       \
    KIT_HEAD KIT_THREE KIT_SCORE "sections:\n" KIT_SECTION("s")                                    \
        KIT_QX("a", "criteria: [{criterion: c, words: " KIT_W ", from: done}]")                    \
            KIT_QX("m", "kind: many") "      - {question: t, kind: text, ask: " KIT_W              \
                                      "}\n" KIT_Q("b")
#define FILE_HEAD "questionnaire: kit\nversion: 1\n"

static struct mm_quest_errors *errors(void)
{
    struct mm_quest_errors *e = calloc(1, sizeof(*e));

    CHECK(e != NULL);
    return e;
}

TEST(answers_are_read_short_and_long)
{
    static const char file[] =
        FILE_HEAD "answers:\n  a: {level: done, met: [c], comment: 'since May', by: Sato}\n"
                  "  m: {levels: [none, done]}\n  t: {\"body\": \"three PCs\"}\n  b: unknown\n";
    struct mm_quest *q = kit_read(YAML);
    struct mm_quest_errors *e = errors();
    struct mm_answer answer[4];
    struct mm_said *said = NULL;
    struct mm_arena a;
    size_t n = 0;

    mm_arena_init(&a, 1 << 20);
    CHECK_NUM(mm_answers_read(q, mm_slice_str(file), &a, &said, &n, e), MM_OK);
    CHECK_NUM(n, 4);
    CHECK(said[0].origin == MM_ORIGIN_IMPORTED && said[0].ticked);
    CHECK_SLICE(said[0].comment, "since May");
    CHECK_SLICE(said[0].by_name, "Sato");
    CHECK_SLICE(said[2].body, "three PCs");
    mm_assess_count(q, said, n, false, answer);
    CHECK_NUM(answer[0].levels, 4);
    CHECK_NUM(answer[0].met, 1);
    CHECK_NUM(answer[1].levels, 5);
    CHECK(answer[3].state == MM_ANSWER_UNKNOWN);
    mm_arena_done(&a);
    mm_quest_free(&q);
    free(e);
}

TEST(a_file_with_a_fault_gives_no_answer_and_names_the_row)
{
    static const struct {
        const char *text, *what;
        uint32_t line;
    } cases[] = {
        {FILE_HEAD, "missing", 1},
        {"questionnaire: other\nversion: 1\nanswers: {a: done}\n", "other", 1},
        {"questionnaire: kit\nversion: 2\nanswers: {a: done}\n", "other", 2},
        {FILE_HEAD "answers:\n  a: done\n  z: done\n", "no-question", 5},
        {FILE_HEAD "answers:\n  a: full\n", "answer", 4},
        {FILE_HEAD "answers:\n  a: {levels: [none, done]}\n", "answer", 4},
        {FILE_HEAD "answers:\n  a: {level: done, met: [d]}\n", "answer", 4},
        {FILE_HEAD "answers:\n  t: {level: done}\n", "answer", 4},
        {FILE_HEAD "answers:\n  a: {colour: red}\n", "key", 4},
        {FILE_HEAD "answers: [a]\n", "map", 3},
    };
    struct mm_quest *q = kit_read(YAML);
    struct mm_quest_errors *e = errors();

    for (size_t i = 0; i < MM_COUNT(cases); i++) {
        struct mm_said *said = NULL;
        struct mm_arena a;
        size_t n = 7;

        mm_arena_init(&a, 1 << 20);
        CHECK_NUM(mm_answers_read(q, mm_slice_str(cases[i].text), &a, &said, &n, e), MM_E_SYNTAX);
        if (strcmp(e->error[0].what, cases[i].what) != 0)
            kit_tell(e);
        CHECK(strcmp(e->error[0].what, cases[i].what) == 0);
        CHECK_NUM(e->error[0].line, cases[i].line);
        CHECK(said == NULL && n == 7);
        mm_arena_done(&a);
    }
    mm_quest_free(&q);
    free(e);
}

static bool has(const struct mm_buf *out, const char *text)
{
    return mm_slice_search(mm_buf_slice(out), mm_slice_str(text)) != SIZE_MAX;
}

TEST(a_result_as_a_document_keeps_fractions_and_what_was_not_measured)
{
    struct mm_quest *q = kit_read(
        KIT_HEAD KIT_THREE
        "score: {sections: mean, total: mean, least: 2, rounding: {rule: half-up, digits: 2}}\n"
        "sections:\n" KIT_SECTION("s") KIT_Q("a") KIT_Q("b") KIT_Q("c") KIT_SECTION("u")
            KIT_Q("d"));
    struct mm_arena a;
    struct mm_result r;
    struct mm_buf out;
    struct mm_doc *doc;

    mm_arena_init(&a, 1 << 20);
    mm_buf_init(&out, 1 << 20);
    r = kit_score(q, "122?", &a);
    doc = mm_doc_new(&a);
    mm_result_doc(doc, &r);
    mm_doc_json(&out, doc);
    CHECK(has(&out, "\"total\":{\"score\":\"1.50\",\"exact\":{\"num\":3,\"den\":2}"));
    CHECK(has(&out, "\"section\":\"s\",\"words\":{\"ja\":\"j\",\"en\":\"e\"},\"score\":\"1.67\","
                    "\"exact\":{\"num\":5,\"den\":3}"));
    CHECK(has(&out, "\"score\":{\"v\":null,\"why\":\"not_measured\"}"));
    CHECK(has(&out, "{\"question\":\"b\",\"asked\":true,\"counted\":true,\"exact\":{\"num\":2,"
                    "\"den\":1},\"level\":\"partly\"}"));
    mm_buf_reset(&out);
    doc = mm_doc_new(&a);
    mm_quest_doc(doc, q);
    mm_doc_json(&out, doc);
    CHECK(has(&out, "\"nodes\":6,\"sections_n\":2,\"questions_n\":4,\"scored_n\":4"));
    CHECK(has(&out, "{\"level\":\"partly\",\"value\":\"2\""));
    mm_buf_done(&out);
    mm_arena_done(&a);
    mm_quest_free(&q);
}
