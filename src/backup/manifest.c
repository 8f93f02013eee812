/* backup/manifest.c - see manifest.h for the contract. */
#include "backup/manifest.h"

#include <stdlib.h>

#include "base/rd.h"
#include "base/time.h"
#include "base/vec.h"

static const char hex_digits[] = "0123456789abcdef";

/* ---- names ---- */

static bool is_plain(uint8_t c)
{
    return c > 0x20 && c < 0x7f && c != '%';
}

void mm_manifest_name(struct mm_buf *out, const char *path)
{
    static const char upper[] = "0123456789ABCDEF";

    for (const uint8_t *p = (const uint8_t *)path; *p != 0; p++) {
        if (is_plain(*p)) {
            mm_buf_byte(out, *p);
            continue;
        }
        mm_buf_byte(out, '%');
        mm_buf_byte(out, (uint8_t)upper[*p >> 4]);
        mm_buf_byte(out, (uint8_t)upper[*p & 15]);
    }
}

/* The byte at *at and behind it; -1 when it is not written as it should be. */
static int name_byte(struct mm_slice name, size_t *at)
{
    uint8_t c = name.p[*at];
    uint64_t value;

    (*at)++;
    if (is_plain(c))
        return c;
    if (c != '%' || name.n - *at < 2)
        return -1;
    for (size_t i = 0; i < 2; i++) {
        if (name.p[*at + i] >= 'a')
            return -1;
    }
    if (!mm_slice_hex(mm_slice_sub(name, *at, 2), &value) || value == 0 ||
        is_plain((uint8_t)value)) /* two digits */
        return -1;
    *at += 2;
    return (int)value;
}

enum mm_code mm_manifest_path(struct mm_slice name, char ret[MM_MAX_PATH])
{
    char path[MM_MAX_PATH];
    size_t n = 0;

    for (size_t at = 0; at < name.n;) {
        int c = name_byte(name, &at);

        if (c < 0)
            return MM_E_SYNTAX;
        if (n + 1 >= sizeof(path))
            return MM_E_LIMIT;
        path[n++] = (char)c;
    }
    path[n] = 0;
    memcpy(ret, path, n + 1);
    return MM_OK;
}

/* Parts between slashes, none empty, none "." or "..": never outside the backup. */
static bool name_stays_inside(struct mm_slice name)
{
    char path[MM_MAX_PATH];
    size_t from = 0;

    if (name.n == 0 || mm_manifest_path(name, path) != MM_OK)
        return false;
    for (size_t i = 0; i <= strlen(path); i++) {
        if (path[i] != '/' && path[i] != 0)
            continue;
        if (i == from || (i == from + 1 && path[from] == '.') ||
            (i == from + 2 && path[from] == '.' && path[from + 1] == '.'))
            return false;
        from = i + 1;
    }
    return true;
}

static int by_name(const void *a, const void *b)
{
    const struct mm_manifest_file *x = a, *y = b;

    return mm_slice_cmp(x->name, y->name);
}

void mm_manifest_sort(struct mm_manifest_file *file, size_t n)
{
    if (n > 1)
        qsort(file, n, sizeof(*file), by_name);
}

const struct mm_manifest_file *mm_manifest_find(const struct mm_manifest *m, struct mm_slice name)
{
    struct mm_manifest_file wanted = {.name = name};

    if (m->files_n == 0)
        return NULL;
    return bsearch(&wanted, m->file, m->files_n, sizeof(wanted), by_name);
}

/* ---- reading ---- */

static bool lit(struct mm_rd *rd, const char *text)
{
    return mm_rd_lit(rd, mm_slice_str(text));
}

static bool number(struct mm_rd *rd, uint8_t stop, uint64_t *ret)
{
    struct mm_slice text;

    return mm_rd_token(rd, stop, 20, &text) && (text.n == 1 || text.p[0] != '0') &&
           mm_slice_u64(text, ret);
}

static bool word(struct mm_rd *rd, uint8_t stop, struct mm_slice *ret)
{
    return mm_rd_token(rd, stop, MM_MANIFEST_WORD_MAX, ret);
}

static bool digest(struct mm_rd *rd, uint8_t stop, uint8_t ret[MM_SHA256])
{
    struct mm_slice text;

    if (!mm_rd_token(rd, stop, (size_t)2 * MM_SHA256, &text) || text.n != (size_t)2 * MM_SHA256)
        return false;
    for (size_t i = 0; i < MM_SHA256; i++) {
        const char *high = memchr(hex_digits, text.p[2 * i], 16);
        const char *low = memchr(hex_digits, text.p[2 * i + 1], 16);

        if (high == NULL || low == NULL)
            return false;
        ret[i] = (uint8_t)((high - hex_digits) * 16 + (low - hex_digits)); /* below 256 */
    }
    return true;
}

