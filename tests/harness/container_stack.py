"""The whole stack in containers of our images, with a broker and PostgreSQL, on a network of its own. Tests can scale it."""

from __future__ import annotations

import csv
import json
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Self
from uuid import uuid4

import docker
from testcontainers.core.network import Network

from harness.container_part import ContainerPart, Recipe
from harness.engine import STACK, require_image
from harness.gateway import GatewayDriver
from harness.ports import LOOPBACK
from harness.reaper import OWN_LABEL
from harness.sign_in import OPEN_GATEWAY, OPS_TOKEN
from harness.topology import DEFINITIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BROKER_USER = {"RABBITMQ_DEFAULT_USER": "whynotboth", "RABBITMQ_DEFAULT_PASS": "whynotboth"}
DATABASE = {"POSTGRES_USER": "whynotboth", "POSTGRES_PASSWORD": "whynotboth", "POSTGRES_DB": "whynotboth"}
AMQP_URL = "amqp://whynotboth:whynotboth@rabbitmq:5672/"
DATABASE_URL = "postgresql+psycopg://whynotboth:whynotboth@postgres:5432/whynotboth"
PREPARATIONS = ("migrate", "import --movielens --cache /data/cache", "train --estimator item_knn --folds 2")
PREPARE_SECONDS = 240
#: Gateways look for new recommenders when a connection ends. Short, so that tests don't wait long for it.
CONNECTION_AGE_SECONDS = "5"
BROKER_PORT = 5672
BROKER_PROBE = ("bash", "-c", f"</dev/tcp/127.0.0.1/{BROKER_PORT}")
DATABASE_PROBE = ("pg_isready", "--quiet", "--host=127.0.0.1")


