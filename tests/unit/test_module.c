// SPDX-License-Identifier: GPL-3.0-or-later
/* Modules of a hand-made kernel in the layouts of several years, their files on disk, and those of a real dump. */
#include "test_kernel_image.h"
#include "kernel/open/open.h"
#include "test_kernel_set.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "kernel/modules/module.h"

#define COMMON \
	MEMBER("module", "state", 0, 4), \
	MEMBER("module", "list", 8, 16), \
	MEMBER("module", "name", 24, 56, .kind = TYPE_ARRAY, .count = 56, .element_size = 1), \
	MEMBER("module", "taints", 80, 8), \
	MEMBER("module", "refcnt.counter", 88, 4, .is_signed = true), \
	MEMBER("module", "source_list", 96, 16), \
	MEMBER("module", "sect_attrs", 112, 8), \
	MEMBER("module", "notes_attrs", 120, 8), \
	MEMBER("module", "init", 128, 8), \
	MEMBER("module", "exit", 136, 8), \
	MEMBER("module", "version", 144, 8), \
	MEMBER("module_use", "source_list", 0, 16), \
	MEMBER("module_use", "source", 32, 8), \
	SIZE_OF("module", 512), \
	SIZE_OF("bin_attribute", 64), \
	MEMBER("bin_attribute", "attr.name", 0, 8), \
	MEMBER("bin_attribute", "size", 16, 8), \
	MEMBER("bin_attribute", "private", 24, 8)

/* 6.1: layouts, counted attributes */
static const struct image_member members_61[] = {
	COMMON,
	MEMBER("module", "core_layout.base", 200, 8),
	MEMBER("module", "core_layout.size", 208, 4),
	MEMBER("module", "core_layout.text_size", 212, 4),
	MEMBER("module", "init_layout.base", 232, 8),
	MEMBER("module", "init_layout.size", 240, 4),
	MEMBER("module", "init_layout.text_size", 244, 4),
	MEMBER("module_sect_attrs", "nsections", 40, 4),
	MEMBER("module_sect_attrs", "attrs", 48, 0, .type_name = "module_sect_attr"),
	SIZE_OF("module_sect_attr", 72),
	MEMBER("module_sect_attr", "battr.attr.name", 0, 8),
	MEMBER("module_sect_attr", "address", 64, 8),
	MEMBER("module_notes_attrs", "notes", 8, 4),
	MEMBER("module_notes_attrs", "attrs", 16, 0, .type_name = "bin_attribute"),
	{ 0 }
};
/* 3.10: everything in struct module itself, references counted by each CPU */
static const struct image_member members_310[] = {
	MEMBER("module", "state", 0, 4),
	MEMBER("module", "list", 8, 16),
	MEMBER("module", "name", 24, 56, .kind = TYPE_ARRAY, .count = 56, .element_size = 1),
	MEMBER("module", "module_init", 200, 8),
	MEMBER("module", "module_core", 208, 8),
	MEMBER("module", "init_size", 216, 4),
	MEMBER("module", "core_size", 220, 4),
	MEMBER("module", "init_text_size", 224, 4),
	MEMBER("module", "core_text_size", 228, 4),
	MEMBER("module", "refptr", 232, 8),
	MEMBER("module_ref", "incs", 0, 8),
	MEMBER("module_ref", "decs", 8, 8),
	SIZE_OF("module", 512),
	{ 0 }
};
/* 7.2: mem[], attributes that end with a NULL pointer in their group */
static const struct image_member members_72[] = {
	COMMON,
	MEMBER("module", "mem", 200, 7 * 24, .kind = TYPE_ARRAY, .count = 7, .element_size = 24),
	MEMBER("module_memory", "base", 0, 8),
	MEMBER("module_memory", "size", 12, 4),
	MEMBER("module_sect_attrs", "grp.bin_attrs", 32, 8),
	MEMBER("module_sect_attrs", "attrs", 40, 0, .type_name = "bin_attribute"),
	MEMBER("module_notes_attrs", "grp.bin_attrs", 32, 8),
	MEMBER("module_notes_attrs", "attrs", 40, 0, .type_name = "bin_attribute"),
	{ 0 }
};

