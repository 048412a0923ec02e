# SPDX-License-Identifier: GPL-2.0-only
# Completion of afu-flash for fish.

function __afu_flash_nodes
    for path in /dev/cxl-sim/*
        echo $path
    end
end

complete -c afu-flash -f -a '(__afu_flash_nodes)'
complete -c afu-flash -l backing -r -F -d 'where the blocks are stored'
complete -c afu-flash -l size -x -a '512M 1G 4G' -d 'bytes of each LUN'
complete -c afu-flash -l ports -x -a '1 2 3 4' -d 'number of ports'
complete -c afu-flash -l luns -x -d 'number of LUNs'
complete -c afu-flash -l block-size -x -a '512 4096' -d 'bytes of a block'
complete -c afu-flash -l latency -x -d 'microseconds of each command'
complete -c afu-flash -l inject -x -a 'link event medium busy lose crash status' -d 'something fails'
complete -c afu-flash -l control -r -F -d 'FIFO to read requests from'
complete -c afu-flash -l json -d 'print objects for programs'
complete -c afu-flash -s h -l help -d 'show the help'
complete -c afu-flash -l version -d 'show the version'