class ContainerStack:
    """Two gateways, `replicas` recommenders and `replicas` workers, while a `with` block runs."""

    def __init__(self, cache: Path, replicas: int = 1, definitions: Path = DEFINITIONS) -> None:
        """`definitions` is the file of the broker's topology. A test can pass a copy with shorter retry delays."""
        self._replicas = replicas
        self._definitions = {str(definitions): ("/app/infra/rabbitmq/definitions.json", "ro")}
        self.gateways: list[ContainerPart] = []
        self.drivers: list[GatewayDriver] = []
        self.recommenders: list[ContainerPart] = []
        self.workers: list[ContainerPart] = []
        self._images = {variable: require_image(variable) for variable in STACK}
        self._registry, self._keys = (f"whynotboth-test-{what}-{uuid4().hex}" for what in ("registry", "keys"))
        self._cache = str(cache)
        self._opened = ExitStack()

    @property
    def gateway(self) -> GatewayDriver:
        return self.drivers[0]

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._opened.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def interactions(self, interaction_id: str) -> list[tuple[str, str, float]]:
        """Return user, item and rating of an interaction, read from PostgreSQL directly."""
        sql = f"SELECT user_id, item_id, rating FROM interactions WHERE interaction_id = '{interaction_id}'"  # noqa: S608
        return [(user, item, float(rating)) for user, item, rating in self.rows(sql)]

    def rows(self, sql: str) -> list[list[str]]:
        """Run the query in PostgreSQL directly, not through a service, and return its rows."""
        code, output = self.database.execute("psql", "--username=whynotboth", "--tuples-only", "--csv", f"--command={sql}")
        assert code == 0, output
        return list(csv.reader(output.splitlines()))

    def queue_depths(self) -> dict[str, int]:
        """Return the number of messages of each queue and stream. Messages that are delivered but unacknowledged count too."""
        code, output = self.broker.execute("rabbitmqctl", "list_queues", "--silent", "--formatter=json", "name", "messages")
        assert code == 0, output
        return {queue["name"]: queue["messages"] for queue in json.loads(output)}

    @property
    def amqp_url(self) -> str:
        """The broker's URL for a client on this machine, outside the containers."""
        return AMQP_URL.replace(f"rabbitmq:{BROKER_PORT}", f"{LOOPBACK}:{self.broker.port}")

    @property
    def parts(self) -> tuple[ContainerPart, ...]:
        return (self.database, self.broker, *self.services)

    @property
    def services(self) -> tuple[ContainerPart, ...]:
        """Our own parts, without broker and database."""
        return (*self.recommenders, *self.workers, *self.gateways)

    def save_logs(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for number, part in enumerate(self.parts):
            (folder / f"{number}-{part.name}.log").write_text(part.log_tail("all"), "utf-8")

    def scale_recommenders(self, count: int) -> list[int]:
        """Start missing recommenders and wait until all are ready. Stop the oldest ones beyond `count`, and return their exit codes."""
        self.recommenders += [self._start(self._recommender()) for _ in range(count - len(self.recommenders))]
        for recommender in self.recommenders:
            recommender.wait_until_ready()
        leaving, self.recommenders = self.recommenders[:-count], self.recommenders[-count:]
        return [recommender.terminate() for recommender in leaving]

    def _open(self) -> None:
        self._network = self._open_network()
        self._open_volumes()
        self.database = self._start(Recipe(self._images["POSTGRES_IMAGE"], "postgres", environment=DATABASE, probe=DATABASE_PROBE))
        broker = Recipe(self._images["RABBITMQ_IMAGE"], "rabbitmq", environment=BROKER_USER, port=BROKER_PORT, probe=BROKER_PROBE)
        self.broker = self._start(broker)
        self.database.wait_until_ready()
        self._prepare()
        self.broker.wait_until_ready()
        for number in range(1, self._replicas + 1):
            self.recommenders.append(self._start(self._recommender()))
            self.workers.append(self._start(self._worker(f"worker-{number}")))
        for number in (1, 2):
            self._add_gateway(f"gateway-{number}")
        for part in self.parts:
            part.wait_until_ready()

    def _prepare(self) -> None:
        script = "; ".join(f"python -m ml_service {command}" for command in PREPARATIONS)
        recipe = self._python("init", ["sh", "-ec", script])
        recipe.volumes[self._cache] = ("/data/cache", "ro")
        self._part(recipe).run_to_its_end(PREPARE_SECONDS)

    def _add_gateway(self, name: str) -> None:
        environment = {
            **OPEN_GATEWAY,
            "OPS_TOKEN": OPS_TOKEN,
            "AMQP_URL": AMQP_URL,
            "GATEWAY_NAME": name,
            "GATEWAY_RECOMMENDER_ADDRESS": "dns:///recommender:50051",
        }
        volumes = {self._keys: ("/data/keys", "rw"), **self._definitions}
        gateway = self._start(Recipe(self._images["GATEWAY_IMAGE"], name, None, environment, volumes, port=3000))
        self.gateways.append(gateway)
        self.drivers.append(GatewayDriver(gateway.port))
        self._opened.callback(self.drivers[-1].close)

    def _recommender(self) -> Recipe:
        recipe = self._python("recommender", ["python", "-m", "ml_service", "serve"], port=8081)
        recipe.environment["RECOMMENDER_CONNECTION_AGE_SECONDS"] = CONNECTION_AGE_SECONDS
        return recipe

    def _worker(self, name: str) -> Recipe:
        recipe = self._python("worker", ["python", "-m", "ml_service", "work"], port=8082)
        recipe.environment["WORKER_NAME"] = name
        return recipe

    def _python(self, alias: str, command: list[str], port: int | None = None) -> Recipe:
        environment = {"AMQP_URL": AMQP_URL, "DATABASE_URL": DATABASE_URL, "OPS_TOKEN": OPS_TOKEN}
        volumes = {self._registry: ("/data/registry", "rw"), **self._definitions}
        return Recipe(self._images["ML_SERVICE_IMAGE"], alias, command, environment, volumes, port)

    def _start(self, recipe: Recipe) -> ContainerPart:
        return self._part(recipe).start()

    def _part(self, recipe: Recipe) -> ContainerPart:
        part = ContainerPart(recipe, self._network)
        self._opened.callback(part.remove)
        return part

    def _open_network(self) -> Network:
        network = Network()
        self._opened.callback(network._docker.client.close)  # noqa: SLF001  Network has no method to close its client
        return self._opened.enter_context(network)

    def _open_volumes(self) -> None:
        for volume in (self._registry, self._keys):
            self._opened.enter_context(named_volume(volume))


@contextmanager
def named_volume(name: str) -> Iterator[None]:
    engine = docker.from_env()
    volume = engine.volumes.create(name, labels=dict([OWN_LABEL.split("=")]))
    try:
        yield
    finally:
        volume.remove(force=True)
        engine.close()
