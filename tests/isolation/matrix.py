"""matrix.py - what every address of the portal is asked, to see whether another company shows.

ONE ROW FOR EVERY ROUTE of src/web/portal/routes.def; a unit test (rows_test.py) fails while one is
missing. A row says:

  shows   tables (of world.py) whose words the page shows to who may see them. This is the positive
          control: were B's words not there for B's own people, their absence elsewhere would prove
          nothing. "events" and "alerts" are those of the store of events.
  by      who may: "b.charge" is B's person in charge, "all.analyst" the operator's analyst
  form    of a POST: fields that make it valid, so that only the scope can refuse it
  ask     further queries ("?show=all"); {company} {code} ... stand for the numbers under attack
  only    why it can concern nobody but who asks: it is then asked as it is, and POSTs are not sent

Parts of a path (":case") have their numbers in ID. What is asked, for every row, every viewer and
every kind of answer (page, JSON), is B's numbers, those of a company that left, and all mixtures
with A's own; each is compared with the same for numbers that never existed. See isolation.py.
"""
from world import A, B, EVENT_ROWS, GONE, NEVER, RULE, row_id, seq

# Who must never see B: A's people and programs, the operator's staff for A's programme, owners of
# programmes, a company that has left, everybody else.
ATTACKERS = [
    "nobody", "a.charge", "a.president", "a.employee", "a.auditor", "a.read", "a.write",
    "a.ingest", "pa.administrator", "pa.analyst", "pa.desk", "pa.assessor", "pa.auditor",
    "owner.pa", "owner.few", "owner.pb", "gone.charge", "gone.auditor", "gone.read"]
# One of each kind, for the many runs of mutants.py.
FEW_ATTACKERS = ["a.charge", "a.president", "a.write", "pa.administrator", "pa.analyst",
                 "owner.pa", "owner.few"]

ID = {
    "assessment": row_id, "section": lambda c: "entrance", "guide": lambda c: "linux",
    "company": lambda c: c, "source": row_id, "unread": row_id, "case": row_id, "request": row_id,
    "exception": row_id, "adjust": row_id, "user": lambda c: 100 * c + 4,
    "session": lambda c: f"{c:02x}" * 8, "token": lambda c: row_id(c) + 500,
    "own_session": lambda c: f"{c + 80:02x}" * 8, "own_token": lambda c: row_id(c) + 600,
    "queue": lambda c: 0, "seq": seq,
    "code": lambda c: {A: "pa", B: "pb", GONE: "pb", NEVER: "px"}[c],
    "name": lambda c: {A: "shop", B: "shop", GONE: "shop", NEVER: "shot"}[c],
}


def row(shows="", by="all.analyst", form=None, ask=(), only=""):
    return {"shows": shows.split(), "by": by, "form": form, "ask": list(ask), "only": only}


EXCEPTION = {"rule": RULE, "queue": "0", "seq": "{seq}", "days": "30", "use": "host.name",
             "how.host.name": "equals", "value.host.name": "PC-1", "reason": "known", "do": "save"}
TRIAL = {"rule": "title: Any\nid: any\nlogsource:\n  product: windows\ndetection:\n  s:\n"
                 "    host.name: '*'\n  condition: s\n",
         "days": "30", "company": "{company}", "do": "try"}
OWN_LOGIN = "about who asks, and no number in it"

