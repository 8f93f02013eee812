/* web/portal/input.c - see input.h for the contract. */
#include "web/portal/input.h"

#include "base/utf8.h"
#include "codec/ext/json.h"
#include "web/form.h"
#include "web/multipart.h"

static bool add(struct mm_input *in, struct mm_slice name, struct mm_slice value)
{
    if (in->n == MM_FORM_MAX_PAIRS)
        return false;
    in->pair[in->n++] = (struct mm_input_pair){.name = name, .value = value};
    return true;
}

static enum mm_code read_form(struct mm_arena *arena, struct mm_slice body, struct mm_input *in,
                              struct mm_fault *fault)
{
    struct mm_rd rd = mm_rd_of(body);
    struct mm_slice name, value;
    enum mm_code code;

    while ((code = mm_form_next(arena, &rd, &name, &value, fault)) == MM_OK) {
        if (!add(in, name, value))
            return mm_fail(fault, MM_E_LIMIT, rd.pos, "input.pairs");
    }
    return code == MM_E_NOTFOUND ? MM_OK : code;
}

static bool is_text(struct mm_slice s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f)
            return false;
    }
    return mm_utf8_valid(s);
}

/* "outer.inner"; the outer name alone inside an array. */
static bool join(struct mm_arena *arena, struct mm_slice outer, struct mm_slice inner,
                 struct mm_slice *ret)
{
    uint8_t *p;

    if (outer.n == 0 || inner.n == 0) {
        *ret = outer.n == 0 ? inner : outer;
        return true;
    }
    p = mm_arena_bytes(arena, outer.n + 1 + inner.n);
    if (p == NULL)
        return false;
    memcpy(p, outer.p, outer.n);
    p[outer.n] = '.';
    memcpy(p + outer.n + 1, inner.p, inner.n);
    *ret = mm_slice_of(p, outer.n + 1 + inner.n);
    return true;
}

static enum mm_code one_item(struct mm_arena *arena, const struct mm_json_item *it,
                             struct mm_slice name[MM_JSON_MAX_DEPTH + 2], struct mm_input *in,
                             struct mm_fault *fault)
{
    struct mm_slice value;

    if (!is_text(it->key))
        return mm_fail(fault, MM_E_SYNTAX, 0, "input.text");
    if (!join(arena, name[it->depth - 1], it->key, &name[it->depth]))
        return mm_fail(fault, MM_E_NOMEM, 0, "input.memory");
    if (!mm_json_is_scalar(it) || it->type == MM_JSON_NULL)
        return MM_OK;
    /* The parser's texts may borrow its own buffers. */
    if (!is_text(it->text))
        return mm_fail(fault, MM_E_SYNTAX, 0, "input.text");
    if (!mm_arena_dup(arena, it->text, &value) ||
        !mm_arena_dup(arena, name[it->depth], &name[it->depth]))
        return mm_fail(fault, MM_E_NOMEM, 0, "input.memory");
    if (!add(in, name[it->depth], value))
        return mm_fail(fault, MM_E_LIMIT, 0, "input.pairs");
    return MM_OK;
}

static enum mm_code read_json(struct mm_arena *arena, struct mm_slice body, struct mm_input *in,
                              struct mm_fault *fault)
{
    struct mm_json *parser = mm_json_new(body.n + 64);
    struct mm_slice name[MM_JSON_MAX_DEPTH + 2] = {0};
    struct mm_json_doc doc = {0};
    enum mm_code code;

    if (parser == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "input.memory");
    code = mm_json_parse(parser, body, arena, &doc, fault);
    if (code == MM_OK && doc.item[0].type != MM_JSON_OBJECT)
        code = mm_fail(fault, MM_E_SYNTAX, 0, "input.object");
    for (size_t i = 1; code == MM_OK && i < doc.n; i++)
        code = one_item(arena, &doc.item[i], name, in, fault);
    mm_json_free(&parser);
    return code;
}

enum mm_code mm_input_read(struct mm_arena *arena, enum mm_input_kind kind, struct mm_slice body,
                           struct mm_input *in, struct mm_fault *fault)
{
    struct mm_input next = *in;
    enum mm_code code;