/* 6.1, with the tree of addresses; a node has two, one for each half of the latch */
static const struct image_member members_tree[] = {
	COMMON,
	MEMBER("module", "core_layout.base", 200, 8),
	MEMBER("module", "core_layout.size", 208, 4),
	MEMBER("module", "core_layout.text_size", 212, 4),
	MEMBER("mod_tree_root", "root.tree", 8, 16, .kind = TYPE_ARRAY, .count = 2, .element_size = 8),
	MEMBER("mod_tree_node", "mod", 0, 8),
	MEMBER("mod_tree_node", "node.node", 8, 48, .kind = TYPE_ARRAY, .count = 2, .element_size = 24),
	MEMBER("rb_node", "rb_right", 8, 8),
	MEMBER("rb_node", "rb_left", 16, 8),
	{ 0 }
};

#define HEAD 0x100
#define TREE 0x200
#define NODE(number) (0x300u + 0x80u * (number))
#define AT(offset) (IMAGE_BASE + (offset))
#define TEXT_A 0xffffffffc0100000ull
#define TEXT_B 0xffffffffc0000000ull

/* Module N's struct module is at 0x1000 * (N + 1). They are linked in this order. */
static uint64_t module_offset(unsigned number)
{
	return 0x1000 * (number + 1);
}

static struct image *modules_image(const struct image_member *members, const char *const *names)
{
	struct image *image = image_new(members, NULL);
	uint64_t link = HEAD;

	image_symbol(image, "modules", HEAD, 16);
	image_symbol(image, "mod_tree", TREE, 24);
	image_ready(image);
	for (unsigned i = 0; names[i]; i++) {
		image_put_number(image, link, AT(module_offset(i) + 8), 8);
		image_put_number(image, module_offset(i) + 16, AT(link), 8);
		link = module_offset(i) + 8;
		image_put_string(image, module_offset(i) + 24, names[i]);
		image_put_number(image, module_offset(i) + 88, 1, 4);
		/* nobody uses it */
		image_put_number(image, module_offset(i) + 96, AT(module_offset(i) + 96), 8);
	}
	image_put_number(image, link, AT(HEAD), 8);
	image_put_number(image, HEAD + 8, AT(link), 8);
	return image;
}

/* USER uses MODULE; the struct module_use is at OFFSET, NEXT is the next one's (0 = the last). */
static void put_use(struct image *image, unsigned module, unsigned user, uint64_t offset, uint64_t next)
{
	image_put_number(image, offset, next ? AT(next) : AT(module_offset(module) + 96), 8);
	image_put_number(image, offset + 32, AT(module_offset(user)), 8);
}

static void free_all(struct image *image)
{
	kernel_forget(&image->kernel);
	image_free(image);
}

static struct module_list *get(struct image *image)
{
	struct module_list *list;
	struct error error;

	if (!modules_get(&image->kernel, &list, &error))
		fail_msg("%s", error.text);
	return list;
}

/* GNU build-id note of five bytes. */
static const uint8_t build_id_note[] = { 4, 0, 0, 0, 5, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0,
					 0xab, 0xcd, 0xef, 0x01, 0x23, 0, 0, 0 };
/* Another note before it, as 6.x modules have (.note.Linux). */
static const uint8_t other_note[] = { 6, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 'L', 'i', 'n', 'u', 'x', 0, 0, 0, 1, 0, 0, 0 };

