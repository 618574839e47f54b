#!/bin/sh
# own-system.sh USER: gives the system's folders to the user, so that packages can be installed without being root.
# Nothing in the sandbox runs as root, so nobody is protected by root owning them; the kernel's own limits stay.
set -eu

user=$1
install -m 0755 /build/sudo /usr/local/bin/sudo
# Under fakeroot apt cannot change to its own user.
echo 'APT::Sandbox::User "root";' >/etc/apt/apt.conf.d/90sandbox
find /usr /etc /var -xdev ! -path /etc/resolv.conf ! -path /etc/hosts ! -path /etc/hostname \
    -exec chown -h "$user:$user" {} +
