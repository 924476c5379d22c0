"""`python -m infra.local.watch PORT TOPIC…`: print each frame of a demo's socket as a line, with the operator's rights."""

import json
import os
import sys
from urllib.error import HTTPError

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import connect

from infra.local.direct_http import fetch
from infra.local.errors import LocalError
from infra.local.ports import LOOPBACK, read_port

ANSWER_SECONDS = 5
WAY_OUT = "start the stack with `make demo`, or set GATEWAY_PORT to the port that it was started with."


def main(port: str, *topics: str) -> None:
    address = f"{LOOPBACK}:{read_port('GATEWAY_PORT', port)}"
    with connect(f"ws://{address}/v1/live", proxy=None) as socket:
        socket.send(json.dumps({"type": "hello", "token": sign_in(f"http://{address}/v1/sessions")}))
        for topic in topics:
            socket.send(json.dumps({"type": "subscribe", "topic": topic}))
        while True:
            sys.stdout.write(f"{socket.recv()!s}\n")
            sys.stdout.flush()


def sign_in(url: str) -> str:
    return str(fetch(url, {"role": "operator"}, within=ANSWER_SECONDS)["token"])


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except HTTPError as error:
        sys.exit(f"The gateway at port {sys.argv[1]} lets nobody sign in here ({error}): is it a demo?")
    except BrokenPipeError:
        # The program that read the lines has ended.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError:
        sys.exit(f"Nothing answers at port {sys.argv[1]}: {WAY_OUT}")
    except InvalidHandshake as error:
        sys.exit(f"Port {sys.argv[1]} belongs to a program that isn't the gateway ({error}): {WAY_OUT}")
    except LocalError as error:
        sys.exit(str(error))
    except ConnectionClosed as closed:
        sys.exit(f"The gateway closed the socket: {closed}.")
    except KeyboardInterrupt:
        sys.exit(0)
