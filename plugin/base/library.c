// SPDX-License-Identifier: GPL-3.0-or-later
#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

void *library_load(const char *soname, const struct library_function *functions, size_t nr)
{
	void *handle = dlopen(soname, RTLD_NOW | RTLD_LOCAL);

	for (size_t i = 0; handle && i < nr; i++) {
		void *address = dlsym(handle, functions[i].name);

		/* ISO C has no conversion between the two kinds of pointers. */
		memcpy(functions[i].pointer, &address, sizeof(address));
		if (!address) {
			dlclose(handle);
			handle = NULL;
		}
	}
	return handle;
}
