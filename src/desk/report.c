/* desk/report.c - a person's report becomes a case; see desk.h for the contract. */
#include "base/time.h"
#include "base/utf8.h"
#include "desk/desk.h"
#include "desk/desk_priv.h"
#include "text/lang.h"
#include "triage/case.h"

static const char *const symptoms[] = {
#define MM_SYMPTOM(key) #key,
#include "desk/words.def"
    NULL,
};
static const char *const dones[] = {
#define MM_DONE(key) #key,
#include "desk/words.def"
    NULL,
};
static const char *const looks[] = {
#define MM_LOOK(id, key) #key,
#include "desk/words.def"
};
static_assert(MM_COUNT(looks) == MM_LOOK_COUNT, "one key per look");

const char *const *mm_desk_symptoms(void)
{
    return symptoms;
}

const char *const *mm_desk_dones(void)
{
    return dones;
}

const char *mm_look_name(enum mm_look look)
{
    MM_ASSERT(look < MM_LOOK_COUNT);
    return looks[look];
}

/* Is every blank-parted word of s in the list? */
static bool keys_ok(struct mm_slice s, const char *const *list)
{
    size_t at = 0;

    while (at < s.n) {
        size_t end = mm_slice_find(s, ' ', at);
        struct mm_slice word = mm_slice_sub(s, at, end == SIZE_MAX ? SIZE_MAX : end - at);
        bool known = false;

        for (size_t i = 0; list[i] != NULL; i++)
            known = known || mm_slice_eq(word, mm_slice_str(list[i]));
        if (!known)
            return false;
        at = end == SIZE_MAX ? s.n : end + 1;
    }
    return true;
}

static bool text_ok(struct mm_slice s, size_t max)
{
    return s.n <= max && mm_utf8_valid(s) && (s.n == 0 || memchr(s.p, 0, s.n) == NULL);
}

static bool one_of(struct mm_slice s, const char *a, const char *b, const char *c)
{
    return mm_slice_eq(s, mm_slice_str(a)) || mm_slice_eq(s, mm_slice_str(b)) ||
           mm_slice_eq(s, mm_slice_str(c));
}

static enum mm_code check(const struct mm_report *r, struct mm_fault *fault)
{
    const struct {
        bool ok;
        const char *what;
    } rules[] = {
        {text_ok(r->who, MM_DESK_NAME_MAX), "report.who"},
        {text_ok(r->pc, MM_DESK_NAME_MAX), "report.pc"},
        {text_ok(r->place, MM_DESK_NAME_MAX), "report.place"},
        {text_ok(r->text, MM_DESK_TEXT_MAX), "report.text"},
        {r->pc.n > 0 || r->text.n > 0, "report.empty"},
        {keys_ok(r->symptoms, symptoms), "report.symptoms"},
        {keys_ok(r->done, dones), "report.done"},
        {one_of(r->needed, "yes", "no", "unknown"), "report.needed"},
        {one_of(r->via, "page", "call", "api"), "report.via"},
        {r->noticed_us <= r->made_us + MM_US_PER_DAY &&
             r->noticed_us > r->made_us - 3653 * MM_US_PER_DAY,
         "report.noticed"},
    };

    for (size_t i = 0; i < MM_COUNT(rules); i++) {
        if (!rules[i].ok)
            return mm_fail(fault, MM_E_RANGE, 0, rules[i].what);
    }
    return MM_OK;
}

/* Titles in both languages, as a rule's doc has them. */
static void make_doc(struct mm_buf *out)
{
    static const char *const keys[][2] = {{"title", "desk.report.title"},
                                          {"what", "desk.report.what"},
                                          {"first", "desk.report.first"}};

    mm_buf_byte(out, '{');
    for (int lang = 0; lang < MM_LANG_COUNT; lang++) {
        mm_buf_fmt(out, "%s\"%s\":{", lang == 0 ? "" : ",", mm_lang_tag((enum mm_lang)lang));
        for (size_t i = 0; i < MM_COUNT(keys); i++) {
            const char *text = mm_lang_text((enum mm_lang)lang, mm_slice_str(keys[i][1]), 1);

            mm_buf_fmt(out, "%s\"%s\":", i == 0 ? "" : ",", keys[i][0]);
            mm_utf8_json(out, mm_slice_str(text));
        }
        mm_buf_byte(out, '}');
    }
    mm_buf_byte(out, '}');
}

