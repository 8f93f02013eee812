"""./dev installs what is missing and nothing else, as root or through sudo, and says so.

The script runs on a copy, with programs of the test's own in PATH that write down how they were
called: nothing is installed.
"""

import pathlib
import shutil
import subprocess
import tempfile

import tree as source

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = "build:\nalpha\nnodejs node\n\n# talk\nrun:\nbeta\nalpha\n\ntest:\ngamma\n"
# What the script itself needs of the real machine.
TOOLS = "sh awk sort tr cat printf dirname mkdir rm cp cmp find env grep sed".split()
FAKES = {
    "dpkg-query": 'for p; do :; done\ncase " $INSTALLED " in *" $p "*) printf "installed ";; '
                  '*) exit 1;; esac',
    "id": 'echo "$MY_ID"',
    "apt-get": 'echo "apt-get $*" >>"$CALLS"',
    "npm": 'echo "npm $*" >>"$CALLS"; mkdir -p node_modules',
    "meson": 'echo "meson $*" >>"$CALLS"; [ "$1" != setup ] || { mkdir -p build build-fuzz; '
             'echo lchdb >build/build.ninja; }',
    "ninja": 'echo "ninja $*" >>"$CALLS"',
    "python3": "exit 0",
}


class Machine:
    """A folder with the script and a PATH of fakes."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.calls = self.folder / "calls"
        (self.folder / "bin").mkdir()
        (self.folder / "src").mkdir()
        (self.folder / "tests").mkdir()
        (self.folder / "tools").mkdir()
        shutil.copy(ROOT / "dev", self.folder / "dev")
        (self.folder / "packages.txt").write_text(PACKAGES)
        (self.folder / "package-lock.json").write_text("{}\n")
        for tool in TOOLS:
            (self.folder / "bin" / tool).symlink_to(shutil.which(tool))
        for name, body in FAKES.items():
            self.add(name, body)

    def add(self, name, body):
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def run(self, *arguments, installed="", uid=0):
        """(exit status, output, calls) of ./dev."""
        self.calls.write_text("")
        done = subprocess.run(
            [self.folder / "dev", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, check=False, env={"PATH": str(self.folder / "bin"), "INSTALLED": installed,
                                         "MY_ID": str(uid), "CALLS": str(self.calls)})
        return done.returncode, done.stdout, self.calls.read_text().splitlines()


def on_machine(test):
    def case():
        with tempfile.TemporaryDirectory() as folder:
            test(Machine(folder))
    case.__name__ = test.__name__
    return case


def installs(calls):
    """Packages handed to apt-get install."""
    words = [c.split() for c in calls if c.startswith("apt-get install")]
    return [w for call in words for w in call[2:] if not w.startswith("-")]


@on_machine
def dev_installs_only_what_is_missing(machine):
    status, out, calls = machine.run("build", installed="alpha")
    assert status == 0, out
    assert installs(calls) == ["nodejs"], calls
    assert "installing Debian packages: nodejs" in out, out
    assert calls[0].startswith("apt-get update"), calls


@on_machine
def dev_asks_apt_nothing_when_nothing_is_missing(machine):
    status, _, calls = machine.run("build", installed="alpha nodejs")
    assert status == 0 and not any("apt-get" in c for c in calls), calls


@on_machine
def dev_leaves_a_command_alone_that_is_already_there(machine):
    machine.add("node", "exit 0")
    _, _, calls = machine.run("build", installed="")
    assert installs(calls) == ["alpha"], calls


@on_machine
def dev_installs_through_sudo_when_it_is_not_root(machine):
    machine.add("sudo", 'echo "sudo $*" >>"$CALLS"; exec "$@"')
    status, _, calls = machine.run("build", uid=1000)
    assert status == 0 and calls[0].startswith("sudo apt-get update"), calls
    assert installs(calls) == ["alpha", "nodejs"], calls


@on_machine
def dev_names_what_is_missing_when_it_may_not_install(machine):
    status, out, calls = machine.run("build", uid=1000)
    assert status == 1 and not calls, (status, calls)
    assert "Neither root nor sudo" in out and "apt-get install alpha nodejs" in out, out


@on_machine
def dev_stops_when_an_installation_fails(machine):
    machine.add("apt-get", '[ "$1" = update ]')
    status, out, calls = machine.run("build")
    assert status == 1 and "apt-get install failed" in out, out
    assert not any(c.startswith("meson") for c in calls), calls


@on_machine
def dev_installs_npm_packages_once_and_again_when_the_lock_changes(machine):
    have = "alpha nodejs"
    assert any(c.startswith("npm ci") for c in machine.run("build", installed=have)[2])
    assert not any(c.startswith("npm") for c in machine.run("build", installed=have)[2])
    (machine.folder / "package-lock.json").write_text('{"a": 1}\n')
    assert any(c.startswith("npm ci") for c in machine.run("build", installed=have)[2])


@on_machine
def dev_configures_again_when_a_folder_joins(machine):
    have = "alpha nodejs"
    assert any(c.startswith("meson setup build") for c in machine.run("build", installed=have)[2])
    assert not any(c.startswith("meson") for c in machine.run("build", installed=have)[2])
    (machine.folder / "src/new").mkdir()
    (machine.folder / "src/new/meson.build").write_text("")
    calls = machine.run("build", installed=have)[2]
    assert any(c.startswith("meson setup --reconfigure") for c in calls), calls


@on_machine
def dev_configures_again_when_a_build_has_no_libchdb(machine):
    have = "alpha nodejs"
    machine.run("build", installed=have)
    (machine.folder / "build/build.ninja").write_text("configured without it\n")
    calls = machine.run("build", installed=have)[2]
    assert any(c.startswith("meson setup --reconfigure") for c in calls), calls


@on_machine
def dev_fuzzes_all_targets_and_names_those_that_fail(machine):
    have = "alpha nodejs gamma"
    status, out, _ = machine.run("fuzz", "all", "7", installed=have)
    assert status == 1 and "no fuzz target was built" in out, out
    place = machine.folder / "build-fuzz/src"
    place.mkdir(parents=True)
    for name, body in (("good", 'echo "$*" >&2; echo "stat::number_of_executed_units: 42"'),
                       ("bad", "echo crashed; exit 77")):
        (place / f"fuzz-{name}").write_text(f"#!/bin/sh\n{body}\n")
        (place / f"fuzz-{name}").chmod(0o755)
    status, out, _ = machine.run("fuzz", "all", "7", installed=have)
    assert status == 1 and "of 2 targets failed: bad" in out and "good: 42 runs" in out, out
    assert "-max_total_time=7" in (machine.folder / "build-fuzz/good.log").read_text()
    (place / "fuzz-bad").unlink()
    status, out, _ = machine.run("fuzz", "all", installed=have)
    assert status == 0 and "1 targets, 20 s each: nothing found" in out, out


@on_machine
def dev_refuses_what_it_does_not_know(machine):
    for arguments in (["deploy"], ["test", "everything"]):
        status, out, calls = machine.run(*arguments, installed="alpha nodejs beta gamma")
        assert status == 1 and "no such" in out and not calls, (arguments, out, calls)
    assert machine.run("help")[0] == 0


def dev_lists_packages_in_order_and_once():
    sections, name = {}, None
    for line in (ROOT / "packages.txt").read_text().splitlines():
        if line.endswith(":"):
            name = line[:-1]
        elif line and not line.startswith("#"):
            sections.setdefault(name, []).append(line.split()[0])
    assert set(sections) == {"attack", "build", "package", "run", "test"}, sections
    for name, packages in sections.items():
        assert packages == sorted(set(packages)), f"{name}: not sorted, or one twice"


if __name__ == "__main__":
    source.self_test([(n, f) for n, f in list(globals().items()) if n.startswith("dev_")])
