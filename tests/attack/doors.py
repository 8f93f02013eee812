"""doors.py - in and out of the running portal over TLS, as somebody who wants another's session.

Run: doors.py BUILD-DIR SOURCE-DIR. TAP. Cookies, fixation, what ends a session, what a login's time
tells, what the second factor changes, which protocols of TLS are spoken.
"""
import base64
import hashlib
import hmac
import json
import os
import re
import ssl
import statistics
import struct
import sys
import time
import urllib.parse
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))
for folder in ("isolation", "scenarios"):
    sys.path.insert(0, os.path.join(HERE, "..", folder))
from tap import check, done  # noqa: E402
from wire import ask, connect, request, talk  # noqa: E402
import world  # noqa: E402

FORM = ("Content-Type", "application/x-www-form-urlencoded")
PAGE, JSON = ("Accept", "text/html"), ("Accept", "application/json")
COOKIE, VISIT = "__Host-mm", "__Host-mm_visit"
PASSWORD, FRESH = "Plum-blossom 31 rain", "Cedar-shadow 42 snow"
TRIES, APART = 12, 0.35  # logins of each kind whose time is compared; how far apart they may be


def cookies(answer):
    return dict(c.split(";")[0].split("=", 1) for c in answer.all("set-cookie"))


def csrf_of(answer):
    return re.search(rb'name="csrf" value="([^"]*)"', answer.body)[1].decode()


