/* app/relay_enrol.c - see relay_enrol.h for the contract. */
#include "app/relay_enrol.h"

#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include "app/relay_http.h"
#include "app/relay_identity.h"
#include "app/relay_set.h"
#include "base/rd.h"
#include "codec/ext/enrol.h"

enum { FORM_MAX = 2048, SETTINGS_TRIES = 40 };

/* What is known on the way. */
struct enrolling {
    const struct mm_relay_wish *wish;
    struct mm_callcode code;
    struct mm_relay_identity id;
    struct mm_key secret, half, session;
    struct mm_relay_http *http;
    struct mm_buf answer;
    char machine[65];
};

static void complain(const char *what, const char *more)
{
    fprintf(stderr, "mimamori: %s%s%s\n", what, more[0] == 0 ? "" : ": ", more);
}

/* The centre's reasons, in words that lead on. */
static const char *words_of(struct mm_slice why)
{
    static const struct {
        const char *key, *words;
    } known[] = {
        {"relay.code.wrong", "the centre does not know this code. Have it read again; after five "
                             "wrong tries it ends, and a new one is needed"},
        {"relay.code.used", "this code was used already. Ask the centre for a new one "
                            "(there: mimamori relays set NUMBER --new-code)"},
        {"relay.code.old", "this code has ended. Ask the centre for a new one "
                           "(there: mimamori relays set NUMBER --new-code)"},
        {"relay.code.tries", "this code has ended, because it was tried too often. Ask the centre "
                             "for a new one (there: mimamori relays set NUMBER --new-code)"},
    };

    for (size_t i = 0; i < MM_COUNT(known); i++) {
        if (mm_slice_eq(why, mm_slice_str(known[i].key)))
            return known[i].words;
    }
    return "the centre refuses";
}

/* The value of "name value" in the answer; false when it is not there or does not fit. */
static bool value_of(const struct enrolling *e, const char *name, char *ret, size_t size)
{
    struct mm_rd rd = mm_rd_of(mm_buf_slice(&e->answer));
    struct mm_slice line;

    while (mm_rd_until(&rd, '\n', &line)) {
        size_t blank = mm_slice_find(line, ' ', 0);
        struct mm_slice value =
            mm_slice_sub(line, blank == SIZE_MAX ? line.n : blank + 1, SIZE_MAX);

        if (!mm_slice_eq(mm_slice_sub(line, 0, blank), mm_slice_str(name)))
            continue;
        if (value.n >= size)
            return false;
        for (size_t i = 0; i < value.n; i++) {
            if (value.p[i] <= ' ' || value.p[i] >= 0x7f)
                return false;
            ret[i] = (char)value.p[i];
        }
        ret[value.n] = 0;
        return true;
    }
    return false;
}

static bool key_of(const struct enrolling *e, const char *name, struct mm_key *ret)
{
    char text[MM_ENROL_TEXT];

    return value_of(e, name, text, sizeof(text)) &&
           mm_base64url_exact(mm_slice_str(text), ret->b, sizeof(ret->b));
}

/* One question; false after saying why there is no good answer. */
static bool ask(struct enrolling *e, struct mm_slice form)
{
    char url[MM_RELAY_URL + 32], why[64] = "";
    const char *error;
    int status;

    (void)snprintf(url, sizeof(url), "%s/v1/relay/enrol", e->wish->url);
    if (mm_relay_http_ask(e->http, url, "application/x-www-form-urlencoded", form, &e->answer,
                          &status, &error) != MM_OK) {
        complain("the centre cannot be reached", error);
        return false;
    }
    if (status == 200)
        return true;
    if (status == 429)
        complain("too many tries from here; wait a few minutes", "");
    else if (value_of(e, "error", why, sizeof(why)))
        complain(words_of(mm_slice_str(why)), "");
    else
        complain("there is no Mimamori at this address, or one that knows no relays", "");
    return false;
}

