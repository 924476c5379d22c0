"""`make demo` and `make dev`: install what is missing, run the stack, and stop all of it on request."""

import os
import sys

from infra.local.broker import BrokerChoice, broker_programs, choose_broker, remove_container
from infra.local.first_answer import wait_for_first_answer
from infra.local.folders import only_installer, owned_run_folder, plain_name
from infra.local.install import start_installation
from infra.local.leftovers import find_marked, stop_marked
from infra.local.ports import LOOPBACK, check_free
from infra.local.preparation import note_prepared, start_preparation
from infra.local.programs import service_programs
from infra.local.progress import Progress, Steps
from infra.local.settings import Settings
from infra.local.stack import Stack
from infra.local.stopping import StopAsked, StopSignals


def run_demo(settings: Settings, *, is_reloading: bool) -> None:
    signals = StopSignals()
    signals.listen()
    progress = Progress()
    with owned_run_folder(settings):
        stack = Stack(settings, progress)
        try:
            _start(settings, progress, stack, is_reloading=is_reloading)
            sys.stdout.write(summary(settings, progress.elapsed))
            sys.stdout.flush()
            stack.watch()
        except StopAsked:
            sys.stdout.write("\n")
        finally:
            # One more signal kills the programs that still run.
            signals.count = max(signals.count, 1)
            asked = signals.count
            stack.stop(is_hurried=lambda: signals.count > asked)
            remove_container(settings)


def _start(settings: Settings, progress: Progress, stack: Stack, *, is_reloading: bool) -> None:
    # Without a name that RabbitMQ can use, fail before anything is installed.
    plain_name(settings.data / "broker")
    if left := find_marked(settings.run):
        progress.say(f"stopping {len(left)} processes that a killed demo left")
        stop_marked(settings.run)
    for store in settings.other_stores.values():
        progress.say(f"using {store}")
    broker = choose_broker(settings)
    is_given = broker is BrokerChoice.GIVEN
    check_free({name: port for name, port in settings.ports.items() if not (is_given and name.startswith("BROKER_"))})
    with only_installer(settings, progress.say):
        steps = Steps(progress, settings.logs)
        python, rabbitmq = start_installation(settings, steps, broker, with_tools=is_reloading)
        start_preparation(settings, steps, python)
        steps.start("broker", lambda: _start_broker(settings, stack), rabbitmq)
        steps.wait()
    note_prepared(settings)
    stack.start(service_programs(settings, is_reloading=is_reloading))
    stack.wait_until_ready()
    wait_for_first_answer(settings, progress)


def _start_broker(settings: Settings, stack: Stack) -> None:
    # Choose again: the package was installed meanwhile if the image can't be pulled.
    broker = choose_broker(settings)
    remove_container(settings)
    stack.start(broker_programs(settings, broker))


def summary(settings: Settings, seconds: float) -> str:
    ports, others = settings.ports, ", ".join(settings.other_stores.values())
    rows = {
        "Page": f"http://{LOOPBACK}:{ports['GATEWAY_PORT']}/",
        "Sign in": "as anybody: on the page, or by POST /v1/sessions",
        "API and its docs": f"http://{LOOPBACK}:{ports['GATEWAY_PORT']}/docs",
        "Operators' API": f"http://{LOOPBACK}:{ports['RECOMMENDER_OPS_PORT']}/docs",
        "gRPC": f"{LOOPBACK}:{ports['RECOMMENDER_GRPC_PORT']}",
        "Worker's metrics": f"http://{LOOPBACK}:{ports['WORKER_OPS_PORT']}/metrics",
        "Broker": "the one of AMQP_URL" if settings.given_amqp_url else f"{LOOPBACK}:{ports['BROKER_PORT']} (guest, guest)",
        "Logs": f"{settings.logs}/",
        "Data": f"{settings.data}/ (`make reset` empties it)",
        **({"Other data": f"{others} (unless they lie in that folder, `make reset` leaves them)"} if others else {}),
        "Stop": f"Ctrl-C, or `kill {os.getpid()}`",
    }
    lines = [f"  {name:<18}{value}" for name, value in rows.items()]
    rule = "-" * max(map(len, lines))
    return "\n".join([rule, f"  Why Not Both runs: ready after {seconds:.1f} s", "", *lines, rule, ""])
