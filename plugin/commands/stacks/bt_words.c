// SPDX-License-Identifier: GPL-3.0-or-later
/* The memory of a stack: bt -f (between frames), -r (all of it), -t (what looks like return
 * addresses). */
#include "commands/stacks/bt.h"

#include <string.h>

#include <inttypes.h>

#include "base/buffer.h"
#include "commands/tasks/task_cells.h"
#include "kernel/memory/page.h"
#include "kernel/slab/slab.h"
#include "kernel/tasks/cpu.h"

#define MAX_STACK_SIZE (1024 * 1024)	/* more is damage */
#define CHUNK 4096

/* Calls back for each word of [START, END); says so where memory is missing, and goes on behind it.
 */
static bool each_word(struct bt *bt, uint64_t start, uint64_t end,
		      bool (*callback)(struct bt *bt, uint64_t address, uint64_t value))
{
	size_t word = bt->kernel->arch->pointer_size;
	uint8_t chunk[CHUNK];

	start = (start + word - 1) / word * word;
	if (end > start && end - start > MAX_STACK_SIZE)
		end = start + MAX_STACK_SIZE;
	while (start + word <= end) {
		size_t size = CHUNK - start % CHUNK;
		struct error error = { 0 };

		if (size > end - start)
			size = (end - start) / word * word;
		if (!memory_read(bt->kernel->memory, start, chunk, size, &error)) {
			if (!output_note(bt->output, "%zu bytes of stack at %0*lx: %s", size, output_address_digits(bt->output),
					 start, error.text))
				return false;
			start += size;
			continue;
		}
		for (size_t at = 0; at + word <= size; at += word)
			if (!callback(bt, start + at,
				      memory_decode(bt->kernel->memory, chunk + at, word)))
				return false;
		start += size;
	}
	return true;
}

enum { WORD_ADDRESS, WORD_VALUE, WORD_SYMBOL, WORD_SLAB, WORD_CACHE, WORD_OBJECT };

/* -F: the slab that VALUE points into. Of a value that is in no slab there is nothing to say, of one of which nobody knows there is. */
static bool slab_cells(struct bt *bt, uint64_t value)
{
	struct kernel *kernel = bt->kernel;
	struct output *output = bt->output;
	struct page_info page;
	struct slab_cache cache;
	struct slab slab;
	struct error why = { .kind = ERROR_NONE };
	uint64_t physical, at, start;
	unsigned index;

	if (!page_in_direct_map(kernel, value, &physical))
		return true;	/* no slab's */
	if (!page_of_address(kernel, value, &at, &why) || !page_read(kernel, at, &page, &why) || (page.tail && !page_read(kernel, page.head, &page, &why)) ||
	    (page_is_slab(kernel, &page) && (!slab_read(kernel, page.address, &slab, &why) || !slab_cache_read(kernel, slab.cache, &cache, &why)))) {
		if (!bt->nr_slabs_unknown++)
			bt->slab_error = why;
		return true;
	}
	if (!page_is_slab(kernel, &page))
		return true;
	if (!slab_object(&cache, &slab, value, &index))
		return output_printf(output, WORD_SLAB, "%s", cache.name) && output_string(output, WORD_CACHE, cache.name);
	start = slab_object_address(&cache, &slab, index);
	return (has_option_twice(bt->arguments, 'F') ?
			output_printf(output, WORD_SLAB, "%0*" PRIx64 ":%s", output_address_digits(output), start, cache.name) :
			output_string(output, WORD_SLAB, cache.name)) &&
	       output_string(output, WORD_CACHE, cache.name) && output_address(output, WORD_OBJECT, start);
}

static bool word_row(struct bt *bt, uint64_t address, uint64_t value)
{
	char text[512];

	if (!output_row(bt->output))
		return false;
	output_address(bt->output, WORD_ADDRESS, address);
	output_address(bt->output, WORD_VALUE, value);
	if (bt->kernel->arch->is_kernel_address(bt->kernel->memory, value)) {
		const struct place *place = bt_place(bt, value, false);

		if (place->symbol)
			return output_string(bt->output, WORD_SYMBOL,
					     bt_place_text(place, value, text, sizeof(text)));
		if (has_option(bt->arguments, 'F'))
			return slab_cells(bt, value);
	}
	return true;
}

