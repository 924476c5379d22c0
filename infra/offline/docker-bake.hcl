# The stand-ins and their names. `localhost` in a name keeps the engine from asking a registry for it.
variable "PIP_INDEX_URL" { default = "" }

group "default" { targets = ["python", "node", "rabbitmq", "postgres"] }

target "stand-in" {
  context = "."
  dockerfile = "infra/offline/Dockerfile"
  args = { DEBIAN = "localhost/stand-in/debian:trixie", PIP_INDEX_URL = PIP_INDEX_URL }
}

target "python" {
  inherits = ["stand-in"]
  target = "python"
  tags = ["localhost/stand-in/python:3.13"]
}

target "node" {
  inherits = ["stand-in"]
  target = "node"
  tags = ["localhost/stand-in/node:24"]
}

target "rabbitmq" {
  inherits = ["stand-in"]
  target = "rabbitmq"
  tags = ["localhost/stand-in/rabbitmq:4.0"]
}

# The oldest RabbitMQ that the tests use. It comes with Debian 12.
target "rabbitmq-3-10" {
  inherits = ["stand-in"]
  target = "rabbitmq"
  args = { DEBIAN = "localhost/stand-in/debian:bookworm" }
  tags = ["localhost/stand-in/rabbitmq:3.10"]
}

target "postgres" {
  inherits = ["stand-in"]
  target = "postgres"
  tags = ["localhost/stand-in/postgres:17"]
}
