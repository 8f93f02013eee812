/* app/nouns_text.c - see nouns.h: options, words and output. */
#include <stdio.h>

#include "app/language.h"
#include "app/nouns.h"
#include "serve/state.h"
#include "text/mustache.h"

enum { MESSAGE_MAX = 8192, KEY_MAX = 96 };

void mm_noun_word(struct mm_noun *n, const char *key, const char *text)
{
    size_t i = 0;

    while (i < MM_COUNT(n->word) && n->word[i].key != NULL && strcmp(n->word[i].key, key) != 0)
        i++;
    MM_ASSERT(i < MM_COUNT(n->word)); /* our messages have fewer arguments */
    n->word[i].key = key;
    n->word[i].text = mm_arena_cstr(&n->arena, mm_slice_str(text));
}

void mm_noun_number(struct mm_noun *n, const char *key, int64_t v)
{
    char text[24];

    (void)snprintf(text, sizeof(text), "%lld", (long long)v);
    mm_noun_word(n, key, text);
}

static void words_to(struct mm_noun *n, FILE *f, const char *key)
{
    struct mm_buf out;
    struct mm_doc *doc = mm_doc_new(&n->arena);
    struct mm_tpl_render r = {.lang = n->lang, .mode = MM_TPL_PLAIN, .doc = doc, .out = &out};

    for (size_t i = 0; i < MM_COUNT(n->word) && n->word[i].key != NULL; i++)
        mm_doc_str(doc, n->word[i].key, n->word[i].text == NULL ? "" : n->word[i].text);
    mm_buf_init(&out, MESSAGE_MAX);
    mm_tpl_words(&r, mm_slice_str(key));
    mm_buf_byte(&out, '\n');
    (void)fwrite(out.p, 1, out.n, f);
    mm_buf_done(&out);
}

bool mm_noun_complain(struct mm_noun *n, const char *key)
{
    (void)fputs("mimamori: ", stderr);
    words_to(n, stderr, key);
    return false;
}

void mm_noun_tell(struct mm_noun *n, const char *key)
{
    if (!n->json)
        words_to(n, stdout, key);
}

static const char *text_of(const struct mm_noun *n, const char *first, const char *second,
                           const char *fallback)
{
    char key[KEY_MAX];
    const char *text;

    (void)snprintf(key, sizeof(key), "register.%s.%s", first, second);
    text = mm_lang_text(n->lang, mm_slice_str(key), 1);
    return text != NULL ? text : fallback;
}

const char *mm_noun_title(const struct mm_noun *n, const struct mm_field *f)
{
    return text_of(n, n->entity->name, f->name, text_of(n, "field", f->name, f->name));
}

int mm_noun_label(const struct mm_entity *e)
{
    static const char *const labels[] = {"code",   "login", "title", "name",
                                         "person", "kind",  "what"};

    for (size_t i = 0; i < MM_COUNT(labels); i++) {
        int at = mm_entity_field(e, mm_slice_str(labels[i]));

        if (at >= 0)
            return at;
    }
    return -1;
}

/* ---- the command line -------------------------------------------------------------------------
 */

static enum mm_verb verb_of(const char *text)
{
    static const struct {
        const char *text;
        enum mm_verb verb;
    } verbs[] = {
        {"add", MM_VERB_ADD},     {"list", MM_VERB_LIST},     {"show", MM_VERB_SHOW},
        {"set", MM_VERB_SET},     {"remove", MM_VERB_REMOVE}, {"help", MM_VERB_HELP},
        {"--help", MM_VERB_HELP}, {"-h", MM_VERB_HELP},
    };

    for (size_t i = 0; i < MM_COUNT(verbs); i++) {
        if (strcmp(text, verbs[i].text) == 0)
            return verbs[i].verb;
    }
    return MM_VERB_NONE;
}

static bool read_number(struct mm_noun *n, const char *option, const char *text, uint32_t *ret)
{
    uint64_t v;

    if (mm_slice_u64(mm_slice_str(text), &v) && v <= UINT32_MAX) {
        *ret = (uint32_t)v;
        return true;
    }
    mm_noun_word(n, "option", option);
    mm_noun_word(n, "value", text);
    return mm_noun_complain(n, "cli.number");
}

/* A field's name with '-' for '_', as people type options. */
static int field_of(const struct mm_entity *e, const char *option)
{
    char name[KEY_MAX];
    size_t i;

    for (i = 0; i < sizeof(name) && option[i] != 0; i++)
        name[i] = option[i] == '-' ? '_' : option[i];
    return mm_entity_field(e, mm_slice_of(name, i));
}

