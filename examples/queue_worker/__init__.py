"""Documents from a RabbitMQ queue into Riak: nothing that was acknowledged is ever lost."""
