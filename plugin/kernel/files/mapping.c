// SPDX-License-Identifier: GPL-3.0-or-later
#include "kernel/files/mapping.h"

#include <inttypes.h>
#include <string.h>

#include "kernel/containers.h"
#include "kernel/files/path.h"
#include "kernel/memory/page.h"

/* PAGE_MAPPING_ANON and _MOVABLE: the pointer's low bits say that it is no address_space (include/linux/page-flags.h). */
#define MAPPING_OTHER 3

/* i_pages since 4.17 (b93b016313b3), page_tree before. */
static const char *const trees[] = { "i_pages", "page_tree" };

bool mapping_read(struct kernel *kernel, uint64_t mapping, struct mapping *mapping_ret, struct error *error)
{
	struct member tree;

	mapping_ret->address = mapping;
	if (!types_member(kernel->types, "address_space", trees[0], &tree, error) &&
	    !types_member(kernel->types, "address_space", trees[1], &tree, NULL))
		return false;
	mapping_ret->tree = mapping + tree.offset;
	return kernel_read_member(kernel, mapping, "address_space", "host", &mapping_ret->inode, error) &&
	       kernel_read_member(kernel, mapping, "address_space", "nrpages", &mapping_ret->nr_pages, error);
}

bool mapping_of_inode(struct kernel *kernel, uint64_t inode, uint64_t *address_ret, struct error *error)
{
	return kernel_read_member(kernel, inode, "inode", "i_mapping", address_ret, error);
}

/* Is MAPPING that of an inode that says so itself? (A block device's node has the device's.) */
static bool is_mapping(struct kernel *kernel, uint64_t mapping)
{
	uint64_t host, back;

	return mapping && kernel_read_member(kernel, mapping, "address_space", "host", &host, NULL) && host &&
	       mapping_of_inode(kernel, host, &back, NULL) && back == mapping;
}

static bool mapping_of_struct_page(struct kernel *kernel, uint64_t address, uint64_t *address_ret)
{
	struct page_info page, head;
	uint64_t pfn;

	if (!page_to_pfn(kernel, address, &pfn, NULL) || !page_read(kernel, address, &page, NULL))
		return false;
	if (page.head != page.address && page_read(kernel, page.head, &head, NULL))
		page = head;
	return mapping_of_page(kernel, &page, address_ret);
}

bool mapping_at(struct kernel *kernel, uint64_t address, struct mapping *mapping_ret, struct error *error)
{
	uint64_t mapping, inode;

	if (mapping_of_struct_page(kernel, address, &mapping))
		return mapping_read(kernel, mapping, mapping_ret, error);
	if (is_mapping(kernel, address))
		return mapping_read(kernel, address, mapping_ret, error);
	if (!mapping_of_inode(kernel, address, &mapping, error))
		return false; /* memory that is not there has nothing to say */
	if (is_mapping(kernel, mapping))
		return mapping_read(kernel, mapping, mapping_ret, error);
	if (kernel_read_member(kernel, address, "file", "f_inode", &inode, NULL) && inode &&
	    kernel_read_member(kernel, address, "file", "f_mapping", &mapping, NULL) && is_mapping(kernel, mapping))
		return mapping_read(kernel, mapping, mapping_ret, error);
	return error_set(error, ERROR_USAGE, "0x%" PRIx64 " is no inode, address_space, struct file or page of a file", address);
}

bool mapping_of_page(struct kernel *kernel, const struct page_info *page, uint64_t *address_ret)
{
	if (!page_knows(page, PAGE_MAPPING) || !page->mapping || (page->mapping & MAPPING_OTHER) || page_is_slab(kernel, page) ||
	    page_type_name(kernel, page))
		return false;
	*address_ret = page->mapping;
	return true;
}

struct walk {
	bool (*callback)(void *context, uint64_t index, uint64_t page, bool value, struct error *error);
	void *context;
};

static bool entry(void *context, uint64_t index, uint64_t entry, struct error *error)
{
	const struct walk *walk = context;

	/* xa_is_value(); radix trees before 4.20 marked these with the bit above it (RADIX_TREE_EXCEPTIONAL_ENTRY). */
	return walk->callback(walk->context, index, entry, entry & 3, error);
}

bool mapping_for_each(struct kernel *kernel, const struct mapping *mapping,
			 bool (*callback)(void *context, uint64_t index, uint64_t page, bool value, struct error *error), void *context,
			 struct error *error)
{
	struct walk walk = { callback, context };

	return xarray_for_each_entry(kernel, mapping->tree, entry, &walk, error);
}