ROWS = {
    ("GET", "/"): row(only="leads on to a page of this table"),
    ("GET", "/login"): row(only=OWN_LOGIN),
    ("POST", "/login"): row(only=OWN_LOGIN),
    ("POST", "/login/oidc"): row(only=OWN_LOGIN),
    ("GET", "/login/oidc/callback"): row(only=OWN_LOGIN),
    ("GET", "/login/oidc/wait"): row(only=OWN_LOGIN),
    ("POST", "/login/oidc/wait"): row(only=OWN_LOGIN),
    ("POST", "/logout"): row(only=OWN_LOGIN),
    ("POST", "/language"): row(only=OWN_LOGIN),
    ("GET", "/second-factor"): row(only=OWN_LOGIN),
    ("POST", "/second-factor"): row(only=OWN_LOGIN),
    ("POST", "/second-factor/begin"): row(only=OWN_LOGIN),
    ("GET", "/password"): row(only=OWN_LOGIN),
    ("POST", "/password"): row(only=OWN_LOGIN),
    ("GET", "/welcome"): row(only=OWN_LOGIN),
    ("POST", "/welcome"): row(only=OWN_LOGIN),
    ("POST", "/welcome/oidc"): row(only=OWN_LOGIN),
    ("GET", "/account"): row(only=OWN_LOGIN),
    ("POST", "/account/codes"): row(only=OWN_LOGIN),
    ("POST", "/account/oidc"): row(only=OWN_LOGIN),
    ("POST", "/account/oidc/end"): row(only=OWN_LOGIN),
    ("POST", "/account/password-login"): row(only=OWN_LOGIN),
    ("POST", "/account/tokens"): row(only=OWN_LOGIN),
    ("POST", "/account/tokens/:own_token/end"): row(form={}, by="b.spare"),
    ("POST", "/account/sessions/end"): row(only=OWN_LOGIN),
    ("POST", "/account/sessions/:own_session/end"): row(form={}, by="b.spare"),
    ("GET", "/live"): row(only="tells no content; whose changes it tells, Tester.live listens to"),
    ("GET", "/healthz"): row(only="one word about the machine, the same for everybody"),
    ("POST", "/relay/enrol"): row(only="for who knows a code; no session, nothing of a company"),
    ("GET", "/metrics"): row(only="for who has its token, or is on the machine; no session"),
    ("GET", "/status"): row(only="the machine; staff of one programme may not see it"),
    ("GET", "/cost"): row("company", ask=["?from=0", "?month=2026-11"]),
    ("GET", "/cost.csv"): row("company"),
    ("GET", "/today"): row("company cases case_request exception rule_adjust post contact",
                           ask=["?kind=cases", "?kind=requests", "?kind=proposals"]),
    ("GET", "/companies"): row("company", ask=["?from=0"]),
    ("GET", "/cases"): row("company cases", ask=["?show=all", "?show=all&before=99999"]),
    ("GET", "/rules"): row("company", ask=["?from=0"]),
    ("GET", "/rules/noise"): row("company"),
    ("GET", "/rules/try"): row("company"),
    ("POST", "/rules/try"): row("company", form=TRIAL),
    ("GET", "/rules/sets"): row("format_wish"),
    ("POST", "/rules/sets"): row(only="takes a file of rules, and rules are everybody's"),
    ("POST", "/rules/sets/:name/take"): row(only="installs what was uploaded before it"),
    ("POST", "/rules/sets/:name/rollback"): row(form={"sure": "yes"}, by="all.administrator"),
    ("POST", "/rules/own/:name/remove"): row(form={"sure": "yes"}, by="all.administrator"),
    ("GET", "/rules/adjust"): row("company rule_adjust", ask=["?rule=" + RULE]),
    ("POST", "/rules/adjusts/:company/:adjust/agree"): row(form={}),
    ("POST", "/rules/adjusts/:company/:adjust/end"): row(form={}),
    # Behind those two: it ends what was proposed for the rule.
    ("POST", "/rules/adjust"):
        row(form={"rule": RULE, "where": "c{company}", "switch": "off", "reason": "Ownreason"}),
    ("GET", "/coverage"): row("company source device", ask=["?programme={code}"]),
    ("GET", "/formats"): row("company source"),
    ("POST", "/formats/:name/remove"): row(form={"sure": "yes"}, by="all.administrator"),
    ("GET", "/quarantine"): row("company set_aside"),
    ("GET", "/users"): row("company user", by="all.administrator", ask=["?from=0", "?from=200"]),
    ("GET", "/companies/:company"): row("company cases case_request post contact device",
                                        by="b.charge"),
    ("GET", "/companies/:company/coverage"): row("company source device"),
    ("GET", "/companies/:company/sources"): row("company source device", by="b.charge"),
    ("GET", "/companies/:company/sources/:source"): row("company source device unread"),
    ("GET", "/companies/:company/sources/:source/unread/:unread"): row("company unread"),
    ("POST", "/companies/:company/sources/:source/unread/:unread"):
        row("company unread", form={"name": "newone", "title": "New one", "category": "host",
                                    "outcome": "unknown", "do": "try", "base": "shop"}),
    ("GET", "/companies/:company/cases"): row("company cases", by="b.charge", ask=["?show=all"]),
    ("GET", "/companies/:company/cases/:case"):
        row("company cases case_event case_step case_request report"),
    ("POST", "/companies/:company/cases/:case/take"): row(form={}),
    ("POST", "/companies/:company/cases/:case/note"): row(form={"text": "Ownnote"}),
    ("POST", "/companies/:company/cases/:case/ask"): row(form={"text": "Ownask"}),
    ("POST", "/companies/:company/cases/:case/close"):
        row(form={"outcome": "resolved", "text": "Ownclose"}),
    ("POST", "/companies/:company/cases/:case/reopen"): row(form={}),
    ("POST", "/companies/:company/cases/:case/requests/:request"):
        row(by="b.charge", form={"answer": "done", "text": "Ownanswer"}),
    ("GET", "/companies/:company/assessments"): row("company", by="b.charge"),
    ("POST", "/companies/:company/assessments"): row(by="b.charge", form={"name": "first-look"}),
    ("GET", "/companies/:company/assessments/:assessment"): row("company", by="b.charge"),
    ("GET", "/companies/:company/assessments/:assessment/sections/:section"): row(
        "company assessment_answer", by="b.charge"),
    ("POST", "/companies/:company/assessments/:assessment/sections/:section"): row(
        by="b.charge", form={"a-mfa": "yes", "s-mfa": "{assessment}", "do": "home"}),
    ("POST", "/companies/:company/assessments/:assessment/submit"): row(by="b.charge", form={}),
    ("GET", "/companies/:company/guides"): row("company", by="b.charge"),
    ("GET", "/companies/:company/guides/:guide"): row("company relay", by="b.charge"),
    ("GET", "/companies/:company/report"): row("company", by="b.charge"),
    ("POST", "/companies/:company/report"):
        row(by="b.charge", form={"pc": "PC-1", "needed": "yes"}),
    ("GET", "/report"): row("company", ask=["?company={company}"]),
    ("POST", "/report"):
        row(by="all.desk", form={"pc": "PC-1", "needed": "yes", "company": "{company}"}),
    ("GET", "/programmes"): row("programme"),
    ("GET", "/programmes/:code"): row("programme company"),
    ("GET", "/companies/:company/events"):
        row("company events", ask=["?q=", "?q=last+24h", "?q=seq%3A{seq}", "?q=parsed%3Ayes"]),
    ("GET", "/companies/:company/events/:queue/:seq"): row("events alerts"),
    ("GET", "/companies/:company/rules"): row("company rule_list rule_adjust"),
    ("POST", "/companies/:company/rules/values"):
        row(form={"name": "Admins", "values": "Ownvalue"}),
    ("GET", "/companies/:company/exceptions"): row("company exception exception_term"),
    ("GET", "/companies/:company/exceptions/new"):
        row("company case_event", ask=[f"?rule={RULE}&queue=0&seq={{seq}}", f"?rule={RULE}"]),
    ("POST", "/companies/:company/exceptions/new"): row(form=EXCEPTION),
    ("POST", "/companies/:company/exceptions/:exception/agree"): row(form={}),
    ("POST", "/companies/:company/exceptions/:exception/end"): row(form={"why": "Ownwhy"}),
    ("GET", "/companies/:company/noise"): row("company"),
    ("GET", "/companies/:company/attack"): row("company", by="b.charge"),
    ("GET", "/companies/:company/users"): row("company user", by="all.administrator"),
    ("POST", "/companies/:company/users"):
        row(by="all.administrator",
            form={"login": "newcomer{company}", "name": "Newcomer", "role": "charge"}),
    ("GET", "/companies/:company/users/:user"):
        row("company user session token identity", by="all.administrator"),
    ("POST", "/companies/:company/users/:user/invite"): row(form={}, by="all.administrator"),
    ("POST", "/companies/:company/users/:user/invite/end"): row(form={}, by="all.administrator"),
    ("POST", "/companies/:company/users/:user/sessions/:session/end"):
        row(form={}, by="all.administrator"),
    ("POST", "/companies/:company/users/:user/sessions/end"):
        row(form={}, by="all.administrator"),
    ("POST", "/companies/:company/users/:user/tokens/:token/end"):
        row(form={}, by="all.administrator"),
    # Ends sessions as well: those have had their turn.
    ("POST", "/companies/:company/users/:user/oidc/end"): row(form={}, by="all.administrator"),
    ("GET", "/companies/:company/users/:user/handover"):
        row("company user", by="all.administrator"),
    # The last of that user's.
    ("POST", "/companies/:company/users/:user/handover"):
        row(form={"to": "0"}, by="all.administrator"),
    ("GET", "/companies/:company/audit"): row("company audit", by="b.auditor"),
    ("GET", "/companies/:company/privacy"): row("company source device audit", by="b.charge"),
    ("GET", "/companies/:company/notice"): row("company device post contact", by="b.charge"),
}

