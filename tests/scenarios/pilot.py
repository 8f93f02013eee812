"""pilot.py - the pilot from many seeds: what was planted is found, nothing else is.

Results are held against the generator's own truth file, which no program of Mimamori reads.
MIMAMORI_SEEDS: how many seeds (default 3, of each kind at least one).
"""
import json
import os
import sys

sys.path.insert(0, os.path.dirname(__file__))
from stage import Stage, check, done  # noqa: E402

SEEDS = int(os.environ.get("MIMAMORI_SEEDS", "3"))
# Nothing; the pilot's two at other times, companies and PCs; something the pilot did not have.
KINDS = ["none", "c2@seed,report@seed", "c2@seed,logcleared@seed", "report@seed,logcleared@seed"]


def classes(report):
    return {c["class"]: c for c in report["classes"]}


def looks(stage, case):
    return {what: (state, json.loads(detail)) for what, state, detail in stage.records(
        "SELECT what, state, detail FROM case_look WHERE case_id = ?", case)}


def hold_counts(truth, report):
    c = classes(report)
    want = {"url": truth["ads"] + truth["urls"], "malware": truth["malware"], "p2p": truth["p2p"]}
    got = {k: c[k]["inline"]["v"] for k in want}
    ok = got == want and report["not_advertising"]["v"] == truth["urls"]
    ok = ok and c["inbound"]["total"]["v"] is None and c["url"]["mirror"]["v"] is None
    ok = ok and c["c2"]["inline"]["v"] == 0
    ok = ok and c["c2"]["mirror"]["v"] == (1 if truth["c2"] else 0)
    return ok, (got, want, c)


def hold_c2(stage, truth):
    """The case of the C&C call names the PC behind the proxy."""
    company = stage.records("SELECT company FROM company WHERE code = ?",
                            f"p{truth['c2']['company']:03d}")[0][0]
    cases = stage.records("SELECT case_id, entity, act, how FROM cases WHERE company = ? AND "
                          "entity = ?", company, truth["c2"]["proxy"])
    if len(cases) != 1 or cases[0][2:] != ("now", "detected"):
        return False, cases
    seen = looks(stage, cases[0][0])
    state, who = seen.get("address", ("missing", {}))
    ok = state == "found" and who.get("pc") == truth["c2"]["pc"]
    ok = ok and who.get("mac") == truth["c2"]["mac"] and who.get("ip") == truth["c2"]["ip"]
    return ok and seen["behind_proxy"][0] == "found", (seen, truth["c2"])


def hold_report(stage, truth):
    """The report is a case; the logs name the PC's address and say what they cannot show."""
    cases = stage.records("SELECT case_id, event_us FROM cases WHERE how = 'reported' AND "
                          "entity = ?", truth["report"]["pc"])
    if len(cases) != 1:
        return False, cases
    seen = looks(stage, cases[0][0])
    state, who = seen.get("address", ("missing", {}))
    ok = state == "found" and who.get("ip") == truth["report"]["ip"]
    # Blocked pages and stopped P2P of that PC are everyday life; what nobody could see is said.
    return ok and seen["inside_pc"][0] == "cannot", (seen, truth["report"])


def one(seed, kind):
    with Stage("eventd engine intake worker portal") as stage:
        truth = stage.play("--seed", str(seed), "--days", "12", "--incidents", kind,
                           "--portal", f"http://127.0.0.1:{stage.portal}")
        if not check(f"seed {seed} {kind}: every line is stored and judged", truth is not None):
            return
        check(f"seed {seed}: sent = stored, each once", stage.whole(truth["lines"]),
              stage.events("SELECT count(), uniqExact(seq), max(seq) FROM events"))
        want = sum(1 for k in ("c2", "logcleared", "report") if truth[k])
        stage.wait(lambda: stage.records(
            "SELECT count(DISTINCT case_id) FROM case_look")[0][0] >= want, 20, "cases looked at")
        report = stage.report()
        ok, detail = hold_counts(truth, report)
        check(f"seed {seed}: counts by class are the truth's", ok, detail)
        cases = stage.records("SELECT company, entity, title, event_us FROM cases")
        check(f"seed {seed}: as many cases as incidents", len(cases) == want, cases)
        if truth["c2"]:
            ok, detail = hold_c2(stage, truth)
            check(f"seed {seed}: the case names the PC behind the proxy", ok, detail)
        if truth["report"]:
            ok, detail = hold_report(stage, truth)
            check(f"seed {seed}: the report is answered from the logs", ok, detail)
        unread = stage.events("SELECT count() FROM events WHERE bitAnd(flags, 1) = 1")[0][0]
        check(f"seed {seed}: every line was read whole", unread == "0", unread)
        took = stage.stop()
        check(f"seed {seed}: a clean stop within ten seconds", took < 10, took)


for s in range(1, SEEDS + 1):
    one(s, KINDS[s % len(KINDS)])
done()
