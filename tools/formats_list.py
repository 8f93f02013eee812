"""Writes the tables of docs/*/formats-list.md from content/formats, and checks them.

Run: formats_list.py ROOT MIMAMORI-FORMAT (writes the pages) or with --check (prints TAP). What a
format says of itself comes from the program that loads it (`list --json`); what it can tell comes
from what its own tests expect, so a dot stands for a line that was seen to give that field. The
words around the tables, their titles among them, are the pages' own.
"""

import json
import pathlib
import re
import subprocess
import sys

import tree as source

LANGUAGES = ("en", "ja")
UNTOPICAL = ("time", "outcome")  # every format tells these, or its lines would not count as read
EXPECTED = re.compile(r"^= ([^{]*)(\{.*\})$", re.M)


def page_name(lang):
    return f"docs/{lang}/formats-list.md"


def topics_of(tree):
    """{topic: its ECS names}, in the order of topics.def."""
    names = dict(re.findall(r'^MM_FIELD\((\w+), "([^"]+)"', tree["src/model/fields.def"], re.M))
    rows = re.findall(r'^MM_TOPIC\(\d+, \w+, "(\w+)",([^)]*)\)', tree["src/coverage/topics.def"],
                      re.M)
    return {topic: {names[f] for f in re.findall(r"MM_F_(\w+)", fields)}
            for topic, fields in rows if topic not in UNTOPICAL}


def told(expectations, topics):
    """The topics that the expected events of one .test file tell of, broken lines left out."""
    seen = set()
    for flags, text in EXPECTED.findall(expectations):
        if "unparsed" not in flags.split():
            seen.update(json.loads(text))
    return [topic for topic, fields in topics.items() if fields & seen]


def read_formats(program):
    """What `list --json` says, by name."""
    out = subprocess.run([program, "list", "--json"], capture_output=True, text=True, check=True)
    return sorted((json.loads(line) for line in out.stdout.splitlines()),
                  key=lambda f: f["format"])


def cell(text):
    return text.replace("|", "\\|").strip()


def format_rows(formats, lang):
    return ["| " + " | ".join(cell(t) for t in (
        f["format"], f["covers"][lang] or f[lang], f["reads"][lang], f["tested"][lang])) + " |"
        for f in formats]


def topic_rows(formats, tree, topics):
    rows = []
    for f in formats:
        seen = told(tree.get(f"content/formats/{f['format']}.test", ""), topics)
        rows.append("| " + " | ".join([f["format"], *("●" if t in seen else "" for t in topics)])
                    + " |")
    return rows


def fill(page, tables):
    """The page with the rows of its tables, in their order, replaced; its titles stay."""
    out, tables, stale = [], list(tables), False
    for line in page.splitlines():
        stale = stale and line.startswith("|")
        if not stale:
            out.append(line)
        if re.fullmatch(r"\|[-|]+\|", line) and tables:
            out += tables.pop(0)
            stale = True
    return "\n".join(out) + "\n"


def unsaid(formats):
    """Formats that keep a reader of one language in the dark."""
    return [f"content/formats/{f['format']}.yaml: no `{key}` in {lang}"
            for f in formats for key in ("reads", "tested") for lang in LANGUAGES
            if not f[key][lang]]


def differences(have, want, page):
    have, want = have.splitlines(), want.splitlines()
    say = f"{page} (run ./dev build)"
    return ([f"{say} lacks: {line}" for line in want if line not in have]
            + [f"{say} is stale: {line}" for line in have if line not in want]
            or ([] if have == want else [f"{say}: rows stand in another order"]))


def main(root, program, check):
    tree = source.load(root)
    topics = topics_of(tree)
    formats = read_formats(program)
    results = {"every format says what it reads and what it was tested on": unsaid(formats)}
    for lang in LANGUAGES:
        have = tree[page_name(lang)]
        want = fill(have, [format_rows(formats, lang), topic_rows(formats, tree, topics)])
        if check:
            results[f"{page_name(lang)} is what the formats say"] = differences(
                have, want, page_name(lang))
        elif want != have:
            pathlib.Path(root, page_name(lang)).write_text(want, encoding="utf-8")
    if check:
        source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], "--check" in sys.argv)
