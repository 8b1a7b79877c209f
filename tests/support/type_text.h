/* Types from short text, for tests: "a bigint, s struct<x:int,y:array<string>>, m
 * map<string,date>", with the words of mr_type_name and decimal(p,s). Names are what stands before
 * a blank or colon. Ends the test on text it does not understand. */
#ifndef MR_TESTS_SUPPORT_TYPE_TEXT_H
#define MR_TESTS_SUPPORT_TYPE_TEXT_H

#include "core/schema/type.h"

const struct mr_type *mr_type_from_text(struct mr_arena *arena, const char *text);

#endif
