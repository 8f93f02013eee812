"""tidy.py turns red on each planted violation, names its line, and stays green without one."""

import pathlib
import subprocess
import tempfile

import tidy
import tree as source

HEADER = """/*
 * codec/kv.h - key=value pairs.
 *
 * Purpose   One.
 * Owns      Nothing.
 * Threads   Pure.
 * Trust     Hostile.
 */
#ifndef MM_CODEC_KV_H
#define MM_CODEC_KV_H
#endif
"""
CODE = """/* codec/kv.c - see kv.h. strcpy(a, b) in a comment is talk. */
#include "codec/kv.h"

static const char *const table[] = {"sprintf(", "x"};

int mm_kv(int a)
{
    struct mm_kv kv;
    int local = a;

    kv.signal(local);
    return local;
}
"""
BODY = "int f(void)\n{\n" + "    g();\n" * 68 + "}\n"
CLEAN = {
    "src/codec/kv.h": HEADER,
    "src/codec/kv.c": CODE,
    "src/codec/kv_test.c": 'TEST(kv)\n{\n    CHECK("\u691c\u77e5");\n}\n',
    "src/codec/kv_fuzz.c": "FUZZ(in)\n{\n}\n",
    "src/codec/kv.dict": '"="\n',
    "src/codec/full.c": BODY,
    "src/web/page.mustache": "<p>{{#t}}case.title{{/t}}</p>\n",
    "po/ja.po": 'msgid ""\nmsgstr "Language: ja\\n"\n\n'
                'msgid "a.b"\nmsgstr "\u691c\u77e5 {n} "\n"\u4ef6"\n',
    "po/en.po": 'msgid "a.b"\nmsgid_plural "a.b"\n'
                'msgstr[0] "{n} alert"\nmsgstr[1] "{n} alerts"\n',
    "package-lock.json": '{"integrity": "sha512-x"}\n',
    "docs/en/a.md": "[ja](../ja/a.md)\n",
    "docs/ja/a.md": "[en](../en/a.md)\n",
    "README.md": "Start with ./dev run; state lies in /var/lib/mimamori, a user in /home/.\n",
}
CORPORA = ["tests/corpus/kv", "tests/corpus/kv/one"]
PROMISE = {rule: promise for rule, (_, promise) in tidy.RULES.items()}


def planted(path, text, corpora=CORPORA):
    """{promise: violations} that break when `path` says `text` (None: is not there)."""
    tree = dict(CLEAN)
    tree[path] = text
    if text is None:
        del tree[path]
    return {promise: bad for promise, bad in tidy.check(tree, corpora).items() if bad}


def expect(path, text, promise, line=None):
    got = planted(path, text)
    assert set(got) == {promise}, f"planted in {path}: broke {got}, want {promise}"
    if line is not None:
        want = f"{path}:{line}: "
        assert got[promise][0].startswith(want), f"said {got[promise][0]}, want {want}"


def expect_clean(path, text):
    got = planted(path, text)
    assert not got, f"{path}: broke {got}"


def tidy_accepts_a_clean_tree():
    expect_clean("src/codec/kv.c", CODE)


def tidy_refuses_a_long_line():
    expect_clean("src/codec/kv.c", CODE + "/* " + "x" * 94 + " */\n")
    expect("src/codec/kv.c", CODE + "/* " + "x" * 95 + " */\n", PROMISE["width"], 14)
    expect("tools/a.py", "x" * 101, PROMISE["width"])


def tidy_refuses_a_long_function():
    expect("src/codec/full.c", BODY.replace("    g();\n", "    g();\n\n", 1),
           PROMISE["function"], 2)


def tidy_refuses_a_long_file():
    expect_clean("src/codec/full.c", "/* */\n" * 1000)
    expect("src/codec/full.c", "/* */\n" * 1001, PROMISE["file"])


def tidy_refuses_banned_names():
    for call in ("strcpy(a, b)", "signal(SIGINT, f)", "system (a)", "return atoi(b)",
                 "localtime(&t)", "alloca(n)"):
        expect("src/codec/kv.c", CODE.replace("kv.signal(local)", call), PROMISE["banned"], 11)
    expect("src/codec/ext/kv.cpp", "int a = atoi(b);\n".replace("int a", "const int a"),
           PROMISE["banned"], 1)


def tidy_leaves_longer_names_and_literals_alone():
    for call in ('mm_system("gets(x)")', "(void)signal(SIGINT, SIG_IGN)"):
        expect_clean("src/codec/kv.c", CODE.replace("kv.signal(local)", call))


def tidy_refuses_a_test_that_sleeps():
    expect("src/codec/kv_test.c", "TEST(a)\n{\n    usleep(1);\n}\n", PROMISE["sleep"], 3)


def tidy_refuses_a_header_without_its_block():
    for word in ("Purpose", "Owns", "Threads", "Trust"):
        expect("src/codec/kv.h", HEADER.replace(word, "About  "), PROMISE["header"])
    expect("src/codec/kv.h", HEADER.replace("codec/kv.h -", "codec/vk.h -"), PROMISE["header"])
    expect("src/codec/kv.h", HEADER.replace("MM_CODEC", "MM"), PROMISE["header"])


