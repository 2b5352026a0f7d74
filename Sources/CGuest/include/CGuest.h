/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent needs of C: calls that Swift does not import, and the places where it stands in front of libbpf. */
#ifndef CGUEST_H
#define CGUEST_H

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The libbpf that scripts/setup.sh builds; its headers carry no patch level. */
#define GUEST_LIBBPF_VERSION "1.7.0"
_Static_assert(LIBBPF_MAJOR_VERSION == 1 && LIBBPF_MINOR_VERSION == 7, "libbpf is not the pinned one: scripts/setup.sh");

/* Has no effect but to pull in the object file whose constructor mounts /proc before the Swift runtime starts. */
void guest_link_early_mounts(void);

/* As mount(2), umount2(2), finit_module(2) and reboot(2); each returns 0 or a positive errno. */
int guest_mount(const char *source, const char *target, const char *type, const char *options);
int guest_unmount(const char *target);
int guest_load_module(const char *path);
/* As init_module(2) without parameters, but that a module which is loaded already is no error; 0 or a positive errno. */
int guest_insert_module(const uint8_t *bytes, size_t count);
/* Mixes bytes, 64 at most, into the kernel's randomness and has it start afresh from there (random(4)); 0 or errno. */
int guest_add_entropy(const uint8_t *bytes, size_t count);
/* Restarts the machine, which ends a VM that was told not to restart; returns only if the kernel refuses. */
int guest_restart(void);

/* As mount(2) with MS_RDONLY, and with MS_BIND; each returns 0 or a positive errno. */
int guest_mount_read_only(const char *source, const char *target, const char *type, const char *options);
int guest_bind(const char *source, const char *target);
/* As pipe2(2), closed by execve(2); 0 or a positive errno. */
int guest_pipe(int ends[2]);
/*
 * Starts a program whose root directory is `root`, in a session of its own, with `output` and `errors` as its standard
 * output and error and nothing to read. Returns 0 and the process, or the errno of what kept it from starting.
 */
int guest_start_in(const char *root, char *const arguments[], char *const environment[], int output, int errors,
                   pid_t *process);

/* SHA-256 by libbpf, which carries one for its own use. */
void guest_sha256(const void *data, size_t length, uint8_t digest[32]);

/*
 * Called in place of bpf_prog_load() whenever libbpf loads a program; returns a file descriptor or a negative errno.
 * `context` is what guest_intercept_loads() was given.
 */
typedef int (*guest_load_hook)(void *context, enum bpf_prog_type type, const char *name, const char *license,
                               const struct bpf_insn *instructions, size_t count, struct bpf_prog_load_opts *options);

/* Sets the hook; NULL gives libbpf its own function back. Not safe for threads: the agent has one. */
void guest_intercept_loads(guest_load_hook hook, void *context);

/* libbpf's own bpf_prog_load(). */
int guest_load_program(enum bpf_prog_type type, const char *name, const char *license,
                       const struct bpf_insn *instructions, size_t count, struct bpf_prog_load_opts *options);

/* Parses the kernel's BTF now, so that every later object finds it parsed; 0 or a positive errno. */
int guest_parse_kernel_btf(void);

/* The number of a type in the kernel's BTF, by its name and kind (BTF_KIND_...); negative errno where there is none. */
int guest_kernel_type(const char *name, uint32_t kind);

/* Whether objects share the kernel's BTF, as they do at first; otherwise libbpf parses it for each, as it does itself. */
void guest_share_kernel_btf(bool is_shared);

/* `text` is one message of libbpf, without a newline guarantee; valid during the call. */
typedef void (*guest_message_sink)(void *context, enum libbpf_print_level level, const char *text);

/* Where libbpf's messages go, but for its debug output; NULL drops them. */
void guest_capture_messages(guest_message_sink sink, void *context);

/* Whether the sink gets libbpf's debug output about relocations too, as LIBBPF_DEBUG. */
void guest_capture_relocations(bool is_wanted);

#endif
