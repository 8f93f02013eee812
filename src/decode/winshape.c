/* decode/winshape.c - which member of which shape is which fact; see win.h. */
#include "decode/win.h"

#include "decode/flat.h"

static const struct mm_json_item *member(const struct win *w, size_t object, const char *name)
{
    return mm_json_get(w->doc, object, mm_slice_str(name));
}

static const struct mm_json_item *object_member(const struct win *w, size_t object,
                                                const char *name)
{
    const struct mm_json_item *it = member(w, object, name);

    return it != NULL && it->type == MM_JSON_OBJECT ? it : NULL;
}

static size_t index_of(const struct win *w, const struct mm_json_item *it)
{
    return mm_json_index(w->doc, it);
}

/* The first value stays: shapes list the better source first. */
static void set_head(struct win *w, enum win_head head, struct mm_slice v)
{
    if (w->head[head].p == NULL && v.n > 0)
        w->head[head] = v;
}

/* A fact by name; lists (Winlogbeat's keywords) and objects give their source text. */
static bool head_text(struct win *w, struct mm_slice name, struct mm_slice v)
{
    uint32_t head;

    if (!mm_names_get(&w->t->heads, name, &head))
        return false;
    set_head(w, (enum win_head)head, v);
    return true;
}

/* Names begin with a small letter there: eventdata.subjectUserName is SubjectUserName. */
static bool capital(struct win *w, struct mm_slice name, struct mm_slice *ret)
{
    uint8_t *p;

    if (name.n == 0 || name.p[0] < 'a' || name.p[0] > 'z') {
        *ret = name;
        return true;
    }
    p = mm_arena_bytes(w->env->arena, name.n);
    if (p == NULL)
        return false;
    memcpy(p, name.p, name.n);
    p[0] = (uint8_t)(p[0] - 'a' + 'A');
    *ret = mm_slice_of(p, name.n);
    return true;
}

/* A value without a name. */
static void unnamed(struct win *w, const struct mm_json_item *it)
{
    if (it->type == MM_JSON_NULL)
        return;
    w->has_data = w->unnamed = true;
    if (w->param_count < WIN_PARAMS_MAX)
        w->param[w->param_count++] = it->text;
    else
        w->ev->flags |= MM_EV_EXTRA_FULL;
}

/* One <Data Name="…">value</Data> as an object; exporters spell the two parts differently. */
static void named_data(struct win *w, const struct mm_json_item *it)
{
    static const char *const name_keys[] = {"@Name", "Name", "name", "-Name"};
    static const char *const value_keys[] = {"#text", "Value", "value", "text", "content", "$"};
    size_t at = index_of(w, it);
    const struct mm_json_item *attr = object_member(w, at, "#attributes");
    const struct mm_json_item *name = NULL, *value = NULL;

    for (size_t i = 0; i < MM_COUNT(name_keys) && name == NULL; i++) {
        name = member(w, at, name_keys[i]);
        if (name == NULL && attr != NULL)
            name = member(w, index_of(w, attr), name_keys[i]);
    }
    for (size_t i = 0; i < MM_COUNT(value_keys) && value == NULL; i++)
        value = member(w, at, value_keys[i]);
    if (value == NULL)
        return;
    if (name != NULL && name->type == MM_JSON_STRING)
        win_data(w, name->text, value);
    else
        unnamed(w, value);
}

static void data_list(struct win *w, const struct mm_json_item *list)
{
    size_t at = index_of(w, list);

    for (size_t i = at + 1; i < list->end; i = w->doc->item[i].end) {
        const struct mm_json_item *it = &w->doc->item[i];

        if (it->type == MM_JSON_OBJECT)
            named_data(w, it);
        else
            unnamed(w, it);
    }
}