def totp(secret):
    """RFC 6238 as apps do it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 1000000:06}"


class Browser:
    """Somebody at an address of its own, with cookies, one of which may have been put there."""

    made = 0
    secrets = set()  # all that no log may have

    def __init__(self, port, jar=None):
        Browser.made += 1
        self.port, self.jar = port, dict(jar or {})
        self.address = f"127.7.{Browser.made // 200}.{1 + Browser.made % 200}"

    def ask(self, method, target, form=None, accept=PAGE, address=None):
        cookie = "; ".join(f"{k}={v}" for k, v in self.jar.items())
        headers = [accept] + ([("Cookie", cookie)] if cookie else [])
        body = None if form is None else urllib.parse.urlencode(form).encode()
        headers += [FORM] if form is not None else []
        answer = ask(self.port, method, target, headers, body, tls=True,
                     address=address or self.address, host=f"127.0.0.1:{self.port}")
        self.jar.update(cookies(answer))
        self.jar = {k: v for k, v in self.jar.items() if v}
        Browser.secrets |= {v for k, v in self.jar.items() if len(v) > 20}
        return answer

    def post(self, target, form, page="/login"):
        token = csrf_of(self.ask("GET", page))
        Browser.secrets |= {token, *(v for v in form.values() if len(v) > 8)}
        return self.ask("POST", target, {"csrf": token, **form})

    def log_in(self, login, secret):
        return self.post("/login", {"login": login, "secret": secret})

    def session(self):
        return self.jar.get(COOKIE)

    def inside(self, page="/account"):
        return self.ask("GET", page, accept=JSON).status


class Doors:
    def __init__(self, place):
        self.world = place
        self.port = place.port

    def user(self, login, role, company="Owncompanycode"):
        made = self.world.run("user", "add", "--company", company, "--login", login, "--name",
                              "Somebody", "--role", role, "--json")
        if made.returncode != 0:
            raise ValueError(made.stderr.decode())
        return json.loads(made.stdout)["password"]

    def comer(self, login, role="charge"):
        """A user that has chosen a password, and the browser in which that was."""
        first = self.user(login, role)
        b = Browser(self.port)
        b.log_in(login, first)
        answer = b.post("/password", {"old": first, "new": PASSWORD, "again": PASSWORD},
                        "/password")
        check(f"{login} comes in and chooses a password", answer.status == 303 and
              b.inside() == 200, (answer.status, b.inside()))
        return b

    # ---- sessions ----

    def cookies(self, b):
        faults = []
        b.ask("GET", "/login")
        again = Browser(self.port)
        answer = again.log_in("kasumi", PASSWORD)
        given = {c.split("=")[0]: {w.strip().lower() for w in c.split(";")[1:]}
                 for c in answer.all("set-cookie")}
        wanted = {"secure", "httponly", "samesite=lax", "path=/"}
        if set(given) != {COOKIE} or given[COOKIE] != wanted:
            faults.append(given)
        page = Browser(self.port).ask("GET", "/login")
        for cookie in page.all("set-cookie"):
            words = {w.strip().lower() for w in cookie.split(";")[1:]}
            if not cookie.startswith(VISIT + "=") or words != wanted:
                faults.append(cookie)
        language = again.ask("POST", "/language", {"csrf": csrf_of(again.ask("GET", "/account")),
                                                   "lang": "en", "to": "/account"})
        if "secure" not in language.get("set-cookie").lower():
            faults.append(language.get("set-cookie"))
        if page.get("strict-transport-security") != "max-age=31536000":
            faults.append(page.get("strict-transport-security"))
        check("cookies are this host's, over TLS, out of reach of scripts and other sites",
              not faults, faults)

    def fixation(self):
        """A session or a visitor's cookie that somebody else has put there."""
        chosen = "A" * 43
        b = Browser(self.port, {COOKIE: chosen})
        b.log_in("kasumi", PASSWORD)
        check("a login gives a token of its own, whatever was there", b.inside() == 200 and
              b.session() != chosen, b.session())
        check("and the one that was put there is nobody's",
              Browser(self.port, {COOKIE: chosen}).inside() == 401)
        other = Browser(self.port)
        other.log_in("kasumi", PASSWORD)
        thief = Browser(self.port, {COOKIE: other.session()})
        before = other.session()
        other.log_in("kasumi", PASSWORD)
        check("a login while logged in gives another token", other.session() != before)
        check("its form's token is another one", csrf_of(other.ask("GET", "/account")) !=
              csrf_of(thief.ask("GET", "/account")))
        twice = ask(self.port, "GET", "/account", [JSON, (
            "Cookie", f"{COOKIE}={other.session()}; {COOKIE}={chosen}")], tls=True)
        plain = ask(self.port, "GET", "/account", [JSON, ("Cookie", f"mm={other.session()}")],
                    tls=True)
        check("a cookie that stands there twice, or without its prefix, is none",
              (twice.status, plain.status) == (401, 401), (twice.status, plain.status))

    def tokens(self):
        """As many bits as are said, none of them always the same."""
        made = [Browser(self.port).ask("GET", "/login").get("set-cookie").split("=")[1][:32]
                for _ in range(200)]
        bits = [bin(int(m, 16))[2:].zfill(128) for m in made]
        worst = [sum(b[i] == "1" for b in bits) for i in range(128)]
        check("visitors' tokens are 128 random bits, no two alike", len(set(made)) == 200 and
              min(worst) > 60 and max(worst) < 140, (len(set(made)), min(worst), max(worst)))
        b = Browser(self.port)
        sessions = []
        for _ in range(5):
            b.log_in("kasumi", PASSWORD)
            sessions.append(b.session())
        check("a session's token is 256 bits", len(set(sessions)) == 5 and all(
            len(base64.urlsafe_b64decode(s + "=")) == 32 for s in sessions), sessions)

    def logout(self):
        b, other = Browser(self.port), Browser(self.port)
        b.log_in("kasumi", PASSWORD)
        other.log_in("kasumi", PASSWORD)
        kept = dict(b.jar)
        answer = b.post("/logout", {}, "/account")
        check("logout sends to the login and takes the cookie away", answer.status == 303 and
              "Max-Age=0" in answer.get("set-cookie") and b.session() is None,
              answer.get("set-cookie"))
        back = Browser(self.port, kept)
        page = back.ask("GET", "/account")
        check("the token is worth nothing behind it", page.status == 303 and
              back.inside() == 401 and page.get("cache-control") == "no-store", page.status)
        check("another session of the same user goes on", other.inside() == 200)

    def password(self):
        """The old one is asked for; all other sessions end, this one has a new token."""
        b, other = Browser(self.port), Browser(self.port)
        b.log_in("kasumi", PASSWORD)
        other.log_in("kasumi", PASSWORD)
        wrong = b.post("/password", {"old": "wrong", "new": FRESH, "again": FRESH}, "/password")
        check("a new password needs the old one", wrong.status == 422 and other.inside() == 200,
              wrong.status)
        before = dict(b.jar)
        right = b.post("/password", {"old": PASSWORD, "new": FRESH, "again": FRESH}, "/password")
        check("with it, it is taken", right.status == 303 and b.inside() == 200, right.status)
        check("the session goes on under a new token", b.session() != before[COOKIE] and
              Browser(self.port, before).inside() == 401)
        check("every other session is over", other.inside() == 401)
        check("the old password opens nothing", Browser(self.port).log_in(
            "kasumi", PASSWORD).status == 422)
        b.post("/password", {"old": FRESH, "new": PASSWORD + "!", "again": PASSWORD + "!"},
               "/password")

    def half(self):
        """An operator without a second factor has the page for that, and nothing else."""
        b = Browser(self.port)
        first = self.user("soramame", "administrator", "operator")
        b.log_in("soramame", first)
        paths = ("/companies", "/users", "/status", "/companies/1", "/rules", "/account", "/live")
        shut = {p: b.inside(p) for p in paths}
        check("half a login opens nothing", set(shut.values()) == {403}, shut)
        page = b.post("/second-factor/begin", {}, "/second-factor")
        secret = re.search(rb"[A-Z2-7]{32}", page.body)[0].decode()
        Browser.secrets.add(secret)
        before = dict(b.jar)
        wrong = b.ask("POST", "/second-factor", {"csrf": csrf_of(page), "digits": "000000"})
        right = b.ask("POST", "/second-factor", {"csrf": csrf_of(page), "digits": totp(secret)})
        check("wrong digits are refused, right ones taken", (wrong.status, right.status) ==
              (422, 303), (wrong.status, right.status))
        check("what may do more now has a new token", b.session() != before[COOKIE] and
              Browser(self.port, before).inside() == 401)
        check("and asks for a password of its own next", b.ask("GET", "/").get("location") ==
              "/password", b.ask("GET", "/").get("location"))
        again = Browser(self.port).log_in("soramame", first)
        check("from then on a password alone is no login", again.status == 200 and
              b"ticket" in again.body, again.status)

    # ---- what can be learned ----

    def times(self):
        """Wrong passwords at a name that is there, at none, and at one whose company has left."""
        took = {"kasumi": [], "nobody-here": [], "Gqxuserlogincharge0": []}
        said = {}
        for _ in range(TRIES):
            for name, values in took.items():
                b = Browser(self.port)  # an address of its own: nobody has to wait
                token = csrf_of(b.ask("GET", "/login"))
                began = time.perf_counter()
                answer = b.ask("POST", "/login", {"csrf": token, "login": name, "secret": "wrong"})
                values.append(time.perf_counter() - began)
                said.setdefault(name, set()).add((answer.status, re.sub(
                    rb'value="[^"]*"|<time.*?</time>', b"", answer.body)))
        least = {k: min(v) for k, v in took.items()}
        check("a wrong login is told the same, whoever is meant",
              len(set.union(*said.values())) == 1, {k: [s for s, _ in v] for k, v in said.items()})
        check("and takes as long", max(least.values()) < min(least.values()) * (1 + APART),
              (least, {k: statistics.median(v) for k, v in took.items()}))

    def guesses(self):
        """Guesses wait, for their address and name; they are counted, and shown to the operator."""
        b, first = Browser(self.port), None
        for n in range(1, 60):
            answer = b.log_in("kasumi", f"guess-{n}")
            if answer.status == 429:
                first = n
                break
        check("guesses have to wait after a few", first is not None and first <= 8 and
              int(answer.get("retry-after")) > 0, first)
        check("somebody else's login does not", Browser(self.port).log_in(
            "kasumi", PASSWORD + "!").status == 303)
        status = json.loads(self.world.run("status", "--json").stdout)
        hit = [x for x in status["limits"] if x["limit"] == "login_wait"]
        check("the status says which limit was hit, how often and by whom", len(hit) == 1 and
              hit[0]["n"] >= 1 and hit[0]["by"][0]["address"] == b.address, status["limits"])

    def addresses(self, b):
        """No secret stands in an address of a page or in where it leads."""
        secrets, faults, todo, seen = {b.session()}, [], ["/account"], set()
        while todo and len(seen) < 40:
            path = todo.pop()
            seen.add(path)
            page = b.ask("GET", path)
            found = re.findall(rb'(?:href|src|action)="([^"]*)"', page.body)
            token = re.search(rb'name="csrf" value="([^"]*)"', page.body)
            secrets |= {token[1].decode()} if token else set()
            places = [x.decode() for x in found] + [page.get("location") or ""]
            faults += [f"{path}: {p}" for p in places for s in secrets if s and s in p]
            todo += [p for p in places if p.startswith("/") and p not in seen and
                     "static" not in p]
        check("no address holds a token", not faults and len(seen) > 5, (faults, len(seen)))

    def storage(self):
        """What is asked for stands in no store of the browser."""
        page = Browser(self.port).ask("GET", "/login")
        script = b""
        for name in re.findall(rb'src="(/static/[^"]+)"', page.body):
            script += ask(self.port, "GET", name.decode(), tls=True).body
        found = re.findall(rb"localStorage|sessionStorage|indexedDB|document\.cookie|eval\(|"
                           rb"(?:inner|outer)HTML\s*=[^=]|insertAdjacentHTML|document\.write",
                           script)
        check("our script keeps nothing and evaluates nothing", len(script) > 100 and not found,
              found)

    def logs(self):
        """What the portal has said all the while holds no secret."""
        self.world.log.flush()
        with open(os.path.join(self.world.state, "log"), "rb") as f:
            said = f.read().decode("utf-8", "replace")
        found = [s for s in Browser.secrets if s in said]
        check("no password, token or digit stands in the log", not found and
              len(Browser.secrets) > 50, (found, len(Browser.secrets)))

    # ---- TLS ----

    def protocols(self):
        warnings.simplefilter("ignore", DeprecationWarning)  # of what must not be spoken

        def speaks(low, high, ciphers=None):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.minimum_version, context.maximum_version = low, high
            try:
                context.set_ciphers((ciphers or "ALL") + ":@SECLEVEL=0")
            except ssl.SSLError:
                return None  # this machine's library does not know it either
            try:
                with context.wrap_socket(connect(self.port)) as s:
                    return s.version()
            except (ssl.SSLError, OSError):
                return None
        v = ssl.TLSVersion
        check("TLS 1.2 and 1.3 are spoken", (speaks(v.TLSv1_2, v.TLSv1_2), speaks(
            v.TLSv1_3, v.TLSv1_3)) == ("TLSv1.2", "TLSv1.3"))
        check("older ones are not", speaks(v.TLSv1, v.TLSv1_1) is None)
        old = ("NULL", "aNULL", "RC4", "3DES", "DES", "EXPORT", "MD5", "kRSA+AES",
                            "SEED", "IDEA", "PSK", "ECDHE-ECDSA-AES128-SHA",
                            "ECDHE-RSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256")
        weak = [c for c in old if speaks(v.TLSv1_2, v.TLSv1_2, c)]
        check("weak ciphers are not taken", not weak, weak)

    def plain(self):
        """Plain HTTP on the port of TLS gets no answer that could be taken for one."""
        got = talk(self.port, request("GET", "/login", [PAGE]))
        check("plain HTTP is not spoken beside TLS",
              not [g for g in got if not isinstance(g, bytes)], got)

    def run(self):
        b = self.comer("kasumi")
        self.cookies(b)
        self.fixation()
        self.tokens()
        self.addresses(b)
        self.storage()
        self.logout()
        self.password()
        self.half()
        self.times()
        self.guesses()
        self.protocols()
        self.plain()
        self.logs()


def main():
    place = world.World(sys.argv[1], sys.argv[2])
    try:
        place.make()
        if not place.start_portal({"MIMAMORI_PORTAL_TLS": "on"}):
            raise ValueError("the portal did not start")
        Doors(place).run()
        check("the portal lives", place.portal.poll() is None, place.portal.poll())
    finally:
        place.close()
    done()


if __name__ == "__main__":
    main()