static void layout_of_61(void **state)
{
	struct image *image = modules_image(members_61, (const char *const[]){ "net_a", "b", "c", NULL });
	struct module_list *list;
	struct module *module;

	(void)state;
	image_put_number(image, module_offset(0) + 200, TEXT_A, 8);
	image_put_number(image, module_offset(0) + 208, 0x5000, 4);
	image_put_number(image, module_offset(0) + 212, 0x2000, 4);
	image_put_number(image, module_offset(0) + 88, 3, 4);
	image_put_number(image, module_offset(0) + 80, 1 << 12 | 1 << 13, 8);
	image_put_number(image, module_offset(0) + 128, TEXT_A, 8);	/* init but no exit */
	image_put_number(image, module_offset(0) + 144, AT(0x9000), 8);
	image_put_string(image, 0x9000, "1.2.3-k");
	image_put_number(image, module_offset(0) + 96, AT(0x8000), 8);
	put_use(image, 0, 1, 0x8000, 0x8040);
	put_use(image, 0, 2, 0x8040, 0);
	image_put_number(image, module_offset(1) + 200, TEXT_B, 8);
	image_put_number(image, module_offset(1) + 208, 0x1000, 4);
	image_put_number(image, module_offset(1) + 212, 0x1000, 4);
	image_put_number(image, module_offset(1), 1, 4);
	/* sections */
	image_put_number(image, module_offset(0) + 112, AT(0xa000), 8);
	image_put_number(image, 0xa000 + 40, 2, 4);
	image_put_number(image, 0xa000 + 48, AT(0x9100), 8);
	image_put_number(image, 0xa000 + 48 + 64, TEXT_A, 8);
	image_put_number(image, 0xa000 + 48 + 72, AT(0x9110), 8);
	image_put_number(image, 0xa000 + 48 + 72 + 64, TEXT_A + 0x2000, 8);
	image_put_string(image, 0x9100, ".text");
	image_put_string(image, 0x9110, ".data");
	/* notes */
	image_put_number(image, module_offset(0) + 120, AT(0xb000), 8);
	image_put_number(image, 0xb000 + 8, 1, 4);
	image_put_number(image, 0xb000 + 16 + 16, sizeof(other_note) + sizeof(build_id_note), 8);
	image_put_number(image, 0xb000 + 16 + 24, AT(0xc000), 8);
	image_put(image, 0xc000, other_note, sizeof(other_note));
	image_put(image, 0xc000 + sizeof(other_note), build_id_note, sizeof(build_id_note));

	list = get(image);
	assert_null(list->damage);
	assert_int_equal(list->count, 3);
	module = module_find(&image->kernel, "net_a");
	assert_non_null(module);
	assert_int_equal(module->address, AT(module_offset(0)));
	assert_int_equal(module->size, 0x5000);
	assert_int_equal(module->refcount, 2);
	assert_string_equal(module->used_by, "b,c");
	assert_string_equal(module->taints, "OE");
	assert_string_equal(module->state, "live");
	assert_string_equal(module->version, "1.2.3-k");
	assert_true(module->permanent);
	assert_string_equal(module->build_id, "abcdef0123");
	assert_int_equal(module->nr_sections, 2);
	assert_string_equal(module->sections[1].name, ".data");
	assert_int_equal(module->sections[1].address, TEXT_A + 0x2000);
	assert_int_equal(module->nr_regions, 2);
	assert_true(module->regions[0].code && !module->regions[1].code);
	assert_string_equal(module_find(&image->kernel, "b")->state, "coming");
	assert_null(module_find(&image->kernel, "nobody"));

	assert_ptr_equal(module_at(&image->kernel, TEXT_A), module);
	assert_ptr_equal(module_at(&image->kernel, TEXT_A + 0x4fff), module);
	assert_null(module_at(&image->kernel, TEXT_A + 0x5000));
	assert_null(module_at(&image->kernel, TEXT_A - 1));
	assert_string_equal(module_at(&image->kernel, TEXT_B + 0xfff)->name, "b");
	assert_null(module_at(&image->kernel, 0));
	assert_null(module_at(&image->kernel, ~0ull));
	free_all(image);
}

