#include "core/pipeline/spec.h"

#include "core/base/assert.h"
#include "core/base/checked.h"
#include "core/base/nearest.h"
#include "core/pipeline/spec_impl.h"

static mr_status read_name(struct spec_reader *reader, const yaml_node_t *node,
                           struct mr_pipeline_spec *spec)
{
    struct mr_span text;
    MR_TRY(mr_spec_text(reader, node, "name", &text));
    if (text.bytes == 0) return mr_spec_fail(reader, node, MR_E_SYNTAX, 6106, "name is empty");
    spec->name = text.text;
    return MR_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The path of a URI without scheme, its %xx decoded in place; null when one is malformed. */
static const char *uri_path(struct mr_arena *arena, struct mr_span uri)
{
    char *path = mr_arena_copy(arena, uri), *to = path;
    if (path == NULL) return NULL;
    for (const char *from = path; *from != '\0'; from++) {
        if (*from == '%') {
            int high = hex_digit(from[1]);
            int low = high < 0 ? -1 : hex_digit(from[2]);
            if (low < 0 || high * 16 + low == 0) return NULL;
            *to++ = (char)(high * 16 + low);
            from += 2;
        } else {
            *to++ = *from;
        }
    }
    *to = '\0';
    return path;
}

/* Bytes of "scheme:" at the start of a URI, 0 when there is none (RFC 3986, 3.1). */
static size_t scheme_bytes(struct mr_span text)
{
    for (size_t i = 0; i < text.bytes; i++) {
        char c = text.text[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == ':') return i >= 2 ? i + 1 : 0;
        if (!is_letter && (i == 0 || strchr("0123456789+-.", c) == NULL)) return 0;
    }
    return 0;
}

static mr_status read_storage_uri(struct spec_reader *reader, const yaml_node_t *node,
                                  struct mr_span text, size_t scheme, struct mr_pipeline_spec *spec)
{
    struct mr_span rest = {text.text + scheme, text.bytes - scheme};
    if (!mr_span_ieq((struct mr_span){text.text, scheme}, MR_SPAN("file:"))) {
        mr_status status =
            mr_spec_fail(reader, node, MR_E_UNSUPPORTED, 6110,
                         "storage in \"%.*s\" is not supported", (int)(scheme - 1), text.text);
        mr_err_help(reader->err, "use a local folder: file:///... or a path");
        return status;
    }
    if (mr_span_starts(rest, MR_SPAN("//localhost/"))) {
        rest = (struct mr_span){rest.text + 11, rest.bytes - 11};
    } else if (mr_span_starts(rest, MR_SPAN("///"))) {
        rest = (struct mr_span){rest.text + 2, rest.bytes - 2};
    }
    const char *path = NULL;
    if (mr_span_starts(rest, MR_SPAN("/")) && !mr_span_starts(rest, MR_SPAN("//"))) {
        path = uri_path(reader->arena, rest);
    }
    if (path == NULL) {
        return mr_spec_fail(reader, node, MR_E_SYNTAX, 6110,
                            "storage \"%s\" is no file URI with an absolute path", text.text);
    }
    spec->storage = path;
    return MR_OK;
}

static mr_status read_storage(struct spec_reader *reader, const yaml_node_t *node,
                              struct mr_pipeline_spec *spec)
{
    struct mr_span text;
    MR_TRY(mr_spec_text(reader, node, "storage", &text));
    if (text.bytes == 0) return mr_spec_fail(reader, node, MR_E_SYNTAX, 6110, "storage is empty");
    size_t scheme = scheme_bytes(text);
    if (scheme > 0) return read_storage_uri(reader, node, text, scheme, spec);
    spec->is_storage_relative = text.text[0] != '/';
    spec->storage = mr_spec_path(reader, text.text);
    return spec->storage == NULL ? mr_spec_nomem(reader) : MR_OK;
}

/* A catalog or database is a folder's name: table c.s.t lies in <warehouse>/c/s/t. */
static mr_status read_folder_name(struct spec_reader *reader, const yaml_node_t *node,
                                  const char *what, const char **out_name)
{
    struct mr_span text;
    MR_TRY(mr_spec_text(reader, node, what, &text));
    if (text.bytes == 0 || text.bytes > 255 || text.text[0] == '.' ||
        memchr(text.text, '/', text.bytes) != NULL) {
        return mr_spec_fail(reader, node, MR_E_SYNTAX, 6106,
                            "%s \"%s\" cannot be the name of a folder", what, text.text);
    }
    *out_name = text.text;
    return MR_OK;
}

static mr_status read_catalog(struct spec_reader *reader, const yaml_node_t *node,
                              struct mr_pipeline_spec *spec)
{
    return read_folder_name(reader, node, "catalog", &spec->catalog);
}

static mr_status read_database(struct spec_reader *reader, const yaml_node_t *node,
                               struct mr_pipeline_spec *spec)
{
    if (spec->database != NULL) {
        return mr_spec_fail(reader, node, MR_E_SYNTAX, 6112,
                            "database and schema name the same thing; give one of them");
    }
    return read_folder_name(reader, node, "database", &spec->database);
}

static mr_status read_setting(struct spec_reader *reader, const yaml_node_pair_t *pair,
                              struct mr_setting *settings, uint32_t count)
{
    const yaml_node_t *key = yaml_document_get_node(&reader->doc, pair->key);
    struct mr_setting *setting = &settings[count];
    MR_TRY(mr_spec_text(reader, key, "a configuration key", &setting->name));
    for (uint32_t i = 0; i < count; i++) {
        if (!mr_span_eq(settings[i].name, setting->name)) continue;
        return mr_spec_fail(reader, key, MR_E_SYNTAX, 6112,
                            "configuration key \"%s\" is given twice, first in line %u",
                            setting->name.text, settings[i].line);
    }
    setting->line = (uint32_t)key->start_mark.line + 1;
    return mr_spec_text(reader, yaml_document_get_node(&reader->doc, pair->value),
                        setting->name.text, &setting->value);
}

static mr_status read_configuration(struct spec_reader *reader, const yaml_node_t *node,
                                    struct mr_pipeline_spec *spec)
{
    if (node->type != YAML_MAPPING_NODE) {
        return mr_spec_fail(reader, node, MR_E_SYNTAX, 6106,
                            "configuration must be a mapping of keys to texts");
    }
    const yaml_node_pair_t *first = node->data.mapping.pairs.start;
    size_t count = (size_t)(node->data.mapping.pairs.top - first);
    struct mr_setting *settings = MR_ARENA_ARRAY(reader->arena, struct mr_setting, count);
    if (settings == NULL) return mr_spec_nomem(reader);
    for (size_t i = 0; i < count; i++) {
        MR_TRY(read_setting(reader, first + i, settings, (uint32_t)i));
    }
    spec->configuration = settings;
    spec->configuration_count = (uint32_t)count;
    return MR_OK;
}

/* The only member of a mapping, which must have this name. */
static mr_status only_member(struct spec_reader *reader, const yaml_node_t *node, const char *name,
                             const yaml_node_t **out_value)
{
    if (node->type != YAML_MAPPING_NODE ||
        node->data.mapping.pairs.top - node->data.mapping.pairs.start != 1) {
        mr_status status = mr_spec_fail(reader, node, MR_E_SYNTAX, 6109,
                                        "a library must be a mapping with just \"%s\"", name);
        mr_err_help(reader->err, "write: - glob: {include: transformations/**}");
        return status;
    }
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    const yaml_node_t *key = yaml_document_get_node(&reader->doc, pair->key);
    if (!mr_span_is(mr_spec_raw(key), name)) {
        struct mr_span raw = mr_spec_raw(key);
        mr_status status =
            mr_spec_fail(reader, key, MR_E_SYNTAX, 6104, "unknown field \"%.*s\" in a library",
                         (int)raw.bytes, raw.text);
        mr_err_help(reader->err, "write: - glob: {include: transformations/**}");
        return status;
    }
    *out_value = yaml_document_get_node(&reader->doc, pair->value);
    return MR_OK;
}

static mr_status read_library(struct spec_reader *reader, const yaml_node_t *node,
                              struct mr_library *library)
{
    const yaml_node_t *glob, *include;
    struct mr_span text;
    MR_TRY(only_member(reader, node, "glob", &glob));
    MR_TRY(only_member(reader, glob, "include", &include));
    MR_TRY(mr_spec_text(reader, include, "include", &text));
    library->line = (uint32_t)include->start_mark.line + 1;
    library->column = (uint32_t)include->start_mark.column + 1;
    library->is_tree = mr_span_is(text, "**") || mr_span_ends(text, MR_SPAN("/**"));
    if (library->is_tree) text.bytes -= text.bytes == 2 ? 2 : 3;
    const char *plain = mr_arena_copy(reader->arena, text);
    if (plain == NULL) return mr_spec_nomem(reader);
    if ((text.bytes == 0 && !library->is_tree) || strpbrk(plain, "*?[{") != NULL) {
        mr_status status = mr_spec_fail(reader, include, MR_E_UNSUPPORTED, 6109,
                                        "library pattern \"%.*s\" is not supported",
                                        (int)mr_spec_raw(include).bytes, mr_spec_raw(include).text);
        mr_err_help(reader->err, "name a file, or a folder followed by /**");
        return status;
    }
    library->path = text.bytes == 0 ? mr_arena_copy(reader->arena, mr_span_of(reader->folder))
                                    : mr_spec_path(reader, plain);
    return library->path == NULL ? mr_spec_nomem(reader) : MR_OK;
}

static mr_status read_libraries(struct spec_reader *reader, const yaml_node_t *node,
                                struct mr_pipeline_spec *spec)
{
    if (node->type != YAML_SEQUENCE_NODE) {
        mr_status status =
            mr_spec_fail(reader, node, MR_E_SYNTAX, 6106, "libraries must be a list");
        mr_err_help(reader->err, "write: - glob: {include: transformations/**}");
        return status;
    }
    const yaml_node_item_t *first = node->data.sequence.items.start;
    size_t count = (size_t)(node->data.sequence.items.top - first);
    struct mr_library *libraries = MR_ARENA_ARRAY(reader->arena, struct mr_library, count);
    if (libraries == NULL) return mr_spec_nomem(reader);
    for (size_t i = 0; i < count; i++) {
        MR_TRY(read_library(reader, yaml_document_get_node(&reader->doc, first[i]), &libraries[i]));
    }
    spec->libraries = libraries;
    spec->library_count = (uint32_t)count;
    return MR_OK;
}

static const struct spec_field {
    const char *name;
    mr_status (*read)(struct spec_reader *reader, const yaml_node_t *node,
                      struct mr_pipeline_spec *spec);
    bool is_required;
} fields[] = {
    {"name", read_name, true},
    {"storage", read_storage, true},
    {"catalog", read_catalog, false},
    {"database", read_database, false},
    {"schema", read_database, false},
    {"configuration", read_configuration, false},
    {"libraries", read_libraries, false},
};

static mr_status fail_unknown(struct spec_reader *reader, const yaml_node_t *key)
{
    struct mr_span raw = mr_spec_raw(key);
    struct mr_nearest nearest;
    mr_nearest_init(&nearest, raw);
    for (size_t i = 0; i < MR_COUNT_OF(fields); i++) {
        mr_nearest_offer(&nearest, mr_span_of(fields[i].name));
    }
    mr_status status = mr_spec_fail(reader, key, MR_E_SYNTAX, 6104, "unknown field \"%.*s\"",
                                    (int)MR_MIN(raw.bytes, (size_t)100), raw.text);
    if (nearest.best.bytes > 0) {
        mr_err_help(reader->err, "did you mean \"%.*s\"?", (int)nearest.best.bytes,
                    nearest.best.text);
    } else {
        mr_err_help(reader->err, "the fields are name, storage, catalog, database, configuration "
                                 "and libraries");
    }
    return status;
}

static mr_status read_field(struct spec_reader *reader, const yaml_node_pair_t *pair,
                            uint32_t *seen, struct mr_pipeline_spec *spec)
{
    const yaml_node_t *key = yaml_document_get_node(&reader->doc, pair->key);
    for (size_t i = 0; i < MR_COUNT_OF(fields); i++) {
        if (!mr_span_is(mr_spec_raw(key), fields[i].name)) continue;
        if (*seen >> i & 1) {
            return mr_spec_fail(reader, key, MR_E_SYNTAX, 6112, "field \"%s\" is given twice",
                                fields[i].name);
        }
        *seen |= UINT32_C(1) << i;
        return fields[i].read(reader, yaml_document_get_node(&reader->doc, pair->value), spec);
    }
    return fail_unknown(reader, key);
}

static mr_status read_root(struct spec_reader *reader, struct mr_pipeline_spec *spec)
{
    const yaml_node_t *root = yaml_document_get_root_node(&reader->doc);
    uint32_t seen = 0;
    if (root == NULL || root->type != YAML_MAPPING_NODE) {
        return mr_spec_fail(reader, root, MR_E_SYNTAX, 6106,
                            "the spec must be a mapping of fields");
    }
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        MR_TRY(read_field(reader, pair, &seen, spec));
    }
    for (size_t i = 0; i < MR_COUNT_OF(fields); i++) {
        if (!fields[i].is_required || seen >> i & 1) continue;
        mr_status status = mr_spec_fail(reader, root, MR_E_SYNTAX, 6105, "field \"%s\" is missing",
                                        fields[i].name);
        mr_err_help(reader->err, "add a line: %s: ...", fields[i].name);
        return status;
    }
    if (spec->catalog == NULL) spec->catalog = "main";
    if (spec->database == NULL) spec->database = "default";
    return MR_OK;
}

