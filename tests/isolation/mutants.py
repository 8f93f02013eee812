"""mutants.py - take each check of the company out of the program: a test has to turn red.

Run: mutants.py BUILD-DIR SOURCE-DIR [NAME...]. TAP, a line a mutant. `./dev test isolation` does.

The sources are copied to build-mutants, every check below becomes `mm_mutant("name") ? without :
with`, all is built once, and then tests run with one mutant switched on, until one is red. Checks
stand in two lists: PATCHES are written by hand; CALLS are found, each place where a page narrows
itself to a company or reads under who asks, and each where a number of a company goes to the store
of events. The SQL of both stores is statements.py's part, and in every `./dev test`. A text that is
not found any more ends the run: what has moved must be found again. A mutant that survives is a
fault of the tests, or shows a check that does nothing.
"""
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from isolation import Fault, Tester  # noqa: E402
from world import B, World  # noqa: E402

RECORDS = "src/store/records/"
PORTAL = "src/web/portal/"
# file, text as it stands, text with the mutant
PATCHES = [
    (RECORDS + "tx.c", "table, table, shown[tx->kind]",
     'table, table, (mm_mutant("view.one") && tx->kind == MM_TX_ONE) || (mm_mutant("view.many") && '
     'tx->kind == MM_TX_MANY) || (mm_mutant("view.writer") && tx->kind == MM_TX_WRITER) ? "1" : '
     "shown[tx->kind]"),
    (RECORDS + "tx.c", "guards[i].verb, table, guards[i].when",
     'guards[i].verb, table, (mm_mutant("guard.insert") && i == 0) || (mm_mutant("guard.update") '
     '&& i == 1) || (mm_mutant("guard.delete") && i == 2) ? "0" : guards[i].when'),
    (RECORDS + "tx.c", "code = make_parent_guards(tx, tx->owned[i]);",
     'code = mm_mutant("guard.parent") ? MM_OK : make_parent_guards(tx, tx->owned[i]);'),
    (RECORDS + "tx.c", "mm_scope_sees(tx->scope, (uint32_t)value);",
     '(mm_mutant("sees") || mm_scope_sees(tx->scope, (uint32_t)value));'),
    # What compiles is looked at, and the text: today the second alone refuses as much as both.
    (RECORDS + "tx.c", "return j->direct ||",
     'return (!mm_mutant("judge.both") && j->direct) ||'),
    (RECORDS + "tx.c", 'words(stmt->sql, "main") != 0',
     '(!mm_mutant("judge.main") && !mm_mutant("judge.both") && words(stmt->sql, "main") != 0)'),
    (RECORDS + "tx.c", 'mm_db_param(st, ":company") == 0 ?',
     '!mm_mutant("judge.company") && mm_db_param(st, ":company") == 0 ?'),
    (RECORDS + "tx.c", "if (strncmp(stmt->sql, AGGREGATE_START",
     'if (!mm_mutant("judge.aggregate") && strncmp(stmt->sql, AGGREGATE_START'),
    (RECORDS + "query.c", "if (stmt->kind == MM_STMT_SYSTEM && !tx->elevated",
     'if (!mm_mutant("allowed.system") && stmt->kind == MM_STMT_SYSTEM && !tx->elevated'),
    (RECORDS + "query.c", "if (kind == MM_SCOPE_PROGRAMME && !tx->elevated",
     'if (!mm_mutant("allowed.programme") && kind == MM_SCOPE_PROGRAMME && !tx->elevated'),
    (RECORDS + "query.c", "mm_db_int(q->st->db, 0) >= MM_SCOPE_COHORT_MIN",
     '(mm_mutant("cohort.least") || mm_db_int(q->st->db, 0) >= MM_SCOPE_COHORT_MIN)'),
    (RECORDS + "scope.c", "return scope->company == company;",
     'return mm_mutant("scope.one") || scope->company == company;'),
    (RECORDS + "scope.c", "if (scope->all)", 'if (scope->all || mm_mutant("scope.set"))'),
    (RECORDS + "scope.c", "!mm_scope_sees(scope, company))",
     '(!mm_mutant("narrow.sees") && !mm_scope_sees(scope, company)))'),
    (RECORDS + "scope.c", "if (checked(scope)->kind == MM_SCOPE_PROGRAMME ||",
     'if ((!mm_mutant("narrow.programme") && checked(scope)->kind == MM_SCOPE_PROGRAMME) ||'),
    ("src/register/auth.c", "if (role->place == MM_PLACE_PERSON ||",
     'if ((role->place == MM_PLACE_PERSON && !mm_mutant("auth.person")) ||'),
    ("src/register/auth.c", "        spec.company = w->s.company;",
     '        spec.company = mm_mutant("auth.company") ? 2 : w->s.company;'),
    ("src/register/auth.c", "        if (w->programme != 0)",
     '        if (w->programme != 0 && !mm_mutant("auth.programme"))'),
    ("src/register/auth.c", 'mm_q_int(&q, ":programme", programme);',
     'mm_q_int(&q, ":programme", mm_mutant("auth.members") ? 2 : programme);'),
    ("src/register/auth.c", "            spec.kind = MM_SCOPE_PROGRAMME;",
     '            spec.kind = mm_mutant("auth.owner") ? MM_SCOPE_OPERATOR : MM_SCOPE_PROGRAMME;'),
    (PORTAL + "live_page.c", "mm_records_read(l->records, l->scope, &tx)",
     'mm_records_read(l->records, mm_mutant("live") ? mm_mutant_all() : l->scope, &tx)'),
    (PORTAL + "programme_page.c", 'mm_q_int(q, ":only", own);',
     'mm_q_int(q, ":only", mm_mutant("programme.only") ? 0 : own);'),
    (PORTAL + "readable_page.c",
     "return mm_scope_sees(m->p->me.scope, MM_COMPANY_OPERATOR);",
     'return mm_mutant("format.base") || mm_scope_sees(m->p->me.scope, MM_COMPANY_OPERATOR);'),
    ("src/store/events/narrow.c", '"WHERE company = {company:UInt32} AND form = %u",',
     '"WHERE %s AND form = %u", mm_mutant("sieve.company") ? "{company:UInt32} = {company:UInt32}" '
     ': "company = {company:UInt32}",'),
    ("src/store/events/search.c", '" FROM events WHERE company = {company:UInt32}"',
     'mm_mutant("search.company") ? " FROM events WHERE {company:UInt32} = {company:UInt32}" : '
     '" FROM events WHERE company = {company:UInt32}"'),
    ("src/tailor/write.c", "!mm_scope_sees(mm_tx_scope(tx), company))",
     '(!mm_mutant("tailor.of") && !mm_scope_sees(mm_tx_scope(tx), company)))'),
    ("src/detect/match.c", "meant = f->company[mid] == m->ev->company;",
     'meant = mm_mutant("filter.company") || f->company[mid] == m->ev->company;'),
    ("src/detect/adjust.c", "a->company[lo] == company;",
     '(mm_mutant("adjust.company") || a->company[lo] == company);'),
    ("src/app/search.c", "struct mm_search_request r = {.company = company,",
     'struct mm_search_request r = {.company = mm_mutant("search.command") ? 2 : company,'),
    ("src/app/nouns.c", "*ret = mm_system_company(hold, company);",
     '*ret = mm_system_company(hold, mm_mutant("nouns.command") ? 2 : company);'),
    ("src/app/audit.c", "mm_system_company(hold, company), ret);",
     'mm_system_company(hold, mm_mutant("audit.command") ? 2 : company), ret);'),
    ("src/app/unread.c", "mm_system_company(hold, company), ret)",
     'mm_system_company(hold, mm_mutant("unread.command") ? 2 : company), ret)'),
]
# What every page calls, and what it calls in a mutant instead.
CALLS = {"mm_page_company(p)": "mm_mutant_company(p)", "mm_page_read(p)": "mm_mutant_read(p)",
         "mm_page_read(s->p)": "mm_mutant_read(s->p)"}
