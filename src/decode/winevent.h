/*
 * decode/winevent.h - one Windows event as JSON, in any of its shapes, as an ECS event.
 *
 * Purpose   Winlogbeat (6 and later), NXLog and other flat exports, nested Event.System, and
 *           {"win":{"system","eventdata"}} all hold the same facts under other names. Whatever the
 *           shape, the same event gives the same fields.
 * Owns      struct mm_winevent owns its name tables. Texts in the event borrow the document's
 *           input, the arena or literals.
 * Threads   The tables are read-only once made: one for all threads.
 * Trust     Documents are hostile (codec/ext/json bounds them); every member is looked at once.
 *           A value that its field cannot hold is kept under winlog.event_data.NAME.
 * Spec      Microsoft's event schema (System, EventData, UserData); docs of Winlogbeat and NXLog
 *           im_msvistalog; model/winfields.def and decode/winevents.def. Fuzzed.
 */
#ifndef MM_DECODE_WINEVENT_H
#define MM_DECODE_WINEVENT_H

#include "base/arena.h"
#include "codec/ext/json.h"
#include "model/event.h"

struct mm_winevent;

/* What a decoder needs to know besides the document. */
struct mm_decode_env {
    struct mm_arena *arena; /* for texts that don't stand in the line as such */
    int32_t offset_s;       /* zone of times without one */
};

/* The name tables, or NULL without memory. */
struct mm_winevent *mm_winevent_new(void);
void mm_winevent_free(struct mm_winevent **t);

/* Does this document look like a Windows event? Looks only at the root's member names. */
bool mm_winevent_is(const struct mm_json_doc *doc);

/*
 * Fill *ev (reset by the caller, its envelope already set) from one document.
 *
 * MM_OK: what could be read is in the event. MM_EV_UNPARSED is set and fault (may be NULL) says
 * why (.at is 0) when the time, the event's number, the computer or an address, port or process
 * number could not be read: the line then does not count as parsed.
 * MM_E_SYNTAX: no Windows event; *ev is untouched.
 */
MM_MUST_USE enum mm_code mm_winevent_decode(const struct mm_winevent *t,
                                            const struct mm_json_doc *doc,
                                            const struct mm_decode_env *env, struct mm_event *ev,
                                            struct mm_fault *fault);

#endif
