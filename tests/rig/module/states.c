// SPDX-License-Identifier: GPL-2.0
/*
 * tests/rig/module/states.c: puts the guest's kernel into states that user space alone cannot bring about, so
 * that dumps show them: a CPU caught in a kernel thread, in a softirq, in a hard interrupt; a task in
 * uninterruptible sleep, or waiting for a mutex; an oops in a call chain of known functions; a work item that
 * runs and one that waits, a timer that waits. The containers are in containers.c.
 *
 * Everything is asked for through /sys/kernel/debug/vmcore_rig:
 *
 *   do            write "thread CPU", "softirq CPU", "hardirq CPU" or "panic-softirq CPU";
 *                 or "sleep", "mutex", "read", "write", "semaphore", "one-two", "two-one", "complete", "oops" or "bug"
 *
 *   containers    read: every container, item by item, and the work items and timers, with addresses
 *
 * Before a CPU spins or crashes it prints "vmcore_rig: stack of cpu N: WHAT" and its own stack into the log:
 * the kernel's own word on the stack that a debugger should find in the dump.
 */
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/semaphore.h>
#include <linux/seq_file.h>
#include <linux/smp.h>
#include <linux/timer.h>
#include <linux/uaccess.h>
#include <linux/version.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "rig.h"

MODULE_DESCRIPTION("States and data of known content, for tests of crash-dump tools");
MODULE_LICENSE("GPL");

/* ---- Spinning: every spinner ends in rig_spin(), each coming from its own kind of context. ---- */

/* A function that keeps its frame and all its arguments: neither inlined nor cloned. */
#define RIG_FRAME __attribute__((noipa))

/* The local variable that a debugger should be able to print. */
struct rig_mark {
	unsigned long magic;
	int cpu;
	char what[20];
	unsigned long numbers[3];
	unsigned long turns;
};

static bool rig_stop;	 /* never set: it keeps the compiler from seeing that the loops are endless */
static int rig_spinning; /* how many CPUs have got there */

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

