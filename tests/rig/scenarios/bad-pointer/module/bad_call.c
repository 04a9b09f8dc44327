// SPDX-License-Identifier: GPL-2.0
/*
 * vmcore_rig_bad_call.ko: kernel threads that call through a bad pointer.
 *
 *	echo "CPU null|freed|user|unmapped" > /sys/module/vmcore_rig_bad_call/parameters/call
 *
 * The thread of that CPU calls. The first to die never comes out of its oops: it stays in the notifier below, with the
 * lock that an oops takes, so all others wait for it in theirs.
 */
#include <linux/completion.h>
#include <linux/cpu.h>
#include <linux/kdebug.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#define MAX_CPUS 64

struct victim {
	unsigned long padding[4];
	void (*function)(int);
};

static struct task_struct *threads[MAX_CPUS];
static struct completion calls[MAX_CPUS];
static const char *what[MAX_CPUS];
static struct victim *freed;

static noinline int rig_die_notify(struct notifier_block *block, unsigned long value, void *data)
{
	for (;;)
		cpu_relax();
	return NOTIFY_DONE;
}

static struct notifier_block die_block = { .notifier_call = rig_die_notify };

static noinline void rig_bad_call_inner(struct victim *victim, int number)
{
	victim->function(number);
	barrier();	/* no tail call: the caller's frame stays */
}

static noinline void rig_bad_call_outer(const char *name, int number)
{
	struct victim victim = { .padding = { 1, 2, 3, 4 } };

	if (!strcmp(name, "freed"))	/* as in a freed object that is someone's data now: not code, but mapped */
		victim.function = (void *)freed;
	else if (!strcmp(name, "user"))
		victim.function = (void *)0x400123;
	else if (!strcmp(name, "unmapped"))
		victim.function = (void *)(PAGE_OFFSET - PAGE_SIZE);
	rig_bad_call_inner(&victim, number);
	barrier();
}

static int rig_bad_thread(void *data)
{
	int cpu = (long)data;

	wait_for_completion(&calls[cpu]);
	rig_bad_call_outer(what[cpu], cpu);
	return 0;
}

static int set_call(const char *text, const struct kernel_param *param)
{
	static const char *const names[] = { "null", "freed", "user", "unmapped" };
	char name[16];
	int cpu;
	size_t i;

	if (sscanf(text, "%d %15s", &cpu, name) != 2 || cpu < 0 || cpu >= MAX_CPUS || !threads[cpu])
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i])) {
			what[cpu] = names[i];
			complete(&calls[cpu]);
			return 0;
		}
	return -EINVAL;
}

static const struct kernel_param_ops call_ops = { .set = set_call };
module_param_cb(call, &call_ops, NULL, 0200);

static int __init bad_call_init(void)
{
	int cpu;

	freed = kzalloc(sizeof(*freed), GFP_KERNEL);
	if (!freed)
		return -ENOMEM;
	for_each_online_cpu(cpu) {
		if (cpu >= MAX_CPUS)
			break;
		init_completion(&calls[cpu]);
		threads[cpu] = kthread_create(rig_bad_thread, (void *)(long)cpu, "rig bad/%d", cpu);
		if (IS_ERR(threads[cpu]))
			return PTR_ERR(threads[cpu]);
		kthread_bind(threads[cpu], cpu);
		wake_up_process(threads[cpu]);
	}
	return register_die_notifier(&die_block);
}
module_init(bad_call_init);
MODULE_LICENSE("GPL");