static bool read_field(struct mm_noun *n, const char *option, const char *value)
{
    int at = field_of(n->entity, option + 2);

    mm_noun_word(n, "option", option);
    mm_noun_word(n, "noun", n->entity->name);
    if (at < 0 || (n->entity->fields[at].flags & MM_FIELD_OURS))
        return mm_noun_complain(n, "cli.no_option");
    if (value == NULL)
        return mm_noun_complain(n, "cli.no_value");
    if (n->field_count == MM_COUNT(n->field))
        return mm_noun_complain(n, "cli.twice");
    n->field[n->field_count++] = (struct mm_noun_field){at, value};
    return true;
}

/* Options without a value. */
static bool *flag_of(struct mm_noun *n, const char *option)
{
    bool user = n->entity->id == MM_REG_USER;

    if (strcmp(option, "--json") == 0)
        return &n->json;
    if (strcmp(option, "--ended") == 0)
        return &n->ended;
    if (n->entity->id == MM_REG_RELAY && strcmp(option, "--new-code") == 0)
        return &n->new_code;
    if (user && strcmp(option, "--password-stdin") == 0)
        return &n->password_stdin;
    if (user && strcmp(option, "--make-password") == 0)
        return &n->make_password;
    if (user && strcmp(option, "--reset-totp") == 0)
        return &n->reset_totp;
    if (user && strcmp(option, "--invite") == 0)
        return &n->invite;
    if (user && strcmp(option, "--end-sessions") == 0)
        return &n->end_sessions;
    return NULL;
}

/* Options that every noun has. *ret_known says whether this is one of them. */
static bool read_common(struct mm_noun *n, const char *option, const char *value, bool *ret_known)
{
    *ret_known = true;
    if (strcmp(option, "--state") == 0)
        n->state = value;
    else if (strcmp(option, "--company") == 0)
        n->company = value;
    else if (strcmp(option, "--from") == 0)
        return value != NULL && read_number(n, option, value, &n->from);
    else if (strcmp(option, "--limit") == 0)
        return value != NULL && read_number(n, option, value, &n->limit);
    else if (n->entity->id == MM_REG_USER && strcmp(option, "--codes") == 0)
        return value != NULL && read_number(n, option, value, &n->codes);
    else if (n->entity->id == MM_REG_CONSENT && strcmp(option, "--scan") == 0)
        n->scan = value;
    else if (n->entity->id == MM_REG_CONSENT && strcmp(option, "--scan-to") == 0)
        n->scan_to = value;
    else if (strcmp(option, "--lang") == 0)
        return value != NULL && mm_lang_parse(mm_slice_str(value), &n->lang);
    else
        *ret_known = false;
    return value != NULL || !*ret_known;
}

static bool read_option(struct mm_noun *n, char **argv, int argc, int *at)
{
    const char *option = argv[*at], *value = *at + 1 < argc ? argv[*at + 1] : NULL;
    bool *flag = flag_of(n, option), known = false;

    if (flag != NULL) {
        *flag = true;
        (*at)++;
        return true;
    }
    *at += 2;
    if (!read_common(n, option, value, &known)) {
        mm_noun_word(n, "option", option);
        return mm_noun_complain(n, "cli.no_value");
    }
    return known || read_field(n, option, value);
}

bool mm_noun_read(struct mm_noun *n, int argc, char **argv)
{
    n->lang = mm_app_language();
    n->state = MM_STATE_DEFAULT;
    if (argc >= 2)
        n->verb = verb_of(argv[1]);
    for (int at = 2; at < argc;) {
        if (strcmp(argv[at], "--help") == 0) {
            n->verb = MM_VERB_HELP;
            at++;
        } else if (argv[at][0] == '-' && argv[at][1] == '-') {
            if (!read_option(n, argv, argc, &at))
                return false;
        } else if (n->id == NULL) {
            n->id = argv[at++];
        } else {
            mm_noun_word(n, "value", argv[at]);
            return mm_noun_complain(n, "cli.too_many");
        }
    }
    mm_noun_word(n, "noun", n->entity->name);
    if (n->verb == MM_VERB_NONE)
        return mm_noun_complain(n, "cli.verb");
    if ((n->verb == MM_VERB_SHOW || n->verb == MM_VERB_SET || n->verb == MM_VERB_REMOVE) &&
        n->id == NULL)
        return mm_noun_complain(n, "cli.which");
    return true;
}

/* ---- output ------------------------------------------------------------------------------------
 */

