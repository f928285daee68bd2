#!/usr/bin/env bash
# image.sh FILE: a unified image of 1 MB whose init (busybox) only sleeps. Every daemon is measured with the same one: a
# DHCP client, say, makes the guest's own end slower (the kernel waits for a grace period when a packet socket closes).
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir -p "$directory"/rootfs/{bin,sbin,etc,proc,sys,dev,tmp,root,var/run}
cp /bin/busybox "$directory/rootfs/bin/"
for applet in $(/bin/busybox --list); do [ "$applet" = busybox ] || ln -s busybox "$directory/rootfs/bin/$applet"; done
for applet in init poweroff halt reboot; do ln -s ../bin/busybox "$directory/rootfs/sbin/$applet"; done
printf '::sysinit:/bin/true\n::respawn:/bin/sleep 100000\n' >"$directory/rootfs/etc/inittab"
echo 'root:x:0:0:root:/root:/bin/sh' >"$directory/rootfs/etc/passwd"
echo 'root:x:0:' >"$directory/rootfs/etc/group"
printf 'architecture: %s\ncreation_date: 1700000000\nproperties: {os: busybox, description: sleeps}\n' "$(uname -m)" >"$directory/metadata.yaml"
tar -C "$directory" --numeric-owner --owner=0 --group=0 -czf "$1" metadata.yaml rootfs
