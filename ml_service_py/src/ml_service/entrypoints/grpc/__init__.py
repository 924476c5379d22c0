"""The gRPC server: services, encoding, interceptors."""
