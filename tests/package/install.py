"""install.py - the packages on a bare Debian 12 with systemd: those before them installed, run,
upgraded to these, killed, removed, installed again, purged, installed afresh. The machine is a
directory that systemd-nspawn boots; it shares our network.

install.py FOLDER-OF-PACKAGES FOLDER-OF-THOSE-BEFORE BARE-DEBIAN: the last is a directory that
debootstrap made, or a missing one, which is made from this machine's own sources. Needs root.
"""
import atexit
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from bare import copy, make  # noqa: E402
from tap import check, done, skip  # noqa: E402

DEBS, BEFORE, BARE = (os.path.abspath(a) for a in sys.argv[1:4])
STATE, CONF = "/var/lib/mimamori", "/etc/mimamori/mimamori.conf"
EXPOSURE_MAX = 2.0
# Its own addresses, on a network that it shares; one below 1024.
PORTS = {"PORTAL_LISTEN": 18443, "INTAKE_TCP": 514, "INTAKE_HTTP": 18514}
ENV = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
       "DEBIAN_FRONTEND": "noninteractive"}


class Machine:
    """A copy of the bare one, booted."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="mm-debian-")
        atexit.register(self.end)
        self.nspawn = None
        copy(BARE, self.root)
        folder = self.root + "/etc/systemd/system/mimamori.service.d"
        os.makedirs(folder)
        with open(folder + "/test.conf", "w", encoding="ascii") as f:
            f.write("[Service]\n" + "".join(f"Environment=MIMAMORI_{k}=127.0.0.1:{v}\n"
                                            for k, v in PORTS.items()))
        self.before = self.files()
        for folder, to in ((DEBS, "/packages/now"), (BEFORE, "/packages/before")):
            os.makedirs(self.root + to)
            for deb in glob.glob(folder + "/*.deb"):
                shutil.copy(deb, self.root + to)

    def boot(self):
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "-q", "-D", self.root, "-b", "--register=no", "--keep-unit",
             # Its own filter, unlike that of a machine, does not know landlock.
             "--system-call-filter=landlock_create_ruleset landlock_add_rule "
             "landlock_restrict_self",
             "--console=pipe", "--machine", os.path.basename(self.root)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.wait(lambda: self.run("systemctl", "is-system-running").stdout.strip()
                         in ("running", "degraded"), 60)

    def init(self):
        """The number of its first process, as we see it."""
        path = f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children"
        with open(path, encoding="ascii") as f:
            return f.read().split()[0]

    def wait(self, condition, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                if condition():
                    return True
            except (OSError, IndexError):
                pass
            time.sleep(0.2)
        return False

    def run(self, *args):
        return subprocess.run(["nsenter", "-t", self.init(), "-m", "-p", "-u", "-i", *args],
                              env=ENV, capture_output=True, text=True, check=False, timeout=900)

    def install(self, which):
        names = [p[len(self.root):] for p in glob.glob(f"{self.root}/packages/{which}/*.deb")]
        return self.run("apt-get", "install", "-y", "--no-install-recommends", "procps", *names)

    def drop_in(self, name, text):
        with open(f"{self.root}/etc/systemd/system/mimamori.service.d/{name}.conf", "w",
                  encoding="ascii") as f:
            f.write("[Service]\n" + text)
        self.run("systemctl", "daemon-reload")

    def user(self, *args):
        return self.run("runuser", "-u", "mimamori", "--", "mimamori", *args)

    def active(self):
        return self.run("systemctl", "is-active", "mimamori").stdout.strip() == "active"

    def pid(self):
        return self.run("systemctl", "show", "-P", "MainPID", "mimamori").stdout.strip()

    def journal(self):
        return self.run("journalctl", "-u", "mimamori", "--no-pager", "-o", "cat").stdout

    def files(self):
        """Every name but those that dpkg, apt and the system write as they go."""
        skipped = re.compile(r"^/(proc|sys|dev|tmp|run|packages|var/(cache|log|lib/(dpkg|apt|"
                             r"systemd))|etc/((passwd|group|shadow|gshadow)-?|"
                             r"systemd/system/mimamori.service.d))$")
        found = set()
        for at, folders, names in os.walk(self.root):
            here = at[len(self.root):]
            folders[:] = [d for d in folders if not skipped.match(f"{here}/{d}")]
            found |= {f"{here}/{n}" for n in names + folders if not skipped.match(f"{here}/{n}")}
        return found

    def end(self):
        if self.nspawn is not None and self.nspawn.poll() is None:
            self.nspawn.terminate()  # an orderly shutdown
            try:
                self.nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()
        shutil.rmtree(self.root, ignore_errors=True)


def page():
    url = f"https://127.0.0.1:{PORTS['PORTAL_LISTEN']}/login"
    return subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", url],
                          capture_output=True, text=True, check=False).stdout


def works(m, when):
    check(f"{when}: the service is ready, as it told systemd", m.active(), m.journal()[-3000:])
    check(f"{when}: the pages answer", page() == "200", page())
    said = [x for x in m.journal().splitlines() if "cannot bound" in x or "lock itself" in x]
    check(f"{when}: every program is behind its walls", not said, said)
    owners = m.run("ps", "-C", "mimamori-serve,mimamori-intake,mimamori-engine,mimamori-eventd,"
                   "mimamori-portal,mimamori-worker,mm-shards", "-o", "user=,comm=").stdout
    running = [x.split() for x in owners.splitlines()]
    check(f"{when}: all programs run as the user mimamori", len(running) >= 7 and
          all(x[0] == "mimamori" for x in running), owners)


def exposure(m):
    out = m.run("systemd-analyze", "security", "mimamori.service", "--no-pager").stdout
    found = re.search(r"exposure level for \S+: ([0-9.]+)", out)
    level = float(found.group(1)) if found else None
    check(f"the running service has an exposure of {level}, at most {EXPOSURE_MAX}",
          level is not None and level <= EXPOSURE_MAX, out[-2000:])


def survives(m):
    first = m.pid()
    m.run("kill", "-KILL", first)
    check("killed, it is started again by systemd and gets ready",
          m.wait(lambda: m.pid() not in ("0", first) and m.active() and page() == "200", 60),
          m.journal()[-2000:])
    out = m.run("systemctl", "reload", "mimamori")
    check("a reload reads the settings and ends nothing", out.returncode == 0 and m.active(),
          out.stderr)


def version(m):
    return m.run("dpkg-query", "-W", "-f", "${Version}", "mimamori").stdout


def upgraded(m):
    with open(m.root + CONF, "a", encoding="utf-8") as f:
        f.write("portal.desk_hours = 9-17\n")
    before, old = m.pid(), version(m)
    out = m.install("now")
    check(f"an upgrade from {old} to {version(m)} installs and starts the new programs",
          out.returncode == 0 and m.wait(m.active, 60) and m.pid() != before and
          version(m) != old, out.stdout + out.stderr + m.journal()[-2000:])
    with open(m.root + CONF, encoding="utf-8") as f:
        check("settings of the operator are kept", "9-17" in f.read())
    works(m, "upgraded")
    check("what was there is there", "Example Ltd." in m.user("company", "list").stdout)


def credential(m):
    """As systemd hands it over: owner and mode are its choice."""
    with open(m.root + "/etc/mimamori/mail", "w", encoding="ascii") as f:
        f.write("of the mail server\n")
    os.chmod(m.root + "/etc/mimamori/mail", 0o600)
    m.drop_in("credential", "LoadCredential=mail:/etc/mimamori/mail\n"
              "Environment=MIMAMORI_MAIL_URL=smtp://127.0.0.1:25 MIMAMORI_MAIL_USER=mimamori "
              "MIMAMORI_MAIL_PASSWORD=credential:mail\n")
    m.run("systemctl", "restart", "mimamori")
    check("a secret that only root reads comes as a credential", m.wait(
        lambda: m.active() and m.user("status", "--ready").returncode == 0, 60),
        m.journal()[-2000:])
    os.unlink(m.root + "/etc/mimamori/mail")
    m.drop_in("credential", "")


def taken_away(m):
    out = m.run("apt-get", "remove", "-y", "mimamori")
    left = m.run("pgrep", "-u", "mimamori").stdout
    check("removed: nothing runs, state and settings stay", out.returncode == 0 and left == "" and
          os.path.exists(m.root + STATE + "/records.db") and os.path.exists(m.root + CONF),
          out.stdout + out.stderr + left)
    out = m.install("now")
    check("installed again it goes on with what stayed", out.returncode == 0 and m.wait(
        m.active, 60) and "Example Ltd." in m.user("company", "list").stdout,
        out.stdout + out.stderr)
    purged(m, "purged")


def purged(m, when):
    out = m.run("apt-get", "purge", "-y", "mimamori", "mimamori-libchdb")
    left = {n for n in m.files() - m.before if "mimamori" in n or "chdb" in n}
    check(f"{when}: nothing of it is left", out.returncode == 0 and not left, left or out.stderr)
    audit = m.run("dpkg", "--audit").stdout
    failed = m.run("systemctl", "--failed", "--plain", "--no-legend").stdout
    check(f"{when}: neither dpkg nor systemd has anything to complain of", audit == "" and
          "mimamori" not in failed, audit + failed)


def afresh(m):
    out = m.install("now")
    check("these packages install where nothing was", out.returncode == 0, out.stdout + out.stderr)
    check("the settings that come with them are good",
          m.run("mimamori", "config", "check", CONF).returncode == 0)
    works(m, "afresh")
    check("nothing of what was purged is there", m.user("company", "list").returncode == 0 and
          "Example Ltd." not in m.user("company", "list").stdout)
    purged(m, "purged again")


def main():
    if os.geteuid() != 0:
        skip("needs root")
    if shutil.which("systemd-nspawn") is None:
        skip("no systemd-nspawn")
    make(BARE, "systemd-sysv", "ca-certificates")
    m = Machine()
    if not check("a bare Debian 12 boots", m.boot()):
        done()
    m.run("apt-get", "update")
    out = m.install("before")
    check("the packages before these install", out.returncode == 0, out.stdout + out.stderr)
    works(m, "before")
    made = m.user("company", "add", "--code", "example", "--name", "Example Ltd.")
    check("a command on the records works as that user", made.returncode == 0,
          made.stdout + made.stderr)
    upgraded(m)
    exposure(m)
    survives(m)
    credential(m)
    taken_away(m)
    afresh(m)
    done()


main()
