"""container.py - what the Containerfile says, done step by step, and run as an engine would: as its
user, without a capability, on a root that cannot be written, with its state on a volume.

container.py SOURCE-DIR FOLDER-OF-PACKAGES SLIM-DEBIAN: the last is a directory that debootstrap
made, or a missing one. Needs root; no engine: namespaces of our own, network only in them.
"""
import atexit
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenarios"))
from bare import copy, make  # noqa: E402
from tap import check, done, skip  # noqa: E402

SOURCE, DEBS, SLIM = (os.path.abspath(a) for a in sys.argv[1:4])
STATE = "/var/lib/mimamori"
PATH = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
SECRET = "of the mail server"
# Of all that an engine gives: a process tree, devices of no hardware, room for temporary files.
ENTER = """set -e
mount --make-rprivate /
mount --bind {root} {root}
mount -t proc proc {root}/proc
mount -t tmpfs -o mode=755 dev {root}/dev
for d in null zero full random urandom; do
    touch {root}/dev/$d; mount --bind /dev/$d {root}/dev/$d
done
mount -t tmpfs -o mode=1777 tmp {root}/tmp
mount -t tmpfs -o mode=755 run {root}/run
install -d {root}/run/secrets
install -m 400 -o {uid} -g {uid} {secret} {root}/run/secrets/mail
mount --bind {volume} {root}{state}
mount -o remount,bind,ro {root}
ip link set lo up
exec chroot {root} setpriv --reuid {user} --regid {user} --clear-groups --bounding-set=-all \
    --inh-caps=-all --no-new-privs -- "$@"
"""


def instructions():
    """(word, rest) of each instruction of the file."""
    with open(os.path.join(SOURCE, "packaging", "Containerfile"), encoding="utf-8") as f:
        text = "".join(line for line in f if not line.lstrip().startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, re.sub(r"\s+", " ", rest.strip())


class Image:
    """What the instructions make."""

    def __init__(self):
        self.root = tempfile.mkdtemp(prefix="mm-image-")
        os.chmod(self.root, 0o755)
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)
        self.env, self.said, self.unknown = {}, {}, []
        for word, rest in instructions():
            do = getattr(self, "do_" + word.lower(), None)
            if do is not None:
                do(rest)
            elif word in ("USER", "VOLUME", "EXPOSE", "STOPSIGNAL"):
                self.said[word] = rest
            elif word in ("ENTRYPOINT", "CMD"):
                self.said[word] = json.loads(rest)
            elif word != "ARG":
                self.unknown.append(word)

    def do_from(self, _):
        copy(SLIM, self.root)

    def do_copy(self, rest):
        what, to = rest.split(" ")
        # `./dev package` may have put its packages elsewhere.
        files = glob.glob(os.path.join(DEBS, os.path.relpath(what, "build-package")))
        os.makedirs(self.root + to)
        for f in files:
            shutil.copy(f, self.root + to)
        names = sorted(os.path.basename(f).split("_")[0] for f in files)
        check(f"COPY {what}: the two packages, and nothing else",
              names == ["mimamori", "mimamori-libchdb"], files)

    def do_run(self, rest):
        out = subprocess.run(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c",
             f"mount -t proc proc {self.root}/proc && exec chroot {self.root} sh -c \"$1\"", "sh",
             rest], env={**PATH, "DEBIAN_FRONTEND": "noninteractive"}, capture_output=True,
            text=True, check=False, timeout=900)
        check("RUN: " + rest[:40] + "...", out.returncode == 0, out.stdout[-2000:] + out.stderr)

    def do_env(self, rest):
        self.env |= dict(pair.split("=", 1) for pair in rest.split(" "))

    def do_healthcheck(self, rest):
        self.said["HEALTHCHECK"] = json.loads(rest[rest.index("CMD ") + 4:])

    def uid(self):
        with open(self.root + "/etc/passwd", encoding="utf-8") as f:
            return next(int(x.split(":")[2]) for x in f if x.startswith(self.said["USER"] + ":"))

    def size(self):
        out = subprocess.run(["du", "-sm", self.root], capture_output=True, text=True, check=True)
        return int(out.stdout.split()[0])