static enum mm_code add_report(struct mm_tx *tx, const struct mm_report *r, int64_t case_id)
{
    struct mm_q q;

    mm_q_begin(&q, tx, &mm_desk_stmts[MM_DESK_REPORT_ADD]);
    mm_q_int(&q, ":case", case_id);
    mm_q_int(&q, ":made", r->made_us);
    mm_q_int(&q, ":noticed", r->noticed_us);
    mm_q_text(&q, ":who", r->who);
    mm_q_text(&q, ":pc", r->pc);
    mm_q_text(&q, ":place", r->place);
    mm_q_text(&q, ":symptoms", r->symptoms);
    mm_q_text(&q, ":done", r->done);
    mm_q_text(&q, ":needed", r->needed);
    mm_q_text(&q, ":via", r->via);
    mm_q_text(&q, ":text", r->text);
    return mm_q_end(&q);
}

enum mm_code mm_desk_report(struct mm_tx *tx, const struct mm_report *r, uint32_t user,
                            int64_t *ret_case, uint32_t *ret_number, struct mm_fault *fault)
{
    struct mm_buf doc;
    struct mm_case_new c = {.how = "reported",
                            .entity_field = MM_S("host.name"),
                            .entity = r->pc,
                            /* Somebody is worried: today, whatever the logs will say. */
                            .level = MM_LEVEL_HIGH,
                            .event_us = r->noticed_us,
                            .now_us = r->made_us};
    int64_t case_id = 0;
    enum mm_code code = check(r, fault);

    if (code != MM_OK)
        return code;
    mm_buf_init(&doc, 64 * 1024);
    make_doc(&doc);
    c.doc = mm_buf_slice(&doc);
    c.title = mm_slice_str(mm_lang_text(MM_LANG_EN, MM_S("desk.report.title"), 1));
    code = mm_buf_ok(&doc) ? mm_case_open(tx, &c, &case_id) : MM_E_NOMEM;
    mm_buf_done(&doc);
    if (code == MM_OK)
        code = add_report(tx, r, case_id);
    if (code == MM_OK)
        code = mm_case_step_add(tx, case_id, user, "reported", (struct mm_slice){0}, r->made_us);
    if (code == MM_OK)
        code = mm_case_number(tx, case_id, ret_number);
    if (code == MM_OK)
        *ret_case = case_id;
    return code;
}

enum mm_code mm_desk_report_of(struct mm_tx *tx, int64_t case_id, struct mm_arena *a,
                               struct mm_report *ret)
{
    struct mm_report r = {0};
    bool is = false;
    struct mm_q q;
    enum mm_code code;

    mm_q_begin(&q, tx, &mm_desk_stmts[MM_DESK_REPORT_OF_CASE]);
    mm_q_int(&q, ":case", case_id);
    if (mm_q_row(&q)) {
        is = true;
        r = (struct mm_report){.made_us = mm_q_col_int(&q, 0),
                               .noticed_us = mm_q_col_int(&q, 1),
                               .who = mm_q_col_dup(&q, 2, a),
                               .pc = mm_q_col_dup(&q, 3, a),
                               .place = mm_q_col_dup(&q, 4, a),
                               .symptoms = mm_q_col_dup(&q, 5, a),
                               .done = mm_q_col_dup(&q, 6, a),
                               .needed = mm_q_col_dup(&q, 7, a),
                               .via = mm_q_col_dup(&q, 8, a),
                               .text = mm_q_col_dup(&q, 9, a)};
    }
    code = mm_q_end(&q);
    if (code == MM_OK && !is)
        code = MM_E_NOTFOUND;
    if (code == MM_OK)
        *ret = r;
    return code;
}
