/* Globs in both forms against a table of what they mean, damaged ones, and file URIs back and
 * forth for every byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/base/checked.h"
#include "core/base/rng.h"
#include "io/files/file_uri.h"
#include "io/files/glob.h"
#include "io/files/tree_walk.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_err err;
};

static void fx_init(struct fixture *fx)
{
    mr_heap_init(&fx->heap, 0);
    mr_arena_init(&fx->arena, &fx->heap, 0);
}

/* Auto Loader's own table of what its default and its strict globber match. */
static void test_globbers(void **state)
{
    static const struct {
        const char *glob;
        const char *path;
        bool by_default;
        bool by_strict;
    } rows[] = {
        {"/a/*/c/", "/a/b/c/file.txt", true, true},
        {"/a/*/c/", "/a/b/x/y/c/file.txt", true, false},
        {"/a/*/c", "/a/b/c_file.txt", true, false},
        {"/a/*/c", "/a/b/cookie/file.txt", true, false},
        {"/a/b*", "/a/b.txt", true, true},
        {"/a/b*", "/a/b/file.txt", true, true},
        {"/a/{0.txt,1.txt}", "/a/0.txt", true, true},
        {"/a/*/{0.txt,1.txt}", "/a/0.txt", false, false},
        {"/a/b/[cde-h]/i/", "/a/b/c/i/file.txt", true, true},
        {"/a/b/[cde-h]/i/", "/a/b/k/i/file.txt", false, false},
        {"/a/?.json", "/a/x.json", true, true},
        {"/a/?.json", "/a/xy.json", false, false},
        {"/a?b.json", "/a/b.json", false, false},
        {"/a[/]b.json", "/a/b.json", false, false},
        {"/a/**/z.json", "/a/b/c/z.json", true, false},
        {"/a/*/z.json", "/a/z.json", false, false},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct fixture fx;
        struct mr_glob lax, strict;
        struct mr_span text = mr_span_of(rows[i].glob), path = mr_span_of(rows[i].path);
        fx_init(&fx);
        assert_int_equal(mr_glob_compile(&fx.arena, text, true, &lax, &fx.err), MR_OK);
        assert_int_equal(mr_glob_compile(&fx.arena, text, false, &strict, &fx.err), MR_OK);
        if (mr_glob_match(&lax, path, MR_GLOB_PREFIX) != rows[i].by_default) {
            fail_msg("default: %s on %s", rows[i].glob, rows[i].path);
        }
        if (mr_glob_match(&strict, path, MR_GLOB_ANCESTOR) != rows[i].by_strict) {
            fail_msg("strict: %s on %s", rows[i].glob, rows[i].path);
        }
        mr_arena_fini(&fx.arena);
    }
}

static void test_elements(void **state)
{
    static const struct {
        const char *glob;
        const char *text;
        bool matches;
    } rows[] = {
        {"*.json", "a.json", true},
        {"*.json", ".json", true},
        {"*.json", "a.json.gz", false},
        {"a*b*c", "axxbyyc", true},
        {"a*b*c", "axxbyy", false},
        {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"[a-c]x", "bx", true},
        {"[^a-c]x", "bx", false},
        {"[!a-c]x", "dx", true},
        {"[]]", "]", true},
        {"[a\\-c]", "-", true},
        {"[a\\-c]", "b", false},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"{a,b}{1,2}", "b1", true},
        {"{a,b{c,d}}", "bd", true},
        {"{a,b{c,d}}", "b", false},
        {"{,x}y", "y", true},
        {"[{]", "{", true},
        {"a{b", "", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"[\xc3\xa0-\xc3\xbf]", "\xc3\xa9", true},
        {"?", "\xff", true},
        {"\\{a,b\\}", "{a,b}", true},
        {"{\\,,b}", ",", true},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        struct fixture fx;
        struct mr_glob glob;
        fx_init(&fx);
        mr_status status =
            mr_glob_compile(&fx.arena, mr_span_of(rows[i].glob), false, &glob, &fx.err);
        if (strcmp(rows[i].glob, "a{b") == 0) {
            assert_int_equal(status, MR_E_INVALID);
        } else {
            assert_int_equal(status, MR_OK);
            bool matches = mr_glob_match(&glob, mr_span_of(rows[i].text), MR_GLOB_WHOLE);
            if (matches != rows[i].matches) fail_msg("%s on %s", rows[i].glob, rows[i].text);
        }
        mr_arena_fini(&fx.arena);
    }
}

static void test_refused(void **state)
{
    static const char *const globs[] = {"[a", "a[", "{a", "{a,{b}", "[^"};
    struct fixture fx;
    struct mr_glob glob;
    fx_init(&fx);
    for (size_t i = 0; i < MR_COUNT_OF(globs); i++) {
        assert_int_equal(mr_glob_compile(&fx.arena, mr_span_of(globs[i]), true, &glob, &fx.err),
                         MR_E_INVALID);
    }
    /* 2^12 alternatives */
    const char *many = "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}";
    assert_int_equal(mr_glob_compile(&fx.arena, mr_span_of(many), true, &glob, &fx.err),
                     MR_E_LIMIT);
    mr_arena_fini(&fx.arena);
}

