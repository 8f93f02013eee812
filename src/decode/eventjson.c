/* decode/eventjson.c - see eventjson.h for the contract. */
#include "decode/eventjson.h"

#include "base/time.h"

bool mm_event_of_json(const struct mm_json_doc *doc, struct mm_event *ret, size_t *ret_unfit)
{
    bool zone;
    size_t unfit = 0;

    if (doc->n == 0 || doc->item[0].type != MM_JSON_OBJECT)
        return false;
    for (size_t i = 1; i < doc->n; i = doc->item[i].end) {
        const struct mm_json_item *it = &doc->item[i];

        if (mm_slice_eq(it->key, MM_S("@timestamp")))
            unfit += mm_time_parse(it->text, 0, &ret->time_us, &zone) ? 0 : 1;
        else if (mm_slice_eq(it->key, MM_S("mimamori.format")))
            ret->format = it->text;
        else if (mm_slice_eq(it->key, MM_S("event.original")))
            ret->original = it->text;
        else if (mm_json_is_scalar(it) && it->type != MM_JSON_NULL &&
                 !mm_event_name(ret, it->key, it->text))
            unfit++;
    }
    if (ret_unfit != NULL)
        *ret_unfit = unfit;
    return true;
}
