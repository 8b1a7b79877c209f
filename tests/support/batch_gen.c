#include "tests/support/batch_gen.h"

#include <math.h>

#include "core/base/checked.h"

static void *must(void *memory)
{
    MR_ASSERT(memory != NULL);
    return memory;
}

static uint64_t below(struct mr_batch_gen *gen, uint64_t limit)
{
    return mr_rng_below(&gen->rng, limit);
}

/* A random number whose few or many values depend on gen->distinct. */
static uint64_t draw(struct mr_batch_gen *gen)
{
    if (gen->distinct == 0) return mr_rng_next(&gen->rng);
    struct mr_rng one;
    mr_rng_init(&one, below(gen, gen->distinct));
    return mr_rng_next(&one);
}

static bool draw_null(struct mr_batch_gen *gen)
{
    switch (gen->nulls) {
    case MR_GEN_NULLS_NONE: return false;
    case MR_GEN_NULLS_SOME: return below(gen, 5) == 0;
    case MR_GEN_NULLS_MOST: return below(gen, 10) != 0;
    default: return true;
    }
}

static int64_t draw_integer(struct mr_batch_gen *gen, unsigned bits)
{
    uint64_t raw = draw(gen);
    unsigned keep = 1 + (unsigned)(raw % bits);
    raw = raw * UINT64_C(0x9e3779b97f4a7c15) >> (64 - keep);
    if (draw(gen) % 3 == 0) raw = 0 - raw;
    return (int64_t)(raw << (64 - bits)) >> (64 - bits);
}

static __int128 draw_decimal(struct mr_batch_gen *gen, unsigned precision)
{
    unsigned __int128 limit = 1;
    for (unsigned i = 0; i < precision; i++) limit *= 10;
    uint64_t kind = draw(gen) % 10;
    if (kind == 0) return (__int128)(limit - 1);
    if (kind == 1) return -(__int128)(limit - 1);
    unsigned __int128 raw = (unsigned __int128)draw(gen) << 64 | draw(gen);
    __int128 value = (__int128)(raw % limit);
    return kind < 6 ? value : -value;
}

static double draw_double(struct mr_batch_gen *gen, bool is_single)
{
    static const double edges[] = {0.0, -0.0, INFINITY, -INFINITY, 1.0, -1.5, 0.1, 3e38, 1e-45};
    uint64_t raw = draw(gen);
    if (raw % 4 == 0) return edges[(raw >> 8) % MR_COUNT_OF(edges)];
    if (raw % 37 == 1) return NAN;
    double value = (double)(int64_t)(raw >> 20) / 1024.0;
    return is_single ? (float)value : value;
}

/* A few characters of every UTF-8 length, with a chance to be long. */
static uint32_t draw_text(struct mr_batch_gen *gen, bool is_utf8, char *out)
{
    static const char *const letters[] = {"a",
                                          "b",
                                          "c",
                                          "Z",
                                          " ",
                                          "\"",
                                          "\\",
                                          "\n",
                                          "\x7f",
                                          "\xc3\xa4",
                                          "\xdf\xbf",
                                          "\xe2\x82\xac",
                                          "\xed\x9f\xbf",
                                          "\xef\xbf\xbf",
                                          "\xf0\x9f\x98\x80",
                                          "\xf4\x8f\xbf\xbf"};
    struct mr_rng one;
    mr_rng_init(&one, draw(gen));
    uint64_t kind = mr_rng_below(&one, 10);
    uint32_t limit = kind == 0 ? 0 : kind < 6 ? 12 : kind < 9 ? 40 : gen->text_max;
    limit = MR_MIN(limit, gen->text_max);
    uint32_t want = limit == 0 ? 0 : 1 + (uint32_t)mr_rng_below(&one, limit), bytes = 0;
    bool is_wild = mr_rng_below(&one, 4) == 0;
    while (bytes < want) {
        if (!is_utf8) {
            out[bytes++] = (char)(mr_rng_below(&one, 3) == 0 ? 0xff : mr_rng_next(&one));
            continue;
        }
        size_t pick = mr_rng_below(&one, is_wild ? MR_COUNT_OF(letters) : 4);
        size_t length = strlen(letters[pick]);
        if (bytes + length > want) break;
        memcpy(out + bytes, letters[pick], length);
        bytes += (uint32_t)length;
    }
    return bytes;
}

