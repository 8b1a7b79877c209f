#include "core/format/delta/delta_hint.h"

#include <inttypes.h>
#include <stdlib.h>

#include "core/base/checked.h"

struct leaf {
    struct mr_span path;
    struct mr_span value;
};

struct canon {
    struct mr_arena *arena;
    struct leaf *leaves;
    uint32_t count;
    uint32_t capacity;
    struct mr_text path;  /* of the value at hand */
    struct mr_text value; /* room for one */
};

static void add_quoted(struct mr_span text, struct mr_text *out)
{
    mr_text_addc(out, '"');
    for (size_t i = 0; i < text.bytes; i++) {
        unsigned char c = (unsigned char)text.text[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
        if (is_plain) {
            mr_text_addc(out, (char)c);
        } else {
            mr_text_addf(out, "%%%02X", c);
        }
    }
    mr_text_addc(out, '"');
}

static bool leaves_grow(struct canon *c)
{
    if (c->count < c->capacity) return true;
    uint32_t capacity = MR_MAX(c->capacity * 2, 64u);
    struct leaf *grown = MR_ARENA_ARRAY(c->arena, struct leaf, capacity);
    if (grown == NULL) return false;
    if (c->count > 0) memcpy(grown, c->leaves, c->count * sizeof *grown);
    c->leaves = grown;
    c->capacity = capacity;
    return true;
}

static bool add_leaf(struct canon *c, const struct mr_doc *doc)
{
    mr_text_reset(&c->value);
    if (doc->kind == MR_DOC_STRING) {
        add_quoted(doc->text, &c->value);
    } else {
        mr_doc_write(doc, &c->value);
    }
    struct mr_span path = mr_text_span(&c->path), value = mr_text_span(&c->value);
    const char *path_copy = mr_arena_copy(c->arena, path);
    const char *value_copy = mr_arena_copy(c->arena, value);
    if (path_copy == NULL || value_copy == NULL || c->path.is_failed || c->value.is_failed) {
        return false;
    }
    if (!leaves_grow(c)) return false;
    c->leaves[c->count++] = (struct leaf){{path_copy, path.bytes}, {value_copy, value.bytes}};
    return true;
}

static bool collect(struct canon *c, const struct mr_doc *doc)
{
    uint32_t index = 0;
    bool is_top = c->path.used == 0;
    if (doc->kind != MR_DOC_OBJECT && doc->kind != MR_DOC_ARRAY) return add_leaf(c, doc);
    for (const struct mr_doc *m = doc->first; m != NULL; m = m->next, index++) {
        size_t before = c->path.used;
        if (is_top && doc->kind == MR_DOC_OBJECT && mr_span_is(m->key, "checksum")) continue;
        if (before > 0) mr_text_addc(&c->path, '+');
        if (doc->kind == MR_DOC_OBJECT) {
            add_quoted(m->key, &c->path);
        } else {
            mr_text_addf(&c->path, "%u", index);
        }
        if (!collect(c, m)) return false;
        c->path.used = before;
    }
    return true;
}

static int leaf_order(const void *a, const void *b)
{
    return mr_span_compare(((const struct leaf *)a)->path, ((const struct leaf *)b)->path);
}

mr_status mr_delta_canonical_write(struct mr_arena *arena, const struct mr_doc *doc,
                                   struct mr_text *out, struct mr_err *err)
{
    struct canon c = {.arena = arena};
    mr_text_init(&c.path, arena->heap);
    mr_text_init(&c.value, arena->heap);
    bool is_done = collect(&c, doc);
    mr_text_fini(&c.path);
    mr_text_fini(&c.value);
    if (!is_done) return mr_err_set(err, MR_E_NOMEM, 0, "out of memory for a checksum");
    if (c.count > 1) qsort(c.leaves, c.count, sizeof *c.leaves, leaf_order);
    for (uint32_t i = 0; i < c.count; i++) {
        if (i > 0) mr_text_addc(out, ',');
        mr_text_add(out, c.leaves[i].path.text, c.leaves[i].path.bytes);
        mr_text_addc(out, '=');
        mr_text_add(out, c.leaves[i].value.text, c.leaves[i].value.bytes);
    }
    return mr_text_end(out, err);
}

mr_status mr_delta_canonical_md5(struct mr_arena *arena, const struct mr_doc *doc,
                                 char out_md5[MR_MD5_TEXT], struct mr_err *err)
{
    struct mr_text text;
    mr_text_init(&text, arena->heap);
    mr_status status = mr_delta_canonical_write(arena, doc, &text, err);
    struct mr_span span = mr_text_span(&text);
    if (status == MR_OK) mr_md5_text(span.text, span.bytes, out_md5);
    mr_text_fini(&text);
    return status;
}

mr_status mr_delta_hint_write(struct mr_arena *arena, const struct mr_delta_hint *hint,
                              struct mr_text *out, struct mr_err *err)
{
    const struct mr_doc *doc = NULL;
    char md5[MR_MD5_TEXT];
    struct mr_text json;
    mr_text_init(&json, arena->heap);
    mr_text_addf(&json,
                 "{\"version\":%" PRId64 ",\"size\":%" PRIu64 ",\"sizeInBytes\":%" PRIu64
                 ",\"numOfAddFiles\":%" PRIu64 "}",
                 hint->version, hint->rows, hint->bytes, hint->add_count);
    mr_status status = mr_text_end(&json, err);
    if (status == MR_OK) status = mr_doc_read(arena, mr_text_span(&json), &doc, err);
    if (status == MR_OK) status = mr_delta_canonical_md5(arena, doc, md5, err);
    if (status == MR_OK) {
        mr_text_add(out, json.at, json.used - 1);
        mr_text_addf(out, ",\"checksum\":\"%s\"}", md5);
        status = mr_text_end(out, err);
    }
    mr_text_fini(&json);
    return status;
}