/* RFC 3339 in UTC to the second, in the form that mm_time_text writes. */
static bool moment(struct mm_rd *rd, int64_t *ret_us)
{
    struct mm_slice text;
    char again[MM_TIME_TEXT];
    bool zone = false;

    if (!mm_rd_token(rd, '\n', MM_TIME_TEXT, &text) || !mm_time_parse(text, 0, ret_us, &zone) ||
        !zone)
        return false;
    mm_time_text(*ret_us, again);
    return mm_slice_eq(text, mm_slice_str(again));
}

static bool table_line(struct mm_rd *rd, struct mm_manifest *m)
{
    struct mm_manifest_table *t = &m->table[m->tables_n];

    if (m->tables_n == MM_MANIFEST_TABLES_MAX || !word(rd, ' ', &t->name) || !lit(rd, "rows ") ||
        !number(rd, ' ', &t->rows) || !lit(rd, "expires ") || !number(rd, '\n', &t->expires_s))
        return false;
    m->tables_n++;
    return true;
}

static bool queue_line(struct mm_rd *rd, struct mm_manifest *m)
{
    struct mm_manifest_queue *q = &m->queue[m->queues_n];

    if (m->queues_n == MM_MANIFEST_QUEUES_MAX || !number(rd, ' ', &q->queue) ||
        q->queue > UINT16_MAX || !lit(rd, "position ") || !number(rd, ' ', &q->position) ||
        !lit(rd, "oldest ") || !number(rd, ' ', &q->oldest) || !lit(rd, "next ") ||
        !number(rd, '\n', &q->next))
        return false;
    m->queues_n++;
    return true;
}

static enum mm_code file_line(struct mm_rd *rd, struct mm_manifest *m, size_t *cap)
{
    struct mm_manifest_file f;

    if (!digest(rd, ' ', f.sha256) || !number(rd, ' ', &f.size) ||
        !mm_rd_token(rd, '\n', (size_t)3 * MM_MAX_PATH, &f.name) || !name_stays_inside(f.name) ||
        (m->files_n > 0 && mm_slice_cmp(m->file[m->files_n - 1].name, f.name) >= 0))
        return MM_E_SYNTAX;
    if (m->files_n == MM_MANIFEST_FILES_MAX)
        return MM_E_LIMIT;
    if (!MM_VEC_ROOM(m->file, m->files_n, *cap, MM_MANIFEST_FILES_MAX))
        return MM_E_NOMEM;
    m->file[m->files_n++] = f;
    return MM_OK;
}

static bool head_lines(struct mm_rd *rd, struct mm_manifest *m)
{
    if (!lit(rd, "program ") || !word(rd, '\n', &m->program) || !lit(rd, "state ") ||
        !number(rd, '\n', &m->state) || !lit(rd, "made ") || !moment(rd, &m->made_us) ||
        !lit(rd, "keys "))
        return false;
    m->keys = lit(rd, "yes\n");
    return m->keys || lit(rd, "no\n");
}

/* The digest of everything before the position. */
static bool digest_of(struct mm_slice in, uint8_t ret[MM_SHA256])
{
    struct mm_sha256 *h = mm_sha256_new();

    if (h == NULL)
        return false;
    mm_sha256_add(h, in);
    mm_sha256_take(h, ret);
    mm_sha256_free(&h);
    return true;
}

static enum mm_code end_lines(struct mm_rd *rd, struct mm_manifest *m)
{
    uint8_t said[MM_SHA256], is[MM_SHA256];
    size_t above;

    m->before = mm_slice_sub(rd->in, 0, rd->pos);
    if (!lit(rd, "seal "))
        return MM_E_SYNTAX;
    m->sealed = !lit(rd, "-\n");
    if (m->sealed && !digest(rd, '\n', m->seal.b))
        return MM_E_SYNTAX;
    above = rd->pos;
    if (!lit(rd, "sha256 ") || !digest(rd, '\n', said) || mm_rd_left(rd) > 0)
        return MM_E_SYNTAX;
    if (!digest_of(mm_slice_sub(rd->in, 0, above), is))
        return MM_E_NOMEM;
    if (memcmp(said, is, sizeof(is)) != 0) {
        rd->pos = above;
        return MM_E_SYNTAX;
    }
    return MM_OK;
}

static enum mm_code parse(struct mm_rd *rd, struct mm_manifest *m)
{
    enum mm_code code = MM_OK;
    uint64_t version = 0;
    size_t cap = 0;

    if (!lit(rd, "mimamori-backup ") || !number(rd, '\n', &version))
        return MM_E_SYNTAX;
    if (version != MM_MANIFEST_VERSION)
        return MM_E_VERSION;
    if (!head_lines(rd, m))
        return MM_E_SYNTAX;
    while (lit(rd, "table ")) {
        if (!table_line(rd, m))
            return MM_E_SYNTAX;
    }
    while (lit(rd, "queue ")) {
        if (!queue_line(rd, m))
            return MM_E_SYNTAX;
    }
    while (code == MM_OK && lit(rd, "file "))
        code = file_line(rd, m, &cap);
    return code == MM_OK ? end_lines(rd, m) : code;
}

