/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The kernel's page counters (mm/vmstat.c): one of a name, summed up over zones and nodes.
 *
 * vm_zone_stat[] and vm_node_stat[] hold the sums; each CPU keeps the latest changes of each zone
 * and node for itself (vm_stat_diff, vm_node_stat_diff: a signed byte each) until they are many or
 * a second has passed. Both are added here. The enumerations say which counter is where.
 */
#ifndef VMCORE_KERNEL_MEMORY_COUNTERS_H
#define VMCORE_KERNEL_MEMORY_COUNTERS_H

#include "kernel/kernel.h"

#define MEMORY_MAX_COUNTERS 192 /* of one kind; 7.2 has 78 of nodes */

struct memory_counters {
	struct kernel *kernel;
	struct counter_kind {
		size_t count; /* 0: not readable */
		int64_t values[MEMORY_MAX_COUNTERS];
	} zone, node;
	uint64_t low_watermark; /* pages, of all zones */
	bool low_known;
	/* what could not be read: the sums may be a bit off, or some missing */
	struct error damage;
};

void memory_counters_read(struct kernel *kernel, struct memory_counters *counters);
/* "NR_FREE_PAGES", of zones or of nodes; ERROR_NO_MEMBER where this kernel has none of that name.
 */
bool memory_counter(const struct memory_counters *counters, const char *name, uint64_t *value_ret,
		    struct error *error);
/*
 * All of them in the kernel's order, those of zones first, under their enumerators' names. (Those of NUMA events, which some kernels
 * count in zones, too, are not among them.) The callback returns false to stop.
 */
bool memory_counters_for_each(const struct memory_counters *counters,
			      bool (*callback)(void *context, const char *name, int64_t value), void *context, struct error *error);
/* Those of one kind, by the enumerators of TYPE. */
bool counter_kind_for_each(struct kernel *kernel, const char *type, const struct counter_kind *kind,
			   bool (*callback)(void *context, const char *name, int64_t value), void *context, struct error *error);
/*
 * The events (enum vm_event_item: PGPGIN, PGFAULT, ...), each the sum of what all CPUs have counted since boot. A CPU whose
 * counts cannot be read makes all of them unknown: no partial sums.
 */
bool memory_events_for_each(struct kernel *kernel, bool (*callback)(void *context, const char *name, uint64_t value),
			    void *context, struct error *error);
/* Where kswapd wakes up: of all zones together, in pages. */
bool memory_low_watermark(const struct memory_counters *counters, uint64_t *pages_ret,
			  struct error *error);

#endif
