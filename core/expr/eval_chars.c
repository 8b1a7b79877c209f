/* Strings by their characters: padding, translating, repeating, distances. */
#include <ctype.h>

#include "core/base/checked.h"
#include "core/expr/eval_impl.h"
#include "core/expr/family_impl.h"
#include "core/expr/letter_case.h"
#include "core/expr/utf8.h"

static const struct mr_view *view_at(const struct mr_operand *operand, uint32_t row)
{
    return (const struct mr_view *)operand->vec.values + (row & mr_operand_mask(operand));
}

/* put_part: a part of argument `k` without a copy. */
static void put_part(struct mr_call *call, uint32_t row, uint32_t k, size_t off, size_t bytes)
{
    const struct mr_operand *a = &call->args[k];
    ((struct mr_view *)call->out->values)[row] =
        mr_view_within(a->vec.bufs, view_at(a, row), (uint32_t)off, (uint32_t)bytes);
}

static void put_done(struct mr_call *call, uint32_t row, const char *room, size_t bytes)
{
    ((struct mr_view *)call->out->values)[row] = mr_text_done(call->eval, room, bytes);
}

mr_status mr_eval_reverse(struct mr_call *call, struct mr_err *err)
{
    if (call->expr->type->id == MR_TYPE_ARRAY) return mr_eval_list_pick(call, err);
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, text.bytes, err);
        if (room == NULL) return err->status;
        for (size_t at = 0; at < text.bytes;) {
            size_t step = mr_utf8_step(text.text + at, text.bytes - at);
            memcpy(room + text.bytes - at - step, text.text + at, step);
            at += step;
        }
        put_done(call, i, room, text.bytes);
    }
    return MR_OK;
}

mr_status mr_eval_repeat(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        int64_t count = MR_MAX(mr_operand_i64(&call->args[1], i), 0);
        uint64_t bytes = text.bytes * (uint64_t)count;
        if (bytes > INT32_MAX) {
            return mr_call_fail(call, i, 1310, err, "a text of %llu bytes",
                                (unsigned long long)bytes);
        }
        char *room = mr_text_room(call->eval, bytes, err);
        if (room == NULL) return err->status;
        for (int64_t k = 0; k < count && text.bytes > 0; k++) {
            memcpy(room + (uint64_t)k * text.bytes, text.text, text.bytes);
        }
        put_done(call, i, room, bytes);
    }
    return MR_OK;
}

/* pad_fill: `count` units of the pad, again and again; units are characters, or bytes. */
static size_t pad_fill(struct mr_span pad, size_t count, bool is_binary, char *out)
{
    size_t used = 0, at = 0;
    for (; count > 0; count--) {
        size_t step = is_binary ? 1 : mr_utf8_step(pad.text + at, pad.bytes - at);
        memcpy(out + used, pad.text + at, step);
        used += step;
        at += step;
        if (at == pad.bytes) at = 0;
    }
    return used;
}

/* lpad and rpad: cut to the length when longer; an empty pad adds nothing. */
mr_status mr_eval_pad(struct mr_call *call, struct mr_err *err)
{
    bool is_left = call->expr->function->op == MR_OP_LEADING;
    bool is_binary = call->args[0].vec.type->id == MR_TYPE_BINARY;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        struct mr_span pad = mr_operand_span(&call->args[2], i);
        size_t wanted = (size_t)MR_MAX(mr_operand_i64(&call->args[1], i), 0);
        size_t count = is_binary ? text.bytes : mr_utf8_count(text);
        if (count >= wanted || pad.bytes == 0) {
            size_t bytes = is_binary ? MR_MIN(wanted, text.bytes) : mr_utf8_skip(text, wanted);
            put_part(call, i, 0, 0, bytes);
            continue;
        }
        uint64_t more = (uint64_t)(wanted - count) * (is_binary ? 1 : 4);
        if (more + text.bytes > INT32_MAX) {
            return mr_call_fail(call, i, 1310, err, "a text of %llu characters",
                                (unsigned long long)wanted);
        }
        char *room = mr_text_room(call->eval, more + text.bytes, err);
        if (room == NULL) return err->status;
        size_t used = 0;
        if (is_left) used = pad_fill(pad, wanted - count, is_binary, room);
        if (text.bytes > 0) memcpy(room + used, text.text, text.bytes);
        used += text.bytes;
        if (!is_left) used += pad_fill(pad, wanted - count, is_binary, room + used);
        put_done(call, i, room, used);
    }
    return MR_OK;
}

