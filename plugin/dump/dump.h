/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A dump file as physical memory, notes and VMCOREINFO. Knows no kernel and no gdb.
 *
 * To add a format: write dump/FORMAT.c with one `const struct dump_format`, declare it below and
 * put it into the table in dump/dump.c. A format gets a `struct dump_file` (bytes at offsets: a
 * plain file, or a flattened one already put in order) and fills in the `struct dump`: the machine,
 * the memory ranges, the notes; from then on its read_page answers for one page at a time. Opening
 * reads headers, never memory. Everything in the file is hostile: check every offset, count and
 * size against the file's size.
 *
 * Units: addresses and sizes are bytes; a pfn is a physical address shifted right by page_shift.
 * All numbers handed out are in host byte order; memory contents are as the machine had them.
 *
 * Thread safety: dump_read_phys may be called from several threads; so may dump_scan_page and
 * dump_has_page; everything else from one.
 */
#ifndef VMCORE_DUMP_DUMP_H
#define VMCORE_DUMP_DUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/patience.h"

struct dump;
struct dump_file;	/* dump/file.h */
struct page_cache;	/* dump/cache.h */

/* One ELF note, whatever container it came from. */
struct dump_note {
	char name[16];		/* "CORE", "VMCOREINFO", "QEMU", "ERASEINFO" ... */
	uint32_t type;		/* NT_PRSTATUS and so on */
	uint32_t size;		/* of data, bytes */
	const uint8_t *data;	/* owned by the dump; byte order of the machine */
	bool truncated;		/* the file says more bytes than it has */
};

/* A run of physical memory that the dump describes (it may still be excluded page by page). */
struct dump_range {
	uint64_t start;		/* physical address */
	uint64_t size;		/* bytes */
	uint64_t virtual_start;	/* ELF p_vaddr, 0 where the format has none */
	/* bytes of it in the file; the rest was excluded (makedumpfile -E) */
	uint64_t file_size;
	uint64_t file_offset;	/* ELF and VMware only; else it begins the file */
	const struct dump_file *file;	/* raw and VMware only; else it is files[0] */
};

/* A text that may be VMCOREINFO. */
struct dump_info {
	char *text;
	size_t size;
	bool from_memory;
};

/* Where the bytes of a page are, as the format's tables say. */
struct dump_place {
	const struct dump_file *file;
	uint64_t offset;
	uint32_t size;		/* compressed, where it is */
};

/*
 * PERHAPS: nothing speaks against it, nothing for it. Whoever names the file as a dump gets it
 * opened; nobody else does.
 */
enum dump_probe { DUMP_NOT, DUMP_PERHAPS, DUMP_CERTAINLY };
/* The most pages that a format is asked for at once. */
#define DUMP_SCAN_PAGES 128

struct dump_format {
	const char *name;		/* "ELF64", "kdump-compressed" */
	const char *description;	/* one line for `show vmcore formats` */
	/* Is FILE (first HEADER_SIZE bytes in HEADER) of this format? */
	enum dump_probe (*probe)(const struct dump_file *file, const uint8_t *header,
				 size_t header_size);
	/*
	 * Reads the headers and fills in the dump. files[0] probed positive; more than one = a
	 * split set.
	 */
	bool (*open)(struct dump *dump, struct error *error);
	/*
	 * Reads one whole page into BUFFER (page_size bytes). Called with pages of any pfn, from
	 * any thread.
	 */
	bool (*read_page)(struct dump *dump, uint64_t pfn, void *buffer, struct error *error);
	/* Optional: is the page present without reading it? NULL = ask read_page. */
	bool (*has_page)(struct dump *dump, uint64_t pfn);
	/* frees dump->private; called also after a failed open */
	void (*close)(struct dump *dump);
	bool uncompressed;	/* read_page only copies: the page cache would not help */
	/*
	 * Optional: reads any bytes; asked where read_page fails, for formats whose ranges can end
	 * inside a page.
	 */
	bool (*read_bytes)(struct dump *dump, uint64_t address, void *buffer, size_t size,
			   struct error *error);
	/*
	 * Optional: the first SIZE bytes of a page, cheaper than all of it; false if it cannot. For
	 * scans.
	 */
	bool (*read_page_start)(struct dump *dump, uint64_t pfn, void *buffer, size_t size);
	/*
	 * Optional: where the page is. Fails as read_page would, but does not look whether the file
	 * is that long. For counts.
	 */
	bool (*find_page)(struct dump *dump, uint64_t pfn, struct dump_place *place,
			  struct error *error);
	/*
	 * Optional: what dump_scan_pages does, for formats that can read many pages at less cost
	 * than one by one. From any thread; at most DUMP_SCAN_PAGES pages.
	 */
	void (*read_pages)(struct dump *dump, uint64_t pfn, size_t nr, void *buffer,
			   uint8_t *kinds);
	/*
	 * Optional: pages from PFN on, at most NR, *NR_RET of them, where the file holds them as they
	 * are and can be mapped; NULL if not even the first. For base/guard.h.
	 */
	const void *(*map_pages)(struct dump *dump, uint64_t pfn, size_t nr, size_t *nr_ret);
	/* Optional: the same as find_page for many. At most DUMP_SCAN_PAGES pages. */
	void (*find_pages)(struct dump *dump, uint64_t pfn, size_t nr, struct dump_place *places,
			   uint8_t *kinds);
	/*
	 * Optional: VMCOREINFO was found in memory; take from it what the file itself does not say.
	 */
	void (*vmcoreinfo_found)(struct dump *dump);
};

