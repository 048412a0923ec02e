# SPDX-License-Identifier: GPL-2.0-only
# Start QEMU, and judge the run by what it left behind.

# kvm_works: a device node is not enough: boot a kernel until it misses its root
# file system. Some hosts hang in the firmware instead.
kvm_works() {
	[ -r /dev/kvm ] && [ -w /dev/kvm ] && [ "$(dpkg --print-architecture)" = "$deb_arch" ] ||
		return 1
	say "Trying KVM, for at most 8 s (CXL_AFU_KVM=0 or 1 decides without)"
	timeout -s KILL 8 "$vm/qemu" "$qemu_root" "$qemu" \
		-accel kvm -cpu host -m 256 -nodefaults -display none -no-reboot \
		-kernel "$kernel_dir/vmlinuz" -append "console=$console panic=-1" \
		-chardev "file,id=console,path=$out/kvm.console" -serial chardev:console \
		</dev/null >/dev/null 2>&1 || return 1
	grep -q 'Unable to mount root fs' "$out/kvm.console"
}

# choose_accel: set $accel to "-accel" and "-cpu" arguments, determined once.
choose_accel() {
	case ${CXL_AFU_KVM-} in
	0) works=no ;;
	1) works=yes ;;
	*)
		[ -f "$out/kvm" ] || {
			mkdir -p "$out"
			kvm_works && echo yes >"$out/kvm" || echo no >"$out/kvm"
		}
		works=$(cat "$out/kvm")
		;;
	esac
	accel="-accel tcg $tcg_cpu"
	[ "$works" = no ] || accel="-accel kvm -cpu host"
}

# count_instructions: the guest's clocks count instructions. An idle CPU goes
# straight to the next timer. Mitigations of hardware bugs would be part of
# every figure.
count_instructions() {
	accel="-accel tcg $tcg_cpu -icount shift=0,sleep=off"
	smp=1
	append="$append mitigations=off clocksource=tsc tsc=reliable"
}

kernel_command_line() {
	echo "console=$console loglevel=5 printk.devkmsg=on panic=-1 ${arch_args-} ${kernel_args-} $append"
}

# boot_qemu INITRD CONSOLE [ARGUMENT]...: kernel messages to the file CONSOLE.
# For a process of its own: it becomes $supervisor, which gets the command that
# starts QEMU, and ends if the process that waits for it is killed.
# shellcheck disable=SC2086
boot_qemu() {
	initrd=$1 console_file=$2
	shift 2
	exec setpriv --pdeathsig TERM $supervisor "$vm/qemu" "$qemu_root" "$qemu" $accel $qemu_machine \
		-smp "$smp" -m "$mem" -nodefaults -display none -no-reboot \
		-kernel "$kernel_dir/vmlinuz" -initrd "$initrd" \
		-append "$(kernel_command_line)" \
		-chardev "file,id=console,path=$console_file" -serial chardev:console "$@"
}

# boot_for_results INITRD CONSOLE: results to stdout. It becomes timeout, which
# ends its child and nothing else, and whose status is QEMU's, or 124 after the
# limit.
# shellcheck disable=SC2086
boot_for_results() {
	if [ -n "$interactive" ]; then
		stdio="stdio,id=results,mux=on -mon results"
	else
		stdio=stdio,id=results,signal=off
	fi
	supervisor="timeout --foreground -k 5 $limit"
	boot_qemu "$1" "$2" -chardev $stdio ${results_device:--serial chardev:results}
}

# watch_idle PID FILE...: end PID when no FILE has grown for $idle seconds. A
# guest whose CPUs all spin with interrupts off cannot report it.
watch_idle() {
	pid=$1
	shift
	quiet_for=0 last=''
	while kill -0 "$pid" 2>/dev/null && [ "$quiet_for" -lt "$idle" ]; do
		sleep 2
		quiet_for=$((quiet_for + 2))
		now=$(stat -c %s "$@" 2>/dev/null || :)
		[ "$now" = "$last" ] || quiet_for=0
		last=$now
	done
	kill "$pid" 2>/dev/null || :
}

# guest_status CONSOLE: what the guest's init said at its end, or nothing.
guest_status() {
	sed -n 's/.*cxl-vm: exit status \([0-9]*\).*/\1/p' "$1" | tail -n 1
}

# failed_before_ready CONSOLE: nothing of ours had run yet. The emulator is
# known to break one boot in a few dozen.
failed_before_ready() {
	! grep -q 'cxl-vm: ready' "$1"
}

# show_splats CONSOLE: print each kernel complaint with its surroundings;
# succeeds when there is one that $known_complaint does not match.
show_splats() {
	awk -v known="${known_complaint-}" -f "$vm/splats.awk" "$1"
}

# judge_results: the exit status of a run whose command gave it to the kernel log.
judge_results() {
	status=$(guest_status "$console_log")
	if show_splats "$console_log" >"$work/splats"; then
		say "$name: the kernel complained (whole log: $console_log)"
		cat "$work/splats" >&2
		return 99
	fi
	cat "$work/splats" >&2
	if [ -z "$status" ]; then
		say "$name: the guest ended before the command, or by a time limit" \
			"($limit s in all${idle:+, $idle s without output}); last lines of $console_log:"
		tail -n 15 "$console_log" >&2
		return 98
	fi
	return "$status"
}
