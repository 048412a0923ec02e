# SPDX-License-Identifier: GPL-2.0-only
# The parts of ./guest: build what it needs, pack what differs from run to run,
# share folders, start QEMU with the streams of the command.

# with_target COMMAND...: pass ARCH etc. to the rest of vm/ in the environment.
with_target() {
	env -u MAKEFLAGS -u MFLAGS KERNEL="$KERNEL" ARCH="$ARCH" BUILD="$BUILD" "$@"
}

# Make takes seconds to find that nothing has changed.
is_built() {
	[ -f "$out/guest/built" ] && [ -f "$kernel_dir/release" ] &&
		[ -z "$(cd "$here" && find Kbuild Makefile drivers include lib tools vm \
			-type f -newer "$out/guest/built" -print -quit)" ]
}

# At a terminal, show progress; but do not mix it with the output of the
# command.
make_parts() {
	set -- "$here/run" guest-parts DIRS="drivers/misc/cxl drivers/misc/cxl-sim drivers/misc/cxl-copy"
	if [ -t 2 ] || [ -n "${V-}" ]; then
		with_target "$@" >&2
		return
	fi
	with_target "$@" >"$out/guest/log" 2>&1 || {
		cat "$out/guest/log" >&2
		return 1
	}
}

build_parts() {
	if is_built; then
		name_parts
		return
	fi
	mkdir -p "$out/guest"
	(
		flock 9
		is_built || make_parts
	) 9>"$out/guest/lock"
	load_target
	name_parts
}

# name_parts: build/guest is what was used last. That of another user is not
# touched.
name_parts() {
	[ "$(readlink "$BUILD/guest")" = "${out##*/}" ] || [ ! -w "$BUILD" ] ||
		ln -sfn "${out##*/}" "$BUILD/guest"
}

# add_module FILE.ko: after the stock modules that it needs.
add_module() {
	modinfo -F depends "$1" | tr , '\n' | grep . | stock_modules | tac | while read -r path; do
		add_stock_module "$kernel_dir/modules/$path" "$work/root/vm/modules/${path##*/}"
		path=${path##*/}
		echo "${path%.xz}" >>"$work/root/vm/modules/order"
	done
	"${cross_compile-}strip" --strip-debug -o "$work/root/vm/modules/${1##*/}" "$1"
	echo "${1##*/}" >>"$work/root/vm/modules/order"
}

add_modules() {
	: >"$work/root/vm/modules/order"
	while IFS= read -r path; do
		if [ -d "$path" ]; then
			built=$(with_target "$vm/build-module" "$path")
			[ -n "$built" ] || wrong_usage "$path builds no module"
			for file in $built; do
				add_module "$file"
				echo "$file" >>"$work/built-modules"
			done
		elif [ -f "$path" ]; then
			add_module "$path"
			echo "$path" >>"$work/built-modules"
		else
			wrong_usage "there is no $path"
		fi
	done <"$work/modules"
}

# add_layer: what lies over the root. If /lib is a link there, it must stay one.
add_layer() {
	layer=$work/root/layer
	release=$(cat "$kernel_dir/release")
	lib=lib
	[ ! -L "${foreign_root:-}/lib" ] || lib=usr/lib
	mkdir -p "$layer/$lib/modules/$release" "$layer/dev" "$layer/proc" "$layer/sys" \
		"$layer/run" "$layer/tmp"
	for file in "$kernel_dir"/modules/modules.* "$kernel_dir/modules/kernel"; do
		ln -s "$(readlink -f "$file")" "$layer/$lib/modules/$release/${file##*/}"
	done
	[ -z "$net" ] || {
		mkdir -p "$layer/etc"
		echo 'nameserver 10.0.2.3' >"$layer/etc/resolv.conf"
	}
	[ -z "$foreign_root" ] ||
		mkdir -p "$layer$folder" "$layer$here" "$layer$out" "$layer$(stock_modules_folder)"
}

# environment: the command's environment, with our programs, library and package
# before all others.
environment() {
	path=$out/tools:${PATH%:/usr/sbin:/sbin}
	[ -z "$foreign_root" ] || path=$out/tools:/usr/sbin:/usr/bin:/sbin:/bin
	env PATH="$path" LD_LIBRARY_PATH="$out/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" \
		PYTHONPATH="$here/python${PYTHONPATH:+:$PYTHONPATH}" env -0
}

# Modules to load. A user's module may need the AFU that cxl-copy would bind to.
our_modules() {
	echo "cxl${card:+ cxl-sim}"
	[ -z "$card" ] || [ -s "$work/modules" ] || echo cxl-copy
}

# stage_run COMMAND...
stage_run() {
	mkdir -p "$work/root/vm/modules"
	printf '%s\0' "$@" >"$work/root/vm/argv"
	environment >"$work/root/vm/environ"
	cp "$work/cards" "$work/root/vm/cards"
	add_modules
	add_layer
	list_shares >"$work/shares"
	cp "$work/shares" "$work/root/vm/shares"
	cat >"$work/root/vm/run" <<-END
		folder_of_command='$(printf %s "$folder" | sed "s/'/'\\\\''/g")'
		TOOLS='$out/tools'
		LOAD_OURS='$(our_modules)'
		SHARE_FS=$share_fs
		NET=$net
		TRACE=$trace_events
		DEBUGGER=$debugger
	END
	cat >"$work/root/vm/settings" <<-END
		RESULTS_TTY=/dev/$console
		LOAD='virtio_pci virtio_console $share_fs overlay${net:+ virtio_net}'
		INTERACTIVE=
		export CXL_TIME_SCALE=${time_scale:-1}
	END
	echo "exec /vm/agent ${terminal_size-}" >"$work/root/vm/command"
	pack_guest "$work/root" "$work/run.cpio"
	cat "$out/guest/base.cpio" "$work/run.cpio" >"$work/initrd"
}

# The targets of the links of add_layer, which a foreign root does not have.
stock_modules_folder() {
	readlink -f "$kernel_dir/modules"
}

# list_shares: tag, options and path of each folder but the root. A path may have
# blanks, and keeps those before its last slash.
list_shares() {
	[ "$folder" = / ] || printf '%s\n' "folder rw $folder/"
	[ -z "$foreign_root" ] || echo "checkout ro $here/"
	[ -z "$foreign_root" ] || echo "modules ro $(stock_modules_folder)/"
}

# virtiofsd TAG FOLDER [OPTION]...: files made by root in the guest belong to
# the user here.
virtiofsd() {
	tag=$1 shared=$2
	shift 2
	loader=$(echo "$virtiofsd_root"/usr/lib/*-linux-gnu*/ld*.so.*)
	uid=$(id -u) gid=$(id -g)
	[ "$uid" -eq 0 ] || set -- "$@" --translate-uid "map:0:$uid:1" --translate-gid "map:0:$gid:1"
	# A signal to our process group is for the command alone.
	setsid "$loader" --library-path "${loader%/*}" "$virtiofsd_root/usr/libexec/virtiofsd" \
		--socket-path "$work/$tag.sock" --shared-dir "$shared" --sandbox none \
		--no-announce-submounts --log-level error "$@" </dev/null >"$work/$tag.log" 2>&1 9>&- &
	servers="$servers $!"
}

start_shares() {
	[ "$share_fs" = virtiofs ] || return 0
	virtiofsd root "${foreign_root:-/}" --readonly
	while read -r tag options place; do
		[ "$options" = rw ] || options=ro
		case $options in
		rw) virtiofsd "$tag" "$place" ;;
		ro) virtiofsd "$tag" "$place" --readonly ;;
		esac
	done <"$work/shares"
	for tag in root $(cut -d' ' -f1 "$work/shares"); do
		waited=0
		until [ -S "$work/$tag.sock" ]; do
			sleep 0.02
			waited=$((waited + 1))
			[ "$waited" -lt 500 ] || die "virtiofsd does not start: $(cat "$work/$tag.log")"
		done
	done
}

