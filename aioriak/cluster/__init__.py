"""Many connections, many nodes: pools, balance, health, retry."""