/* EventData: an object by Name, a list, or one bare value. */
static void event_data(struct win *w, const struct mm_json_item *data, bool small)
{
    if (data->type == MM_JSON_ARRAY) {
        data_list(w, data);
        return;
    }
    if (data->type != MM_JSON_OBJECT) {
        unnamed(w, data);
        return;
    }
    for (size_t i = index_of(w, data) + 1; i < data->end; i = w->doc->item[i].end) {
        const struct mm_json_item *it = &w->doc->item[i];
        struct mm_slice name;

        if (mm_slice_eq(it->key, MM_S("#attributes")))
            continue;
        if (mm_slice_ieq(it->key, MM_S("Data"))) {
            if (it->type == MM_JSON_ARRAY)
                data_list(w, it);
            else if (it->type == MM_JSON_OBJECT)
                named_data(w, it);
            else
                unnamed(w, it);
            continue;
        }
        name = it->key;
        if (small && !capital(w, it->key, &name))
            continue;
        win_data(w, name, it);
    }
}

/* UserData: one element of the publisher's own with values below, or the values themselves. */
static void user_data(struct win *w, const struct mm_json_item *data)
{
    if (data->type != MM_JSON_OBJECT)
        return;
    for (size_t i = index_of(w, data) + 1; i < data->end; i = w->doc->item[i].end) {
        const struct mm_json_item *it = &w->doc->item[i];
        uint32_t head;

        if (it->type == MM_JSON_OBJECT) {
            if (!mm_slice_eq(it->key, MM_S("#attributes")))
                event_data(w, it, false);
        } else if (!mm_names_get(&w->t->heads, it->key, &head) || head != HEAD_SKIP) {
            win_data(w, it->key, it);
        }
    }
}

/* A child of System that is an object: its attributes are named Child_Attribute. */
static void system_child(struct win *w, const struct mm_json_item *child)
{
    for (size_t i = index_of(w, child) + 1; i < child->end; i = w->doc->item[i].end) {
        const struct mm_json_item *it = &w->doc->item[i];
        struct mm_slice key = it->key;
        uint8_t name[MM_MAX_FIELD_NAME];

        if (mm_slice_eq(key, MM_S("#attributes")) && it->type == MM_JSON_OBJECT) {
            /* Its members are this child's attributes; the flat list visits them next. */
            i = index_of(w, it);
            for (size_t k = i + 1; k < it->end; k = w->doc->item[k].end) {
                const struct mm_json_item *a = &w->doc->item[k];

                if (child->key.n + 1 + a->key.n > sizeof(name))
                    continue;
                memcpy(name, child->key.p, child->key.n);
                name[child->key.n] = '_';
                memcpy(name + child->key.n + 1, a->key.p, a->key.n);
                (void)head_text(w, mm_slice_of(name, child->key.n + 1 + a->key.n), a->text);
            }
            continue;
        }
        if (mm_slice_eq(key, MM_S("#text")) || mm_slice_eq(key, MM_S("value"))) {
            (void)head_text(w, child->key, it->text);
            continue;
        }
        if (key.n > 0 && (key.p[0] == '@' || key.p[0] == '-'))
            key = mm_slice_sub(key, 1, SIZE_MAX);
        if (key.n == 0 || child->key.n == 0 || child->key.n + 1 + key.n > sizeof(name))
            continue;
        memcpy(name, child->key.p, child->key.n);
        name[child->key.n] = '_';
        memcpy(name + child->key.n + 1, key.p, key.n);
        (void)head_text(w, mm_slice_of(name, child->key.n + 1 + key.n), it->text);
    }
}

static void system_object(struct win *w, const struct mm_json_item *sys)
{
    for (size_t i = index_of(w, sys) + 1; i < sys->end; i = w->doc->item[i].end) {
        const struct mm_json_item *it = &w->doc->item[i];

        if (it->type == MM_JSON_OBJECT)
            system_child(w, it);
        else if (it->type != MM_JSON_NULL)
            (void)head_text(w, it->key, it->text);
    }
}

/* {"System":{…},"EventData":{…}}, with capital letters or without. */
static void nested(struct win *w, const struct mm_json_item *ev, bool small)
{
    const struct mm_json_item *it;
    size_t at = index_of(w, ev);

    it = object_member(w, at, small ? "system" : "System");
    if (it != NULL)
        system_object(w, it);
    it = member(w, at, small ? "eventdata" : "EventData");
    if (it != NULL && it->type != MM_JSON_NULL)
        event_data(w, it, small);
    it = member(w, at, small ? "userdata" : "UserData");
    if (it != NULL)
        user_data(w, it);
    it = object_member(w, at, "RenderingInfo");
    if (it != NULL)
        system_object(w, it);
}

