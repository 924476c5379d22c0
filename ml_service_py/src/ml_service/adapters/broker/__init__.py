"""RabbitMQ: messages, and the threads that publish and consume them. No other package imports pika or sees its exceptions."""
