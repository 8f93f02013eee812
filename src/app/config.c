/* app/config.c - `mimamori config check|show|seal`: is the configuration good, what is it, and why?
 * And how a secret gets into it. */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "app/language.h"
#include "serve/config.h"
#include "serve/secret.h"
#include "serve/state.h"
#include "text/doc.h"

enum { EXIT_USAGE = 2, WHY_MAX = 8192, OUT_MAX = 256 * 1024, KEY_MAX = 96 };

enum verb { CHECK, SHOW, SEAL };

struct arguments {
    enum verb verb;
    const char *file;  /* NULL: none */
    const char *state; /* NULL: not said */
    bool json;
    enum mm_lang lang;
};

static int usage(void)
{
    fputs(
        "usage: mimamori config check|show [--config FILE] [--state DIR] [--json] [--lang ja|en]\n"
        "       mimamori config seal [--state DIR]\n"
        "  check   read FILE and the environment, say what is wrong with them, if anything; with\n"
        "          --state also whether its key opens the secrets in them\n"
        "  show    print every key with its meaning, default, value and where that comes from\n"
        "  seal    read a secret from the terminal or standard input and print what to write for\n"
        "          mail.password and the like: sealed with the key of DIR "
        "(default " MM_STATE_DEFAULT ")\n",
        stderr);
    return EXIT_USAGE;
}

static bool parse(int argc, char **argv, struct arguments *ret)
{
    struct arguments a = {.lang = mm_app_language()};

    if (argc < 2)
        return false;
    if (strcmp(argv[1], "show") == 0)
        a.verb = SHOW;
    else if (strcmp(argv[1], "seal") == 0)
        a.verb = SEAL;
    else if (strcmp(argv[1], "check") != 0)
        return false;
    for (int i = 2; i < argc; i++) {
        bool more = i + 1 < argc;

        if (strcmp(argv[i], "--json") == 0)
            a.json = true;
        else if (strcmp(argv[i], "--lang") == 0 && more &&
                 mm_lang_parse(mm_slice_str(argv[i + 1]), &a.lang))
            i++;
        else if (strcmp(argv[i], "--config") == 0 && more && a.file == NULL)
            a.file = argv[++i];
        else if (strcmp(argv[i], "--state") == 0 && more && a.verb != SHOW)
            a.state = argv[++i];
        else if (argv[i][0] != '-' && a.file == NULL)
            a.file = argv[i];
        else
            return false;
    }
    *ret = a;
    return a.verb != SEAL || (a.file == NULL && !a.json);
}

/* The words of "config.NAME". */
static const char *words(enum mm_lang lang, const char *name)
{
    char key[KEY_MAX];
    const char *text;

    (void)snprintf(key, sizeof(key), "config.%s", name);
    text = mm_lang_text(lang, mm_slice_str(key), 1);
    MM_ASSERT(text != NULL); /* a test sees to that */
    return text;
}

static void show_origin(const struct arguments *a, const struct mm_config *c, enum mm_config_key k,
                        struct mm_buf *out)
{
    char env[MM_CONFIG_ENV];

    if (c->origin[k].from == MM_CFG_FROM_FILE) {
        mm_buf_fmt(out, "%s:%zu", a->file, c->origin[k].line);
    } else if (c->origin[k].from == MM_CFG_FROM_ENVIRONMENT) {
        mm_config_env(k, env);
        mm_buf_str(out, env);
    } else {
        mm_buf_str(out, words(a->lang, "from.default"));
    }
}

/* As a file would have it: what is shown can be read again. */
static void show_text(const struct arguments *a, const struct mm_config *c, struct mm_buf *out)
{
    for (enum mm_config_key k = 0; k < MM_CFG_COUNT; k++) {
        const struct mm_config_about *about = mm_config_about(k);
        char unit[KEY_MAX];

        mm_buf_fmt(out, "# %s\n# ", words(a->lang, about->key));
        if (about->kind == MM_CFG_NUMBER) {
            (void)snprintf(unit, sizeof(unit), "unit.%s", about->unit);
            mm_buf_fmt(out, "%llu-%llu %s; ", (unsigned long long)about->min,
                       (unsigned long long)about->max, words(a->lang, unit));
        }
        mm_buf_fmt(out, "%s: %s; %s: ", words(a->lang, "default"),
                   about->preset[0] == 0 ? words(a->lang, "empty") : about->preset,
                   words(a->lang, "from"));
        show_origin(a, c, k, out);
        mm_buf_fmt(out, "\n%s = %s\n\n", about->key, c->value[k]);
    }
}

