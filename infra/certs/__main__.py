"""`make certs`: issue a certificate for each service, into a folder of its own. Run it again before the certificates end."""

import datetime
import sys
from pathlib import Path

from infra.certs.authority import issue, open_authority
from infra.local.folders import make_private

SERVICES = ("gateway", "recommender", "worker", "rabbitmq")
LIFETIME = datetime.timedelta(days=7)


def main(folder: Path) -> None:
    authority = open_authority(folder / "authority")
    for service in SERVICES:
        until = issue(authority, folder / service, service, LIFETIME)
        sys.stdout.write(f"{folder / service}: until {until:%Y-%m-%d %H:%M} UTC\n")


main(Path(sys.argv[1]) if sys.argv[1:] else make_private(Path(".run")) / "certs")
