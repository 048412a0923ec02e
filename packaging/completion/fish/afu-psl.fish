# SPDX-License-Identifier: GPL-2.0-only
# Completion of afu-psl for fish.

complete -c afu-psl -f
complete -c afu-psl -l simulator -x -d 'where the simulator waits'
complete -c afu-psl -l card -x -d 'make a card'
complete -c afu-psl -l node -x -a '(path filter /dev/cxl-sim/*)' -d 'use a card'
complete -c afu-psl -l credits -x -d 'commands at a time'
complete -c afu-psl -l cycles -x -d 'end after so many'
complete -c afu-psl -l idle -x -d 'cycles until time stands still'
complete -c afu-psl -l seed -x -d 'seed of the dice'
complete -c afu-psl -l delay -x -d 'responses that wait'
complete -c afu-psl -l reorder -x -d 'responses out of order'
complete -c afu-psl -l paged -x -d 'accesses that find no page'
complete -c afu-psl -l bogus -x -d 'reads with wrong data first'
complete -c afu-psl -s h -l help -d 'show the help'
complete -c afu-psl -l version -d 'show the version'
