# SPDX-License-Identifier: GPL-2.0-only
# Start a PC whose firmware has Secure Boot on, from a disk with a signed shim, GRUB
# and kernel; and answer shim's MOK manager as a person at the console would.
# Sourced by vm/boot-root.

# can_boot_securely: has the kernel a signature that Debian's shim knows?
can_boot_securely() {
	[ "$ARCH" = amd64 ] && grep -q 'Debian Secure Boot' "$kernel_dir/vmlinuz"
}

# prepare_firmware: a new PC has the keys of Microsoft, which signed shim.
prepare_firmware() {
	can_boot_securely || die "Debian has not signed this kernel"
	firmware=$("$vm/fetch-firmware")
	[ -f "$variables" ] || cp "$firmware/usr/share/OVMF/OVMF_VARS_4M.ms.fd" "$variables"
}

# make_disk FOLDER: QEMU makes a FAT file system of it.
make_disk() {
	mkdir -p "$1/EFI/BOOT" "$1/EFI/debian"
	cp "$firmware/usr/lib/shim/shimx64.efi.signed" "$1/EFI/BOOT/BOOTX64.EFI"
	cp "$firmware/usr/lib/shim/mmx64.efi.signed" "$1/EFI/BOOT/mmx64.efi"
	cp "$firmware/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed" "$1/EFI/BOOT/grubx64.efi"
	cp "$kernel_dir/vmlinuz" "$1/vmlinuz"
	mv "$work/initrd" "$1/initrd"
	cat >"$1/EFI/debian/grub.cfg" <<-END
		linux /vmlinuz $(kernel_command_line)
		initrd /initrd
		boot
	END
}

# start_from_disk RESULTS: with the console on a pair of FIFOs. For a process of its
# own: it becomes timeout.
start_from_disk() {
	rm -f "$work"/console.*
	mkfifo "$work/console.in" "$work/console.out"
	cat "$work/console.out" >>"$console_log" &
	# shellcheck disable=SC2086
	exec setpriv --pdeathsig TERM timeout --foreground -k 5 "$limit" "$vm/qemu" "$qemu_root" "$qemu" \
		$accel -machine q35,smm=on -smp "$smp" -m "$mem" -nodefaults -display none -no-reboot \
		-global driver=cfi.pflash01,property=secure,value=on \
		-drive "if=pflash,format=raw,readonly=on,file=$firmware/usr/share/OVMF/OVMF_CODE_4M.secboot.fd" \
		-drive "if=pflash,format=raw,file=$variables" \
		-drive "if=none,id=disk,format=raw,readonly=on,file=fat:$work/disk" \
		-device virtio-blk-pci,drive=disk \
		-chardev "pipe,id=console,path=$work/console" -serial chardev:console \
		-serial "file:$1" </dev/null
}

# answer TEXT KEYS: when the MOK manager shows TEXT. It draws a menu before it listens.
answer() {
	until tail -c "+$shown" "$console_log" | tr -d '\r' | grep -aq "$1"; do
		kill -0 "$qemu_pid" 2>/dev/null || die "the MOK manager does not ask: $1"
		sleep 0.5
	done
	shown=$(($(stat -c %s "$console_log") + 1))
	sleep 1
	printf %b "$2" >"$work/console.in"
}

# enrol_key: choose as Documentation/install.md says.
enrol_key() {
	down='\033[B'
	shown=1
	: >"$console_log"
	start_from_disk /dev/null &
	qemu_pid=$!
	answer 'Press any key' ' '
	answer 'Enroll MOK' "$down\r"
	# It comes below a line for each key; going down stops at the last line.
	answer 'Continue' "$down$down$down\r"
	answer 'Yes' "$down\r"
	answer 'Password' "$password\r"
	answer 'Reboot' '\r'
	wait "$qemu_pid" || :
	qemu_pid=''
}
