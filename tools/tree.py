"""The source tree as the checks see it: relative path -> text. Tests hand in their own."""

import pathlib
import re
import subprocess
import sys

SKIPPED_DIRS = {"node_modules", "state", "__pycache__", "shots"}
BINARY_SUFFIXES = {".png", ".ico", ".gz", ".zst", ".woff2", ".pdf", ".xlsx", ".zip"}
C_NOISE = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def tracked_links(root):
    """Paths of symbolic links in git's index; none where there is no git or no repository."""
    try:
        done = subprocess.run(["git", "ls-files", "-s"], cwd=root, capture_output=True, text=True,
                              check=False)
    except OSError:
        return []
    return [line.split("\t", 1)[1] for line in done.stdout.splitlines()
            if line.startswith("120000 ")]


def corpus_files(root):
    """Paths of the fuzz corpora: bytes of any kind, so only their names matter."""
    root = pathlib.Path(root)
    return [p.relative_to(root).as_posix() for p in (root / "tests/corpus").rglob("*")]


def load(root):
    """Every text file of the project below root; corpora, build and hidden folders stay out."""
    root = pathlib.Path(root)
    tree = {}
    stack = [root]
    while stack:
        for path in sorted(stack.pop().iterdir()):
            name = path.name
            if path.is_symlink() or name == ".git":
                continue
            if path.is_dir():
                hidden = name.startswith(".") and name != ".ci" or path == root / "tests/corpus"
                if not hidden and name not in SKIPPED_DIRS and not name.startswith("build"):
                    stack.append(path)
            elif path.suffix not in BINARY_SUFFIXES:
                data = path.read_bytes()
                if b"\0" not in data[:4096]:
                    tree[path.relative_to(root).as_posix()] = data.decode("utf-8", "replace")
    return tree


def blank(match):
    """A comment or literal as spaces, its line ends kept."""
    return re.sub(r"[^\n]", " ", match.group())


def code_only(text):
    """C text with comments and literals blanked, line by line as before."""
    return C_NOISE.sub(blank, text)


def comments_only_blanked(text):
    """C text with comments blanked and literals kept (for #include lines)."""
    keep = lambda m: m.group() if m.group()[0] in "\"'" else blank(m)
    return C_NOISE.sub(keep, text)


def report_tap(results):
    """Print {promise: [violation, ...]} as TAP; exit status 1 when one is broken."""
    failed = 0
    for number, (promise, violations) in enumerate(results.items(), 1):
        for violation in violations:
            print(f"# {violation}")
        print(f"{'not ok' if violations else 'ok'} {number} - {promise}")
        failed += bool(violations)
    print(f"1..{len(results)}")
    sys.exit(1 if failed else 0)


def self_test(cases):
    """Run test functions, print TAP: each is a promise, an AssertionError breaks it."""
    results = {}
    for name, case in cases:
        try:
            case()
            results[name] = []
        except AssertionError as error:
            results[name] = [f"{name}: {line}" for line in str(error).splitlines() or ["failed"]]
    report_tap(results)
