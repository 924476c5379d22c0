#!/bin/bash
# Succeeds if http://127.0.0.1:PORT/PATH answers 200: `probe PORT /PATH`. A health check that runs every few seconds must not start an interpreter.
set -euo pipefail
exec 3<> "/dev/tcp/127.0.0.1/$1"
printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
read -r -t 2 _ status _ <&3
[[ $status == 200 ]]
