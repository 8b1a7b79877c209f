/* The definition of right: one byte after another. */
#include <string.h>

#include "kernels/json/json_index.h"

enum byte_class { OTHER, TERMINATOR, NEWLINE, QUOTE, BACKSLASH, CONTROL };

static enum byte_class class_of(char c)
{
    switch (c) {
    case ',':
    case '{':
    case '}':
    case '[':
    case ']': return TERMINATOR;
    case '\n': return NEWLINE;
    case '"': return QUOTE;
    case '\\': return BACKSLASH;
    default: return (unsigned char)c < 0x20 ? CONTROL : OTHER;
    }
}

uint32_t mr_json_index_ref(const char *text, uint32_t bytes, mr_json_mode mode, uint32_t base,
                           struct mr_json_state *state, uint32_t *out_pos, uint64_t *out_quotes,
                           uint64_t *out_care)
{
    bool in_string = state->in_string != 0, is_escaped = state->escaped != 0;
    uint32_t count = 0;
    size_t words = (bytes + 63) / 64;
    memset(out_quotes, 0, words * sizeof *out_quotes);
    memset(out_care, 0, words * sizeof *out_care);
    for (uint32_t i = 0; i < bytes; i++) {
        uint64_t bit = UINT64_C(1) << (i % 64);
        enum byte_class class = class_of(text[i]);
        bool was_escaped = is_escaped;
        is_escaped = class == BACKSLASH && !was_escaped;
        state->wide |= (unsigned char)text[i] & 0x80;
        if (class >= BACKSLASH || class == NEWLINE) out_care[i / 64] |= bit;
        if (class == QUOTE && !was_escaped) {
            out_quotes[i / 64] |= bit;
            in_string = !in_string;
        }
        bool is_end = class == NEWLINE && mode == MR_JSON_LINES;
        if (is_end) in_string = false;
        if (is_end || (class == TERMINATOR && !in_string)) out_pos[count++] = base + i;
    }
    state->in_string = in_string ? ~UINT64_C(0) : 0;
    state->escaped = is_escaped;
    return count;
}
