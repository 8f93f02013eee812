"""Writes the tables of docs/*/limits.md from the sources that hold the limits, and checks them.

Run: limits_list.py ROOT (writes the pages) or with --check (prints TAP). A limit is a named
constant of a source, or a key of the configuration; its value is read from there, so the page
cannot lag behind. What is missing in the list here is not wrong, only unsaid.
"""

import pathlib
import re
import sys

import formats_list
import po
import tree as source

LANGUAGES = ("en", "ja")
# Where it stands, its name, its unit (limits.unit.UNIT in po/), and its words (limits.WORDS): what
# is bounded, and what happens above it and where that is seen.
LIMITS = [
    ("src/register/login.c", "gate_free", "tries", "guess"),
    ("src/register/auth.h", "MM_AUTH_HASHERS", "once", "hashers"),
    ("src/register/auth.h", "MM_AUTH_HASHERS_WAIT", "once", "hashers_wait"),
    ("src/register/auth.h", "MM_AUTH_SESSION_H", "hours", "session"),
    ("src/register/auth.h", "MM_AUTH_IDLE_MIN", "minutes", "idle"),
    ("src/register/access.h", "MM_INVITE_DAYS", "days", "invite"),
    ("src/register/access.h", "MM_TOKEN_DAYS_MAX", "days", "token"),
    ("src/register/oidc.h", "MM_OIDC_OPEN_PEER_MAX", "once", "oidc_open"),
    ("src/app/oidc_http.c", "WHOLE_MS", "ms", "oidc_answer"),
    ("portal.rate", "", "rate", "rate"),
    ("src/web/http.c", "CONNS_MAX", "once", "conns"),
    ("src/web/http.c", "PEER_MAX", "once", "peer"),
    ("src/web/http.c", "HEAD_MS", "ms", "head"),
    ("src/web/http.c", "PACE_MS", "ms", "pace"),
    ("src/web/portal/portal.c", "VISITOR_MAX", "bytes", "visitor"),
    ("src/web/portal/portal.c", "FORM_MAX", "bytes", "form"),
    ("src/web/portal/portal.c", "LONG_MAX", "bytes", "long"),
    ("src/web/portal/portal.c", "UPLOAD_MAX", "bytes", "upload"),
    ("intake.rate_source", "", "kib_s", "rate_source"),
    ("intake.rate_company", "", "kib_s", "rate_company"),
    ("intake.rate_stranger", "", "kib_s", "rate_stranger"),
    ("intake.rate_strangers", "", "kib_s", "rate_strangers"),
    ("intake.spool_max", "", "mib", "spool_max"),
    ("src/intake/core.h", "MM_INTAKE_WAITERS", "once", "waiters"),
    ("src/app/intake.c", "HTTP_CONNS", "once", "ingest_conns"),
    ("src/intake/net.h", "MM_NET_CONNS", "once", "intake_conns"),
    ("src/intake/net.h", "MM_NET_CONNS_PEER", "once", "intake_peer"),
    ("src/intake/net.h", "MM_NET_UNREAD", "bytes", "unread"),
    ("src/intake/net.h", "MM_NET_HALF_S", "seconds", "half"),
    ("src/intake/ingest.h", "MM_INGEST_BODY", "bytes", "ingest"),
    ("src/intake/bulk.h", "MM_BULK_ITEMS", "items", "bulk"),
    ("src/base/limits.h", "MM_MAX_LINE", "bytes", "line"),
]


def page_name(lang):
    return f"docs/{lang}/limits.md"


def value(tree, place, name):
    """The figure of a constant or key; None when it is not found there."""
    if not name:
        key = re.search(r'^MM_CONFIG\(\w+, "' + re.escape(place) + r'", NUMBER, "(\d+)"',
                        tree["src/serve/config.def"], re.M)
        return int(key[1]) if key else None
    text = tree.get(place, "")
    listed = re.search(r"\b" + name + r"\[\w+\] = \{([\d, ]+)\}", text)
    if listed:
        return listed[1]
    found = re.search(r"\b" + name + r" = ([\d *]+)[,\s]", text)
    if not found:
        return None
    product = 1
    for factor in found[1].split("*"):
        product *= int(factor)
    return product


def rows(tree, words):
    out = []
    for place, name, unit, key in LIMITS:
        figure = value(tree, place, name)
        shown = figure if isinstance(figure, str) else f"{figure:,}"
        where = f"`{name or place}`"
        out.append("| " + " | ".join(formats_list.cell(c) for c in (
            words[f"limits.{key}"], f"{shown} {words['limits.unit.' + unit]}",
            words[f"limits.{key}.over"], where)) + " |")
    return out


def main(root, check):
    tree = source.load(root)
    lost = [f"{name or place} is not in {place if name else 'src/serve/config.def'}"
            for place, name, _, _ in LIMITS if value(tree, place, name) is None]
    results = {"every limit was found": lost}
    for lang in LANGUAGES if not lost else ():
        words = {k: t[0] for k, t in po.read(tree[f"po/{lang}.po"])[0].items() if t}
        have = tree[page_name(lang)]
        want = formats_list.fill(have, [rows(tree, words)])
        if check:
            results[f"{page_name(lang)} is what the sources say"] = [
                f"{page_name(lang)} (run ./dev build): {line}"
                for line in sorted(set(have.splitlines()) ^ set(want.splitlines()))]
        elif want != have:
            pathlib.Path(root, page_name(lang)).write_text(want, encoding="utf-8")
    if check:
        source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1], "--check" in sys.argv)