static bool ask_who(struct enrolling *e)
{
    char form[FORM_MAX], half[MM_ENROL_TEXT], proof[MM_ENROL_TEXT];
    struct mm_key code_key, theirs;
    struct mm_buf offer;
    bool ok;

    mm_base64url(mm_slice_of(e->half.b, MM_KEY), half, sizeof(half));
    (void)snprintf(form, sizeof(form), "step=ask&code=%s&half=%s", e->code.id, half);
    if (!ask(e, mm_slice_str(form)))
        return false;
    if (!key_of(e, "half", &theirs) || !key_of(e, "centre", &e->id.centre) ||
        !value_of(e, "url", e->id.url, sizeof(e->id.url)) ||
        !value_of(e, "pin", e->id.pin, sizeof(e->id.pin)) ||
        !value_of(e, "proof", proof, sizeof(proof))) {
        complain("the answer makes no sense", "");
        return false;
    }
    mm_buf_init(&offer, FORM_MAX);
    mm_base64url(mm_slice_of(e->id.centre.b, MM_KEY), half, sizeof(half));
    mm_buf_fmt(&offer, "url %s\npin %s\ncentre %s\n", e->id.url, e->id.pin, half);
    ok = mm_buf_ok(&offer) && mm_enrol_code_key(&e->code, MM_PASSWORD_MEMORY, &code_key) == MM_OK &&
         mm_enrol_session(&code_key, &e->secret, &e->half, &theirs, true, &e->session) &&
         mm_enrol_proved(&e->session, "centre", mm_buf_slice(&offer), mm_slice_str(proof));
    mm_buf_done(&offer);
    mm_wipe(&code_key, sizeof(code_key));
    if (!ok)
        complain("who answers does not know this code: it was read or typed wrongly, or somebody "
                 "stands between us and the centre. Nothing was told",
                 "");
    return ok;
}

static bool take(struct enrolling *e)
{
    char form[FORM_MAX], half[MM_ENROL_TEXT], proof[MM_ENROL_TEXT], said[64];
    char relay[16], epoch[16];
    uint64_t number, count;

    mm_base64url(mm_slice_of(e->half.b, MM_KEY), half, sizeof(half));
    mm_enrol_proof(&e->session, "relay", mm_slice_str(e->machine), proof);
    (void)snprintf(form, sizeof(form), "step=take&code=%s&half=%s&machine=%s&proof=%s", e->code.id,
                   half, e->machine, proof);
    if (!ask(e, mm_slice_str(form)))
        return false;
    if (!value_of(e, "relay", relay, sizeof(relay)) ||
        !value_of(e, "epoch", epoch, sizeof(epoch)) ||
        !value_of(e, "proof", proof, sizeof(proof)) ||
        !mm_slice_u64(mm_slice_str(relay), &number) || !mm_slice_u64(mm_slice_str(epoch), &count) ||
        number > UINT32_MAX || count > UINT32_MAX) {
        complain("the answer makes no sense", "");
        return false;
    }
    (void)snprintf(said, sizeof(said), "relay %s\nepoch %s\n", relay, epoch);
    if (!mm_enrol_proved(&e->session, "taken", mm_slice_str(said), mm_slice_str(proof))) {
        complain("the answer is not the centre's", "");
        return false;
    }
    e->id.relay = (uint32_t)number;
    e->id.epoch = (uint32_t)count;
    mm_enrol_proof(&e->session, "token", MM_S(""), e->id.token);
    return true;
}

/* ":8514" means: the host of the address that was typed, at this port. */
static bool complete_url(struct enrolling *e)
{
    const char *host = strstr(e->wish->url, "://");
    char port[16];
    size_t n;

    if (e->id.url[0] != ':')
        return strncmp(e->id.url, "https://", 8) == 0;
    host = host == NULL ? e->wish->url : host + 3;
    n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
    if (strlen(e->id.url) >= sizeof(port) || n + 32 > sizeof(e->id.url))
        return false;
    memcpy(port, e->id.url, strlen(e->id.url) + 1);
    (void)snprintf(e->id.url, sizeof(e->id.url), "https://%.*s%s", (int)n, host, port);
    return true;
}

/* The first settings. The centre's intake hears of us a moment after its pages. */
static enum mm_code first_settings(struct enrolling *e, enum mm_relay_trust trust)
{
    const struct timespec moment = {.tv_nsec = 300 * 1000 * 1000};
    char url[MM_RELAY_URL + 32];
    struct mm_relay_http *http = NULL;
    const char *why = "";
    int status = 0;
    enum mm_code c = mm_relay_http_new(&e->id, trust, NULL, &http);

