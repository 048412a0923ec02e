#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# demo.sh FILE: copy FILE through the accelerator, in plain words. "make demo"
# runs it in the guest; it runs as well on any machine with such a card.

set -eu
file=$1
copy=$file.copy
log=$(mktemp)
trap 'rm -f "$copy" "$log"' EXIT

fail() {
	echo "demo: FAILED: $*"
	exit 1
}

echo "This machine runs Linux $(uname -r), unchanged; the drivers are modules."
for card in /sys/class/cxl/card*; do
	[ -e "$card" ] || fail "there is no accelerator card"
	echo "It has an accelerator card, ${card##*/}, that works in the memory of programs."
done
echo "This one is made of software. It can do one thing: copy memory."
for service in /dev/cxl-copy*; do
	[ -e "$service" ] || fail "there is no copy service"
	echo "Its driver gives programs a copy service, $service."
done
size=$(stat -c %s "$file")
[ "$size" -ge 67108864 ] || fail "$file is too small: $size bytes"
echo
echo "Now afu-cp copies a file through it:"
echo "  file     $file"
echo "  what     the kernel image of this machine, again and again"
echo "  size     $size bytes"
echo
echo "It hands pieces of the file to the card and waits for the events that the"
echo "card's driver sends as the pieces are done. What it says:"
echo
afu-cp --events "$file" "$copy" >"$log" || fail "afu-cp ended with status $?"
sed -n 's/^event/  event/; 1,3p' "$log"
echo "  ..."
sed 's/^/  /' "$log" | tail -n 4
echo

echo "Is the copy right? Another program compares the checksums:"
want=$(sha256sum <"$file")
have=$(sha256sum <"$copy")
echo "  file     ${want%% *}"
echo "  copy     ${have%% *}"
echo
[ "$want" = "$have" ] || fail "the copy differs"

# Count the events that arrived, and compare with what afu-cp says about them.
events=$(grep -c '^event [0-9]*: copy [0-9]*: ok, ' "$log") || fail "no events"
bytes=$(sed -n 's/^event [0-9]*: copy [0-9]*: ok, \([0-9]*\) of .*/\1/p' "$log" |
	awk '{ sum += $1 } END { print sum }')
lost=$(sed -n "\$s/.*, verified; $events driver events, \([0-9]*\) lost\$/\1/p" "$log")
[ -n "$lost" ] || fail "$events events arrived, but: $(tail -n 1 "$log")"
[ "$lost" -eq 0 ] || fail "$lost events are lost"
[ "$bytes" -eq "$size" ] || fail "the events tell of $bytes bytes only"
echo "demo: OK: $bytes bytes copied and verified, $events driver events, $lost lost"
