/* Partition columns from paths, as Hive lays folders out: ".../date=2024-05-01/country=de/a.json".
 *
 * Only parts of the form key=value below the source's folder count. Values are unescaped (%3A is a
 * colon) and __HIVE_DEFAULT_PARTITION__ is null. The columns are those found (inferred), those of
 * the partitionColumns option, where a key that a path lacks is null, or none. Types of inferred
 * columns follow Spark's ladder int, bigint, decimal (integers), double, date, timestamp, string,
 * widened over all values seen. Source: Spark's PartitioningUtils. */
#ifndef MR_IO_FILES_PATH_PARTS_H
#define MR_IO_FILES_PATH_PARTS_H

#include "core/port/source.h"

typedef enum mr_parts_mode {
    MR_PARTS_INFERRED,
    MR_PARTS_LISTED,
    MR_PARTS_NONE,
} mr_parts_mode;

struct mr_parts_rule {
    mr_parts_mode mode;
    const struct mr_span *names; /* LISTED */
    uint32_t name_count;
};

/* mr_parts_rule_of: the rule the options ask for. */
MR_MUST_USE mr_status mr_parts_rule_of(struct mr_arena *arena,
                                       const struct mr_source_options *options,
                                       struct mr_parts_rule *out_rule, struct mr_err *err);

/* mr_parts_read: fills file->parts from file->path below its first base_bytes bytes. */
MR_MUST_USE mr_status mr_parts_read(struct mr_arena *arena, const struct mr_parts_rule *rule,
                                    size_t base_bytes, struct mr_source_file *file,
                                    struct mr_err *err);

/* mr_parts_type: a struct type with a column for every key of the files, in order of appearance,
 * or for every listed one. */
MR_MUST_USE mr_status mr_parts_type(struct mr_arena *arena, const struct mr_parts_rule *rule,
                                    const struct mr_source_file *files, uint32_t count,
                                    const struct mr_type **out_type, struct mr_err *err);

#endif
