# SPDX-License-Identifier: GPL-2.0-only
# Pack what the guest boots from. It is not compressed: unpacking costs an
# emulated CPU more than reading.

# stock_modules: paths of the modules that stdin names and of all they need,
# below the folder of modules.dep; nothing for built-in ones.
stock_modules() {
	awk '
		NR == FNR {
			wanted[++count] = $1
			next
		}
		{
			name = $1
			sub(/.*\//, "", name)
			sub(/\.ko.*/, "", name)
			sub(/:/, "")
			needs[name] = $0
		}
		END {
			for (i = 1; i <= count; i++) {
				n = split(needs[wanted[i]], paths)
				for (j = 1; j <= n; j++)
					if (!seen[paths[j]]++)
						print paths[j]
			}
		}' - "$kernel_dir/modules/modules.dep"
}

# add_stock_module SOURCE TARGET: decompressed, since busybox cannot.
add_stock_module() {
	mkdir -p "${2%/*}"
	case $1 in
	*.xz) xz -dc "$1" >"${2%.xz}" ;;
	*) cp "$1" "$2" ;;
	esac
}

# add_file SOURCE TARGET: a file, or a folder with all its contents.
add_file() {
	[ -e "$1" ] || die "--add: there is no $1"
	mkdir -p "$(dirname "$2")"
	cp -rLT "$1" "$2"
}

# modules_in_order TREE: the modules of its last build. 6.1 lists .ko files by
# full path, later kernels .o files.
modules_in_order() {
	[ -f "$1/modules.order" ] || return 0
	sed "s,\.o$,.ko,; s,^[^/],$1/&," "$1/modules.order"
}

# The modules of this project
built_modules() {
	modules_in_order "$out/modules"
}

# add_programs FROM TO: the executable files of a folder.
add_programs() {
	mkdir -p "$2"
	for program in "$1"/*; do
		if [ -f "$program" ] && [ -x "$program" ]; then
			cp "$program" "$2"
		fi
	done
}

# stage_kernel ROOT LIST...: busybox, the init, our modules, and the stock modules
# listed in the files LIST.
stage_kernel() {
	root=$1
	shift
	release=$(cat "$kernel_dir/release")
	to=$root/lib/modules/$release
	mkdir -p "$root/bin" "$root/vm" "$to/extra"
	cp -L "$kernel_dir/busybox" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp "$vm/guest/init" "$root/init"

	for path in $(cat "$@" | stock_modules); do
		add_stock_module "$kernel_dir/modules/$path" "$to/$path"
	done
	for ko in $(built_modules); do
		"${cross_compile-}strip" --strip-debug -o "$to/extra/${ko##*/}" "$ko"
	done
	cp "$kernel_dir/modules/modules.order" \
		"$kernel_dir/modules/modules.builtin"* "$to"
	depmod -b "$root" "$release"
}

# add_terminfo ROOT: describes the console to programs that draw on the screen.
# Debian 13 has it only in the second place.
terminfo_folders='/lib/terminfo /usr/share/terminfo /etc/terminfo'
add_terminfo() {
	for terminfo in $terminfo_folders; do
		[ -e "$terminfo/l/linux" ] || continue
		add_file "$terminfo/l/linux" "$1/lib/terminfo/l/linux"
		break
	done
}

# stage_guest ROOT LIST: everything but the files of this one run; the file LIST names
# more stock modules.
stage_guest() {
	root=$1
	stage_kernel "$root" "$vm/guest/stock-modules" "$2"

	add_terminfo "$root"

	add_programs "$out/tools" "$root/bin"
	add_programs "$out/tests" "$root/tests"
	add_programs "$out/tests/debug" "$root/tests"
	add_programs "$out/tests/lib" "$root/tests/lib"
	[ ! -d "$out/tests/schema" ] || add_file "$out/tests/schema" "$root/tests/schema"
}

# pack_guest ROOT FILE
pack_guest() {
	(cd "$1" && find . | cpio --quiet -o -H newc -R 0:0) >"$2"
}
