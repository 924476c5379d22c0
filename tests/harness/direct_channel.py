"""gRPC channels that never use a proxy, even if the environment names one."""

from __future__ import annotations

import grpc

OPTIONS = (("grpc.enable_http_proxy", 0),)


def insecure_channel(address: str) -> grpc.Channel:
    return grpc.insecure_channel(address, OPTIONS)


def secure_channel(address: str, certificates: grpc.ChannelCredentials) -> grpc.Channel:
    return grpc.secure_channel(address, certificates, OPTIONS)
