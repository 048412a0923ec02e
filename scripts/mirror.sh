#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mirror.sh DIR PATH...: make DIR a mirror of the paths in the working
# directory: folders, with links to the files. What is gone there is removed.
# Kbuild writes its objects beside the sources: this keeps them out of the
# checkout, and time stamps, seen through the links, stay true.

set -eu
dir=$1
shift
mkdir -p "$dir"
for path; do
	[ -e "$path" ] || continue
	case $path in */*) mkdir -p "$dir/${path%/*}" ;; esac
	cp -asfT "$PWD/$path" "$dir/$path"
done
find "$dir" -xtype l | while read -r gone; do
	stem=${gone%.c}
	rm -f "$gone" "$stem.o" "${gone%/*}/.${stem##*/}.o.cmd"
done