enum dump_flags {
	DUMP_INCOMPLETE = 1,		/* the writer ran out of space and said so */
	DUMP_EXCLUDED_VMEMMAP = 2,	/* makedumpfile -e */
	DUMP_FLATTENED = 4,		/* makedumpfile -F or QEMU's kdump-* output */
	DUMP_TRUNCATED = 8,		/* the file is shorter than its headers say */
	DUMP_SPLIT_MISSING = 16,	/* a part of a --split set is not here */
};

struct dump {
	const struct dump_format *format;
	struct dump_file **files;
	size_t nr_files;
	void *private;			/* the format's own */

	/* What the headers say. */
	uint16_t machine;		/* EM_X86_64 ...; 0 = the file does not say */
	bool is_64bit;
	bool big_endian;
	uint32_t page_size;		/* bytes; a power of two, 4 KiB to 64 KiB */
	unsigned page_shift;
	uint64_t max_pfn;		/* one past the highest pfn the dump can hold */
	unsigned nr_cpus;		/* as the header says, 0 = not said */
	unsigned flags;			/* enum dump_flags */
	unsigned header_version;	/* kdump's; 0 = none */
	uint32_t header_status;		/* kdump's flags word as it is */
	char compression[16];		/* "zlib", "lzo", "snappy", "zstd", "none" or "" */
	char variant[40];		/* what the format's name leaves open: "LKCD v9"; or "" */
	struct {			/* from the kdump header; empty strings elsewhere */
		char sysname[65], nodename[65], release[65], version[65], machine[65];
	} uts;
	uint64_t timestamp;		/* seconds since 1970, 0 = not said */

	struct dump_range *ranges;	/* sorted by start; ELF: one per PT_LOAD */
	size_t nr_ranges;
	/* in file order, so the k-th NT_PRSTATUS is the k-th CPU's */
	struct dump_note *notes;
	size_t nr_notes;
	const char *vmcoreinfo;		/* text, NUL-terminated; NULL if there is none */
	size_t vmcoreinfo_size;
	bool vmcoreinfo_from_memory;	/* not in the file's notes: found by searching its memory */
	bool vmcoreinfo_corrected;	/* by what memory says: dump_correct_vmcoreinfo() */
	/* Other texts that may be it, and those that were found not to be: dump_next_vmcoreinfo(). */
	struct dump_info *infos;
	size_t nr_infos, next_info;
	bool memory_searched;		/* for all of them */
	char doubt[320];		/* what a person should know of all this, a sentence; or "" */

	const struct patience *watch;	/* NULL when nobody waits: always once it is open */
	struct page_cache *cache;	/* of decompressed pages, bounded */
	bool zero_excluded;		/* excluded pages read as zeros (the person asked for it) */
	int dump_level;			/* makedumpfile -d; -1 = not said */
	/* from the kdump sub header (x86_64); VMCOREINFO's is the better one */
	uint64_t phys_base;
};

/* The formats this build reads, NULL-terminated. */
extern const struct dump_format *const dump_formats[];
extern const struct dump_format dump_format_elf;	/* ELF64 and ELF32 */
/* makedumpfile's and QEMU's compressed format */
extern const struct dump_format dump_format_kdump;
/* .vmss, .vmsn and .vmem */
extern const struct dump_format dump_format_vmware;
/* what libkdumpfile reads for us; see foreign.h */
extern const struct dump_format dump_format_foreign;
/* FILE@ADDRESS: memory and nothing else; see raw.h */
extern const struct dump_format dump_format_raw;

