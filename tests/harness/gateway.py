"""Drives the gateway over HTTP as a client would. Holds the URLs, so that tests don't."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from harness import plain_http
from harness.live import live_socket
from harness.sign_in import OPERATOR, SignIn
from harness.waiting import eventually

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from harness.live import LiveSocket

Json = dict[str, Any]
FINAL_STATES = {"succeeded", "failed", "cancelled"}


class GatewayDriver:
    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.sign_in = SignIn(self.url)
        self.http = plain_http.client(self.url, timeout=15, auth=self.sign_in)

    def close(self) -> None:
        self.http.close()

    def get(self, path: str, **params: str | int) -> Json:
        return self._answer(self.http.get(path, params=params), httpx.codes.OK)

    def reaches_a_recommender(self) -> bool:
        """Say whether the gateway has answered from the recommender. It then has a fallback too."""
        answer = self.http.get(f"/v1/users/{uuid4()}/recommendations", params={"limit": 100})
        return answer.is_success and not answer.json()["degraded"]

    def recommend(self, user_id: str, limit: int = 10, min_offset: int | None = None) -> Json:
        params = {"limit": limit} if min_offset is None else {"limit": limit, "minOffset": min_offset}
        return self.get(f"/v1/users/{user_id}/recommendations", **params)

    def recommended_ids(self, user_id: str, limit: int = 10, min_offset: int | None = None) -> list[str]:
        return [item["itemId"] for item in self.recommend(user_id, limit, min_offset)["items"]]

    def interactions(self, user_id: str, **params: str | int) -> list[Json]:
        return list(self.get(f"/v1/users/{user_id}/interactions", **params)["interactions"])

    def rate(self, user_id: str, item_id: str, rating: float, key: str | None = None) -> Json:
        body = {"userId": user_id, "itemId": item_id, "rating": rating}
        return self._answer(self.http.post("/v1/interactions", json=body, headers=_idempotency(key)), httpx.codes.ACCEPTED)

    def try_to_rate(self, user_id: str, item_id: str, rating: float, key: str) -> Json:
        """Return the body of the answer, whatever its status is."""
        body = {"userId": user_id, "itemId": item_id, "rating": rating}
        return dict(self.http.post("/v1/interactions", json=body, headers=_idempotency(key)).json())

    def erase(self, user_id: str, caller: str | None = None) -> Json:
        """Erase a user. The operator asks unless a caller is named."""
        return self._answer(self._ask_to_erase(user_id, caller), httpx.codes.ACCEPTED)

    def refused_erasure(self, user_id: str, caller: str) -> Json:
        return dict(self._ask_to_erase(user_id, caller).json())

    def _ask_to_erase(self, user_id: str, caller: str | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.sign_in.token(caller)}"}
        return self.http.delete(f"/v1/users/{user_id}", headers=headers, auth=httpx.Auth())

    def start_job(self, kind: str, key: str | None = None, **params: Any) -> Json:
        response = self.http.post("/v1/jobs", json={"kind": kind, "params": params}, headers=_idempotency(key))
        job = self._answer(response, httpx.codes.ACCEPTED)
        assert response.headers["location"] == f"/v1/jobs/{job['jobId']}"
        return job

    def job(self, job_id: str) -> Json:
        return self.get(f"/v1/jobs/{job_id}")

    def cancel_job(self, job_id: str) -> Json:
        response = self.http.post(f"/v1/jobs/{job_id}/cancel")
        assert response.status_code in {httpx.codes.OK, httpx.codes.ACCEPTED}, response.text
        return dict(response.json())

    def job_in_state(self, job_id: str, *states: str, within: float = 90) -> Json:
        """Wait until the job is in one of the states. Return the job."""

        def probe() -> Json | None:
            job = self.job(job_id)
            if job["state"] in FINAL_STATES and job["state"] not in states:
                raise RuntimeError(f"the job ended as {job}")
            return job if job["state"] in states else None

        return eventually(probe, within=within, what=f"job {job_id} {states}")

    def job_file(self, job_id: str) -> httpx.Response:
        return self.http.get(f"/v1/jobs/{job_id}/result")

    def live_version(self) -> str:
        return str(next(model["version"] for model in self.get("/v1/models")["models"] if model["live"]))

    def promote(self, version: str) -> Json:
        return self._answer(self.http.post(f"/v1/models/{version}/promote"), httpx.codes.OK)

    def decide(self, answers: dict[str, str]) -> Json:
        return self._answer(self.http.post("/v1/decisions", json={"answers": answers}), httpx.codes.OK)

    def page(self, path: str, answers: dict[str, str]) -> str:
        """Return the text of a page or file for these answers of the decision tool."""
        response = self.http.get(path, params=answers)
        assert response.status_code == httpx.codes.OK, response.text
        return response.text

    def problem(self, method: str, path: str, **request: Any) -> Json:
        """Send a request that must be refused. Return the problem."""
        response = self.http.request(method, path, **request)
        assert response.headers["content-type"].startswith("application/problem+json"), response.text
        problem = dict(response.json())
        assert problem["status"] == response.status_code
        return problem

    def refused_rating(self, user_id: str, item_id: str, rating: float, key: str) -> Json:
        body = {"userId": user_id, "itemId": item_id, "rating": rating}
        return self.problem("POST", "/v1/interactions", json=body, headers=_idempotency(key))

    def refused_job(self, kind: str, key: str, **params: Any) -> Json:
        return self.problem("POST", "/v1/jobs", json={"kind": kind, "params": params}, headers=_idempotency(key))

    def metric(self, name: str) -> float:
        return plain_http.metric(self.url, name, headers=OPERATOR)

    @property
    def live_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/v1/live"

    def live(self, user_id: str | None = None) -> AbstractContextManager[LiveSocket]:
        """Return a socket of that user, or of the operator if no user is named."""
        return live_socket(self.live_url, self.sign_in.token(user_id))

    @staticmethod
    def _answer(response: httpx.Response, expected: int) -> Json:
        assert response.status_code == expected, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
        return dict(response.json())


def _idempotency(key: str | None) -> dict[str, str]:
    return {} if key is None else {"Idempotency-Key": key}
