/* The decoder: one record's value into the columns' row, with what does not fit set aside.
 *
 * It owns what a record needs on its way: the cursor, the space for rewritten strings, the path of
 * struct members it is in, and the rescued-data text. The reader above it decides about rows. */
#ifndef MR_CORE_FORMAT_JSON_JSON_DECODER_IMPL_H
#define MR_CORE_FORMAT_JSON_JSON_DECODER_IMPL_H

#include "core/batch/batch.h"
#include "core/format/json/json_column_impl.h"
#include "core/format/json/json_cursor_impl.h"
#include "core/format/json/json_shape_impl.h"
#include "core/mem/text.h"
#include "kernels/text/swift.h"
#include "kernels/text/zone.h"

/* Room for rewritten strings: buffers of the batch, each twice as large as the one before. */
struct json_space {
    char *at;
    uint32_t used;
    uint32_t room;
    uint32_t buffer; /* index in the batch's bufs */
};

/* Members of the record that the schema lacks, or whose values misfit, until it is known to be well
 * formed: each with its place in the index and the steps of its path. */
struct json_pending {
    struct mr_span name;
    uint32_t q;
    uint32_t i;
    uint32_t first_step;
    uint32_t steps;
    bool is_misfit;
};

struct json_pendings {
    struct json_pending *at;
    uint32_t count;
    uint32_t room;
    struct json_shape_step *steps;
    uint32_t step_count;
    uint32_t step_room;
};

struct json_decoder {
    struct json_cursor cursor;
    struct mr_heap *heap;
    const struct mr_json_options *options;
    const struct mr_zone *zone;
    struct mr_arena *arena; /* of the batch */
    struct mr_bufs *bufs;
    uint32_t buffer;     /* the cursor's text lies in bufs->at[buffer] ... */
    uint32_t buffer_off; /* ... from here on */
    struct json_space space;
    uint32_t space_bytes_next;
    struct mr_text rescue; /* the record's rescued data so far, without its end */
    uint32_t rescue_depth; /* objects open in it */
    struct mr_span rescue_path[MR_TYPE_DEPTH_MAX];
    struct json_shape_step path[MR_TYPE_DEPTH_MAX + 1]; /* where in the schema the cursor is */
    uint32_t path_count;
    uint32_t depth;      /* containers open around the cursor */
    uint32_t list_depth; /* arrays and maps among them that have columns */
    bool is_rescuing;
    bool ignores_unknown; /* members that the schema lacks are of no interest */
    bool has_rescue; /* something of this record was rescued */
    bool has_misfit;
    bool has_list_misfit; /* inside the outermost list: it is rescued whole */
    struct json_shape *unknown;
    struct json_shape *misfits;
    struct json_pendings pendings;
    struct mr_swift_date date; /* kept by the converters */
    mr_status status; /* MR_E_NOMEM when that was why a function failed */
};

/* json_decode_object: the object at `q` into row `row` of the struct `node`.
 * returns the offset behind it, or JSON_FAIL: malformed, or d->status is set */
uint32_t json_decode_object(struct json_decoder *d, struct json_node *node, uint32_t row,
                            uint32_t q);

/* json_decode_value: the same for a value of any type; *out_fits is false when the column is null
 * because its type cannot hold it, else untouched. */
uint32_t json_decode_value(struct json_decoder *d, struct json_node *node, uint32_t row, uint32_t q,
                           bool *out_fits);

/* json_space_take: `bytes` bytes for a string; null when memory is missing (d->status is set).
 * json_space_view: the view of what was written there. */
char *json_space_take(struct json_decoder *d, uint32_t bytes);
struct mr_view json_space_view(const struct json_decoder *d, const char *at, uint32_t bytes);

/* json_decoder_string: the content of the string [from, to) between its quotes, resolved.
 * returns the length or JSON_FAIL; *out_text is in the text or in the space */
uint32_t json_decoder_string(struct json_decoder *d, uint32_t from, uint32_t to,
                             const char **out_text);

/* json_text_view: the view of bytes [q, q + bytes) of the cursor's text. */
static inline struct mr_view json_text_view(const struct json_decoder *d, uint32_t q,
                                            uint32_t bytes)
{
    return mr_view_of(d->cursor.text + q, bytes, d->buffer, d->buffer_off + q);
}

/* json_put_string: sets a string column's row to a copy in the space. False when out of memory. */
bool json_put_string(struct json_decoder *d, struct json_node *node, uint32_t row,
                     struct mr_span text);

/* json_pending_add: notes the value at `q`, whose first terminator is `i`, under the current path.
 * json_pending_merge: the record is well formed: its members go into `unknown` and `misfits`. Both
 * return false when out of memory. */
bool json_pending_add(struct json_decoder *d, struct mr_span name, uint32_t q, uint32_t i,
                      bool is_misfit);
bool json_pending_merge(struct json_decoder *d);
void json_pending_fini(struct json_decoder *d);

/* json_put_scalar, json_put_text: a token, or a string's resolved content, into a leaf's row.
 * False when the column's type cannot hold it (or d->status is set). */
bool json_put_scalar(struct json_decoder *d, struct json_node *node, uint32_t row, json_token token,
                     struct mr_span text);
bool json_put_text(struct json_decoder *d, struct json_node *node, uint32_t row,
                   struct mr_span text);

/* json_value_rescue: the member `name` of the current path, whose value is [q, end) of the cursor's
 * text. json_rescue_add: the member `name` of the current path, its value as JSON text.
 * json_rescue_end: closes what is open and adds the file's path; the text is complete then. */
void json_value_rescue(struct json_decoder *d, struct mr_span name, uint32_t q, uint32_t end);
void json_rescue_begin(struct json_decoder *d);
void json_rescue_add(struct json_decoder *d, struct mr_span name, struct mr_span value);
void json_rescue_end(struct json_decoder *d, struct mr_span file_path);

#endif
