/* notify/mail.c - one mail: its bytes, and one try over SMTP; see notify.h for the contract. */
#include <curl/curl.h>
#include <stdlib.h>

#include "base/time.h"
#include "base/utf8.h"
#include "notify/notify.h"

enum {
    LINE_BYTES = 57, /* base64 of 57 bytes is a line of 76 (RFC 2045 6.8) */
    WORD_BYTES = 42, /* an encoded word stays below 75 characters (RFC 2047 2) */
    CONNECT_S = 15,
    WHOLE_S = 60,
};

static void base64(struct mm_buf *out, struct mm_slice s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < s.n; i += 3) {
        size_t left = s.n - i;
        uint32_t v = (uint32_t)s.p[i] << 16 | (left > 1 ? (uint32_t)s.p[i + 1] << 8 : 0) |
                     (left > 2 ? s.p[i + 2] : 0);

        mm_buf_byte(out, (uint8_t)digits[v >> 18]);
        mm_buf_byte(out, (uint8_t)digits[v >> 12 & 63]);
        mm_buf_byte(out, left > 1 ? (uint8_t)digits[v >> 6 & 63] : '=');
        mm_buf_byte(out, left > 2 ? (uint8_t)digits[v & 63] : '=');
    }
}

/* One @, no blanks, brackets, quotes or control characters: what can stand between < and >. */
static bool address_ok(struct mm_slice s)
{
    size_t ats = 0;

    if (s.n < 3 || s.n > MM_MAIL_RECIPIENT_MAX || s.p[0] == '@' || s.p[s.n - 1] == '@')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (c <= ' ' || c >= 0x7F || c == '<' || c == '>' || c == '"' || c == '(' || c == ')' ||
            c == ',' || c == ';' || c == '\\')
            return false;
        ats += c == '@';
    }
    return ats == 1;
}

static void subject(struct mm_buf *out, struct mm_slice text)
{
    struct mm_buf clean;
    size_t at = 0;

    mm_buf_init(&clean, 4 * MM_MAIL_SUBJECT_MAX);
    mm_utf8_clean(&clean, mm_utf8_cut(text, MM_MAIL_SUBJECT_MAX));
    mm_buf_str(out, "Subject:");
    while (at < clean.n) {
        struct mm_slice rest = mm_slice_sub(mm_buf_slice(&clean), at, SIZE_MAX);
        struct mm_slice part = mm_utf8_cut(rest, WORD_BYTES);

        mm_buf_str(out, at == 0 ? " =?UTF-8?B?" : "\r\n =?UTF-8?B?");
        base64(out, part);
        mm_buf_str(out, "?=");
        at += part.n;
    }
    mm_buf_str(out, "\r\n");
    mm_buf_done(&clean);
}

static void date(struct mm_buf *out, int64_t us)
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct mm_civil c;

    mm_civil_of_us(us, 9 * 3600, &c);
    mm_buf_fmt(out, "Date: %s, %d %s %d %02d:%02d:%02d +0900\r\n",
               days[mm_weekday(c.year, c.month, c.day)], c.day, months[c.month - 1], c.year, c.hour,
               c.minute, c.second);
}

enum mm_code mm_mail_build(const struct mm_mail *m, const char *from, struct mm_buf *out)
{
    struct mm_buf body;

