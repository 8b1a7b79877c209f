/* Rescued data: the values that did not fit, as one JSON object per record. */
#include "core/format/json/json_decoder_impl.h"

void json_rescue_begin(struct json_decoder *d)
{
    mr_text_reset(&d->rescue);
    d->rescue_depth = 0;
    d->has_rescue = false;
}

static void rescue_comma(struct mr_text *text)
{
    if (text->used == 0) {
        mr_text_addc(text, '{');
    } else if (text->at[text->used - 1] != '{') {
        mr_text_addc(text, ',');
    }
}

static void rescue_close(struct json_decoder *d, uint32_t depth)
{
    for (; d->rescue_depth > depth; d->rescue_depth--) mr_text_addc(&d->rescue, '}');
}

void json_rescue_add(struct json_decoder *d, struct mr_span name, struct mr_span value)
{
    uint32_t common = 0;
    while (common < d->rescue_depth && common < d->path_count &&
           mr_span_eq(d->rescue_path[common], d->path[common].name)) {
        common++;
    }
    rescue_close(d, common);
    for (; common < d->path_count; common++) {
        rescue_comma(&d->rescue);
        mr_text_add_json(&d->rescue, d->path[common].name);
        mr_text_adds(&d->rescue, ":{");
        d->rescue_path[d->rescue_depth++] = d->path[common].name;
    }
    rescue_comma(&d->rescue);
    mr_text_add_json(&d->rescue, name);
    mr_text_addc(&d->rescue, ':');
    mr_text_add(&d->rescue, value.text, value.bytes);
    d->has_rescue = true;
}

void json_rescue_end(struct json_decoder *d, struct mr_span file_path)
{
    rescue_close(d, 0);
    if (d->options->keeps_file_path) {
        rescue_comma(&d->rescue);
        mr_text_adds(&d->rescue, "\"_file_path\":");
        mr_text_add_json(&d->rescue, file_path);
    }
    mr_text_addc(&d->rescue, '}');
}
