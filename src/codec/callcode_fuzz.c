/*
 * codec/callcode_fuzz.c - no text may break these promises: what is taken has the right number of
 * digits and, written again, is taken as the same; a refusal leaves the result alone.
 */
#include "codec/callcode.h"
#include "tests/harness/test.h"

FUZZ(in)
{
    struct mm_callcode code = {.id = "same"}, again;
    char text[MM_CALLCODE_TEXT];

    if (mm_callcode_parse(in, &code) != MM_OK) {
        MM_ASSERT(memcmp(code.id, "same", 4) == 0);
        return;
    }
    MM_ASSERT(in.n >= MM_CALLCODE_DIGITS);
    MM_ASSERT(strlen(code.id) == MM_CALLCODE_ID && strlen(code.secret) == MM_CALLCODE_SECRET);
    mm_callcode_text(&code, text);
    MM_ASSERT(mm_callcode_parse(mm_slice_str(text), &again) == MM_OK);
    MM_ASSERT(memcmp(&code, &again, sizeof(code)) == 0);
}