/* find_char: byte offset and number of a character in a set; false when it is not there. */
static bool find_char(struct mr_span set, const char *at, size_t bytes, size_t *out_number)
{
    size_t number = 0;
    for (size_t i = 0; i < set.bytes; number++) {
        size_t step = mr_utf8_step(set.text + i, set.bytes - i);
        if (step == bytes && memcmp(set.text + i, at, bytes) == 0) {
            *out_number = number;
            return true;
        }
        i += step;
    }
    return false;
}

/* translate: the n-th character of `from` becomes the n-th of `to`, or nothing. */
mr_status mr_eval_translate(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        struct mr_span from = mr_operand_span(&call->args[1], i);
        struct mr_span to = mr_operand_span(&call->args[2], i);
        char *room = mr_text_room(call->eval, text.bytes * 4, err);
        size_t used = 0, number, to_count = mr_utf8_count(to);
        if (room == NULL) return err->status;
        for (size_t at = 0; at < text.bytes;) {
            size_t step = mr_utf8_step(text.text + at, text.bytes - at);
            const char *taken = text.text + at;
            size_t bytes = step;
            if (find_char(from, taken, step, &number)) {
                size_t off = mr_utf8_skip(to, number);
                bytes = number < to_count ? mr_utf8_step(to.text + off, to.bytes - off) : 0;
                taken = to.text + off;
            }
            memcpy(room + used, taken, bytes);
            used += bytes;
            at += step;
        }
        put_done(call, i, room, used);
    }
    return MR_OK;
}

/* initcap: words are what blanks part. */
mr_status mr_eval_initcap(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        char *room = mr_text_room(call->eval, mr_letter_room(text.bytes) * 5 + 16, err);
        if (room == NULL) return err->status;
        char *lower = room + mr_letter_room(text.bytes) * 4 + 16;
        struct mr_span small = {lower, mr_letter_lower(text, lower)};
        size_t used = 0;
        bool is_first = true;
        for (size_t at = 0; at < small.bytes;) {
            size_t step = mr_utf8_step(small.text + at, small.bytes - at);
            struct mr_span letter = {small.text + at, step};
            if (is_first) {
                used += mr_letter_title(letter, room + used);
            } else {
                memcpy(room + used, letter.text, step);
                used += step;
            }
            is_first = *letter.text == ' ';
            at += step;
        }
        put_done(call, i, room, used);
    }
    return MR_OK;
}

/* locate: where part begins, from the start-th character on. */
mr_status mr_eval_locate(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span part = mr_operand_span(&call->args[0], i);
        struct mr_span text = mr_operand_span(&call->args[1], i);
        int64_t start = call->expr->arg_count > 2 ? mr_operand_i64(&call->args[2], i) : 1;
        int32_t *out = (int32_t *)call->out->values + i;
        *out = 0;
        if (start > 0 && part.bytes == 0) *out = 1;
        if (start <= 0 || part.bytes == 0) continue;
        size_t skipped = mr_utf8_skip(text, (size_t)start - 1);
        if (mr_utf8_count((struct mr_span){text.text, skipped}) < (size_t)start - 1) continue;
        const char *found =
            memmem(text.text + skipped, text.bytes - skipped, part.text, part.bytes);
        if (found == NULL) continue;
        *out = (int32_t)mr_utf8_count((struct mr_span){text.text, (size_t)(found - text.text)}) + 1;
    }
    return MR_OK;
}

/* substring_index: what stands before the count-th delimiter, or behind it from the end. */
mr_status mr_eval_substring_index(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        struct mr_span by = mr_operand_span(&call->args[1], i);
        int64_t count = mr_operand_i64(&call->args[2], i);
        size_t from = 0, to = text.bytes;
        if (by.bytes == 0 || count == 0) to = 0;
        for (size_t at = 0; count > 0 && by.bytes > 0;) {
            const char *found = memmem(text.text + at, text.bytes - at, by.text, by.bytes);
            if (found == NULL) break;
            to = (size_t)(found - text.text);
            at = to + 1; /* delimiters may overlap */
            if (--count == 0) break;
            to = text.bytes;
        }
        for (size_t end = text.bytes; count < 0 && by.bytes > 0;) {
            while (end >= by.bytes && memcmp(text.text + end - by.bytes, by.text, by.bytes) != 0) {
                end--;
            }
            if (end < by.bytes) break;
            if (++count == 0) from = end;
            end--;
        }
        put_part(call, i, 0, from, to - from);
    }
    return MR_OK;
}