# The descriptors are those of vm/relay.c.
stream_devices() {
	echo "-device virtio-serial-pci"
	fd=10
	for name in stdin stdout stderr trace control; do
		echo "-chardev socket,id=$name,fd=$fd -device virtserialport,chardev=$name,name=$name"
		fd=$((fd + 1))
	done
	echo "-chardev socket,id=qmp,fd=$fd -mon chardev=qmp,mode=control"
}

# share_9p TAG FOLDER OPTIONS: by a link, since QEMU's options allow no blank
share_9p() {
	readonly=
	[ "$3" = rw ] || readonly=,readonly=on
	ln -s "$2" "$work/share-$1"
	echo "-fsdev local,id=$1,path=$work/share-$1,security_model=none$readonly" \
		"-device virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

share_devices() {
	[ "$share_fs" = virtiofs ] || {
		share_9p root "${foreign_root:-/}" ro
		while read -r tag options place; do
			share_9p "$tag" "$place" "$options"
		done <"$work/shares"
		return 0
	}
	for tag in root $(cut -d' ' -f1 "$work/shares"); do
		echo "-chardev socket,id=$tag,path=$work/$tag.sock" \
			"-device vhost-user-fs-pci,chardev=$tag,tag=$tag,queue-size=1024"
	done
}

# In the background, so that signals are handled at once; signals of the
# terminal reach relay, too.
start_guest() {
	supervisor="$out/guest/relay${terminal_size:+ -t}${debugger:+ -d}${trace:+ -T 8}"
	if [ -n "$trace" ]; then
		(: >"$trace") 2>/dev/null || die "cannot write to $trace"
		exec 8>"$trace"
	fi
	exec 3<&0
	started=started
	# shellcheck disable=SC2046
	boot_qemu "$work/initrd" "$console_log" \
		-object "memory-backend-memfd,id=mem,size=${mem}M,share=on" -machine memory-backend=mem \
		$(stream_devices) $(share_devices) \
		${net:+-netdev user,id=net -device virtio-net-pci,netdev=net,romfile=} \
		${debugger:+-gdb "unix:$work/gdb.sock,server=on,wait=off"} <&3 &
	relay=$!
	trap : INT QUIT
	trap 'kill -TERM "$relay"' TERM
	trap 'kill -HUP "$relay"' HUP
	while :; do
		rc=0
		wait "$relay" || rc=$?
		kill -0 "$relay" 2>/dev/null || break
	done
}

# judge: the exit status, and an explanation. It holds even if the log cannot be
# kept, for example in another user's folder.
judge() {
	if show_splats "$console_log" >"$work/splats"; then
		say "guest: the kernel complained:"
		cat "$work/splats" >&2
		if mkdir -p "$out/log" && cp "$console_log" "$out/log/guest.console"; then
			say "guest: its whole log is $out/log/guest.console"
		fi
		return 99
	fi
	[ "$rc" -ne 98 ] || {
		say "guest: the guest ended before the command; last lines of its kernel log:"
		tail -n 15 "$console_log" >&2
	}
	return "$rc"
}
