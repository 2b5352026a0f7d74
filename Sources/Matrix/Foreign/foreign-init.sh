#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
# The first process of a guest that can't have the agent: loads what reaches the host, has test-bpf-in-vm.sh load the objects,
# and writes its lines to the port called bpfmatrix.agent. Its own last line says how that ended:
#   {"status":0,"taint":0}
# busybox's shell runs it. What can't be said through the port is said on the console.
/bin/busybox mkdir -p /bin /dev /proc /sys /tmp /run
/bin/busybox --install -s /bin
export PATH=/bin:/usr/sbin LD_LIBRARY_PATH=/lib
mount -t devtmpfs dev /dev
exec </dev/console >/dev/console 2>&1
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs tmp /tmp

# The host ends the guest when it has heard enough; a panic would be taken for one.
give_up() {
    echo "bpfmatrix-guest: $*"
    poweroff -f
    while :; do sleep 60; done
}

for module in /modules/*; do
    [ -f "$module" ] || continue
    insmod "$module" || give_up "cannot load the module $module"
done

# The port appears when the driver has spoken to the host.
port=
tries=0
while [ -z "$port" ] && [ $tries -lt 200 ]; do
    for place in /sys/class/virtio-ports/*; do
        [ "$(cat "$place/name" 2>/dev/null)" = bpfmatrix.agent ] && port=/dev/${place##*/}
    done
    [ -c "$port" ] || { port=; sleep 0.05; }
    tries=$((tries + 1))
done
[ -n "$port" ] || give_up "there is no port to the host"
exec 3>"$port" || give_up "cannot open $port"

mount -t bpf bpf /sys/fs/bpf || give_up "this kernel has no BPF file system"
ulimit -l unlimited

set --
while IFS= read -r name; do set -- "$@" "$name"; done </objects.list
sh /test-bpf-in-vm.sh /objects "$@" >&3
status=$?
printf '{"status":%d,"taint":%s}\n' $status "$(cat /proc/sys/kernel/tainted)" >&3
# The port holds what the host has not taken yet.
sleep 60
poweroff -f
