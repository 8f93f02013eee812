/* coverage/topics.c - which questions of a reader an event's fields answer. */
#include "coverage/coverage.h"

#include "model/event.h"

enum { FIELDS_MAX = 5 }; /* of one topic */

static const struct {
    const char *name;
    enum mm_field field[FIELDS_MAX];
    size_t n;
} topics[] = {
#define MM_TOPIC(bit, id, name, ...)                                                               \
    [bit] = {name, {__VA_ARGS__}, sizeof((enum mm_field[]){__VA_ARGS__}) / sizeof(enum mm_field)},
#include "coverage/topics.def"
#undef MM_TOPIC
};
static_assert(MM_COUNT(topics) == MM_TOPICS, "topics are numbered without gaps");

const char *mm_topic_name(enum mm_topic topic)
{
    MM_ASSERT((size_t)topic < MM_COUNT(topics));
    return topics[topic].name;
}

uint32_t mm_topics_of(const uint64_t *fields)
{
    uint32_t set = 0;

    for (uint32_t t = 0; t < MM_TOPICS; t++) {
        for (size_t i = 0; i < topics[t].n && t != MM_TOPIC_TIME; i++) {
            unsigned f = (unsigned)topics[t].field[i];

            if ((fields[f / 64] >> (f % 64) & 1) != 0)
                set |= UINT32_C(1) << t;
        }
    }
    return set;
}