/*
 * Opens a dump of one file, of the parts of a split set in any order, or of raw memory (paths of
 * the form FILE@ADDRESS[,FILE@ADDRESS...]; see raw.h). A path that is no file's name can also be
 * several with commas between them: some clients have room for one only. The caller closes it.
 * Where the file has no VMCOREINFO note it is looked for in memory (it always starts a page).
 */
bool dump_open(const char *const *paths, size_t nr_paths, struct dump **dump_ret,
	       struct error *error);
/* The same for somebody who waits for it; WATCH may be NULL. */
bool dump_open_watched(const char *const *paths, size_t nr_paths, const struct patience *watch,
		       struct dump **dump_ret, struct error *error);
void dump_close(struct dump *dump);

/*
 * Is PATH (of several with commas between them the first) certainly a kernel dump, by its first
 * bytes and, for ELF, its notes, and not a user-space core? Cheap.
 */
bool dump_probe(const char *path);

/*
 * Reads SIZE bytes of physical memory. All or nothing: on false *error names the first address that
 * could not be read, and whether it is excluded, truncated or does not exist.
 */
bool dump_read_phys(struct dump *dump, uint64_t address, void *buffer, size_t size,
		    struct error *error);

/*
 * Reads one whole page past the cache, which a scan of all memory would only flush. BUFFER has
 * page_size bytes. Thread-safe.
 */
bool dump_scan_page(struct dump *dump, uint64_t pfn, void *buffer, struct error *error);
/*
 * The same for NR pages that follow each other, at the speed of the decompressor: tables and data
 * are read in long pieces, and nothing is put into words. KINDS[i] is ERROR_NONE where page i is in
 * BUFFER, at i * page_size, else why it is not (enum error_kind); its bytes in BUFFER are then
 * undefined. Thread-safe.
 */
void dump_scan_pages(struct dump *dump, uint64_t pfn, size_t nr, void *buffer, uint8_t *kinds);
/* Where NR pages are, and KINDS as above. Only for formats that have find_page. Thread-safe. */
void dump_find_pages(struct dump *dump, uint64_t pfn, size_t nr, struct dump_place *places,
		     uint8_t *kinds);
/* Is the page in the dump? True where the format cannot tell without reading it. Thread-safe. */
bool dump_has_page(struct dump *dump, uint64_t pfn);

/* The machine as uname -m calls it; NULL if nothing says what it is. */
const char *dump_machine_name(const struct dump *dump);
/* Is what was left out of the dump known to have been zeros? The writer then says that it left out nothing else. */
bool dump_excluded_is_zero(const struct dump *dump);

/*
 * VMCOREINFO can be wrong: hypervisors keep that of an earlier boot. Who finds that memory contradicts it asks for another
 * text: the next of the file's notes, then those that a search of all memory finds, which can take long (dump->watch).
 * False: there is no other (or no patience: *error, which is else as it was). dump_first_vmcoreinfo() goes back.
 */
bool dump_next_vmcoreinfo(struct dump *dump, struct error *error);
void dump_first_vmcoreinfo(struct dump *dump);
/*
 * The kernel was found elsewhere than it says: moves its SYMBOL()s from START to END, and KERNELOFFSET, by DELTA, and sets
 * phys_base.
 */
bool dump_correct_vmcoreinfo(struct dump *dump, uint64_t start, uint64_t end, uint64_t delta,
			     uint64_t phys_base, struct error *error);
/* Puts one more sentence into dump->doubt, as far as it fits. */
void dump_doubt(struct dump *dump, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The value of "KEY=" in VMCOREINFO: a pointer into the text and its length; NULL if absent. */
const char *dump_vmcoreinfo(const struct dump *dump, const char *key, size_t *length_ret);
/* The same copied into TEXT, as far as it fits; false, and TEXT as it was, if absent. */
/* Is the KEY there more than once, with different values? Then nobody knows which is right; dump_vmcoreinfo() has the first. */
bool dump_vmcoreinfo_contradicts(const struct dump *dump, const char *key);
bool dump_vmcoreinfo_string(const struct dump *dump, const char *key, char *text, size_t size);
/* The same as a number, e.g. dump_vmcoreinfo_number(dump, "NUMBER(phys_base)", 10, &value). */
bool dump_vmcoreinfo_number(const struct dump *dump, const char *key, int base,
			    uint64_t *value_ret);

#endif