/* winlog.user and Winlogbeat 6's user: the account of System's Security element. */
static void user_object(struct win *w, const struct mm_json_item *user)
{
    static const struct {
        const char *name;
        enum win_head head;
    } parts[] = {{"identifier", HEAD_SID}, {"name", HEAD_USER}, {"domain", HEAD_DOMAIN}};

    for (size_t i = 0; i < MM_COUNT(parts); i++) {
        const struct mm_json_item *it = member(w, index_of(w, user), parts[i].name);

        if (it != NULL && it->type == MM_JSON_STRING)
            set_head(w, parts[i].head, it->text);
    }
}

/* NXLog's own EventType; Sysmon has an EventData value of that name ("SetValue"). */
static bool is_audit_word(struct mm_slice v)
{
    static const struct mm_slice words[] = {
        MM_S_INIT("AUDIT_SUCCESS"), MM_S_INIT("AUDIT_FAILURE"), MM_S_INIT("INFO"),
        MM_S_INIT("WARNING"),       MM_S_INIT("ERROR"),         MM_S_INIT("VERBOSE"),
        MM_S_INIT("CRITICAL"),      MM_S_INIT("DEBUG"),
    };

    for (size_t i = 0; i < MM_COUNT(words); i++) {
        if (mm_slice_eq(v, words[i]))
            return true;
    }
    return false;
}

/* Members that Winlogbeat 6, Winlogbeat's winlog object and flat exports share. */
static void common(struct win *w, const struct mm_json_item *it, bool flat)
{
    bool data = mm_slice_eq(it->key, MM_S("event_data")) || mm_slice_eq(it->key, MM_S("EventData"));

    if (it->type == MM_JSON_NULL)
        return;
    if (data && it->type != MM_JSON_STRING) {
        event_data(w, it, false);
        return;
    }
    if (it->type == MM_JSON_OBJECT) {
        if (mm_slice_eq(it->key, MM_S("user_data")) || mm_slice_eq(it->key, MM_S("UserData")))
            user_data(w, it);
        else if (mm_slice_eq(it->key, MM_S("user")))
            user_object(w, it);
        return;
    }
    if (flat && mm_slice_eq(it->key, MM_S("EventType")) && is_audit_word(it->text)) {
        set_head(w, HEAD_AUDIT, it->text);
        return;
    }
    /* EventData as text is XML or JSON again: the same values stand beside it by name. */
    if (data || head_text(w, it->key, it->text) || !flat)
        return;
    if (mm_slice_starts(it->key, MM_S("winlog.event_data.")))
        win_data(w, mm_slice_sub(it->key, 18, SIZE_MAX), it);
    else
        win_data(w, it->key, it);
}

/* ECS objects that Winlogbeat's own modules fill while they empty event_data. */
static bool is_ecs_root(struct mm_slice key)
{
    static const struct mm_slice names[] = {
        MM_S_INIT("process"), MM_S_INIT("user"),     MM_S_INIT("source"),  MM_S_INIT("destination"),
        MM_S_INIT("file"),    MM_S_INIT("registry"), MM_S_INIT("dns"),     MM_S_INIT("rule"),
        MM_S_INIT("network"), MM_S_INIT("group"),    MM_S_INIT("service"),
    };

    for (size_t i = 0; i < MM_COUNT(names); i++) {
        if (mm_slice_eq(key, names[i]))
            return true;
    }
    return false;
}

static void ecs_objects(struct win *w)
{
    struct mm_flat flat;
    struct mm_slice name;
    const struct mm_json_item *it;

    for (size_t i = 1; i < w->doc->n; i = w->doc->item[i].end) {
        const struct mm_json_item *root = &w->doc->item[i];

        if (root->type != MM_JSON_OBJECT || !is_ecs_root(root->key))
            continue;
        mm_flat_init(&flat, w->doc, i);
        while (mm_flat_next(&flat, &name, &it)) {
            if (mm_json_is_scalar(it) && it->type != MM_JSON_NULL)
                win_ecs(w, name, it->text);
        }
    }
}