BEYOND = """
enum mm_code mm_mutant_company(struct mm_page *p)
{
    const struct mm_scope *own = p->me.scope;
    enum mm_code code;

    p->me.scope = mm_system_scope();
    code = mm_page_company(p);
    p->me.scope = own;
    return code;
}

const struct mm_scope *mm_mutant_all(void)
{
    return mm_system_scope();
}

enum mm_code mm_mutant_read(struct mm_page *p)
{
    return mm_records_read(p->portal->cfg.records, mm_system_scope(), &p->tx);
}
"""
DECLARED = """
enum mm_code mm_mutant_company(struct mm_page *p);
enum mm_code mm_mutant_read(struct mm_page *p);
const struct mm_scope *mm_mutant_all(void);
"""
# {"company", mm_events_u64(NUMBER, ...)} in these folders: the store is asked for B's.
PARAMETER = re.compile(r'(\{"company", mm_events_u64\()([^;]*?)(, \w+(?:\[\d\])?\)\})')
FOLDERS = [PORTAL, "src/store/events/"]
# Tests of single modules that hold what no page or statement shows; the rest is the matrix's.
UNITS = {"judge": ["store_records"], "allowed": ["store_records", "register"],
         "guard": ["store_records"], "narrow.programme": ["store_records"],
         "filter": ["detect"], "adjust": ["detect", "tailor"], "tailor": ["tailor"]}
