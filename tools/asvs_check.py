"""Holds docs/security/asvs.md against the sources: each requirement has a row, each name is there.

Run: asvs_check.py ROOT. TAP. In the last column everything in backticks names a test (TEST(name)),
a file, or FILE#part of one; a row that says `met` names one at least, any other says why.
"""

import pathlib
import re
import sys

import tree as source

PAGE = "docs/security/asvs.md"
# OWASP ASVS 4.0.3: every requirement of level 2, as SECTION.NUMBERS.
NUMBERS = """
1.1.1-7 1.2.1-4 1.4.1,4-5 1.5.1-4 1.6.1-4 1.7.1-2 1.8.1-2 1.9.1-2 1.10.1 1.11.1-2 1.12.2 1.14.1-6
2.1.1-12 2.2.1-3 2.3.1-3 2.4.1-5 2.5.1-7 2.6.1-3 2.7.1-6 2.8.1-7 2.9.1-3 2.10.1-4 3.1.1 3.2.1-4
3.3.1-4 3.4.1-5 3.5.1-3 3.7.1 4.1.1-3,5 4.2.1-2 4.3.1-3 5.1.1-5 5.2.1-8 5.3.1-10 5.4.1-3 5.5.1-4
6.1.1-3 6.2.1-6 6.3.1-2 6.4.1-2 7.1.1-4 7.2.1-2 7.3.1,3-4 7.4.1-3 8.1.1-4 8.2.1-3 8.3.1-8 9.1.1-3
9.2.1-4 10.2.1-2 10.3.1-3 11.1.1-8 12.1.1-3 12.2.1 12.3.1-6 12.4.1-2 12.5.1-2 12.6.1 13.1.1,3-5
13.2.1-3,5-6 13.3.1-2 13.4.1-2 14.1.1-4 14.2.1-6 14.3.2-3 14.4.1-7 14.5.1-4
"""
STATES = ("met", "part", "no", "n/a")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| (.*?) \| (.*?) \| (.*) \|$", re.M)
TEST = re.compile(r"^TEST\((\w+)\)", re.M)


def numbers(text=NUMBERS):
    """Every requirement of the list, in its order."""
    found = []
    for word in text.split():
        section, _, parts = word.rpartition(".")
        for part in parts.split(","):
            first, _, last = part.partition("-")
            found += [f"{section}.{n}" for n in range(int(first), int(last or first) + 1)]
    return found


def rows(page):
    return ROW.findall(page)


def is_there(name, tests, files):
    """A test, a file, or a part of one; files: path -> text, or None for what is no text."""
    if "#" in name:
        path, part = name.split("#", 1)
        return part in (files.get(path) or "")
    return name in tests or name in files


def faults(page, tests, files):
    """What is wrong with the page, by the check that says so."""
    have = [number for number, *_ in rows(page)]
    order = numbers()
    said = {"every requirement has one row": [n for n in order if have.count(n) != 1]
            + [f"{n} is none of level 2" for n in have if n not in order],
            "rows have a state": [f"{n}: {state}" for n, _, state, _ in rows(page)
                                  if state not in STATES],
            "what is met names something, what is not says why": [
                n for n, _, state, why in rows(page) if not re.search(
                    "`[^`]+`" if state == "met" else r"[A-Za-z]{3,} ?.*\.$|None\.", why)],
            "every name is there": [
                f"{n}: {name}" for n, _, _, why in rows(page)
                for name in re.findall("`([^`]+)`", why) if not is_there(name, tests, files)]}
    return said


def main(root):
    tree = source.load(root)
    tests = {name for path, text in tree.items() if path.endswith("_test.c") or path.startswith(
        "src/") for name in TEST.findall(text)}
    page = tree[PAGE]
    named = {name.split("#")[0] for *_, why in rows(page) for name in re.findall("`([^`]+)`", why)}
    files = {path: tree.get(path) for path in named if (pathlib.Path(root) / path).is_file()}
    source.report_tap(faults(page, tests, files))
    counts = [state for _, _, state, _ in rows(page)]
    print("# " + ", ".join(f"{state}: {counts.count(state)}" for state in STATES))


if __name__ == "__main__":
    main(sys.argv[1])
