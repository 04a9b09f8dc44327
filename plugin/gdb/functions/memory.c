// SPDX-License-Identifier: GPL-3.0-or-later
/* $page(X), $virt_to_page(ADDR), $virt_to_phys(ADDR), $phys_to_virt(PHYS), $slab_cache("name"), $slab_object(ADDR), $vma(TASK, ADDR). */
#include "gdb/functions/functions.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/memory/page.h"
#include "kernel/memory/vma.h"
#include "kernel/slab/slab.h"
#include "kernel/tasks/task.h"

/* What FIND finds of the one argument, with the dump held. */
typedef bool find_function(struct kernel *kernel, uint64_t number, uint64_t *found_ret, struct error *error);
static bool find_one(struct session *session, PyObject *args, find_function *find, uint64_t *found_ret, struct error *error)
{
	uint64_t number;
	bool found;

	if (!function_numbers(args, 1, &number))
		return false;
	session_hold(session);
	found = find(session->kernel, number, found_ret, error);
	session_release(session);
	return found;
}

/* The same as a pointer to TYPE. */
static PyObject *find_pointer(struct session *session, PyObject *args, find_function *find, const char *type, struct error *error)
{
	uint64_t address;

	return find_one(session, args, find, &address, error) ? gdb_pointer(session->plugin, address, type) : NULL;
}

static bool find_page(struct kernel *kernel, uint64_t number, uint64_t *page_ret, struct error *error)
{
	return number < kernel->dump->max_pfn ? page_of_pfn(kernel, number, page_ret, error) : page_of_address(kernel, number, page_ret, error);
}

static bool find_physical(struct kernel *kernel, uint64_t address, uint64_t *physical_ret, struct error *error)
{
	struct translation translation;

	if (!memory_translate(kernel->memory, 0, address, &translation, error))
		return false;
	*physical_ret = translation.physical;
	return true;
}

static PyObject *call_page(struct session *session, PyObject *args, struct error *error)
{
	return find_pointer(session, args, find_page, "struct page", error);
}

static PyObject *call_virt_to_page(struct session *session, PyObject *args, struct error *error)
{
	return find_pointer(session, args, page_of_address, "struct page", error);
}

static PyObject *call_virt_to_phys(struct session *session, PyObject *args, struct error *error)
{
	uint64_t physical;

	return find_one(session, args, find_physical, &physical, error) ? PyLong_FromUnsignedLongLong(physical) : NULL;
}

static PyObject *call_phys_to_virt(struct session *session, PyObject *args, struct error *error)
{
	return find_pointer(session, args, page_direct_address, "void", error);
}

/* --- slabs --- */

struct wanted_cache {
	const char *name;
	uint64_t address;	/* 0 = not found */
};

static bool is_cache(void *context, const struct slab_cache *cache, struct error *error)
{
	struct wanted_cache *wanted = context;

	(void)error;
	if (strcmp(cache->name, wanted->name) == 0)
		wanted->address = cache->address;
	return !wanted->address;
}

/* The list may break off before it: then that is why it is not found. */
static bool find_cache(struct session *session, struct wanted_cache *wanted, struct error *error)
{
	bool whole;

	session_hold(session);
	whole = slab_caches_for_each(session->kernel, is_cache, wanted, error);
	session_release(session);
	if (wanted->address)
		return true;
	if (!whole && error->kind != ERROR_NONE)
		return error_prefix(error, "$slab_cache: no cache %.64s was found before the list breaks off", wanted->name);
	return error_set(error, ERROR_USAGE, "$slab_cache: there is no cache %.64s; `kernel kmem -s' lists them", wanted->name);
}

static PyObject *call_slab_cache(struct session *session, PyObject *args, struct error *error)
{
	PyObject *argument, *name, *bytes;
	struct wanted_cache wanted = { 0 };
	bool found;

	if (!PyArg_ParseTuple(args, "O", &argument))
		return NULL;
	name = PyObject_CallMethod(argument, "string", NULL);
	bytes = name ? PyUnicode_AsUTF8String(name) : NULL;
	Py_XDECREF(name);
	if (!bytes)
		return NULL;
	wanted.name = PyBytes_AsString(bytes);
	found = find_cache(session, &wanted, error);
	Py_DECREF(bytes);
	return found ? gdb_pointer(session->plugin, wanted.address, "struct kmem_cache") : NULL;
}

