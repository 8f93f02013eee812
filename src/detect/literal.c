/* detect/literal.c - a text that stands in everything a regular expression matches. */
#include "detect/regex.h"

/* Of shorter texts only the length counts: an index finds them at a high price. */
enum { TELLS_MIN = 8 };

struct scan {
    struct mm_slice src;
    size_t at;
    size_t depth; /* of groups: what stands in them is not looked at */
    uint8_t *run; /* the literal bytes in a row so far */
    size_t run_n;
    size_t last_n; /* bytes of the last character of the run: a quantifier takes it back */
    uint8_t *best;
    size_t best_n, best_tells;
    const struct mm_everyday *everyday;
};

static void end_run(struct scan *s)
{
    struct mm_slice run = mm_slice_of(s->run, s->run_n);
    size_t tells = run.n < TELLS_MIN ? 0 : 1 + mm_everyday_tells(s->everyday, run);

    if (tells > s->best_tells || (tells == s->best_tells && run.n > s->best_n)) {
        memcpy(s->best, s->run, s->run_n);
        s->best_n = s->run_n;
        s->best_tells = tells;
    }
    s->run_n = s->last_n = 0;
}

static void add_byte(struct scan *s, uint8_t c)
{
    if (s->depth > 0)
        return;
    s->last_n = (c & 0xc0) == 0x80 ? s->last_n + 1 : 1; /* UTF-8: one character of several */
    s->run[s->run_n++] = c;
}

/* Behind "[": past the class. False when it doesn't end or quotes. */
static bool skip_class(struct scan *s)
{
    end_run(s);
    if (s->at < s->src.n && s->src.p[s->at] == '^')
        s->at++;
    if (s->at < s->src.n && s->src.p[s->at] == ']') /* "[]a]": a bracket that is a member */
        s->at++;
    for (; s->at < s->src.n && s->src.p[s->at] != ']'; s->at++) {
        uint8_t c = s->src.p[s->at], next = s->at + 1 < s->src.n ? s->src.p[s->at + 1] : 0;

        if (c == '\\' && (next == 'Q' || next == 'E'))
            return false;
        if (c == '\\') {
            s->at++;
        } else if (c == '[' && (next == ':' || next == '.' || next == '=')) {
            size_t end = mm_slice_find(s->src, ']', s->at); /* [:alpha:] */

            if (end == SIZE_MAX || s->src.p[end - 1] != next)
                return false;
            s->at = end;
        }
    }
    return s->at++ < s->src.n;
}

/* Behind a backslash. False when from here on nothing is known. */
static bool escaped(struct scan *s)
{
    uint8_t c = s->at < s->src.n ? s->src.p[s->at] : 0;

    s->at++;
    if ((c >= '0' && c <= '9') || (c | 0x20) == 'x' || c == 'Q' || c == 'c' || c == 'E' || c == 0)
        return false; /* numbers, quoting: not worth understanding */
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') {
        end_run(s); /* a class or an assertion */
        /* \p{..}, \N{..}, \g{..} and their like */
        if (s->at < s->src.n && s->src.p[s->at] == '{')
            return false;
        return strchr("dDwWsSbBAzZhHvVRnrtfae", c) != NULL;
    }
    add_byte(s, c);
    return true;
}

/* Behind "(": flags that change how the rest is read end the search. */
static bool open_group(struct scan *s)
{
    end_run(s);
    s->depth++;
    if (s->at + 1 < s->src.n && s->src.p[s->at] == '?') {
        for (size_t i = s->at + 1; i < s->src.n; i++) {
            uint8_t c = s->src.p[i];

            if (c == 'x' || c == '#' || c == '(')
                return false; /* extended syntax, comments, conditions */
            if (c == ')' || c == ':' || c == '=' || c == '!' || c == '<' || c == '>' || c == 'P')
                return true;
        }
        return false;
    }
    return s->at >= s->src.n || s->src.p[s->at] != '*'; /* (*VERB) */
}

/*
 * A quantifier that allows "none" takes the last character back; all end the run. False for a brace
 * that is none and so stands for itself.
 */
static bool quantifier(struct scan *s, uint8_t c)
{
    if (c != '+')
        s->run_n -= s->last_n;
    end_run(s);
    for (; c == '{' && s->at < s->src.n; s->at++) {
        uint8_t in = s->src.p[s->at];

        if (in == '}') {
            s->at++;
            return true;
        }
        if (in != ',' && (in < '0' || in > '9'))
            return false;
    }
    return c != '{';
}

static bool step(struct scan *s)
{
    uint8_t c = s->src.p[s->at++];

    switch (c) {
    case '\\':
        return escaped(s);
    case '[':
        return skip_class(s);
    case '(':
        return open_group(s);
    case ')':
        end_run(s);
        if (s->depth == 0)
            return false;
        s->depth--;
        return true;
    case '|':
        return s->depth > 0; /* without a group around it either side may be what matches */
    case '*':
    case '+':
    case '?':
    case '{':
        return quantifier(s, c);
    case '.':
    case '^':
    case '$':
        end_run(s);
        return true;
    default:
        add_byte(s, c);
        return true;
    }
}

enum mm_code mm_regex_literal(struct mm_arena *a, const struct mm_everyday *e, struct mm_slice src,
                              struct mm_slice *ret)
{
    struct scan s = {.src = src, .everyday = e};

    MM_ASSERT(src.n <= MM_REGEX_MAX);
    s.run = mm_arena_bytes(a, src.n + 1);
    s.best = mm_arena_bytes(a, src.n + 1);
    if (s.run == NULL || s.best == NULL)
        return MM_E_NOMEM;
    while (s.at < src.n) {
        if (!step(&s)) {
            *ret = (struct mm_slice){0};
            return MM_OK;
        }
    }
    end_run(&s);
    *ret = mm_slice_of(s.best, s.depth > 0 ? 0 : s.best_n);
    return MM_OK;
}