    if (next.pair == NULL)
        next.pair = mm_arena_array(arena, MM_FORM_MAX_PAIRS, sizeof(*next.pair));
    if (next.pair == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "input.memory");
    code = kind == MM_INPUT_JSON ? read_json(arena, body, &next, fault)
                                 : read_form(arena, body, &next, fault);
    if (code == MM_OK)
        *in = next;
    return code;
}

/* ---- forms with a file ---- */

/* Without the folders that some browsers say. */
static struct mm_slice base_name(struct mm_slice s)
{
    for (size_t i = s.n; i > 0; i--) {
        if (s.p[i - 1] == '/' || s.p[i - 1] == '\\')
            return mm_slice_sub(s, i, SIZE_MAX);
    }
    return s;
}

/* A part that is whole. A file field where nothing was chosen comes without a name. */
static enum mm_code add_part(const struct mm_multipart_piece *part, struct mm_slice data,
                             struct mm_input *in, struct mm_fault *fault)
{
    if (!is_text(part->name) || !is_text(part->file ? part->file_name : data))
        return mm_fail(fault, MM_E_SYNTAX, 0, "input.text");
    if (!part->file)
        return add(in, part->name, data) ? MM_OK : mm_fail(fault, MM_E_LIMIT, 0, "input.pairs");
    if (part->file_name.n == 0)
        return MM_OK;
    if (in->file.name.n > 0)
        return mm_fail(fault, MM_E_LIMIT, 0, "input.files");
    in->file = (struct mm_input_file){
        .name = part->name, .file_name = base_name(part->file_name), .bytes = data};
    return MM_OK;
}

static enum mm_code read_parts(struct mm_multipart *m, struct mm_slice body, struct mm_input *in,
                               struct mm_fault *fault)
{
    struct mm_multipart_piece piece, part = {.kind = MM_MULTIPART_END};
    struct mm_slice data = {0};
    size_t take = 0;
    enum mm_code code;

    for (;;) {
        code = mm_multipart_next(m, body, &take, &piece, fault);
        if (code == MM_E_MORE) /* the whole body is here */
            return mm_fail(fault, MM_E_SYNTAX, 0, "input.torn");
        if (code != MM_OK)
            return code;
        body = mm_slice_sub(body, take, SIZE_MAX);
        if (piece.kind == MM_MULTIPART_DATA) {
            data = piece.data;
            continue;
        }
        if (part.kind == MM_MULTIPART_PART)
            code = add_part(&part, data, in, fault);
        if (code != MM_OK || piece.kind == MM_MULTIPART_END)
            return code;
        part = piece;
        data = (struct mm_slice){0};
    }
}

enum mm_code mm_input_read_files(struct mm_arena *arena, struct mm_slice type, struct mm_slice body,
                                 struct mm_input *in, struct mm_fault *fault)
{
    struct mm_input next = *in;
    struct mm_multipart m;
    enum mm_code code = mm_multipart_begin(type, &m);

    if (code != MM_OK)
        return mm_fail(fault, code, 0, "input.type");
    if (next.pair == NULL)
        next.pair = mm_arena_array(arena, MM_FORM_MAX_PAIRS, sizeof(*next.pair));
    if (next.pair == NULL)
        return mm_fail(fault, MM_E_NOMEM, 0, "input.memory");
    code = read_parts(&m, body, &next, fault);
    if (code == MM_OK)
        *in = next;
    return code;
}

/* ---- looking things up ---- */

static const struct mm_input_pair *find(const struct mm_input *in, const char *name)
{
    for (size_t i = 0; i < in->n; i++) {
        if (mm_slice_eq(in->pair[i].name, mm_slice_str(name)))
            return &in->pair[i];
    }
    return NULL;
}

struct mm_slice mm_input_get(const struct mm_input *in, const char *name)
{
    const struct mm_input_pair *p = find(in, name);

    return p == NULL ? MM_S("") : mm_slice_trim(p->value);
}

bool mm_input_has(const struct mm_input *in, const char *name)
{
    return find(in, name) != NULL;
}

bool mm_input_ticked(const struct mm_input *in, const char *name, struct mm_slice value)
{
    for (size_t i = 0; i < in->n; i++) {
        if (mm_slice_eq(in->pair[i].name, mm_slice_str(name)) &&
            mm_slice_eq(in->pair[i].value, value))
            return true;
    }
    return false;
}
