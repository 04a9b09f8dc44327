/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ORC's rows (symbols/cfi/orc.h) in the shape that all others have, for the unwinder. */
#ifndef VMCORE_SYMBOLS_ORC_FRAME_H
#define VMCORE_SYMBOLS_ORC_FRAME_H

#include "symbols/cfi/frame_table.h"
#include "symbols/cfi/orc.h"

/* A row in which nothing but the stack pointer, which is the CFA, is known of the caller. */
void orc_frame_start(const struct arch *arch, struct frame_row *row);
/* False where ORC says nothing (ORC_TYPE_UNKNOWN) or nothing that makes sense. */
bool orc_frame(const struct arch *arch, const struct orc_row *orc, struct frame_row *row);

#endif
