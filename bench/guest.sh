# SPDX-License-Identifier: GPL-2.0-only
# guest.sh GROUP...: run these groups of rows, with the cards they need: card0
# as it comes; bench with the AFU of cxl_bench and room for 10000 contexts.
# Skips 3 s first: early rounds of newer kernels cost more.

set -eu
card=/sys/kernel/config/cxl-sim/bench

make_card() {
	mkdir "$card"
	for slice in 0 1 2; do
		mkdir "$card/afu$slice"
		echo 4000 >"$card/afu$slice/num_procs"
	done
	echo 0xbe4c >"$card/afu0/cr_device"
	echo 1 >"$card/live"
}

for module in cxl_bench uio evdev cxl_bench_peers; do
	modprobe "$module" || echo "# $module cannot be loaded"
done
make_card
i=0
until [ -c /dev/cxl-bench ] || [ "$i" -ge 100 ]; do
	sleep 0.1
	i=$((i + 1))
done
sleep 3
exec /bench "$@"
