# SPDX-License-Identifier: GPL-3.0-or-later
# bash completion of gdb-vmcore: its options before the files, dumps, vmlinux and directories after them.
_gdb_vmcore() {
	local word=${COMP_WORDS[COMP_CWORD]} files

	COMPREPLY=()
	if [[ $word == -* && $COMP_CWORD -eq 1 ]]; then
		mapfile -t COMPREPLY < <(compgen -W "--gdb= --crash --help --version" -- "$word")
		[[ ${COMPREPLY[0]-} == *= ]] && compopt -o nospace
		return 0
	fi
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(
		compgen -d -- "$word"
		compgen -f -X '!*@(vmcore|dump.|vmlinux|.vmss|.vmsn|.vmem|.elf)*' -- "$word"
	)
	# Dumps may have any name.
	mapfile -t files < <(compgen -f -- "$word")
	[[ ${#COMPREPLY[@]} -gt 0 ]] || COMPREPLY=("${files[@]}")
}
shopt -s extglob
complete -F _gdb_vmcore gdb-vmcore