/* overlay: `length` characters from `start` replaced; by default as many as the new text has. */
mr_status mr_eval_overlay(struct mr_call *call, struct mr_err *err)
{
    bool is_binary = call->args[0].vec.type->id == MR_TYPE_BINARY;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        struct mr_span by = mr_operand_span(&call->args[1], i);
        int64_t start = mr_operand_i64(&call->args[2], i), length = -1;
        if (call->expr->arg_count > 3) length = mr_operand_i64(&call->args[3], i);
        int64_t units = (int64_t)(is_binary ? text.bytes : mr_utf8_count(text));
        if (length < 0) length = (int64_t)(is_binary ? by.bytes : mr_utf8_count(by));
        /* As substring does: a start of 0 is 1 for the head, negative ones count from the end. */
        int64_t head = MR_MIN(MR_MAX(start - 1, 0), units);
        int64_t tail_start = start + length;
        int64_t tail = tail_start > 0 ? tail_start - 1 : tail_start < 0 ? units + tail_start : 0;
        tail = MR_MIN(MR_MAX(tail, 0), units);
        size_t head_bytes = is_binary ? (size_t)head : mr_utf8_skip(text, (size_t)head);
        size_t tail_off = is_binary ? (size_t)tail : mr_utf8_skip(text, (size_t)tail);
        size_t bytes = head_bytes + by.bytes + text.bytes - tail_off;
        char *room = mr_text_room(call->eval, bytes, err);
        if (room == NULL) return err->status;
        if (head_bytes > 0) memcpy(room, text.text, head_bytes);
        if (by.bytes > 0) memcpy(room + head_bytes, by.text, by.bytes);
        if (tail_off < text.bytes) {
            memcpy(room + head_bytes + by.bytes, text.text + tail_off, text.bytes - tail_off);
        }
        put_done(call, i, room, bytes);
    }
    return MR_OK;
}

mr_status mr_eval_ascii(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        uint32_t code = 0;
        if (text.bytes > 0) code = mr_utf8_read(text.text, mr_utf8_step(text.text, text.bytes));
        ((int32_t *)call->out->values)[i] = (int32_t)code;
    }
    return MR_OK;
}

/* chr: of the number's last eight bits; nothing for negative numbers. */
mr_status mr_eval_chr(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        int64_t code = mr_operand_i64(&call->args[0], i);
        char text[4];
        size_t bytes = code < 0 ? 0 : mr_utf8_write((uint32_t)code & 0xff, text);
        MR_TRY(mr_eval_put_text(call, i, (struct mr_span){text, bytes}, err));
    }
    return MR_OK;
}

mr_status mr_eval_space(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        size_t bytes = (size_t)MR_MAX(mr_operand_i64(&call->args[0], i), 0);
        char *room = mr_text_room(call->eval, bytes, err);
        if (room == NULL) return err->status;
        memset(room, ' ', bytes);
        put_done(call, i, room, bytes);
    }
    return MR_OK;
}

/* distance: Levenshtein's, by one row of his table. */
static int32_t distance(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
                        int32_t *row)
{
    for (size_t j = 0; j <= b_count; j++) row[j] = (int32_t)j;
    for (size_t i = 0; i < a_count; i++) {
        int32_t diagonal = row[0];
        row[0] = (int32_t)i + 1;
        for (size_t j = 0; j < b_count; j++) {
            int32_t above = row[j + 1], change = diagonal + (a[i] != b[j]);
            row[j + 1] = MR_MIN(change, MR_MIN(above, row[j]) + 1);
            diagonal = above;
        }
    }
    return row[b_count];
}

static size_t code_points(struct mr_span text, uint32_t *out)
{
    size_t count = 0;
    for (size_t at = 0; at < text.bytes;) {
        size_t step = mr_utf8_step(text.text + at, text.bytes - at);
        out[count++] = mr_utf8_read(text.text + at, step);
        at += step;
    }
    return count;
}

enum { LEVENSHTEIN_CELLS_MAX = 1 << 28 };

