// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The page: the flame graph of all tasks' stacks, below their states.
 *
 * It is a tree of functions from the outermost in; a box is as wide as the tasks that are in it or
 * in what it called. Each box is an <svg> of its own with its place in percent of the picture, so
 * that it fits any screen without a script while its text keeps its size and is cut at its edge.
 */
#include "commands/report/report_page.h"

#include <stdlib.h>
#include <string.h>

#define ROW_HEIGHT	18
#define MAX_BOXES	4000
#define MAX_DEPTH	64 /* functions; the innermost ones are left out */
#define MAX_TEXT_STACKS 100
#define LEAST_SHARE	0.06 /* of the picture, for a state */
#define MAX_NAMES	400  /* bytes of the tasks' names of one stack */

struct box {
	const char *name, *module; /* the document's */
	const char *state;	   /* letters */
	size_t count;
	struct box *first, *next; /* what it called; the next beside it */
	double x, width;	  /* of the whole, 0 to 1 */
	unsigned depth;
};

struct flame {
	struct box *boxes; /* [MAX_BOXES] */
	size_t used, drawn;
	bool full;
	unsigned depth; /* the deepest */
	struct buffer *html;
	struct box *root;
};

static struct box *child(struct flame *flame, struct box *parent, const char *name,
			 const char *module, const char *state)
{
	struct box **at = &parent->first;

	for (; *at; at = &(*at)->next)
		if (!strcmp((*at)->name, name) && !strcmp((*at)->module, module))
			return *at;
	if (flame->used == MAX_BOXES) {
		flame->full = true;
		return NULL;
	}
	*at = &flame->boxes[flame->used++];
	**at = (struct box){
		.name = name, .module = module, .state = state, .depth = parent->depth + 1
	};
	if ((*at)->depth > flame->depth)
		flame->depth = (*at)->depth;
	return *at;
}

static const char *frame_name(const struct document_row *frame)
{
	const char *name = document_text(frame, "function");

	return *name ? name : document_text(frame, "place");
}

static void add_stack(struct flame *flame, const struct document_row *stack)
{
	const struct document_list *frames = document_list(stack, "frames");
	size_t count = document_number(stack, "count", 0), depth = 0;
	const struct document_row *path[256];
	struct box *box = flame->root;

	box->count += count;
	box = child(flame, box, document_text(stack, "state_name"), "",
		    document_text(stack, "state"));
	for (const struct document_row *frame = document_rows(frames);
	     frame && depth < sizeof(path) / sizeof(path[0]); frame = frame->next)
		path[depth++] = frame;
	for (size_t i = 0; box; i++) {
		box->count += count;
		if (i == depth || i == MAX_DEPTH)
			break;
		box = child(flame, box, frame_name(path[depth - 1 - i]),
			    document_text(path[depth - 1 - i], "module"), box->state);
	}
}

