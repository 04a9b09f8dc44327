// SPDX-License-Identifier: GPL-2.0
/*
 * tests/rig/module/vmcore_rig.c: puts the guest's kernel into states that user space alone cannot bring about, so that
 * dumps show them: a CPU caught in a kernel thread, in a softirq, in a hard interrupt; a task in uninterruptible
 * sleep; an oops in a call chain of known functions; containers of known content.
 *
 * Everything is asked for through /sys/kernel/debug/vmcore_rig:
 *   do          write "thread CPU", "softirq CPU", "hardirq CPU", "panic-softirq CPU", "sleep", "oops", "bug"
 *   containers  read: every container, item by item, with addresses
 *
 * Before a CPU spins or crashes it prints "vmcore_rig: stack of cpu N: WHAT" and its own stack into the log: the kernel's
 * own word on the stack that a debugger should find in the dump.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hashtable.h>
#include <linux/hrtimer.h>
#include <linux/idr.h>
#include <linux/kthread.h>
#include <linux/maple_tree.h>
#include <linux/module.h>
#include <linux/rbtree.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/xarray.h>

MODULE_DESCRIPTION("States and data of known content, for tests of crash-dump tools");
MODULE_LICENSE("GPL");

/* ---- Spinning: every spinner ends in rig_spin(), each coming from its own kind of context. ---- */

/* A function that keeps its frame and all its arguments: neither inlined nor cloned. */
#define RIG_FRAME __attribute__((noipa))

#define RIG_MAGIC 0x1122334455667788UL

struct rig_mark {		/* the local variable that a debugger should be able to print */
	unsigned long magic;
	int cpu;
	char what[20];
	unsigned long numbers[3];
	unsigned long turns;
};

static bool rig_stop;		/* never set: it keeps the compiler from seeing that the loops are endless */
static int rig_spinning;	/* how many CPUs have got there */

static void rig_show_stack(const char *what)
{
	pr_info("vmcore_rig: stack of cpu %d: %s\n", raw_smp_processor_id(), what);
	dump_stack();
}

static RIG_FRAME void rig_spin(const char *what, unsigned long first, unsigned long second)
{
	volatile struct rig_mark mark = {
		.magic = RIG_MAGIC,
		.cpu = raw_smp_processor_id(),
		.numbers = { first, second, first + second },
	};

	strscpy((char *)mark.what, what, sizeof(mark.what));
	rig_show_stack(what);
	WRITE_ONCE(rig_spinning, READ_ONCE(rig_spinning) + 1);
	while (!READ_ONCE(rig_stop)) {
		mark.turns += first & 1;
		cpu_relax();
	}
	pr_info("vmcore_rig: %lu\n", mark.turns + second);
}

static RIG_FRAME int rig_thread_inner(struct rig_mark *argument, unsigned long number)
{
	rig_spin("spin-thread", number, argument->numbers[0]);
	return argument->cpu;
}

static int rig_thread(void *argument)
{
	return rig_thread_inner(argument, 0x7431);
}

static void rig_timer_function(struct timer_list *timer)
{
	rig_spin("spin-softirq", 0x5031, (unsigned long)timer);
}

static enum hrtimer_restart rig_hrtimer_function(struct hrtimer *timer)
{
	rig_spin("spin-hardirq", 0x4831, (unsigned long)timer);
	return HRTIMER_NORESTART;
}

static void rig_panic_function(struct timer_list *timer)
{
	rig_show_stack("panic-softirq");
	panic("vmcore_rig: panic in a softirq, timer %px", timer);
}

static struct rig_mark rig_thread_argument = { .magic = RIG_MAGIC, .what = "argument", .numbers = { 0xa1, 0xa2, 0xa3 } };
static struct timer_list rig_timer, rig_panic_timer;
static struct hrtimer rig_hrtimer;