/* Random patterns and texts over a small alphabet against a recursive definition. */
static bool slow_match(const char *p, const char *t)
{
    if (*p == '\0') return *t == '\0';
    if (*p == '*') {
        for (;; t++) {
            if (slow_match(p + 1, t)) return true;
            if (*t == '\0' || *t == '/') return false;
        }
    }
    if (*t == '\0') return false;
    if (*p == '?') return *t != '/' && slow_match(p + 1, t + 1);
    return *p == *t && slow_match(p + 1, t + 1);
}

static void test_against_definition(void **state)
{
    struct mr_rng rng;
    struct fixture fx;
    uint32_t matched = 0;
    mr_rng_init(&rng, 42);
    fx_init(&fx);
    for (int round = 0; round < 20000; round++) {
        char pattern[12], text[12];
        size_t p = 1 + mr_rng_below(&rng, 8), t = mr_rng_below(&rng, 10);
        for (size_t i = 0; i < p; i++) pattern[i] = "ab/**?"[mr_rng_below(&rng, 6)];
        for (size_t i = 0; i < t; i++) text[i] = "aab/"[mr_rng_below(&rng, 4)];
        while (p > 1 && pattern[p - 1] == '/') p--; /* compile drops them */
        pattern[p] = text[t] = '\0';
        struct mr_glob glob;
        mr_arena_reset(&fx.arena);
        assert_int_equal(
            mr_glob_compile(&fx.arena, (struct mr_span){pattern, p}, false, &glob, &fx.err), MR_OK);
        bool fast = mr_glob_match(&glob, (struct mr_span){text, t}, MR_GLOB_WHOLE);
        if (fast != slow_match(pattern, text)) fail_msg("%s on %s", pattern, text);
        matched += fast;
    }
    assert_true(matched > 500);
    mr_arena_fini(&fx.arena);
}

static void test_bases(void **state)
{
    struct fixture fx;
    fx_init(&fx);
    assert_string_equal(mr_glob_base(&fx.arena, MR_SPAN("/in/a*b/c")), "/in");
    assert_string_equal(mr_glob_base(&fx.arena, MR_SPAN("/*")), "/");
    assert_string_equal(mr_glob_base(&fx.arena, MR_SPAN("/a\\*b/c/{d}")), "/a*b/c");
    assert_true(mr_glob_has_magic(MR_SPAN("a?")));
    assert_false(mr_glob_has_magic(MR_SPAN("a\\?")));
    struct mr_glob glob;
    assert_int_equal(mr_glob_compile(&fx.arena, MR_SPAN("/a/b*/c"), false, &glob, &fx.err), MR_OK);
    assert_true(mr_glob_may_hold(&glob, MR_SPAN("/a/bx")));
    assert_false(mr_glob_may_hold(&glob, MR_SPAN("/a/x")));
    assert_true(mr_glob_may_hold(&glob, MR_SPAN("/a/bx/c/deep")));
    assert_false(mr_glob_may_hold(&glob, MR_SPAN("/a/bx/d")));
    assert_int_equal(
        mr_glob_compile(&fx.arena, MR_SPAN("/a/[b/c]x/d"), false, &glob, &fx.err), MR_OK);
    assert_true(mr_glob_may_hold(&glob, MR_SPAN("/a/cx")));
    assert_false(mr_glob_may_hold(&glob, MR_SPAN("/a/x")));
    mr_arena_fini(&fx.arena);
}

/* Every byte and random paths survive the way into a URI and back. */
static void test_uris(void **state)
{
    struct fixture fx;
    struct mr_rng rng;
    fx_init(&fx);
    assert_true(mr_span_is(mr_file_uri_of(&fx.arena, MR_SPAN("/in/a b%.json")),
                           "file:///in/a%20b%25.json"));
    assert_true(mr_span_is(mr_file_uri_of(&fx.arena, MR_SPAN("/\xc3\xa9/\xff\xc2\xa0")),
                           "file:///\xc3\xa9/%FF%C2%A0"));
    mr_rng_init(&rng, 7);
    for (int round = 0; round < 3000; round++) {
        char path[24] = "/";
        size_t bytes = 1 + mr_rng_below(&rng, 20);
        for (size_t i = 1; i < bytes; i++) path[i] = (char)(1 + mr_rng_below(&rng, 255));
        if (bytes > 1 && path[1] == '/') path[1] = 'x';
        struct mr_span back, whole = {path, bytes};
        path[bytes] = '\0';
        if (strstr(path, "/..") != NULL) continue;
        mr_arena_reset(&fx.arena);
        struct mr_span uri = mr_file_uri_of(&fx.arena, whole);
        assert_int_equal(mr_file_uri_read(&fx.arena, uri, &back, &fx.err), MR_OK);
        assert_true(mr_span_eq(back, whole));
    }
    static const char *const bad[] = {
        "file://host/a", "s3://b/a",     "a/b",          "",
        "file:///a%0",   "file:///a%zz", "file:///a/..", "file:///a%00b"};
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        struct mr_span back;
        assert_int_equal(mr_file_uri_read(&fx.arena, mr_span_of(bad[i]), &back, &fx.err),
                         MR_E_INVALID);
    }
    struct mr_span one;
    assert_int_equal(mr_file_uri_read(&fx.arena, MR_SPAN("file:/a%20b"), &one, &fx.err), MR_OK);
    assert_true(mr_span_is(one, "/a b"));
    mr_arena_fini(&fx.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_globbers), cmocka_unit_test(test_elements),
        cmocka_unit_test(test_refused),  cmocka_unit_test(test_against_definition),
        cmocka_unit_test(test_bases),    cmocka_unit_test(test_uris),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
