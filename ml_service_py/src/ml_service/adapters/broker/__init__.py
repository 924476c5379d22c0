"""RabbitMQ: what goes over it and how, on threads of its own. pika and its exceptions end here."""
