#!/bin/sh
# Stands in PATH under a program's name for one command: runs the real one, and strace does to its system calls what
# FAULT_INJECT says.
name=${0##*/}
PATH=$FAULT_PATH
export PATH
exec strace -f -qq -o "$FAULT_DIR/strace" -e "trace=${FAULT_INJECT%%:*}" -e "inject=$FAULT_INJECT" "$(command -v "$name")" "$@"
