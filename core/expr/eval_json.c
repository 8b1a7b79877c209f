/* Functions of JSON text. from_json copies the rows' texts into one, a line each, and hands it to
 * the reader that decodes streams; the others look at single values. */
#include <stdio.h>

#include "core/base/checked.h"
#include "core/expr/family_impl.h"
#include "core/expr/json_impl.h"
#include "core/expr/json_text.h"
#include "core/expr/list_impl.h"

/* ---- from_json ---- */

/* One run over a batch. */
struct reading {
    struct mr_call *call;
    const struct mr_json_detail *detail;
    char *text;
    size_t used;
    uint32_t *line_of;     /* [rows] line of the row's text, UINT32_MAX: none */
    uint32_t lines;
    struct mr_vec *parts;  /* a batch each: a struct column, or the value's */
    uint32_t part_count;
    uint32_t part_room;
    uint32_t decoded; /* lines in parts */
};

enum { WRAP_BYTES = 16 };

/* put_text: line breaks would end the line: as blanks outside of strings, where they are nothing
 * else, and as another control character inside, where they are as wrong. */
static void put_text(struct reading *r, struct mr_span text)
{
    char *out = r->text + r->used;
    bool is_string = false;
    memcpy(out, text.text, text.bytes);
    r->used += text.bytes;
    if (memchr(out, '\n', text.bytes) == NULL && memchr(out, '\r', text.bytes) == NULL) return;
    for (size_t i = 0; i < text.bytes; i++) {
        if (out[i] == '\\' && is_string) i++;
        else if (out[i] == '"') is_string = !is_string;
        else if (out[i] == '\n' || out[i] == '\r') out[i] = is_string ? '\x01' : ' ';
    }
}

static void put_plain(struct reading *r, const char *text)
{
    size_t bytes = strlen(text);
    memcpy(r->text + r->used, text, bytes);
    r->used += bytes;
}

/* put_line: a line that the reader takes as one record, whatever the text is. */
static void put_line(struct reading *r, struct mr_span text)
{
    const struct mr_type *type = r->call->expr->type;
    if (!r->detail->is_wrapped) {
        if (text.text[0] == '{') put_text(r, text);
        else put_plain(r, "}"); /* no object: malformed */
    } else if (!mr_json_is_value(text)) {
        put_plain(r, "}");
    } else {
        /* An object where an array of objects is wanted is one of one. */
        bool is_alone = text.text[0] == '{' && type->id == MR_TYPE_ARRAY &&
                        type->fields[0].type->id == MR_TYPE_STRUCT;
        put_plain(r, is_alone ? "{\"value\":[" : "{\"value\":");
        put_text(r, text);
        put_plain(r, is_alone ? "]}" : "}");
    }
    put_plain(r, "\n");
    r->lines++;
}

static mr_status read_lines(struct reading *r, struct mr_err *err)
{
    struct mr_call *call = r->call;
    uint64_t bytes = 1;
    MR_EACH_ROW(call->rows, i) bytes += mr_operand_span(&call->args[0], i).bytes + WRAP_BYTES;
    if (bytes > UINT32_MAX / 2) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "the JSON texts of one batch are too long");
    }
    r->text = mr_arena_alloc(call->eval->arena, bytes, 64);
    r->line_of = MR_ARENA_ARRAY(call->eval->arena, uint32_t, call->out->rows);
    if (r->text == NULL || r->line_of == NULL) return mr_eval_nomem(err);
    memset(r->line_of, 0xff, call->out->rows * sizeof(uint32_t));
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_span_trim(mr_operand_span(&call->args[0], i));
        bool is_null = mr_span_is(text, "null");
        if (text.bytes == 0 || (is_null && r->detail->is_wrapped)) continue;
        if (is_null) text = MR_SPAN("{}"); /* as a struct it has no members */
        r->line_of[i] = r->lines;
        put_line(r, text);
    }
    return MR_OK;
}

