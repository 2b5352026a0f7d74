/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent uses of libbpf; the headers come with the library that scripts/setup.sh builds. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
