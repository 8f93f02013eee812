"""Rules of the house that a compiler does not hold. Run: tidy.py ROOT. Output: TAP, a line a rule.

Rule zero: a line may break a rule where it, or the line before it, says
`tidy: RULE allowed, REASON` in a comment. RULE is the word in RULES below.
"""

import posixpath
import re
import sys

import po
import tree as source

LINE_MAX = 100
FUNCTION_MAX = 70
FILE_MAX = 1000

C_FILE = (".c", ".h", ".cpp", ".hpp", ".def")
SCRIPT = (".py", ".sh", ".js", ".mjs", ".css")
MARKUP = (".mustache", ".html")

# Names of functions, with the reason each is not used. base/banned.h poisons those of libc that
# no C file may say at all; here they hold for C++ as well, and so do those that only smell.
BANNED = {
    "gets strcpy strcat sprintf vsprintf strncpy strncat stpcpy": "no bound: base/buf.h",
    "strtok": "keeps state: base/rd.h",
    "atoi atol atoll strtol strtoul strtoll strtoull strtod sscanf": "locale, no end: mm_slice_u64",
    "alloca": "stack size from input: an arena",
    "system popen": "a shell: posix_spawn",
    "setjmp longjmp sigsetjmp siglongjmp": "jumps over clean-up",
    "signal(?!\\s*\\([^()]*SIG_(?:IGN|DFL)\\))": "semantics differ: sigaction",
    "rand random srand drand48": "predictable: base/ or libsodium",
    "asctime ctime gmtime localtime mktime strftime": "locale and zone: base/time.h",
    "setlocale": "process-wide",
    "tmpnam mktemp tempnam": "races: mkstemp",
    "vfork": "posix_spawn",
}
SLEEPS = "sleep usleep nanosleep clock_nanosleep thrd_sleep"
JAPANESE = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
TO_DO = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b(?!\(#\d+\))")
ALLOWED = re.compile(r"tidy: (\w+) allowed, \w+")
HOSTS = re.compile(r"\b(?:registry|deb|pypi|packages|snapshot|security|mirrors?|ftp|repo)\."
                   r"(?:[a-z0-9-]+\.)+(?:org|com|net|io|dev|jp)\b")
MACHINE = re.compile(r"(?<![\w./$}-])/(?:work|root|home/\w+|Users/\w+)/")


def words(names):
    """A pattern for a call of one of the names (not a member, not part of a longer name)."""
    return re.compile(r"(?<![\w.>])(" + "|".join(names.split()) + r")\s*\(")


def is_code(path):
    return path.endswith(C_FILE + SCRIPT) or path == "dev" or path.endswith("meson.build")


def is_test(path):
    return re.search(r"_(test|fuzz)\.(c|cpp)$", path) is not None or path.startswith("tests/")


class File:
    """One file: its lines, its lines without comments and literals, and its exceptions."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.is_c = path.endswith(C_FILE)
        self._code = None

    @property
    def code(self):
        if self._code is None:
            self._code = source.code_only(self.text).split("\n")
        return self._code

    def allows(self, number, rule):
        """Does this line (from 1) or the one before carry an exception for the rule?"""
        near = self.lines[max(0, number - 2):number]
        return any(m.group(1) == rule for line in near for m in ALLOWED.finditer(line))


def lines_fit(file):
    if is_code(file.path):
        for number, line in enumerate(file.lines, 1):
            if len(line) > LINE_MAX:
                yield number, f"{len(line)} columns, limit {LINE_MAX}"


def functions_fit(file):
    """A body stands between a `{` and a `}` that are alone in the first column (Linux braces)."""
    if not file.path.endswith((".c", ".cpp", ".h")):
        return
    start = None
    for number, line in enumerate(file.code, 1):
        if line.rstrip() == "{":
            start = number
        elif line.startswith("}") and start is not None:
            if number - start + 1 > FUNCTION_MAX:
                yield start, f"function of {number - start + 1} lines, limit {FUNCTION_MAX}"
            start = None


def files_fit(file):
    if is_code(file.path):
        count = len(file.lines) - (file.lines[-1] == "")
        if count > FILE_MAX:
            yield 1, f"{count} lines, limit {FILE_MAX}"


BANNED_CALLS = [(words(names), why) for names, why in BANNED.items()]
SLEEP_CALLS = words(SLEEPS)


def banned_names(file):
    if not file.is_c or file.path == "src/base/banned.h":
        return
    for number, line in enumerate(file.code, 1):
        if "(" in line:
            for pattern, why in BANNED_CALLS:
                for match in pattern.finditer(line):
                    yield number, f"{match.group(1)}: {why}"


def no_sleep(file):
    if not file.path.endswith(("_test.c", "_test.cpp")):
        return
    for number, line in enumerate(file.code, 1):
        match = SLEEP_CALLS.search(line)
        if match:
            yield number, f"{match.group(1)} in a test: the clock is a parameter"


def headers_introduce(file):
    if not file.path.endswith(".h"):
        return
    short = file.path[len("src/"):] if file.path.startswith("src/") else file.path
    comment = re.match(r"/\*\n \* (\S+) - (.*?)\*/", file.text, re.S)
    if not comment or comment.group(1) != short:
        yield 1, f"does not begin with `/*\\n * {short} - what it is`"
        return
    for word in ("Purpose", "Owns", "Threads", "Trust"):
        if not re.search(rf"^ \* {word}\b", comment.group(2), re.M):
            yield 1, f"header block lacks `{word}`"
    guard = "MM_" + re.sub(r"[^A-Z0-9]", "_", short.upper())
    if f"#ifndef {guard}\n#define {guard}\n" not in file.text:
        yield 1, f"include guard is not {guard}"


GLOBAL = re.compile(r"^(?:static |_Thread_local |extern )*(?!.*\bconst\b)(?!.*\btypedef\b)"
                    r"(?:struct |enum |union |unsigned |volatile )*\w+[ *]+(\w+)"
                    r"(?:\[[^\]]*\])*\s*(?:=|;)")
NOT_GLOBAL = re.compile(r"^(?:struct|enum|union) \w+;|^(?:return|goto|using|typedef|namespace)\b")


def no_globals(file):
    if not file.path.startswith("src/") or not file.path.endswith((".c", ".cpp")):
        return
    if is_test(file.path):
        return
    depth = 0
    for number, line in enumerate(file.code, 1):
        if depth == 0 and line[:1].isalpha() and not NOT_GLOBAL.match(line):
            match = GLOBAL.match(line)
            if match and not match.group(1).startswith("arg_"):
                yield number, f"{match.group(1)}: globals are static const tables only"
        depth += line.count("{") - line.count("}")


def no_japanese(file):
    if is_test(file.path) or not file.path.endswith(C_FILE + MARKUP + (".js", ".css")):
        return
    for number, line in enumerate(file.lines, 1):
        if JAPANESE.search(line):
            yield number, "Japanese letters: words for people live in po/ and content/"


def todo_has_issue(file):
    if is_code(file.path) or file.path.endswith(MARKUP):
        for number, line in enumerate(file.lines, 1):
            match = TO_DO.search(line)
            if match:
                yield number, f"{match.group(1)} without an issue number: {match.group(1)}(#2)"


def no_machine(file):
    for number, line in enumerate(file.lines, 1):
        for pattern, what in ((HOSTS, "host of a package registry"), (MACHINE, "machine path")):
            match = pattern.search(line)
            if match:
                yield number, f"{match.group()}: {what}"
        if file.path == "package-lock.json" and '"resolved"' in line:
            yield number, "resolved: names a registry; integrity is enough"


RULES = {
    "width": (lines_fit, f"no line of code is longer than {LINE_MAX} columns"),
    "function": (functions_fit, f"no function is longer than {FUNCTION_MAX} lines"),
    "file": (files_fit, f"no file of code is longer than {FILE_MAX} lines"),
    "banned": (banned_names, "no banned function is called"),
    "sleep": (no_sleep, "no unit test sleeps"),
    "header": (headers_introduce, "every header introduces itself and guards itself"),
    "global": (no_globals, "no globals but constant tables"),
    "japanese": (no_japanese, "no Japanese letters in C or templates"),
    "todo": (todo_has_issue, "what is left to do has an issue number"),
    "machine": (no_machine, "no registry host and no machine path"),
}
COMPANIONS = "every fuzz target has a test, a dictionary and a corpus"
LINKS = "links between documents lead somewhere, and each page for users has both languages"
NO_SYMLINKS = "no symbolic link is part of the repository"
CATALOGUES = "po/ja.po and po/en.po are complete and agree"


def companions(tree):
    """x_fuzz.c needs x.dict and x_test.c (or the folder's test) beside it and tests/corpus/x/."""
    corpora = {p.split("/")[2] for p in tree if p.startswith("tests/corpus/") and p.count("/") > 2}
    for path in sorted(p for p in tree if re.match(r"src/.*_fuzz\.(c|cpp)$", p)):
        stem = re.sub(r"_fuzz\.\w+$", "", path)
        folder, _, name = stem.rpartition("/")
        if stem + ".dict" not in tree:
            yield f"{path}: no {name}.dict beside it"
        folders_own = f"{folder}/{folder.rpartition('/')[2]}_test.c"
        if not {f"{stem}_test.c", f"{stem}_test.cpp", folders_own} & set(tree):
            yield f"{path}: no {name}_test.c beside it"
        if name not in corpora:
            yield f"{path}: no input in tests/corpus/{name}/"


LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)(?:#[^)]*)?\)")


def dead_links(tree):
    """Relative links of Markdown files to no file, and docs/en/x.md without docs/ja/x.md."""
    folders = {path.rpartition("/")[0] for path in tree}
    for path, text in sorted(tree.items()):
        if not path.endswith(".md"):
            continue
        for match in LINK.finditer(text):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), match.group(1)))
            if target not in tree and target not in folders:
                line = text.count("\n", 0, match.start()) + 1
                yield f"{path}:{line}: {match.group(1)}: no such file"
        for one, other in (("docs/en/", "docs/ja/"), ("docs/ja/", "docs/en/")):
            if path.startswith(one) and path.replace(one, other, 1) not in tree:
                yield f"{path}: {other} has no such page"


def check(tree, corpora=()):
    """{promise: violations} of one tree; `corpora` are paths of corpus files left out of it."""
    results = {promise: [] for _, promise in RULES.values()}
    for path, text in sorted(tree.items()):
        if path.startswith("tests/corpus/"):
            continue
        file = File(path, text)
        for rule, (find, promise) in RULES.items():
            for number, what in find(file):
                if not file.allows(number, rule):
                    results[promise].append(f"{path}:{number}: {what}")
    results[COMPANIONS] = list(companions({**tree, **{p: "" for p in corpora}}))
    results[LINKS] = list(dead_links(tree))
    results[CATALOGUES] = list(po.disagreements(tree))
    return results


if __name__ == "__main__":
    project = source.load(sys.argv[1])
    promises = check(project, source.corpus_files(sys.argv[1]))
    promises[NO_SYMLINKS] = [f"{path}: a link leads out of the repository, or hides a second name"
                             for path in source.tracked_links(sys.argv[1])]
    source.report_tap(promises)
