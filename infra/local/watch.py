"""Prints what arrives at the gateway's socket, a line per frame: `python -m infra.local.watch URL TOPIC…`."""

import json
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect


def main(url: str, *topics: str) -> None:
    with connect(url) as socket:
        socket.send(json.dumps({"type": "hello"}))
        for topic in topics:
            socket.send(json.dumps({"type": "subscribe", "topic": topic}))
        while True:
            sys.stdout.write(f"{socket.recv()!s}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError:
        sys.exit(f"Nothing answers at {sys.argv[1]}: start the stack with `make demo`.")
    except ConnectionClosed as closed:
        sys.exit(f"The gateway closed the socket: {closed}.")
    except KeyboardInterrupt:
        sys.exit(0)
