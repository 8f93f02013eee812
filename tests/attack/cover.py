"""cover.py - which check has to cover which route; tests/attack/portal.py counts what it asked.

Rows are made of src/web/portal/routes.def, so that a new route is asked for by itself: at the end
of the run each route that a check names here and did not reach is a fault. The forms that POST
routes need come from tests/isolation/matrix.py, or stand in FORMS; a unit test (rows_test.py)
names the route that has none.
"""
import os
import re

ROUTE = re.compile(r'^MM_ROUTE\((\w+),\s*"([^"]+)",\s*(.*?),\s*(\w+)\)', re.MULTILINE | re.DOTALL)

# Routes about who asks alone: (who, form) with which the route does its work.
FORMS = {
    ("POST", "/login"): ("nobody", {"login": "nobody-there", "secret": "wrong"}),
    ("POST", "/language"): ("nobody", {"lang": "en", "to": "/login"}),
    ("POST", "/welcome"): ("nobody", {"code": "AAAA-BBBB", "new": "x", "again": "x"}),
    ("POST", "/login/oidc"): ("nobody", {}),
    ("POST", "/login/oidc/wait"): ("nobody", {"digits": "000000"}),
    ("POST", "/welcome/oidc"): ("nobody", {"code": "AAAA-BBBB"}),
    ("POST", "/account/oidc"): ("all.analyst", {}),
    ("POST", "/account/oidc/end"): ("all.analyst", {}),
    ("POST", "/account/password-login"): ("all.analyst", {"to": "on"}),
    ("POST", "/relay/enrol"): ("nobody", {"step": "ask", "code": "0000", "half": "x"}),
    ("POST", "/logout"): ("b.employee", {}),
    ("POST", "/second-factor"): ("b.charge", {"digits": "000000"}),
    ("POST", "/second-factor/begin"): ("b.charge", {}),
    ("POST", "/password"): ("b.charge", {"old": "a", "new": "b", "again": "c"}),
    ("POST", "/account/codes"): ("b.charge", {}),
    ("POST", "/account/tokens"): ("b.charge", {"name": "mine", "days": "30", "rights": "read",
                                               "scope": "see"}),
    ("POST", "/account/sessions/end"): ("b.charge", {}),
    ("POST", "/rules/sets"): ("all.administrator", {"set": "x"}),
    ("POST", "/rules/sets/:name/take"): ("all.administrator", {"sure": "yes"}),
}
# By whom a page is asked whose row in the matrix names nobody in particular.
BY = {"/": "b.charge", "/second-factor": "b.charge", "/password": "b.charge",
      "/account": "b.charge", "/live": "b.charge", "/status": "all.administrator",
      "/login": "nobody", "/login/oidc/callback": "nobody", "/login/oidc/wait": "nobody",
      "/welcome": "nobody", "/healthz": "nobody", "/metrics": "nobody"}


class Route:
    def __init__(self, method, path, words, name):
        self.method, self.path, self.name = method, path, name
        self.flags = set(re.findall(r"MM_ROUTE_(\w+)", words))
        self.who = set(re.findall(r"MM_(?:WHO|MAY)_\w+", words))
        self.open = "MM_WHO_ALL" in self.who

    def key(self):
        return self.method, self.path

    def __repr__(self):
        return f"{self.method} {self.path}"


def routes(source):
    with open(os.path.join(source, "src/web/portal/routes.def"), encoding="utf-8") as f:
        return [Route(*r) for r in ROUTE.findall(f.read())]


# check: which routes it has to reach.
CHECKS = {
    "headers": lambda r: True,                        # headers of every answer; no CORS, no origin
    "markup": lambda r: "PAGE" in r.flags,            # stored words stand escaped
    "reflected": lambda r: "PAGE" in r.flags,         # so does what the query says
    "echoed": lambda r: r.method == "POST",           # and what a form says
    # Seven forgeries, none does anything. An open route knows no session that could be abused.
    "csrf": lambda r: r.method == "POST" and "OPEN" not in r.flags,
    "login": lambda r: not r.open,                    # nobody gets nothing
    "methods": lambda r: True,                        # no other method does anything
    "json": lambda r: "PAGE" in r.flags,              # a document is never taken for a page
}


def missing(every, reached):
    """[(check, route)] that were to be reached and were not."""
    return [(check, r) for check, wants in CHECKS.items() for r in every
            if wants(r) and r.key() not in reached.get(check, set())]
