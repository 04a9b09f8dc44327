// SPDX-License-Identifier: GPL-3.0-or-later
#include "dump/foreign.h"

#include <dlfcn.h>
#include <elf.h>
#include <gelf.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef HAVE_LIBKDUMPFILE
#include <libkdumpfile/kdumpfile.h>
#endif

#include "base/library.h"
#include "dump/dump.h"
#include "dump/file.h"
#include "dump/notes.h"

#define MAX_RANGES    4096
#define MAX_CPUS      8192
#define MIN_LKCD_PAGE 32 /* bytes in the file: a header of 16 and something of the page */

/*
 * The formats by their first bytes. TO_DO is for what libkdumpfile cannot read either: how a person
 * gets a dump that can be read.
 */
static const struct magic {
	const char *name;
	size_t offset, size;
	const char *bytes;
	const char *to_do; /* NULL: libkdumpfile reads it */
} magics[] = {
	/* dh_magic_number of dump_header, in both byte orders */
	{ "LKCD", 0, 8, "\xed\x23\x8f\x61\x73\x01\x19\xa8", NULL },
	{ "LKCD (big-endian)", 0, 8, "\xa8\x19\x01\x73\x61\x8f\x23\xed", NULL },
	{ "s390 stand-alone", 0, 8, "\xa8\x19\x01\x73\x61\x8f\x23\xfd", NULL },
	/* the partition header, of a disk or set of disks; on other media one block further on */
	{ "sadump", 0, 8, "sadump\0\0", NULL },
	{ "sadump (media backup)", 4096, 8, "sadump\0\0", NULL },
	{ "virsh save", 0, 16, "LibvirtQemudSave", "take a dump with `virsh dump --memory-only'" },
	{ "QEMU savevm", 0, 4, "QEVM", "take a dump with QEMU's `dump-guest-memory'" },
	{ "Xen save", 0, 16, "LinuxGuestRecord", "take a dump with `xl dump-core'" },
};

static const struct magic *find_magic(const struct dump_file *file)
{
	uint8_t start[16];

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (dump_file_read_some(file, magics[i].offset, start, magics[i].size) ==
			    magics[i].size &&
		    !memcmp(start, magics[i].bytes, magics[i].size))
			return &magics[i];
	return NULL;
}

/* An ELF file of `xl dump-core`: no segments, memory in the section .xen_pages. */
static bool is_xen_core(const struct dump_file *file)
{
	Elf *elf;
	Elf_Scn *section = NULL;
	size_t names;
	bool found = false;

	if (elf_version(EV_CURRENT) == EV_NONE || file->flattened || file->packed || file->head)
		return false;
	elf = elf_begin(file->fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && elf_getshdrstrndx(elf, &names) == 0) {
		while (!found && (section = elf_nextscn(elf, section)) != NULL) {
			GElf_Shdr header;
			const char *name = gelf_getshdr(section, &header)
						   ? elf_strptr(elf, names, header.sh_name)
						   : NULL;

			found = name && !strcmp(name, ".xen_pages");
		}
	}
	elf_end(elf);
	return found;
}

static enum dump_probe foreign_probe(const struct dump_file *file, const uint8_t *header,
				     size_t size)
{
	if (size > EI_NIDENT && !memcmp(header, ELFMAG, SELFMAG))
		return is_xen_core(file) ? DUMP_CERTAINLY : DUMP_NOT;
	return find_magic(file) ? DUMP_CERTAINLY : DUMP_NOT;
}

#ifdef HAVE_LIBKDUMPFILE

/* The functions of libkdumpfile, found at run time. */
struct library {
	void *handle;
	const char *soname;
	kdump_ctx_t *(*new)(void);
	void (*free)(kdump_ctx_t *);
	const char *(*get_err)(kdump_ctx_t *);
	kdump_status (*open_fdset)(kdump_ctx_t *, unsigned, const int *);
	kdump_status (*get_attr)(kdump_ctx_t *, const char *, kdump_attr_t *);
	kdump_status (*set_attr)(kdump_ctx_t *, const char *, const kdump_attr_t *);
	kdump_status (*read)(kdump_ctx_t *, kdump_addrspace_t, kdump_addr_t, void *, size_t *);
	kdump_status (*find_set)(kdump_bmp_t *, kdump_addr_t *);
	kdump_status (*find_clear)(kdump_bmp_t *, kdump_addr_t *);
	void *(*pin)(kdump_blob_t *);
	unsigned long (*unpin)(kdump_blob_t *);
	size_t (*blob_size)(const kdump_blob_t *);
};

