"""portal.py - an attacker with a raw socket against the running portal, route by route.

Run: portal.py BUILD-DIR SOURCE-DIR. TAP. The two companies are those of tests/isolation/world.py,
but each word of theirs ends in markup, as if it had come in a log line or been typed by somebody.
What is asked of which route stands in cover.py; a route that a check did not reach fails. Logins
and cookies are the matter of doors.py, framing that of framing.py, slowness that of slow.py.
"""
import hashlib
import html
import html.parser
import os
import re
import sqlite3
import sys
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("isolation", "scenarios"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
import cover  # noqa: E402
import matrix  # noqa: E402
import world  # noqa: E402
from tap import check, done, skip  # noqa: E402
from wire import ask, talk  # noqa: E402

MARK = "zqm"
MARKUP = MARK + "\"'><svg/onload=zqx>"  # ends an attribute, a tag, and begins one that runs
# Some of it as it is: one of the quotes, or the tag.
RAW = re.compile(rb"zqm[\"'](?:['>&])|zqm&(?:quot|#34);'|<svg/onload")
FORM = ("Content-Type", "application/x-www-form-urlencoded")
PAGE, JSON = ("Accept", "text/html"), ("Accept", "application/json")
B, NEVER = world.B, world.NEVER
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src "
    "'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff", "x-frame-options": "DENY",
    "referrer-policy": "same-origin", "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin"}
STRICT = "default-src 'none'"  # of answers that the guard gives before anything is known
TELLS = ("server", "x-powered-by", "access-control-allow-origin", "via")
METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get", "POST", "GET")
# Names that a page may take from its query, beside those that stand on it.
NAMES = ["q", "from", "show", "before", "rule", "queue", "seq", "company", "programme", "days",
         "to", "lang", "code", "next", "back", "error"]


def with_markup():
    """Words of the two companies end in markup from here on."""
    plain = world.word
    world.word = lambda mark, *names: plain(mark, *names) + MARKUP


class Reader(html.parser.HTMLParser):
    """What on a page would run, or be styled, without a file of ours."""

    def __init__(self):
        super().__init__()
        self.found, self.names = [], set()

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.found += [f"{tag} {k}" for k, v in attrs if k.startswith("on") or k == "style"
                       or (v or "").strip().lower().startswith(("javascript:", "vbscript:"))]
        if tag == "script" and not (given.get("src") or "").startswith("/static/"):
            self.found.append("script without a file of ours")
        if tag in ("style", "iframe", "object", "embed", "base") or given.get("srcdoc"):
            self.found.append(tag)
        if tag == "form" and (given.get("action") or "/")[:1] not in "/?":
            self.found.append("form that sends elsewhere")
        if tag in ("input", "select", "textarea") and given.get("name"):
            self.names.add(given["name"])
        query = urllib.parse.urlsplit(given.get("href") or "").query
        self.names |= {k for k, _ in urllib.parse.parse_qsl(query)}


def read(body):
    reader = Reader()
    reader.feed(body.decode("utf-8", "replace"))
    return reader


