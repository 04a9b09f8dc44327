/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The page of `report -o`: HTML drawn from what the command said (document.h), and from nothing
 * else.
 *
 * All text comes out of a dump, so it is hostile: it goes through html_text(), which makes control
 * characters visible and escapes what HTML knows. The page allows itself nothing but its own style
 * and its own script (Content-Security-Policy), has no links to anywhere but itself, and reads
 * well without the script. Its size is bounded: long lists end in "and N more".
 *
 * To add a section: a function here that draws it, and a row in report_page.c's table.
 */
#ifndef VMCORE_COMMANDS_REPORT_PAGE_H
#define VMCORE_COMMANDS_REPORT_PAGE_H

#include "base/buffer.h"
#include "base/error.h"
#include "commands/report/document.h"

/* The whole page. */
void report_page(const struct document_row *root, struct buffer *html);

/* --- report_html.c --- */
/* Appends text with everything escaped: for content and for "quoted" attributes. */
void html_text(struct buffer *html, const char *text);
void html_bytes(struct buffer *html, const char *text, size_t size);
/* "1.5 GiB" */
void html_size(struct buffer *html, uint64_t bytes);
/* <p class="more">and 17 more; WHERE</p> if there are more than were shown. */
void html_more(struct buffer *html, size_t count, size_t shown, const char *where);
/* The notes of ROW as paragraphs. */
void html_notes(struct buffer *html, const struct document_row *row);

/* --- the sections, one file each --- */
bool page_panic(const struct document_row *root, struct buffer *html); /* report_stacks.c */
bool page_cpus(const struct document_row *root, struct buffer *html);
void page_frames(const struct document_row *task, struct buffer *html);
bool page_log(const struct document_row *root, struct buffer *html); /* report_log.c */
void page_last_lines(const struct document_row *root, struct buffer *html);
bool page_flame(const struct document_row *root, struct buffer *html);	 /* report_flame.c */
bool page_blocked(const struct document_row *root, struct buffer *html); /* report_tables.c */
bool page_memory(const struct document_row *root, struct buffer *html);
bool page_modules(const struct document_row *root, struct buffer *html);

/* --- report_style.c --- */
extern const char report_style[], report_script[];
/* Of report_script, for the policy: 'sha256-...'. A test computes it. */
extern const char report_script_hash[];

#endif
