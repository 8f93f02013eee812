/* codec/auditd.c - see auditd.h for the contract. */
#include "codec/auditd.h"

#include "base/rd.h"

static const struct mm_kv_style style = {.gap = ' ', .assign = '=', .quote = '"', .quote2 = '\''};

/* "avc:  denied  { read write } for  " in front of the pairs; what isn't that stays as it is. */
static void read_avc(struct mm_rd *rd, struct mm_auditd *ret)
{
    struct mm_rd at = *rd;
    struct mm_slice result, permissions;

    (void)mm_rd_skip(&at, ' ');
    if (!mm_rd_lit(&at, MM_S("avc:")))
        return;
    (void)mm_rd_skip(&at, ' ');
    if (!mm_rd_until(&at, ' ', &result))
        return;
    (void)mm_rd_skip(&at, ' ');
    if (!mm_rd_byte(&at, '{') || !mm_rd_until(&at, '}', &permissions) ||
        !mm_rd_lit(&at, MM_S(" for ")))
        return;
    ret->avc = result;
    ret->permissions = mm_slice_trim(permissions);
    *rd = at;
}

enum mm_code mm_auditd_parse(struct mm_slice in, struct mm_auditd *ret, struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(in);
    struct mm_auditd a = {0};
    struct mm_slice digits;
    uint64_t number;

    MM_ASSERT(ret != NULL);
    if (mm_rd_lit(&rd, MM_S("node=")) && !mm_rd_until(&rd, ' ', &a.node))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "auditd.node");
    /* Relays leave the type out when it stands in their own header. */
    if (mm_rd_lit(&rd, MM_S("type=")) && (!mm_rd_until(&rd, ' ', &a.type) || a.type.n == 0))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "auditd.type");
    (void)mm_rd_lit(&rd, MM_S("msg="));
    if (!mm_rd_lit(&rd, MM_S("audit(")) || !mm_rd_until(&rd, ':', &a.time))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "auditd.time");
    digits = mm_slice_sub(a.time, 0, mm_slice_find(a.time, '.', 0));
    if (!mm_slice_u64(digits, &number))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "auditd.time");
    if (!mm_rd_until(&rd, ')', &a.serial) || !mm_slice_u64(a.serial, &number) ||
        !mm_rd_byte(&rd, ':'))
        return mm_fail(fault, MM_E_SYNTAX, rd.pos, "auditd.serial");
    read_avc(&rd, &a);
    a.pairs = mm_slice_trim(mm_rd_rest(&rd));
    *ret = a;
    return MM_OK;
}

void mm_auditd_walk(struct mm_auditd_walk *walk, struct mm_slice pairs)
{
    size_t more = mm_slice_find(pairs, 0x1D, 0);

    *walk = (struct mm_auditd_walk){0};
    if (more != SIZE_MAX)
        walk->enriched = mm_slice_sub(pairs, more + 1, SIZE_MAX);
    mm_kv_init(&walk->outer, mm_slice_trim(mm_slice_sub(pairs, 0, more)), style);
}

/* The pairs are used up: go on with the enriched part, if there is one. */
static bool enrich(struct mm_auditd_walk *walk)
{
    if (walk->enriched.n == 0)
        return false;
    mm_kv_init(&walk->outer, mm_slice_trim(walk->enriched), style);
    walk->enriched.n = 0;
    walk->again = true;
    return true;
}

bool mm_auditd_next(struct mm_auditd_walk *walk, struct mm_auditd_pair *ret)
{
    struct mm_kv_pair pair;

    for (;;) {
        if (walk->nested && mm_kv_next(&walk->inner, &pair, &walk->stray))
            break;
        walk->nested = false;
        if (!mm_kv_next(&walk->outer, &pair, walk->again ? NULL : &walk->stray)) {
            if (!enrich(walk))
                return false;
            continue;
        }
        walk->stray += pair.torn ? 1 : 0;
        if (!pair.quoted || !mm_slice_eq(pair.key, MM_S("msg")))
            break;
        mm_kv_init(&walk->inner, pair.value, style);
        walk->nested = true;
    }
    ret->key = pair.key;
    ret->value = pair.value;
    ret->quoted = pair.quoted;
    return true;
}

/* a0, a1[0] … of an EXECVE record. */
static bool is_argument(struct mm_slice key)
{
    return key.n >= 2 && key.p[0] == 'a' && key.p[1] >= '0' && key.p[1] <= '9';
}

/* Fields of the type "encoded" in the audit field dictionary that say something to people. */
static bool may_be_hex(struct mm_slice key)
{
    static const struct mm_slice keys[] = {
        MM_S_INIT("proctitle"), MM_S_INIT("comm"), MM_S_INIT("exe"),  MM_S_INIT("name"),
        MM_S_INIT("cwd"),       MM_S_INIT("acct"), MM_S_INIT("cmd"),  MM_S_INIT("data"),
        MM_S_INIT("dir"),       MM_S_INIT("path"), MM_S_INIT("unit"), MM_S_INIT("vm"),
        MM_S_INIT("key"),       MM_S_INIT("ocomm")};

    for (size_t i = 0; i < MM_COUNT(keys); i++) {
        if (mm_slice_eq(keys[i], key))
            return true;
    }
    return false;
}

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; /* the kernel writes capitals */
}

bool mm_auditd_text(struct mm_arena *arena, const struct mm_auditd_pair *pair, struct mm_slice *ret)
{
    struct mm_slice v = pair->value;
    uint8_t *out;

    /* An argument of a SYSCALL record is a number: only long ones are worth a look. */
    if (pair->quoted || v.n < 2 || v.n % 2 != 0 ||
        !(may_be_hex(pair->key) || (is_argument(pair->key) && v.n > 16))) {
        *ret = v;
        return true;
    }
    for (size_t i = 0; i < v.n; i++) {
        if (digit(v.p[i]) < 0) {
            *ret = v;
            return true;
        }
    }
    out = mm_arena_bytes(arena, v.n / 2);
    if (out == NULL)
        return false;
    for (size_t i = 0; i < v.n / 2; i++) {
        out[i] = (uint8_t)(digit(v.p[2 * i]) * 16 + digit(v.p[2 * i + 1])); /* at most 255 */
        if (out[i] == 0)
            out[i] = ' ';
    }
    *ret = mm_slice_of(out, v.n / 2);
    return true;
}
