// SPDX-License-Identifier: GPL-3.0-or-later
/* Telling kernels apart, and finding the one of the dump; vmlinux.h says why. */
#include "kernel/open/vmlinux.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "symbols/elf/elf_file.h"

#define BANNER_START "Linux version "
#define MAX_NOTES_SIZE 65536

/* Notes have 4-byte alignment whatever the ELF class (kernel and GNU notes). */
void vmlinux_build_id_from_notes(const uint8_t *data, size_t size, bool big_endian, char *hex, size_t hex_size)
{
	size_t at = 0;

	hex[0] = 0;
	while (size - at >= 12) {
		const uint32_t header[3] = { bytes_u32(data + at, big_endian), bytes_u32(data + at + 4, big_endian),
					     bytes_u32(data + at + 8, big_endian) };
		uint64_t name, contents, next;

		name = at + 12;
		contents = name + (((uint64_t)header[0] + 3) & ~3ull);
		next = contents + (((uint64_t)header[1] + 3) & ~3ull);
		if (contents + header[1] > size)
			return;
		if (header[0] == 4 && header[2] == NT_GNU_BUILD_ID &&
		    memcmp(data + name, "GNU", 4) == 0 && (uint64_t)header[1] * 2 < hex_size) {
			for (size_t i = 0; i < header[1]; i++)
				snprintf(hex + 2 * i, 3, "%02x", data[contents + i]);
			return;
		}
		if (next > size)
			return;
		at = next;
	}
}

static void read_build_id(const struct elf_file *file, struct vmlinux *vmlinux)
{
	Elf_Scn *section = NULL;

	/*
	 * All note sections: "the" notes are .notes in vmlinux, .note.gnu.build-id in some builds.
	 */
	while (!vmlinux->build_id[0] && (section = elf_nextscn(file->elf, section))) {
		GElf_Shdr header;
		Elf_Data *data;

		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_NOTE)
			continue;
		data = elf_rawdata(section, NULL);
		if (data && data->d_buf)
			vmlinux_build_id_from_notes(data->d_buf, data->d_size,
						    file->header.e_ident[EI_DATA] == ELFDATA2MSB, vmlinux->build_id,
						    sizeof(vmlinux->build_id));
	}
}

/* Copies the release, the word after "Linux version ", out of BANNER. */
static void release_of_banner(const char *banner, char *release, size_t size)
{
	size_t length = strcspn(banner + strlen(BANNER_START), " ");

	if (length >= size)
		length = size - 1;
	memcpy(release, banner + strlen(BANNER_START), length);
	release[length] = 0;
}

static void read_banner(const struct elf_file *file, struct vmlinux *vmlinux)
{
	GElf_Shdr header;
	size_t size, left;
	const char *data = elf_file_contents(file, ".rodata", &header, &size);
	const char *at = data;

	for (; at; at++) {
		size_t length;

		left = size - (at - data);
		at = memmem(at, left, BANNER_START, strlen(BANNER_START));
		if (!at)
			return;
		left = size - (at - data);
		length = strnlen(at, left);
		if (length == left || length >= sizeof(vmlinux->banner) ||
		    !memchr(at, '#', length) || !isdigit((unsigned char)at[strlen(BANNER_START)]))
			continue;	/* a message about Linux versions */
		memcpy(vmlinux->banner, at, length + 1);
		vmlinux->banner_address = header.sh_addr + (at - data);
		release_of_banner(vmlinux->banner, vmlinux->release, sizeof(vmlinux->release));
		return;
	}
}

bool vmlinux_identify(const char *path, struct vmlinux *vmlinux, struct error *error)
{
	struct elf_file file;

	memset(vmlinux, 0, sizeof(*vmlinux));
	snprintf(vmlinux->path, sizeof(vmlinux->path), "%s", path);
	if (!elf_file_open(&file, path, error))
		return false;
	vmlinux->machine = file.header.e_machine;
	read_build_id(&file, vmlinux);
	read_banner(&file, vmlinux);
	elf_file_close(&file);
	if (!vmlinux->build_id[0] && !vmlinux->banner_address)
		return error_set(
			error, ERROR_FORMAT,
			"%s is not a kernel: it has neither a build-id nor the text \"%s...\"",
			path, BANNER_START);
	return true;
}

static const char *or_unknown(const char *text)
{
	return text[0] ? text : "unknown";
}