# What a person may type into the search, meant to get out of the company. None may find anything
# but A's own; a refusal is as good. The words of B are never spelt out: pages repeat the question.
QUERIES = [
    "company:2", "company:22", "company:*", "company>=0", "company:[0 to 9]", "mimamori.company:2",
    "not company:1", "company:1 or company:2", "host.name:Z* or host.name:Z?x*", "Z?xevents*",
    "event.original:Z*", "original:Z*", "not seq:111", "seq:222", "seq>0", "queue:0 or seq:222",
    "(seq:222)", "not (seq:111 and source:11)", "source:22", "source>11", "time>=2000 or seq:222",
    "last 9999d or received>=2000", "vendor.secret:*", "more.company:2", "present:*",
    "x' or company = 2 or '", "x') or 1=1 --", "\"x') OR company IN (1,2) --\"", "x /* or */ 1",
    "1=1", "{company:UInt32}", "{p0:String}", "%", "_", "\\", "\\' OR 1 --", "host.name:%",
    "host.name:_*", "host.name:\"' OR '1'='1\"", "more['company']:2", "company;drop table events",
    "event.action:a\\*", "\"\" or \"\"", "parsed:yes or parsed:no", "not parsed:maybe",
    "*", "?", "not *", "* or *", "source.ip:192.0.2.2", "source.ip:0.0.0.0/0", "source.ip:::/0",
    "UNION SELECT * FROM events", ") OR (company = 2", "1) OR (1", "format:*", "user.name:*",
]

