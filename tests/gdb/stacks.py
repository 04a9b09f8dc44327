"""Sourced by gdb: prints every thread's stack as gdb itself unwinds it, one JSON object per line.

No frame filters: the raw frames, with gdb's own view of their kind.
"""
import json

import gdb


def frames():
    frame, result = gdb.newest_frame(), []
    while frame is not None and len(result) < 200:
        function, sal = frame.name(), frame.find_sal()
        result.append({
            "pc": frame.pc(),
            "function": function,
            # gdb also makes frames for tail calls, out of DWARF alone: they have no stack of their own.
            "inline": frame.type() in (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME),
            "tail": frame.type() == gdb.TAILCALL_FRAME,
            "signal": frame.type() == gdb.SIGTRAMP_FRAME,
            "line": sal.line,
            "file": sal.symtab.filename if sal.symtab else None,
        })
        reason = frame.unwind_stop_reason()
        frame = frame.older()
    return result, gdb.frame_stop_reason_string(reason)


for thread in sorted(gdb.selected_inferior().threads(), key=lambda t: t.num):
    thread.switch()
    try:
        stack, end = frames()
        error = None
    except gdb.error as e:
        stack, end, error = [], "", str(e)
    print(json.dumps({"num": thread.num, "id": thread.ptid[1], "name": thread.name, "frames": stack,
                      "end": end, "error": error}))