struct foreign {
	struct library library;
	kdump_ctx_t *context;
	kdump_bmp_t *pages; /* that are in the file; NULL = not known. The context's */
	kdump_addrspace_t space;
	pthread_mutex_t lock; /* one context serves one thread at a time */
};

/* Those with the functions above unchanged: 0.5.1 to 0.5.4, and 0.5.6. */
static const char *const sonames[] = { "libkdumpfile.so.12", "libkdumpfile.so.10" };

static bool load_library(struct library *library)
{
	const struct library_function functions[] = {
		{ "kdump_new", &library->new },
		{ "kdump_free", &library->free },
		{ "kdump_get_err", &library->get_err },
		{ "kdump_open_fdset", &library->open_fdset },
		{ "kdump_get_attr", &library->get_attr },
		{ "kdump_set_attr", &library->set_attr },
		{ "kdump_read", &library->read },
		{ "kdump_bmp_find_set", &library->find_set },
		{ "kdump_bmp_find_clear", &library->find_clear },
		{ "kdump_blob_pin", &library->pin },
		{ "kdump_blob_unpin", &library->unpin },
		{ "kdump_blob_size", &library->blob_size },
	};

	for (size_t i = 0; i < sizeof(sonames) / sizeof(sonames[0]); i++) {
		library->soname = sonames[i];
		library->handle = library_load(sonames[i], functions,
					       sizeof(functions) / sizeof(functions[0]));
		if (library->handle)
			return true;
	}
	return false;
}

static bool get(struct foreign *foreign, const char *key, kdump_attr_type_t type,
		kdump_attr_value_t *value)
{
	kdump_attr_t attribute = { 0 };

	if (foreign->library.get_attr(foreign->context, key, &attribute) != KDUMP_OK ||
	    attribute.type != type)
		return false;
	*value = attribute.val;
	return true;
}

static uint64_t get_number(struct foreign *foreign, const char *key)
{
	kdump_attr_value_t value;

	return get(foreign, key, KDUMP_NUMBER, &value) ? value.number : 0;
}

static void get_string(struct foreign *foreign, const char *key, char *text, size_t size)
{
	kdump_attr_value_t value;
	size_t i = 0;

	if (get(foreign, key, KDUMP_STRING, &value))
		for (; value.string[i] && i < size - 1; i++)
			text[i] = value.string[i] >= 0x20 && value.string[i] < 0x7f
					  ? value.string[i]
					  : '?';
	text[i] = '\0';
}

static void describe_machine(struct dump *dump, struct foreign *foreign)
{
	static const struct {
		const char *name;
		uint16_t machine;
	} machines[] = {
		{ "x86_64", EM_X86_64 }, { "ia32", EM_386 },	  { "aarch64", EM_AARCH64 },
		{ "arm", EM_ARM },	 { "ppc64", EM_PPC64 },	  { "ppc64le", EM_PPC64 },
		{ "ppc", EM_PPC },	 { "s390x", EM_S390 },	  { "s390", EM_S390 },
		{ "ia64", EM_IA_64 },	 { "riscv64", EM_RISCV }, { "riscv32", EM_RISCV },
		{ "alpha", EM_ALPHA },	 { "mips", EM_MIPS },
	};
	char name[16];

	get_string(foreign, KDUMP_ATTR_ARCH_NAME, name, sizeof(name));
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (!strcmp(name, machines[i].name))
			dump->machine = machines[i].machine;
	dump->is_64bit = get_number(foreign, KDUMP_ATTR_PTR_SIZE) == 8;
	dump->big_endian = get_number(foreign, KDUMP_ATTR_BYTE_ORDER) == KDUMP_BIG_ENDIAN;
	dump->nr_cpus = get_number(foreign, KDUMP_ATTR_NUM_CPUS);
	get_string(foreign, "file.description", dump->variant, sizeof(dump->variant));
	get_string(foreign, "linux.uts.sysname", dump->uts.sysname, sizeof(dump->uts.sysname));
	get_string(foreign, "linux.uts.nodename", dump->uts.nodename, sizeof(dump->uts.nodename));
	get_string(foreign, "linux.uts.release", dump->uts.release, sizeof(dump->uts.release));
	get_string(foreign, "linux.uts.version", dump->uts.version, sizeof(dump->uts.version));
	get_string(foreign, "linux.uts.machine", dump->uts.machine, sizeof(dump->uts.machine));
}