/* adopt: the vector becomes one of the batch's own: of our type, its views into our buffers. */
static void adopt(struct mr_vec *vec, const struct mr_type *type, const uint32_t *buffer_of,
                  const struct mr_bufs *bufs)
{
    bool is_text = type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY;
    vec->type = type;
    vec->bufs = bufs;
    for (uint32_t i = 0; is_text && i < vec->rows; i++) {
        struct mr_view *view = (struct mr_view *)vec->values + i;
        if (mr_vec_is_null(vec, i) || view->bytes <= MR_VIEW_INLINE_MAX) continue;
        view->u.ref.buffer = buffer_of[view->u.ref.buffer];
    }
    for (uint32_t k = 0; vec->children != NULL && k < type->field_count; k++) {
        adopt(&vec->children[k], type->fields[k].type, buffer_of, bufs);
    }
}

static mr_status parts_grow(struct reading *r, struct mr_err *err)
{
    uint32_t room = MR_MAX(2 * r->part_room, 4u);
    if (r->part_count < r->part_room) return MR_OK;
    struct mr_vec *parts = MR_ARENA_ARRAY(r->call->eval->arena, struct mr_vec, room);
    if (parts == NULL) return mr_eval_nomem(err);
    if (r->part_count > 0) memcpy(parts, r->parts, r->part_count * sizeof *parts);
    r->parts = parts;
    r->part_room = room;
    if (r->part_count < MR_GATHER_NULL - 1) return MR_OK;
    return mr_err_set(err, MR_E_LIMIT, 1310, "one batch has too many JSON texts");
}

static mr_status take_part(struct reading *r, struct mr_batch *part, struct mr_err *err)
{
    struct mr_eval *eval = r->call->eval;
    uint32_t buffer_of[MR_BUFS_MAX] = {0};
    MR_TRY(parts_grow(r, err));
    for (uint32_t i = 0; i < part->bufs.count; i++) {
        buffer_of[i] = mr_batch_add_buf(eval->root, part->bufs.at[i]);
        if (buffer_of[i] == MR_BUFS_MAX) {
            return mr_err_set(err, MR_E_LIMIT, 1310,
                              "computed strings of one batch need too much room");
        }
    }
    struct mr_vec *out = &r->parts[r->part_count++];
    *out = (struct mr_vec){.rows = part->rows, .children = part->cols};
    if (r->detail->is_wrapped) *out = part->cols[0];
    adopt(out, r->call->expr->type, buffer_of, &eval->root->bufs);
    r->decoded += part->rows;
    return MR_OK;
}

/* failed: the reader's message for the row whose line it is. */
static mr_status failed(struct reading *r, size_t from, size_t at, struct mr_err *err)
{
    char why[160];
    uint32_t line = r->decoded, found = 0;
    for (size_t k = from; k < at && k < r->used; k++) line += r->text[k] == '\n';
    MR_EACH_ROW(r->call->rows, i) {
        if (r->line_of[i] == line) found = i;
    }
    (void)snprintf(why, sizeof why, "%.150s", err->message);
    return mr_call_fail(r->call, found, 1318, err, "%s", why);
}

static mr_status decode_lines(struct reading *r, void *reader, struct mr_err *err)
{
    struct mr_arena *arena = r->call->eval->arena;
    size_t from = 0;
    while (r->decoded < r->lines) {
        struct mr_span text = {r->text + from, r->used - from};
        size_t consumed = 0;
        struct mr_batch *part = MR_ARENA_NEW(arena, struct mr_batch);
        if (part == NULL) return mr_eval_nomem(err);
        mr_batch_init(part, arena, r->detail->schema);
        mr_status status = r->detail->codec->decode(reader, text, part, &consumed, err);
        if (status == MR_E_CORRUPT) return failed(r, from, from + (size_t)err->at, err);
        if (status != MR_OK) return status;
        MR_ASSERT(part->rows > 0); /* each line is a record, and each record has a row */
        MR_TRY(take_part(r, part, err));
        from += consumed;
    }
    MR_ASSERT(r->decoded == r->lines);
    return MR_OK;
}