static bool refuse(const struct kernel *kernel, const struct vmlinux *vmlinux,
		   const char *dump_build_id, const char *dump_release, struct error *error)
{
	(void)kernel;
	return error_set(error, ERROR_FORMAT,
			 "%.200s is not the kernel of this dump: vmlinux is %.64s (build-id %s), "
			 "the dump is of %.64s (build-id %s); use the matching vmlinux, or `set "
			 "vmcore force-vmlinux on'",
			 vmlinux->path, or_unknown(vmlinux->release), or_unknown(vmlinux->build_id),
			 or_unknown(dump_release), or_unknown(dump_build_id));
}

bool vmlinux_check_headers(const struct kernel *kernel, const struct vmlinux *vmlinux, bool force,
			   bool *certain_ret, struct error *error)
{
	*certain_ret = false;
	if (vmlinux->machine != kernel->arch->elf_machine)
		return error_set(error, ERROR_FORMAT,
				 "%s is for another machine than the dump, which is %s's",
				 vmlinux->path, kernel->arch->name);
	if (force)
		return true;
	if (kernel->build_id[0] && vmlinux->build_id[0]) {
		*certain_ret = true;
		if (strcasecmp(kernel->build_id, vmlinux->build_id) != 0)
			return refuse(kernel, vmlinux, kernel->build_id, kernel->release, error);
		return true;
	}
	if (kernel->release[0] && vmlinux->release[0] &&
	    strcmp(kernel->release, vmlinux->release) != 0)
		return refuse(kernel, vmlinux, kernel->build_id, kernel->release, error);
	return true;
}

/* The kernel keeps its notes mapped for /sys/kernel/notes. */
void vmlinux_build_id_from_memory(struct kernel *kernel, char *hex, size_t hex_size)
{
	uint64_t start, stop;
	uint8_t *notes;

	hex[0] = 0;
	if (!kernel_symbol(kernel, "__start_notes", &start, NULL) ||
	    !kernel_symbol(kernel, "__stop_notes", &stop, NULL) || stop <= start ||
	    stop - start > MAX_NOTES_SIZE)
		return;
	notes = malloc(stop - start);
	if (notes && memory_read(kernel->memory, start, notes, stop - start, NULL))
		vmlinux_build_id_from_notes(notes, stop - start, kernel->arch->big_endian, hex, hex_size);
	free(notes);
}

bool vmlinux_check_memory(struct kernel *kernel, const struct vmlinux *vmlinux, bool force,
			  struct error *error)
{
	char build_id[sizeof(kernel->build_id)], banner[sizeof(vmlinux->banner)], release[65] = "";
	uint64_t address = vmlinux->banner_address + kernel->memory->kaslr_offset;
	bool same;

	vmlinux_build_id_from_memory(kernel, build_id, sizeof(build_id));
	if (vmlinux->banner_address &&
	    memory_read_string(kernel->memory, address, banner, sizeof(banner), NULL) &&
	    strncmp(banner, BANNER_START, strlen(BANNER_START)) == 0)
		release_of_banner(banner, release, sizeof(release));
	if (build_id[0] && vmlinux->build_id[0])
		same = strcasecmp(build_id, vmlinux->build_id) == 0;
	else if (release[0])
		same = strcmp(banner, vmlinux->banner) == 0;
	else	/* That memory is missing: nothing speaks against this vmlinux. */
		same = true;
	if (!same && !force)
		return refuse(kernel, vmlinux, build_id, release[0] ? release : kernel->release,
			      error);
	if (same && !kernel->build_id[0])
		snprintf(kernel->build_id, sizeof(kernel->build_id), "%s", build_id);
	return true;
}

/*
 * The link-time address of a symbol of the file, for the few that are needed before the symbol
 * table is.
 */
static bool link_address(const char *path, const char *name, uint64_t *address_ret)
{
	struct elf_file file;
	GElf_Shdr header;
	Elf_Scn *section;
	Elf_Data *data;
	bool found = false;

	if (!elf_file_open(&file, path, NULL))
		return false;
	section = elf_file_section(&file, ".symtab", &header);
	data = section ? elf_getdata(section, NULL) : NULL;
	for (int i = 0;
	     data && !found && header.sh_entsize && i < (int)(data->d_size / header.sh_entsize);
	     i++) {
		GElf_Sym symbol;
		const char *text;

		if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF)
			continue;
		text = elf_strptr(file.elf, header.sh_link, symbol.st_name);
		if (text && strcmp(text, name) == 0) {
			*address_ret = symbol.st_value;
			found = true;
		}
	}
	elf_file_close(&file);
	return found;
}

