/*
 * codec/ext/json_fuzz.c - no input may break these promises:
 * items nest and stay in bounds; texts are UTF-8; a refusal names an offset inside the input;
 * what was read, written out again, reads as the same items; cut off anywhere and mended, a
 * document is a document.
 */
#include "base/buf.h"
#include "base/utf8.h"
#include "codec/ext/json.h"
#include "codec/json_mend.h"
#include "tests/harness/test.h"

enum { INPUT_MAX = 64 * 1024, ARENA_SIZE = 4 * 1024 * 1024 };

static void close_to(struct mm_buf *out, const uint8_t *kinds, size_t *depth, size_t to)
{
    while (*depth > to)
        mm_buf_byte(out, kinds[--*depth] == MM_JSON_OBJECT ? '}' : ']');
}

static void write_out(struct mm_buf *out, const struct mm_json_doc *d)
{
    uint8_t kinds[MM_JSON_MAX_DEPTH + 1];
    size_t depth = 0;

    for (size_t i = 0; i < d->n; i++) {
        const struct mm_json_item *it = &d->item[i];

        close_to(out, kinds, &depth, it->depth);
        if (out->n > 0 && out->p[out->n - 1] != '{' && out->p[out->n - 1] != '[')
            mm_buf_byte(out, ',');
        if (depth > 0 && kinds[depth - 1] == MM_JSON_OBJECT) {
            mm_utf8_json(out, it->key);
            mm_buf_byte(out, ':');
        }
        if (mm_json_is_scalar(it)) {
            if (it->type == MM_JSON_STRING)
                mm_utf8_json(out, it->text);
            else
                mm_buf_add(out, it->text);
            continue;
        }
        mm_buf_byte(out, it->type == MM_JSON_OBJECT ? '{' : '[');
        kinds[depth++] = it->type;
    }
    close_to(out, kinds, &depth, 0);
}

static void check_items(const struct mm_json_doc *d, struct mm_slice in)
{
    MM_ASSERT(d->n > 0 && d->n <= MM_JSON_MAX_ITEMS && d->item[0].end == d->n);
    for (size_t i = 0; i < d->n; i++) {
        const struct mm_json_item *it = &d->item[i];

        MM_ASSERT(it->end > i && it->end <= d->n && it->depth <= MM_JSON_MAX_DEPTH);
        MM_ASSERT(mm_json_is_scalar(it) ? it->end == i + 1 : it->text.n >= 2);
        MM_ASSERT(mm_utf8_valid(it->text) && mm_utf8_valid(it->key));
        if (!mm_json_is_scalar(it))
            MM_ASSERT(it->text.p >= in.p && it->text.p + it->text.n <= in.p + in.n);
        if (i + 1 < it->end)
            MM_ASSERT(d->item[i + 1].depth == it->depth + 1);
    }
}

/* Cut anywhere, the beginning of a document can be mended into a document. */
static void check_mended(struct mm_json *j, struct mm_arena *arena, struct mm_slice in)
{
    struct mm_slice mended;
    struct mm_json_doc doc;
    size_t first = 0;

    while (in.p[first] != '{' && in.p[first] != '[')
        first++;
    for (size_t cut = first + 1; cut <= in.n; cut += 1 + in.n / 8) {
        MM_ASSERT(mm_json_mend(arena, mm_slice_sub(in, 0, cut), &mended));
        MM_ASSERT(mm_json_parse(j, mended, arena, &doc, NULL) == MM_OK);
    }
}

FUZZ(in)
{
    /* Kept between inputs, as a shard keeps it, and because making one costs 50 us. */
    static struct mm_json *one, *two;
    struct mm_arena arena;
    struct mm_json_doc a, b;
    struct mm_fault f = {0};
    struct mm_buf out;

    if (in.n > INPUT_MAX)
        return;
    if (one == NULL)
        one = mm_json_new(INPUT_MAX);
    /* "\\b" is two bytes of input and six when written out again. */
    if (two == NULL)
        two = mm_json_new(4 * INPUT_MAX);
    MM_ASSERT(one != NULL && two != NULL);
    mm_arena_init(&arena, ARENA_SIZE);
    mm_buf_init(&out, 4 * INPUT_MAX);
    if (mm_json_parse(one, in, &arena, &a, &f) != MM_OK) {
        MM_ASSERT(f.what != NULL && f.at <= in.n);
    } else {
        check_items(&a, in);
        write_out(&out, &a);
        MM_ASSERT(mm_buf_ok(&out));
        MM_ASSERT(mm_json_parse(two, mm_buf_slice(&out), &arena, &b, NULL) == MM_OK);
        MM_ASSERT(a.n == b.n);
        for (size_t i = 0; i < a.n; i++) {
            MM_ASSERT(a.item[i].type == b.item[i].type && a.item[i].end == b.item[i].end);
            MM_ASSERT(mm_slice_eq(a.item[i].key, b.item[i].key));
            if (mm_json_is_scalar(&a.item[i]))
                MM_ASSERT(mm_slice_eq(a.item[i].text, b.item[i].text));
        }
        if (!mm_json_is_scalar(&a.item[0]))
            check_mended(two, &arena, in);
    }
    mm_buf_done(&out);
    mm_arena_done(&arena);
}