class Tester:
    def __init__(self, place, source):
        self.world = place
        self.every = cover.routes(source)
        self.reached = {c: set() for c in cover.CHECKS}
        self.faults = []      # of headers, of any answer
        self.escaped = set()  # pages on which a word of ours stands as text
        self.unsafe = []
        self.asked = 0

    # ---- asking ----

    def person(self, who):
        """(headers, token of forms)."""
        if who != "nobody":
            return list(self.world.people[who].items()), self.world.csrf.get(who, "")
        page = ask(self.world.port, "GET", "/login", [PAGE])
        cookie = page.get("set-cookie").split(";")[0]
        return [("Cookie", cookie)], self.token(page)

    @staticmethod
    def token(page):
        return re.search(rb'name="csrf" value="([^"]*)"', page.body)[1].decode()

    def ask(self, method, target, headers=(), body=None, route=None):
        answer = ask(self.world.port, method, target, headers, body)
        self.asked += 1
        said = f"{method} {target}"
        if answer is None:
            self.faults.append(said + ": no answer")
            return None
        self.look_at(said, answer)
        if route is not None:
            self.reached["headers"].add(route.key())
        return answer

    def look_at(self, said, answer):
        """What holds for every answer, whatever was asked."""
        kind = answer.get("content-type") or ""
        for name, value in HEADERS.items():
            if answer.get(name) != value:
                self.faults.append(f"{said}: {answer.status} {name}: {answer.get(name)}")
        if answer.get("cache-control") != "no-store" and not said.startswith("GET /static/"):
            self.faults.append(f"{said}: may be kept: {answer.get('cache-control')}")
        self.faults += [f"{said}: {k}: {v}" for k, v in answer.headers if k in TELLS]
        if answer.body and kind != "image/svg+xml" and "charset=utf-8" not in kind:
            self.faults.append(f"{said}: {answer.status} of type {kind!r}")
        place = answer.get("location")
        if place is not None and not re.fullmatch(r"/(?![/\\])[\x21-\x7e]*", place):
            self.faults.append(f"{said}: leads to {place!r}")
        for cookie in answer.all("set-cookie"):
            words = {w.strip().lower() for w in cookie.split(";")[1:]}
            if not {"httponly", "samesite=lax", "path=/"} <= words or "domain" in cookie.lower():
                self.faults.append(f"{said}: cookie {cookie}")
        if kind.startswith("text/html"):
            self.look_at_page(said, answer.body)

    def look_at_page(self, said, body):
        raw = RAW.search(body)
        if raw:
            near = body[max(raw.start() - 60, 0):raw.end() + 30]
            self.unsafe.append(f"{said[:150]}: ...{near!r}")
        self.unsafe += [f"{said}: {what}" for what in read(body).found]

    def fill(self, path):
        return re.sub(r":(\w+)", lambda m: str(matrix.ID[m[1]](B)), path)

    def by(self, route):
        row = matrix.ROWS[route.key()]
        if route.key() in cover.FORMS:
            return cover.FORMS[route.key()][0]
        return cover.BY.get(route.path, "all.administrator") if row["only"] else row["by"]

    def form(self, route):
        if route.key() in cover.FORMS:
            return cover.FORMS[route.key()][1]
        values = {k: f(B) for k, f in matrix.ID.items()}
        return {k: v.format(**values) for k, v in matrix.ROWS[route.key()]["form"].items()}

    def post(self, route, headers, form, accept=PAGE, target=None):
        return self.ask("POST", target or self.fill(route.path), [*headers, accept, FORM],
                        urllib.parse.urlencode(form).encode(), route)

    def digest(self):
        """Of all rows but those that count logins and notice who is there."""
        db = sqlite3.connect(f"file:{self.world.state}/records.db?mode=ro", uri=True, timeout=30)
        tables = [r[0] for r in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        rows = {t: hashlib.sha256(repr(sorted(db.execute(f"SELECT * FROM {t}").fetchall(),
                                              key=repr)).encode()).hexdigest()
                for t in tables if t not in ("session", "throttle", "token")}
        db.close()
        return rows

    def unchanged(self, name, before):
        after = self.digest()
        check(name, after == before, [t for t in before if before[t] != after.get(t)])

    # ---- the checks ----

    def gets(self):
        return [r for r in self.every if r.method == "GET" and r.path != "/live"]

    def logins(self):
        """Nobody, and who makes up a cookie or a token, is let in nowhere."""
        faults, before = [], self.digest()
        for route in self.every:
            if route.open:
                continue
            for given in ([], [("Cookie", "mm=" + "A" * 43)], [("Authorization", "Bearer made-up")],
                          [("Cookie", "mm=a; mm=" + "A" * 43)], [("Cookie", "mm=")]):
                body = b"csrf=x" if route.method == "POST" else None
                got = self.ask(route.method, self.fill(route.path),
                               [*given, JSON, FORM], body, route)
                if got is None or got.status not in (401, 403):
                    faults.append(f"{route} {given}: {got and got.status}")
            self.reached["login"].add(route.key())
        check("nobody is let in without a session", not faults, faults)
        self.unchanged("and nothing changed by it", before)

    def pages(self, again=False):
        """Every page and document, by who may see it: words stand escaped, types are said."""
        faults = []
        for route in self.gets():
            row = matrix.ROWS[route.key()]
            headers, _ = self.person(self.by(route))
            values, shown = {k: f(B) for k, f in matrix.ID.items()}, "PAGE" not in route.flags
            for query in [""] + [q.format(**values) for q in row["ask"]]:
                target = self.fill(route.path) + query
                for accept in (PAGE, JSON):
                    got = self.ask("GET", target, [*headers, accept], None, route)
                    if got is None or "PAGE" not in route.flags:
                        continue
                    shown = shown or got.status == 200
                    kind = (got.get("content-type") or "").split(";")[0]
                    if kind != ("text/html" if accept == PAGE else "application/json"):
                        faults.append(f"{target}: {kind} for {accept[1]}")
                    if accept == PAGE and b"zqm&" in got.body:
                        self.escaped.add(route.path)
                    if accept == JSON and got.get("content-disposition") is None:
                        faults.append(f"{target}: a document that is no attachment")
                    self.reached["markup" if accept == PAGE else "json"].add(route.key())
            # What the forms have ended is shown no more.
            if not shown and not again:
                faults.append(f"{route} is not shown to {self.by(route)}")
        check("every page is shown to who may see it, and is what it says it is", not faults,
              faults)
        check("words with markup stand on most of them, as text", len(self.escaped) > 25,
              sorted(self.escaped))

    def reflections(self):
        """Each name that a page takes, with markup in it: alone, and all together."""
        for route in self.gets():
            headers, _ = self.person(self.by(route))
            target = self.fill(route.path)
            page = self.ask("GET", target, [*headers, PAGE], None, route)
            names = sorted(set(NAMES) | (read(page.body).names if page else set()))
            said = [urllib.parse.urlencode({n: MARKUP}) for n in names]
            for query in [*said, "&".join(said), urllib.parse.quote(MARKUP), MARKUP.replace(
                    "\"'", "")]:
                self.ask("GET", target + "?" + query, [*headers, PAGE], None, route)
            for name in ("User-Agent", "Referer", "Accept-Language", "X-Forwarded-Host",
                         "X-Forwarded-For", "X-Original-URL", "Forwarded"):
                self.ask("GET", target, [*headers, PAGE, (name, MARKUP)], None, route)
            self.reached["reflected"].add(route.key())

    def forgeries(self, route, headers, token, other):
        """(what, headers, target, fields) of forms that another site could have had sent."""
        right, path = {"csrf": token}, self.fill(route.path)
        site = "Sec-Fetch-Site"
        return [("no token", headers, path, {}), ("an empty one", headers, path, {"csrf": ""}),
                ("another session's", headers, path, {"csrf": other}),
                ("half of it", headers, path, {"csrf": token[:len(token) // 2]}),
                ("one in the query", headers, path + "?csrf=" + token, {}),
                ("another site", [*headers, (site, "cross-site")], path, right),
                ("a neighbour's site", [*headers, (site, "same-site")], path, right),
                ("another origin", [*headers, ("Origin", "https://evil.example")], path, right),
                ("no origin", [*headers, ("Origin", "null")], path, right)]

    def posts(self):
        return sorted((r for r in self.every if r.method == "POST"),
                      key=lambda r: (r.path == "/logout", "users" in r.path))

    def csrf(self):
        faults, before = [], self.digest()
        for route in self.posts():
            if "OPEN" in route.flags:
                continue  # it knows no session that could be abused
            who = self.by(route)
            headers, token = self.person(who)
            _, other = self.person("nobody" if who == "nobody" else
                                   "all.desk" if who == "all.analyst" else "all.analyst")
            form = self.form(route)
            for what, head, target, fields in self.forgeries(route, headers, token, other):
                for accept in (PAGE, JSON):
                    got = self.post(route, head, {**form, **fields}, accept, target)
                    if got is None or got.status != 403:
                        faults.append(f"{route} with {what}: {got and got.status}")
            # A form that another site sends as text: no preflight, so no word of this site's.
            body = urllib.parse.urlencode({**form, "csrf": token}).encode()
            for kind in ("text/plain", "text/plain;application/x-www-form-urlencoded", "a/b", ""):
                got = self.ask("POST", self.fill(route.path),
                               [*headers, ("Content-Type", kind)], body, route)
                if got is None or got.status != 415:
                    faults.append(f"{route} as {kind!r}: {got and got.status}")
            self.reached["csrf"].add(route.key())
        check("no form is taken that was not this session's own", not faults, faults)
        self.unchanged("and nothing changed by it", before)

    def echoes(self):
        """Each field of each form with markup in it; what is taken is stored with it."""
        faults = []
        for route in self.posts():
            headers, token = self.person(self.by(route))
            if route.path == "/logout":
                continue  # below: it ends the session that asks
            form = {**self.form(route), "csrf": token}
            for name in [*(k for k in form if k != "csrf"), "zqextra"]:
                got = self.post(route, headers, {**form, name: MARKUP})
                if got is None or got.status in (403, 500):
                    faults.append(f"{route} with markup in {name}: {got and got.status}")
            got = self.post(route, headers, form)
            if got is None or got.status in (403, 500):
                faults.append(f"{route} as it should be: {got and got.status}")
            self.reached["echoed"].add(route.key())
        check("the same forms with their own token are taken, with or without markup", not faults,
              faults)

    def methods(self):
        faults, before = [], self.digest()
        by_path = {}
        for route in self.every:
            by_path.setdefault(route.path, []).append(route)
        for path, there in by_path.items():
            headers, _ = self.person("all.administrator")
            for method in METHODS:
                if any(r.method == method for r in there):
                    continue
                got = self.ask(method, self.fill(path), [*headers, JSON, (
                    "X-HTTP-Method-Override", there[0].method), ("X-Secret", "zqsecret")])
                if got is None or got.status not in (400, 403, 404, 405, 416, 501) or \
                        b"zqsecret" in got.body:
                    faults.append(f"{method} {path}: {got and got.status}")
            for route in there:
                self.reached["methods"].add(route.key())
        check("no other method does anything", not faults, faults)
        self.unchanged("and nothing changed by it", before)

    def heads(self):
        """HEAD is GET without a body, also where looking is noted."""
        faults = []
        for route in self.gets():
            headers, _ = self.person(self.by(route))
            head = self.ask("HEAD", self.fill(route.path), [*headers, PAGE])
            page = self.ask("GET", self.fill(route.path), [*headers, PAGE])
            if head is None or page is None or head.body or head.status != page.status:
                faults.append(f"HEAD {route.path}: {head and (head.status, head.body[:20])}")
        check("HEAD is answered as GET, without a body", not faults, faults)

    def paths(self):
        """Other spellings of a page that is another company's, and of files."""
        headers = list(self.world.people["a.charge"].items())
        faults = []
        page = f"/companies/{B}"
        spellings = [
            page, f"/companies/%3{B}", f"/companies/0{B}", f"/companies/+{B}", f"//companies/{B}",
            f"/companies//{B}", f"{page}/", f"{page}/.", f"/companies/1/../{B}",
            f"/companies/1/%2e%2e/{B}", f"/companies/1/..%2f{B}", f"/companies%2f{B}",
            f"/companies\\{B}", f"/companies/1/..;/{B}", f"{page};x=1", f"{page}%00", f"{page}%20",
            f"{page}%09", f"{page}%0a", f"/v1{page}", f"/v1//companies/{B}", f"/v1/v1{page}",
            f"/COMPANIES/{B}", f"/%63ompanies/{B}", f"/companies/{B + 2**32}", f"/companies/{B}.0",
            f"/companies/{B}?x#y", f"/static/..{page}", f"/static/%2e%2e{page}",
            f"/companies/%c0%b{B}", f"/companies/%ef%bc%9{B}", f"/companies/0x{B}",
            f"http://x.example{page}", f"/companies/{B}%", f"/companies/%{B}", "*",
            "/static/../key", "/static/%2e%2e%2fkey", "/static/..%5c..%5ckey", "/static/",
            "/static/../../../../etc/passwd", "/.git/config", "/records.db", "/key", "/run/",
            "/static//etc/passwd", "/server-status", "/actuator/env", "/.env"]
        for path in spellings:
            got = ask(self.world.port, "GET", path, [*headers, PAGE])
            if got is None or got.status not in (303, 400, 404, 416) or \
                    re.search(rb"Zqx|root:|BEGIN", got.body):
                faults.append(f"{path}: {got and got.status}")
        check("another spelling of an address leads nowhere else", not faults, faults)

    def hosts(self):
        """What the sender calls this machine is repeated nowhere."""
        faults = []
        for host in ("evil.example", "evil.example:80", "127.0.0.1@evil.example", "a/b", "[::1"):
            for target in ("/", "/login", "/nowhere"):
                got = ask(self.world.port, "GET", target, [PAGE], host=host)
                if got is None or b"evil" in got.body + str(got.headers).encode():
                    faults.append(f"{target} of {host}: {got and got.status}")
        check("no answer repeats the name that the sender has for this machine", not faults, faults)

    def redirects(self):
        headers, token = self.person("nobody")
        faults = []
        for to in ("//evil.example", "/\\evil.example", "https://evil.example", "/%2fevil.example",
                   "/\tevil", "javascript:alert(1)", "/x\r\nSet-Cookie: a=b", "\\\\evil.example",
                   "/" + "a" * 400, "evil.example", "", "/login?x=1"):
            body = urllib.parse.urlencode({"csrf": token, "lang": "en", "to": to}).encode()
            got = self.ask("POST", "/language", [*headers, FORM, PAGE], body)
            if got is None or got.status != 303 or got.get("location") != "/":
                faults.append(f"{to!r}: {got and (got.status, got.get('location'))}")
            if got is not None and len(got.all("set-cookie")) != 1:
                faults.append(f"{to!r}: {got.all('set-cookie')}")
        check("a form leads to pages of ours only, and adds no header", not faults, faults)

    def files(self):
        """Files of ours: of the type they are, and kept for ever; nothing else is."""
        page = ask(self.world.port, "GET", "/login", [PAGE])
        names = sorted(set(re.findall(rb'"(/static/[^"]+)"', page.body)))
        faults = []
        for name in names:
            got = self.ask("GET", html.unescape(name.decode()))
            if got is None or got.status != 200 or "immutable" not in got.get("cache-control"):
                faults.append(f"{name}: {got and got.status}")
        check("files of ours are named, and may be kept", not faults and len(names) >= 2,
              (faults, names))

    def errors(self):
        """Answers that no page makes have the same headers."""
        port, charge = self.world.port, self.person("b.charge")[0]
        self.ask("GET", "/nowhere", [PAGE])
        self.ask("GET", "/nowhere" + urllib.parse.quote(MARKUP), [PAGE])
        self.ask("GET", "/static/nothing", [PAGE])
        self.ask("GET", "/companies/1/../2", [PAGE])
        self.ask("GET", "/users", [*charge, PAGE])
        self.ask("POST", "/login", [FORM], b"x" * 20000)
        self.ask("POST", "/rules/sets", [*charge, FORM], b"x" * 200)
        self.ask("GET", "/login", [("Cookie", "a=" + "b" * 7000)])
        before = self.faults
        self.faults = []
        for raw in (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/3.0\r\nHost: x\r\n\r\n",
                    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
                    b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 17000 + b"\r\n\r\n",
                    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
                    b"GET / HTTP/1.1\nHost: x\n\n"):
            got = talk(port, raw)
            names = {} if not got or isinstance(got[0], bytes) else dict(got[0].headers)
            for name in ("content-security-policy", "x-content-type-options", "cache-control"):
                if name not in names or (name == "cache-control" and names[name] != "no-store"):
                    self.faults.append(f"{raw[:30]}: {name} {names.get(name)}")
        check("what is refused before it is read has them, too", not self.faults, self.faults)
        self.faults = before

    def flood_headers(self):
        """Lines of a header cannot be made of what a form or an address says."""
        headers, token = self.person("all.administrator")
        faults = []
        for text in ("x\r\nSet-Cookie: zqx=1", "x%0d%0aSet-Cookie: zqx=1", "x\u010d\u010aSet: zqx"):
            quoted = urllib.parse.quote(text)
            for target in (f"/companies/{quoted}", f"/programmes/{quoted}", f"/{quoted}",
                           f"/companies?from={quoted}"):
                got = self.ask("GET", target, [*headers, PAGE])
                if got is not None and "zqx" in str([v for k, v in got.headers]):
                    faults.append(f"{target}: {got.headers}")
            for route in self.posts():
                if route.path in ("/logout", "/language") or "users" in route.path:
                    continue
                got = self.post(route, headers, {"csrf": token, **{
                    k: text for k in self.form(route)}})
                if got is not None and "zqx" in str(got.headers):
                    faults.append(f"{route}: {got.headers}")
        check("no header of an answer holds what was sent", not faults, faults)

    def run(self):
        check("the portal has its routes", len(self.every) > 60, len(self.every))
        self.logins()
        self.pages()
        self.files()
        self.errors()
        self.paths()
        self.hosts()
        self.redirects()
        self.methods()
        self.heads()
        self.csrf()
        self.reflections()
        self.echoes()
        self.flood_headers()
        self.pages(again=True)  # with what the forms have stored
        check("every answer has its headers, and leads and sets what it may", not self.faults,
              sorted(set(self.faults))[:40])
        check("nothing of what was stored or sent runs on a page", not self.unsafe,
              sorted(set(self.unsafe))[:40])
        missing = cover.missing(self.every, self.reached)
        check("every check reached its routes", not missing or
              [m for m in missing if m[1].path not in ("/live", "/logout")] == [],
              [m for m in missing])
        print(f"# {self.asked} requests")


def main():
    with_markup()
    place = world.World(sys.argv[1], sys.argv[2])
    try:
        place.make()
        if not place.start_eventd():
            skip("no store of events (libchdb)")
        if not place.start_portal():
            raise ValueError("the portal did not start")
        tester = Tester(place, sys.argv[2])
        tester.run()
        check("the portal lives", place.portal.poll() is None, place.portal.poll())
    finally:
        place.close()
    done()


if __name__ == "__main__":
    main()
