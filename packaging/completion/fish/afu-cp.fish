# SPDX-License-Identifier: GPL-2.0-only
# Completion of afu-cp for fish.

function __afu_cp_devices
    for path in /dev/cxl-copy*
        echo $path
    end
end

complete -c afu-cp -s c -l chunk -x -a '4K 64K 1M' -d 'bytes per request'
complete -c afu-cp -s d -l device -x -a '(__afu_cp_devices)' -d 'copy service'
complete -c afu-cp -s e -l events -d 'print each event'
complete -c afu-cp -l json -d 'print objects for programs'
complete -c afu-cp -l no-verify -d 'do not compare the files'
complete -c afu-cp -l verify -d 'compare the files'
complete -c afu-cp -s h -l help -d 'show the help'
complete -c afu-cp -l version -d 'show the version'
