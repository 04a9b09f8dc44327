/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking for types, wherever they come from. */
#ifndef VMCORE_FUZZ_ASK_TYPES_H
#define VMCORE_FUZZ_ASK_TYPES_H

#include "fuzz.h"

#include "symbols/types.h"

static inline bool count_enumerator(void *context, const char *name, int64_t value)
{
	size_t *number = context;

	FUZZ_CHECK(name);
	(void)strlen(name);
	(void)value;
	return ++*number < 1000;
}

static inline void ask(struct types *types, const char *type, const char *path)
{
	struct member member;
	struct error error = { 0 };
	uint64_t size;
	int64_t value;
	size_t number = 0;

	if (!types_member(types, type, path, &member, &error))
		fuzz_failed(&error);
	else
		FUZZ_CHECK(member.type_name && strlen(member.type_name) < 100000);
	if (!types_size(types, type, &size, &error))
		fuzz_failed(&error);
	if (!types_enumerator(types, NULL, path, &value, &error))
		fuzz_failed(&error);
	if (!types_for_each_enumerator(types, type, count_enumerator, &number, &error))
		fuzz_failed(&error);
}

#endif
