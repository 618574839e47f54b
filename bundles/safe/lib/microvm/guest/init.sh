#!/bin/sh
# shellcheck shell=busybox
# First program of the guest: loads what the devices need, mounts the root and gives the machine to the agent.
# Everything here is busybox's; paths are those of the initial file system.
PATH=/bin
export PATH

mount -t proc -o nosuid,nodev,noexec proc /proc
mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev
mount -t sysfs -o nosuid,nodev,noexec sysfs /sys

while read -r module; do
    insmod "/modules/$module" || echo "gen: module $module does not load" >/dev/console
done </modules/order

# disk NAME: the device with that serial number; where the host gives none, the one at that place in gen.disks.
disk() {
    local device serial order
    for device in /sys/block/vd*; do
        serial=
        read -r serial <"$device/serial"
        [ "$serial" = "$1" ] && echo "/dev/${device##*/}" && return
    done
    read -r order </proc/cmdline
    order=${order#*gen.disks=}
    for device in a b c d; do
        [ "${order%%[, ]*}" = "$1" ] && echo "/dev/vd$device" && return
        order=${order#*,}
    done
}

mount -t ext4 -o ro,nosuid,nodev "$(disk root)" /lower
mount -t ext4 -o nosuid,nodev,discard "$(disk system)" /system
mkdir -p /system/upper /system/work
mount -t overlay -o nosuid,nodev,lowerdir=/lower,upperdir=/system/upper,workdir=/system/work root /new ||
    echo "gen: the root is not mounted" >/dev/console

# A new instance of each: the image may have anything in these places.
for folder in proc sys dev run; do
    [ -d "/new/$folder" ] && [ ! -L "/new/$folder" ] || { rm -rf "/new/${folder:?}" && mkdir "/new/$folder"; }
done
mount -t tmpfs -o nosuid,nodev,mode=0755,size=16m run /new/run
mkdir -m 0700 /new/run/gen
cp -r /microvm /still.py /bin/busybox /new/run/gen/

if [ -d /sys/class/net/eth0 ]; then
    ip link set eth0 up
    ip addr add 10.0.2.15/24 dev eth0
    ip route add default via 10.0.2.2
    # QEMU would lead this address to the host's own loopback.
    ip route add blackhole 10.0.2.2/32
fi
ip link set lo up

for folder in proc sys dev; do mount -o move "/$folder" "/new/$folder"; done
mkdir -p /new/dev/shm /new/dev/pts
mount -t devpts -o nosuid,noexec,mode=0620,ptmxmode=0666 devpts /new/dev/pts
mount -t tmpfs -o nosuid,nodev,mode=1777,size=64m shm /new/dev/shm
ln -sf /proc/self/fd /new/dev/fd
ln -sf fd/0 /new/dev/stdin
ln -sf fd/1 /new/dev/stdout
ln -sf fd/2 /new/dev/stderr
exec switch_root /new /usr/bin/python3 -I -S -B /run/gen/microvm/guest
