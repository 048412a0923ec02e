#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2016,SC2153 # Shell code for other shells is in single quotes.
# Fresh machines: which kernel each takes and how it gets it, and what is left
# behind if something ends early. "make check-hosts" tests all of it.

. tests/lib/tap.sh

top=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# on RELEASE COMMAND: in a shell that has vm/lib.sh, as on a machine with it.
on() {
	echo "VERSION_CODENAME=$1" >"$scratch/os-release"
	env -u KERNEL -u ARCH -u BUILD OS_RELEASE="$scratch/os-release" sh -euc "vm=vm; . vm/lib.sh; $2"
}

# has OUTPUT TEXT
has() {
	case $1 in *"$2"*) ;; *) fail "'$2' expected in: $1" ;; esac
}

kernel_follows_the_machine() {
	for pair in bookworm=6.1 trixie=6.12 forky=7.2 noble=6.12 =6.12; do
		kernel=$(on "${pair%=*}" 'load_target; echo $KERNEL')
		[ "$kernel" = "${pair#*=}" ] || fail "${pair%=*} gets $kernel"
	done
}

kernel_that_is_named_is_taken() {
	kernel=$(KERNEL=7.3 OS_RELEASE=/dev/null sh -euc 'vm=vm; . vm/lib.sh; echo $KERNEL')
	[ "$kernel" = 7.3 ] || fail "it is $kernel"
	has "$(make -n ARCH=amd64 KERNEL=7.3 kernel)" 'amd64-7.3'
}

# The result does not depend on the machine's own package sources.
every_kernel_names_its_suites() {
	for table in vm/kernels/*; do
		for release in bookworm trixie forky noble; do
			suites=$(on "$release" "KERNEL=${table##*/}; load_target; echo \$suites") ||
				fail "$table cannot be loaded"
			[ -n "$suites" ] || fail "$table names no suite on $release"
		done
	done
}

compiler_is_unpacked_where_the_machine_has_another() {
	[ -z "$(on bookworm 'load_target; echo $compiler')" ] || fail "unpacked on its own release"
	for release in trixie forky noble; do
		compiler=$(on "$release" 'KERNEL=6.1; load_target; echo $compiler$kernel_cc')
		[ "$compiler" = unpacked ] || fail "6.1 on $release: $compiler"
	done
	# What was unpacked for one machine is not mistaken for what another
	# has.
	[ "$(on bookworm 'load_target; echo $kernel_dir')" != \
		"$(on trixie 'KERNEL=6.1; load_target; echo $kernel_dir')" ] || fail "one folder for both"
}

terminfo_is_found_in_either_place() {
	mkdir -p "$scratch/terminfo/l"
	echo yes >"$scratch/terminfo/l/linux"
	for folders in "$scratch/terminfo $scratch/none" "$scratch/none $scratch/terminfo"; do
		rm -rf "$scratch/root"
		on bookworm ". vm/initramfs.sh; terminfo_folders='$folders'; add_terminfo '$scratch/root'"
		[ -f "$scratch/root/lib/terminfo/l/linux" ] || fail "not found in $folders"
	done
}

build_folder_may_be_relative() {
	has "$(make -n BUILD=some/where kernel)" "$top/some/where/"
	has "$(BUILD=some/where make -n kernel)" "$top/some/where/"
	has "$(BUILD=some/where sh -euc 'vm=$PWD/vm; . vm/lib.sh; echo $out')" "$top/some/where/"
}

blank_in_the_path_is_told_at_once() {
	# Variables inherited from a make above this test would add lines.
	unset MAKEFLAGS MFLAGS MAKELEVEL
	mkdir "$scratch/a b"
	cp -R Makefile run vm scripts lib packaging tests bench "$scratch/a b"
	for command in 'make check' './run check' 'make BUILD=/x BUILD="/y z" check'; do
		rc=0
		out=$(cd "$scratch/a b" && sh -c "$command" 2>&1) || rc=$?
		[ "$rc" -ne 0 ] || fail "$command: status 0"
		has "$out" 'path with a blank'
		[ "$(echo "$out" | wc -l)" -eq 1 ] || fail "$command: more than a line: $out"
	done
	has "$(./run check BUILD='/x y' 2>&1)" 'path with a blank'
}

#
# Early ends
#