static void fill_texts(struct mr_batch_gen *gen, struct mr_vec *vec, struct mr_arena *arena,
                       struct mr_bufs *bufs)
{
    struct mr_view *views = vec->values;
    size_t room = 1 << 20, used = 0;
    char *at = must(mr_arena_alloc(arena, room + MR_PAD, 64));
    MR_ASSERT(bufs->count < MR_BUFS_MAX);
    uint32_t buffer = bufs->count++;
    bufs->at[buffer] = at;
    for (uint32_t i = 0; i < vec->rows; i++) {
        if (room - used < gen->text_max) used = 0; /* the last texts lie over the first ones */
        if (used == 0 && i > 0) {
            at = must(mr_arena_alloc(arena, room + MR_PAD, 64));
            MR_ASSERT(bufs->count < MR_BUFS_MAX);
            buffer = bufs->count++;
            bufs->at[buffer] = at;
        }
        uint32_t bytes = draw_text(gen, vec->type->id == MR_TYPE_STRING, at + used);
        views[i] = mr_view_of(at + used, bytes, buffer, (uint32_t)used);
        used += bytes + 1;
    }
}

static void fill_value(struct mr_batch_gen *gen, struct mr_vec *vec, uint32_t row)
{
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN:
        mr_bit_clear(vec->values, row);
        if (draw(gen) % 3 == 0) mr_bit_set(vec->values, row);
        break;
    case MR_TYPE_BYTE: ((int8_t *)vec->values)[row] = (int8_t)draw_integer(gen, 8); break;
    case MR_TYPE_SHORT: ((int16_t *)vec->values)[row] = (int16_t)draw_integer(gen, 16); break;
    case MR_TYPE_INT: ((int32_t *)vec->values)[row] = (int32_t)draw_integer(gen, 32); break;
    /* Years 1 to 9999, which is what every reader can show. */
    case MR_TYPE_DATE:
        ((int32_t *)vec->values)[row] = (int32_t)(draw(gen) % 3652059) - 719162;
        break;
    case MR_TYPE_LONG:
        ((int64_t *)vec->values)[row] =
            gen->is_sorted ? (int64_t)(gen->next_sorted += below(gen, 9)) : draw_integer(gen, 64);
        break;
    case MR_TYPE_TIMESTAMP:
    case MR_TYPE_TIMESTAMP_NTZ:
        ((int64_t *)vec->values)[row] =
            gen->is_sorted
                ? (int64_t)(gen->next_sorted += below(gen, 1000000))
                : (int64_t)(draw(gen) % UINT64_C(315537897600000000)) - INT64_C(62135596800000000);
        break;
    case MR_TYPE_FLOAT: ((float *)vec->values)[row] = (float)draw_double(gen, true); break;
    case MR_TYPE_DOUBLE: ((double *)vec->values)[row] = draw_double(gen, false); break;
    default: {
        __int128 value = draw_decimal(gen, vec->type->precision);
        if (mr_decimal_is_long(vec->type)) {
            ((int64_t *)vec->values)[row] = (int64_t)value;
        } else {
            memcpy((char *)vec->values + (size_t)row * 16, &value, 16);
        }
        break;
    }
    }
}

static void fill_vec(struct mr_batch_gen *gen, struct mr_vec *vec, struct mr_arena *arena,
                     const struct mr_type *type, uint32_t rows, bool is_nullable,
                     struct mr_bufs *bufs);

static void fill_nested(struct mr_batch_gen *gen, struct mr_vec *vec, struct mr_arena *arena,
                        struct mr_bufs *bufs)
{
    uint32_t child_rows = vec->rows;
    if (vec->type->id != MR_TYPE_STRUCT) {
        child_rows = 0;
        vec->offsets[0] = 0;
        for (uint32_t i = 0; i < vec->rows; i++) {
            /* A null list may still span elements that nobody may look at. */
            child_rows += below(gen, 3) == 0 ? 0 : (uint32_t)below(gen, gen->list_max + 1);
            vec->offsets[i + 1] = child_rows;
        }
    }
    for (uint32_t i = 0; i < vec->type->field_count; i++) {
        const struct mr_field *field = &vec->type->fields[i];
        fill_vec(gen, &vec->children[i], arena, field->type, child_rows, field->is_nullable, bufs);
    }
}