/* Hands the bytes of the attribute KEY to the notes: as NT_PRSTATUS, or as VMCOREINFO. */
static bool take_blob(struct dump *dump, const char *key, bool is_prstatus, struct error *error)
{
	struct foreign *foreign = dump->private;
	kdump_attr_value_t value;
	const void *data;
	size_t size;
	bool done;

	if (!get(foreign, key, KDUMP_BLOB, &value))
		return true;
	size = foreign->library.blob_size(value.blob);
	data = foreign->library.pin(value.blob);
	if (is_prstatus)
		done = notes_add(dump, "CORE", NT_PRSTATUS, data, size, error);
	else
		done = notes_set_vmcoreinfo(dump, data, size, error);
	foreign->library.unpin(value.blob);
	return done;
}

static bool take_notes(struct dump *dump, struct error *error)
{
	char key[40];

	if (!take_blob(dump, "linux.vmcoreinfo.raw", false, error))
		return false;
	for (unsigned cpu = 0; cpu < dump->nr_cpus && cpu < MAX_CPUS; cpu++) {
		snprintf(key, sizeof(key), "cpu.%u.PRSTATUS", cpu);
		if (!take_blob(dump, key, true, error))
			return false;
	}
	return true;
}

/* Runs of pages as ranges. Past the limit the last one swallows the rest, holes included. */
static bool find_ranges(struct dump *dump, struct error *error)
{
	struct foreign *foreign = dump->private;
	kdump_attr_value_t value = { 0 };
	kdump_addr_t start = 0, end;

	dump->ranges = calloc(MAX_RANGES, sizeof(*dump->ranges));
	if (!dump->ranges)
		return error_no_memory(error, "memory ranges", MAX_RANGES * sizeof(*dump->ranges));
	if (get(foreign, KDUMP_ATTR_FILE_PAGEMAP, KDUMP_BITMAP, &value))
		foreign->pages = value.bitmap;
	if (!get(foreign, KDUMP_ATTR_MEMORY_PAGEMAP, KDUMP_BITMAP, &value) && !foreign->pages) {
		/*
		 * LKCD: pages come in any order, so the library reads all their headers for the
		 * last one. Without the end mark it does not say; then no more can be there than
		 * the file has room for.
		 */
		dump->max_pfn = get_number(foreign, "max_pfn");
		if (!dump->max_pfn) {
			dump->flags |= DUMP_TRUNCATED;
			dump->max_pfn = dump->files[0]->size / MIN_LKCD_PAGE;
		}
		if (dump->max_pfn > 1ull << (63 - dump->page_shift))
			dump->max_pfn = 1ull << (63 - dump->page_shift);
		dump->ranges[0].size = dump->max_pfn << dump->page_shift;
		dump->nr_ranges = dump->max_pfn ? 1 : 0;
		return true;
	}
	while (foreign->library.find_set(value.bitmap, &start) == KDUMP_OK) {
		struct dump_range *range;

		end = start;
		if (start >> (63 - dump->page_shift) ||
		    foreign->library.find_clear(value.bitmap, &end) != KDUMP_OK || end <= start)
			break;
		if (dump->nr_ranges < MAX_RANGES)
			dump->ranges[dump->nr_ranges++].start = start << dump->page_shift;
		range = &dump->ranges[dump->nr_ranges - 1];
		if (end > 1ull << (63 - dump->page_shift))
			end = 1ull << (63 - dump->page_shift);
		range->size = (end << dump->page_shift) - range->start;
		dump->max_pfn = end;
		start = end;
	}
	return true;
}

