"""Writes the table of docs/*/configuration.md from src/serve/config.def and po/, and checks it.

Run: config_page.py ROOT (writes the pages) or with --check (prints TAP). Who reads a key is held
against the sources of the programs: `serve` starts anew what config.def names, and nothing else.
"""

import pathlib
import re
import sys

import formats_list
import po
import tree as source

LANGUAGES = ("en", "ja")
ROW = re.compile(r'MM_CONFIG\(\s*(\w+),\s*"([^"]+)",\s*(\w+),\s*"([^"]*)",\s*"([^"]*)",\s*(\d+),'
                 r"\s*(\d+),\s*([\w|\s]+)\)")
PROGRAMS = ("engine", "intake", "worker", "portal", "serve")
# `serve` only tells these when it is ready.
TOLD = {"PORTAL_LISTEN", "PORTAL_TLS"}


def page_name(lang):
    return f"docs/{lang}/configuration.md"


def keys_of(tree):
    """Rows of config.def; "used" are the programs that it names as readers."""
    text = source.comments_only_blanked(tree["src/serve/config.def"])
    return [{"id": m[0], "key": m[1], "kind": m[2], "preset": m[3], "unit": m[4],
             "bounds": f"{m[5]}-{m[6]}",
             "used": {u.strip().removeprefix("MM_USED_").lower() for u in m[7].split("|")}}
            for m in ROW.findall(text)]


def kind_of(key, words):
    if key["kind"] == "NUMBER":
        return f"{key['bounds']} {words['config.unit.' + key['unit']][0]}"
    return words["config.kind." + key["kind"].lower()][0]


def rows(keys, words):
    return ["| " + " | ".join(formats_list.cell(t) for t in (
        f"`{k['key']}`", words["config." + k["key"]][0], kind_of(k, words),
        f"`{k['preset']}`" if k["preset"] else "", ", ".join(sorted(k["used"])))) + " |"
        for k in keys]


def misused(keys, tree):
    """Keys that a program reads and config.def does not say so, or the other way round."""
    read = {p: set(re.findall(r"MM_CFG_([A-Z_]+)\b", tree.get(f"src/app/{p}.c", "")))
            for p in PROGRAMS}
    for k in keys:
        real = {p for p in read if k["id"] in read[p] and not (p == "serve" and k["id"] in TOLD)}
        if real != k["used"]:
            yield (f"src/serve/config.def: {k['key']} says {sorted(k['used'])}, "
                   f"is read by {sorted(real)}")


def main(root, check):
    tree = source.load(root)
    keys = keys_of(tree)
    found = tree["src/serve/config.def"].count("\nMM_CONFIG(")
    results = {"every row of config.def is understood":
               [] if len(keys) == found else [f"{len(keys)} of {found} rows"],
               "each key names the programs that read it": list(misused(keys, tree))}
    for lang in LANGUAGES:
        words = po.read(tree[f"po/{lang}.po"])[0]
        have = tree[page_name(lang)]
        want = formats_list.fill(have, [rows(keys, words)])
        if check:
            results[f"{page_name(lang)} is what config.def says"] = formats_list.differences(
                have, want, page_name(lang))
        elif want != have:
            pathlib.Path(root, page_name(lang)).write_text(want, encoding="utf-8")
    if check:
        source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1], "--check" in sys.argv)