mr_status mr_eval_levenshtein(struct mr_call *call, struct mr_err *err)
{
    uint32_t *room = NULL;
    size_t room_count = 0;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span a = mr_operand_span(&call->args[0], i);
        struct mr_span b = mr_operand_span(&call->args[1], i);
        size_t wanted = a.bytes + 2 * b.bytes + 2;
        if ((uint64_t)a.bytes * b.bytes > LEVENSHTEIN_CELLS_MAX) {
            return mr_call_fail(call, i, 1310, err, "texts of %zu and %zu bytes are too long",
                                a.bytes, b.bytes);
        }
        if (wanted > room_count) {
            room_count = wanted * 2;
            room = MR_ARENA_ARRAY(call->eval->arena, uint32_t, room_count);
            if (room == NULL) return mr_eval_nomem(err);
        }
        size_t a_count = code_points(a, room), b_count = code_points(b, room + a_count);
        int32_t steps = distance(room, a_count, room + a_count, b_count,
                                 (int32_t *)(room + a_count + b_count));
        if (call->expr->arg_count > 2 && steps > mr_operand_i64(&call->args[2], i)) steps = -1;
        ((int32_t *)call->out->values)[i] = steps;
    }
    return MR_OK;
}

/* soundex: a letter and three digits; a text that begins with no letter stays as it is. */
mr_status mr_eval_soundex(struct mr_call *call, struct mr_err *err)
{
    static const char digits[] = "01230127022455012623017202"; /* 7: H and W, passed over */
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        char code[4] = {'0', '0', '0', '0'};
        size_t used = 0;
        if (text.bytes == 0 || !isalpha((unsigned char)text.text[0])) {
            put_part(call, i, 0, 0, text.bytes);
            continue;
        }
        code[used++] = (char)toupper((unsigned char)text.text[0]);
        char last = digits[code[0] - 'A'];
        for (size_t at = 1; at < text.bytes && used < 4; at++) {
            int letter = toupper((unsigned char)text.text[at]);
            if (letter < 'A' || letter > 'Z') {
                last = '0';
                continue;
            }
            char digit = digits[letter - 'A'];
            if (digit == '7') continue;
            if (digit != '0' && digit != last) code[used++] = digit;
            last = digit;
        }
        MR_TRY(mr_eval_put_text(call, i, (struct mr_span){code, 4}, err));
    }
    return MR_OK;
}

/* find_in_set: the number of the part between commas that equals the text; 0 = none. */
mr_status mr_eval_find_in_set(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        struct mr_span word = mr_operand_span(&call->args[0], i);
        struct mr_span set = mr_operand_span(&call->args[1], i);
        int32_t number = 1, found = 0;
        for (size_t from = 0; from <= set.bytes && found == 0; number++) {
            const char *comma = set.bytes == from ? NULL
                                                  : memchr(set.text + from, ',', set.bytes - from);
            size_t to = comma == NULL ? set.bytes : (size_t)(comma - set.text);
            struct mr_span part = {set.text + from, to - from};
            if (mr_span_eq(part, word)) found = number;
            from = to + 1;
        }
        if (word.bytes > 0 && memchr(word.text, ',', word.bytes) != NULL) found = 0;
        ((int32_t *)call->out->values)[i] = found;
    }
    return MR_OK;
}

/* split_part: part number n between delimiters, from the end when negative; empty when there is
 * none. */
mr_status mr_eval_split_part(struct mr_call *call, struct mr_err *err)
{
    MR_EACH_ROW(call->rows, i) {
        struct mr_span text = mr_operand_span(&call->args[0], i);
        struct mr_span by = mr_operand_span(&call->args[1], i);
        int64_t wanted = mr_operand_i64(&call->args[2], i), count = 1;
        if (wanted == 0) {
            return mr_call_fail(call, i, 1313, err, "part 0, but the first part is 1,");
        }
        size_t from = 0, to = text.bytes;
        const char *found;
        for (size_t at = 0; wanted < 0 && by.bytes > 0; count++) {
            found = memmem(text.text + at, text.bytes - at, by.text, by.bytes);
            if (found == NULL) break;
            at = (size_t)(found - text.text) + by.bytes;
        }
        if (wanted < 0) wanted += count + 1;
        bool is_there = wanted > 0;
        for (int64_t part = 1; is_there; part++) {
            found = by.bytes == 0 ? NULL
                                  : memmem(text.text + from, text.bytes - from, by.text, by.bytes);
            to = found == NULL ? text.bytes : (size_t)(found - text.text);
            if (part == wanted) break;
            is_there = found != NULL;
            from = to + by.bytes;
        }
        put_part(call, i, 0, is_there ? from : 0, is_there ? to - from : 0);
    }
    return MR_OK;
}

mr_status mr_eval_bit_length(struct mr_call *call, struct mr_err *err)
{
    (void)err;
    MR_EACH_ROW(call->rows, i) {
        ((int32_t *)call->out->values)[i] = (int32_t)(view_at(&call->args[0], i)->bytes * 8);
    }
    return MR_OK;
}