static void layout_of_72(void **state)
{
	struct image *image = modules_image(members_72, (const char *const[]){ "m", NULL });
	uint64_t mem = module_offset(0) + 200;
	struct module *module;

	(void)state;
	image_put_number(image, mem, TEXT_A, 8);			/* MOD_TEXT */
	image_put_number(image, mem + 12, 0x3000, 4);
	image_put_number(image, mem + 24, TEXT_A + 0x10000, 8);		/* MOD_DATA */
	image_put_number(image, mem + 24 + 12, 0x1000, 4);
	image_put_number(image, mem + 4 * 24, TEXT_B, 8);		/* MOD_INIT_TEXT */
	image_put_number(image, mem + 4 * 24 + 12, 0x1000, 4);
	image_put_number(image, module_offset(0) + 112, AT(0xa000), 8);
	image_put_number(image, 0xa000 + 32, AT(0xb000), 8);
	image_put_number(image, 0xb000, AT(0xa000 + 40), 8);
	image_put_number(image, 0xb008, AT(0xa000 + 40 + 64), 8);	/* then NULL */
	image_put_number(image, 0xa000 + 40, AT(0x9100), 8);
	image_put_number(image, 0xa000 + 40 + 24, TEXT_A, 8);
	image_put_number(image, 0xa000 + 40 + 64, AT(0x9110), 8);
	image_put_number(image, 0xa000 + 40 + 64 + 24, TEXT_A + 0x10000, 8);
	image_put_string(image, 0x9100, ".text");
	image_put_string(image, 0x9110, ".bss");
	module = module_find(&image->kernel, "m");
	assert_non_null(module);
	assert_null(module->damage);
	assert_int_equal(module->size, 0x5000);
	assert_int_equal(module->nr_regions, 3);
	assert_true(module->regions[0].code && !module->regions[1].code && module->regions[2].code);
	assert_int_equal(module->nr_sections, 2);
	assert_string_equal(module->sections[0].name, ".text");
	assert_string_equal(module->sections[1].name, ".bss");
	assert_int_equal(module->sections[1].address, TEXT_A + 0x10000);
	assert_ptr_equal(module_at(&image->kernel, TEXT_B + 8), module);
	free_all(image);
}

/* Module NUMBER's memory is where its struct is. */
static void own_memory(struct image *image, unsigned number)
{
	image_put_number(image, module_offset(number) + 200, AT(module_offset(number)), 8);
	image_put_number(image, module_offset(number) + 208, 0x1000, 4);
}

static void layout_of_310(void **state)
{
	struct image *image = modules_image(members_310, (const char *const[]){ "a", NULL });
	uint64_t offsets[2] = { AT(0xd000), AT(0xd100) };
	struct module_list *list;
	struct module *module;

	(void)state;
	image->kernel.nr_cpu_ids = 2;
	image->kernel.per_cpu_offset = offsets;
	image_put_number(image, module_offset(0) + 208, TEXT_A, 8);
	image_put_number(image, module_offset(0) + 220, 0x5000, 4);
	image_put_number(image, module_offset(0) + 228, 0x2000, 4);
	image_put_number(image, module_offset(0) + 232, 0x40, 8);	/* per-CPU */
	image_put_number(image, 0xd040, 5, 8);
	image_put_number(image, 0xd048, 1, 8);
	image_put_number(image, 0xd140, 2, 8);		/* took here, gave back there */
	image_put_number(image, 0xd148, 4, 8);
	list = get(image);
	assert_int_equal(list->count, 1);
	module = &list->modules[0];
	assert_int_equal(module->size, 0x5000);
	assert_int_equal(module->nr_regions, 2);
	assert_int_equal(module->regions[0].start, TEXT_A);
	assert_int_equal(module->regions[0].size, 0x2000);
	assert_true(module->regions[0].code);
	assert_int_equal(module->regions[1].start, TEXT_A + 0x2000);
	assert_int_equal(module->refcount, 2);
	assert_ptr_equal(module_at(&image->kernel, TEXT_A + 0x10), module);
	image->kernel.per_cpu_offset = NULL;
	free_all(image);
}

