/* decode/winevent.c - see winevent.h for the contract. */
#include "decode/winevent.h"

#include <stdlib.h>

#include "decode/win.h"

struct mm_winevent *mm_winevent_new(void)
{
    struct mm_winevent *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    win_tables_init(t);
    win_events_init(t);
    return t;
}

void mm_winevent_free(struct mm_winevent **t)
{
    free(*t);
    *t = NULL;
}

enum mm_code mm_winevent_decode(const struct mm_winevent *t, const struct mm_json_doc *doc,
                                const struct mm_decode_env *env, struct mm_event *ev,
                                struct mm_fault *fault)
{
    struct win w;

    MM_ASSERT(t != NULL && doc->n > 0 && env->arena != NULL && ev != NULL);
    if (!mm_winevent_is(doc))
        return mm_fail(fault, MM_E_SYNTAX, 0, "winevent.shape");
    memset(&w, 0, sizeof(w));
    w.t = t;
    w.doc = doc;
    w.env = env;
    w.ev = ev;
    win_shape(&w);
    win_derive(&w);
    if (w.why != NULL) {
        ev->flags |= MM_EV_UNPARSED;
        (void)mm_fail(fault, MM_OK, 0, w.why);
    }
    return MM_OK;
}
