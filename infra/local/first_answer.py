"""The last step before the demo is ready: one recommendation through the gateway. Parts that are ready may still not reach each other."""

import time
from typing import Any
from urllib.error import HTTPError

from infra.local.direct_http import fetch
from infra.local.errors import LocalError
from infra.local.ports import LOOPBACK
from infra.local.progress import Progress, tail
from infra.local.settings import Settings

#: A user without a history: any model can answer.
NEWCOMER = "first-answer"
WITHIN_SECONDS = 30
CALL_SECONDS = 5
PAUSE_SECONDS = 0.2
#: Values that the gateway reads as true.
YES = {"true", "t", "yes", "y", "on", "1"}


def wait_for_first_answer(settings: Settings, progress: Progress, within: float = WITHIN_SECONDS) -> None:
    """Return once the recommender has answered through the gateway. Raise LocalError with the reason where it doesn't."""
    if settings.variables["GATEWAY_DEMO"].strip().lower() not in YES:
        progress.say("no recommendation was tried: only users of your OpenID provider may ask for one")
        return
    url = f"http://{LOOPBACK}:{settings.ports['GATEWAY_PORT']}"
    ends = time.monotonic() + within
    while reason := _why_no_answer(url):
        if time.monotonic() > ends:
            log = settings.logs / "gateway.log"
            raise LocalError(f"All parts are ready, but {url} doesn't recommend anything: {reason} The end of {log}:\n{tail(log)}")
        time.sleep(PAUSE_SECONDS)
    progress.say("first recommendation: answered")


def _why_no_answer(url: str) -> str | None:
    try:
        answer = _recommend(url)
    except HTTPError as error:
        with error:
            return f"it answers {error.code}, {error.read().decode(errors='replace')}."
    except OSError as error:
        return f"{error}."
    return "the recommender doesn't answer the gateway." if answer["degraded"] else None


def _recommend(url: str) -> Any:
    token = fetch(f"{url}/v1/sessions", {"userId": NEWCOMER}, within=CALL_SECONDS)["token"]
    return fetch(f"{url}/v1/users/{NEWCOMER}/recommendations?limit=1", token=token, within=CALL_SECONDS)
