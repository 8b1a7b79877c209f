/* The plain form of a fuzz target: a main that replays files and folders.
 *
 * A target defines LLVMFuzzerTestOneInput and links replay.c in normal builds; libFuzzer brings a
 * main of its own. Each file is run as it is and then with a few seeded mutations (MR_MUTATIONS,
 * default 20), so that the corpus keeps finding a little beyond itself. */
#ifndef MR_TESTS_FUZZ_REPLAY_H
#define MR_TESTS_FUZZ_REPLAY_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#endif
