"""Unit test: every route of the portal has its row in the matrix of isolation, and none has two.

Run: rows_test.py SOURCE-DIR. TAP. What to do when it fails: tests/isolation/matrix.py says it.
"""
import os
import re
import sys

import matrix

ROUTE = re.compile(r'^MM_ROUTE\((\w+),\s*"([^"]+)"', re.MULTILINE)


def missing(routes, rows):
    """Routes without row; rows without route; parts of a path that have no number."""
    said = [f"{m} {p} has no row in tests/isolation/matrix.py" for m, p in routes - rows]
    said += [f"{m} {p} of tests/isolation/matrix.py is no route" for m, p in rows - routes]
    said += [f":{part} has no number in ID of tests/isolation/matrix.py" for part in
             {part for _, p in routes for part in re.findall(r":(\w+)", p)} - set(matrix.ID)]
    return said


def main():
    with open(os.path.join(sys.argv[1], "src/web/portal/routes.def"), encoding="utf-8") as f:
        text = f.read()
    routes = set(ROUTE.findall(text))
    said = missing(routes, set(matrix.ROWS))
    print("1..3")
    for line in sorted(said):
        print("# " + line)
    print(f"{'ok' if not said and len(routes) > 40 else 'not ok'} 1 - every route has its row")
    whole = text.count("\nMM_ROUTE(") == len(routes)
    print(f"{'ok' if whole else 'not ok'} 2 - every route was read, none stands twice")
    caught = len(missing(routes | {("GET", "/x/:nothing")}, set(matrix.ROWS))) == 2
    print(f"{'ok' if caught else 'not ok'} 3 - a route without row is found")
    sys.exit(0 if not said and whole and caught else 1)


main()
