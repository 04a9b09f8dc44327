/* SPDX-License-Identifier: GPL-2.0 */
/* tests/rig/module/rig.h: what states.c and containers.c, which make up vmcore_rig.ko, have of each other. */
#ifndef RIG_H
#define RIG_H

#define RIG_MAGIC 0x1122334455667788UL

struct seq_file;

int rig_fill(void);
int rig_containers_show(struct seq_file *out, void *unused);
void rig_show_waiting(struct seq_file *out);

#endif