static struct rig_mark rig_thread_argument = { .magic = RIG_MAGIC,
					       .what = "argument",
					       .numbers = { 0xa1, 0xa2, 0xa3 } };
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

	for (turn = 0; turn < 12000; turn++) {
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
	volatile struct rig_mark mark = { .magic = RIG_MAGIC,
					  .cpu = raw_smp_processor_id(),
					  .numbers = { number, 2, 3 } };

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

static DEFINE_MUTEX(rig_mutex);

/* The first to come holds the mutex for ever, the others wait for it. */
static RIG_FRAME void rig_take_mutex(unsigned long number)
{
	mutex_lock(&rig_mutex);
	wait_event_interruptible(rig_wait_queue, READ_ONCE(rig_stop));
	mutex_unlock(&rig_mutex);
	pr_info("vmcore_rig: had the mutex %lu\n", number);
}

static DECLARE_RWSEM(rig_rwsem);
static struct semaphore rig_semaphore; /* of one */
static DEFINE_MUTEX(rig_one);
static DEFINE_MUTEX(rig_two);
static DECLARE_COMPLETION(rig_has_one);
static DECLARE_COMPLETION(rig_has_two);
static DECLARE_COMPLETION(rig_completion); /* never done */

/* A reader holds it for ever, a writer waits for it, and further readers for the writer. */
static RIG_FRAME void rig_read(unsigned long number)
{
	down_read(&rig_rwsem);
	wait_event_interruptible(rig_wait_queue, READ_ONCE(rig_stop));
	up_read(&rig_rwsem);
	pr_info("vmcore_rig: was a reader %lu\n", number);
}

static RIG_FRAME void rig_write(unsigned long number)
{
	down_write(&rig_rwsem);
	up_write(&rig_rwsem);
	pr_info("vmcore_rig: was a writer %lu\n", number);
}

/* The first to come has it for ever. */
static RIG_FRAME void rig_take_semaphore(unsigned long number)
{
	down(&rig_semaphore);
	wait_event_interruptible(rig_wait_queue, READ_ONCE(rig_stop));
	up(&rig_semaphore);
	pr_info("vmcore_rig: had the semaphore %lu\n", number);
}

/* Two that come from both ends: each takes its first mutex, waits until the other has its own, and then for ever. */
static RIG_FRAME void rig_deadlock(struct mutex *first, struct mutex *second, struct completion *has, struct completion *other)
{
	mutex_lock(first);
	complete(has);
	wait_for_completion(other);
	mutex_lock(second);
	mutex_unlock(second);
	mutex_unlock(first);
	pr_info("vmcore_rig: no deadlock\n");
}

static void rig_work_function(struct work_struct *work)
{
	wait_event_idle(rig_wait_queue, READ_ONCE(rig_stop));
}

static void rig_far_timer_function(struct timer_list *timer)
{
}

static struct workqueue_struct *rig_workqueue;
static DECLARE_WORK(rig_running_work, rig_work_function);
static DECLARE_WORK(rig_queued_work, rig_work_function); /* not before rig_running_work is done */
static DECLARE_DELAYED_WORK(rig_delayed_work, rig_work_function);
static struct timer_list rig_far_timer;

/* Work that runs, work that waits for it, work that is due in a day, a timer that is due in a day. */
static int rig_start_waiting(void)
{
	rig_workqueue = alloc_ordered_workqueue("vmcore_rig", 0);
	if (!rig_workqueue)
		return -ENOMEM;
	queue_work(rig_workqueue, &rig_running_work);
	queue_work(rig_workqueue, &rig_queued_work);
	queue_delayed_work(rig_workqueue, &rig_delayed_work, 86400 * HZ);
	timer_setup(&rig_far_timer, rig_far_timer_function, 0);
	mod_timer(&rig_far_timer, jiffies + 86400 * HZ);
	return 0;
}

void rig_show_waiting(struct seq_file *out)
{
	seq_printf(out, "workqueue %px running %px queued %px delayed %px function %ps\n", rig_workqueue,
		   &rig_running_work, &rig_queued_work, &rig_delayed_work.work, rig_work_function);
	seq_printf(out, "timer %px expires %lu function %ps\n", &rig_far_timer, rig_far_timer.expires,
		   rig_far_timer_function);
	seq_printf(out, "mutex %px wait-queue %px\n", &rig_mutex, &rig_wait_queue);
	seq_printf(out, "rwsem %px semaphore %px one %px two %px completion %px\n", &rig_rwsem, &rig_semaphore, &rig_one, &rig_two,
		   &rig_completion);
}

static int rig_do(const char *what, int cpu)
{
	int before = READ_ONCE(rig_spinning), error = 0;

	if (!strcmp(what, "sleep")) {
		rig_sleep_uninterruptible(0x51ee9);
	} else if (!strcmp(what, "mutex")) {
		rig_take_mutex(0x307e8);
	} else if (!strcmp(what, "read")) {
		rig_read(0x2ead);
	} else if (!strcmp(what, "write")) {
		rig_write(0x3717e);
	} else if (!strcmp(what, "semaphore")) {
		rig_take_semaphore(0x5e3a);
	} else if (!strcmp(what, "one-two")) {
		rig_deadlock(&rig_one, &rig_two, &rig_has_one, &rig_has_two);
	} else if (!strcmp(what, "two-one")) {
		rig_deadlock(&rig_two, &rig_one, &rig_has_two, &rig_has_one);
	} else if (!strcmp(what, "complete")) {
		wait_for_completion(&rig_completion);
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
		error = smp_call_function_single(cpu, rig_arm_hrtimer, NULL, 1)
				?: rig_wait_for_spinner(before);
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

DEFINE_SHOW_ATTRIBUTE(rig_containers);

static int __init rig_init(void)
{
	struct dentry *directory = debugfs_create_dir("vmcore_rig", NULL);
	int error = rig_fill() ?: rig_start_waiting();

	sema_init(&rig_semaphore, 1);
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
