/*
 * base/base.h - the words every file speaks: slices, codes, faults, assertions.
 *
 * Purpose   One small vocabulary so that no module invents its own string
 *           view, error type or overflow check.
 * Owns      Nothing. A slice borrows; who owns the bytes is said where the
 *           slice is handed out.
 * Threads   Pure functions and types.
 * Trust     A slice may hold hostile bytes: it is never NUL-terminated.
 */
#ifndef MM_BASE_BASE_H
#define MM_BASE_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MM_MUST_USE __attribute__((warn_unused_result))
#define MM_PRINTF(f, a) __attribute__((format(printf, f, a)))
#define MM_NORETURN __attribute__((noreturn))
/* For a local array on a hot path that is written before it is read: skips the build's zeroing. */
#define MM_UNINIT __attribute__((uninitialized))
#define MM_UNUSED __attribute__((unused))
#define MM_LIKELY(x) __builtin_expect(!!(x), 1)
#define MM_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define MM_CLEANUP(fn) __attribute__((cleanup(fn)))
#define MM_COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What can fail returns one of these; base/codes.def is the list. */
enum mm_code {
#define MM_CODE(name, http, key) name,
#include "base/codes.def"
#undef MM_CODE
    MM_CODE_COUNT
};

/* Stable i18n key ("err.io") and HTTP status of a code. */
const char *mm_code_key(enum mm_code code);
int mm_code_http(enum mm_code code);

/* Borrowed bytes. p may be NULL only when n is 0. */
struct mm_slice {
    const uint8_t *p;
    size_t n;
};

/* A slice of a string literal, usable in static tables and as an expression. */
#define MM_S(lit) ((struct mm_slice){(const uint8_t *)("" lit), sizeof(lit) - 1})
#define MM_S_INIT(lit)                                                                             \
    {                                                                                              \
        (const uint8_t *)("" lit), sizeof(lit) - 1                                                 \
    }
/* For printf("%.*s"): only for bytes known to be text of ours, never foreign ones. */
#define MM_S_ARG(s) (int)((s).n > INT32_MAX ? INT32_MAX : (s).n), (const char *)(s).p

static inline struct mm_slice mm_slice_of(const void *p, size_t n)
{
    return (struct mm_slice){.p = (const uint8_t *)p, .n = n};
}

/* For NUL-terminated text of ours (argv, constants); NULL gives the empty slice. */
static inline struct mm_slice mm_slice_str(const char *s)
{
    return mm_slice_of(s, s == NULL ? 0 : strlen(s));
}

static inline bool mm_slice_eq(struct mm_slice a, struct mm_slice b)
{
    /* Most texts that differ do so in their first byte: that needs no call. */
    return a.n == b.n && (a.n == 0 || (a.p[0] == b.p[0] && memcmp(a.p, b.p, a.n) == 0));
}

static inline int mm_slice_cmp(struct mm_slice a, struct mm_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n == 0 ? 0 : memcmp(a.p, b.p, n);

    if (c != 0)
        return c;
    return a.n < b.n ? -1 : a.n > b.n ? 1 : 0;
}

/* The part [from, from+n) of s, clipped to s: never outside it. */
static inline struct mm_slice mm_slice_sub(struct mm_slice s, size_t from, size_t n)
{
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (struct mm_slice){.p = s.p == NULL ? NULL : s.p + from, .n = n};
}

static inline bool mm_slice_starts(struct mm_slice s, struct mm_slice prefix)
{
    return s.n >= prefix.n &&
           (prefix.n == 0 || (s.p[0] == prefix.p[0] && memcmp(s.p, prefix.p, prefix.n) == 0));
}

static inline bool mm_slice_ends(struct mm_slice s, struct mm_slice suffix)
{
    return s.n >= suffix.n &&
           (suffix.n == 0 || memcmp(s.p + (s.n - suffix.n), suffix.p, suffix.n) == 0);
}

/* Offset of the first byte c at or after `from`, or SIZE_MAX. */
static inline size_t mm_slice_find(struct mm_slice s, uint8_t c, size_t from)
{
    const uint8_t *hit;

    if (from >= s.n)
        return SIZE_MAX;
    hit = memchr(s.p + from, c, s.n - from);
    return hit == NULL ? SIZE_MAX : (size_t)(hit - s.p);
}

/* Offset of the first occurrence of `needle`, or SIZE_MAX; an empty needle is at 0. */
size_t mm_slice_search(struct mm_slice s, struct mm_slice needle);
enum { MM_DISTANCE_MAX = 40 }; /* longer than any key that a person types */
/* Letters to put in, take out or change to make b of a: up to MM_DISTANCE_MAX of each count. */
size_t mm_slice_distance(struct mm_slice a, struct mm_slice b);
/* s without ASCII spaces, tabs, CR and LF at both ends. */
struct mm_slice mm_slice_trim(struct mm_slice s);
/* ASCII case-insensitive equality (A-Z only; other bytes must match exactly). */
bool mm_slice_ieq(struct mm_slice a, struct mm_slice b);
/* Whole slice as a decimal number: digits only, no sign, no overflow; false otherwise. */
bool mm_slice_u64(struct mm_slice s, uint64_t *ret);
/* As above with an optional leading '-'. */
bool mm_slice_i64(struct mm_slice s, int64_t *ret);
/* Whole slice as hexadecimal, 1..16 digits, no prefix. */
bool mm_slice_hex(struct mm_slice s, uint64_t *ret);

/* Where and why input was refused. `what` is a stable key; words for people live in po/. */
struct mm_fault {
    size_t at;        /* offset of the refused byte */
    const char *what; /* static key such as "syslog.pri"; NULL means no fault */
};

/* Fill fault (when not NULL) and hand back code, so that `return mm_fail(...)` reads well. */
static inline enum mm_code mm_fail(struct mm_fault *fault, enum mm_code code, size_t at,
                                   const char *what)
{
    if (fault != NULL)
        *fault = (struct mm_fault){.at = at, .what = what};
    return code;
}

MM_NORETURN void mm_assert_failed(const char *expr, const char *file, int line);

/* What we can prove; on in production. Never about input, files, peers or rules. */
#define MM_ASSERT(x) (MM_LIKELY(x) ? (void)0 : mm_assert_failed(#x, __FILE__, __LINE__))
/* Believed but unproved: stops test builds, reads as a plain condition in production. */
#ifdef MM_TEST_BUILD
#define MM_NEVER(x) ((x) ? (mm_assert_failed("never: " #x, __FILE__, __LINE__), true) : false)
#else
#define MM_NEVER(x) MM_UNLIKELY(x)
#endif

/* Checked size arithmetic: false and *ret untouched on overflow. */
MM_MUST_USE static inline bool mm_add_size(size_t a, size_t b, size_t *ret)
{
    return !__builtin_add_overflow(a, b, ret);
}

MM_MUST_USE static inline bool mm_mul_size(size_t a, size_t b, size_t *ret)
{
    return !__builtin_mul_overflow(a, b, ret);
}

static inline size_t mm_min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

#endif
