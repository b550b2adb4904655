"""Riak's operations, one file a family: requests are made and replies are read here, and protobuf stops here."""
