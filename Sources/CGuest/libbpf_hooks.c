// SPDX-License-Identifier: Apache-2.0

/*
 * The agent is linked with --wrap for three functions of libbpf (Package.swift). Calls that libbpf makes to them
 * arrive here; __real_… is what libbpf itself has.
 */

#include "CGuest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int __real_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
                         const struct bpf_insn *instructions, size_t count, struct bpf_prog_load_opts *options);
struct btf *__real_btf__load_vmlinux_btf(void);
void __real_btf__free(struct btf *btf);
void libbpf_sha256(const void *data, size_t length, uint8_t digest[32]);

static guest_load_hook load_hook;
static void *load_context;

void guest_intercept_loads(guest_load_hook hook, void *context) {
    load_hook = hook;
    load_context = context;
}

int guest_load_program(enum bpf_prog_type type, const char *name, const char *license,
                       const struct bpf_insn *instructions, size_t count, struct bpf_prog_load_opts *options) {
    return __real_bpf_prog_load(type, name, license, instructions, count, options);
}

int __wrap_bpf_prog_load(enum bpf_prog_type type, const char *name, const char *license,
                         const struct bpf_insn *instructions, size_t count, struct bpf_prog_load_opts *options) {
    if (!load_hook)
        return __real_bpf_prog_load(type, name, license, instructions, count, options);
    return load_hook(load_context, type, name, license, instructions, count, options);
}

/* Parsing the kernel's BTF costs more than verifying most objects; it does not change while the kernel runs. */
static struct btf *kernel_btf;
static bool is_kernel_btf_shared = true;

void guest_share_kernel_btf(bool is_shared) {
    is_kernel_btf_shared = is_shared;
}

static struct btf *agents_kernel_btf(void) {
    if (!kernel_btf)
        kernel_btf = __real_btf__load_vmlinux_btf();
    return kernel_btf;
}

struct btf *__wrap_btf__load_vmlinux_btf(void) {
    return is_kernel_btf_shared ? agents_kernel_btf() : __real_btf__load_vmlinux_btf();
}

void __wrap_btf__free(struct btf *btf) {
    if (btf != kernel_btf)
        __real_btf__free(btf);
}

int guest_parse_kernel_btf(void) {
    return agents_kernel_btf() ? 0 : errno;
}

int guest_kernel_type(const char *name, uint32_t kind) {
    /* The agent's own, whether objects share it or not: one that was parsed for this question would never be freed. */
    struct btf *btf = agents_kernel_btf();
    return btf ? btf__find_by_name_kind(btf, name, kind) : -errno;
}

void guest_sha256(const void *data, size_t length, uint8_t digest[32]) {
    libbpf_sha256(data, length, digest);
}

static guest_message_sink message_sink;
static void *message_context;

static bool are_relocations_wanted;

void guest_capture_relocations(bool is_wanted) {
    are_relocations_wanted = is_wanted;
}

/* By the format, so that what nobody wants is never formatted. */
static bool is_about_relocations(const char *format) {
    return strstr(format, "prog '%s': relo #") || strstr(format, "CO-RE relocating");
}

static int forward_message(enum libbpf_print_level level, const char *format, va_list arguments) {
    if (!message_sink)
        return 0;
    /* libbpf's debug output is large, and hardly ever read; a verifier log never comes this way. */
    if (level == LIBBPF_DEBUG && !(are_relocations_wanted && is_about_relocations(format)))
        return 0;
    char text[2048];
    int length = vsnprintf(text, sizeof(text), format, arguments);
    message_sink(message_context, level, text);
    return length;
}

void guest_capture_messages(guest_message_sink sink, void *context) {
    message_sink = sink;
    message_context = context;
    libbpf_set_print(forward_message);
}
