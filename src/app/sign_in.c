/* app/sign_in.c - see sign_in.h for the contract. */
#include "app/sign_in.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/oidc_url.h"
#include "base/rd.h"
#include "base/time.h"
#include "codec/ext/idtoken.h"
#include "codec/ext/json.h"
#include "os/child.h"
#include "os/log.h"
#include "register/oidc.h"
#include "store/records/system_scope.h"
#include "text/doc.h"

enum {
    ASK_MS = 30000,         /* the program itself gives up a little earlier */
    ANSWER_MAX = 64 * 1024, /* os/child takes 16 KiB at a time */
    ARENA_MAX = 1024 * 1024,
    AGAIN_S = 600,     /* providers move their pages once in years */
    AGAIN_AWAY_S = 20, /* while one is away, or was not there when we started */
    WHY_MAX = 32,
};

bool mm_sign_in_program(struct mm_sign_in *s)
{
    ssize_t n = readlink("/proc/self/exe", s->program, MM_MAX_PATH - 1);

    s->program[n > 0 ? n : 0] = 0;
    if (strrchr(s->program, '/') == NULL)
        return false;
    memcpy(strrchr(s->program, '/') + 1, "mimamori-oidc", 14); /* 16 bytes are kept for it */
    return true;
}

void mm_sign_in_done(struct mm_sign_in *s)
{
    explicit_bzero(s->secret, sizeof(s->secret));
}

uint16_t mm_sign_in_port(const struct mm_sign_in *s)
{
    struct mm_rd rd = mm_rd_of(mm_slice_str(s->issuer));
    struct mm_slice host;
    uint64_t port;
    size_t colon;

    if (!mm_rd_until(&rd, ':', &host) || !mm_rd_lit(&rd, MM_S("//")))
        return 443;
    if (!mm_rd_until(&rd, '/', &host))
        host = mm_rd_rest(&rd);
    colon = mm_slice_find(host, ']', 0); /* an address in numbers has colons of its own */
    colon = mm_slice_find(host, ':', colon == SIZE_MAX ? 0 : colon);
    return colon != SIZE_MAX && mm_slice_u64(mm_slice_sub(host, colon + 1, SIZE_MAX), &port) &&
                   port <= UINT16_MAX
               ? (uint16_t)port
               : 443;
}

/* ---- asking ---- */

struct answer {
    struct mm_slice authorize, subject, why; /* in the arena */
    bool mfa;
};

static struct mm_slice text_of(const struct mm_json_doc *doc, const char *key)
{
    const struct mm_json_item *it = mm_json_get(doc, 0, mm_slice_str(key));

    return it != NULL && it->type == MM_JSON_STRING ? it->text : (struct mm_slice){0};
}

static bool read_answer(struct mm_slice text, struct mm_arena *a, struct answer *ret)
{
    struct mm_json *json = mm_json_new(ANSWER_MAX);
    const struct mm_json_item *mfa;
    struct mm_json_doc doc;
    struct mm_slice own;
    bool ok = json != NULL && mm_arena_dup(a, text, &own) &&
              mm_json_parse(json, own, a, &doc, NULL) == MM_OK &&
              doc.item[0].type == MM_JSON_OBJECT;

    if (ok) {
        mfa = mm_json_get(&doc, 0, MM_S("mfa"));
        *ret = (struct answer){.authorize = text_of(&doc, "authorize"),
                               .subject = text_of(&doc, "subject"),
                               .why = text_of(&doc, "why"),
                               .mfa = mfa != NULL && mfa->type == MM_JSON_TRUE};
    }
    mm_json_free(&json);
    return ok;
}

/* Ask the program; without an answer of its kind the provider is as good as away. */
static struct answer ask(const struct mm_sign_in *s, const struct mm_oidc_question *question,
                         struct mm_arena *a)
{
    const char *const argv[] = {s->program, NULL};
    struct answer ret = {.why = MM_S("oidc.why.away")};
    struct mm_doc *doc = mm_doc_new(a);
    struct mm_buf in, out;
    int status = 0;

    mm_doc_str(doc, "issuer", s->issuer);
    mm_doc_str(doc, "client", s->client);
    mm_doc_str(doc, "secret", s->secret);
    mm_doc_str(doc, "redirect", s->redirect);
    mm_doc_str(doc, "acr", s->acr);
    mm_doc_str(doc, "ca", s->ca_file);
    mm_doc_bool(doc, "loopback", s->loopback);
    if (question != NULL) {
        mm_doc_text(doc, "code", question->code);
        mm_doc_text(doc, "verifier", question->verifier);
        mm_doc_text(doc, "nonce", question->nonce);
    }
    mm_buf_init(&in, ARENA_MAX);
    mm_buf_init(&out, ANSWER_MAX);
    mm_doc_json(&in, doc);
    if (mm_doc_ok(doc) && mm_buf_ok(&in) &&
        mm_child_ask(argv, mm_buf_slice(&in), ASK_MS, &out, &status) == MM_OK && status == 0)
        (void)read_answer(mm_buf_slice(&out), a, &ret);
    if (in.p != NULL)
        explicit_bzero(in.p, in.n);
    mm_buf_done(&in);
    mm_buf_done(&out);
    return ret;
}