/* VMCOREINFO has run-time addresses of some symbols; vmlinux has their link-time addresses. */
static bool kaslr_from_vmcoreinfo(struct kernel *kernel, const struct vmlinux *vmlinux)
{
	static const char *const names[][2] = {
		{ "SYMBOL(_stext)", "_stext" },
		{ "SYMBOL(swapper_pg_dir)", "swapper_pg_dir" },
		{ "SYMBOL(swapper_pg_dir)", "init_top_pgt" },	/* what it is on x86_64 */
		{ "SYMBOL(init_uts_ns)", "init_uts_ns" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		uint64_t loaded, linked;

		if (dump_vmcoreinfo_number(kernel->dump, names[i][0], 16, &loaded) &&
		    link_address(vmlinux->path, names[i][1], &linked)) {
			kernel->memory->kaslr_offset = loaded - linked;
			return true;
		}
	}
	return false;
}

/*
 * Without VMCOREINFO: the banner is at its link-time address plus the offset, one of those that KASLR gives on
 * this machine (none where that is not known).
 */
static bool kaslr_from_banner(struct kernel *kernel, const struct vmlinux *vmlinux, bool force)
{
	const struct arch *arch = kernel->arch;
	char text[sizeof(vmlinux->banner)];
	size_t size = strlen(vmlinux->banner) + 1;

	if (!vmlinux->banner_address)
		return false;
	for (uint64_t offset = 0; offset < arch->image_reach; offset += arch->image_step) {
		uint64_t address = vmlinux->banner_address + offset;

		if (!memory_read(kernel->memory, address, text, strlen(BANNER_START), NULL) ||
		    memcmp(text, BANNER_START, strlen(BANNER_START)) != 0)
			continue;
		if (force || (memory_read(kernel->memory, address, text, size, NULL) &&
			      memcmp(text, vmlinux->banner, size) == 0)) {
			kernel->memory->kaslr_offset = offset;
			return true;
		}
	}
	return false;
}

/* Is the banner of vmlinux where OFFSET puts it? Unknown where that memory is missing. */
enum fit { FITS, FITS_NOT, FITS_UNKNOWN };

static enum fit banner_fits(struct kernel *kernel, const struct vmlinux *vmlinux, uint64_t offset)
{
	char text[sizeof(vmlinux->banner)];
	struct error why;

	if (!vmlinux->banner_address)
		return FITS_UNKNOWN;
	if (!memory_read(kernel->memory, vmlinux->banner_address + offset, text, strlen(BANNER_START), &why))
		return why.kind == ERROR_NOT_MAPPED ? FITS_NOT : FITS_UNKNOWN;
	return memcmp(text, BANNER_START, strlen(BANNER_START)) == 0 ? FITS : FITS_NOT;
}

/* KERNELOFFSET, which can be another boot's, or what the symbols beside it say. */
static bool kaslr_said(struct kernel *kernel, const struct vmlinux *vmlinux)
{
	uint64_t offset;
	enum fit fit;

	if (!dump_vmcoreinfo_number(kernel->dump, "KERNELOFFSET", 16, &offset))
		return kaslr_from_vmcoreinfo(kernel, vmlinux);
	kernel->memory->kaslr_offset = offset;
	fit = banner_fits(kernel, vmlinux, offset);
	if (fit == FITS)
		return true;
	if ((kaslr_from_vmcoreinfo(kernel, vmlinux) && kernel->memory->kaslr_offset != offset &&
	     banner_fits(kernel, vmlinux, kernel->memory->kaslr_offset) == FITS) ||
	    (fit == FITS_NOT && kaslr_from_banner(kernel, vmlinux, false))) {
		dump_doubt(kernel->dump,
			   "memory contradicts the KERNELOFFSET of VMCOREINFO: 0x%llx; the kernel was "
			   "moved by 0x%llx",
			   (unsigned long long)offset,
			   (unsigned long long)kernel->memory->kaslr_offset);
		return true;
	}
	kernel->memory->kaslr_offset = offset;
	return true;
}

bool vmlinux_find_kaslr(struct kernel *kernel, const struct vmlinux *vmlinux, bool force,
			struct error *error)
{
	/* Tables taken from a CPU mean that VMCOREINFO is absent or was found to be wrong. */
	bool trusted = kernel->dump->vmcoreinfo && !kernel->memory->root_from_cpu;

	if (trusted && kaslr_said(kernel, vmlinux))
		return true;
	if (kaslr_from_banner(kernel, vmlinux, force))
		return true;
	return error_set(error, ERROR_FORMAT,
			 "where the kernel was loaded cannot be found: the dump has no usable "
			 "VMCOREINFO, and the banner of %.200s (%.64s) is nowhere in its memory; "
			 "is it of another kernel?",
			 vmlinux->path, or_unknown(vmlinux->release));
}