/* What libyaml says about a text it cannot parse. */
static mr_status fail_yaml(struct spec_reader *reader, const yaml_parser_t *parser)
{
    if (parser->error == YAML_MEMORY_ERROR) return mr_spec_nomem(reader);
    mr_status status = mr_spec_fail(reader, NULL, MR_E_SYNTAX, 6103, "malformed YAML: %s",
                                    parser->problem == NULL ? "?" : parser->problem);
    if (reader->err == NULL) return status;
    if (parser->error == YAML_READER_ERROR) {
        mr_err_at(reader->err, parser->problem_offset);
    } else {
        reader->err->line = (uint32_t)parser->problem_mark.line + 1;
        reader->err->column = (uint32_t)parser->problem_mark.column + 1;
        reader->err->width = 1;
    }
    return status;
}

/* Nothing may follow the first document. */
static mr_status check_one_document(struct spec_reader *reader, yaml_parser_t *parser)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) return fail_yaml(reader, parser);
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    mr_status status = MR_OK;
    if (root != NULL) {
        status = mr_spec_fail(reader, root, MR_E_SYNTAX, 6103, "a second document in the spec");
    }
    yaml_document_delete(&next);
    return status;
}

mr_status mr_pipeline_spec_read(struct mr_arena *arena, struct mr_span text, const char *origin,
                                const char *folder, struct mr_io *io,
                                const struct mr_variables *variables,
                                struct mr_pipeline_spec *out_spec, struct mr_err *err)
{
    struct spec_reader reader = {.arena = arena,
                                 .io = io,
                                 .variables = variables,
                                 .origin = origin,
                                 .folder = folder,
                                 .err = err};
    struct mr_pipeline_spec spec = {0};
    yaml_parser_t parser;
    MR_ASSERT(origin != NULL && folder != NULL);
    spec.origin = mr_arena_copy(arena, mr_span_of(origin));
    spec.folder = mr_arena_copy(arena, mr_span_of(folder));
    if (spec.origin == NULL || spec.folder == NULL) return mr_spec_nomem(&reader);
    if (!yaml_parser_initialize(&parser)) return mr_spec_nomem(&reader);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text.text, text.bytes);
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    mr_status status;
    if (!yaml_parser_load(&parser, &reader.doc)) {
        status = fail_yaml(&reader, &parser);
    } else {
        status = read_root(&reader, &spec);
        if (status == MR_OK) status = check_one_document(&reader, &parser);
        yaml_document_delete(&reader.doc);
    }
    yaml_parser_delete(&parser);
    if (status == MR_OK) *out_spec = spec;
    return status;
}