PROGRAMS = ["portal", "format", "company", "search", "unread", "exception", "audit", "member",
            "site", "device", "source", "post", "contact", "service", "consent", "user", "token"]


def copy_sources(source, place):
    """The tree without what is built; times stay, so that ninja builds what has changed."""
    os.makedirs(place, exist_ok=True)
    for name in os.listdir(source):
        if name.startswith((".git", "build", "state", "node_modules")) and name != ".clang-format":
            continue
        whole = os.path.join(source, name)
        if os.path.isdir(whole):
            for folder, _, files in os.walk(whole):
                to = os.path.join(place, os.path.relpath(folder, source))
                os.makedirs(to, exist_ok=True)
                for file in files:
                    shutil.copy2(os.path.join(folder, file), os.path.join(to, file))
        else:
            shutil.copy2(whole, os.path.join(place, name))


class Patcher:
    def __init__(self, place):
        self.place, self.names, self.lost = place, [], []

    def read(self, path):
        with open(os.path.join(self.place, path), encoding="utf-8") as f:
            return f.read()

    def write(self, path, text, include="tests/isolation/mutant.h"):
        at = text.index("#include")
        with open(os.path.join(self.place, path), "w", encoding="utf-8") as f:
            f.write(text[:at] + f'#include "{include}"\n' + text[at:])

    def all(self):
        texts = {}
        for path, old, new in PATCHES:
            text = texts.setdefault(path, self.read(path))
            if text.count(old) != 1:
                self.lost.append(f"{path} has {text.count(old)} times: {old}")
            texts[path] = text.replace(old, new)
            self.names += [n for n in re.findall(r'mm_mutant\("([^"]+)"\)', new)
                           if n not in self.names]
        self.calls(texts)
        texts[PORTAL + "page.c"] = texts.get(PORTAL + "page.c", self.read(PORTAL + "page.c"))
        texts[PORTAL + "page.c"] += BEYOND
        for path, text in texts.items():
            self.write(path, text)
        page = self.read(PORTAL + "page.c")
        self.write(PORTAL + "page.c", page, "store/records/system_scope.h")
        head = self.read(PORTAL + "page.h")
        with open(os.path.join(self.place, PORTAL, "page.h"), "w", encoding="utf-8") as f:
            f.write(head.replace("\n#endif", DECLARED + "\n#endif"))

    def calls(self, texts):
        for folder in FOLDERS:
            for file in sorted(os.listdir(os.path.join(self.place, folder))):
                if not file.endswith(".c") or file == "page.c" or file.endswith("_test.c"):
                    continue
                path = folder + file
                before = texts.get(path, self.read(path))
                after = self.number(PARAMETER, before, file, lambda m, on: (
                    f"{m[1]}{on} ? {B} : {m[2]}{m[3]}"))
                for call, instead in CALLS.items():
                    after = self.number(re.compile(re.escape(call)), after, file, lambda m, on: (
                        f"({on} ? {instead} : {call})"))
                if after != before:
                    texts[path] = after

    def number(self, pattern, text, file, put):
        """Every match becomes a mutant named after its file, function and count."""
        def one(match):
            function = re.findall(r"^[a-z][\w *]*?(\w+)\([^;{]*$", text[:match.start()], re.M)
            name = f"{file}:{function[-1] if function else '?'}"
            while name in self.names:
                name += "+"
            self.names.append(name)
            return put(match, f'mm_mutant("{name}")')
        return pattern.sub(one, text)


