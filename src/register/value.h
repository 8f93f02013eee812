/*
 * register/value.h - one field's text from a form, a command line or JSON, checked.
 *
 * Purpose   What a field may hold is said once, in fields.def, and checked here for every way in.
 * Owns      Nothing; texts borrow the input.
 * Threads   Pure functions.
 * Trust     Input is hostile: text must be UTF-8 without control characters and within bounds.
 * Spec      Mail: one @, no spaces or quotes (a subset of RFC 5321 that people have); telephone:
 *           digits, + - ( ) and spaces; dates YYYY-MM-DD; names [A-Za-z0-9._/+-]. Fuzzed.
 */
#ifndef MM_REGISTER_VALUE_H
#define MM_REGISTER_VALUE_H

#include "base/base.h"

enum mm_field_type {
    MM_FIELD_TEXT = 1,
    MM_FIELD_NAME,   /* letters that need no quoting anywhere */
    MM_FIELD_INT,    /* 0 .. max */
    MM_FIELD_CHOICE, /* one of a|b|c */
    MM_FIELD_DATE,   /* YYYY-MM-DD */
    MM_FIELD_REF,    /* number of another entity's row, of the same company */
    MM_FIELD_MAIL,
    MM_FIELD_TEL,
    MM_FIELD_NET, /* address or network, in its shortest spelling */
    MM_FIELD_BLOB,
};

enum {
    MM_FIELD_NEED = 1,
    MM_FIELD_ONCE = 2,
    MM_FIELD_FIRST = 4,
    MM_FIELD_OURS = 8,
    MM_FIELD_HIDE = 16,
    MM_FIELD_DAYS = 32, /* INT: days that something is kept, from MM_KEEP_DAYS_MIN */
};

struct mm_field {
    const char *name;
    enum mm_field_type type;
    unsigned flags;
    uint32_t max;
    const char *extra; /* choices, entity meant, or default; see fields.def */
};

struct mm_value {
    bool null;
    int64_t i;         /* INT, REF */
    struct mm_slice s; /* everything else */
};

/*
 * Read one text. Empty (after trimming) is NULL, which a NEED field refuses. On refusal *ret is
 * untouched and fault says where and why; keys start with "register.value.".
 */
MM_MUST_USE enum mm_code mm_value_parse(const struct mm_field *f, struct mm_slice text,
                                        struct mm_value *ret, struct mm_fault *fault);
/* The value a field has when nobody gave one; NULL when it has no default. */
struct mm_value mm_value_default(const struct mm_field *f);
/* Is s one of "a|b|c"? */
bool mm_choice_has(const char *choices, struct mm_slice s);

#endif
