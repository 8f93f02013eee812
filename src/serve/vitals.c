/* serve/vitals.c - see vitals.h for the contract. */
#include "serve/vitals.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/time.h"
#include "codec/ext/json.h"
#include "os/file.h"

enum { TEXT_MAX = 16 * 1024 }; /* 17 programs of 200 bytes are 4 KB */

static void put(struct mm_buf *b, const struct mm_vital *p)
{
    mm_buf_fmt(b, "{\"name\":\"%s\",\"pid\":%lld,\"ready\":%s,\"restarts\":%u,", p->name,
               (long long)p->pid, p->ready ? "true" : "false", p->restarts);
    mm_buf_fmt(b, "\"started_us\":%lld,\"cpu_us\":%lld,\"rss_bytes\":%llu,\"processes\":%u}",
               (long long)p->started_us, (long long)p->cpu_us, (unsigned long long)p->rss_bytes,
               p->processes);
}

static bool write_file(const char *path, struct mm_slice text)
{
    FILE *f = fopen(path, "w");
    bool ok;

    if (f == NULL)
        return false;
    ok = fwrite(text.p, 1, text.n, f) == text.n;
    return fclose(f) == 0 && ok;
}

enum mm_code mm_vitals_write(const char *run_dir, const struct mm_vitals *v)
{
    char path[MM_MAX_PATH], fresh[MM_MAX_PATH];
    struct mm_buf b;
    bool ok;

    MM_ASSERT(v->n <= MM_VITALS_PROGRAMS);
    if (mm_path_join(path, run_dir, MM_VITALS_NAME) != MM_OK ||
        mm_path_join(fresh, run_dir, MM_VITALS_NAME ".new") != MM_OK)
        return MM_E_IO;
    mm_buf_init(&b, TEXT_MAX);
    mm_buf_fmt(&b,
               "{\"written_us\":%lld,\"began_us\":%lld,\"supervisor\":", (long long)v->written_us,
               (long long)v->began_us);
    put(&b, &v->supervisor);
    mm_buf_str(&b, ",\"programs\":[");
    for (size_t i = 0; i < v->n; i++) {
        mm_buf_str(&b, i == 0 ? "" : ",");
        put(&b, &v->program[i]);
    }
    mm_buf_str(&b, "]}\n");
    /* Not synced: it is of this moment, and lost without harm. */
    ok = mm_buf_ok(&b) && write_file(fresh, mm_buf_slice(&b)) && rename(fresh, path) == 0;
    mm_buf_done(&b);
    return ok ? MM_OK : MM_E_IO;
}

/* A whole number that is not below zero; otherwise 0. */
static int64_t number(const struct mm_json_doc *doc, size_t object, const char *key)
{
    const struct mm_json_item *it = mm_json_get(doc, object, mm_slice_str(key));
    uint64_t v;

    if (it == NULL || it->type != MM_JSON_NUMBER || !mm_slice_u64(it->text, &v) || v > INT64_MAX)
        return 0;
    return (int64_t)v;
}

static uint32_t small(const struct mm_json_doc *doc, size_t object, const char *key)
{
    int64_t v = number(doc, object, key);

    return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/* False when it is no program. */
static bool get(const struct mm_json_doc *doc, size_t object, struct mm_vital *ret)
{
    const struct mm_json_item *name = mm_json_get(doc, object, MM_S("name"));
    const struct mm_json_item *ready = mm_json_get(doc, object, MM_S("ready"));

    if (name == NULL || name->type != MM_JSON_STRING || name->text.n == 0 ||
        name->text.n >= sizeof(ret->name))
        return false;
    for (size_t i = 0; i < name->text.n; i++) {
        if (name->text.p[i] < 'a' || name->text.p[i] > 'z')
            return false; /* it becomes part of keys and of metrics */
    }
    *ret = (struct mm_vital){
        .pid = number(doc, object, "pid"),
        .ready = ready != NULL && ready->type == MM_JSON_TRUE,
        .restarts = small(doc, object, "restarts"),
        .started_us = number(doc, object, "started_us"),
        .cpu_us = number(doc, object, "cpu_us"),
        .rss_bytes = (uint64_t)number(doc, object, "rss_bytes"),
        .processes = small(doc, object, "processes"),
    };
    memcpy(ret->name, name->text.p, name->text.n);
    return true;
}

static enum mm_code read_doc(const struct mm_json_doc *doc, struct mm_vitals *ret)
{
    const struct mm_json_item *list, *own;
    struct mm_vitals v = {0};
    size_t at;

    if (doc->item[0].type != MM_JSON_OBJECT)
        return MM_E_SYNTAX;
    list = mm_json_get(doc, 0, MM_S("programs"));
    own = mm_json_get(doc, 0, MM_S("supervisor"));
    if (list == NULL || list->type != MM_JSON_ARRAY || own == NULL || own->type != MM_JSON_OBJECT ||
        !get(doc, mm_json_index(doc, own), &v.supervisor))
        return MM_E_SYNTAX;
    v.written_us = number(doc, 0, "written_us");
    v.began_us = number(doc, 0, "began_us");
    for (at = mm_json_index(doc, list) + 1; at < list->end; at = doc->item[at].end) {
        if (v.n == MM_VITALS_PROGRAMS || doc->item[at].type != MM_JSON_OBJECT ||
            !get(doc, at, &v.program[v.n++]))
            return MM_E_SYNTAX;
    }
    *ret = v;
    return MM_OK;
}

enum mm_code mm_vitals_read(const char *run_dir, struct mm_vitals *ret)
{
    char path[MM_MAX_PATH];
    struct mm_json *parser;
    struct mm_json_doc doc;
    struct mm_arena arena;
    struct mm_buf text;
    enum mm_code code = mm_path_join(path, run_dir, MM_VITALS_NAME);

    mm_buf_init(&text, TEXT_MAX);
    if (code == MM_OK)
        code = mm_file_read(path, &text);
    if (code != MM_OK) {
        mm_buf_done(&text);
        return code == MM_E_LIMIT ? MM_E_SYNTAX : MM_E_NOTFOUND;
    }
    mm_arena_init(&arena, 1024 * 1024);
    parser = mm_json_new(TEXT_MAX);
    code = parser == NULL ? MM_E_NOMEM
                          : mm_json_parse(parser, mm_buf_slice(&text), &arena, &doc, NULL);
    if (code == MM_OK)
        code = read_doc(&doc, ret);
    mm_json_free(&parser);
    mm_arena_done(&arena);
    mm_buf_done(&text);
    return code;
}

bool mm_vitals_fresh(const struct mm_vitals *v, int64_t now_us)
{
    int64_t age = now_us - v->written_us;

    return v->written_us > 0 && age < MM_VITALS_OLD_S * MM_US_PER_S &&
           age > -MM_VITALS_OLD_S * MM_US_PER_S;
}

bool mm_vitals_ready(const struct mm_vitals *v, int64_t now_us)
{
    for (size_t i = 0; i < v->n; i++) {
        if (!v->program[i].ready)
            return false;
    }
    return mm_vitals_fresh(v, now_us);
}
