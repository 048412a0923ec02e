# SPDX-License-Identifier: GPL-2.0-only
# Pack what the guest boots with. Not compressed: unpacking costs an emulated
# CPU more than reading.

# with_dependencies NAME...: paths of stock modules and all they need, below
# the folder of modules.dep.
with_dependencies() {
	awk -v wanted="$*" '
		{ path = $1; sub(/:$/, "", path); base = path
		  sub(/.*\//, "", base); sub(/\.ko.*/, "", base)
		  gsub(/-/, "_", base); where[base] = $0 }
		END { n = split(wanted, w)
		  for (i = 1; i <= n; i++) {
			gsub(/-/, "_", w[i])
			if (!(w[i] in where)) continue	# built in
			m = split(where[w[i]], p)
			for (j = 1; j <= m; j++) {
				sub(/:$/, "", p[j])
				if (!seen[p[j]]++) print p[j]
			}
		  }
		}' "$kernel_dir/modules/modules.dep"
}

# add_stock_module SOURCE TARGET: decompressed, since busybox cannot.
add_stock_module() {
	mkdir -p "${2%/*}"
	case $1 in
	*.xz) xz -dc "$1" >"${2%.xz}" ;;
	*) cp "$1" "$2" ;;
	esac
}

# add_file SOURCE TARGET: a file, or a folder with all in it.
add_file() {
	[ -e "$1" ] || die "--add: there is no $1"
	mkdir -p "$(dirname "$2")"
	cp -rLT "$1" "$2"
}

# The modules of the last build. 6.1 lists .ko files by full path, later
# kernels .o files.
built_modules() {
	[ -f "$out/modules/modules.order" ] || return 0
	sed "s,\.o$,.ko,; s,^[^/],$out/modules/&," "$out/modules/modules.order"
}

# stage_guest ROOT: everything but the files of this one run.
stage_guest() {
	root=$1
	release=$(cat "$kernel_dir/release")
	to=$root/lib/modules/$release
	mkdir -p "$root/bin" "$root/vm" "$root/tests" "$to/extra"
	cp -L "$kernel_dir/busybox" "$root/bin/busybox"
	ln -s busybox "$root/bin/sh"
	cp "$vm/guest/init" "$root/init"

	for path in $(with_dependencies $(cat "$vm/guest/stock-modules")); do
		add_stock_module "$kernel_dir/modules/$path" "$to/$path"
	done
	for ko in $(built_modules); do
		"${cross_compile-}strip" --strip-debug -o "$to/extra/${ko##*/}" "$ko"
	done
	cp "$kernel_dir/modules/modules.order" \
		"$kernel_dir/modules/modules.builtin"* "$to"
	depmod -b "$root" "$release"

	for program in "$out"/tools/*; do
		[ -x "$program" ] && [ -f "$program" ] && cp "$program" "$root/bin"
	done
	for program in "$out"/tests/*; do
		[ -x "$program" ] && [ -f "$program" ] && cp "$program" "$root/tests"
	done
	return 0
}

# pack_guest ROOT FILE
pack_guest() {
	(cd "$1" && find . | cpio --quiet -o -H newc -R 0:0) >"$2"
}
