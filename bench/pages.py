"""pages.py - how fast pages are while events come in.

Run: pages.py BUILD-DIR SOURCE-DIR [--rate N] [--seconds N] [--events N] [--pause MS] [--full 0|1]
[--look 1]. 31 companies, --events events stored, then --rate lines a second through the real
sockets while 10 people of seven roles, each a process with a TLS connection and a session of its
own, walk every page of routes.def that their role may see, searches included, and look at each for
--pause milliseconds (0: machines, not people); 10 more connections hold a live stream, and somebody
logs in every other second. --full 1 does it once more
with lines sent as fast as they are taken. Each answer's status and a word of its content are held
against what must be there; no figure is printed when one is wrong.
"""
import hashlib
import hmac
import http.client
import multiprocessing
import os
import random
import re
import ssl
import struct
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import whole  # noqa: E402

PASSWORD = "Kumori-9-zora-no-hashi"
# Who they are: login, role, company's code.
PEOPLE = [("admin1", "administrator", "operator"), ("admin2", "administrator", "operator"),
          ("analyst", "analyst", "operator"), ("desk", "desk", "operator"),
          ("auditor", "auditor", "operator"), ("owner", "owner", "operator"),
          ("charge1", "charge", "p001"), ("charge2", "charge", "p002"),
          ("charge3", "charge", "p003"), ("president", "president", "p004")]
STAFF = ("administrator", "analyst", "desk", "auditor")
REPORTERS = ("administrator", "analyst", "desk", "charge", "president")
EVERYBODY = (*STAFF, "owner", "charge", "president")
COMPANY = (*STAFF, "charge", "president")
# What people look for: nothing at all (the newest), a word, fields, a network, an hour, a rarity.
QUERIES = ["", "denied", "event.category:authentication", "source.ip:192.168.0.0/16",
           "event.category:web and event.type:denied last 24h", "user.name:*",
           "destination.port:443 and not event.type:denied", "nowhere-to-be-found"]