static bool show_json(const struct arguments *a, const struct mm_config *c, struct mm_buf *out)
{
    static const char *const from[] = {"default", "file", "environment"};
    struct mm_arena arena;
    struct mm_doc *doc, *list;
    bool ok;

    mm_arena_init(&arena, OUT_MAX);
    doc = mm_doc_new(&arena);
    list = mm_doc_array(doc, "keys");
    for (enum mm_config_key k = 0; k < MM_CFG_COUNT; k++) {
        const struct mm_config_about *about = mm_config_about(k);
        struct mm_doc *d = mm_doc_object(list, NULL);

        mm_doc_str(d, "key", about->key);
        mm_doc_str(d, "value", c->value[k]);
        mm_doc_str(d, "default", about->preset);
        mm_doc_str(d, "from", from[c->origin[k].from]);
        if (c->origin[k].from == MM_CFG_FROM_FILE) {
            mm_doc_text(d, "file", mm_slice_str(a->file));
            mm_doc_int(d, "line", (int64_t)c->origin[k].line);
        }
        if (about->kind == MM_CFG_NUMBER) {
            mm_doc_str(d, "unit", about->unit);
            mm_doc_int(d, "min", (int64_t)about->min);
            mm_doc_int(d, "max", (int64_t)about->max);
        }
        mm_doc_str(d, "meaning", words(a->lang, about->key));
    }
    mm_doc_json(out, doc);
    mm_buf_byte(out, '\n');
    ok = mm_doc_ok(doc);
    mm_arena_done(&arena);
    return ok;
}

static bool show(const struct arguments *a, const struct mm_config *c)
{
    struct mm_buf out;
    bool ok = true;

    mm_buf_init(&out, OUT_MAX);
    if (a->json)
        ok = show_json(a, c, &out);
    else
        show_text(a, c, &out);
    ok = ok && mm_buf_ok(&out) && fwrite(out.p, 1, out.n, stdout) == out.n;
    mm_buf_done(&out);
    return ok;
}

static enum mm_code check(const struct arguments *a, const struct mm_config *c, struct mm_buf *why)
{
    enum mm_code code = mm_config_files(c, why);

    if (code == MM_OK && a->state != NULL)
        code = mm_secrets_check(c, a->state, why);
    return code;
}

static bool check_or_show(const struct arguments *a, struct mm_buf *why)
{
    struct mm_config config;
    bool ok;

    if (mm_config_load(a->file, &config, why) != MM_OK)
        return false;
    if (a->verb == SHOW)
        ok = show(a, &config);
    else
        ok = check(a, &config, why) == MM_OK && puts("ok") >= 0;
    mm_config_done(&config);
    return ok;
}

/* A line of standard input; from a terminal it is not seen. */
static bool read_line(enum mm_lang lang, char ret[MM_SECRET_MAX + 1])
{
    bool terminal = isatty(STDIN_FILENO) == 1, got;
    struct termios was, quiet;

    terminal = terminal && tcgetattr(STDIN_FILENO, &was) == 0;
    if (terminal) {
        quiet = was;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        fprintf(stderr, "%s", words(lang, "seal.ask"));
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    got = fgets(ret, MM_SECRET_MAX + 1, stdin) != NULL;
    if (terminal) {
        (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &was);
        fputc('\n', stderr);
    }
    return got;
}

/* The key is the state's, which is made when there is none yet: its first start finds it. */
static bool seal(const struct arguments *a, struct mm_buf *why)
{
    const char *state = a->state != NULL ? a->state : MM_STATE_DEFAULT;
    char line[MM_SECRET_MAX + 1] = "", text[MM_SECRET_TEXT], path[MM_MAX_PATH];
    struct mm_key key;
    bool ok;

    if (mm_state_prepare(state, why) != MM_OK || mm_state_key(state, path) != MM_OK ||
        mm_state_key_read(path, &key, why) != MM_OK)
        return false;
    ok = read_line(a->lang, line);
    line[strcspn(line, "\r\n")] = 0;
    ok = ok && mm_secret_seal(&key, mm_slice_str(line), text);
    mm_wipe(&key, sizeof(key));
    mm_wipe(line, sizeof(line));
    if (!ok)
        mm_buf_fmt(why, "a secret is one line of 1 to %d bytes", MM_SECRET_MAX - 1);
    return ok && puts(text) >= 0;
}

int main(int argc, char **argv)
{
    struct arguments a;
    struct mm_buf why;
    bool ok;

    if (!parse(argc, argv, &a))
        return usage();
    mm_buf_init(&why, WHY_MAX);
    ok = a.verb == SEAL ? seal(&a, &why) : check_or_show(&a, &why);
    if (why.n > 0)
        fprintf(stderr, "mimamori: %.*s\n", MM_S_ARG(mm_buf_slice(&why)));
    mm_buf_done(&why);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}