static void fill_vec(struct mr_batch_gen *gen, struct mr_vec *vec, struct mr_arena *arena,
                     const struct mr_type *type, uint32_t rows, bool is_nullable,
                     struct mr_bufs *bufs)
{
    bool has_validity = is_nullable && (gen->nulls != MR_GEN_NULLS_NONE || below(gen, 2) == 0);
    mr_status status = mr_vec_alloc(vec, arena, type, rows, has_validity, bufs, NULL);
    MR_ASSERT(status == MR_OK);
    for (uint32_t i = 0; has_validity && i < rows; i++) {
        if (!draw_null(gen)) mr_bit_set(vec->validity, i);
    }
    if (has_validity) vec->null_count = mr_vec_nulls(vec->validity, rows);
    if (mr_type_is_nested(type)) {
        fill_nested(gen, vec, arena, bufs);
    } else if (type->id == MR_TYPE_STRING || type->id == MR_TYPE_BINARY) {
        fill_texts(gen, vec, arena, bufs);
    } else if (type->id != MR_TYPE_VOID) {
        for (uint32_t i = 0; i < rows; i++) fill_value(gen, vec, i);
    }
}

void mr_batch_gen_make(struct mr_batch_gen *gen, struct mr_arena *arena,
                       const struct mr_type *schema, uint32_t rows, struct mr_batch *out)
{
    mr_batch_init(out, arena, schema);
    out->rows = out->sel_count = rows;
    out->cols = must(MR_ARENA_ARRAY(arena, struct mr_vec, schema->field_count));
    for (uint32_t i = 0; i < schema->field_count; i++) {
        const struct mr_field *field = &schema->fields[i];
        fill_vec(gen, &out->cols[i], arena, field->type, rows, field->is_nullable, &out->bufs);
    }
    if (gen->has_selection) {
        uint32_t *sel = must(mr_arena_alloc(arena, (rows + 1) * sizeof *sel, 64));
        out->sel = sel;
        out->sel_count = 0;
        for (uint32_t i = 0; i < rows; i++) {
            if (below(gen, 2) == 0) sel[out->sel_count++] = i;
        }
    }
    mr_batch_check(out);
}

static const struct mr_type *random_type(struct mr_batch_gen *gen, struct mr_arena *arena,
                                         uint32_t depth)
{
    static const mr_type_id simple[] = {MR_TYPE_BOOLEAN, MR_TYPE_INT,    MR_TYPE_LONG,
                                        MR_TYPE_DOUBLE,  MR_TYPE_STRING, MR_TYPE_TIMESTAMP};
    uint64_t kind = depth == 0 ? 3 : below(gen, 4);
    if (kind == 3) return mr_type_of(simple[below(gen, MR_COUNT_OF(simple))]);
    const struct mr_type *inner = random_type(gen, arena, depth - 1);
    if (kind == 0) return must((void *)mr_type_array(arena, inner, below(gen, 3) != 0));
    if (kind == 1) {
        mr_type_id key = below(gen, 2) == 0 ? MR_TYPE_STRING : MR_TYPE_INT;
        return must((void *)mr_type_map(arena, mr_type_of(key), inner, below(gen, 3) != 0));
    }
    struct mr_field fields[2] = {
        {.name = MR_SPAN("x"), .type = inner, .is_nullable = below(gen, 3) != 0},
        {.name = MR_SPAN("y y"),
         .type = random_type(gen, arena, depth - 1),
         .is_nullable = below(gen, 3) != 0},
    };
    return must((void *)mr_type_struct(arena, fields, 2));
}

