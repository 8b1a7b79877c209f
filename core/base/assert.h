/* Assertions: facts about this program, never about its input.
 *
 * MR_ASSERT is always on: arguments, results and invariants on the control path. MR_DCHECK is for
 * facts per row or per byte and exists in debug and sanitizer builds only. One fact each. */
#ifndef MR_CORE_BASE_ASSERT_H
#define MR_CORE_BASE_ASSERT_H

#include <assert.h>

_Noreturn void mr_assert_fail(const char *fact, const char *file, int line);

#define MR_ASSERT(fact)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(!(fact), 0)) mr_assert_fail(#fact, __FILE__, __LINE__);               \
    } while (0)

#ifdef MR_DEBUG
#define MR_DCHECK(fact) MR_ASSERT(fact)
#else
#define MR_DCHECK(fact) ((void)sizeof((fact) ? 1 : 0))
#endif

#endif