mr_status mr_pipeline_spec_load(struct mr_arena *arena, struct mr_io *io, const char *folder,
                                const struct mr_variables *variables,
                                struct mr_pipeline_spec *out_spec, struct mr_err *err)
{
    size_t bytes = strlen(folder);
    bool has_yml, has_yaml;
    struct mr_span text;
    while (bytes > 1 && folder[bytes - 1] == '/') bytes--;
    folder = mr_arena_copy(arena, (struct mr_span){folder, bytes});
    const char *yml = folder == NULL ? NULL : mr_spec_join(arena, folder, "spark-pipeline.yml");
    const char *yaml = folder == NULL ? NULL : mr_spec_join(arena, folder, "spark-pipeline.yaml");
    if (yml == NULL || yaml == NULL) {
        return mr_err_set(err, MR_E_NOMEM, 0, "out of memory while looking for the spec");
    }
    MR_TRY(mr_file_exists(io, yml, &has_yml, err));
    MR_TRY(mr_file_exists(io, yaml, &has_yaml, err));
    if (has_yml && has_yaml) {
        mr_status status = mr_err_set(err, MR_E_INVALID, 6102, "both %s and %s exist", yml, yaml);
        mr_err_help(err, "keep one of them");
        return status;
    }
    if (!has_yml && !has_yaml) {
        mr_status status =
            mr_err_set(err, MR_E_NOT_FOUND, 6101, "no spark-pipeline.yml in %s", folder);
        mr_err_help(err, "name a pipeline folder; `millrace help run` describes it");
        return status;
    }
    const char *origin = has_yml ? yml : yaml;
    MR_TRY(mr_file_read(io, arena, origin, MR_SPEC_BYTES_MAX, &text, err));
    return mr_pipeline_spec_read(arena, text, origin, folder, io, variables, out_spec, err);
}

struct mr_span mr_pipeline_setting(const struct mr_pipeline_spec *spec, const char *name,
                                   struct mr_span fallback)
{
    for (uint32_t i = 0; i < spec->configuration_count; i++) {
        if (mr_span_is(spec->configuration[i].name, name)) return spec->configuration[i].value;
    }
    return fallback;
}