const struct mr_type *mr_batch_gen_schema(struct mr_batch_gen *gen, struct mr_arena *arena,
                                          uint32_t depth)
{
    enum { SIMPLE = 13, DECIMALS = 6, NESTED = 6, REQUIRED = 3 };
    static const uint8_t digits[DECIMALS][2] = {{5, 2},   {9, 0},  {10, 2},
                                                {18, 18}, {19, 4}, {38, 10}};
    struct mr_field fields[SIMPLE + DECIMALS + NESTED + REQUIRED];
    uint32_t count = 0;
    for (int id = MR_TYPE_BOOLEAN; id <= MR_TYPE_TIMESTAMP_NTZ; id++) {
        if (id == MR_TYPE_DECIMAL) continue;
        fields[count++] =
            (struct mr_field){.type = mr_type_of((mr_type_id)id), .is_nullable = true};
    }
    for (int i = 0; i < DECIMALS; i++) {
        fields[count++] = (struct mr_field){
            .type = must((void *)mr_type_decimal(arena, digits[i][0], digits[i][1])),
            .is_nullable = true};
    }
    for (int i = 0; i < NESTED; i++) {
        fields[count++] =
            (struct mr_field){.type = random_type(gen, arena, depth), .is_nullable = i % 3 != 0};
    }
    fields[count++] = (struct mr_field){.type = mr_type_of(MR_TYPE_STRING)};
    fields[count++] = (struct mr_field){.type = mr_type_of(MR_TYPE_LONG)};
    fields[count++] = (struct mr_field){.type = mr_type_of(MR_TYPE_VOID), .is_nullable = true};
    for (uint32_t i = 0; i < count; i++) {
        char *name = must(mr_arena_format(arena, "c%u", i));
        fields[i].name = mr_span_of(name);
    }
    return must((void *)mr_type_struct(arena, fields, count));
}

static void write_i128(__int128 value, struct mr_text *out)
{
    char digits[42];
    size_t at = sizeof digits;
    unsigned __int128 rest = value < 0 ? -(unsigned __int128)value : (unsigned __int128)value;
    do {
        digits[--at] = (char)('0' + (int)(rest % 10));
        rest /= 10;
    } while (rest != 0);
    mr_text_addf(out, "\"%s%.*s\"", value < 0 ? "-" : "", (int)(sizeof digits - at), digits + at);
}

static void write_nested(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    mr_text_addc(out, '[');
    if (vec->type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < vec->type->field_count; i++) {
            if (i > 0) mr_text_addc(out, ',');
            mr_value_write_json(&vec->children[i], row, out);
        }
        mr_text_addc(out, ']');
        return;
    }
    for (uint32_t i = vec->offsets[row]; i < vec->offsets[row + 1]; i++) {
        if (i > vec->offsets[row]) mr_text_addc(out, ',');
        if (vec->type->id == MR_TYPE_MAP) mr_text_addc(out, '[');
        mr_value_write_json(&vec->children[0], i, out);
        if (vec->type->id == MR_TYPE_MAP) {
            mr_text_addc(out, ',');
            mr_value_write_json(&vec->children[1], i, out);
            mr_text_addc(out, ']');
        }
    }
    mr_text_addc(out, ']');
}

void mr_value_write_json(const struct mr_vec *vec, uint32_t row, struct mr_text *out)
{
    if (mr_vec_is_null(vec, row)) {
        mr_text_adds(out, "null");
        return;
    }
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: mr_text_adds(out, mr_bit_get(vec->values, row) ? "true" : "false"); break;
    case MR_TYPE_FLOAT: mr_text_addf(out, "\"%08x\"", ((const uint32_t *)vec->values)[row]); break;
    case MR_TYPE_DOUBLE:
        mr_text_addf(out, "\"%016llx\"", ((const unsigned long long *)vec->values)[row]);
        break;
    case MR_TYPE_STRING: mr_text_add_json(out, mr_vec_span(vec, row)); break;
    case MR_TYPE_BINARY: {
        struct mr_span span = mr_vec_span(vec, row);
        mr_text_addc(out, '"');
        for (size_t i = 0; i < span.bytes; i++) mr_text_addf(out, "%02x", (uint8_t)span.text[i]);
        mr_text_addc(out, '"');
        break;
    }
    case MR_TYPE_STRUCT:
    case MR_TYPE_ARRAY:
    case MR_TYPE_MAP: write_nested(vec, row, out); break;
    default:
        if (vec->type->id == MR_TYPE_DECIMAL && !mr_decimal_is_long(vec->type)) {
            __int128 value;
            memcpy(&value, (const char *)vec->values + (size_t)row * 16, 16);
            write_i128(value, out);
        } else {
            mr_text_addf(out, "\"%lld\"", (long long)mr_vec_i64(vec, row));
        }
        break;
    }
}