/* put_parts: each row's value; the column as it is when each row is its own line. */
static mr_status put_parts(struct reading *r, struct mr_err *err)
{
    struct mr_call *call = r->call;
    uint32_t rows = call->out->rows, part = 0, first = 0;
    if (r->part_count == 1 && r->parts[0].rows == rows) {
        *call->out = r->parts[0];
        return MR_OK;
    }
    const struct mr_vec **sources =
        MR_ARENA_ARRAY(call->eval->arena, const struct mr_vec *, r->part_count);
    uint16_t *source = mr_arena_alloc(call->eval->arena, rows * sizeof *source + 1, 64);
    if (sources == NULL || source == NULL) return mr_eval_nomem(err);
    for (uint32_t k = 0; k < r->part_count; k++) sources[k] = &r->parts[k];
    for (uint32_t i = 0; i < rows; i++) {
        source[i] = MR_GATHER_NULL;
        if (r->line_of[i] == UINT32_MAX) continue;
        while (r->line_of[i] - first >= r->parts[part].rows) first += r->parts[part++].rows;
        source[i] = (uint16_t)part;
        r->line_of[i] -= first;
    }
    struct mr_gather gather = {.eval = call->eval, .sources = sources, .source = source,
                               .index = r->line_of, .rows = rows};
    return mr_gather_run(&gather, call->expr->type, call->out, err);
}

mr_status mr_eval_from_json(struct mr_call *call, struct mr_err *err)
{
    struct reading r = {.call = call, .detail = call->expr->detail};
    void *reader = NULL;
    MR_TRY(read_lines(&r, err));
    mr_status status = MR_OK;
    if (r.lines > 0) {
        status = r.detail->codec->open(call->eval->arena->heap, r.detail->schema,
                                       &r.detail->settings, call->eval->select->isa,
                                       call->eval->context->zone, &reader, err);
    }
    if (status == MR_OK) status = decode_lines(&r, reader, err);
    r.detail->codec->close(reader);
    return status == MR_OK ? put_parts(&r, err) : status;
}

/* ---- the others ---- */

mr_status mr_eval_to_json(struct mr_call *call, struct mr_err *err)
{
    const struct mr_json_detail *detail = call->expr->detail;
    const struct mr_operand *value = &call->args[0];
    struct mr_text out;
    mr_status status = MR_OK;
    mr_text_init(&out, call->eval->arena->heap);
    MR_EACH_ROW(call->rows, i) {
        mr_text_reset(&out);
        mr_json_write(&value->vec, i & mr_operand_mask(value), call->eval->context->zone,
                      detail->keeps_nulls, &out);
        status = mr_text_end(&out, err);
        if (status == MR_OK) status = mr_eval_put_text(call, i, mr_text_span(&out), err);
        if (status != MR_OK) break;
    }
    mr_text_fini(&out);
    return status;
}

mr_status mr_prepare_json_path(struct mr_arena *arena, const struct mr_expr *expr,
                               const void **out_prepared, struct mr_err *err)
{
    const struct mr_expr *text = expr->args[1];
    *out_prepared = NULL;
    if (text->kind != MR_EXPR_LITERAL || text->value.is_null) return MR_OK;
    struct mr_json_path *path = MR_ARENA_NEW(arena, struct mr_json_path);
    char *copy = mr_arena_copy(arena, text->value.u.text);
    if (path == NULL || copy == NULL) return mr_eval_nomem(err);
    /* What is no path finds nothing. */
    if (!mr_json_path_read((struct mr_span){copy, text->value.u.text.bytes}, path)) {
        path->count = UINT32_MAX;
    }
    *out_prepared = path;
    return MR_OK;
}

mr_status mr_eval_get_json_object(struct mr_call *call, struct mr_err *err)
{
    struct mr_json_path own;
    struct mr_text out;
    mr_status status = MR_OK;
    mr_text_init(&out, call->eval->arena->heap);
    MR_EACH_ROW(call->rows, i) {
        const struct mr_json_path *path = call->prepared;
        if (path == NULL) {
            path = &own;
            struct mr_span text = mr_operand_span(&call->args[1], i);
            if (!mr_json_path_read(text, &own)) own.count = UINT32_MAX;
        }
        mr_text_reset(&out);
        bool is_there = path->count != UINT32_MAX &&
                        mr_json_find(mr_operand_span(&call->args[0], i), path, &out);
        status = mr_text_end(&out, err);
        if (status == MR_OK && is_there) {
            status = mr_eval_put_text(call, i, mr_text_span(&out), err);
        } else if (status == MR_OK) {
            status = mr_call_null(call, i, err);
        }
        if (status != MR_OK) break;
    }
    mr_text_fini(&out);
    return status;
}

