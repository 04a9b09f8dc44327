// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/devices/devices.h"

#include "kernel/containers.h"

#define MAX_LEVEL 32
#define MAX_RESOURCES 1000000

struct walk {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct device_resource *resource);
	void *context;
	struct error *damage;
	struct visited visited;
	bool enough;
};

static bool read_one(struct walk *walk, uint64_t at, struct device_resource *resource, struct error *error)
{
	struct kernel *kernel = walk->kernel;
	uint64_t name;

	resource->address = at;
	if (!kernel_read_member(kernel, at, "resource", "start", &resource->start, error) ||
	    !kernel_read_member(kernel, at, "resource", "end", &resource->end, error) || !kernel_read_member(kernel, at, "resource", "name", &name, error))
		return false;
	resource->name_unknown = name && !device_text(kernel, name, resource->name, sizeof(resource->name), NULL);
	return true;
}

/* The siblings from AT on, with all that is below them. False: Ctrl-C. */
static bool siblings(struct walk *walk, uint64_t at, unsigned level, struct error *error)
{
	struct error why = { .kind = ERROR_NONE };
	uint64_t child;

	while (at && !walk->enough) {
		struct device_resource resource = { .level = level };

		if (!kernel_check_interrupt(walk->kernel, error))
			return false;
		if (level > MAX_LEVEL || walk->visited.count > MAX_RESOURCES || visited_add(&walk->visited, at) != VISITED_NEW) {
			error_set(&why, ERROR_CORRUPT, "the tree of resources comes back to 0x%llx, or has no end", (unsigned long long)at);
			break;
		}
		if (!read_one(walk, at, &resource, &why))
			break;
		walk->enough = !walk->callback(walk->context, &resource);
		if (!kernel_read_member(walk->kernel, at, "resource", "child", &child, &why))
			device_damage(walk->damage, &why);
		else if (!walk->enough && !siblings(walk, child, level + 1, error))
			return false;
		if (!kernel_read_member(walk->kernel, at, "resource", "sibling", &at, &why))
			break;
	}
	if (why.kind != ERROR_NONE)
		device_damage(walk->damage, &why);
	return true;
}

bool device_resources(struct kernel *kernel, const char *root, bool (*callback)(void *context, const struct device_resource *resource),
		      void *context, struct error *damage, struct error *error)
{
	struct walk walk = { .kernel = kernel, .callback = callback, .context = context, .damage = damage };
	uint64_t at, child;
	bool done;

	if (!kernel_symbol(kernel, root, &at, error) || !kernel_read_member(kernel, at, "resource", "child", &child, error))
		return false;
	done = siblings(&walk, child, 0, error);
	visited_free(&walk.visited);
	return done;
}