static void winlogbeat(struct win *w, const struct mm_json_item *winlog)
{
    static const struct {
        const char *object, *name;
        enum win_head head;
    } parts[] = {
        {"event", "outcome", HEAD_AUDIT},     {"event", "code", HEAD_CODE},
        {"event", "provider", HEAD_PROVIDER}, {"host", "name", HEAD_HOST},
        {"log", "level", HEAD_LEVEL},
    };
    const struct mm_json_item *it;

    w->at_is_event = true;
    for (size_t i = index_of(w, winlog) + 1; i < winlog->end; i = w->doc->item[i].end)
        common(w, &w->doc->item[i], false);
    for (size_t i = 0; i < MM_COUNT(parts); i++) {
        const struct mm_json_item *object = object_member(w, 0, parts[i].object);

        it = object == NULL ? NULL : member(w, index_of(w, object), parts[i].name);
        if (it != NULL && mm_json_is_scalar(it) && it->type != MM_JSON_NULL)
            set_head(w, parts[i].head, it->text);
    }
    it = member(w, 0, "@timestamp");
    if (it != NULL && it->type == MM_JSON_STRING)
        set_head(w, HEAD_TIME_AT, it->text);
    it = member(w, 0, "message");
    if (it != NULL && it->type == MM_JSON_STRING)
        set_head(w, HEAD_MESSAGE, it->text);
    ecs_objects(w);
}

enum shape { SHAPE_NONE, SHAPE_WINLOG, SHAPE_EVENT, SHAPE_SYSTEM, SHAPE_WIN, SHAPE_FLAT };

static enum shape shape_of(const struct mm_json_doc *doc, const struct mm_json_item **ret)
{
    bool code = false, channel = false;

    if (doc->item[0].type != MM_JSON_OBJECT)
        return SHAPE_NONE;
    for (size_t i = 1; i < doc->n; i = doc->item[i].end) {
        const struct mm_json_item *it = &doc->item[i];

        *ret = it;
        if (it->type == MM_JSON_OBJECT) {
            if (mm_slice_eq(it->key, MM_S("winlog")))
                return SHAPE_WINLOG;
            if (mm_slice_eq(it->key, MM_S("Event")) && mm_json_get(doc, i, MM_S("System")) != NULL)
                return SHAPE_EVENT;
            if (mm_slice_eq(it->key, MM_S("System"))) {
                *ret = &doc->item[0];
                return SHAPE_SYSTEM;
            }
            if (mm_slice_eq(it->key, MM_S("win")) && mm_json_get(doc, i, MM_S("system")) != NULL)
                return SHAPE_WIN;
            continue;
        }
        code = code || mm_slice_eq(it->key, MM_S("EventID")) ||
               mm_slice_eq(it->key, MM_S("event_id")) ||
               mm_slice_eq(it->key, MM_S("winlog.event_id"));
        channel =
            channel || mm_slice_eq(it->key, MM_S("Channel")) ||
            mm_slice_eq(it->key, MM_S("log_name")) || mm_slice_eq(it->key, MM_S("SourceName")) ||
            mm_slice_eq(it->key, MM_S("EventLog")) || mm_slice_eq(it->key, MM_S("winlog.channel"));
        if (code && channel) {
            *ret = &doc->item[0];
            return SHAPE_FLAT;
        }
    }
    return SHAPE_NONE;
}

bool mm_winevent_is(const struct mm_json_doc *doc)
{
    const struct mm_json_item *it;

    return shape_of(doc, &it) != SHAPE_NONE;
}

bool win_shape(struct win *w)
{
    const struct mm_json_item *it = NULL;

    switch (shape_of(w->doc, &it)) {
    case SHAPE_NONE:
        return false;
    case SHAPE_WINLOG:
        winlogbeat(w, it);
        return true;
    case SHAPE_EVENT:
    case SHAPE_SYSTEM:
        nested(w, it, false);
        return true;
    case SHAPE_WIN:
        nested(w, it, true);
        return true;
    case SHAPE_FLAT:
        break;
    }
    w->flat = true;
    /* Winlogbeat 6 writes the event's own time there, NXLog behind Logstash the shipper's. */
    w->at_is_event = mm_json_get(w->doc, 0, MM_S("log_name")) != NULL;
    for (size_t i = 1; i < w->doc->n; i = w->doc->item[i].end)
        common(w, &w->doc->item[i], true);
    return true;
}
