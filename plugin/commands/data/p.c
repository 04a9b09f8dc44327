// SPDX-License-Identifier: GPL-3.0-or-later
/* The command p: gdb's print, which knows per-CPU variables. The CPUs are said as in crash: p runqueues:1,3. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "commands/data/cpus.h"
#include "kernel/tasks/cpu.h"

static const struct option options[] = {
	{ 'x', NULL, "numbers in hexadecimal" },
	{ 'd', NULL, "numbers in decimal" },
	{ 0 }
};

enum { CPU, EXPRESSION, VALUE };

static const struct column columns[] = {
	[CPU] = { "cpu", "[%]", 0, 0 },
	[EXPRESSION] = { "expression", "% =", 0, 0 },
	[VALUE] = { "value", "%", 0, COLUMN_RAW },
};
static const struct shape shape = { "values", SHAPE_PLAIN, columns, ARRAY_SIZE(columns) };

struct p {
	struct kernel *kernel;
	const struct arguments *arguments;
	const struct host *host;
	struct output *output;
	size_t shown, failed;
	struct error first;	/* why the first of them failed */
};

/* A value of EXPRESSION, called NAME; CPU < 0: of none. False: enough. */
static bool add(struct p *p, const char *expression, const char *name, int cpu)
{
	const char *format = has_option(p->arguments, 'x') ? "x" : has_option(p->arguments, 'd') ? "d" : "";
	struct error why = { .kind = ERROR_NONE };
	struct buffer text = { 0 };
	bool more;

	if (!p->host->print(p->host->context, expression, format, &text, &why) || text.failed) {
		buffer_free(&text);
		if (!p->failed++)
			p->first = why;
		return why.kind != ERROR_INTERRUPTED;
	}
	p->shown++;
	more = output_row(p->output) && (cpu < 0 || output_uint(p->output, CPU, cpu)) && output_string(p->output, EXPRESSION, name) &&
	       output_bytes(p->output, VALUE, text.data ? text.data : "", text.size);
	buffer_free(&text);
	return more;
}

/* EXPRESSION begins with the name of a per-CPU variable of SIZE letters; the rest is what is wanted of it. */
static bool add_cpus(struct p *p, const char *expression, size_t size, const bool *cpus, struct error *error)
{
	bool more = true;

	for (unsigned cpu = 0; more && cpu < p->kernel->nr_cpu_ids; cpu++) {
		struct buffer of_cpu = { 0 };

		if (!cpus[cpu])
			continue;
		if (!kernel_check_interrupt(p->kernel, error))
			return false;
		buffer_printf(&of_cpu, "$per_cpu(\"%.*s\", %u)%s", (int)size, expression, cpu, expression + size);
		more = !of_cpu.failed && add(p, of_cpu.data, expression, cpu);
		buffer_free(&of_cpu);
	}
	return true;
}

static size_t name_size(const char *expression)
{
	size_t size = 0;

	while (isalnum((unsigned char)expression[size]) || expression[size] == '_')
		size++;
	return size;
}

/* The words are one expression: print takes spaces, too. *CPUS_RET points behind its last colon, NULL if that is not where CPUs are. */
static bool join(const struct arguments *arguments, struct buffer *expression, const char **cpus_ret, struct error *error)
{
	if (!join_words(arguments, expression, error))
		return false;
	if (!expression->size)
		return error_set(error, ERROR_USAGE, "p: of what? p EXPRESSION, or p VARIABLE:CPUS");
	*cpus_ret = cut_cpus(expression->data);
	return true;
}

static bool print_all(struct p *p, const char *expression, const char *list, struct error *error)
{
	size_t size = name_size(expression);
	bool *cpus, done;

	if (!list) {
		add(p, expression, expression, -1);
		return true;
	}
	if (!size)
		return error_set(error, ERROR_USAGE, "p: what has a value for each CPU begins with a variable's name, not with \"%.60s\"",
				 expression);
	/* "p x:" is the CPU of the selected thread. */
	cpus = parse_cpus(p->kernel, p->host, "p", expression, list, error);
	done = cpus && add_cpus(p, expression, size, cpus, error);
	free(cpus);
	return done;
}

static bool p_run(struct kernel *kernel, const struct arguments *arguments, struct output *output, const struct host *host,
		  struct error *error)
{
	struct p p = { .kernel = kernel, .arguments = arguments, .host = host, .output = output };
	struct buffer expression = { 0 };
	const struct symbol *symbol;
	const char *list;
	char name[128];
	bool done;

	if (!host || !host->print)
		return error_set(error, ERROR_USAGE, "p: nothing can be evaluated here");
	done = join(arguments, &expression, &list, error);
	if (!done || !output_begin(output, &shape)) {
		buffer_free(&expression);
		return done;
	}
	done = print_all(&p, expression.data, list, error);
	output_end(output);
	snprintf(name, sizeof(name), "%.*s", (int)name_size(expression.data), expression.data);
	symbol = list ? NULL : symtab_find(kernel->symbols, name);
	if (done && symbol && symbol->percpu)
		output_note(output, "%s is a per-CPU variable: `p %s:a' is all of them, `p %s:1' that of CPU 1", name, name, name);
	buffer_free(&expression);
	if (!done || !p.failed)
		return done;
	if (p.shown)
		return error_set(error, ERROR_PARTIAL, "p: of %zu CPUs it is not known; the first: %s", p.failed, p.first.text);
	*error = p.first;
	return false;
}

static const char help[] =
	"Shows the value of an expression as gdb's print does. With :CPUS behind it, it\n"
	"begins with a per-CPU variable, of the kernel or of a module whose file gdb has,\n"
	"and there is a value for each of these CPUs: 0,2-4, a for all, nothing for that\n"
	"of the selected thread. (-> wants no quotes, nor do spaces.)\n"
	"\n"
	"JSON: \"values\" with \"cpu\" (null without :CPUS), \"expression\" and \"value\", which\n"
	"is gdb's own text.\n"
	"\n"
	"Examples:\n"
	"(gdb) kernel p runqueues.nr_running:a\n"
	"[0] runqueues.nr_running = 1\n"
	"[1] runqueues.nr_running = 2\n"
	"[2] runqueues.nr_running = 1\n"
	"[3] runqueues.nr_running = 1\n"
	"(gdb) kernel p -x init_task.flags\n"
	"init_task.flags = 0x200000\n";

static const struct mi_name mi_names[] = { { "print", NULL }, { 0 } };

const struct command command_p = {
	.name = "p",
	.mi = mi_names,
	.summary = "Show a value, of a per-CPU variable that of each CPU.",
	.usage = "p [-x|-d] EXPRESSION[:CPUS]",
	.help = help,
	.options = options,
	.words = COMPLETE_SYMBOL,
	.run = p_run,
};