static void damaged(void **state)
{
	struct image *image = modules_image(members_61, (const char *const[]){ "a", "b", "c", NULL });
	struct module_list *list;

	(void)state;
	/* c's next is a again */
	image_put_number(image, module_offset(2) + 8, AT(module_offset(0) + 8), 8);
	list = get(image);
	assert_int_equal(list->count, 3);
	assert_non_null(list->damage);
	kernel_forget(&image->kernel);

	/* b leads into nowhere, c back to b: nothing is lost */
	image_put_number(image, module_offset(2) + 8, AT(HEAD), 8);
	image_put_number(image, module_offset(1) + 8, 0xffffc90000001000ull, 8);
	own_memory(image, 2);
	list = get(image);
	assert_int_equal(list->count, 3);
	assert_non_null(strstr(list->damage, "up to where it broke off"));
	kernel_forget(&image->kernel);

	/* b's page is not in the dump */
	image->missing[module_offset(1) / IMAGE_PAGE] = true;
	list = get(image);
	assert_int_equal(list->count, 2);
	assert_non_null(strstr(list->damage, "a module could not be read"));
	kernel_forget(&image->kernel);

	/* what only c's neighbour leads to does not look like a module */
	image_put_number(image, module_offset(2) + 200, 0, 8);
	assert_int_equal(get(image)->count, 1);
	free_all(image);
}

/* The head leads to itself, its prev to the last one. */
static void forwards_empty(void **state)
{
	struct image *image = modules_image(members_61, (const char *const[]){ "a", "b", "c", NULL });
	struct module_list *list;

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		own_memory(image, i);
	image_put_number(image, HEAD, AT(HEAD), 8);
	list = get(image);
	assert_int_equal(list->count, 3);
	assert_non_null(strstr(list->damage, "forwards it ends after 0"));
	free_all(image);
}

/* What the list has lost is in the tree; both halves of its latch are looked at. */
static void by_tree(void **state)
{
	struct image *image = modules_image(members_tree, (const char *const[]){ "a", "b", "c", NULL });
	struct module_list *list;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		own_memory(image, i);
		image_put_number(image, NODE(i), AT(module_offset(i)), 8);
	}
	/* the first half: b, with a left of it and c right of it */
	image_put_number(image, TREE + 8, AT(NODE(1) + 8), 8);
	image_put_number(image, NODE(1) + 8 + 16, AT(NODE(0) + 8), 8);
	image_put_number(image, NODE(1) + 8 + 8, AT(NODE(2) + 8), 8);
	/* the second one: c below a */
	image_put_number(image, TREE + 16, AT(NODE(0) + 32), 8);
	image_put_number(image, NODE(0) + 32 + 8, AT(NODE(2) + 32), 8);
	list = get(image);
	assert_int_equal(list->count, 3);
	assert_null(list->damage);
	kernel_forget(&image->kernel);

	/* taken out of the list, as who wants to hide one does */
	image_put_number(image, module_offset(0) + 8, AT(module_offset(2) + 8), 8);
	image_put_number(image, module_offset(2) + 16, AT(module_offset(0) + 8), 8);
	list = get(image);
	assert_int_equal(list->count, 3);
	assert_non_null(strstr(list->damage, "1 that is not in the list is in the tree of the modules' addresses: b"));
	kernel_forget(&image->kernel);

	/* the list is gone, and half of the tree */
	image_put_number(image, HEAD, 0, 8);
	image_put_number(image, HEAD + 8, 0, 8);
	image_put_number(image, TREE + 8, 0xffffc90000001000ull, 8);
	list = get(image);
	assert_int_equal(list->count, 2);
	assert_non_null(strstr(list->damage, "a, c; 2 in all"));
	free_all(image);
}

static void damaged_parts(void **state)
{
	struct image *image = modules_image(members_61, (const char *const[]){ "a", NULL });
	struct module *module;

	(void)state;
	image_put_number(image, module_offset(0) + 200, TEXT_A, 8);
	image_put_number(image, module_offset(0) + 208, 0xffffffff, 4);
	image_put_number(image, module_offset(0) + 112, AT(0xa000), 8);
	image_put_number(image, 0xa000 + 40, 0xffffffff, 4);		/* sections */
	image_put_number(image, module_offset(0) + 96, AT(0x8000), 8);
	put_use(image, 0, 0, 0x8000, 0x8000);				/* uses itself, for ever */
	memset(image->memory + module_offset(0) + 24, 'x', 56);		/* a name without an end */
	module = &get(image)->modules[0];
	assert_non_null(module->damage);
	assert_int_equal(strlen(module->name), 56);
	assert_int_equal(module->nr_regions, 0);
	assert_int_equal(module->nr_sections, 0);
	assert_null(module->used_by);		/* some are not all */
	assert_true(module->size_unknown);
	free_all(image);

	image = modules_image(members_61, (const char *const[]){ NULL });
	assert_int_equal(get(image)->count, 0);
	assert_null(module_at(&image->kernel, TEXT_A));
	free_all(image);
}

