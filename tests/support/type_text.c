#include "tests/support/type_text.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/assert.h"

enum { MEMBERS_MAX = 64 };

static const struct mr_type *type_read(struct mr_arena *arena, const char **at);

static void skip(const char **at, const char *set)
{
    while (**at != '\0' && strchr(set, **at) != NULL) (*at)++;
}

static struct mr_span word_read(const char **at)
{
    const char *first = *at;
    while (**at != '\0' && strchr(" :,<>()", **at) == NULL) (*at)++;
    MR_ASSERT(*at > first);
    return (struct mr_span){first, (size_t)(*at - first)};
}

static const struct mr_type *members_read(struct mr_arena *arena, const char **at)
{
    struct mr_field fields[MEMBERS_MAX];
    uint32_t count = 0;
    for (skip(at, " "); **at != '\0' && **at != '>'; skip(at, " ,")) {
        MR_ASSERT(count < MEMBERS_MAX);
        struct mr_span name = word_read(at);
        skip(at, " :");
        fields[count++] =
            (struct mr_field){.name = name, .type = type_read(arena, at), .is_nullable = true};
    }
    return mr_type_struct(arena, fields, count);
}

static const struct mr_type *decimal_read(struct mr_arena *arena, const char **at)
{
    char *end;
    unsigned long precision = strtoul(*at + 1, &end, 10);
    MR_ASSERT(*end == ',');
    unsigned long scale = strtoul(end + 1, &end, 10);
    MR_ASSERT(*end == ')');
    *at = end + 1;
    return mr_type_decimal(arena, (unsigned)precision, (unsigned)scale);
}

static const struct mr_type *nested_read(struct mr_arena *arena, const char **at,
                                         struct mr_span word)
{
    const struct mr_type *type;
    MR_ASSERT(*(*at)++ == '<');
    if (mr_span_is(word, "struct")) {
        type = members_read(arena, at);
    } else if (mr_span_is(word, "array")) {
        type = mr_type_array(arena, type_read(arena, at), true);
    } else {
        const struct mr_type *key = type_read(arena, at);
        skip(at, " ,");
        type = mr_type_map(arena, key, type_read(arena, at), true);
    }
    MR_ASSERT(*(*at)++ == '>');
    return type;
}

static const struct mr_type *type_read(struct mr_arena *arena, const char **at)
{
    struct mr_span word = word_read(at);
    for (int id = 0; id < MR_TYPE_COUNT; id++) {
        if (!mr_span_is(word, mr_type_name((mr_type_id)id))) continue;
        if (id == MR_TYPE_DECIMAL) return decimal_read(arena, at);
        return id >= MR_TYPE_STRUCT ? nested_read(arena, at, word) : mr_type_of((mr_type_id)id);
    }
    MR_ASSERT(!"the text names a type");
    return NULL;
}

const struct mr_type *mr_type_from_text(struct mr_arena *arena, const char *text)
{
    const struct mr_type *type = members_read(arena, &text);
    MR_ASSERT(*text == '\0');
    return type;
}