struct everywhere {
	struct kernel *kernel;
	bool (*callback)(void *context, const struct mapping *mapping, struct error *error);
	void *context;
	struct member inodes, in_list, data;
	bool stopped;
	struct error stop;	/* why, where that is a failure */
	struct error damage;	/* the first list that broke off */
};

static bool each_inode(void *context, uint64_t inode, struct error *error)
{
	struct everywhere *all = context;
	struct mapping mapping;

	if (!kernel_check_interrupt(all->kernel, error))
		return false;
	/* Its own: what a block device's node shows is the device's, which is listed with that. */
	if (!mapping_read(all->kernel, inode + all->data.offset, &mapping, &all->stop)) {
		if (all->damage.kind == ERROR_NONE)
			all->damage = all->stop;
		all->stop = (struct error){ 0 };
		return true;
	}
	if (!mapping.nr_pages || all->callback(all->context, &mapping, &all->stop))
		return true;
	all->stopped = true;
	return false;
}

static bool each_super_block(void *context, uint64_t superblock, struct error *error)
{
	struct everywhere *all = context;
	struct error why = { 0 };

	(void)error;
	if (list_for_each(all->kernel, superblock + all->inodes.offset, all->in_list.offset, each_inode, all, &why))
		return !all->stopped;
	if (why.kind == ERROR_INTERRUPTED) {
		all->stop = why;
		all->stopped = true;
	} else if (all->damage.kind == ERROR_NONE) {
		all->damage = why;
	}
	return !all->stopped;
}

bool mappings_for_each(struct kernel *kernel, bool (*callback)(void *context, const struct mapping *mapping, struct error *error),
		       void *context, struct error *error)
{
	struct everywhere all = { .kernel = kernel, .callback = callback, .context = context };
	struct error why = { 0 };
	struct member in_list;
	uint64_t head;
	bool whole;

	if (!kernel_symbol(kernel, "super_blocks", &head, error) ||
	    !types_member(kernel->types, "super_block", "s_list", &in_list, error) ||
	    !types_member(kernel->types, "super_block", "s_inodes", &all.inodes, error) ||
	    !types_member(kernel->types, "inode", "i_sb_list", &all.in_list, error) ||
	    !types_member(kernel->types, "inode", "i_data", &all.data, error))
		return false;
	whole = list_for_each(kernel, head, in_list.offset, each_super_block, &all, &why);
	if (all.stopped)
		return error_set(error, all.stop.kind, "%s", all.stop.text);
	if (whole && all.damage.kind == ERROR_NONE)
		return true;
	*error = whole ? all.damage : why;
	return false;
}

bool inode_read(struct kernel *kernel, uint64_t inode, struct inode_facts *facts_ret, struct error *error)
{
	uint64_t mode, superblock, type, name;
	struct member source;

	*facts_ret = (struct inode_facts){ 0 };
	if (!kernel_read_member(kernel, inode, "inode", "i_ino", &facts_ret->number, error) ||
	    !kernel_read_member(kernel, inode, "inode", "i_mode", &mode, error) ||
	    !kernel_read_member(kernel, inode, "inode", "i_sb", &superblock, error) ||
	    !types_member(kernel->types, "super_block", "s_id", &source, error) ||
	    !kernel_read_member(kernel, superblock, "super_block", "s_type", &type, error) ||
	    !kernel_read_member(kernel, type, "file_system_type", "name", &name, error))
		return false;
	facts_ret->mode = (uint32_t)mode;
	return memory_read_string(kernel->memory, name, facts_ret->type, sizeof(facts_ret->type), error) &&
	       memory_read_string(kernel->memory, superblock + source.offset, facts_ret->source, sizeof(facts_ret->source), error);
}

struct alias {
	uint64_t dentry; /* the first; 0 = none */
};

static bool first_alias(void *context, uint64_t dentry, struct error *error)
{
	struct alias *alias = context;

	(void)error;
	alias->dentry = dentry;
	return false;
}

bool inode_path(struct kernel *kernel, uint64_t inode, struct buffer *text, struct error *error)
{
	struct member head, link;
	struct alias alias = { 0 };

	/* d_alias is in the union d_u since 3.18 (946e51f2bf37), beside it before. */
	if (!types_member(kernel->types, "inode", "i_dentry", &head, error) ||
	    (!types_member(kernel->types, "dentry", "d_alias", &link, NULL) &&
	     !types_member(kernel->types, "dentry", "d_u.d_alias", &link, error)) ||
	    !hlist_for_each(kernel, inode + head.offset, link.offset, first_alias, &alias, error))
		return false;
	return !alias.dentry || dentry_text(kernel, alias.dentry, text, error);
}
