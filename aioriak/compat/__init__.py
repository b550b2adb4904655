"""Names that programs written for aioriak 0.2 and for riak 2.7 use, apart from the API that is taught."""