# What an answer has to hold: who asks, for what, and what would be missing or another number were
# it B's. Not being told of B is easy for who is told nothing.
OWN = [
    ("a.charge", "/companies/1", b"Owncompanyname"),
    ("a.president", "/companies/1", b"Owncompanyname"),
    ("a.read", "/companies/1/sources", b"Ownsourcename"),
    ("pa.administrator", "/companies", b"Owncompanyname"),
    ("pa.analyst", "/companies/1/events?q=seq%3A111", b'"id":"0/111"'),
    ("pa.analyst", "/companies/1/events?q=Owneventsoriginal", b'"id":"0/111"'),
    ("pa.analyst", "/companies/1/events/0/111", b"Ownalertsruletitle"),
    ("pa.analyst", "/companies/1/exceptions", b'"hidden":{"v":1}'),
    ("pa.analyst", "/companies/1/attack", f'"lines":{len(EVENT_ROWS["events"])},'.encode()),
    ("all.analyst", "/companies/2/events?q=seq%3A222", b'"id":"0/222"'),
    ("owner.pa", "/programmes/pa", b"Ownprogrammename"),
    ("owner.few", "/programmes", b'"too_few":true'),
]

# Commands that name a company: (program, its words, what is shown of the company).
COMMANDS = [(noun, ["list", "--json"], noun) for noun in (
    "member", "site", "device", "source", "post", "contact", "service", "consent", "user", "token")]
COMMANDS += [
    ("search", ["not seq:0"], "events"), ("search", ["--json", "last 24h"], "events"),
    ("unread", [], "unread"), ("exception", ["list"], "exception"),
    ("audit", ["list", "--limit", "1000"], "audit")]