class Container:
    """One run of it, on a volume that outlives it."""

    def __init__(self, image, volume, env):
        self.image, self.env = image, {**PATH, **image.env, **env}
        self.log = tempfile.NamedTemporaryFile("w+")
        secret = tempfile.NamedTemporaryFile("w")
        secret.write(SECRET + "\n")
        secret.flush()
        script = ENTER.format(root=image.root, volume=volume, state=image.said["VOLUME"],
                              user=image.said["USER"], uid=image.uid(), secret=secret.name)
        self.outer = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--net", "--ipc", "--uts",
             "sh", "-c", script, "sh", *image.said["ENTRYPOINT"], *image.said["CMD"]],
            env=self.env, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        atexit.register(self.end)
        self.wait(lambda: self.first() and self.ready(), 60)
        secret.close()

    def first(self):
        """Number 1 of the container, as we see it."""
        with open(f"/proc/{self.outer.pid}/task/{self.outer.pid}/children", encoding="ascii") as f:
            return f.read().split()[0]

    def inside(self, *command):
        """As an engine's exec does it: same user, same walls."""
        user = self.image.said["USER"]
        return subprocess.run(
            ["nsenter", "-t", self.first(), "-m", "-p", "-n", "-i", "chroot", self.image.root,
             "setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--bounding-set=-all",
             "--inh-caps=-all", "--no-new-privs", "--", *command],
            env=self.env, capture_output=True, text=True, check=False, timeout=60)

    def page(self):
        return subprocess.run(
            ["nsenter", "-t", self.first(), "-n", "curl", "-sk", "-o", "/dev/null", "-w",
             "%{http_code}", "https://127.0.0.1:8443/login"], capture_output=True, text=True,
            check=False, timeout=60).stdout

    def healthy(self):
        return self.inside(*self.image.said["HEALTHCHECK"]).returncode == 0

    def ready(self):
        return "serve: ready" in self.said() and self.page() == "200"

    def wait(self, condition, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.outer.poll() is None:
            try:
                if condition():
                    return True
            except (OSError, IndexError):
                pass
            time.sleep(0.1)
        return False

    def said(self):
        with open(self.log.name, encoding="utf-8", errors="replace") as f:
            return f.read()

    def processes(self):
        """status of each process in it."""
        found = []
        space = os.readlink(f"/proc/{self.first()}/ns/pid")
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == space:
                    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
                        found.append({"pid": int(pid), **{
                            k: v.strip() for k, _, v in (x.partition(":") for x in f)}})
            except OSError:
                pass
        return found

    def stop(self):
        """What `podman stop` does; the seconds it took and how it ended."""
        began = time.monotonic()
        os.kill(int(self.first()), getattr(signal, self.image.said["STOPSIGNAL"]))
        try:
            return self.outer.wait(20), time.monotonic() - began
        except subprocess.TimeoutExpired:
            return None, 20

    def end(self):
        if self.outer.poll() is None:
            self.outer.kill()  # --kill-child ends what is in it
            self.outer.wait()


def built():
    image = Image()
    check("no instruction is there that was not done", not image.unknown, image.unknown)
    left = [p for p in ("/packages", "/var/lib/apt/lists/auxfiles", "/var/log/dpkg.log")
            if os.path.exists(image.root + p)]
    check(f"what was only needed to build it is gone ({image.size()} MB)", not left, left)
    st = os.stat(image.root + STATE)
    check("the volume's place is the user's, and nobody else's",
          (st.st_uid, st.st_mode & 0o777) == (image.uid(), 0o700) and image.uid() != 0,
          (st.st_uid, oct(st.st_mode)))
    return image


def runs(c):
    check("it gets ready, and the pages answer", c.ready(), c.said()[-3000:])
    check("its health check says that it is well", c.wait(c.healthy, 30), c.said()[-2000:])
    odd = [x for x in c.said().splitlines() if "cannot bound" in x or "lock itself" in x]
    check("every program is behind its walls", not odd, odd)
    uid = str(c.image.uid())
    loose = [p for p in c.processes() if p["Uid"].split()[0] != uid or
             any(int(p[k], 16) for k in ("CapEff", "CapPrm", "CapBnd", "CapAmb"))]
    check("all its processes are the user's, without a capability",
          not loose and len(c.processes()) >= 7, [(p["Name"], p["Uid"]) for p in loose])


def survives(c):
    intake = next(p for p in c.processes() if p["Name"] == "mimamori-intake")
    os.kill(intake["pid"], signal.SIGKILL)
    check("a program that died is started again, and nothing stays of it", c.wait(
        lambda: {"mimamori-intake"} <= {p["Name"] for p in c.processes() if
                                        p["pid"] != intake["pid"]} and
        not any(p["State"].startswith("Z") for p in c.processes()) and c.healthy(), 30),
        [(p["Name"], p["State"]) for p in c.processes()])


def main():
    if os.geteuid() != 0:
        skip("needs root")
    if subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"], check=False,
                      capture_output=True).returncode != 0:
        skip("no namespaces")
    make(SLIM)
    image = built()
    volume = tempfile.mkdtemp(prefix="mm-volume-")
    atexit.register(shutil.rmtree, volume, ignore_errors=True)
    os.chown(volume, image.uid(), image.uid())
    secret = {"MIMAMORI_MAIL_URL": "smtp://127.0.0.1:25", "MIMAMORI_MAIL_USER": "mimamori",
              "MIMAMORI_MAIL_PASSWORD": "credential:mail"}
    c = Container(image, volume, secret)
    runs(c)
    made = c.inside("mimamori", "company", "add", "--code", "example", "--name", "Example Ltd.")
    check("a command in it works", made.returncode == 0, made.stdout + made.stderr)
    survives(c)
    code, took = c.stop()
    check(f"asked to stop it ends in order, in {took:.1f} s", code == 0 and took < 10,
          (code, c.said()[-2000:]))
    c = Container(image, volume, {**secret, "MIMAMORI_MAIL_PASSWORD": "credential:none"})
    c.wait(lambda: False, 5)
    check("a secret that the engine does not hand over: nothing starts, and what lacks is told",
          c.outer.poll() not in (None, 0) and "mail.password" in c.said() and
          SECRET not in c.said(), c.said()[-2000:])
    c = Container(image, volume, {})
    check("on the same volume it goes on", c.ready() and
          "Example Ltd." in c.inside("mimamori", "company", "list").stdout, c.said()[-2000:])
    c.stop()
    done()


main()
