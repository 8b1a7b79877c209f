/* Computed strings: where their bytes lie, and values as text for messages. */
#include <stdio.h>

#include "core/base/calendar.h"
#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/interval.h"
#include "kernels/text/number.h"

enum { TEXT_BYTES_FIRST = 16 << 10 };

static mr_status text_grow(struct mr_eval *eval, size_t bytes, struct mr_err *err)
{
    size_t size = MR_MAX(eval->text_next_bytes, (size_t)TEXT_BYTES_FIRST);
    size = MR_MAX(size, bytes);
    if (size > UINT32_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310, "a computed string is longer than 4 GiB");
    }
    char *at = mr_arena_alloc(eval->arena, size, 64);
    if (at == NULL) return mr_eval_nomem(err);
    uint32_t index = mr_batch_add_buf(eval->root, at);
    if (index == MR_BUFS_MAX) {
        return mr_err_set(err, MR_E_LIMIT, 1310,
                          "computed strings of one batch need too much room");
    }
    eval->text_at = eval->text_base = at;
    eval->text_end = at + size;
    eval->text_buffer = index;
    eval->text_next_bytes = size * 2;
    return MR_OK;
}

char *mr_text_room(struct mr_eval *eval, size_t bytes, struct mr_err *err)
{
    size_t room = (size_t)(eval->text_end - eval->text_at);
    if ((eval->text_at == NULL || room < bytes) && text_grow(eval, bytes, err) != MR_OK)
        return NULL;
    return eval->text_at;
}

struct mr_view mr_text_done(struct mr_eval *eval, const char *text, size_t bytes)
{
    MR_DCHECK(text == eval->text_at && bytes <= (size_t)(eval->text_end - eval->text_at));
    uint32_t off = (uint32_t)(text - eval->text_base);
    if (bytes > MR_VIEW_INLINE_MAX) eval->text_at += bytes;
    return mr_view_of(text, (uint32_t)bytes, eval->text_buffer, off);
}

mr_status mr_eval_put_text(struct mr_call *call, uint32_t row, struct mr_span text,
                           struct mr_err *err)
{
    struct mr_view *views = call->out->values;
    if (text.bytes <= MR_VIEW_INLINE_MAX) {
        views[row] = mr_view_of(text.text, (uint32_t)text.bytes, 0, 0);
        return MR_OK;
    }
    struct mr_err local = {0};
    char *room = mr_text_room(call->eval, text.bytes, err == NULL ? &local : err);
    if (room == NULL) return err == NULL ? local.status : err->status;
    memcpy(room, text.text, text.bytes);
    views[row] = mr_text_done(call->eval, room, text.bytes);
    return MR_OK;
}

struct mr_view mr_view_within(const struct mr_bufs *bufs, const struct mr_view *view, uint32_t off,
                              uint32_t bytes)
{
    MR_DCHECK(off <= view->bytes && bytes <= view->bytes - off);
    const char *at = mr_view_span(bufs, view).text + off;
    if (view->bytes <= MR_VIEW_INLINE_MAX) return mr_view_of(at, bytes, 0, 0);
    return mr_view_of(at, bytes, view->u.ref.buffer, view->u.ref.off + off);
}

size_t mr_timestamp_text(int64_t local_us, char *out)
{
    bool is_whole = local_us % MR_US_PER_S == 0;
    size_t bytes = mr_time_format(local_us, is_whole ? 0 : 6, "", out);
    for (size_t i = 0; i < bytes; i++) {
        if (out[i] == 'T') out[i] = ' ';
    }
    while (!is_whole && out[bytes - 1] == '0') bytes--;
    return bytes;
}

const char *mr_value_text(const struct mr_operand *operand, uint32_t row, char *out, size_t room)
{
    char text[MR_TIME_TEXT_MAX + MR_NUMBER_TEXT_MAX];
    const struct mr_vec *vec = &operand->vec;
    row &= mr_operand_mask(operand);
    MR_ASSERT(room > MR_TIME_TEXT_MAX);
    size_t bytes;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN:
        bytes = (size_t)snprintf(text, sizeof text, "%s",
                                 mr_bit_get(vec->values, row) ? "true" : "false");
        break;
    case MR_TYPE_FLOAT: bytes = mr_float_format(((const float *)vec->values)[row], text); break;
    case MR_TYPE_DOUBLE: bytes = mr_double_format(((const double *)vec->values)[row], text); break;
    case MR_TYPE_DECIMAL:
        bytes = mr_decimal_format(mr_operand_decimal(operand, row), vec->type->scale, text);
        break;
    case MR_TYPE_DATE: bytes = mr_date_format(mr_vec_i64(vec, row), text); break;
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ: bytes = mr_timestamp_text(mr_vec_i64(vec, row), text); break;
    case MR_TYPE_STRING:
    case MR_TYPE_BINARY: {
        struct mr_span span = mr_vec_span(vec, row);
        (void)snprintf(out, room, "'%.*s'", (int)MR_MIN(span.bytes, room - 4), span.text);
        return out;
    }
    case MR_TYPE_MONTHS:
    case MR_TYPE_SPAN: bytes = mr_interval_format(vec->type, mr_vec_i64(vec, row), text); break;
    default: bytes = mr_i64_format(mr_vec_i64(vec, row), text); break;
    }
    (void)snprintf(out, room, "%.*s", (int)bytes, text);
    return out;
}