class Runner:
    def __init__(self, build, source):
        self.source = os.path.abspath(source)
        self.place = os.path.join(self.source, "build-mutants")
        self.build = os.path.join(self.place, "build")
        self.store_build = os.path.abspath(build)
        self.world = None

    def make(self):
        """Copy, patch, build. What was lost, or names of mutants."""
        copy_sources(self.source, self.place)
        patcher = Patcher(self.place)
        patcher.all()
        if patcher.lost:
            return patcher.lost, []
        units = sorted({u for names in UNITS.values() for u in names})
        targets = [f"src/app/mimamori-{p}" for p in PROGRAMS] + ["src/app/isolation-statements"]
        targets += [f"src/test-{u}" for u in units]
        if not os.path.exists(os.path.join(self.build, "build.ninja")):
            self.call("meson", "setup", self.build, self.place)
        self.call("ninja", "-C", self.build, *targets)
        return [], patcher.names

    @staticmethod
    def call(*command):
        out = subprocess.run(command, capture_output=True, text=True, check=False)
        if out.returncode != 0:
            raise ValueError(f"{command[0]}: {out.stdout[-3000:]}{out.stderr[-3000:]}")

    def fill(self):
        self.world = World(self.build, self.source, self.store_build)
        self.world.make()
        if not self.world.start_eventd():
            return False
        self.world.only("alone", [1])
        self.world.only("group", [1, 4, 5, 6, 7])
        for name in ("records.db", "alone/records.db", "group/records.db"):
            path = os.path.join(self.world.state, name)
            shutil.copy(path, path + ".kept")
        return True

    def restore(self):
        for name in ("records.db", "alone/records.db", "group/records.db"):
            path = os.path.join(self.world.state, name)
            for more in ("-wal", "-shm"):
                if os.path.exists(path + more):
                    os.unlink(path + more)
            shutil.copy(path + ".kept", path)

    # ---- one mutant ----

    def units_red(self, name):
        for prefix, units in UNITS.items():
            for unit in units if name.startswith(prefix) else ():
                out = subprocess.run([os.path.join(self.build, "src", "test-" + unit)],
                                     env={**self.world.env, "MIMAMORI_TEST_DIR": "/dev/shm"},
                                     capture_output=True, encoding="utf-8", errors="replace",
                                     check=False)
                if out.returncode != 0:
                    red = re.findall(r"^not ok \d+ - (.*)$", out.stdout, re.M)
                    return f"test-{unit}: {red[0] if red else 'ended badly'}"
        return None

    def statements_red(self):
        state = self.world.state
        out = subprocess.run([os.path.join(self.world.bin, "isolation-statements"), state,
                              os.path.join(state, "alone"), os.path.join(state, "group")],
                             env=self.world.env, capture_output=True, text=True, check=False)
        red = re.findall(r"^not ok \d+ - (.*)$", out.stdout, re.M)
        return None if out.returncode == 0 else f"statements: {red[0] if red else 'ended badly'}"

    def matrix_red(self):
        if not self.world.start_portal():
            return "the portal does not start"
        tester = Tester(self.world, few=True)
        try:
            tester.run()
        except Fault as e:
            return str(e)
        finally:
            self.world.stop_portal()
        return None

    def red(self, name):
        """What caught it, or None."""
        self.restore()
        self.world.env["MIMAMORI_MUTANT"] = name
        try:
            found = self.units_red(name)
            if found is None and not re.search(r"\.c:", name):
                found = self.statements_red()
                self.restore()
            return found or self.matrix_red()
        finally:
            del self.world.env["MIMAMORI_MUTANT"]


def main():
    runner = Runner(sys.argv[1], sys.argv[2])
    began = time.monotonic()
    lost, names = runner.make()
    if lost:
        print("1..1\n" + "".join(f"# {text}\n" for text in lost)
              + "not ok 1 - every check is found")
        return 1
    names = [n for n in names if len(sys.argv) < 4 or n in sys.argv[3:]]
    alive = 0
    print(f"# {len(names)} mutants, built in {time.monotonic() - began:.0f} s", flush=True)
    try:
        if not runner.fill():
            print("1..0 # SKIP no store of events (libchdb)")
            return 0
        sound = runner.red("none")
        print(f"{'ok' if sound is None else 'not ok'} 1 - without a mutant all is green"
              + (f" # {sound}" if sound else ""), flush=True)
        for i, name in enumerate(names):
            found = runner.red(name)
            alive += found is None
            print(f"{'ok' if found else 'not ok'} {i + 2} - {name}: {found or 'survives'}",
                  flush=True)
    finally:
        if runner.world is not None:
            runner.world.close()
    print(f"# {time.monotonic() - began:.0f} s\n1..{len(names) + 1}")
    return 1 if alive or sound else 0


if __name__ == "__main__":
    sys.exit(main())