static int compare_boxes(const void *left, const void *right)
{
	const struct box *a = *(struct box *const *)left, *b = *(struct box *const *)right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* Widest first: what is common is on the left, what is special on the right. */
static void sort_children(struct box *parent)
{
	struct box **order, **at = &parent->first;
	size_t count = 0, i = 0;

	for (struct box *box = parent->first; box; box = box->next)
		count++;
	order = count > 1 ? calloc(count, sizeof(*order)) : NULL;
	if (!order)
		return;
	for (struct box *box = parent->first; box; box = box->next)
		order[i++] = box;
	qsort(order, count, sizeof(*order), compare_boxes);
	for (i = 0; i < count; i++) {
		*at = order[i];
		at = &order[i]->next;
	}
	*at = NULL;
	free(order);
}

/* In its place at X, WIDTH wide; what it called has its part of that. */
static void place(struct box *box, double x, double width)
{
	box->x = x;
	box->width = width;
	sort_children(box);
	for (struct box *inner = box->first; inner; inner = inner->next) {
		double part = width * inner->count / box->count;

		place(inner, x, part);
		x += part;
	}
}

/* A state's part of the picture, before all are scaled to fit. */
static double share(const struct box *root, const struct box *state)
{
	double part = (double)state->count / root->count;
	double least = state->first ? LEAST_SHARE : LEAST_SHARE / 4;

	return part > least ? part : least;
}

/*
 * The few tasks that run or are blocked are what one looks for among thousands that sleep, so each
 * state gets some room. Within a state widths are true.
 */
static void place_states(struct box *root)
{
	double sum = 0, x = 0;

	sort_children(root);
	for (const struct box *state = root->first; state; state = state->next)
		sum += share(root, state);
	root->width = 1;
	for (struct box *state = root->first; state; state = state->next) {
		place(state, x, share(root, state) / sum);
		x += state->width;
	}
}

static void draw(struct flame *flame, const struct box *box)
{
	struct buffer *html = flame->html;

	/* Less than a third of a pixel of a wide screen. */
	if (box->width < 1.0 / 5000)
		return;
	flame->drawn++;
	buffer_printf(html,
		      "<svg class=\"s-%s h%u\" x=\"%.3f%%\" y=\"%u\" width=\"%.3f%%\" "
		      "height=\"%u\"><title>",
		      *box->state ? box->state : "all", box->depth % 2, box->x * 100,
		      (flame->depth - box->depth) * ROW_HEIGHT, box->width * 100, ROW_HEIGHT - 1);
	html_text(html, box->name);
	if (*box->module) {
		buffer_string(html, " [");
		html_text(html, box->module);
		buffer_string(html, "]");
	}
	buffer_printf(html, ": %zu task%s, %.1f%%</title><rect width=\"100%%\" height=\"100%%\"/>",
		      box->count, box->count == 1 ? "" : "s",
		      100.0 * box->count / flame->root->count);
	/* Text that nobody could read is not worth its bytes. */
	if (box->width > 0.025) {
		buffer_string(html, "<text x=\"3\" y=\"13\">");
		html_text(html, box->name);
		buffer_string(html, "</text>");
	}
	buffer_string(html, "</svg>\n");
	for (const struct box *inner = box->first; inner; inner = inner->next)
		draw(flame, inner);
}

static void legend(const struct flame *flame)
{
	struct buffer *html = flame->html;

	buffer_string(html, "<ul class=\"legend\">\n");
	for (const struct box *box = flame->root->first; box; box = box->next) {
		buffer_printf(html, "<li><span class=\"swatch s-%s\"></span>", box->state);
		html_text(html, box->name);
		buffer_printf(html, " <b>%zu</b></li>\n", box->count);
	}
	buffer_string(html, "</ul>\n");
}

static void picture(struct flame *flame)
{
	struct buffer *html = flame->html;
	unsigned height = (flame->depth + 1) * ROW_HEIGHT;

	legend(flame);
	buffer_printf(html,
		      "<p class=\"tools\" hidden><label>Find a function <input type=\"search\" "
		      "id=\"flame-find\"></label> <button type=\"button\" "
		      "id=\"flame-reset\">Whole picture</button> <output "
		      "id=\"flame-found\"></output></p>\n"
		      "<figure><svg id=\"flame\" class=\"flame\" width=\"100%%\" height=\"%u\" "
		      "role=\"img\" aria-labelledby=\"flame-title\">\n"
		      "<title id=\"flame-title\">Flame graph of the stacks of %zu tasks</title>\n",
		      height, flame->root->count);
	draw(flame, flame->root);
	buffer_string(html,
		      "</svg>\n<figcaption>Each box is a function, as wide as the tasks in "
		      "it are many; above it is what it called. At the bottom are the "
		      "tasks&#39; states; a rare one is drawn wider than it is, so that it can be "
		      "seen.");
	if (flame->full || flame->used > flame->drawn)
		buffer_string(html, " Boxes too narrow to be seen are left out.");
	buffer_string(html, "</figcaption></figure>\n");
}

/* Cut at a place where a name ends. */
static void names(const struct document_row *stack, struct buffer *html)
{
	const struct document_cell *cell = document_cell(stack, "names");
	size_t size = cell ? cell->size : 0;

	if (size > MAX_NAMES) {
		size = MAX_NAMES;
		while (size && cell->text[size] != ' ' && cell->text[size] != '\n')
			size--;
	}
	if (!cell)
		return;
	html_bytes(html, cell->text, size);
	if (size < cell->size)
		buffer_string(html, " &hellip;");
}

/* The same for those who read rather than look, and for searching. */
static void as_text(const struct document_list *stacks, struct buffer *html)
{
	size_t shown = 0;

	buffer_printf(html,
		      "<details><summary>The same as text: %zu different stacks"
		      "</summary>\n",
		      stacks->count);
	for (const struct document_row *stack = stacks->rows; stack && shown < MAX_TEXT_STACKS;
	     stack = stack->next, shown++) {
		buffer_string(html, "<h4>");
		html_text(html, document_text(stack, "count"));
		buffer_string(html, " &middot; ");
		html_text(html, document_text(stack, "state_name"));
		buffer_string(html, "</h4>\n<p class=\"names\">");
		names(stack, html);
		buffer_string(html, "</p>\n");
		page_frames(stack, html);
	}
	html_more(html, stacks->count, shown, "<code>kernel bt -A -u</code> shows them");
	buffer_string(html, "</details>\n");
}

bool page_flame(const struct document_row *root, struct buffer *html)
{
	const struct document_list *stacks = document_list(root, "stacks");
	struct flame flame = { .html = html };

	if (!stacks || !stacks->count)
		return false;
	flame.boxes = calloc(MAX_BOXES, sizeof(*flame.boxes));
	if (!flame.boxes) {
		html->failed = true;
		return false;
	}
	flame.root = &flame.boxes[flame.used++];
	flame.root->name = "all tasks";
	flame.root->module = flame.root->state = "";
	for (const struct document_row *stack = stacks->rows; stack; stack = stack->next)
		add_stack(&flame, stack);
	if (flame.root->count)
		place_states(flame.root);
	picture(&flame);
	as_text(stacks, html);
	free(flame.boxes);
	return true;
}
