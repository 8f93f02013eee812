/*
 * decode/winevent_fuzz.c - no document may break these promises:
 * a document that is no Windows event leaves the event alone; a decoded one has a class, an
 * outcome and bounded extras, and its JSON form is a JSON document again.
 */
#include "base/buf.h"
#include "decode/winevent.h"
#include "tests/harness/test.h"

enum { INPUT_MAX = 64 * 1024, ARENA_SIZE = 8 * 1024 * 1024 };

FUZZ(in)
{
    /* Kept between inputs, as a shard keeps them, and because making them is slow. */
    static struct mm_json *json, *again;
    static struct mm_winevent *tables;
    static struct mm_event ev;
    struct mm_arena arena;
    struct mm_json_doc doc, twice;
    struct mm_decode_env env = {.arena = &arena, .offset_s = 9 * 3600};
    struct mm_buf out;

    if (in.n > INPUT_MAX)
        return;
    if (json == NULL) {
        json = mm_json_new(INPUT_MAX);
        again = mm_json_new(MM_JSON_MAX_SIZE);
        tables = mm_winevent_new();
    }
    MM_ASSERT(json != NULL && again != NULL && tables != NULL);
    mm_arena_init(&arena, ARENA_SIZE);
    mm_buf_init(&out, MM_JSON_MAX_SIZE);
    mm_event_reset(&ev);
    if (mm_json_parse(json, in, &arena, &doc, NULL) == MM_OK) {
        if (mm_winevent_decode(tables, &doc, &env, &ev, NULL) != MM_OK) {
            MM_ASSERT(!mm_winevent_is(&doc) && ev.extra_n == 0 && ev.flags == 0);
        } else {
            MM_ASSERT(mm_event_has(&ev, MM_F_EVENT_CATEGORY));
            MM_ASSERT(mm_event_has(&ev, MM_F_EVENT_OUTCOME));
            MM_ASSERT(ev.extra_n <= MM_MAX_EXTRA);
            for (size_t i = 0; i < ev.extra_n; i++)
                MM_ASSERT(ev.extra[i].name.n > 0 && ev.extra[i].name.n <= MM_MAX_FIELD_NAME);
            mm_event_json(&out, &ev, false);
            MM_ASSERT(mm_buf_ok(&out));
            MM_ASSERT(mm_json_parse(again, mm_buf_slice(&out), &arena, &twice, NULL) == MM_OK);
        }
    }
    mm_buf_done(&out);
    mm_arena_done(&arena);
}
