/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Page caches: what an inode has in memory of its file or block device (struct address_space), and whose a page is.
 *
 * An address_space without an inode is a part of the swap cache.
 */
#ifndef VMCORE_KERNEL_MAPPING_H
#define VMCORE_KERNEL_MAPPING_H

#include "kernel/kernel.h"

struct buffer;
struct page_info;

struct mapping {
	uint64_t address;	/* struct address_space */
	uint64_t inode;		/* its host; 0 = it has none */
	uint64_t tree;		/* the xarray (before 4.20 radix tree) with the pages */
	uint64_t nr_pages;	/* as the kernel counts them: each page of a large folio */
};

/* The address_space MAPPING. */
bool mapping_read(struct kernel *kernel, uint64_t mapping, struct mapping *mapping_ret, struct error *error);
/* The one that INODE's data is in: its own, or for a block device's node the device's. */
bool mapping_of_inode(struct kernel *kernel, uint64_t inode, uint64_t *address_ret, struct error *error);
/*
 * ADDRESS is that of an address_space, inode, struct file, or of a struct page that is in a cache: which one, by what these have to
 * say of each other. ERROR_USAGE: it is none of these.
 */
bool mapping_at(struct kernel *kernel, uint64_t address, struct mapping *mapping_ret, struct error *error);
/* The address_space that PAGE (a head, or no compound page) is in; false: it is in none, or that is not known. */
bool mapping_of_page(struct kernel *kernel, const struct page_info *page, uint64_t *address_ret);
/*
 * Each page by index (in pages of the file); a large folio once, by its head. VALUE: no page but what was left where one was (a shadow
 * of reclaim's, an entry of shmem's in swap): the entry itself. As xarray_for_each() where it is damaged.
 */
bool mapping_for_each(struct kernel *kernel, const struct mapping *mapping,
			 bool (*callback)(void *context, uint64_t index, uint64_t page, bool value, struct error *error), void *context,
			 struct error *error);

/*
 * Each mapping of an inode in memory that has pages: all super blocks' inodes. Where a list breaks off the others go on; then, at the
 * end, false with the first reason. As with xarray_for_each() a callback that returns false stops.
 */
bool mappings_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct mapping *mapping, struct error *error),
		       void *context, struct error *error);

/* Whose an inode is. */
struct inode_facts {
	uint64_t number;		/* i_ino */
	uint32_t mode;			/* i_mode */
	char type[64];			/* of its file system: "ext4", "bdev"; "" = not known */
	char source[64];		/* s_id: "vda1"; any bytes; "" = not known */
};
bool inode_read(struct kernel *kernel, uint64_t inode, struct inode_facts *facts_ret, struct error *error);
/*
 * Appends the first of INODE's names, inside its own file system. Nothing, with true, where it has none (a block device's, one whose
 * dentries are no longer in memory).
 */
bool inode_path(struct kernel *kernel, uint64_t inode, struct buffer *text, struct error *error);

#endif
