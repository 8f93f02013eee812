"""Unit test: every POST route of the portal has a form for tests/attack, and a check its routes.

Run: rows_test.py SOURCE-DIR. TAP.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "isolation"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
import cover  # noqa: E402
import matrix  # noqa: E402
from tap import check, done  # noqa: E402

every = cover.routes(sys.argv[1])
posts = {r.key() for r in every if r.method == "POST"}
with_form = {k for k, row in matrix.ROWS.items() if row["form"] is not None} | set(cover.FORMS)
check("every route was read", len(every) == len(matrix.ROWS), (len(every), len(matrix.ROWS)))
check("every POST route has a form in tests/attack/cover.py or tests/isolation/matrix.py",
      posts <= with_form, sorted(posts - with_form))
check("every form is a route's", set(cover.FORMS) <= posts, sorted(set(cover.FORMS) - posts))
check("every page has somebody who may see it",
      all(r.path in cover.BY or not matrix.ROWS[r.key()]["only"] for r in every
          if r.method == "GET"),
      [r for r in every if r.method == "GET" and r.path not in cover.BY
       and matrix.ROWS[r.key()]["only"]])
check("a route that a check did not reach is found",
      len(cover.missing(every, {})) > len(every) and
      cover.missing(every[:1], {c: {every[0].key()} for c in cover.CHECKS}) == [])
done()