    if (!address_ok(m->recipient) || !address_ok(mm_slice_str(from)) || !address_ok(m->message_id))
        return MM_E_SYNTAX;
    date(out, m->date_us);
    mm_buf_fmt(out, "From: <%s>\r\nTo: <%.*s>\r\nMessage-ID: <%.*s>\r\n", from,
               MM_S_ARG(m->recipient), MM_S_ARG(m->message_id));
    subject(out, m->subject);
    mm_buf_str(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
                    "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    mm_buf_init(&body, MM_MAIL_MAX);
    mm_utf8_clean(&body, m->body);
    for (size_t at = 0; at < body.n; at += LINE_BYTES) {
        base64(out, mm_slice_sub(mm_buf_slice(&body), at, LINE_BYTES));
        mm_buf_str(out, "\r\n");
    }
    if (!mm_buf_ok(&body))
        out->failed = true;
    mm_buf_done(&body);
    return mm_buf_ok(out) ? MM_OK : MM_E_LIMIT;
}

struct upload {
    struct mm_slice mail;
    size_t at;
};

static size_t feed(char *to, size_t size, size_t n, void *arg)
{
    struct upload *u = arg;
    size_t room = size * n, left = u->mail.n - u->at, take = left < room ? left : room;

    if (take > 0)
        memcpy(to, u->mail.p + u->at, take);
    u->at += take;
    return take;
}

/* Is it us whom the server refuses, not the mail? Answers of RFC 4954 4 and 6, RFC 3207 4. */
static bool login_refused(CURLcode rc, long answer)
{
    return rc == CURLE_LOGIN_DENIED || answer == 530 || answer == 534 || answer == 535 ||
           answer == 538;
}

static enum mm_mail_end judge(CURLcode rc, long answer, const struct upload *u)
{
    if (rc == CURLE_OK)
        return MM_MAIL_SENT;
    if (login_refused(rc, answer))
        return MM_MAIL_LATER; /* a wrong password is put right, and then the mail still goes */
    if (answer >= 500 && answer < 600)
        return MM_MAIL_REFUSED;
    if (answer >= 400 && answer < 500)
        return MM_MAIL_LATER;
    /* Everything was handed to the connection and no answer to it came back. */
    return u->at == u->mail.n ? MM_MAIL_UNSURE : MM_MAIL_LATER;
}

static void options(CURL *c, const struct mm_mail_server *s, const struct curl_slist *to,
                    struct upload *u, char *error)
{
    curl_easy_setopt(c, CURLOPT_URL, s->url);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(c, CURLOPT_PROXY, "");
    curl_easy_setopt(c, CURLOPT_MAIL_FROM, s->from);
    curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
    curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(c, CURLOPT_READFUNCTION, feed);
    curl_easy_setopt(c, CURLOPT_READDATA, u);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)WHOLE_S);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, error);
    if (s->user != NULL && s->user[0] != 0) {
        /* A password never goes over a line that others can read. */
        curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
        curl_easy_setopt(c, CURLOPT_USERNAME, s->user);
        curl_easy_setopt(c, CURLOPT_PASSWORD, s->password);
    } else {
        curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
    }
    if (s->ca_file != NULL)
        curl_easy_setopt(c, CURLOPT_CAINFO, s->ca_file);
}

enum mm_mail_end mm_mail_send(const struct mm_mail_server *server, const struct mm_mail *m,
                              struct mm_buf *why)
{
    char recipient[MM_MAIL_RECIPIENT_MAX + 1], error[CURL_ERROR_SIZE] = "";
    struct curl_slist *to = NULL;
    struct upload u = {.at = 0};
    enum mm_mail_end end = MM_MAIL_LATER;
    struct mm_buf mail;
    CURL *c;

    mm_buf_init(&mail, MM_MAIL_MAX);
    if (mm_mail_build(m, server->from, &mail) != MM_OK) {
        mm_buf_str(why, "sender or recipient is no mail address, or the mail is too long");
        mm_buf_done(&mail);
        return MM_MAIL_REFUSED;
    }
    u.mail = mm_buf_slice(&mail);
    (void)snprintf(recipient, sizeof(recipient), "%.*s", MM_S_ARG(m->recipient));
    to = curl_slist_append(NULL, recipient);
    c = curl_easy_init();
    if (c != NULL && to != NULL) {
        long answer = 0;
        CURLcode rc;

        options(c, server, to, &u, error);
        rc = curl_easy_perform(c);
        curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer);
        end = judge(rc, answer, &u);
        if (end == MM_MAIL_UNSURE)
            mm_buf_str(why, "sent, the answer was lost: ");
        if (end != MM_MAIL_SENT)
            mm_buf_fmt(why, "%s (answer %ld)", error[0] != 0 ? error : curl_easy_strerror(rc),
                       answer);
    }
    curl_easy_cleanup(c);
    curl_slist_free_all(to);
    mm_buf_done(&mail);
    return end;
}