/* next_item: from the value that ends at `at` to the next one, or SIZE_MAX behind the last. */
static size_t next_item(struct mr_span text, size_t at)
{
    at = mr_json_blanks(text, at);
    return text.text[at] == ',' ? mr_json_blanks(text, at + 1) : SIZE_MAX;
}

mr_status mr_eval_json_array_length(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        size_t at = mr_json_blanks(text, 0);
        if (at >= text.bytes || text.text[at] != '[' || mr_json_skip(text, at) == SIZE_MAX) {
            MR_TRY(mr_call_null(call, i, err));
            continue;
        }
        int32_t count = 0;
        at = mr_json_blanks(text, at + 1);
        if (text.text[at] == ']') at = SIZE_MAX;
        for (; at != SIZE_MAX; count++) at = next_item(text, mr_json_skip(text, at));
        ((int32_t *)call->out->values)[i] = count;
    }
    return MR_OK;
}

/* put_keys: the names of the object at `at`, which is well formed, as views. */
static mr_status put_keys(struct mr_call *call, struct mr_span text, size_t at,
                          struct mr_view **views, uint32_t *count, uint32_t *room,
                          struct mr_text *name, struct mr_err *err)
{
    at = mr_json_blanks(text, at + 1);
    if (text.text[at] == '}') return MR_OK;
    while (at != SIZE_MAX) {
        mr_text_reset(name);
        (void)mr_json_string(text, at, name, &at);
        MR_TRY(mr_text_end(name, err));
        if (*count == *room) {
            struct mr_view *more =
                mr_arena_alloc(call->eval->arena, MR_MAX(2 * *room, 64u) * sizeof *more, 64);
            if (more == NULL) return mr_eval_nomem(err);
            if (*count > 0) memcpy(more, *views, *count * sizeof *more);
            *views = more;
            *room = MR_MAX(2 * *room, 64u);
        }
        char *at_text = mr_text_room(call->eval, name->used, err);
        if (at_text == NULL) return err->status;
        if (name->used > 0) memcpy(at_text, name->at, name->used);
        (*views)[(*count)++] = mr_text_done(call->eval, at_text, name->used);
        at = mr_json_blanks(text, mr_json_blanks(text, at) + 1); /* the colon */
        at = next_item(text, mr_json_skip(text, at));
    }
    return MR_OK;
}

mr_status mr_eval_json_object_keys(struct mr_call *call, struct mr_err *err)
{
    struct mr_list_plan plan;
    struct mr_view *views = mr_arena_zeroed(call->eval->arena, sizeof *views, 64);
    uint32_t room = 0;
    struct mr_text name;
    mr_status status = MR_OK;
    if (views == NULL) return mr_eval_nomem(err);
    MR_TRY(mr_list_begin(&plan, call, err));
    mr_text_init(&name, call->eval->arena->heap);
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        size_t at = mr_json_blanks(text, 0);
        bool is_object =
            at < text.bytes && text.text[at] == '{' && mr_json_skip(text, at) != SIZE_MAX;
        if (is_object) status = put_keys(call, text, at, &views, &plan.count, &room, &name, err);
        else status = mr_call_null(call, i, err);
        if (status != MR_OK) break;
        mr_list_close(&plan, i);
    }
    mr_text_fini(&name);
    if (status != MR_OK) return status;
    MR_TRY(mr_list_offsets(&plan, err));
    call->out->children[0] = (struct mr_vec){.type = call->out->type->fields[0].type,
                                             .rows = plan.count, .values = views,
                                             .bufs = &call->eval->root->bufs};
    return MR_OK;
}
