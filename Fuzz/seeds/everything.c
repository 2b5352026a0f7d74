/* SPDX-License-Identifier: Apache-2.0 */

/* A case of each thing that objects can have; the opening lines are those of Tests/TestObjects. */

enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };
enum state { IDLE, BUSY = 7 };
enum wide { HUGE = 0x100000000ULL };
struct task___flavour;
union both { int number; float real; };
struct request {
	unsigned int bits : 5, more : 9;
	struct {
		const char *name;
		union both both;
	};
	struct request *next;
	u64 values[4];
	enum wide wide;
	int (*callback)(struct request *, ...);
} __attribute__((preserve_access_index));

struct inner {
	__uint(type, 2);
	__uint(max_entries, 4);
	__type(key, u32);
	__type(value, u64);
};
struct inner first SEC(".maps");
struct {
	__uint(type, 12);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__array(values, struct inner);
} outer SEC(".maps") = { .values = { [1] = (void *)&first } };
struct {
	__uint(type, 1);
	__uint(max_entries, 100);
	__type(key, u32);
	__type(value, struct request);
	__uint(map_flags, 1);
	__uint(pinning, 1);
} table SEC(".maps");

const volatile int constant = 3;
int variable __attribute__((btf_decl_tag("tagged"))) = 4;
static volatile int own;

extern int LINUX_KERNEL_VERSION __kconfig;
extern enum libbpf_tristate CONFIG_IPV6 __kconfig __weak;
extern char CONFIG_CC[20] __kconfig __weak;
extern const int runqueues __ksym;
extern const void init_task __ksym __weak;
void release(struct task___flavour *task) __ksym __weak;

static __noinline u64 shared(struct request *request)
{
	return request->bits + request->values[2];
}

static int step(u32 index, void *context)
{
	return bpf_ktime_get_ns() == index;
}

__noinline int global(u32 a)
{
	return bpf_loop(a, step, 0, 0);
}

__noinline int caught(u64 cookie)
{
	return cookie;
}

SEC("fentry.s/do_exit")
__attribute__((btf_decl_tag("exception_callback:caught")))
int entry(u64 *context)
{
	struct request *request = (void *)context[0];
	u32 key = constant + own + LINUX_KERNEL_VERSION + CONFIG_CC[0];
	u64 *value = bpf_map_lookup_elem(&table, &key);

	if (!value || CONFIG_IPV6 != TRI_YES)
		return variable;
	if (release)
		release((void *)context[1]);
	if (__builtin_preserve_field_info(request->more, 2))
		key = __builtin_preserve_field_info(request->more, 4);
	key += __builtin_preserve_type_info(*(struct request *)0, 0);
	key += __builtin_preserve_enum_value(*(enum state *)BUSY, 1);
	return shared(request) + global(key) + runqueues + (u64)&init_task;
}

struct operations {
	int (*init)(void);
	int (*run)(int);
};
SEC("struct_ops/init") int begin(void *context)
{
	return 0;
}
struct operations operations SEC(".struct_ops.link") = { .init = (void *)begin };