    (void)snprintf(url, sizeof(url), "%s/v1/relay/settings", e->id.url);
    for (int i = 0; c == MM_OK && status != 200 && i < SETTINGS_TRIES; i++) {
        if (i > 0)
            (void)nanosleep(&moment, NULL);
        c = mm_relay_http_ask(http, url, "text/plain", (struct mm_slice){0}, &e->answer, &status,
                              &why);
    }
    if (c != MM_OK)
        complain(trust == MM_TRUST_PIN ? e->id.url : "no authority vouches for the centre", why);
    else if (status == 200)
        c = mm_relay_set_keep(e->wish->state, &e->id, mm_buf_slice(&e->answer));
    mm_relay_http_free(&http);
    return c;
}

/* Who vouches for the centre from now on: an authority where one does, else the key it told. */
static bool choose_trust(struct enrolling *e)
{
    enum mm_code c = first_settings(e, MM_TRUST_AUTHORITY);

    if (c == MM_OK)
        e->id.pin[0] = 0;
    else if (c == MM_E_AUTH && e->id.pin[0] != 0)
        c = first_settings(e, MM_TRUST_PIN);
    if (c != MM_OK)
        complain("the place where lines go cannot be used; once it can, ask for a new code",
                 e->id.url);
    return c == MM_OK;
}

/* The name of this machine, of signs that need no quoting. */
static void name_machine(char ret[65])
{
    struct utsname u;
    size_t n = 0;

    if (uname(&u) != 0)
        u.nodename[0] = 0;
    for (size_t i = 0; u.nodename[i] != 0 && n < 64; i++) {
        char c = u.nodename[i];

        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            c == '-' || c == '.')
            ret[n++] = c;
    }
    ret[n] = 0;
}

static bool begin(struct enrolling *e)
{
    const struct mm_relay_wish *w = e->wish;
    enum mm_code c = mm_callcode_parse(mm_slice_str(w->code), &e->code);

    if (c == MM_E_RANGE)
        complain("one digit of the code is wrong: have it read again", "");
    else if (c != MM_OK)
        complain("a code has sixteen digits, as 1234-5678-9012-3456", "");
    if (c != MM_OK)
        return false;
    if (strncmp(w->url, "https://", 8) != 0 || strlen(w->url) > MM_RELAY_URL - 64) {
        complain("the address of the centre begins with https://", "");
        return false;
    }
    (void)snprintf(e->id.proxy, sizeof(e->id.proxy), "%s", w->proxy == NULL ? "" : w->proxy);
    (void)snprintf(e->id.proxy_user, sizeof(e->id.proxy_user), "%s",
                   w->proxy_user == NULL ? "" : w->proxy_user);
    name_machine(e->machine);
    mm_random(&e->secret, sizeof(e->secret));
    mm_dh_public(&e->secret, &e->half);
    return mm_relay_http_new(&e->id, MM_TRUST_NOBODY, NULL, &e->http) == MM_OK;
}

int mm_relay_enrol(const struct mm_relay_wish *wish)
{
    struct enrolling e = {.wish = wish};
    bool ok = mm_crypt_init() == MM_OK;
    enum mm_code c;

    mm_buf_init(&e.answer, MM_RELAY_ANSWER);
    ok = ok && begin(&e) && ask_who(&e) && take(&e);
    if (ok && !complete_url(&e)) {
        complain("the centre names no address for lines", e.id.url);
        ok = false;
    }
    if (ok) {
        ok = choose_trust(&e);
        c = ok ? mm_relay_identity_write(wish->state, &e.id) : MM_OK;
        if (c != MM_OK)
            complain("the identity cannot be written", mm_code_key(c));
        ok = ok && c == MM_OK;
    }
    if (ok)
        printf("This machine is relay %u of %s now. Start it: mimamori relay run\n", e.id.relay,
               e.id.url);
    mm_relay_http_free(&e.http);
    mm_buf_done(&e.answer);
    mm_wipe(&e, sizeof(e));
    return ok ? 0 : 1;
}
