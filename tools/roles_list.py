"""Writes the tables of docs/*/roles.md from the registries of roles and routes, and checks them.

Run: roles_list.py ROOT (writes the pages) or with --check (prints TAP). A role's rights stand in
src/register/roles.def, what an address asks for in src/web/portal/routes.def; the portal reads the
same files, so the page cannot say otherwise than the program does.
"""

import pathlib
import re
import sys

import formats_list
import po
import tree as source

LANGUAGES = ("en", "ja")
ROLE = re.compile(r'^MM_ROLE\((\w+), "(\w+)", (\w+), (\w+),\s*([^)]*)\)', re.M)
RIGHT = re.compile(r'^MM_RIGHT\((\w+), "(\w+)", \d+\)', re.M)
ROUTE = re.compile(r'^MM_ROUTE\((\w+),\s*"([^"]+)",\s*([^,]+),\s*([^,]+),\s*(\w+)\)', re.M)


def page_name(lang):
    return f"docs/{lang}/roles.md"


def roles_of(tree):
    """[(name, place, second factor, {rights})] in the order of roles.def."""
    return [(name, place, second == "true", set(re.findall(r"\w+", rights)))
            for _, name, place, second, rights in ROLE.findall(tree["src/register/roles.def"])]


def routes_of(tree):
    """[(method, path, {rights and MM_WHO_*})] in the order of routes.def."""
    return [(method, path, set(re.findall(r"MM_(?:MAY_)?(\w+)", who)))
            for method, path, who, _, _ in ROUTE.findall(tree["src/web/portal/routes.def"])]


def may(role, who):
    """Whether somebody with this role gets past the door; whose data is the scope's matter."""
    _, place, _, rights = role
    if "WHO_STAFF" in who and place not in ("STAFF", "CHECK"):
        return False
    return {w for w in who if not w.startswith("WHO_")} <= rights


def role_rows(roles, rights, words):
    rows = []
    for name, title in rights:
        rows.append([words["right." + title], *("●" if name in r[3] else "" for r in roles)])
    rows.append([words["roles.second"], *("●" if r[2] else "" for r in roles)])
    return ["| " + " | ".join(formats_list.cell(c) for c in row) + " |" for row in rows]


def route_rows(roles, routes, words):
    rows = []
    for method, path, who in routes:
        if "WHO_ALL" in who:
            by = words["roles.all"]
        elif all(may(r, who) for r in roles):
            by = words["roles.session"]
        else:
            by = ", ".join(words["role." + r[0]] for r in roles if may(r, who))
        token = "" if "WHO_COOKIE" in who or "WHO_ALL" in who else "●"
        rows.append(f"| {method} `{path}` | {by} | {token} |")
    return rows


def words_of(tree, lang):
    return {key: texts[0] for key, texts in po.read(tree[f"po/{lang}.po"])[0].items() if texts}


def head(roles, words):
    """The head of the first table, which has a column a role."""
    names = [words["roles.may"]] + [words["role." + r[0]] for r in roles]
    return "| " + " | ".join(names) + " |"


def page(tree, lang):
    words, roles, routes = words_of(tree, lang), roles_of(tree), routes_of(tree)
    rights = RIGHT.findall(tree["src/register/rights.def"])
    return formats_list.fill(tree[page_name(lang)], [
        role_rows(roles, rights, words), route_rows(roles, routes, words)])


def main(root, check):
    tree = source.load(root)
    routes = tree["src/web/portal/routes.def"]
    results = {"every route and role was read": [] if len(routes_of(tree)) == routes.count(
        "\nMM_ROUTE(") and len(roles_of(tree)) == tree["src/register/roles.def"].count(
            "\nMM_ROLE(") else ["a row has another shape"]}
    for lang in LANGUAGES:
        have, want = tree[page_name(lang)], page(tree, lang)
        if check:
            results[f"{page_name(lang)} is what the registries say"] = [
                f"{page_name(lang)} (run ./dev build): {line}"
                for line in set(have.splitlines()) ^ set(want.splitlines())]
            results[f"{page_name(lang)} names the roles"] = [] if head(
                roles_of(tree), words_of(tree, lang)) in have else ["another head is needed: "
                                                                   + head(roles_of(tree),
                                                                          words_of(tree, lang))]
        elif want != have:
            pathlib.Path(root, page_name(lang)).write_text(want, encoding="utf-8")
    if check:
        source.report_tap(results)


if __name__ == "__main__":
    main(sys.argv[1], "--check" in sys.argv)
