"""oidc.py - logging in with a provider of identities: one that lies in every way, then a certified
one. A browser without JavaScript: cookies, forms, and the address that a page leads on to.
"""
import base64
import glob
import hashlib
import hmac
import http.client
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stage import SOURCE, Stage, check, done, free_port, skip  # noqa: E402

PASSWORD = "Blue-lamp 4 desks"
INJECT = os.path.join(os.path.abspath(sys.argv[1]), "tests", "inject")  # tests/confine/inject.c


class Browser:
    """One person's, at an address of its own."""

    def __init__(self, port, peer="127.0.0.1"):
        self.port, self.peer, self.cookies = port, peer, {}
        self.status, self.headers, self.body = 0, {}, ""

    def ask(self, method, path, form=None, kind="text/html"):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60,
                                       source_address=(self.peer, 0))
        headers = {"Accept": kind, "Accept-Language": "en",
                   "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        c.request(method, path, urllib.parse.urlencode(form or {}) if form is not None else None,
                  headers)
        r = c.getresponse()
        self.body = r.read().decode("utf-8", "replace")
        self.status, self.headers = r.status, r
        for line in r.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        c.close()
        return self

    def get(self, path):
        self.ask("GET", path)
        while self.status == 303:
            self.ask("GET", self.headers.getheader("Location"))
        return self

    def post(self, path, at=None, **form):
        """Send a form of the page that is shown (or of `at`)."""
        if at:
            self.get(at)
        found = re.search(r'name="csrf" value="([^"]*)"', self.main)
        self.ask("POST", path, {"csrf": found.group(1) if found else "", **form})
        while self.status == 303:
            self.ask("GET", self.headers.getheader("Location"))
        return self

    @property
    def main(self):
        """What the page itself says, for who reads a failed test."""
        return re.sub(r"(?s)^.*<main|</main>.*$", "", self.body)

    def leads_to(self):
        found = re.match(r"0; url=(\S+)$", self.headers.getheader("Refresh", ""))
        return found.group(1) if found else ""

    def over_there(self, url):
        """What the provider answers: the address that it sends us back to."""
        c = http.client.HTTPConnection(urllib.parse.urlsplit(url).netloc, timeout=60)
        c.request("GET", url[url.index("/", 8):])
        back = c.getresponse().getheader("Location") or ""
        c.close()
        return back[back.index("/login"):] if "/login" in back else back

    def waited(self):
        """Look until something else than waiting is shown; what it says, as data."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            self.ask("GET", "/login/oidc/wait", kind="application/json")
            said = json.loads(self.body)
            if said.get("at") != "wait":
                return said
            time.sleep(0.05)
        return {}

    def begin(self, path="/login/oidc", at="/login", **form):
        return self.post(path, at, **form).leads_to()

    def come_back(self, **kind):
        """Begin, log in over there, come back; what is said then."""
        self.ask("GET", self.over_there(self.begin(**kind)))
        return self.waited()


def digits(secret, step=0):
    counter = struct.pack(">Q", int(time.time()) // 30 + step)
    h = hmac.new(base64.b32decode(secret), counter, "sha1").digest()
    at = h[-1] & 15
    return f"{(struct.unpack('>I', h[at:at + 4])[0] & 0x7fffffff) % 1000000:06d}"


def tell(port, **what):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/set?{urllib.parse.urlencode(what)}",
                                timeout=10) as r:
        r.read()


def seen(port, at):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/seen", timeout=10) as r:
        return json.load(r).get(at, 0)


def account(stage, login, role="analyst"):
    out = stage.run("user", "add", "--company", "operator", "--login", login, "--name", login,
                    "--role", role, "--password-stdin", says=PASSWORD)
    return check(f"{login} is entered", out.returncode == 0, out.stderr)


def settle(b, login):
    """Log in with the password and set the app up; its secret."""
    b.post("/login", "/login", login=login, secret=PASSWORD)
    b.post("/second-factor/begin", "/second-factor")
    secret = re.sub(r"\s", "", re.search(r'class="secret"[^>]*>([A-Z2-7 ]+)<', b.main).group(1))
    b.post("/second-factor", digits=digits(secret, -1))
    return secret


def environment(portal, port, secret, client="mimamori"):
    return {"MIMAMORI_OIDC_ISSUER": f"http://127.0.0.1:{port}",
            "MIMAMORI_OIDC_LOOPBACK_HTTP": "on", "MIMAMORI_OIDC_CLIENT_ID": client,
            "MIMAMORI_OIDC_CLIENT_SECRET": "credential:oidc",
            "CREDENTIALS_DIRECTORY": secret,
            "MIMAMORI_OIDC_LABEL_EN": "Example ID",
            "MIMAMORI_OIDC_REDIRECT_URL": f"http://127.0.0.1:{portal}/login/oidc/callback"}


def provider(script, port, *args):
    child = subprocess.Popen(["node", os.path.join(os.path.dirname(__file__), script), str(port),
                              *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    child.said = child.stdout.readline().strip()
    return child


# What the provider does, and what is said of it.
LIES = [("nonce", "nonce"), ("aud", "aud"), ("azp", "azp"), ("iss", "iss"), ("nosub", "sub"),
        ("expired", "expired"), ("early", "early"), ("none", "alg"), ("hs256", "alg"),
        ("kid", "key"), ("signature", "signature"), ("discovery-iss", "provider"),
        ("plain-http", "provider"), ("file", "provider"), ("elsewhere-token", "code"),
        ("elsewhere-keys", "keys"), ("elsewhere-discovery", "provider"),
        ("nojson-token", "provider"), ("nojson-keys", "keys"), ("nojson-discovery", "provider"),
        ("huge-token", "away"), ("huge-keys", "away"), ("huge-discovery", "away")]


def tying(stage, port, b):
    check("the account page offers to tie", "/account/oidc" in b.get("/account").body, b.main)
    said = b.come_back(path="/account/oidc", at="/account")
    check("what was proven is not tied by looking at a page",
          said == {"at": "tie"} and stage.records("SELECT * FROM identity") == [], said)
    b.post("/login/oidc/wait", "/login/oidc/wait")
    check("but by a form", stage.records("SELECT company, subject FROM identity") == [(0, "u-1")],
          b.body)
    check("the account page tells it", "u-1" in b.get("/account").body, b.main)


def coming_in(port, secret, portal):
    for alg in ("RS256", "ES256", "EdDSA"):
        tell(port, alg=alg, rotate=1)
        b = Browser(portal)
        said = b.come_back()
        check(f"{alg} with keys that are new: the app's digits are asked for",
              said == {"at": "digits", "wrong_digits": False}, said)
    b.get("/login/oidc/wait").post("/login/oidc/wait", digits="000000")
    check("wrong digits do not open", b.status == 422 and "mm" not in b.cookies, b.main)
    b.post("/login/oidc/wait", digits=digits(secret))
    check("the right ones do", b.status == 200 and "mm" in b.cookies, b.main)
    check("the list of sessions says how", "with the provider" in b.get("/account").body, b.main)
    tell(port, amr="pwd mfa")
    other = Browser(portal)
    said = other.come_back()
    check("a provider that asked for several factors is enough", said.get("at") == "done" and
          other.get("/companies").status == 200, said)
    return b


def borders(stage, port, portal):
    """What belongs to another browser, another login, another time."""
    tell(port, amr="mfa")
    thief, guest = Browser(portal), Browser(portal)
    mine = thief.over_there(thief.begin())
    guest.begin()
    guest.ask("GET", mine)
    check("nobody is led into another's login", guest.status == 422 and
          "not begun in this browser" in guest.body and "mm" not in guest.cookies, guest.main)
    bare = Browser(portal).ask("GET", mine)
    check("nor without having begun", bare.status == 422 and "mm" not in bare.cookies, bare.main)
    thief.ask("GET", mine)
    check("the browser that began comes in", thief.waited().get("at") == "done")
    again = Browser(portal)
    again.begin()
    back = again.over_there(again.begin())
    again.ask("GET", back)
    kept = dict(again.cookies)
    again.waited()
    again.cookies = kept
    again.ask("GET", back)
    said = again.waited()
    check("a state that was used is used up", said.get("why") == "oidc.why.late", said)
    other = Browser(portal)
    there = other.over_there(other.begin())
    old = re.search(r"code=(\w+)", back).group(1)
    other.ask("GET", re.sub(r"code=\w+", "code=" + old, there))
    said = other.waited()
    check("a code that was used is refused", said.get("why") == "oidc.why.code", said)
    for query, why in (("error=access_denied", "called off"), ("error=server_error", "cannot be"),
                       ("code=x&iss=https%3A%2F%2Fother.example", "not come from our")):
        b = Browser(portal)
        state = re.search(r"state=([\w-]+)", b.begin()).group(1)
        b.ask("GET", f"/login/oidc/callback?state={state}&{query}")
        check(f"{query} is told", b.status == 422 and why in b.body, b.main)
    b = Browser(portal)
    b.begin()
    b.ask("GET", "/login/oidc/callback?state=wrong&code=x")
    check("a wrong state is refused", b.status == 422 and "not begun in this" in b.body, b.main)
    b = Browser(portal).ask("POST", "/login/oidc", {})
    check("beginning takes a form of ours", b.status == 403, b.status)


def strangers(stage, port, portal):
    tell(port, sub="u-9", amr="mfa")
    b = Browser(portal)
    said = b.come_back()
    check("somebody whom nobody has tied stays outside", said.get("why") == "oidc.why.stranger" and
          "mm" not in b.cookies, said)
    check("no account was made", stage.records("SELECT count(*) FROM user") ==
          [(2,)], stage.records("SELECT login FROM user"))
    check("the operator's log has it", stage.records(
        "SELECT text FROM audit WHERE action = 'login.stranger'") == [("u-9",)])


def lies(port, portal):
    for number, (mode, why) in enumerate(LIES):
        b = Browser(portal, f"127.0.0.{10 + number}")
        tell(port, amr="mfa")
        url = b.begin()
        tell(port, mode=mode, amr="mfa")
        b.ask("GET", b.over_there(url))
        said = b.waited()
        check(f"{mode}: {why}", said == {"at": "failed", "why": "oidc.why." + why} and
              "mm" not in b.cookies, said)
    tell(port, mode="good")
    check("nobody went where a provider led to", seen(port, "lured") == 0)


def walls(stage, pid):
    """What the program has no use for it cannot do."""
    other = free_port()  # neither the provider's nor 443
    probes = [f"read:{stage.state}/records.db", f"read:{stage.state}/key",
              f"write:{stage.state}/VERSION", "write:/tmp/mm-made", "exec:/bin/true",
              "socket:raw", "socket:packet", "code", "namespace", f"signal:{os.getpid()}"]
    if os.path.exists("/sys/kernel/security/landlock") or os.uname().release >= "6.7":
        probes.append(f"connect:{other}")
    if not os.path.exists(INJECT):
        print("# its walls were not tried: tests/inject was not built")
        return
    out = subprocess.run([INJECT, pid, *probes], capture_output=True, text=True, timeout=60,
                         check=False)
    if out.returncode == 77:
        print("# its walls were not tried: this user may not trace its own processes")
        return
    answers = dict(zip(probes, out.stdout.split()))
    through = {k: v for k, v in answers.items() if v not in ("-1", "-13")}
    check("and can do nothing else", len(answers) == len(probes) and not through,
          (through, out.stderr))


def slowness(stage, port, portal):
    """While the provider says nothing: who asks it has nothing of ours."""
    b = Browser(portal, "127.0.0.60")
    url = b.begin()
    tell(port, mode="slow-token")
    b.ask("GET", b.over_there(url))
    b.get("/login/oidc/wait")
    check("the page waits and looks again by itself", b.headers.getheader("Refresh", "") ==
          "1; url=/login/oidc/wait" and "being asked" in b.body, b.main)

    def helper():
        worker = str(stage.pid("worker"))
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path, encoding="utf-8") as f:
                    name, rest = f.read().split("(", 1)[1].rsplit(")", 1)
            except OSError:
                continue  # it has ended meanwhile
            if name == "mimamori-oidc" and rest.split()[1] == worker:
                return path.split("/")[2]
        return None

    stage.wait(helper, 10, "the program that asks")
    pid = helper()
    if check("a program of its own asks", pid is not None):
        with open(f"/proc/{pid}/status", encoding="utf-8") as f:
            status = f.read()
        check("locked in", "Seccomp:\t2" in status and "CapEff:\t0000000000000000" in status,
              status)
        walls(stage, pid)
        fds = [os.readlink(p) for p in glob.glob(f"/proc/{pid}/fd/*")]
        check("without a file of ours", not [
            x for x in fds if x.startswith(stage.state + "/") and x != stage.log.name], fds)
    said = b.waited()
    check("and gives up", said.get("why") == "oidc.why.away", said)
    tell(port, mode="good")


def passwords(stage, port, portal, b, secret):
    b.post("/account/password-login", "/account", to="off")
    check("the password is switched off", "switched off" in b.body, b.main)
    p = Browser(portal, "127.0.0.70").post("/login", "/login", login="helper", secret=PASSWORD)
    check("it does not open any more", p.status == 422 and "mm" not in p.cookies, p.main)
    tell(port, sub="u-1")
    p = Browser(portal)
    check("the provider does", p.come_back().get("at") == "digits")
    out = stage.run("user", "set", "helper", "--password-stdin", says="Nine green doors 3")
    check("on the machine a new one is set", out.returncode == 0, out.stderr)
    p = Browser(portal, "127.0.0.71")
    p.post("/login", "/login", login="helper", secret="Nine green doors 3")
    check("which opens again", "six digits" in p.body.lower() or "digits" in p.body, p.main)


def invitations(stage, port, portal):
    out = stage.run("user", "set", "guest", "--invite")
    code = re.search(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){3}", out.stdout)
    if not check("somebody is invited", out.returncode == 0 and code, out.stdout + out.stderr):
        return
    tell(port, sub="u-2", amr="mfa")
    b = Browser(portal)
    b.post("/welcome", "/welcome", code=code.group(0))
    check("and may come with the provider", "/welcome/oidc" in b.body, b.main)
    b.ask("GET", b.over_there(b.post("/welcome/oidc", code=code.group(0)).leads_to()))
    said = b.waited()
    check("the identity is tied, the door open", said.get("at") == "done" and stage.records(
        "SELECT u.login FROM identity i JOIN user u USING (user) WHERE subject = 'u-2'") ==
          [("guest",)] and b.get("/companies").status == 200, said)
    b = Browser(portal, "127.0.0.72")
    b.post("/welcome", "/welcome", code=code.group(0))
    check("once", b.status == 422, b.main)


def untying(stage, port, portal):
    tell(port, sub="u-1", amr="mfa")
    b, other = Browser(portal), Browser(portal)
    b.come_back()
    other.come_back()
    b.post("/account/oidc/end", "/account")
    check("untied", stage.records("SELECT count(*) FROM identity WHERE subject = 'u-1'") == [(0,)],
          b.body)
    check("what the identity had opened is shut", other.ask("GET", "/companies").status == 303)
    said = Browser(portal).come_back()
    check("and stays shut", said.get("why") == "oidc.why.stranger", said)


def crowd(port, portal):
    tell(port, mode="nonce")
    peer, statuses = "127.0.0.80", []
    for _ in range(21):
        b = Browser(portal, peer)
        b.ask("GET", b.over_there(b.begin()))
        statuses.append(b.status)
    check("an address that fails twenty times waits", statuses == [303] * 20 + [503], statuses)


def hostile():
    port, folder = free_port(), tempfile.mkdtemp(prefix="mm-oidc-")
    with open(os.path.join(folder, "oidc"), "w", encoding="utf-8",
              opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write("between us\n")
    child = provider("provider.mjs", port, "mimamori", "between us")
    stage = Stage(programs="worker portal")
    stage.env.update(environment(stage.portal, port, secret=folder))
    try:
        with stage:
            stage.wait(lambda: Browser(stage.portal).get("/login").status == 200, 20, "the portal")
            stage.wait(lambda: stage.records("SELECT * FROM provider"), 20, "the provider noted")
            account(stage, "helper")
            account(stage, "guest")
            check("the login page has its button", "Log in with Example ID" in
                  Browser(stage.portal).get("/login").body)
            b = Browser(stage.portal)
            secret = settle(b, "helper")
            tying(stage, port, b)
            b = coming_in(port, secret, stage.portal)
            borders(stage, port, stage.portal)
            strangers(stage, port, stage.portal)
            lies(port, stage.portal)
            slowness(stage, port, stage.portal)
            passwords(stage, port, stage.portal, b, secret)
            invitations(stage, port, stage.portal)
            untying(stage, port, stage.portal)
            crowd(port, stage.portal)
            child.kill()
            child.wait()
            said = Browser(stage.portal, "127.0.0.90")
            url = said.begin()
            state = re.search(r"state=([\w-]+)", url).group(1)
            said.ask("GET", f"/login/oidc/callback?state={state}&code=x")
            why = said.waited().get("why")
            check("a provider that is away is told", why == "oidc.why.away", why)
    finally:
        child.kill()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)


class Visitor:
    """A browser over at the certified provider: follows its pages and fills its forms in."""

    def __init__(self):
        self.jar = {}

    def ask(self, url, form=None):
        """Where it leads to, and the page."""
        at = urllib.parse.urlsplit(url)
        c = http.client.HTTPConnection(at.netloc, timeout=60)
        body = urllib.parse.urlencode(form) if form else None
        c.request("POST" if form else "GET", at.path + (f"?{at.query}" if at.query else ""), body,
                  {"Cookie": "; ".join(f"{k}={v}" for k, v in self.jar.items()),
                   **({"Content-Type": "application/x-www-form-urlencoded"} if form else {})})
        r = c.getresponse()
        text = r.read().decode("utf-8", "replace")
        for line in r.headers.get_all("Set-Cookie") or []:
            name, _, value = line.split(";")[0].partition("=")
            self.jar[name] = value
        c.close()
        to = r.getheader("Location")
        return urllib.parse.urljoin(url, to) if to else "", text

    def log_in(self, url, name):
        """To the address that sends people back to us."""
        for _ in range(12):
            to, page = self.ask(url)
            if not to:
                action = re.search(r'<form[^>]* action="([^"]+)"', page)
                prompt = re.search(r'name="prompt" value="(\w+)"', page)
                if not action or not prompt:
                    return page
                to, _ = self.ask(urllib.parse.urljoin(url, action.group(1)), {
                    "prompt": prompt.group(1), "login": name, "password": "any"})
            if "/login/oidc/callback" in to:
                return to[to.index("/login"):]
            url = to
        return url


def certified():
    """The same with a provider that is not ours, as it stands in package-lock.json."""
    port, folder = free_port(), tempfile.mkdtemp(prefix="mm-oidc-")
    with open(os.path.join(folder, "oidc"), "w", encoding="utf-8",
              opener=lambda p, f: os.open(p, f, 0o600)) as f:
        f.write("between+us%\n")
    stage = Stage(programs="worker portal")
    stage.env.update(environment(stage.portal, port, folder))
    child = provider("certified.mjs", port, "mimamori", "between+us%",
                     stage.env["MIMAMORI_OIDC_REDIRECT_URL"],
                     os.environ.get("MIMAMORI_NODE_MODULES") or
                     os.path.join(SOURCE, "node_modules"))
    try:
        if child.said != "ready":
            check("a certified provider # SKIP no oidc-provider in node_modules", True)
            return
        with stage:
            stage.wait(lambda: Browser(stage.portal).get("/login").status == 200, 20, "the portal")
            stage.wait(lambda: stage.records("SELECT * FROM provider"), 20, "the provider noted")
            account(stage, "helper")
            b = Browser(stage.portal)
            secret = settle(b, "helper")
            b.ask("GET", Visitor().log_in(b.begin("/account/oidc", "/account"), "hanako"))
            said = b.waited()
            check("certified: what it says of somebody is tied", said == {"at": "tie"}, said)
            b.post("/login/oidc/wait", "/login/oidc/wait")
            b = Browser(stage.portal)
            b.ask("GET", Visitor().log_in(b.begin(), "hanako"))
            said = b.waited()
            check("certified: it opens, with the app's digits", said.get("at") == "digits", said)
            b.get("/login/oidc/wait").post("/login/oidc/wait", digits=digits(secret))
            check("certified: and is in", b.get("/companies").status == 200 and
                  "mm" in b.cookies, b.main)
            b = Browser(stage.portal)
            b.ask("GET", Visitor().log_in(b.begin(), "somebody"))
            said = b.waited()
            check("certified: another of its people is not", said.get("why") ==
                  "oidc.why.stranger", said)
    finally:
        child.kill()
        child.wait()
        shutil.rmtree(folder, ignore_errors=True)


if shutil.which("node") is None:
    skip("no Node.js")
hostile()
certified()
done()
