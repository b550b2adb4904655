"""Queries: secondary indexes, map/reduce, search, listings and scans of a bucket."""
