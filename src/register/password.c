/* register/password.c - see password.h for the contract. */
#include "register/password.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "codec/ext/yaml.h"

enum {
    FOLDED_MAX = 256,
    RULES_BYTES = 256 * 1024, /* the file is 3 KB */
};

static const struct {
    const char *name, *key;
} names[MM_PASSWORD_RULES] = {
#define MM_PASSWORD_RULE(NAME, text) [MM_PASSWORD_##NAME] = {text, "password." text},
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
    return names[rule].key;
}

/* ---- reading the rules ---- */

#define MM_EMBED_BYTES
#include "register/passwords.inc"
#undef MM_EMBED_BYTES
static const struct {
    const char *name;
    const uint8_t *p;
    size_t n;
} built[] = {
#include "register/passwords.inc"
};

static enum mm_code wrong(struct mm_fault *fault, const struct mm_yaml *at, const char *what)
{
    return mm_fail(fault, MM_E_SYNTAX, at == NULL ? 0 : at->line, what);
}

static bool is_day(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((i == 4 || i == 7) ? s.p[i] != '-' : !(s.p[i] >= '0' && s.p[i] <= '9'))
            return false;
    }
    return s.n == 10;
}

static enum mm_code check_sources(const struct mm_yaml *sources, const struct mm_yaml *rule,
                                  struct mm_fault *fault)
{
    const struct mm_yaml *from = mm_yaml_get(rule, "from");

    if (from == NULL || from->kind != MM_YAML_LIST || from->count == 0)
        return wrong(fault, rule, "password.rules.from");
    for (const struct mm_yaml *f = from->first; f != NULL; f = f->next) {
        const struct mm_yaml *s = sources == NULL ? NULL : sources->first;

        while (s != NULL && !mm_slice_eq(s->key, f->text))
            s = s->next;
        if (s == NULL || !is_day(mm_yaml_text(s, "read")) || mm_yaml_text(s, "title").n == 0 ||
            !mm_slice_starts(mm_yaml_text(s, "url"), MM_S("https://")))
            return wrong(fault, f, "password.rules.source");
    }
    return MM_OK;
}

static bool figure(const struct mm_yaml *rule, const char *key, unsigned *ret)
{
    uint64_t v;

    if (!mm_slice_u64(mm_yaml_text(rule, key), &v) || v > MM_PASSWORD_PARAMETER_MAX)
        return false;
    *ret = (unsigned)v;
    return true;
}

static enum mm_code read_rules(const struct mm_yaml *doc, struct mm_password_rules *ret,
                               struct mm_fault *fault)
{
    const struct mm_yaml *rules = mm_yaml_get(doc, "rules");
    const struct mm_yaml *sources = mm_yaml_get(doc, "sources");

    if (rules == NULL || rules->kind != MM_YAML_MAP || rules->count != MM_PASSWORD_RULES)
        return wrong(fault, rules, "password.rules.count");
    for (size_t i = 0; i < MM_PASSWORD_RULES; i++) {
        const struct mm_yaml *rule = mm_yaml_get(rules, names[i].name);
        enum mm_code code;

        if (rule == NULL || !figure(rule, "alone", &ret->parameter[i][0]) ||
            !figure(rule, "second", &ret->parameter[i][1]))
            return wrong(fault, rule == NULL ? rules : rule, "password.rules.figure");
        code = check_sources(sources, rule, fault);
        if (code != MM_OK)
            return code;
    }
    return MM_OK;
}

enum mm_code mm_password_rules_read(struct mm_slice yaml, struct mm_password_rules *ret,
                                    struct mm_fault *fault)
{
    struct mm_password_rules rules = {0};
    struct mm_yaml_fault why = {0};
    struct mm_yaml *doc = NULL;
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, RULES_BYTES);
    code = mm_yaml_read(&a, yaml, &doc, &why);
    if (code == MM_OK)
        code = read_rules(doc, &rules, fault);
    else
        code = mm_fail(fault, MM_E_SYNTAX, why.line, "password.rules.yaml");
    mm_arena_done(&a);
    if (code == MM_OK)
        *ret = rules;
    return code;
}

void mm_password_rules(struct mm_password_rules *ret)
{
    enum mm_code code = mm_password_rules_read(mm_slice_of(built[0].p, built[0].n), ret, NULL);

    static_assert(MM_COUNT(built) == 1, "one file");
    MM_ASSERT(code == MM_OK); /* a test reads it, too */
}

/* ---- checking ---- */

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
static bool is_one_word(struct mm_slice s, size_t min)
{
    size_t from = 0, to = s.n;

    while (from < s.n && decoration(s.p[from]))
        from++;
    while (to > from && decoration(s.p[to - 1]))
        to--;
    return listed(s, min) || listed(mm_slice_sub(s, from, to - from), min) ||
           listed(mm_slice_sub(s, 0, to), min) || listed(mm_slice_sub(s, from, SIZE_MAX), min);
}

/* Length of the longest listed word at the beginning of s, or 0. */
static size_t word_at(struct mm_slice s, size_t min)
{
    size_t longest = 0;

    for (size_t w = 0; w < MM_COUNT(words); w++) {
        struct mm_slice word = mm_slice_str(words[w]);
        size_t i = 0;

        while (word.n >= min && i < word.n && i < s.n && unleet(s.p[i]) == word.p[i])
            i++;
        if (word.n >= min && i == word.n && word.n > longest)
            longest = word.n;
    }
    return longest;
}

/* Nothing but listed words and decoration: "Mimamori-Password2026". */
static bool is_words(struct mm_slice s, size_t min)
{
    size_t i = 0, count = 0;

    while (i < s.n) {
        size_t n = word_at(mm_slice_sub(s, i, SIZE_MAX), min);

        if (n == 0 && !decoration(s.p[i]))
            return false;
        count += n > 0;
        i += n > 0 ? n : 1;
    }
    return count > 0;
}

unsigned mm_password_check(const struct mm_password_rules *rules, struct mm_slice candidate,
                           const struct mm_password_facts *facts)
{
    unsigned p[MM_PASSWORD_RULES], broken = 0;

    MM_ASSERT(facts->fact_count <= MM_PASSWORD_FACTS_MAX);
    for (size_t i = 0; i < MM_PASSWORD_RULES; i++)
        p[i] = rules->parameter[i][facts->second ? 1 : 0];
    if (characters(candidate) < p[MM_PASSWORD_CHARS])
        broken |= 1u << MM_PASSWORD_CHARS;
    if (p[MM_PASSWORD_SEQUENCE] > 0 && has_run(candidate, p[MM_PASSWORD_SEQUENCE]))
        broken |= 1u << MM_PASSWORD_SEQUENCE;
    if (p[MM_PASSWORD_LOGIN] > 0 && holds(candidate, facts->login, 1))
        broken |= 1u << MM_PASSWORD_LOGIN;
    for (size_t i = 0; i < facts->fact_count && p[MM_PASSWORD_PERSON] > 0; i++) {
        if (holds_fact(candidate, facts->fact[i], p[MM_PASSWORD_PERSON]))
            broken |= 1u << MM_PASSWORD_PERSON;
    }
    if (p[MM_PASSWORD_WORD] > 0 &&
        (is_one_word(candidate, p[MM_PASSWORD_WORD]) || is_words(candidate, p[MM_PASSWORD_WORD])))
        broken |= 1u << MM_PASSWORD_WORD;
    return broken;
}
