"""Turns po/ja.po and po/en.po into the rows of text/lang.c's table. po2c.py MSGFMT JA EN OUTPUT."""

import os
import subprocess
import sys

import po


def row(key, ja, en):
    forms = ", ".join(f'"{text}"' for text in en)
    return f'{{"{key}", "{ja[0]}", {{{forms}}}}},\n'


def main(msgfmt, ja_path, en_path, output):
    books = []
    for path in (ja_path, en_path):
        checks = ["--check-format", "--check-domain"]
        subprocess.run([msgfmt, *checks, "-o", os.devnull, path], check=True)
        with open(path, encoding="utf-8") as file:
            entries, faults = po.read(file.read())
        if faults:
            sys.exit("\n".join(f"{path}:{line}: {what}" for line, what in faults))
        books.append(entries)
    ja, en = books
    if ja.keys() != en.keys():
        sys.exit(f"keys differ: {sorted(ja.keys() ^ en.keys())}")
    for key in ja:
        if len(ja[key]) != 1 or not 1 <= len(en[key]) <= 2 or "" in ja[key] + en[key]:
            sys.exit(f"{key}: Japanese has one form, English one or two, none is empty")
    with open(output, "w", encoding="utf-8") as file:
        file.writelines(row(key, ja[key], en[key]) for key in sorted(ja, key=str.encode))


if __name__ == "__main__":
    main(*sys.argv[1:])
