"""Ways in: gRPC, HTTP and AMQP. Each decodes, calls a handler and encodes."""
