"""bare.py - a bare Debian 12 in a directory, from this machine's own sources, naming none."""
import os
import shutil
import subprocess


def own_source():
    text = subprocess.run(["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)"],
                          capture_output=True, text=True, check=True).stdout
    for line in text.splitlines():
        release, uri = line.split()[:2]
        if release == "bookworm":
            return uri
    raise SystemExit("this machine has no source of bookworm")


def make(at, *packages):
    """With these packages; left as it is when it was made before."""
    whole = at + ".whole"
    if os.path.exists(whole):
        return
    shutil.rmtree(at, ignore_errors=True)
    more = ["--include=" + ",".join(packages)] if packages else []
    subprocess.run(["debootstrap", "--variant=minbase", *more, "bookworm", at, own_source()],
                   check=True, stdout=subprocess.DEVNULL)
    with open(whole, "w", encoding="ascii"):
        pass


def copy(bare, to):
    """A copy that takes packages from where we do."""
    subprocess.run(["cp", "-a", bare + "/.", to], check=True)
    for what in ("sources.list", "sources.list.d", "apt.conf.d", "trusted.gpg.d", "auth.conf.d"):
        have = "/etc/apt/" + what
        if os.path.isdir(have):
            shutil.copytree(have, to + have, dirs_exist_ok=True)
        elif os.path.exists(have):
            shutil.copy(have, to + have)
