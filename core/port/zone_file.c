#include "core/port/zone_file.h"

#include "core/port/files.h"

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

mr_status mr_zone_load(struct mr_io *io, struct mr_arena *arena, const char *folder,
                       struct mr_span name, const struct mr_zone **out_zone, struct mr_err *err)
{
    int32_t offset_s;
    struct mr_span tzif;
    struct mr_zone *zone = MR_ARENA_NEW(arena, struct mr_zone);
    if (zone == NULL) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a time zone");
    if (mr_zone_offset_parse(name.text, name.bytes, &offset_s)) {
        *zone = mr_zone_fixed(offset_s);
        *out_zone = offset_s == 0 ? NULL : zone;
        return MR_OK;
    }
    const char *path =
        is_region(name) && folder != NULL
            ? mr_arena_format(arena, "%s/%.*s", folder, (int)name.bytes, name.text)
            : NULL;
    if (path != NULL && mr_file_read(io, arena, path, ZONE_BYTES_MAX, &tzif, err) == MR_OK &&
        mr_zone_read(zone, (const uint8_t *)tzif.text, tzif.bytes, err) == MR_OK) {
        *out_zone = zone;
        return MR_OK;
    }
    mr_err_set(err, MR_E_INVALID, ERR_ZONE, "time zone \"%.*s\" is not known", (int)name.bytes,
               name.text);
    mr_err_help(err,
                "use an offset such as +02:00, or a name such as Europe/Berlin; the names come "
                "from the system's tzdata");
    return MR_E_INVALID;
}
