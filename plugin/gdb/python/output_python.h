/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The renderer for machines: rows become Python lists and dicts, which json.dumps prints and MI
 * takes as they are.
 */
#ifndef VMCORE_GDB_OUTPUT_PYTHON_H
#define VMCORE_GDB_OUTPUT_PYTHON_H

#include "base/buffer.h"
#include "commands/output.h"
#include "gdb/plugin.h"

struct output *output_python_new(void);
/* From now on addresses are numbers, not "0x...". */
void output_python_set_numbers(struct output *output, bool numbers);
/* The whole as a dict {"tasks": [...], "notes": [...]}; borrowed. */
PyObject *output_python_result(struct output *output);
/* As JSON, with a newline at the end. */
bool output_python_json(struct output *output, struct buffer *text, struct error *error);
bool output_python_write_json(struct output *output, struct plugin *plugin, struct error *error);
void output_python_free(struct output *output);

#endif
