"""Administration of a cluster: AAE folds and replication queues."""