enum mm_code mm_manifest_parse(struct mm_slice in, struct mm_manifest *ret, struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_manifest *m = calloc(1, sizeof(*m));
    enum mm_code code;

    MM_ASSERT(ret != NULL);
    if (m == NULL)
        return MM_E_NOMEM;
    code = in.n > MM_MANIFEST_MAX ? MM_E_LIMIT : parse(&rd, m);
    if (code == MM_OK)
        *ret = *m;
    else
        mm_manifest_done(m);
    free(m);
    return code == MM_OK ? MM_OK : mm_fail(fault, code, rd.pos, "backup.manifest");
}

struct mm_slice mm_manifest_program(struct mm_slice in)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_slice name;
    uint64_t version;

    if (lit(&rd, "mimamori-backup ") && number(&rd, '\n', &version) && lit(&rd, "program ") &&
        mm_rd_token(&rd, '\n', MM_MANIFEST_WORD_MAX, &name))
        return name;
    return MM_S("unknown");
}

void mm_manifest_done(struct mm_manifest *m)
{
    free(m->file);
    m->file = NULL;
    m->files_n = 0;
}

/* ---- writing ---- */

static void put_hex(struct mm_buf *out, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        mm_buf_byte(out, (uint8_t)hex_digits[p[i] >> 4]);
        mm_buf_byte(out, (uint8_t)hex_digits[p[i] & 15]);
    }
    mm_buf_byte(out, '\n');
}

static void put_file(struct mm_buf *out, const struct mm_manifest_file *f)
{
    mm_buf_str(out, "file ");
    put_hex(out, f->sha256, sizeof(f->sha256));
    if (mm_buf_ok(out))
        out->n--; /* its line goes on */
    mm_buf_byte(out, ' ');
    mm_buf_u64(out, f->size);
    mm_buf_byte(out, ' ');
    mm_buf_add(out, f->name);
    mm_buf_byte(out, '\n');
}

/* The seal of what is written so far: another use of the key than all others. */
static void seal_of(struct mm_slice text, const struct mm_key *key, struct mm_digest *ret)
{
    struct mm_digest own;
    struct mm_key derived;

    mm_digest_keyed(key, MM_S("backup manifest"), &own);
    static_assert(sizeof(own.b) == sizeof(derived.b), "a digest makes a key");
    memcpy(derived.b, own.b, sizeof(derived.b));
    mm_digest_keyed(&derived, text, ret);
    mm_wipe(&derived, sizeof(derived));
    mm_wipe(&own, sizeof(own));
}

void mm_manifest_write(const struct mm_manifest *m, const struct mm_key *key, struct mm_buf *out)
{
    char when[MM_TIME_TEXT];
    struct mm_digest seal;
    uint8_t sum[MM_SHA256];

    MM_ASSERT(out->n == 0);
    mm_time_text(m->made_us, when);
    mm_buf_fmt(out, "mimamori-backup %d\nprogram %.*s\nstate %llu\nmade %s\nkeys %s\n",
               (int)MM_MANIFEST_VERSION, MM_S_ARG(m->program), (unsigned long long)m->state, when,
               m->keys ? "yes" : "no");
    for (size_t i = 0; i < m->tables_n; i++)
        mm_buf_fmt(out, "table %.*s rows %llu expires %llu\n", MM_S_ARG(m->table[i].name),
                   (unsigned long long)m->table[i].rows, (unsigned long long)m->table[i].expires_s);
    for (size_t i = 0; i < m->queues_n; i++)
        mm_buf_fmt(out, "queue %llu position %llu oldest %llu next %llu\n",
                   (unsigned long long)m->queue[i].queue, (unsigned long long)m->queue[i].position,
                   (unsigned long long)m->queue[i].oldest, (unsigned long long)m->queue[i].next);
    for (size_t i = 0; i < m->files_n; i++)
        put_file(out, &m->file[i]);
    if (key != NULL)
        seal_of(mm_buf_slice(out), key, &seal);
    mm_buf_str(out, key == NULL ? "seal -\n" : "seal ");
    if (key != NULL)
        put_hex(out, seal.b, sizeof(seal.b));
    if (!digest_of(mm_buf_slice(out), sum)) {
        out->failed = true;
        return;
    }
    mm_buf_str(out, "sha256 ");
    put_hex(out, sum, sizeof(sum));
}

bool mm_manifest_sealed_by(const struct mm_manifest *m, const struct mm_key *key)
{
    struct mm_digest seal;

    if (!m->sealed)
        return false;
    seal_of(m->before, key, &seal);
    return mm_same(mm_slice_of(seal.b, sizeof(seal.b)), mm_slice_of(m->seal.b, sizeof(m->seal.b)));
}
