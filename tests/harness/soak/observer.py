"""Reads the state of the stack: the SQL store directly, each recommender's histories, each gateway's jobs, the broker's queues."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from harness import plain_http
from harness.broker import BrokerDriver
from harness.log_readers import STARTED_OVER
from harness.ports import LOOPBACK
from harness.sign_in import OPERATOR
from harness.soak.checker import FINAL_STATES, JobSeen, Observed
from harness.soak.ledger import Interaction, Job
from whynotboth.v1.jobs_pb2 import JobRequested

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.container_part import ContainerPart
    from harness.container_stack import ContainerStack
    from harness.gateway import GatewayDriver
    from harness.soak.checker import Pair
    from harness.soak.watchers import JobWatcher

WORK_QUEUES = ("jobs", "jobs.retry.1", "jobs.retry.2", "jobs.retry.3")
PAGE_SIZE = 100
ANY_ITEM = "1"


class Observer:
    """Sees users whose name begins with `prefix`, and all jobs that are newer than this object."""

    def __init__(self, stack: ContainerStack, prefix: str, watchers: Sequence[JobWatcher]) -> None:
        self._stack = stack
        self._prefix = prefix
        self._watchers = watchers
        self._broker = BrokerDriver(stack.amqp_url)
        self._earlier_jobs = {job_id for (job_id,) in stack.rows("SELECT job_id FROM jobs")}

    def is_drained(self, offset: int) -> bool:
        """Say whether all readers of the log have reached the offset, no work waits, and every job has ended on every gateway."""
        return (
            self._stored_offset() >= offset
            and all(recommender.metric("recommender_log_offset") >= offset for recommender in self._stack.recommenders)
            and all(seen.state in FINAL_STATES for view in self._views().values() for seen in view.values())
            and not any(self._work_depths().values())
        )

    def observe(self) -> Observed:
        rows = self._rows()
        users = {interaction.user_id for _, interaction in rows}
        recommenders = enumerate(self._stack.recommenders, 1)
        return Observed(
            rows=rows,
            histories={f"recommender-{number}": _histories(recommender, users) for number, recommender in recommenders},
            views=self._views(),
            job_rows=self._job_rows(),
            watched={watcher.name: watcher.changes for watcher in self._watchers},
            dead_letters=self._dead_letters(),
            depths=self._work_depths(),
            restarts={
                f"{part.name} {number}": part.log_tail("all").count(STARTED_OVER) for number, part in enumerate(self._stack.services, 1)
            },
        )

    def _stored_offset(self) -> int:
        return int(self._stack.rows("SELECT log_offset FROM log_positions WHERE stream = 'interactions'")[0][0])

    def _work_depths(self) -> dict[str, int]:
        depths = self._stack.queue_depths()
        return {queue: depths[queue] for queue in WORK_QUEUES}

    def _rows(self) -> list[tuple[str, Interaction]]:
        found = self._stack.rows("SELECT interaction_id, user_id, item_id, rating FROM interactions ORDER BY row_id")
        return [
            (interaction_id, Interaction(user_id, item_id, float(rating)))
            for interaction_id, user_id, item_id, rating in found
            if user_id.startswith(self._prefix)
        ]

    def _job_rows(self) -> dict[str, tuple[str, int]]:
        found = self._stack.rows("SELECT job_id, state, attempt FROM jobs")
        return {job_id: (state, int(attempt)) for job_id, state, attempt in found if job_id not in self._earlier_jobs}

    def _dead_letters(self) -> list[str]:
        job_ids = [JobRequested.FromString(body).job_id for body in self._broker.peek_dead_letters()]
        return [job_id for job_id in job_ids if job_id not in self._earlier_jobs]

    def _views(self) -> dict[str, dict[str, JobSeen]]:
        return {f"gateway-{number}": self._view(driver) for number, driver in enumerate(self._stack.drivers, 1)}

    def _view(self, driver: GatewayDriver) -> dict[str, JobSeen]:
        return {job_id: seen for job_id, seen in _jobs(driver).items() if job_id not in self._earlier_jobs}


def _histories(recommender: ContainerPart, users: set[str]) -> dict[Pair, float]:
    """Return the ratings of each user. The explanation of any item lists the user's whole history."""
    histories: dict[Pair, float] = {}
    with plain_http.client(f"http://{LOOPBACK}:{recommender.port}", headers=OPERATOR, timeout=10) as http:
        for user_id in sorted(users):
            response = http.get(f"/explain/{user_id}", params={"itemId": ANY_ITEM})
            assert response.is_success, response.text
            (explained,) = response.json()["items"]
            histories |= {(user_id, row["itemId"]): row["rating"] for row in explained["contributions"]}
    return histories


def _jobs(driver: GatewayDriver) -> dict[str, JobSeen]:
    view: dict[str, JobSeen] = {}
    token = ""
    while True:
        page = driver.get("/v1/jobs", pageSize=PAGE_SIZE, pageToken=token)
        view |= {job["jobId"]: _seen(job) for job in page["jobs"]}
        token = page.get("nextPageToken", "")
        if not token:
            return view


def _seen(job: dict[str, Any]) -> JobSeen:
    asked = Job(job["kind"], json.dumps(job["params"], sort_keys=True))
    return JobSeen(asked, job["state"], job["attempts"], json.dumps(job, sort_keys=True))
