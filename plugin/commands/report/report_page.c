// SPDX-License-Identifier: GPL-3.0-or-later
/* The page as a whole: its head, the facts at the top, and the order of the sections. */
#include "commands/report/report_page.h"

#include <string.h>

/* In the order of what one wants to see first. */
static const struct section {
	const char *id, *title;
	/* false: there is nothing to say, not even that */
	bool (*draw)(const struct document_row *root, struct buffer *html);
} sections[] = {
	{ "panic", "Where it died", page_panic },
	{ "cpus", "Other CPUs", page_cpus },
	{ "blocked", "Blocked tasks", page_blocked },
	{ "tasks", "All tasks", page_flame },
	{ "memory", "Memory", page_memory },
	{ "modules", "Modules", page_modules },
	{ "log", "Log", page_log },
};

/* A fact: its label, and what is to be shown; nothing where nothing is known. */
static void fact(struct buffer *html, const char *label, const char *value)
{
	if (!*value)
		return;
	buffer_printf(html, "<div><dt>%s</dt><dd>", label);
	html_text(html, value);
	buffer_string(html, "</dd></div>\n");
}

static void panicked_fact(const struct document_row *root, struct buffer *html)
{
	const struct document_row *task = document_object(root, "panicked");
	struct buffer text = { 0 };

	if (!task)
		return;
	buffer_printf(&text, "CPU %s", document_text(task, "cpu"));
	if (document_cell(task, "pid"))
		buffer_printf(&text, ", PID %s \"%s\"", document_text(task, "pid"),
			      document_text(task, "comm"));
	html->failed |= text.failed;
	fact(html, "Panicked on", text.data ? text.data : "");
	buffer_free(&text);
}

static void machine_fact(const struct document_row *system, struct buffer *html)
{
	struct buffer text = { 0 };

	buffer_printf(&text, "%s%s%s", document_text(system, "machine"),
		      *document_text(system, "machine") ? ", " : "", document_text(system, "cpus"));
	buffer_printf(&text, " CPUs, %s", document_text(system, "memory_bytes"));
	if (document_cell(system, "cpus"))
		fact(html, "Machine", text.data ? text.data : "");
	html->failed |= text.failed;
	buffer_free(&text);
}

/* A directory's name says nothing to who gets the page. */
static void dump_fact(const struct document_row *system, struct buffer *html)
{
	const char *path = document_text(system, "dumpfile"), *slash = strrchr(path, '/');
	const char *flags = document_text(system, "dumpfile_flags");
	struct buffer text = { 0 };

	buffer_printf(&text, "%s%s%s", slash && !strchr(path, ' ') ? slash + 1 : path,
		      *flags ? " " : "", flags);
	fact(html, "Dump file", text.data ? text.data : "");
	html->failed |= text.failed;
	buffer_free(&text);
}

static void facts(const struct document_row *root, struct buffer *html)
{
	const struct document_row *system = document_object(root, "system");
	const char *taints = document_text(system, "taint_text");

	buffer_string(html, "<dl class=\"facts\">\n");
	fact(html, "Kernel", document_text(system, "release"));
	fact(html, "Version", document_text(system, "version"));
	panicked_fact(root, html);
	machine_fact(system, html);
	fact(html, "Host", document_text(system, "nodename"));
	fact(html, "Time", document_text(system, "date"));
	fact(html, "Uptime", document_text(system, "uptime_ns"));
	fact(html, "Load", document_text(system, "load_text"));
	fact(html, "Tasks", document_text(system, "tasks"));
	dump_fact(system, html);
	fact(html, "Made by", document_text(document_object(root, "report"), "tool"));
	if (*document_text(system, "taints"))
		fact(html, "Tainted", taints);
	else if (document_cell(system, "taints"))
		fact(html, "Tainted", "no");
	buffer_string(html, "</dl>\n");
}

static const char *headline(const struct document_row *root)
{
	const char *panic = document_text(document_object(root, "system"), "panic");

	return *panic ? panic : "No panic and no oops in the log";
}

static void head(const struct document_row *root, struct buffer *html)
{
	const struct document_row *system = document_object(root, "system");

	buffer_string(html,
		      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
	/* Before anything that comes from the dump: its own style and script, and nothing else. */
	buffer_printf(html,
		      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		      "style-src 'unsafe-inline'; script-src '%s'; base-uri 'none'; form-action "
		      "'none'\">\n",
		      report_script_hash);
	buffer_string(html, "<meta name=\"viewport\" content=\"width=device-width, "
			    "initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light "
			    "dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<title>");
	html_text(html, headline(root));
	if (*document_text(system, "release")) {
		buffer_string(html, " - ");
		html_text(html, document_text(system, "release"));
	}
	buffer_printf(html, "</title>\n<style>\n%s</style>\n</head>\n<body>\n", report_style);
}

static void notes(const struct document_row *root, struct buffer *html)
{
	const struct document_row *system = document_object(root, "system");

	if (!root->notes && !(system && system->notes))
		return;
	buffer_string(html, "<section id=\"notes\" aria-labelledby=\"h-notes\">\n<h2 "
			    "id=\"h-notes\">Notes</h2>\n");
	html_notes(html, root);
	if (system)
		html_notes(html, system);
	buffer_string(html, "</section>\n");
}

void report_page(const struct document_row *root, struct buffer *html)
{
	struct buffer body = { 0 }, links = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct section *section = &sections[i];
		struct buffer part = { 0 };

		if (section->draw(root, &part)) {
			buffer_printf(&links, "<li><a href=\"#%s\">%s</a></li>\n", section->id,
				      section->title);
			buffer_printf(&body,
				      "<section id=\"%s\" aria-labelledby=\"h-%s\">\n<h2 "
				      "id=\"h-%s\">%s</h2>\n",
				      section->id, section->id, section->id, section->title);
			if (part.size)
				buffer_append(&body, part.data, part.size);
			buffer_string(&body, "</section>\n");
		}
		html->failed |= part.failed;
		buffer_free(&part);
	}
	notes(root, &body);
	head(root, html);
	buffer_string(html, "<header>\n<p class=\"kicker\">Linux kernel crash report</p>\n<h1>");
	html_text(html, headline(root));
	buffer_string(html, "</h1>\n");
	facts(root, html);
	buffer_string(html, "</header>\n<nav aria-label=\"Sections\"><ul>\n");
	buffer_string(html, links.data ? links.data : "");
	buffer_string(html, "</ul></nav>\n<main>\n");
	if (body.size)
		buffer_append(html, body.data, body.size);
	buffer_printf(html, "</main>\n<script>%s</script>\n</body>\n</html>\n", report_script);
	html->failed |= body.failed || links.failed;
	buffer_free(&body);
	buffer_free(&links);
}