# ends_early STATUS TEXT ARGUMENT...: run-guest ends so, and leaves no folder.
ends_early() {
	status=$1 text=$2
	shift 2
	mkdir -p "$scratch/tmp"
	rc=0
	out=$(TMPDIR=$scratch/tmp vm/run-guest "$@" 2>&1) || rc=$?
	[ "$rc" -eq "$status" ] || fail "$*: status $rc: $out"
	has "$out" "$text"
	rmdir "$scratch/tmp" || fail "left behind: $(ls "$scratch/tmp")"
}

guest_that_cannot_start_leaves_nothing() {
	ends_early 1 'there is no /not/there' --add /not/there:/x true
	ends_early 2 'usage: ' --no-such-option true
	ends_early 2 'usage: ' --name
	ends_early 2 'usage: '
}

# wait_until COMMAND: for a minute.
wait_until() {
	for _ in $(seq 300); do
		! eval "$1" || return 0
		sleep 0.2
	done
	return 1
}

# qemu_runs: is there one with files in the scratch folder?
qemu_runs() {
	cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ' |
		grep -q "[q]emu-system.* -initrd $scratch/tmp/"
}

# SIGKILL cannot be caught: QEMU ends with its parent, and the next run removes
# the folder.
guest_that_is_killed_is_cleaned_up() {
	mkdir "$scratch/tmp"
	rm -f "$BUILD/$ARCH-$KERNEL/log/killed.console"
	TMPDIR=$scratch/tmp vm/run-guest --name killed 'sleep 100' >/dev/null 2>&1 &
	pid=$!
	wait_until "grep -qs ready '$BUILD/$ARCH-$KERNEL/log/killed.console'" || fail "it does not boot"
	kill -9 "$pid"
	wait_until '! qemu_runs' || fail "QEMU still runs"
	[ -n "$(ls "$scratch/tmp")" ] || fail "nothing was there to be cleaned up"
	touch -d '2 minutes ago' "$scratch"/tmp/*
	TMPDIR=$scratch/tmp vm/run-guest --no-such-option >/dev/null 2>&1
	rmdir "$scratch/tmp" || fail "left behind: $(ls "$scratch/tmp")"
}

# A ^C, which shells make background commands ignore
interrupted_demo_ends_its_download() {
	mkdir -p "$scratch/demo" "$scratch/bin"
	cp -R vm "$scratch/demo"
	printf '#!/bin/sh\necho $$ >%s\nsleep 100\n' "$scratch/fetch" >"$scratch/demo/vm/fetch-qemu"
	printf '#!/bin/sh\nexec sleep 100\n' >"$scratch/bin/make"
	chmod +x "$scratch/demo/vm/fetch-qemu" "$scratch/bin/make"
	PATH=$scratch/bin:$PATH env --default-signal=INT setsid "$scratch/demo/vm/run-demo" >/dev/null 2>&1 &
	pid=$!
	wait_until "[ -s '$scratch/fetch' ]" || fail "it does not begin"
	kill -INT "-$pid"
	rc=0
	wait "$pid" || rc=$?
	[ "$rc" -eq 130 ] || fail "status $rc"
	fetch=$(cat "$scratch/fetch")
	wait_until "! kill -0 '$fetch' 2>/dev/null" || fail "the download goes on"
}

# A run that has not ended keeps its folder, however old that is.
running_guest_keeps_its_folder() {
	mkdir -p "$scratch/tmp/cxl-vm.old"
	touch "$scratch/tmp/cxl-vm.old/lock"
	touch -d '2 minutes ago' "$scratch/tmp/cxl-vm.old"
	flock "$scratch/tmp/cxl-vm.old/lock" sh -c \
		"TMPDIR=$scratch/tmp vm/run-guest --no-such-option" 2>/dev/null
	[ -d "$scratch/tmp/cxl-vm.old" ] || fail "it is gone"
}

shell_ends_where_nobody_can_type() {
	timeout 60 vm/run-guest --name shell --shell </dev/null || fail "status $?"
	rc=0
	out=$(echo 'echo heard; exit 3' | timeout 60 vm/run-guest --name shell --shell) || rc=$?
	[ "$rc" -eq 3 ] || fail "status $rc"
	has "$out" heard
}

#
# The cache
#

# filling COMMAND: in a shell, use it to fill the folder "there" of the cache.
filling() {
	CXL_AFU_CACHE=$scratch/cache setsid -w sh -euc "vm=vm
		. vm/lib.sh
		. vm/download.sh
		use_packages() { apt_dir=\$cache/apt-test; mkdir -p \$apt_dir; }
		fill \$cache/there amd64 $1" -- 2>/dev/null
}

empty_cache() {
	rm -rf "$scratch/cache"
}

failed_download_leaves_nothing() {
	empty_cache
	! filling 'false' || fail "no error"
	[ -z "$(find "$scratch/cache" -name 'new.*' -o -name there)" ] || fail "something is left"
	filling 'touch $cache/apt-test' || fail "the next one fails"
	[ -d "$scratch/cache/there" ] || fail "the next one does nothing"
}

interrupted_download_leaves_nothing() {
	empty_cache
	filling "sh -c 'echo \$PPID >$scratch/group; sleep 100'" &
	wait_until "[ -s '$scratch/group' ]" || fail "it does not begin"
	[ -d "$scratch/cache/new.apt-test" ] || fail "nothing was there to be cleaned up"
	begin=$(date +%s)
	kill -- "-$(cat "$scratch/group")"
	wait
	[ $(($(date +%s) - begin)) -lt 60 ] || fail "it went on"
	[ -z "$(find "$scratch/cache" -name 'new.*' -o -name there)" ] || fail "something is left"
}

killed_download_is_cleaned_up_by_the_next() {
	empty_cache
	mkdir -p "$scratch/cache/new.apt-test"
	touch "$scratch/cache/new.apt-test/half"
	filling 'true' || fail "the next one fails"
	[ -d "$scratch/cache/there" ] || fail "the next one does nothing"
	[ ! -e "$scratch/cache/there/half" ] || fail "the half one was taken"
	[ ! -e "$scratch/cache/new.apt-test" ] || fail "something is left"
}

full_disk_leaves_nothing() {
	[ "$(id -u)" -eq 0 ] || skip "only root can make a small disk"
	empty_cache
	mkdir "$scratch/cache"
	mount -t tmpfs -o size=64k none "$scratch/cache" || skip "no disk can be mounted here"
	trap 'umount "$scratch/cache"' EXIT
	load='dd if=/dev/zero of=$cache/new.apt-test/data bs=1k count=200'
	! filling "$load" || fail "no error"
	[ -z "$(find "$scratch/cache" -name 'new.*' -o -name there)" ] || fail "something is left"
	mount -o remount,size=1m "$scratch/cache" || fail
	filling "$load" || fail "the next one fails"
	[ -s "$scratch/cache/there/data" ] || fail "the next one does nothing"
}

# with_apt LINES COMMAND: in a shell whose apt-get knows these sources.
with_apt() {
	mkdir -p "$scratch/bin"
	printf '#!/bin/sh\ncat <<END\n%s\nEND\n' "$1" >"$scratch/bin/apt-get"
	chmod +x "$scratch/bin/apt-get"
	PATH=$scratch/bin:$PATH sh -euc "vm=vm; . vm/lib.sh; . vm/download.sh; $2" 2>&1
}

mirror_is_that_of_debian() {
	known='http://other.example/debian Debian Backports
http://mirror.example/debian/ Debian
http://security.example/debian-security Debian-Security'
	out=$(with_apt "$known" 'find_mirror; sources sid bookworm-security')
	has "$out" '] http://mirror.example/debian/ sid main'
	has "$out" '] http://security.example/debian-security bookworm-security main'
}

mirror_can_be_named() {
	known='http://archive.example/ubuntu Ubuntu'
	out=$(CXL_AFU_MIRROR=http://mirror.example/debian with_apt "$known" \
		'find_mirror; sources trixie trixie-security')
	has "$out" '] http://mirror.example/debian trixie main'
	has "$out" '] http://mirror.example/debian-security trixie-security main'
}

no_mirror_is_told_in_a_sentence() {
	echo ID=ubuntu >"$scratch/os-release"
	out=$(OS_RELEASE=$scratch/os-release with_apt 'http://archive.example/ubuntu Ubuntu' find_mirror) &&
		fail "no error"
	has "$out" CXL_AFU_MIRROR
	[ "$(echo "$out" | wc -l)" -eq 1 ] || fail "more than a line: $out"
}

# The matrix of one combination, whose build ends with this message.
newer_kernel_is_told_as_such() {
	mkdir -p "$scratch/matrix" "$scratch/bin"
	cp -R scripts vm "$scratch/matrix"
	cat >"$scratch/bin/make" <<'END'
#!/bin/sh
mkdir -p "$BUILD/amd64-newest/kernel"
echo 99.1.2+deb20-cloud-amd64 >"$BUILD/amd64-newest/kernel/release"
case $* in *' kernel') exit 0 ;; esac
echo "/build/drivers/misc/cxl/mmio.c:7:8: error: implicit declaration of function 'gone'"
exit 2
END
	chmod +x "$scratch/bin/make"
	rc=0
	out=$(cd "$scratch/matrix" && MATRIX=amd64-newest BUILD=$scratch/matrix/build \
		PATH=$scratch/bin:$PATH scripts/matrix 2>/dev/null) || rc=$?
	[ "$rc" -ne 0 ] || fail "it passed"
	has "$out" 'Linux 99.1 is newer than what this was built for: '
	has "$out" "drivers/misc/cxl/mmio.c:7:8: error: implicit declaration of function 'gone'"
}

# As a user who cannot install packages: what is reported to be missing.
run_looks_for_the_compilers_of_arch() {
	mkdir -p "$scratch/run/scripts" "$scratch/bin"
	cp -R run vm "$scratch/run"
	cat >"$scratch/run/vm/arch/fake" <<'END'
deb_arch=fake
cross_compile=fake-linux-gnu-
END
	printf '#!/bin/sh\necho 1000\n' >"$scratch/bin/id"
	chmod +x "$scratch/bin/id"
	for command in 'ARCH=fake ./run modules' './run modules ARCH=fake' './run install ARCH=fake'; do
		out=$(cd "$scratch/run" && PATH=$scratch/bin:$PATH sh -c "$command" 2>&1)
		has "$out" 'only root can: '
		has "$out" gcc-fake-linux-gnu
	done
}

# Without a compiler, what a library brings is missing, too: for each word, whatever
# the others need.
run_looks_for_what_each_word_needs() {
	mkdir -p "$scratch/needs" "$scratch/bin"
	cp -R run vm "$scratch/needs"
	printf '#!/bin/sh\necho 1000\n' >"$scratch/bin/id"
	printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/gcc"
	chmod +x "$scratch/bin/id" "$scratch/bin/gcc"
	for words in 'demo' 'demo check' 'check demo' 'demo bench' 'tools'; do
		# shellcheck disable=SC2086
		out=$(cd "$scratch/needs" && PATH=$scratch/bin:$PATH ./run $words 2>&1)
		has "$out" libjson-c-dev
		case "$words $out" in
		'demo '[A-Z]*libncurses-dev*) fail "the demo needs too much: $out" ;;
		'demo '[A-Z]*) ;;
		*) has "$out" libncurses-dev ;;
		esac
	done
}

# Where make is not installed yet, too
run_lists_every_target() {
	listed=$(./run)
	[ "$listed" = "$(env -u MAKEFLAGS -u MFLAGS make -s help)" ] || fail "make help differs"
	find . -path ./build -prune -o -path "$BUILD" -prune -o \( -name Makefile -o -name '*.mk' \) \
		-exec sed -n 's/^\([a-z-]*\):.*## .*/\1/p' {} + >"$scratch/targets"
	[ "$(wc -l <"$scratch/targets")" -gt 30 ] || fail "$(cat "$scratch/targets")"
	while read -r target; do
		echo "$listed" | grep -q "^  $target " || fail "$target is not listed"
	done <"$scratch/targets"
}

tap_run fresh kernel_follows_the_machine kernel_that_is_named_is_taken \
	every_kernel_names_its_suites compiler_is_unpacked_where_the_machine_has_another \
	terminfo_is_found_in_either_place build_folder_may_be_relative \
	blank_in_the_path_is_told_at_once guest_that_cannot_start_leaves_nothing \
	guest_that_is_killed_is_cleaned_up running_guest_keeps_its_folder \
	shell_ends_where_nobody_can_type failed_download_leaves_nothing \
	interrupted_download_leaves_nothing killed_download_is_cleaned_up_by_the_next \
	full_disk_leaves_nothing mirror_is_that_of_debian mirror_can_be_named no_mirror_is_told_in_a_sentence \
	interrupted_demo_ends_its_download run_lists_every_target run_looks_for_what_each_word_needs \
	run_looks_for_the_compilers_of_arch newer_kernel_is_told_as_such