def tidy_refuses_globals():
    for line in ("static int count;", "static struct mm_kv last = {0};", "int mm_total;",
                 "static char dir[64];", "static _Thread_local unsigned depth = 0;"):
        expect("src/codec/kv.c", CODE + line + "\n", PROMISE["global"], 14)


def tidy_accepts_constants_prototypes_and_arguments():
    for line in ("static const int limit = 3;", "struct mm_kv;", "static int f(int a);",
                 "static const struct mm_kv *const all[] = {\n    {1},\n};", "enum { A = 1 };",
                 "static const char *arg_state;", "struct mm_pair {\n    int a;\n};"):
        expect_clean("src/codec/kv.c", CODE + line + "\n")


def tidy_refuses_japanese_in_code_and_templates():
    expect("src/codec/kv.c", CODE + "/* \u691c */\n", PROMISE["japanese"], 14)
    expect("src/web/page.mustache", "<p>\u3042</p>\n", PROMISE["japanese"], 1)
    expect("src/model/fields.def", "FIELD(a, \"\uff21\")\n", PROMISE["japanese"], 1)


def tidy_refuses_work_left_without_an_issue():
    for word in ("TO" "DO", "FIX" "ME", "X" "XX"):
        expect("src/codec/kv.c", CODE + f"/* {word}: later */\n", PROMISE["todo"], 14)
        expect_clean("src/codec/kv.c", CODE + f"/* {word}(#12): later */\n")


def tidy_refuses_registry_hosts_and_machine_paths():
    for text in ("https://registry." "example.org/x", "see deb." "example.org",
                 '"resolved": "x"', "in /wo" "rk/main", "cd /ro" "ot/x"):
        expect("package-lock.json", text + "\n", PROMISE["machine"], 1)
    expect_clean("README.md", "See $HOME/work/x and docs/root/page.md, https://www.debian.org/\n")


def tidy_refuses_a_parser_without_its_companions():
    expect("src/codec/kv.dict", None, tidy.COMPANIONS)
    expect("src/codec/kv_test.c", None, tidy.COMPANIONS)
    for corpora in ([], ["tests/corpus/kv"], ["tests/corpus/kvs/one"]):
        assert set(planted("README.md", "", corpora)) == {tidy.COMPANIONS}


def tidy_lets_one_test_serve_a_folder():
    tree = {k.replace("kv_test", "codec_test"): v for k, v in CLEAN.items()}
    assert not any(tidy.check(tree, CORPORA).values())


def tidy_refuses_incomplete_catalogues():
    for path, text in {
            "po/en.po": 'msgid "a.c"\nmsgstr "{n}"\n',
            "po/ja.po": CLEAN["po/ja.po"] + 'msgid "a.c"\nmsgstr "x"\n'}.items():
        expect(path, text, tidy.CATALOGUES)
    for text in ('msgid "a.b"\nmsgstr ""\n', 'msgid "a.b"\nmsgstr "no argument"\n',
                 '#, fuzzy\nmsgid "a.b"\nmsgstr "{n}"\n', "nonsense\n", None,
                 'msgid "a.b"\nmsgstr "{n}"\nmsgid "a.b"\nmsgstr "{n}"\n',
                 CLEAN["po/en.po"].replace("{n} alerts", "")):
        expect("po/en.po", text, tidy.CATALOGUES)


def tidy_refuses_links_to_nowhere_and_pages_in_one_language():
    for text in ("[a](docs/en/x.md)", "[a](docs/en/a.md#part), [b](LICENSE)", "[c](../x)"):
        expect("README.md", text, tidy.LINKS)
    expect_clean("README.md", "[a](docs/en/a.md#part) [b](https://x/y) [c](#d) [e](src/codec)\n")
    expect("docs/en/a.md", None, tidy.LINKS)
    expect("docs/ja/b.md", "", tidy.LINKS)


def tidy_sees_a_tracked_link_and_no_other():
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "tracked").symlink_to("/tmp")
        pathlib.Path(folder, "ignored").symlink_to("/tmp")
        assert source.tracked_links(folder) == []
        try:
            subprocess.run(["git", "init", "-q", "."], cwd=folder, check=True)
        except OSError:
            return  # no git here: nothing is tracked either
        subprocess.run(["git", "add", "tracked"], cwd=folder, check=True)
        assert source.tracked_links(folder) == ["tracked"]


def tidy_follows_rule_zero():
    why = "/* tidy: global allowed, a signal handler has no other way. */\n"
    expect_clean("src/codec/kv.c", CODE + why + "static int stop;\n")
    expect("src/codec/kv.c", CODE + why + "static int stop;\nstatic int other;\n",
           PROMISE["global"], 16)
    expect("src/codec/kv.c", CODE + why.replace("global", "width") + "static int stop;\n",
           PROMISE["global"], 15)


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("tidy_")])