/* A domain's memory is numbered by the domain; everything else by the machine. */
static void choose_space(struct foreign *foreign)
{
	foreign->space = get_number(foreign, KDUMP_ATTR_XEN_TYPE) == KDUMP_XEN_DOMAIN
				 ? KDUMP_KPHYSADDR
				 : KDUMP_MACHPHYSADDR;
}

static bool open_context(struct dump *dump, struct foreign *foreign, struct error *error)
{
	/* A file that gets shorter under a mapping would be a SIGBUS in gdb. */
	const kdump_attr_t never = { .type = KDUMP_NUMBER, .val.number = KDUMP_MMAP_NEVER };
	int *fds;
	kdump_status status;

	for (size_t i = 0; i < dump->nr_files; i++)
		if (dump->files[i]->packed)
			return error_set(error, ERROR_UNSUPPORTED,
					 "%s: libkdumpfile, which reads this format for us, cannot read "
					 "it while it is compressed; unpack it first",
					 dump->files[i]->path);
	fds = calloc(dump->nr_files, sizeof(*fds));
	foreign->context = foreign->library.new();
	if (!fds || !foreign->context) {
		free(fds);
		return error_no_memory(error, "libkdumpfile", 0);
	}
	for (size_t i = 0; i < dump->nr_files; i++)
		fds[i] = dump->files[i]->fd;
	foreign->library.set_attr(foreign->context, KDUMP_ATTR_FILE_MMAP_POLICY, &never);
	status = foreign->library.open_fdset(foreign->context, dump->nr_files, fds);
	free(fds);
	if (status != KDUMP_OK)
		return error_set(error, ERROR_FORMAT, "%s: %s says: %.300s", dump->files[0]->path,
				 foreign->library.soname,
				 foreign->library.get_err(foreign->context));
	return true;
}

static bool open_foreign(struct dump *dump, struct error *error)
{
	struct foreign *foreign = calloc(1, sizeof(*foreign));
	uint64_t page_size;

	if (!foreign)
		return error_no_memory(error, "a dump", sizeof(*foreign));
	dump->private = foreign;
	pthread_mutex_init(&foreign->lock, NULL);
	if (!load_library(&foreign->library))
		return error_set(error, ERROR_UNSUPPORTED,
				 "%s is a dump that only libkdumpfile can read, and that is not "
				 "installed (Debian: apt-get install libkdumpfile10)",
				 dump->files[0]->path);
	if (!open_context(dump, foreign, error))
		return false;
	page_size = get_number(foreign, KDUMP_ATTR_PAGE_SIZE);
	if (page_size < 4096 || page_size > 65536 || page_size & (page_size - 1))
		return error_set(error, ERROR_UNSUPPORTED,
				 "%s: pages of %" PRIu64 " bytes; 4096 to 65536 can be read",
				 dump->files[0]->path, page_size);
	dump->page_size = page_size;
	dump->page_shift = __builtin_ctzll(page_size);
	describe_machine(dump, foreign);
	choose_space(foreign);
	return take_notes(dump, error) && find_ranges(dump, error);
}

static bool read_foreign(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	struct foreign *foreign = dump->private;
	uint64_t address = pfn << dump->page_shift;
	size_t size = dump->page_size;
	kdump_status status;
	bool done;

	pthread_mutex_lock(&foreign->lock);
	status = foreign->library.read(foreign->context, foreign->space, address, buffer, &size);
	done = status == KDUMP_OK && size == dump->page_size;
	if (!done)
		error_set(error,
			  status == KDUMP_ERR_NODATA ? ERROR_EXCLUDED
			  : status == KDUMP_ERR_EOF  ? ERROR_TRUNCATED
						     : ERROR_FORMAT,
			  "the page at physical address 0x%" PRIx64
			  " is not in the dump, or damaged; %s says: %.200s",
			  address, foreign->library.soname,
			  foreign->library.get_err(foreign->context));
	pthread_mutex_unlock(&foreign->lock);
	return done;
}

static bool has_foreign_page(struct dump *dump, uint64_t pfn)
{
	struct foreign *foreign = dump->private;
	kdump_addr_t found = pfn;
	bool has;

	if (!foreign->pages)
		return true;
	pthread_mutex_lock(&foreign->lock);
	has = foreign->library.find_set(foreign->pages, &found) == KDUMP_OK && found == pfn;
	pthread_mutex_unlock(&foreign->lock);
	return has;
}

