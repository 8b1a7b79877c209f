#include <string.h>

#include "core/pipeline/flow_setup_impl.h"

enum { ERR_ZONE = 1406, ZONE_BYTES_MAX = 1 << 20 };

/* A name of the system's database: parts of letters, digits and _+-, separated by single slashes.
 */
static bool is_region(struct mr_span name)
{
    bool was_slash = true;
    for (size_t i = 0; i < name.bytes; i++) {
        char c = name.text[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '+' || c == '-';
        if (!is_plain && (c != '/' || was_slash)) return false;
        was_slash = c == '/';
    }
    return !was_slash;
}

/* The zone of a name; null for UTC. */
static mr_status load_zone(struct mr_flow_setup *s, struct mr_span name,
                           const struct mr_zone **out_zone, struct mr_err *err)
{
    int32_t offset_s;
    struct mr_span tzif;
    struct mr_zone *zone = MR_ARENA_NEW(&s->arena, struct mr_zone);
    if (zone == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a time zone");
    *out_zone = zone;
    if (mr_zone_offset_parse(name.text, name.bytes, &offset_s)) {
        *zone = mr_zone_fixed(offset_s);
        if (offset_s == 0) *out_zone = NULL;
        return MR_OK;
    }
    const char *path =
        is_region(name) && s->env->zone_folder != NULL
            ? mr_arena_format(&s->arena, "%s/%.*s", s->env->zone_folder, (int)name.bytes, name.text)
            : NULL;
    if (path != NULL &&
        mr_file_read(s->env->io, &s->arena, path, ZONE_BYTES_MAX, &tzif, err) == MR_OK &&
        mr_zone_read(zone, (const uint8_t *)tzif.text, tzif.bytes, err) == MR_OK) {
        return MR_OK;
    }
    mr_err_set(err, MR_E_INVALID, ERR_ZONE, "time zone \"%.*s\" is not known", (int)name.bytes,
               name.text);
    mr_err_help(err,
                "use an offset such as +02:00, or a name such as Europe/Berlin; the names come "
                "from the system's tzdata");
    return MR_E_INVALID;
}

mr_status mr_setup_zones(struct mr_flow_setup *s, struct mr_err *err)
{
    struct mr_span session =
        mr_dataset_setting(s->dataset, "spark.sql.session.timeZone", MR_SPAN("UTC"));
    MR_TRY(load_zone(s, session, &s->zone, err));
    s->read_zone = s->zone;
    if (s->json.time_zone[0] == '\0') return MR_OK;
    mr_status status = load_zone(s, mr_span_of(s->json.time_zone), &s->read_zone, err);
    return mr_setup_locate(s, "timeZone", status, err);
}
