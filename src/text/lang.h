/*
 * text/lang.h - the words of po/ja.po and po/en.po, and how dates and numbers are written.
 *
 * Purpose   One catalogue under symbolic keys ("case.state.open"), made into a table by the
 *           build; no locale of the system is asked.
 * Owns      Nothing: texts are constants of the program.
 * Threads   Pure functions.
 * Trust     Catalogues are ours; arguments are hostile and written by the caller.
 * Spec      GNU gettext's PO files; plural forms: Japanese one, English n != 1.
 */
#ifndef MM_TEXT_LANG_H
#define MM_TEXT_LANG_H

#include "base/base.h"
#include "base/buf.h"

enum mm_lang { MM_LANG_JA, MM_LANG_EN, MM_LANG_COUNT };

/* "ja" or "en". */
const char *mm_lang_tag(enum mm_lang lang);
bool mm_lang_parse(struct mm_slice tag, enum mm_lang *ret);
/* The language of ours that an Accept-Language header likes best; Japanese when it likes none. */
enum mm_lang mm_lang_accept(struct mm_slice header);

/* The text of a key for the count n (1 where there is none), or NULL when no such key exists. */
const char *mm_lang_text(enum mm_lang lang, struct mm_slice key, int64_t n);
/* Walk all keys, sorted; NULL behind the last. */
const char *mm_lang_key(size_t at);
/* Whether some key begins with this. */
bool mm_lang_has_prefix(struct mm_slice prefix);

enum mm_time_style {
    MM_TIME_FULL, /* day and minute */
    MM_TIME_DAY,
    MM_TIME_CLOCK,   /* hours and minutes */
    MM_TIME_SECONDS, /* day and second */
    MM_TIME_AGO,     /* "3 minutes ago"; a full date when longer than a week ago */
};

/* Append a moment as people write it, offset_s east of UTC; now_us is for MM_TIME_AGO. */
void mm_lang_time(struct mm_buf *out, enum mm_lang lang, enum mm_time_style style, int64_t us,
                  int64_t now_us, int32_t offset_s);
/* 1234567 as "1,234,567". */
void mm_lang_number(struct mm_buf *out, int64_t v);
/* Bytes as "1.2 GB" (decimal units). */
void mm_lang_bytes(struct mm_buf *out, uint64_t v);
/* A span as "3 hours", in its largest whole unit. */
void mm_lang_span(struct mm_buf *out, enum mm_lang lang, int64_t us);

#endif