class Portal:
    """One connection and one cookie jar, as a browser has them."""

    def __init__(self, port):
        self.port, self.cookies, self.connection = port, {}, None
        self.connect()

    def connect(self):
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60,
                                                      context=context)

    def ask(self, method, path, form=None):
        headers = {"Accept": "text/html", "Accept-Language": "ja"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        body = None
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(form)
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        for cookie in answer.headers.get_all("Set-Cookie", []):
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return answer.status, text

    def form(self, path, **fields):
        """Fill in the form of a page and send it; the page that comes back."""
        status, page = self.ask("GET", path)
        csrf = re.search(r'name="csrf" value="([^"]*)"', page)
        return self.ask("POST", path, {"csrf": csrf.group(1) if csrf else "", **fields})

    def login(self, name, secret=None):
        """The authenticator's secret, or None where there is none."""
        status, page = self.form("/login", login=name, secret=PASSWORD)
        if 'name="digits"' in page:
            ticket = re.search(r'name="ticket" value="([^"]*)"', page).group(1)
            status, page = self.form("/login", ticket=ticket, digits=totp(secret, time.time()))
        if status != 303:
            sys.exit(f"{name} cannot log in: {status} {page[-400:]}")
        status, page = self.ask("GET", "/second-factor")
        if secret is None and "/second-factor/begin" in page:
            return self.enrol(name, page)
        return secret

    def enrol(self, name, page):
        csrf = re.search(r'name="csrf" value="([^"]*)"', page).group(1)
        status, page = self.ask("POST", "/second-factor/begin", {"csrf": csrf})
        secret = re.search(r'class="secret">([A-Z2-7 ]+)<', page).group(1).replace(" ", "")
        status, page = self.ask("POST", "/second-factor",
                                {"csrf": csrf, "digits": totp(secret, time.time())})
        if status != 303:
            sys.exit(f"{name}: no second factor: {status} {page[-400:]}")
        return secret


def totp(secret, seconds):
    """RFC 6238 with SHA-1, 30 s, 6 digits."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    bits = "".join(f"{letters.index(c):05b}" for c in secret)
    key = bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits) // 8 * 8, 8))
    mac = hmac.new(key, struct.pack(">Q", int(seconds) // 30), hashlib.sha1).digest()
    at = mac[19] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def get_routes():
    """{handler: path} of every page of routes.def."""
    text = whole.read(os.path.join(whole.SOURCE, "src/web/portal/routes.def"))
    rows = re.findall(r'MM_ROUTE\(GET, "([^"]*)",([^)]*?)(\w+)\)', text)
    return {handler: path for path, marks, handler in rows if "MM_ROUTE_ASSET" not in marks}


def pages_of(s):
    """{handler: (roles, [(company or 0, path, word)])}: what there is to see."""
    companies = s.records("SELECT company, name FROM company WHERE company > 0")
    devices = dict(s.records("SELECT company, min(name) FROM device GROUP BY company"))
    cases = s.records("SELECT company, case_id, name FROM cases JOIN company USING (company)")
    events = [(int(c), f"{q}/{n}", f"{q}-{n}") for c, q, n in s.events(
        "SELECT company, queue, seq FROM events WHERE company > 0 LIMIT 3 BY company")]

    def each(path, word="{name}"):
        return [(c, path.format(c=c), word.format(name=name, device=devices.get(c, name)))
                for c, name in companies]

    title = {m.group(1): m.group(2) for m in re.finditer(
        r'msgid "page\.(\w+)\.title"\nmsgstr "([^"]*)"',
        open(os.path.join(whole.SOURCE, "po/ja.po"), encoding="utf-8").read())}
    find = [(c, f"/companies/{c}/events?" + urllib.parse.urlencode({"q": q}), 'id="q"')
            for c, _ in companies for q in QUERIES]
    alerts = s.events("SELECT company, rule_id, queue, seq FROM alerts WHERE company > 0 "
                      "LIMIT 1 BY company")
    people = [(int(c), f"/companies/{c}/users/{n}") for c, n in s.records(
        "SELECT company, user FROM user WHERE company > 0")]
    # A page that asks for nothing but a company needs no row of its own.
    walks = {handler: (("administrator",), each(path.replace(":company", "{c}"), "<h1")
                       if ":company" in path else [(0, path, "<h1")])
             for handler, path in get_routes().items() if ":" not in path.replace(":company", "")}
    return walks | {
        "start": (EVERYBODY, [(0, "/", None)]),
        "login": (EVERYBODY, [(0, "/login", title["login"])]),
        # Where a provider of identities is configured, and somebody has begun.
        "oidc": ((), []),
        "oidc_back": ((), []),
        "second_factor": (EVERYBODY, [(0, "/second-factor", title["second_factor"])]),
        "password": (EVERYBODY, [(0, "/password", title["password"])]),
        "today": (STAFF, [(0, "/today", title["today"])]),
        "companies": (STAFF, [(0, "/companies", companies[-1][1])]),
        "cases": (STAFF, [(0, "/cases", "/cases/")]),
        "rules": (STAFF, [(0, "/rules", title["rules"])]),
        "quarantine": (STAFF, [(0, "/quarantine", title["quarantine"])]),
        "users": (("administrator",), [(0, "/users", "president")]),
        "home": (COMPANY, each("/companies/{c}")),
        "sources": (COMPANY, each("/companies/{c}/sources", "{device}")),
        "source": (STAFF, [(int(c), f"/companies/{c}/sources/{n}", title["source"])
                           for c, n in s.records("SELECT company, source FROM source "
                                                 "WHERE company > 0 AND ended_us IS NULL")]),
        "readable": (("administrator", "analyst"),
                     [(int(c), f"/companies/{c}/sources/{n}/unread/{u}", 'class="pieces"')
                      for c, n, u in s.records("SELECT company, source, unread FROM unread "
                                               "WHERE company > 0")]),
        "formats": (STAFF, [(0, "/formats", title["formats"])]),
        "coverage": (STAFF, [(0, "/coverage", title["coverage"])]),
        "company_coverage": (STAFF, each("/companies/{c}/coverage", title["coverage"])),
        "company_cases": (COMPANY, each("/companies/{c}/cases?show=all")),
        "case": (COMPANY, [(c, f"/companies/{c}/cases/{k}", name) for c, k, name in cases]),
        "report": (REPORTERS, each("/companies/{c}/report", "<form")),
        "own_report": (REPORTERS, [(0, "/report", None)]),
        "programmes": ((*STAFF, "owner"), [(0, "/programmes", "/programmes/pilot")]),
        "programme": ((*STAFF, "owner"), [(0, "/programmes/pilot", title["programme"])]),
        "events": (STAFF, find),
        "event": (STAFF, [(c, f"/companies/{c}/events/{n}", word)
                          for c, n, word in events]),
        "user": (("administrator",), [(c, path, "<h1") for c, path in people]),
        "handover": (("administrator",), [(c, f"{path}/handover", "<h1") for c, path in people]),
        "company_users": (("administrator",), each("/companies/{c}/users", title["users"])),
        "audit": (("administrator", "auditor"), [(0, "/companies/0/audit", title["audit"])]),
        "rule_adjust": (("administrator",),
                        [(0, f"/rules/adjust?rule={rule}", "<h1") for _, rule, _, _ in alerts]),
        "exception_new": (("administrator",),
                          [(int(c), f"/companies/{c}/exceptions/new?rule={rule}&queue={q}&seq={n}",
                            "<h1") for c, rule, q, n in alerts]),
    }


def walk_of(role, own, pages, css):
    """[(handler, [(path, word)])] for one person; a static file is the yardstick."""
    walk = [("static", [(css, "body")])]
    for name, (roles, visits) in pages.items():
        mine = [(path, word) for company, path, word in visits if company in (0, own) or
                role in STAFF]
        if role in roles and mine:
            walk.append((name, mine))
    return walk


def client(port, person, walk, begin, seconds, pause, out):
    """Walks until the time is over; puts [(handler, seconds)] and what was wrong."""
    (name, role, _), cookies = person
    rng, took, wrong = random.Random(name), [], []
    portal = Portal(port)
    portal.cookies = dict(cookies)
    portal.ask("GET", "/")
    begin.wait()
    until = time.monotonic() + seconds
    while time.monotonic() < until and not wrong:
        rng.shuffle(walk)
        for handler, visits in walk:
            path, word = rng.choice(visits)
            began = time.monotonic()
            status, text = portal.ask("GET", path)
            took.append((handler, time.monotonic() - began))
            want = (200, 303) if word is None else (200,)
            if status not in want or (word is not None and word not in text):
                wrong.append(f"{name} {role} {path}: {status}, without {word!r}")
            time.sleep(pause)
    out.put((took, wrong))


def streamer(port, cookies, begin, over, out):
    """A page that stays open: reads /live; how often it heard of a change."""
    portal = Portal(port)
    portal.connection.request("GET", "/live", headers={
        "Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())})
    answer = portal.connection.getresponse()
    heard = 0
    begin.wait()
    while not over.is_set():
        heard += answer.readline().startswith(b"event: changed")
    out.put(([("live", 0.0)] * heard, [] if answer.status == 200 else [f"/live {answer.status}"]))


def logger_in(port, begin, over, out):
    """Logs in every other second, as people do in the morning."""
    took = []
    begin.wait()
    while not over.is_set():
        portal = Portal(port)
        portal.ask("GET", "/login")
        began = time.monotonic()
        portal.form("/login", login="charge1", secret=PASSWORD)
        took.append(("login (POST)", time.monotonic() - began))
        over.wait(2)
    out.put((took, []))


def received(s, from_s, to_s):
    """Events that came in between two moments, when all of them are stored."""
    def settled():
        return int(s.events("SELECT toUnixTimestamp(max(received)) FROM events")[0][0]) > to_s + 1

    whole.wait_for(settled, 120, "what came in is stored", 0.5)
    return int(s.events("SELECT count() FROM events WHERE received >= "
                        "fromUnixTimestamp64Micro({a:Int64}) AND received < "
                        "fromUnixTimestamp64Micro({b:Int64})",
                        a=int(from_s * 1e6), b=int(to_s * 1e6))[0][0])


def walk_all(s, people, pages, css, seconds, pause):
    """({handler: [milliseconds]} of all people together, events a second that came in)."""
    begin, over, out = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Queue()
    number = dict(s.records("SELECT code, company FROM company"))
    walkers = [multiprocessing.Process(target=client, args=(
        s.portal, (who, cookies), walk_of(who[1], number[who[2]], pages, css), begin, seconds,
        pause, out))
        for who, cookies in people]
    others = [multiprocessing.Process(target=streamer, args=(s.portal, cookies, begin, over, out))
              for _, cookies in people]
    others.append(multiprocessing.Process(target=logger_in, args=(s.portal, begin, over, out)))
    for p in walkers + others:
        p.start()
    time.sleep(1.5)
    began = time.time()
    begin.set()
    results = [out.get(timeout=seconds + 60) for _ in walkers]
    ended = time.time()
    over.set()
    results += [out.get(timeout=60) for _ in others]
    for p in walkers + others:
        p.join()
    wrong = [w for _, faults in results for w in faults]
    if wrong:
        sys.exit("\n".join(wrong[:10]))
    by_handler = {}
    for took, _ in results:
        for handler, t in took:
            by_handler.setdefault(handler, []).append(t * 1000)
    return by_handler, received(s, began, ended) / (ended - began)


def tell(by_handler, rate, label):
    """A line a route; the figures of the last line."""
    routes = [h for h in by_handler if h not in ("live", "static", "login (POST)")]
    every = [t for h in routes for t in by_handler[h]]
    print(f"{label}: {rate:.0f} events/s came in, {len(every)} pages, live streams heard of "
          f"{len(by_handler.get('live', []))} changes, {whole.load()}")
    for handler in sorted(by_handler, key=lambda h: -whole.percentile(by_handler[h], 95)):
        if handler != "live":
            t = by_handler[handler]
            print(f"  {handler:14} {len(t):6}  p50 {whole.percentile(t, 50):7.1f}  p95 "
                  f"{whole.percentile(t, 95):7.1f}  p99 {whole.percentile(t, 99):7.1f}  "
                  f"max {max(t):7.1f} ms")
    worst = max(routes, key=lambda h: whole.percentile(by_handler[h], 95))
    return {"p95": whole.percentile(every, 95), "n": len(every), "rate": rate, "worst": worst,
            "static": whole.percentile(by_handler["static"], 95),
            "worst_p95": whole.percentile(by_handler[worst], 95)}


def add_people(s):
    """[(person, cookies)], all logged in."""
    people = []
    for login, role, company in PEOPLE:
        args = ["user", "add", "--company", company, "--login", login, "--name", login, "--role",
                role, "--password-stdin"]
        if role == "owner":
            args += ["--programme", "pilot"]
        out = s.run(*args, says=PASSWORD + "\n")
        if out.returncode != 0:
            sys.exit(out.stderr)
        portal = Portal(s.portal)
        portal.login(login)
        people.append(((login, role, company), portal.cookies))
    return people


def phase(s, people, pages, css, lines, label):
    """Everybody walks while so many lines a second are sent (0: as fast as they are taken)."""
    seconds, pause = whole.option("--seconds", 20), whole.option("--pause", 100)
    most = (lines or 200000) * (seconds + 60)
    flood = whole.Flood(s.tcp, "--times", most // 120000 + 1, "--rate", lines)
    before, first, began = whole.usage(s), whole.position(s), time.monotonic()
    flood.start()
    time.sleep(1)
    try:
        by_handler, came = walk_all(s, people, pages, css, seconds, pause / 1000)
    finally:
        flood.stop()
    if whole.option("--look", 0):
        whole.tell_usage(before, whole.usage(s), whole.position(s) - first)
    stored = (whole.position(s) - first) / (time.monotonic() - began)
    return tell(by_handler, stored if lines == 0 else came, label)


def fill(s):
    """Stores as many events as are wanted; how many there are then."""
    base = whole.enrol(s)
    flood = whole.Flood(s.tcp, "--times", whole.option("--events", 1000000) // 120000 + 1)
    flood.start()
    flood.wait()
    whole.wait_for(lambda: whole.position(s) >= base + flood.lines, 600, "all stored", 0.1)
    return base + flood.lines


def main():
    whole.without_libchdb()
    rate, pause = whole.option("--rate", 10000), whole.option("--pause", 100)
    with whole.stage(env={"MIMAMORI_PORTAL_TLS": "on", "MIMAMORI_PORTAL_RATE": "0"}) as s:
        events = fill(s)
        people = add_people(s)
        pages = pages_of(s)
        unknown = set(get_routes()) - set(pages)
        if unknown:
            sys.exit(f"pages of routes.def that nobody walks here: {unknown}")
        css = re.search(r'href="(/static/style[^"]*)"', Portal(s.portal).ask("GET", "/login")[1])
        print(f"{events} events, {len(pages['home'][1])} companies, {len(pages['case'][1])} cases")
        told = phase(s, people, pages, css.group(1), rate, "at a rate")
        also = ""
        if whole.option("--full", 1):
            most = phase(s, people, pages, css.group(1), 0, "as fast as it goes")
            stored = int(s.events("SELECT count() FROM events")[0][0]) / 1e6
            also = (f"; p95 {most['p95']:.1f} ms ({most['worst']} {most['worst_p95']:.1f} ms) "
                    f"while {most['rate']:.0f} events/s are stored, {stored:.1f} M in the end")
        print(f"pages: p95 {told['p95']:.1f} ms over {told['n']} requests, {len(people)} clients, "
              f"{events / 1e6:.1f} M events, {told['rate']:.0f} events/s coming in, "
              f"{told['p95'] / told['static']:.1f} x a static page of the same server, slowest "
              f"route {told['worst']} p95 {told['worst_p95']:.1f} ms, {pause} ms a page looked at"
              f"{also}")


if __name__ == "__main__":
    main()