/* Runs on the CPU that shall spin, since only that CPU can arm a pinned hrtimer. */
static void rig_arm_hrtimer(void *unused)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(&rig_hrtimer, rig_hrtimer_function, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
#else
	hrtimer_init(&rig_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	rig_hrtimer.function = rig_hrtimer_function;
#endif
	hrtimer_start(&rig_hrtimer, ms_to_ktime(20), HRTIMER_MODE_REL_PINNED_HARD);
}

static int rig_start_thread(int cpu)
{
	struct task_struct *task;

	rig_thread_argument.cpu = cpu;
	task = kthread_create(rig_thread, &rig_thread_argument, "rig spin/%d", cpu);
	if (IS_ERR(task))
		return PTR_ERR(task);
	kthread_bind(task, cpu);
	wake_up_process(task);
	return 0;
}

/* Returns when one more CPU spins than before, so that the caller knows that it is true. */
static int rig_wait_for_spinner(int before)
{
	int turn;

	for (turn = 0; turn < 3000; turn++) {
		if (READ_ONCE(rig_spinning) > before)
			return 0;
		usleep_range(5000, 10000);
	}
	return -ETIMEDOUT;
}

/* ---- Crashing and sleeping: from the write system call. ---- */

static RIG_FRAME void rig_oops_c(struct rig_mark *nowhere, unsigned long number)
{
	nowhere->numbers[0] = number;
}

static RIG_FRAME int rig_oops_b(const char *text, unsigned long number)
{
	volatile struct rig_mark mark = { .magic = RIG_MAGIC, .cpu = raw_smp_processor_id(), .numbers = { number, 2, 3 } };

	strscpy((char *)mark.what, text, sizeof(mark.what));
	rig_oops_c((struct rig_mark *)(READ_ONCE(rig_stop) ? &mark : NULL), mark.numbers[0]);
	return mark.cpu;
}

static RIG_FRAME int rig_oops_a(unsigned long number)
{
	return rig_oops_b("oops", number + 1) + 1;
}

static RIG_FRAME void rig_bug(unsigned long number)
{
	BUG_ON(number != READ_ONCE(rig_thread_argument.numbers[0]));
}

static DECLARE_WAIT_QUEUE_HEAD(rig_wait_queue);

static RIG_FRAME void rig_sleep_uninterruptible(unsigned long number)
{
	wait_event(rig_wait_queue, READ_ONCE(rig_stop));
	pr_info("vmcore_rig: woken %lu\n", number);
}

static int rig_do(const char *what, int cpu)
{
	int before = READ_ONCE(rig_spinning), error = 0;

	if (!strcmp(what, "sleep")) {
		rig_sleep_uninterruptible(0x51ee9);
	} else if (!strcmp(what, "oops")) {
		rig_show_stack("oops");
		error = rig_oops_a(0x0095);
	} else if (!strcmp(what, "bug")) {
		rig_show_stack("bug");
		rig_bug(0xb06);
	} else if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_online(cpu)) {
		error = -EINVAL;
	} else if (!strcmp(what, "thread")) {
		error = rig_start_thread(cpu) ?: rig_wait_for_spinner(before);
	} else if (!strcmp(what, "softirq")) {
		rig_timer.expires = jiffies + 5;
		add_timer_on(&rig_timer, cpu);
		error = rig_wait_for_spinner(before);
	} else if (!strcmp(what, "hardirq")) {
		error = smp_call_function_single(cpu, rig_arm_hrtimer, NULL, 1) ?: rig_wait_for_spinner(before);
	} else if (!strcmp(what, "panic-softirq")) {
		rig_panic_timer.expires = jiffies + 5;
		add_timer_on(&rig_panic_timer, cpu);
	} else {
		error = -EINVAL;
	}
	return error;
}

static ssize_t rig_do_write(struct file *file, const char __user *buffer, size_t size, loff_t *position)
{
	char text[40] = "", what[20] = "";
	int cpu = -1, error;

	if (size >= sizeof(text) || copy_from_user(text, buffer, size))
		return -EINVAL;
	if (sscanf(text, "%19s %d", what, &cpu) < 1)
		return -EINVAL;
	error = rig_do(what, cpu);
	return error ? error : size;
}

static const struct file_operations rig_do_operations = { .owner = THIS_MODULE, .write = rig_do_write };

/* ---- Containers: the same items in one container of each kind. ---- */

#define RIG_ITEMS 12

struct rig_item {
	unsigned long magic;
	unsigned long key;
	char name[16];
	struct list_head in_list;
	struct rb_node in_tree;
	struct hlist_node in_hash;
};

static struct kmem_cache *rig_cache;
static LIST_HEAD(rig_list);
static struct rb_root rig_tree = RB_ROOT;
static DEFINE_HASHTABLE(rig_hash, 3);
static DEFINE_XARRAY(rig_xarray);
static DEFINE_IDR(rig_idr);
static DEFINE_MTREE(rig_maple);
static DEFINE_PER_CPU(unsigned long, rig_percpu);
static unsigned long __percpu *rig_percpu_allocated;

/* A cache with a constructor is never merged with another of the same size, so it keeps its own name. */
static void rig_construct(void *item)
{
	memset(item, 0, sizeof(struct rig_item));
}

static bool rig_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_entry(a, struct rig_item, in_tree)->key < rb_entry(b, struct rig_item, in_tree)->key;
}

