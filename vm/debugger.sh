# SPDX-License-Identifier: GPL-2.0-only
# ./guest --gdb: what gdb must know about the guest: the script
# build/.../gdb/attach.

# kernel_symbols: an object with the names of all functions of the stock kernel,
# from the kernel itself; without KASLR their addresses never change. Only
# Debian's package linux-image-...-dbg has types and lines.
kernel_symbols() {
	symbols=$out/gdb/kernel-$(cat "$kernel_dir/release").o
	[ ! -f "$symbols" ] || return 0
	say "guest: looking for the kernel's symbols, once"
	with_target "$here/guest" --no-card --append nokaslr cat /proc/kallsyms </dev/null >"$work/kallsyms" &&
		sort "$work/kallsyms" | awk -f "$vm/kallsyms.awk" >"$work/kernel.s" &&
		sed -n '1s/# //p' "$work/kernel.s" >"$symbols.begin" &&
		"${cross_compile-}gcc" -c -o "$work/kernel.o" "$work/kernel.s" &&
		mv "$work/kernel.o" "$symbols"
}

# module_file NAME: the file of a loaded module, with its debugging information.
module_file() {
	{
		built_modules
		cat "$work/built-modules" 2>/dev/null
	} | awk -v name="$1" '{
		found = $0
		sub(/.*\//, "", found)
		sub(/\.ko$/, "", found)
		gsub(/-/, "_", found)
		if (found == name) {
			print
			exit
		}
	}'
}

# attach_script: the script for the debugger, from what the guest wrote to its
# log.
attach_script() {
	echo "set confirm off"
	echo "target remote $work/gdb.sock"
	symbols=$out/gdb/kernel-$(cat "$kernel_dir/release").o
	echo "add-symbol-file $symbols -s .kernel $(cat "$symbols.begin")"
	sed -n 's/.*cxl-vm: section \([^ ]* [^ ]* 0x[0-9a-f]*\).*/\1/p' "$console_log" >"$work/sections"
	cut -d' ' -f1 "$work/sections" | sort -u | while read -r name; do
		file=$(module_file "$name")
		[ -n "$file" ] || continue
		echo "add-symbol-file $file$(sed -n "s/^$name / -s /p" "$work/sections" | tr -d '\n')"
	done
}

# tell_debugger: wait until the guest's modules are loaded; for the background.
tell_debugger() {
	until grep -q 'cxl-vm: sections end' "$console_log" 2>/dev/null; do
		sleep 0.2
	done
	attach_script >"$out/gdb/attach.new"
	mv "$out/gdb/attach.new" "$out/gdb/attach"
	say "guest: waiting for a debugger; in another terminal:" \
		"gdb -x $out/gdb/attach"
}
