/* parse/gives.c - the fields that a format can give, as far as its file says. */
#include "codec/ext/yaml.h"
#include "parse/format.h"

static void give(uint64_t *ret, enum mm_field f)
{
    if (f < MM_F_COUNT)
        ret[(unsigned)f / 64] |= UINT64_C(1) << ((unsigned)f % 64);
}

/* An operation that fills a second field says so by its kind. */
static void give_op(uint64_t *ret, const struct mm_op *op)
{
    static const struct {
        enum mm_field to, too;
    } users[] = {
        {MM_F_USER_NAME, MM_F_USER_DOMAIN},
        {MM_F_USER_TARGET_NAME, MM_F_USER_TARGET_DOMAIN},
        {MM_F_SOURCE_USER, MM_F_SOURCE_USER_DOMAIN},
    };

    give(ret, op->to.field);
    for (size_t i = 0; i < MM_COUNT(users); i++) {
        if ((op->kind == MM_OP_USER || op->kind == MM_OP_ACCOUNT) && op->to.field == users[i].to)
            give(ret, users[i].too);
    }
}

static void give_sets(uint64_t *ret, const struct mm_set *s)
{
    for (; s != NULL; s = s->next) {
        if (s->value != NULL)
            give(ret, s->to.field);
    }
}

/* Rules nest at most MM_YAML_MAX_DEPTH deep: the loader bounds the stack. */
static void give_rules(uint64_t *ret, const struct mm_rule *r)
{
    const struct mm_rule *later[MM_YAML_MAX_DEPTH];
    size_t n = 0;

    while (r != NULL) {
        give_sets(ret, r->sets);
        if (r->rules != NULL && r->next != NULL) {
            MM_ASSERT(n < MM_COUNT(later));
            later[n++] = r->next;
        }
        r = r->rules != NULL ? r->rules : r->next;
        if (r == NULL && n > 0)
            r = later[--n];
    }
}

/* The decoder of Windows events fills fields by itself: what model/winfields.def names, and what
 * decode/winderive.c and winfield.c conclude. */
static void give_windows(uint64_t *ret)
{
    static const enum mm_field concluded[] = {
        MM_F_EVENT_ACTION,
        MM_F_EVENT_CATEGORY,
        MM_F_EVENT_CODE,
        MM_F_EVENT_OUTCOME,
        MM_F_EVENT_PROVIDER,
        MM_F_EVENT_REASON,
        MM_F_EVENT_TYPE,
        MM_F_DESTINATION_DOMAIN,
        MM_F_FILE_HASH_MD5,
        MM_F_FILE_HASH_SHA256,
        MM_F_FILE_PATH,
        MM_F_GROUP_NAME,
        MM_F_HOST_NAME,
        MM_F_LOG_LEVEL,
        MM_F_MESSAGE,
        MM_F_NETWORK_DIRECTION,
        MM_F_NETWORK_IANA,
        MM_F_PROCESS_COMMAND_LINE,
        MM_F_PROCESS_EXECUTABLE,
        MM_F_PROCESS_NAME,
        MM_F_PROCESS_PARENT_PID,
        MM_F_PROCESS_PID,
        MM_F_REGISTRY_PATH,
        MM_F_RULE_CATEGORY,
        MM_F_RULE_NAME,
        MM_F_SOURCE_DOMAIN,
        MM_F_USER_DOMAIN,
        MM_F_USER_ID,
        MM_F_USER_NAME,
        MM_F_USER_TARGET_DOMAIN,
        MM_F_USER_TARGET_NAME,
        MM_F_WINLOG_CHANNEL,
        MM_F_WINLOG_RECORD,
    };
    static const struct mm_slice named[] = {
#define MM_WIN(name, ecs, kind) MM_S_INIT(ecs),
#include "model/winfields.def"
#undef MM_WIN
    };

    for (size_t i = 0; i < MM_COUNT(concluded); i++)
        give(ret, concluded[i]);
    for (size_t i = 0; i < MM_COUNT(named); i++)
        give(ret, mm_field_find(named[i]));
}

void mm_formats_gives(const struct mm_formats *formats, uint16_t index, uint64_t ret[MM_F_WORDS])
{
    const struct mm_format *f;

    MM_ASSERT(index < formats->count);
    f = formats->format[index];
    memset(ret, 0, MM_F_WORDS * sizeof(ret[0]));
    /* What nothing maps goes by its own name, which may be any field's. */
    if (f->keep_unknown && f->prefix.n == 0) {
        memset(ret, 0xff, MM_F_WORDS * sizeof(ret[0]));
        return;
    }
    for (size_t i = 0; i < MM_WIRE_MAX; i++) {
        for (const struct mm_op *op = f->slot[i].ops; op != NULL; op = op->next)
            give_op(ret, op);
    }
    give_sets(ret, f->sets);
    give_rules(ret, f->rules);
    for (size_t i = 0; i < f->pattern_count; i++)
        give_rules(ret, f->pattern_rule[i]);
    if (f->decode == mm_decode_winevent || f->decode == mm_decode_winxml ||
        (f->decode == mm_decode_csv && f->csv.slot_message != MM_SYM_NONE))
        give_windows(ret);
}