static void help_field(const struct mm_noun *n, const struct mm_field *f)
{
    char option[KEY_MAX];
    size_t len = 0;

    if (f->flags & MM_FIELD_OURS)
        return;
    for (; len < sizeof(option) - 1 && f->name[len] != 0; len++)
        option[len] = f->name[len] == '_' ? '-' : f->name[len];
    option[len] = 0;
    printf("  --%-18s%s %s", option, f->flags & MM_FIELD_NEED ? "*" : " ", mm_noun_title(n, f));
    if (f->type == MM_FIELD_CHOICE)
        printf(" [%s]", f->extra);
    else if (f->type == MM_FIELD_REF)
        printf(" (mimamori %s list)", f->extra);
    else if (f->type == MM_FIELD_DATE)
        printf(" [YYYY-MM-DD]");
    else if (f->extra != NULL)
        printf(" [%s]", f->extra);
    puts("");
}

void mm_noun_help(struct mm_noun *n)
{
    mm_noun_word(n, "noun", n->entity->name);
    words_to(n, stdout, "cli.help");
    for (size_t i = 0; i < n->entity->field_count; i++)
        help_field(n, &n->entity->fields[i]);
    if (n->entity->id == MM_REG_USER)
        words_to(n, stdout, "cli.help.user");
    if (n->entity->id == MM_REG_CONSENT)
        words_to(n, stdout, "cli.help.consent");
    words_to(n, stdout, "cli.help.common");
}

static void print_value(const struct mm_field *f, const struct mm_value *v)
{
    if (v->null)
        return;
    if (f->type == MM_FIELD_INT || f->type == MM_FIELD_REF)
        printf("%lld", (long long)v->i);
    else
        (void)fwrite(v->s.p, 1, v->s.n, stdout); /* checked when it was entered: no controls */
}

static void print_time(const struct mm_noun *n, const char *name, int64_t us)
{
    struct mm_buf out;

    if (us <= 0)
        return;
    mm_buf_init(&out, 256);
    mm_lang_time(&out, n->lang, MM_TIME_SECONDS, us, n->now_us, 9 * 3600);
    printf("%s: %.*s\n", text_of(n, "field", name, name), MM_S_ARG(mm_buf_slice(&out)));
    mm_buf_done(&out);
}

void mm_noun_show(struct mm_noun *n, const struct mm_rec *rec)
{
    printf("%s: %u\n", text_of(n, "field", "id", "id"), rec->id);
    if (n->entity->owner == MM_OWNER_COMPANY)
        printf("%s: %u\n", text_of(n, "field", "company", "company"), rec->company);
    for (size_t i = 0; i < n->entity->field_count; i++) {
        const struct mm_field *f = &n->entity->fields[i];

        if ((f->flags & MM_FIELD_HIDE) || rec->v[i].null)
            continue;
        printf("%s: ", mm_noun_title(n, f));
        print_value(f, &rec->v[i]);
        puts("");
    }
    print_time(n, "created", rec->created_us);
    print_time(n, "changed", rec->changed_us);
    print_time(n, "ended", rec->ended_us);
}

void mm_noun_row(struct mm_noun *n, const struct mm_rec *rec)
{
    printf("%u", rec->id);
    if (n->entity->owner == MM_OWNER_COMPANY)
        printf("\t%u", rec->company);
    for (size_t i = 0; i < n->entity->field_count; i++) {
        const struct mm_field *f = &n->entity->fields[i];

        if (!(f->flags & MM_FIELD_NEED) || (f->flags & MM_FIELD_HIDE))
            continue;
        putchar('\t');
        print_value(f, &rec->v[i]);
    }
    if (rec->ended_us != 0)
        printf("\t(%s)", text_of(n, "field", "ended", "ended"));
    puts("");
}

void mm_noun_doc(struct mm_doc *at, const struct mm_rec *rec)
{
    mm_doc_int(at, "id", rec->id);
    if (rec->entity->owner == MM_OWNER_COMPANY)
        mm_doc_int(at, "company", rec->company);
    for (size_t i = 0; i < rec->entity->field_count; i++) {
        const struct mm_field *f = &rec->entity->fields[i];

        if (f->flags & MM_FIELD_HIDE)
            continue;
        if (rec->v[i].null)
            mm_doc_null(at, f->name);
        else if (f->type == MM_FIELD_INT || f->type == MM_FIELD_REF)
            mm_doc_int(at, f->name, rec->v[i].i);
        else
            mm_doc_text(at, f->name, rec->v[i].s);
    }
    mm_doc_time(at, "created", rec->created_us);
    mm_doc_time(at, "changed", rec->changed_us);
    mm_doc_time(at, "ended", rec->ended_us);
}
