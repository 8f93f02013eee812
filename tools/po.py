"""Reads po/*.po as far as the checks need it: key -> texts, and what differs between languages."""

import re

LANGUAGES = ("po/ja.po", "po/en.po")
STRING = re.compile(r'"((?:\\.|[^"\\])*)"')
NAMED = re.compile(r"\{(\w+)\}")


def read(text):
    """({key: [texts, one a plural form]}, [(line, fault)])."""
    entries, faults, key, field, fuzzy = {}, [], None, None, False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("#,") and "fuzzy" in line:
            fuzzy = True
        if line.startswith("#") or not line:
            continue
        match = re.match(r'(msgid|msgid_plural|msgstr(?:\[\d+\])?|msgctxt)?\s*"', line)
        if not match:
            faults.append((number, "not a line of a catalogue"))
            continue
        part = STRING.search(line)
        words = part.group(1) if part else ""
        if match.group(1) == "msgid":
            key, field = words, "msgid"
            if key in entries:
                faults.append((number, f"{key} stands twice"))
            if fuzzy and key:
                faults.append((number, f"{key} is marked fuzzy"))
            entries[key], fuzzy = [], False
        elif match.group(1) and match.group(1).startswith("msgstr"):
            field = "msgstr"
            entries.setdefault(key, []).append(words)
        elif match.group(1):
            field = match.group(1)
        elif field == "msgstr":
            entries[key][-1] += words
    entries.pop("", None)
    return entries, faults


def disagreements(tree):
    """Violations of `both catalogues have every key, a text for it, and the same arguments`."""
    if not any(p.startswith("po/") for p in tree):
        return
    books = {}
    for path in LANGUAGES:
        if path not in tree:
            yield f"{path}: not there"
            continue
        books[path], faults = read(tree[path])
        for number, what in faults:
            yield f"{path}:{number}: {what}"
        for key, texts in books[path].items():
            if not texts or "" in texts:
                yield f"{path}: {key} has no text"
    if len(books) < 2:
        return
    (one, first), (other, second) = books.items()
    for key in sorted(first.keys() ^ second.keys()):
        yield f"{one if key not in first else other}: {key} is missing"
    for key in sorted(first.keys() & second.keys()):
        arguments = [set(NAMED.findall(" ".join(book[key]))) for book in (first, second)]
        if arguments[0] != arguments[1]:
            yield f"{one}: {key} names {sorted(arguments[0])}, {other} {sorted(arguments[1])}"
