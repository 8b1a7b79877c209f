/* What the tests of core/format/delta share: a heap that must be empty at the end. */
#ifndef MR_TESTS_UNIT_CORE_FORMAT_DELTA_DELTA_FIXTURE_H
#define MR_TESTS_UNIT_CORE_FORMAT_DELTA_DELTA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/format/delta/delta_action.h"
#include "core/schema/type.h"

struct fixture {
    struct mr_heap heap;
    struct mr_arena arena;
    struct mr_arena scratch;
    struct mr_text text;
    struct mr_err err;
};

static inline int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    mr_heap_init(&f->heap, 0);
    mr_arena_init(&f->arena, &f->heap, 0);
    mr_arena_init(&f->scratch, &f->heap, 0);
    mr_text_init(&f->text, &f->heap);
    *state = f;
    return 0;
}

static inline int fixture_teardown(void **state)
{
    struct fixture *f = *state;
    mr_text_fini(&f->text);
    mr_arena_fini(&f->scratch);
    mr_arena_fini(&f->arena);
    assert_int_equal(f->heap.used_bytes, 0);
    free(f);
    return 0;
}

#define WITH_FIXTURE(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

#define MUST(f, call)                                                                              \
    do {                                                                                           \
        mr_status must_ = (call);                                                                  \
        if (must_ != MR_OK) print_error("%s: %s\n", mr_status_name(must_), (f)->err.message);      \
        assert_int_equal(must_, MR_OK);                                                            \
    } while (0)

/* The text so far, compared and emptied. */
static inline void expect_text(struct fixture *f, const char *wanted)
{
    assert_false(f->text.is_failed);
    assert_string_equal(f->text.at == NULL ? "" : f->text.at, wanted);
    mr_text_reset(&f->text);
    if (f->text.at != NULL) f->text.at[0] = '\0';
}

/* A schema from Delta's JSON; single quotes stand for double ones. */
static inline const struct mr_type *schema_of(struct fixture *f, const char *quoted)
{
    const struct mr_doc *doc = NULL;
    const struct mr_type *type = NULL;
    char *json = mr_arena_copy(&f->arena, mr_span_of(quoted));
    for (char *at = json; *at != '\0'; at++) {
        if (*at == '\'') *at = '"';
    }
    MUST(f, mr_doc_read(&f->arena, mr_span_of(json), &doc, &f->err));
    MUST(f, mr_type_read_json(&f->arena, doc, &type, &f->err));
    return type;
}

#endif