bool bt_words(struct bt *bt, uint64_t start, uint64_t end)
{
	static const struct column columns[] = {
		[WORD_ADDRESS] = { "address", "    %:", 0, COLUMN_ADDRESS },
		[WORD_VALUE] = { "value", "%", 0, COLUMN_ADDRESS },
		[WORD_SYMBOL] = { "symbol", " %", 0, COLUMN_FUNCTION },
		[WORD_SLAB] = { "slab", " [%]", 0, COLUMN_TEXT_ONLY },
		[WORD_CACHE] = { "cache", "", 0, COLUMN_JSON_ONLY },
		[WORD_OBJECT] = { "object", "", 0, COLUMN_JSON_ONLY | COLUMN_ADDRESS },
	};
	static const struct shape shape = { "words", SHAPE_PLAIN, columns, WORD_SLAB };
	static const struct shape with_slabs = { "words", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

	output_begin(bt->output, has_option(bt->arguments, 'F') ? &with_slabs : &shape);
	each_word(bt, start, end, word_row);
	return output_end(bt->output);
}

bool bt_raw(struct bt *bt, const struct task *task)
{
	if (!output_row(bt->output))
		return false;
	task_cells(bt->output, task);
	if (!task->stack || !task_knows(task, TASK_STACK))
		return output_note(bt->output, "it has no stack any more");
	return bt_words(bt, task->stack, task->stack + bt->stack_size);
}

/* Only what could have been pushed by a call: inside a function, not at its start. */
static bool text_word_row(struct bt *bt, uint64_t address, uint64_t value)
{
	const struct place *place;
	char text[512];

	if (!bt->kernel->arch->is_kernel_address(bt->kernel->memory, value))
		return true;
	place = bt_place(bt, value, true);
	if (!place->symbol || !place->symbol->function || value == place->symbol->address)
		return true;
	if (!output_row(bt->output))
		return false;
	output_address(bt->output, 0, address);
	output_string(bt->output, 1, bt_place_text(place, value, text, sizeof(text)));
	output_address(bt->output, 2, value);
	output_string(bt->output, 3, place->symbol->name);
	output_uint(bt->output, 4, value - place->symbol->address);
	if (place->module)
		output_string(bt->output, 5, place->module);
	return output_bool(bt->output, 6, false, NULL);
}

uint64_t bt_stack_top(const struct bt *bt, uint64_t sp)
{
	return ((sp - 1) | (bt->stack_size - 1)) + 1;
}

bool bt_cpu_stack(struct bt *bt, const struct cpu *cpu, uint64_t *start_ret, uint64_t *end_ret)
{
	const unsigned index = bt->kernel->arch->sp;

	task_cells_cpu(bt->output, cpu->number);
	if (!(cpu->registers.valid >> index & 1)) {
		output_note(bt->output, "neither its stack pointer nor its task is known");
		return false;
	}
	*start_ret = cpu->registers.value[index];
	*end_ret = bt_stack_top(bt, *start_ret);
	output_note(bt->output, "its task is not known: this is from its stack pointer on to %0*lx",
		    output_address_digits(bt->output), *end_ret);
	return true;
}

bool bt_cpu_raw(struct bt *bt, const struct cpu *cpu)
{
	uint64_t start, end;

	if (!output_row(bt->output))
		return false;
	return !bt_cpu_stack(bt, cpu, &start, &end) || bt_words(bt, start, end);
}

static bool text_words(struct bt *bt, uint64_t start, uint64_t end)
{
	static const struct column columns[] = {
		{ "address", "    [%]", 0, COLUMN_ADDRESS },
		{ "place", "%", 0, COLUMN_TEXT_ONLY | COLUMN_FUNCTION },
		{ "pc", "at %", 0, COLUMN_ADDRESS },
		{ "function", "", 0, COLUMN_JSON_ONLY },
		{ "offset", "", 0, COLUMN_JSON_ONLY },
		{ "module", "", 0, COLUMN_JSON_ONLY },
		{ "exact", "", 0, COLUMN_JSON_ONLY },
	};
	static const struct shape shape = { "text_words", SHAPE_PLAIN, columns,
					    ARRAY_SIZE(columns) };

	output_begin(bt->output, &shape);
	each_word(bt, start, end, text_word_row);
	return output_end(bt->output);
}

bool bt_cpu_text_words(struct bt *bt, const struct cpu *cpu)
{
	uint64_t start, end;

	if (!output_row(bt->output))
		return false;
	return !bt_cpu_stack(bt, cpu, &start, &end) || text_words(bt, start, end);
}

bool bt_text_words(struct bt *bt, const struct task *task)
{
	struct registers registers = { 0 };
	struct error why = { 0 };
	uint64_t start = task->stack, sp;

	if (!output_row(bt->output))
		return false;
	task_cells(bt->output, task);
	if (!task->stack || !task_knows(task, TASK_STACK))
		return output_note(bt->output, "it has no stack any more");
	if (!has_option(bt->arguments, 'T') && !task_registers(bt->kernel, task, &registers, NULL, &why)) {
		output_note(bt->output, "its stack pointer is not known, so all of its stack is shown: %s", why.text);
	} else if (!has_option(bt->arguments, 'T') && registers.valid >> bt->kernel->arch->sp & 1) {
		sp = registers.value[bt->kernel->arch->sp];
		if (sp >= task->stack && sp < task->stack + bt->stack_size)
			start = sp;
		else
			output_note(bt->output,
				    "its stack pointer, %0*lx, is not on its own stack: all of "
				    "that is shown",
				    output_address_digits(bt->output), sp);
	}
	return text_words(bt, start, task->stack + bt->stack_size);
}