/* The library does not say where a page is: at nowhere that could be behind the file's end. */
static bool find_foreign_page(struct dump *dump, uint64_t pfn, struct dump_place *place,
			      struct error *error)
{
	struct foreign *foreign = dump->private;
	uint8_t page[65536];

	if (!foreign->pages && !read_foreign(dump, pfn, page, error)) {
		/* Where the end is not known, this need not have been a page at all. */
		if (error && dump->flags & DUMP_TRUNCATED)
			error->kind = ERROR_NOT_MAPPED;
		return false;
	}
	if (!has_foreign_page(dump, pfn))
		return error_set(error, ERROR_EXCLUDED,
				 "the page at physical address 0x%" PRIx64 " is not in the dump",
				 pfn << dump->page_shift);
	*place = (struct dump_place){ .file = dump->files[0] };
	return true;
}

static void close_foreign(struct dump *dump)
{
	struct foreign *foreign = dump->private;

	if (!foreign)
		return;
	if (foreign->context)
		foreign->library.free(foreign->context);
	if (foreign->library.handle)
		dlclose(foreign->library.handle);
	pthread_mutex_destroy(&foreign->lock);
	free(foreign);
}

/* Does the library take a file that starts so for one of its own? Damaged ones it knows, too. */
static bool recognizes(const struct library *library, const struct magic *magic)
{
	uint8_t start[3 * 4096] = { 0 };
	int fd = memfd_create("gdb-vmcore", MFD_CLOEXEC);
	kdump_ctx_t *context = fd < 0 ? NULL : library->new ();
	bool known = false;

	memcpy(start + magic->offset, magic->bytes, magic->size);
	if (context && write(fd, start, sizeof(start)) == sizeof(start))
		known = library->open_fdset(context, 1, &fd) != KDUMP_ERR_NOTIMPL ||
			!strstr(library->get_err(context), "Unknown file format");
	if (context)
		library->free(context);
	if (fd >= 0)
		close(fd);
	return known;
}

void foreign_describe(char *text, size_t size)
{
	struct library library;
	size_t used;

	if (!load_library(&library)) {
		snprintf(text, size, "not installed (Debian: libkdumpfile10)");
		return;
	}
	used = snprintf(text, size, "%s, which reads Xen domains", library.soname);
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (!magics[i].to_do && used < size && recognizes(&library, &magics[i]))
			used += snprintf(text + used, size - used, ", %s", magics[i].name);
	dlclose(library.handle);
}

#else

static bool open_foreign(struct dump *dump, struct error *error)
{
	return error_set(error, ERROR_UNSUPPORTED,
			 "%s is a dump that only libkdumpfile can read; this build is without it "
			 "(install libkdumpfile-dev and configure again)",
			 dump->files[0]->path);
}

static bool read_foreign(struct dump *dump, uint64_t pfn, void *buffer, struct error *error)
{
	(void)dump, (void)pfn, (void)buffer;
	return error_set(error, ERROR_UNSUPPORTED, "this build is without libkdumpfile");
}

static void close_foreign(struct dump *dump)
{
	(void)dump;
}

#define has_foreign_page  NULL
#define find_foreign_page NULL

void foreign_describe(char *text, size_t size)
{
	snprintf(text, size, "this build is without it");
}

#endif

static bool foreign_open(struct dump *dump, struct error *error)
{
	const struct magic *magic = find_magic(dump->files[0]);

	if (magic && magic->to_do)
		return error_set(error, ERROR_UNSUPPORTED,
				 "%s is what `%s' writes, which cannot be read: %s",
				 dump->files[0]->path, magic->name, magic->to_do);
	return open_foreign(dump, error) || (magic && error_prefix(error, "%s", magic->name));
}

const struct dump_format dump_format_foreign = {
	.name = "libkdumpfile",
	.description = "LKCD, sadump, s390 stand-alone dumps, Xen domains",
	.probe = foreign_probe,
	.open = foreign_open,
	.read_page = read_foreign,
	.has_page = has_foreign_page,
	.close = close_foreign,
	.find_page = find_foreign_page,
};
