/* SPDX-License-Identifier: Apache-2.0 */

#ifndef CFUZZER_H
#define CFUZZER_H

#include <stddef.h>
#include <stdint.h>

/* libFuzzer's way in for programs that have a main() of their own (llvm.org/docs/LibFuzzer.html, "Using libFuzzer as a
 * library"). Does not come back: it ends the process.
 */
int LLVMFuzzerRunDriver(int *argc, char ***argv, int (*callback)(const uint8_t *data, size_t size));

#endif
