// SPDX-License-Identifier: GPL-3.0-or-later
/* Compiled for the seeds of fuzz_btf, fuzz_dwarf and fuzz_symbols: a bit of everything that kernels' types have. */
struct list_head { struct list_head *next, *prev; };
typedef unsigned long long u64;
typedef struct { int counter; } atomic_t;
enum module_state { MODULE_STATE_LIVE, MODULE_STATE_COMING, MODULE_STATE_GOING = -3 };
enum big { BIG = 0x123456789abcdefull };
union either { u64 number; char bytes[8]; };
struct unknown;
struct task_struct {
	unsigned int __state;
	volatile const void *stack;
	struct list_head tasks;
	struct { u64 vruntime; } se;
	struct { union { int in; long deep; }; };
	unsigned flag_a : 1, flag_b : 7;
	char comm[16];
	int matrix[2][3];
	union either either;
	enum module_state state;
	enum big big;
	atomic_t usage;
	_Bool truth;
	float real;
	struct unknown *other;
	int (*function)(struct task_struct *task, ...);
	struct list_head flexible[];
};
struct task_struct *init_task;
int use(struct task_struct *task) { return task->se.vruntime; }
const char linux_banner[] = "Linux version 6.1.0-fuzz (nobody@nowhere) #1 SMP";
static int local(int number) { return number * 3; }
int many(int a, int b) { volatile int words[40] = { local(a), b }; return words[a & 31]; }
