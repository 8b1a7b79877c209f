#include "core/base/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void mr_assert_fail(const char *fact, const char *file, int line)
{
    (void)fprintf(stderr, "millrace: %s:%d: assertion failed: %s\n", file, line, fact);
    abort();
}