static int rig_fill(void)
{
	int i, cpu, error;

	rig_cache = kmem_cache_create("vmcore_rig_item", sizeof(struct rig_item), 0, 0, rig_construct);
	rig_percpu_allocated = alloc_percpu(unsigned long);
	if (!rig_cache || !rig_percpu_allocated)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		per_cpu(rig_percpu, cpu) = cpu * 1000 + 7;
		*per_cpu_ptr(rig_percpu_allocated, cpu) = cpu * 1000 + 8;
	}
	for (i = 0; i < RIG_ITEMS; i++) {
		struct rig_item *item = kmem_cache_alloc(rig_cache, GFP_KERNEL);

		if (!item)
			return -ENOMEM;
		item->magic = RIG_MAGIC;
		item->key = i * 7 % RIG_ITEMS * 100;	/* each multiple of 100 once, not in order */
		snprintf(item->name, sizeof(item->name), "item-%lu", item->key);
		list_add_tail(&item->in_list, &rig_list);
		rb_add(&item->in_tree, &rig_tree, rig_less);
		hash_add(rig_hash, &item->in_hash, item->key);
		error = xa_err(xa_store(&rig_xarray, item->key * item->key * item->key, item, GFP_KERNEL));
		if (!error)
			error = mtree_store_range(&rig_maple, item->key << 12, (item->key << 12) + 4095, item, GFP_KERNEL);
		if (error)
			return error;
		error = idr_alloc(&rig_idr, item, item->key, 0, GFP_KERNEL);
		if (error < 0)
			return error;
	}
	xa_store(&rig_xarray, 12345, xa_mk_value(54321), GFP_KERNEL);
	return 0;
}

static int rig_containers_show(struct seq_file *out, void *unused)
{
	struct rig_item *item;
	struct rb_node *node;
	unsigned long index, from = 0;
	int id, bucket, cpu;
	void *entry;

	seq_printf(out, "cache %px\n", rig_cache);
	seq_printf(out, "list %px\n", &rig_list);
	list_for_each_entry(item, &rig_list, in_list)
		seq_printf(out, "list-item %px %lu %s\n", item, item->key, item->name);
	seq_printf(out, "rbtree %px\n", &rig_tree);
	for (node = rb_first(&rig_tree); node; node = rb_next(node))
		seq_printf(out, "rbtree-item %px %lu\n", rb_entry(node, struct rig_item, in_tree),
			   rb_entry(node, struct rig_item, in_tree)->key);
	seq_printf(out, "hash %px\n", &rig_hash);
	hash_for_each(rig_hash, bucket, item, in_hash)
		seq_printf(out, "hash-item %px %lu bucket %d\n", item, item->key, bucket);
	seq_printf(out, "xarray %px\n", &rig_xarray);
	xa_for_each(&rig_xarray, index, entry)
		seq_printf(out, "xarray-item %px index %lu\n", entry, index);
	seq_printf(out, "idr %px\n", &rig_idr);
	idr_for_each_entry(&rig_idr, item, id)
		seq_printf(out, "idr-item %px id %d\n", item, id);
	seq_printf(out, "maple %px\n", &rig_maple);
	mt_for_each(&rig_maple, item, from, ULONG_MAX)
		seq_printf(out, "maple-item %px from %lu to %lu\n", item, item->key << 12, (item->key << 12) + 4095);
	seq_printf(out, "percpu %px allocated %px\n", &rig_percpu, (void __force *)rig_percpu_allocated);
	for_each_possible_cpu(cpu)
		seq_printf(out, "percpu-item %d %px %lu allocated %px %lu\n", cpu, per_cpu_ptr(&rig_percpu, cpu),
			   per_cpu(rig_percpu, cpu), per_cpu_ptr(rig_percpu_allocated, cpu),
			   *per_cpu_ptr(rig_percpu_allocated, cpu));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rig_containers);

static int __init rig_init(void)
{
	struct dentry *directory = debugfs_create_dir("vmcore_rig", NULL);
	int error = rig_fill();

	if (error)
		return error;
	timer_setup(&rig_timer, rig_timer_function, TIMER_PINNED);
	timer_setup(&rig_panic_timer, rig_panic_function, TIMER_PINNED);
	debugfs_create_file("do", 0200, directory, NULL, &rig_do_operations);
	debugfs_create_file("containers", 0400, directory, NULL, &rig_containers_fops);
	return 0;
}
module_init(rig_init);
/* No exit function: tasks sleep and spin in here, so the kernel shall not unload it. */
