/* Actions: the lines of a Delta table's log.
 *
 * A commit `_delta_log/<version, 20 digits>.json` is a list of actions, one JSON object a line,
 * each with one member that names its kind. This file turns lines into values and back; what they
 * add up to is core/format/delta/delta_snapshot.h's.
 *
 *   line  --decode-->  struct mr_delta_action  --encode-->  line
 *
 * Paths stay URIs as the log has them (delta_path.h decodes). Maps of strings (partitionValues,
 * tags) and commitInfo stay JSON text, because nobody here needs their members one by one. Actions
 * and fields that this program does not know are skipped, as the protocol demands; a field that a
 * known action must have and lacks is corruption. Spans of a decoded action live in the arena or
 * borrow the line. Source: PROTOCOL.md "Actions"; DELTA.md 1. */
#ifndef MR_CORE_FORMAT_DELTA_DELTA_ACTION_H
#define MR_CORE_FORMAT_DELTA_DELTA_ACTION_H

#include "core/doc/doc.h"
#include "core/mem/text.h"

/* A number that may be absent. */
#define MR_DELTA_NONE INT64_MIN

typedef enum mr_delta_kind {
    MR_DELTA_OTHER, /* unknown, or known and without meaning for the state (sidecar's tags ...) */
    MR_DELTA_PROTOCOL,
    MR_DELTA_METADATA,
    MR_DELTA_ADD,
    MR_DELTA_REMOVE,
    MR_DELTA_CDC,
    MR_DELTA_TXN,
    MR_DELTA_DOMAIN,
    MR_DELTA_COMMIT_INFO,
    MR_DELTA_SIDECAR, /* of a V2 checkpoint: names a Parquet file with more adds and removes */
} mr_delta_kind;

struct mr_delta_protocol {
    int32_t min_reader;
    int32_t min_writer;
    const struct mr_span *reader_features; /* [reader_count]; null = no list (reader < 3) */
    const struct mr_span *writer_features; /* [writer_count]; null = no list (writer < 7) */
    uint32_t reader_count;
    uint32_t writer_count;
};

struct mr_delta_property {
    struct mr_span key;
    struct mr_span value;
};

struct mr_delta_metadata {
    struct mr_span id;
    struct mr_span name;        /* empty = none */
    struct mr_span description; /* empty = none */
    struct mr_span schema;      /* schemaString: JSON of a struct type */
    const struct mr_span *partition_columns;
    uint32_t partition_count;
    const struct mr_delta_property *properties; /* configuration, in the log's order */
    uint32_t property_count;
    int64_t created_ms; /* or MR_DELTA_NONE */
};

/* Deletion vector of a file; storage 0 = the file has none. */
struct mr_delta_dv {
    char storage;         /* 'u', 'i', 'p' */
    struct mr_span place; /* pathOrInlineDv */
    int64_t off;          /* or MR_DELTA_NONE */
    int64_t bytes;
    int64_t cardinality;
};

/* add, remove, cdc and sidecar. */
struct mr_delta_file {
    struct mr_span path;             /* URI */
    struct mr_span partition_values; /* JSON object; empty = absent (old removes) */
    int64_t bytes;                   /* MR_DELTA_NONE in old removes */
    int64_t time_ms;                 /* add, sidecar: modificationTime; remove: deletionTimestamp */
    bool is_data_change;
    struct mr_span stats; /* JSON object as text; empty = none */
    struct mr_span tags;  /* JSON object; empty = none */
    struct mr_delta_dv dv;
    int64_t base_row_id;        /* or MR_DELTA_NONE */
    int64_t row_commit_version; /* defaultRowCommitVersion, or MR_DELTA_NONE */
};

struct mr_delta_txn {
    struct mr_span app_id;
    int64_t version;
    int64_t updated_ms; /* lastUpdated, or MR_DELTA_NONE */
};

struct mr_delta_domain {
    struct mr_span domain;
    struct mr_span configuration;
    bool is_removed;
};

struct mr_delta_commit_info {
    struct mr_span json;   /* the whole object */
    struct mr_span txn_id; /* empty = none */
    int64_t in_commit_ms;  /* inCommitTimestamp, or MR_DELTA_NONE */
};

struct mr_delta_action {
    mr_delta_kind kind;
    union {
        struct mr_delta_protocol protocol;
        struct mr_delta_metadata metadata;
        struct mr_delta_file file;
        struct mr_delta_txn txn;
        struct mr_delta_domain domain;
        struct mr_delta_commit_info commit_info;
    } u;
};

/* mr_delta_action_decode: one line of a commit or of a JSON checkpoint, without its line feed.
 * returns MR_E_CORRUPT for what is no JSON object or lacks a required field */
MR_MUST_USE mr_status mr_delta_action_decode(struct mr_arena *arena, struct mr_span line,
                                             struct mr_delta_action *out_action,
                                             struct mr_err *err);

/* mr_delta_action_encode: appends the action as one line with its line feed; not for MR_DELTA_OTHER
 * and MR_DELTA_SIDECAR. Absent fields are left out. */
void mr_delta_action_encode(const struct mr_delta_action *action, struct mr_text *out);

/* mr_delta_protocol_encode, mr_delta_metadata_encode: the object alone, for version checksums. */
void mr_delta_protocol_encode(const struct mr_delta_protocol *protocol, struct mr_text *out);
void mr_delta_metadata_encode(const struct mr_delta_metadata *metadata, struct mr_text *out);

/* mr_delta_line: takes the next line off *text, without line feed and carriage return; blank lines
 * are passed over. returns false at the end. */
bool mr_delta_line(struct mr_span *text, struct mr_span *out_line);

/* mr_delta_property: value of a table property; an empty span with null text when it is not set. */
struct mr_span mr_delta_property(const struct mr_delta_metadata *metadata, const char *key);

#endif