/* The start of the object that ADDRESS lies in. */
static bool find_object(struct kernel *kernel, uint64_t address, uint64_t *object_ret, struct error *error)
{
	struct page_info page, head;
	struct slab_cache cache;
	struct slab slab;
	unsigned index;
	uint64_t at;

	if (!page_of_address(kernel, address, &at, error) || !page_read(kernel, at, &page, error) || !page_read(kernel, page.head, &head, error))
		return false;
	if (!page_is_slab(kernel, &head))
		return error_set(error, ERROR_USAGE, "$slab_object: 0x%" PRIx64 " is not in a slab; `kernel kmem 0x%" PRIx64 "' says what it is in",
				 address, address);
	if (!slab_read(kernel, head.address, &slab, error) || !slab_cache_read(kernel, slab.cache, &cache, error))
		return false;
	if (!slab_object(&cache, &slab, address, &index))
		return error_set(error, ERROR_USAGE, "$slab_object: 0x%" PRIx64 " is behind the last object of its slab", address);
	*object_ret = slab_object_address(&cache, &slab, index);
	return true;
}

static PyObject *call_slab_object(struct session *session, PyObject *args, struct error *error)
{
	return find_pointer(session, args, find_object, "void", error);
}

/* --- a process --- */

struct wanted_vma {
	uint64_t address, vma;	/* 0 = not found */
};

static bool is_vma(void *context, const struct vma *vma, struct error *error)
{
	struct wanted_vma *wanted = context;

	(void)error;
	if (wanted->address >= vma->start && wanted->address < vma->end)
		wanted->vma = vma->address;
	return !wanted->vma;
}

static bool find_vma(struct kernel *kernel, const struct task *task, uint64_t address, uint64_t *vma_ret, struct error *error)
{
	struct wanted_vma wanted = { .address = address };

	if (!task_knows(task, TASK_MM))
		return error_set(error, ERROR_NOT_MAPPED, "$vma: the mm of PID %u cannot be read", task->pid);
	if (!task->mm)
		return error_set(error, ERROR_USAGE, "$vma: PID %u has no address space of its own", task->pid);
	if (!vmas_for_each(kernel, task->mm, is_vma, &wanted, error) && !wanted.vma && error->kind != ERROR_NONE)
		return error_prefix(error, "$vma: none of PID %u was found at 0x%" PRIx64 ", but not all could be read", task->pid, address);
	*vma_ret = wanted.vma;
	return wanted.vma || error_set(error, ERROR_USAGE, "$vma: PID %u has nothing at 0x%" PRIx64 "; `kernel vm %u' lists what it has", task->pid,
				       address, task->pid);
}

static PyObject *call_vma(struct session *session, PyObject *args, struct error *error)
{
	return function_of_task(session, args, "$vma", find_vma, "struct vm_area_struct", error);
}

const struct function functions_memory[] = {
	{ "page",
	  "$page(X): the struct page * of a frame or an address.\n"
	  "Of the page frame with number X, or of the memory that the kernel has at address\n"
	  "X, in the direct map or elsewhere. Numbers up to that of the last frame are\n"
	  "frames; $virt_to_page(ADDRESS) takes addresses only.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $page(&jiffies)->_refcount.counter\n"
	  "$1 = 1",
	  call_page },
	{ "virt_to_page",
	  "$virt_to_page(ADDRESS): its struct page *.\n"
	  "ADDRESS is the kernel's, in the direct map or elsewhere.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $virt_to_page(&jiffies) == $page(&jiffies)\n"
	  "$1 = 1",
	  call_virt_to_page },
	{ "virt_to_phys",
	  "$virt_to_phys(ADDRESS): its physical address, by the page tables.\n"
	  "ADDRESS is the kernel's.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print/x $virt_to_phys($phys_to_virt(0x1000))\n"
	  "$1 = 0x1000",
	  call_virt_to_phys },
	{ "phys_to_virt",
	  "$phys_to_virt(PHYSICAL): its address in the kernel's direct map.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print/x $virt_to_phys($phys_to_virt(0x1000))\n"
	  "$1 = 0x1000",
	  call_phys_to_virt },
	{ "slab_cache",
	  "$slab_cache(\"NAME\"): the struct kmem_cache * with that name.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $slab_cache(\"dentry\")->object_size\n"
	  "$1 = 192",
	  call_slab_cache },
	{ "slab_object",
	  "$slab_object(ADDRESS): where the slab object begins that it is in.\n"
	  "A void *; `kernel kmem ADDRESS' says all else of it.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $slab_object(&$task(1)->comm) == $task(1)\n"
	  "$1 = 1",
	  call_slab_object },
	{ "vma",
	  "$vma(TASK, ADDRESS): the struct vm_area_struct * it lies in.\n"
	  "TASK: a pid, a task_struct *, a name.\n"
	  "\n"
	  "Example:\n"
	  "(gdb) print $vma(1, $task(1)->mm->start_stack)->vm_end\n"
	  "$1 = 140729953898496",
	  call_vma },
	{ 0 },
};
