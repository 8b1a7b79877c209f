#include "core/base/span.h"

static unsigned char lower(char c)
{
    unsigned char u = (unsigned char)c;
    return u >= 'A' && u <= 'Z' ? (unsigned char)(u + 32) : u;
}

bool mr_span_ieq(struct mr_span a, struct mr_span b)
{
    if (a.bytes != b.bytes) return false;
    for (size_t i = 0; i < a.bytes; i++) {
        if (lower(a.text[i]) != lower(b.text[i])) return false;
    }
    return true;
}

int mr_span_compare(struct mr_span a, struct mr_span b)
{
    size_t common = a.bytes < b.bytes ? a.bytes : b.bytes;
    int order = common == 0 ? 0 : memcmp(a.text, b.text, common);
    if (order != 0) return order;
    return a.bytes < b.bytes ? -1 : a.bytes > b.bytes;
}

bool mr_span_starts(struct mr_span a, struct mr_span prefix)
{
    return a.bytes >= prefix.bytes && memcmp(a.text, prefix.text, prefix.bytes) == 0;
}

bool mr_span_ends(struct mr_span a, struct mr_span suffix)
{
    return a.bytes >= suffix.bytes &&
           memcmp(a.text + a.bytes - suffix.bytes, suffix.text, suffix.bytes) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct mr_span mr_span_trim(struct mr_span a)
{
    while (a.bytes > 0 && is_blank(a.text[0])) {
        a.text++;
        a.bytes--;
    }
    while (a.bytes > 0 && is_blank(a.text[a.bytes - 1])) a.bytes--;
    return a;
}