/* --- files --- */

struct directory {
	char path[64];
};

static void make_directory(struct directory *directory)
{
	strcpy(directory->path, "/tmp/test_module.XXXXXX");
	assert_non_null(mkdtemp(directory->path));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

/* An ELF file with a build-id note (its last byte is LAST; 0 = none) and perhaps .debug_info. */
static void make_file(const struct directory *directory, const char *name, uint8_t last, bool debug)
{
	static char names[] = "\0.note.gnu.build-id\0.debug_info\0.shstrtab";
	uint8_t note[sizeof(build_id_note)];
	struct {
		const char *name;
		unsigned type, name_offset;
		void *data;
		size_t size;
	} sections[] = {
		{ "note", SHT_NOTE, 1, note, sizeof(note) },
		{ "debug", SHT_PROGBITS, 20, "xx", 2 },
		{ "names", SHT_STRTAB, 32, names, sizeof(names) },
	};
	char path[300];
	GElf_Ehdr header;
	Elf *elf;
	int fd;

	memcpy(note, build_id_note, sizeof(note));
	note[20] = last;
	snprintf(path, sizeof(path), "%s/%s", directory->path, name);
	for (char *slash = path + strlen(directory->path) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
	elf_version(EV_CURRENT);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	elf = elf_begin(fd, ELF_C_WRITE, NULL);
	assert_non_null(gelf_newehdr(elf, ELFCLASS64));
	for (size_t i = 0; i < 3; i++) {
		GElf_Shdr section_header;
		Elf_Scn *section;
		Elf_Data *data;

		if ((i == 0 && !last) || (i == 1 && !debug))
			continue;
		section = elf_newscn(elf);
		data = elf_newdata(section);
		data->d_buf = sections[i].data;
		data->d_size = sections[i].size;
		data->d_align = 4;
		gelf_getshdr(section, &section_header);
		section_header.sh_type = sections[i].type;
		section_header.sh_name = sections[i].name_offset;
		gelf_update_shdr(section, &section_header);
		gelf_getehdr(elf, &header);
		header.e_shstrndx = elf_ndxscn(section);
		header.e_type = ET_REL;
		header.e_machine = EM_X86_64;
		gelf_update_ehdr(elf, &header);
	}
	assert_true(elf_update(elf, ELF_C_WRITE) > 0);
	elf_end(elf);
	close(fd);
}

static const char *find(struct image *image, const char *name, const struct directory *directory, struct buffer *why)
{
	const char *const paths[] = { "/nonexistent", directory->path, NULL };
	const char *path;

	buffer_clear(why);
	path = module_debug_file(&image->kernel, module_find(&image->kernel, name), paths, why);
	return path ? path + strlen(directory->path) : NULL;
}

static void debug_files(void **state)
{
	struct image *image = modules_image(members_61,
					    (const char *const[]){ "virtio_net", "stale", "bare", "packed", "gone", "plain",
								   "byid", NULL });
	struct directory directory;
	struct buffer why = { 0 };
	struct module *module;

	(void)state;
	make_directory(&directory);
	for (const char *const *name = (const char *const[]){ "virtio_net", "stale", "byid", NULL }; *name; name++)
		strcpy(module_find(&image->kernel, *name)->build_id, "abcdef0123");
	make_file(&directory, "kernel/drivers/net/virtio-net.ko", 0x23, false);		/* right, but stripped */
	make_file(&directory, "debug/virtio-net.ko.debug", 0x23, true);
	make_file(&directory, "kernel/stale.ko", 0x24, true);
	make_file(&directory, "kernel/bare.ko", 0x23, false);
	make_file(&directory, "kernel/packed.ko.xz", 0x23, true);
	make_file(&directory, "kernel/plain.ko", 0, true);
	make_file(&directory, "kernel/gonemore.ko", 0x23, true);
	make_file(&directory, ".build-id/ab/cdef0123.debug", 0x23, true);
	assert_int_equal(symlink("..", ({ static char link[128]; snprintf(link, sizeof(link), "%s/kernel/build", directory.path); link; })), 0);

	/* by build-id first, whatever it is called */
	assert_string_equal(find(image, "byid", &directory, &why), "/.build-id/ab/cdef0123.debug");
	assert_int_equal(unlink(({ static char id[128]; snprintf(id, sizeof(id), "%s/.build-id/ab/cdef0123.debug", directory.path); id; })), 0);
	assert_string_equal(find(image, "virtio_net", &directory, &why), "/debug/virtio-net.ko.debug");
	assert_null(find(image, "stale", &directory, &why));
	assert_non_null(strstr(why.data, "its build-id is abcdef0124, the module's is abcdef0123"));
	assert_null(find(image, "bare", &directory, &why));
	assert_non_null(strstr(why.data, "no debug information"));
	assert_null(find(image, "packed", &directory, &why));
	assert_non_null(strstr(why.data, "packed.ko.xz cannot be unpacked: bad data"));
	assert_null(find(image, "gone", &directory, &why));
	assert_non_null(strstr(why.data, "no file of module gone"));
	assert_string_equal(find(image, "plain", &directory, &why), "/kernel/plain.ko");
	assert_non_null(strstr(why.data, "by its name"));
	/* remembered */
	module = module_find(&image->kernel, "plain");
	assert_ptr_equal(module_debug_file(&image->kernel, module, NULL, NULL), module->debug_path);
	nftw(directory.path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	buffer_free(&why);
	free_all(image);
}

/* --- a real dump --- */

/* Against the guest's own /proc/modules: "name size refcount users, state 0xaddress (taints)". */
static void real_modules(void **state)
{
	const char *set = getenv("VMCORE_TEST_SET");
	char path[4096], line[4096], name[64], users[2048], expected[2100];
	struct module_list *list;
	struct kernel *kernel;
	size_t lines = 0;
	FILE *file;

	(void)state;
	if (!set)
		skip();
	snprintf(path, sizeof(path), "%s/oracle/proc/modules", set);
	file = fopen(path, "r");
	if (!file)
		skip();
	kernel = set_open();
	assert_true(modules_get(kernel, &list, NULL));
	assert_null(list->damage);
	while (fgets(line, sizeof(line), file)) {
		unsigned long long size, address;
		struct module *module;
		int count;

		assert_int_equal(sscanf(line, "%63s %llu %d %2047s %*s %llx", name, &size, &count, users, &address), 5);
		module = module_find(kernel, name);
		if (!module)
			fail_msg("no module %s", name);
		assert_null(module->damage);
		assert_int_equal(module->size, size);
		/* What the rig does to bring the machine down may hold a reference to its own module. */
		if (strcmp(name, "vmcore_rig") != 0)
			assert_int_equal(module->refcount, count);
		snprintf(expected, sizeof(expected), "%s%s%s", module->used_by, module->used_by[0] ? "," : "",
			 module->permanent ? "[permanent]," : "");
		assert_string_equal(expected[0] ? expected : "-", users);
		assert_true(module->nr_sections > 0);
		assert_int_equal(strlen(module->build_id), 40);
		assert_ptr_equal(module_at(kernel, address), module);
		lines++;
	}
	assert_int_equal(list->count, lines);
	fclose(file);
	kernel_close(kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout_of_310),
		cmocka_unit_test(layout_of_61),	 cmocka_unit_test(layout_of_72), cmocka_unit_test(damaged),
		cmocka_unit_test(forwards_empty), cmocka_unit_test(by_tree),
		cmocka_unit_test(damaged_parts), cmocka_unit_test(debug_files),	 cmocka_unit_test(real_modules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
