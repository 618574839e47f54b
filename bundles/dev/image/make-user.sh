#!/bin/sh
# make-user.sh NAME UID WORKSPACE HOME: makes the user that everything in the sandbox runs as.
# Base images may hold an ordinary user with this name or number (ubuntu:24.04 holds `ubuntu`, 1000): it goes first.
set -eu

name=$1 uid=$2 workspace=$3 home=$4

# free_number DATABASE: one that nobody has there, from 59001 upwards.
free_number() {
    free=59001
    while [ "$free" = "$uid" ] || getent "$1" "$free" >/dev/null; do free=$((free + 1)); done
}

# A user of the system's (www-data, _apt) is needed, and moves to a free number with its files.
holder=$(getent passwd "$uid" | cut -d: -f1)
if [ -n "$holder" ] && [ "$holder" != "$name" ] && [ "$uid" -lt 1000 ]; then
    free_number passwd
    echo "The base image has a user $holder in the way: it is number $free now"
    usermod --uid "$free" "$holder"
    find / -xdev -user "$uid" -exec chown -h "$free" {} +
fi
for holder in "$(getent passwd "$uid" | cut -d: -f1)" "$(getent passwd "$name" | cut -d: -f1)"; do
    if [ -n "$holder" ] && getent passwd "$holder" >/dev/null; then
        echo "The base image has a user $holder in the way: removed"
        userdel "$holder"
        rm -rf "/home/${holder:?}"
    fi
done

# A group with the number moves to a free one, with its files; a group with the name takes another name.
holder=$(getent group "$uid" | cut -d: -f1)
if [ -n "$holder" ]; then
    free_number group
    echo "The base image has a group $holder in the way: it is number $free now"
    groupmod --gid "$free" "$holder"
    find / -xdev -group "$uid" -exec chgrp -h "$free" {} +
fi
if getent group "$name" >/dev/null; then
    groupmod --new-name "base-$name" "$name"
fi

groupadd --gid "$uid" "$name"
# Its last login is not noted: for a large number that file would be as large, with a hole.
useradd --no-log-init --uid "$uid" --gid "$uid" --home-dir "$home" --no-create-home --shell /bin/bash "$name"
mkdir -p "$workspace" "$home"
chown "$uid:$uid" "$workspace" "$home"
