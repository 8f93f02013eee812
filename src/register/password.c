/* register/password.c - see password.h for the contract. */
#include "register/password.h"

#include "base/utf8.h"

enum { FOLDED_MAX = 256 };

static const struct {
    const char *key;
    unsigned parameter;
} rules[MM_PASSWORD_RULES] = {
#define MM_PASSWORD_RULE(NAME, text, number) [MM_PASSWORD_##NAME] = {text, number},
#include "register/password_rules.def"
#undef MM_PASSWORD_RULE
};

static const char *const words[] = {
#define W(word) word,
#include "register/password_words.def"
#undef W
};

/* Neighbours on a keyboard and in the alphabet; runs are looked for in both directions. */
static const char *const rows[] = {
    "abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"};

const char *mm_password_key(enum mm_password_rule rule)
{
    MM_ASSERT((size_t)rule < MM_PASSWORD_RULES);
    return rules[rule].key;
}

unsigned mm_password_parameter(enum mm_password_rule rule)
{
    MM_ASSERT((size_t)rule < MM_PASSWORD_RULES);
    return rules[rule].parameter;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static bool is_letter(uint8_t c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t characters(struct mm_slice s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; n++) {
        size_t len = mm_utf8_len(s, i);

        i += len == 0 ? 1 : len;
    }
    return n;
}

static unsigned classes(struct mm_slice s)
{
    bool upper = false, small = false, digit = false, symbol = false;

    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        upper |= c >= 'A' && c <= 'Z';
        small |= c >= 'a' && c <= 'z';
        digit |= is_digit(c);
        symbol |= !is_letter(c) && !is_digit(c);
    }
    return (unsigned)upper + (unsigned)small + (unsigned)digit + (unsigned)symbol;
}

/* Is b next to a in this row, forwards (1) or backwards (-1)? */
static bool next_in_row(const char *row, uint8_t a, uint8_t b, int step)
{
    const char *at = a == 0 ? NULL : strchr(row, a);

    if (at == NULL || (step < 0 && at == row))
        return false;
    return b != 0 && (uint8_t)at[step] == b;
}

static bool has_run(struct mm_slice s, size_t min)
{
    size_t same = 1;

    for (size_t i = 1; i < s.n; i++) {
        same = lower(s.p[i]) == lower(s.p[i - 1]) ? same + 1 : 1;
        if (same >= min)
            return true;
    }
    for (size_t r = 0; r < MM_COUNT(rows); r++) {
        for (int step = -1; step <= 1; step += 2) {
            size_t run = 1;

            for (size_t i = 1; i < s.n; i++) {
                bool next = next_in_row(rows[r], lower(s.p[i - 1]), lower(s.p[i]), step);

                run = next ? run + 1 : 1;
                if (run >= min)
                    return true;
            }
        }
    }
    return false;
}

/* Does s hold `part`, whatever the case? Parts shorter than min say nothing. */
static bool holds(struct mm_slice s, struct mm_slice part, size_t min)
{
    if (part.n < min || part.n == 0 || part.n > s.n)
        return false;
    for (size_t i = 0; i + part.n <= s.n; i++) {
        if (mm_slice_ieq(mm_slice_sub(s, i, part.n), part))
            return true;
    }
    return false;
}

/* Each word of a fact: "Yamada Taro", "taro@example.jp", "054-123-4567", "1970-01-31". */
static bool holds_fact(struct mm_slice s, struct mm_slice fact, size_t min)
{
    size_t from = 0;

    for (size_t i = 0; i <= fact.n; i++) {
        bool in_word =
            i < fact.n && (is_letter(fact.p[i]) || is_digit(fact.p[i]) || fact.p[i] >= 0x80);

        if (in_word)
            continue;
        if (holds(s, mm_slice_sub(fact, from, i - from), min))
            return true;
        from = i + 1;
    }
    return false;
}

static uint8_t unleet(uint8_t c)
{
    static const char from[] = "0134578@!$", to[] = "oieastbais";
    const char *at = c == 0 ? NULL : strchr(from, c);

    return at == NULL ? lower(c) : (uint8_t)to[at - from];
}

static bool decoration(uint8_t c)
{
    return !is_letter(c) && c < 0x80;
}

static bool listed(struct mm_slice s, size_t min)
{
    uint8_t folded[FOLDED_MAX];

    if (s.n < min || s.n > sizeof(folded))
        return false;
    for (size_t i = 0; i < s.n; i++)
        folded[i] = unleet(s.p[i]);
    for (size_t w = 0; w < MM_COUNT(words); w++) {
        if (mm_slice_eq(mm_slice_of(folded, s.n), mm_slice_str(words[w])))
            return true;
    }
    return false;
}

/* A listed word, with or without decoration at either end ("@dmin1", "2020Summer!"). */
static bool is_word(struct mm_slice s, size_t min)
{
    size_t from = 0, to = s.n;

    while (from < s.n && decoration(s.p[from]))
        from++;
    while (to > from && decoration(s.p[to - 1]))
        to--;
    return listed(s, min) || listed(mm_slice_sub(s, from, to - from), min) ||
           listed(mm_slice_sub(s, 0, to), min) || listed(mm_slice_sub(s, from, SIZE_MAX), min);
}

unsigned mm_password_check(struct mm_slice candidate, const struct mm_password_facts *facts)
{
    unsigned broken = 0;

    MM_ASSERT(facts->fact_count <= MM_PASSWORD_FACTS_MAX);
    if (characters(candidate) < rules[MM_PASSWORD_CHARS].parameter)
        broken |= 1u << MM_PASSWORD_CHARS;
    if (classes(candidate) < rules[MM_PASSWORD_CLASSES].parameter)
        broken |= 1u << MM_PASSWORD_CLASSES;
    if (has_run(candidate, rules[MM_PASSWORD_SEQUENCE].parameter))
        broken |= 1u << MM_PASSWORD_SEQUENCE;
    if (holds(candidate, facts->login, 1))
        broken |= 1u << MM_PASSWORD_LOGIN;
    for (size_t i = 0; i < facts->fact_count; i++) {
        if (holds_fact(candidate, facts->fact[i], rules[MM_PASSWORD_PERSON].parameter))
            broken |= 1u << MM_PASSWORD_PERSON;
    }
    if (is_word(candidate, rules[MM_PASSWORD_WORD].parameter))
        broken |= 1u << MM_PASSWORD_WORD;
    return broken;
}