/* Keys of sentences that we have; anything else is none of the program's. */
static bool known(struct mm_slice why)
{
    struct mm_slice rest = mm_slice_sub(why, sizeof("oidc.why.") - 1, SIZE_MAX);

    if (!mm_slice_starts(why, MM_S("oidc.why.")) || rest.n == 0 || rest.n > WHY_MAX)
        return false;
    for (size_t i = 0; i < rest.n; i++) {
        if (rest.p[i] < 'a' || rest.p[i] > 'z')
            return false;
    }
    return true;
}

/* ---- where the provider's page is ---- */

struct noting {
    struct mm_slice issuer, authorize;
};

static enum mm_code work_note(struct mm_tx *tx, void *arg)
{
    const struct noting *n = arg;

    return mm_oidc_provider_note(tx, n->issuer, n->authorize, mm_now_us());
}

void mm_sign_in_provider(struct mm_sign_in *s, struct mm_records *records)
{
    struct noting n = {.issuer = mm_slice_str(s->issuer)};
    struct answer answer;
    struct mm_arena a;
    bool there;

    if (mm_mono_us() < s->next_us)
        return;
    mm_arena_init(&a, ARENA_MAX);
    answer = ask(s, NULL, &a);
    n.authorize = answer.authorize;
    there = answer.authorize.n > 0 && mm_oidc_url_ok(answer.authorize, s->loopback) &&
            mm_records_write(records, mm_system_scope(), work_note, &n) == MM_OK;
    if (!there && !s->away)
        mm_log_warn("worker", "%s: no login with it for now: %.*s", s->issuer,
                    MM_S_ARG(known(answer.why) ? answer.why : MM_S("oidc.why.provider")));
    if (there && s->away)
        mm_log_info("worker", "%s: answers again", s->issuer);
    s->away = !there;
    s->next_us = mm_mono_us() + (there ? AGAIN_S : AGAIN_AWAY_S) * MM_US_PER_S;
    mm_arena_done(&a);
}

/* ---- who came back ---- */

struct answering {
    const struct mm_job *job;
    struct mm_oidc_answer answer;
};

static enum mm_code work_answer(struct mm_tx *tx, void *arg)
{
    const struct answering *w = arg;
    enum mm_code code = mm_oidc_answer(tx, w->job->subject, &w->answer);

    if (code == MM_OK)
        code = mm_tx_narrow(tx, w->job->company);
    if (code != MM_OK)
        return code;
    code = mm_job_done(tx, w->job, mm_now_us());
    mm_tx_widen(tx);
    return code;
}

static enum mm_code read_question(struct mm_records *records, const struct mm_job *job,
                                  struct mm_arena *a, struct mm_oidc_question *ret)
{
    struct mm_tx *tx = NULL;
    enum mm_code code = mm_records_read(records, mm_system_scope(), &tx);

    if (code == MM_OK)
        code = mm_oidc_question(tx, job->subject, mm_now_us(), a, ret);
    mm_records_read_done(&tx);
    return code;
}

enum mm_code mm_sign_in_do(const struct mm_sign_in *s, struct mm_records *records,
                           const struct mm_job *job)
{
    struct answering w = {.job = job, .answer = {.why = MM_S("oidc.why.late")}};
    struct mm_oidc_question question;
    struct answer answer;
    struct mm_arena a;
    enum mm_code code;

    mm_arena_init(&a, ARENA_MAX);
    code = read_question(records, job, &a, &question);
    if (code == MM_OK) {
        answer = ask(s, &question, &a);
        w.answer.subject = answer.subject.n <= MM_IDTOKEN_SUBJECT_MAX ? answer.subject : MM_S("");
        w.answer.mfa = answer.mfa;
        w.answer.why = known(answer.why) ? answer.why : MM_S("oidc.why.provider");
        if (w.answer.subject.n == 0)
            mm_log_warn("worker", "%s: nobody was let in: %.*s", s->issuer, MM_S_ARG(w.answer.why));
    }
    if (code == MM_OK || code == MM_E_NOTFOUND)
        code = mm_records_write(records, mm_system_scope(), work_answer, &w);
    mm_arena_done(&a);
    return code;
}
