#include "bench/kernel/column_sums.h"

#include <inttypes.h>
#include <stdio.h>

#include "kernels/codec/crc.h"

/* A vector, and the structs around it, whose nulls are nulls of their members too. */
struct walk {
    const struct mr_vec *vec;
    const struct walk *around;
};

static bool is_present(const struct walk *walk, uint32_t row)
{
    for (; walk != NULL; walk = walk->around) {
        if (mr_vec_is_null(walk->vec, row)) return false;
    }
    return true;
}

static uint64_t value_sum(const struct mr_vec *vec, uint32_t row)
{
    struct mr_span text;
    switch (vec->type->id) {
    case MR_TYPE_BOOLEAN: return mr_bit_get(vec->values, row);
    case MR_TYPE_STRING:
        text = mr_vec_span(vec, row);
        return mr_crc32(0, text.text, text.bytes);
    default: return (uint64_t)mr_vec_i64(vec, row); /* of a double, its bits */
    }
}

static void add_vec(struct mr_column_sums *sums, uint32_t *leaf, const struct walk *walk,
                    uint32_t rows)
{
    const struct mr_vec *vec = walk->vec;
    const struct mr_type *type = vec->type;
    if (type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < type->field_count; i++) {
            const struct walk member = {&vec->children[i], walk};
            add_vec(sums, leaf, &member, rows);
        }
    } else if (type->id == MR_TYPE_ARRAY) {
        const struct walk items = {&vec->children[0], NULL};
        add_vec(sums, leaf, &items, vec->offsets[rows]);
    } else {
        MR_ASSERT(*leaf < MR_SUMS_MAX);
        struct mr_column_sum *sum = &sums->leaves[(*leaf)++];
        for (uint32_t row = 0; row < rows; row++) {
            if (!is_present(walk, row)) continue;
            sum->present++;
            sum->sum += value_sum(vec, row);
        }
    }
}

void mr_column_sums_add(struct mr_column_sums *sums, const struct mr_batch *batch)
{
    uint32_t leaf = 0;
    MR_ASSERT(batch->sel == NULL);
    for (uint32_t i = 0; i < batch->schema->field_count; i++) {
        const struct walk column = {&batch->cols[i], NULL};
        add_vec(sums, &leaf, &column, batch->rows);
    }
    sums->rows += batch->rows;
    sums->count = leaf;
}

bool mr_column_sums_equal(const struct mr_column_sums *a, const struct mr_column_sums *b)
{
    return a->rows == b->rows && a->count == b->count &&
           memcmp(a->leaves, b->leaves, a->count * sizeof a->leaves[0]) == 0;
}

/* ---- printing ---- */

struct printer {
    const struct mr_column_sums *sums;
    uint32_t leaf;
    char path[1024];
};

static void print_type(struct printer *printer, const struct mr_type *type, size_t path_bytes)
{
    if (type->id == MR_TYPE_STRUCT) {
        for (uint32_t i = 0; i < type->field_count; i++) {
            struct mr_span name = type->fields[i].name;
            int bytes = snprintf(printer->path + path_bytes, sizeof printer->path - path_bytes,
                                 "%s%.*s", path_bytes > 0 ? "." : "", (int)name.bytes, name.text);
            print_type(printer, type->fields[i].type, path_bytes + (size_t)bytes);
        }
    } else if (type->id == MR_TYPE_ARRAY) {
        print_type(printer, type->fields[0].type, path_bytes);
    } else {
        const struct mr_column_sum *sum = &printer->sums->leaves[printer->leaf];
        (void)printf("%s\"%.*s\":[\"%" PRIu64 "\",\"%" PRIu64 "\"]", printer->leaf > 0 ? "," : "",
                     (int)path_bytes, printer->path, sum->present, sum->sum);
        printer->leaf++;
    }
}

void mr_column_sums_print(const struct mr_column_sums *sums, const struct mr_type *schema)
{
    struct printer printer = {.sums = sums};
    (void)printf("{\"rows\":%" PRIu64 ",\"columns\":{", sums->rows);
    print_type(&printer, schema, 0);
    (void)printf("}}\n");
}
