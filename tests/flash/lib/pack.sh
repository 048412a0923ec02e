# SPDX-License-Identifier: GPL-2.0-only
# Sourced by the scripts of tests/flash that boot a guest without a shared folder.

# packed FILE...: what vm/run-guest must be told so that these programs of this machine
# are in the guest, each where it is here, with the libraries that it needs.
packed() {
	for path; do
		for file in "$path" $(ldd "$path" | grep -o '/[^ ]*'); do
			echo "--add $file:$file"
		done
	done
}
